import { type ParseArgsConfig, parseArgs } from 'node:util';

/** One subcommand of `pure-tls`. */
export interface Command {
  /** What `pure-tls --help` says about it, in a few words. */
  readonly summary: string;
  /** What `--help` prints. */
  readonly help: string;
  /** Does the work and gives the exit code. Throws a {@link commandError} or a {@link usageError}. */
  readonly run: (args: readonly string[]) => Promise<number>;
}

/** The exit codes of every command. */
export const exitCodes = { ok: 0, failed: 1, usage: 2 } as const;

/** The work could not be done: one line, and exit code 1. */
export function commandError(message: string): Error {
  return Object.assign(new Error(message), { exitCode: exitCodes.failed });
}

/** The command line makes no sense: one line, and exit code 2. */
export function usageError(message: string): Error {
  return Object.assign(new Error(message), { exitCode: exitCodes.usage });
}

/** The exit code that an error thrown by a command stands for. */
export function exitCodeOf(error: unknown): number {
  return error instanceof Error && 'exitCode' in error && error.exitCode === exitCodes.usage
    ? exitCodes.usage
    : exitCodes.failed;
}

/** Reads a command's arguments; whatever is wrong with them is a {@link usageError}. */
export function parseArguments<const Options extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: Options,
): ReturnType<typeof parseArgs<{ args: string[]; options: Options; allowPositionals: true }>> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (thrown) {
    // Only the first sentence: the second explains how to write a positional argument that begins with a dash.
    throw usageError(thrown instanceof Error ? (thrown.message.split('. ')[0] ?? '') : String(thrown));
  }
}

/** The one positional argument a command takes. `what` names it in the error. */
export function onlyPositional(positionals: readonly string[], what: string): string {
  const [only, ...rest] = positionals;
  if (only === undefined) throw usageError(`${what} is missing`);
  if (rest.length > 0) throw usageError(`one ${what} is wanted, ${positionals.length} were given`);
  return only;
}

/** For a command that takes options only. */
export function noPositionals(positionals: readonly string[]): void {
  const [stray] = positionals;
  if (stray !== undefined) throw usageError(`'${stray}' is not wanted here`);
}

/** The value of an option that must be there. */
export function required(value: string | undefined, option: string): string {
  if (value === undefined) throw usageError(`${option} is missing`);
  return value;
}

/** A whole number from 0 to 65535, as a TCP port. */
export function portNumber(text: string): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw usageError(`a port is a number from 0 to 65535, not '${text}'`);
  return port;
}

/** RFC 3339 in UTC, or a day. JavaScript's own parser reads much more, and some of it as local time. */
export function pointInTime(text: string, option: string): number {
  const time = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z)?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) {
    throw usageError(`${option} must be a time such as 2026-01-31T12:00:00Z, not '${text}'`);
  }
  return time;
}

/** A whole number from 0 to `maximum`. */
export function wholeNumber(text: string, option: string, maximum: number): number {
  const number = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(number <= maximum))
    throw usageError(`${option} must be a number from 0 to ${maximum}, not '${text}'`);
  return number;
}

/** `HOST:PORT`, an IPv6 address in brackets. */
export function hostAndPort(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):([^:]*)$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3];
  if (host === undefined || port === undefined || port === '') {
    throw usageError(`'${text}' is not HOST:PORT (example.com:443, 192.0.2.1:443, [2001:db8::1]:443)`);
  }
  return { host, port: portNumber(port) };
}

/** The names in a comma-separated list, each of which must be one of `known`; case does not matter. */
export function namesFrom<Name extends string>(
  list: string,
  known: readonly Name[],
  what: string,
): readonly Name[] {
  return list.split(',').map((item) => nameFrom(item, known, what));
}

/** One of `known`; case does not matter. */
export function nameFrom<Name extends string>(item: string, known: readonly Name[], what: string): Name {
  const name = known.find((candidate) => candidate.toLowerCase() === item.trim().toLowerCase());
  if (name === undefined) throw usageError(`'${item}' is no ${what}; there are ${known.join(', ')}`);
  return name;
}
