import { protocolVersions } from '../../src/codepoints.ts';
import { describeFailure, type Failure } from '../../src/index.ts';
import { newMemory, type Outcome, runConnection } from './connection.ts';
import { boringNames } from './errors.ts';
import { exitUnimplemented } from './exit.ts';
import type { CommandLine, Settings } from './flags.ts';

/** Makes the connections that the command line asks for, one after the other. Answers the exit code. */
export async function runConnections({ initial, resume, retry }: CommandLine): Promise<number> {
  const memory = newMemory();
  for (let i = 0; i <= (initial.number('-resume-count') ?? 0); i++) {
    const settings = i === 0 ? initial : resume;
    const outcome = await runConnection(settings, retry, memory);
    if (outcome.kind !== 'done') {
      report(settings, outcome);
      return 1;
    }
    memory.isResumption = true;
    memory.now += 1000 * (settings.number('-resumption-delay') ?? 0);
  }
  return 0;
}

function report(settings: Settings, outcome: Exclude<Outcome, { readonly kind: 'done' }>): void {
  if (outcome.kind === 'unexpected') {
    console.error(outcome.problem);
    return;
  }
  const { failure } = outcome;
  if (isForTls12(settings, failure)) exitUnimplemented('TLS 1.2');
  console.error(`${boringNames(failure).join(' ')} ${describeFailure(failure)}`);
}

/** The runner speaks an older version only, and the flags would have us speak it, too. */
function isForTls12(settings: Settings, failure: Failure): boolean {
  const least = settings.number('-min-version') ?? protocolVersions.tls12;
  if (least > protocolVersions.tls12 || settings.has('-no-tls12')) return false;
  return failure.kind === 'peerAlert'
    ? failure.alert === 'protocol_version' && !settings.has('-server')
    : failure.kind === 'incompatible' && failure.reason === 'no-common-version';
}
