import { type Failure, misbehaved } from '../failure.ts';
import { printable } from '../text.ts';

/** RFC 7301 §3.1: the server chooses exactly one of what was offered. */
export function protocolProblem(
  offered: readonly string[],
  chosen: readonly string[] | undefined,
): Failure | undefined {
  if (chosen === undefined) return undefined;
  const [protocol] = chosen;
  if (protocol === undefined || chosen.length !== 1) {
    return misbehaved('several-application-protocols', `${chosen.length} chosen by the server`);
  }
  return offered.includes(protocol)
    ? undefined
    : misbehaved('unoffered-application-protocol', `${printable(protocol)} chosen by the server`);
}
