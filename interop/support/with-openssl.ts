import type { WrapOptions } from '../../src/flow/index.ts';
import type { ClientOptions, Facts } from '../../src/index.ts';
import { sClient, sServer } from '../peers/openssl.ts';
import type { WireMessage } from '../peers/openssl-messages.ts';
import type { Bench, Case } from './case.ts';
import { answerLines, askLine, LINE, type ServerOptionsOfCase } from './exchange.ts';
import { NAME } from './identities.ts';
import { connectTo, listenFor, type Outcome, ourClientConfig, ourServerConfig, type Use } from './ours.ts';

// Exchanges with openssl's own options, for what the common ones of a peer cannot say.

/** What came of it, and what openssl saw and said. */
export interface Seen {
  readonly outcome: Outcome<Facts>;
  readonly messages: readonly WireMessage[];
  readonly said: string;
}

/** A case against openssl. */
export function opensslCase(
  role: Case['role'],
  title: string,
  run: Case['run'],
  options: Pick<Case, 'slow' | 'limit'> = {},
): Case {
  return { peer: 'openssl', role, title, run, ...options };
}

/** Our client asks an s_server that reverses lines and shows the usual P-256 certificate unless told otherwise. */
export async function askServer(
  { scope, identities }: Bench,
  ours: Partial<ClientOptions>,
  args: readonly string[] = [],
  options: WrapOptions = {},
  use: Use<Facts> = askLine,
): Promise<Seen> {
  const { chainFile, keyFile } = await identities.usual('P-256');
  const { port, child, messages } = await sServer(scope, [
    '-rev',
    '-cert',
    chainFile,
    '-key',
    keyFile,
    ...args,
  ]);
  const outcome = await connectTo(scope, port, ourClientConfig(identities, ours), use, options);
  return { outcome, messages: await messages(), said: child.output() };
}

/** An s_client that trusts the usual authority and wants the usual name asks our server. */
export async function answerClient(
  { scope, identities }: Bench,
  ours: ServerOptionsOfCase,
  args: readonly string[] = [],
  options: WrapOptions = {},
): Promise<Seen & { readonly reply: string | undefined }> {
  const { port, outcome } = await listenFor(scope, ourServerConfig(ours), answerLines, options);
  const { child, messages } = sClient(scope, port, [
    ...['-brief', '-nocommands', '-CAfile', identities.authority.file, '-verify_return_error'],
    ...(args.includes('-servername') || args.includes('-noservername') ? [] : ['-servername', NAME]),
    ...(args.includes('-verify_hostname') || args.includes('-verify_ip') ? [] : ['-verify_hostname', NAME]),
    ...args,
  ]);
  void child.write(`${LINE}\n`);
  const reply = await child.printed(/^(.*)\n/, 'stdout').then(
    ([, line]) => line,
    // It gave up, and its messages say why.
    () => undefined,
  );
  child.end();
  return { outcome: await outcome, messages: await messages(), said: child.output(), reply };
}
