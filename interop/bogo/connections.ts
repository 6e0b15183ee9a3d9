import { describeFailure } from '../../src/index.ts';
import { newMemory, type Outcome, runConnection } from './connection.ts';
import { boringNames } from './errors.ts';
import type { CommandLine } from './flags.ts';

/** Makes the connections that the command line asks for, one after the other. Answers the exit code. */
export async function runConnections({ initial, resume, retry }: CommandLine): Promise<number> {
  const memory = newMemory();
  for (let i = 0; i <= (initial.number('-resume-count') ?? 0); i++) {
    const settings = i === 0 ? initial : resume;
    const outcome = await runConnection(settings, retry, memory);
    if (outcome.kind !== 'done') {
      report(outcome);
      return 1;
    }
    memory.isResumption = true;
    memory.now += 1000 * (settings.number('-resumption-delay') ?? 0);
  }
  return 0;
}

function report(outcome: Exclude<Outcome, { readonly kind: 'done' }>): void {
  if (outcome.kind === 'unexpected') {
    console.error(outcome.problem);
    return;
  }
  const { failure } = outcome;
  console.error(`${boringNames(failure).join(' ')} ${describeFailure(failure)}`);
}
