import type { CryptoProvider } from '../../nocrypto/index.ts';
import type { Outcome, Testcase } from './testcase.ts';
import { validateTestcase } from './validate.ts';

export interface Verdict {
  readonly id: string;
  readonly expected: Outcome;
  readonly got: Outcome;
  /** Why pure-tls refused, if it did. */
  readonly reason: string | undefined;
  /** The reason that excuses a deviation. An excuse that is not needed is stale. */
  readonly excuse: string | undefined;
  readonly milliseconds: number;
}

export interface Judge {
  readonly crypto: CryptoProvider;
  readonly exceptions: ReadonlyMap<string, string>;
  /** For cases that name no time; milliseconds since 1970. */
  readonly now: number;
  /** How long a case may take. */
  readonly limit: number;
}

/** Runs one case. What takes too long is run again, twice at most, since the machine may have had other things to do. */
export function judge(testcase: Testcase, { crypto, exceptions, now, limit }: Judge): Verdict {
  const times: number[] = [];
  let result = timed();
  while (result.milliseconds > limit && times.length < 3) {
    result = timed();
  }
  const { validated } = result;
  return {
    id: testcase.id,
    expected: testcase.expected_result,
    got: validated.ok ? 'SUCCESS' : 'FAILURE',
    reason: validated.ok ? undefined : validated.error,
    excuse: exceptions.get(testcase.id),
    milliseconds: Math.min(...times),
  };

  function timed() {
    const begun = performance.now();
    const validated = validateTestcase(testcase, crypto, now);
    const milliseconds = performance.now() - begun;
    times.push(milliseconds);
    return { validated, milliseconds };
  }
}

export function deviates({ expected, got }: Verdict): boolean {
  return expected !== got;
}

/** What is wrong with a verdict, if anything; `slow` is beside whether it agrees. */
export function complaints(verdict: Verdict, limit: number): readonly string[] {
  const { excuse, reason, milliseconds } = verdict;
  const slow =
    milliseconds > limit ? [`slow: ${milliseconds.toFixed(0)} ms, over the limit of ${limit} ms`] : [];
  if (deviates(verdict)) {
    return excuse === undefined ? [`deviates: ${reason ?? 'accepted'}`, ...slow] : slow;
  }
  return excuse === undefined ? slow : [`stale exception: it agrees, but is excused: ${excuse}`, ...slow];
}
