import { isSame } from '../bytes.ts';
import { downgradeSentinels } from '../codepoints.ts';
import { type Failure, misbehaved } from '../failure.ts';

/** RFC 9846 §4.2.3: a server that could have spoken 1.3 says so here, under its signature: somebody took our offer away. */
export function downgradeProblem(serverRandom: Uint8Array): Failure | undefined {
  const tail = serverRandom.subarray(24);
  return isSame(tail, downgradeSentinels.tls12) || isSame(tail, downgradeSentinels.tls11)
    ? misbehaved('downgrade-sentinel', 'the server speaks TLS 1.3 but was made to choose less')
    : undefined;
}
