import { err, ok } from '../../../x509/index.ts';
import type { ClientConfig } from '../../config.ts';
import { misbehaved } from '../../failure.ts';
import { acceptVerdict, judge, type PeerProof } from '../../peer-certificate.ts';
import type { Response } from '../../request.ts';
import { keyBlock } from '../../tls12/key-schedule.ts';
import type { Tls12Transcript } from '../../tls12/transcript.ts';
import { logSecret, type Transition } from '../../transition.ts';
import { awaitServer } from './finished.ts';
import type { OfferedTls12Session, Tls12Agreed, Tls12AwaitResumedVerdict } from './phase.ts';

/**
 * The server goes on from a session (RFC 5246 §7.3). It must be the session that was: the same suite, and keys bound to the
 * handshake as they were (RFC 7627 §5.3).
 */
export function resume(
  config: ClientConfig,
  agreed: Tls12Agreed,
  offered: OfferedTls12Session,
  transcript: Tls12Transcript,
  now: number,
): Transition {
  const { session, peer, proof } = offered;
  if (session.cipherSuite !== agreed.suite.name) {
    return err(
      misbehaved(
        'cipher-suite-changed-on-resumption',
        `${session.cipherSuite} before, ${agreed.suite.name} in ServerHello`,
      ),
    );
  }
  if (!agreed.extendedMasterSecret) {
    return err(misbehaved('extended-master-secret-changed-on-resumption', 'ServerHello without it'));
  }
  if (peer !== undefined) return resumeWith(config, agreed, offered, peer, transcript);
  const judged = judge(config, config, proof, now);
  if (!judged.ok) return judged;
  return judged.value.kind === 'accepted'
    ? resumeWith(config, agreed, offered, judged.value.proof, transcript)
    : ok({
        phase: { kind: 'tls12AwaitResumedVerdict', agreed, offered, transcript },
        actions: [{ kind: 'request', request: judged.value.request }],
      });
}

/** The caller has decided about the server of the session. */
export function answerResumedVerdict(
  config: ClientConfig,
  { agreed, offered, transcript }: Tls12AwaitResumedVerdict,
  response: Response,
): Transition {
  const peer = acceptVerdict(offered.proof, response);
  return peer.ok ? resumeWith(config, agreed, offered, peer.value, transcript) : peer;
}

function resumeWith(
  { crypto }: ClientConfig,
  agreed: Tls12Agreed,
  { session }: OfferedTls12Session,
  server: PeerProof,
  transcript: Tls12Transcript,
): Transition {
  const { suite, randoms } = agreed;
  const { masterSecret: master, group } = session;
  const keys = keyBlock(crypto, suite, master, randoms);
  const secured = { agreed, server, group, master, keys, resumed: session };
  return ok({
    phase: awaitServer({ secured, chosen: undefined, firstVerifyData: undefined, transcript }),
    actions: [logSecret('CLIENT_RANDOM', randoms.client, master)],
  });
}
