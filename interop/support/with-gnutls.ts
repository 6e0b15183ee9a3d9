import type { WrapOptions } from '../../src/flow/index.ts';
import type { ClientOptions, Facts } from '../../src/index.ts';
import { gnutlsClient, gnutlsServer, replyTo } from '../peers/gnutls.ts';
import type { Bench, Case } from './case.ts';
import { answerLines, askLineOf, LINE, type ServerOptionsOfCase } from './exchange.ts';
import { NAME } from './identities.ts';
import { connectTo, listenFor, type Outcome, ourClientConfig, ourServerConfig, type Use } from './ours.ts';

// Exchanges with GnuTLS's own options, for what the common ones of a peer cannot say. `args` take the place of the usual
// ones with the same name.

/** What came of it, and what GnuTLS said. */
export interface SeenByGnutls {
  readonly outcome: Outcome<Facts>;
  readonly said: string;
}

/** A case against GnuTLS. */
export function gnutlsCase(role: Case['role'], title: string, run: Case['run']): Case {
  return { peer: 'gnutls', role, title, run };
}

/** Our client asks a gnutls-serv that echoes lines and shows the usual P-256 certificate unless told otherwise. */
export async function askGnutls(
  { scope, identities, peer }: Bench,
  ours: Partial<ClientOptions>,
  args: readonly string[] = [],
  options: WrapOptions = {},
  use: Use<Facts> = askLineOf(peer),
): Promise<SeenByGnutls> {
  const { chainFile, keyFile } = await identities.usual('P-256');
  const shows = args.includes('--x509certfile') || args.includes('--rawpkfile');
  const usual = shows ? [] : ['--x509certfile', chainFile, '--x509keyfile', keyFile];
  const { port, child } = await gnutlsServer(scope, [...usual, ...args]);
  const outcome = await connectTo(scope, port, ourClientConfig(identities, ours), use, options);
  return { outcome, said: child.output() };
}

/** A gnutls-cli that trusts the usual authority and wants the usual name asks our server. */
export async function answerGnutls(
  { scope, identities }: Bench,
  ours: ServerOptionsOfCase,
  args: readonly string[] = [],
  options: WrapOptions = {},
): Promise<SeenByGnutls & { readonly reply: string | undefined }> {
  const { port, outcome } = await listenFor(scope, ourServerConfig(ours), answerLines, options);
  const child = gnutlsClient(scope, port, [
    '--print-cert',
    ...(args.includes('--insecure') ? [] : ['--x509cafile', identities.authority.file]),
    ...(args.includes('--sni-hostname') || args.includes('--disable-sni') ? [] : ['--sni-hostname', NAME]),
    ...(args.includes('--verify-hostname') ? [] : ['--verify-hostname', NAME]),
    ...args,
  ]);
  void child.write(`${LINE}\n`);
  // One that gives up has said why.
  const reply = await replyTo(child).catch(() => undefined);
  child.end();
  const ended = await outcome;
  await child.exited;
  return { outcome: ended, said: child.output(), reply };
}
