import assert from 'node:assert/strict';
import type { TlsConnection } from '../../src/flow/index.ts';
import type { ClientOptions, Facts, ServerOptions, Session } from '../../src/index.ts';
import {
  type ConnectOptions,
  type Peer,
  type PeerFacts,
  reversed,
  type ServeOptions,
} from '../peers/peer.ts';
import type { Bench } from './case.ts';
import { NAME } from './identities.ts';
import { connectTo, listenFor, ourClientConfig, ourServerConfig, type Use, valueFrom } from './ours.ts';

// A whole connection with data both ways: connect, a line there, the line reversed back, an orderly end.

/** What is sent. */
export const LINE = 'interoperability';

/** What both sides say of a connection that went well. */
export interface Exchange {
  readonly facts: Facts;
  readonly peer: PeerFacts;
}

/** Our client asks the peer's server. */
export async function askPeer(
  { scope, identities, peer }: Bench,
  ours: Partial<ClientOptions>,
  theirs: ServeOptions,
  use: Use<Facts> = askLineOf(peer),
): Promise<Exchange> {
  const { port, report } = await peer.serve(scope, theirs);
  const config = ourClientConfig(identities, ours);
  let sessions: readonly Session[] = [];
  for (let left = theirs.connections ?? 1; ; left--) {
    const fresh: Session[] = [];
    const onTicket = (session: Session) => void fresh.push(session);
    const facts = valueFrom(await connectTo(scope, port, config, use, { sessions, onTicket }));
    if (left <= 1) return { facts, peer: (await report).facts };
    sessions = fresh;
  }
}

/** The peer's client asks our server. */
export async function answerPeer(
  { scope, identities, peer }: Bench,
  ours: ServerOptionsOfCase,
  theirs: Partial<ConnectOptions>,
  use: Use<Facts> = answerLines,
): Promise<Exchange> {
  const { port, outcome } = await listenFor(scope, ourServerConfig(ours), use, {}, theirs.connections);
  const options = { anchorFile: identities.authority.file, serverName: NAME, line: LINE, ...theirs };
  // Whichever fails first says why.
  const [facts, report] = await Promise.all([outcome.then(valueFrom), peer.connect(scope, port, options)]);
  assert.equal(report.reply, reversed(LINE));
  return { facts, peer: report.facts };
}

/** Sends everything and closes that half; checks that the answer, which comes after, is everything reversed. */
export async function askAndCloseHalf(connection: TlsConnection): Promise<Facts> {
  await connection.write(Buffer.from(LINE));
  await connection.closeWrite();
  assert.equal(await readAll(connection), reversed(LINE));
  return connection.facts;
}

/** Answers when the peer has closed its half. */
export async function answerLate(connection: TlsConnection): Promise<Facts> {
  await connection.write(Buffer.from(reversed(await readAll(connection))));
  return connection.facts;
}

/** Sends a line and checks that the answer is the line reversed. */
export const askLine = askLineOf({ answer: reversed });

/** Sends a line and checks that the answer is this peer's. */
export function askLineOf({ answer }: Pick<Peer, 'answer'>): (connection: TlsConnection) => Promise<Facts> {
  return async (connection) => {
    await connection.write(Buffer.from(`${LINE}\n`));
    assert.equal(await lineReader(connection)(), answer(LINE));
    return connection.facts;
  };
}

/** Answers each line with the line reversed, until the peer has no more. */
export async function answerLines(connection: TlsConnection): Promise<Facts> {
  const readLine = lineReader(connection);
  for (let line = await readLine(); line !== undefined; line = await readLine()) {
    await connection.write(Buffer.from(`${reversed(line)}\n`));
  }
  return connection.facts;
}

/** Reads one line after the other; undefined at the end. */
export function lineReader(connection: TlsConnection): () => Promise<string | undefined> {
  let text = '';
  return async () => {
    for (;;) {
      const end = text.indexOf('\n');
      if (end >= 0) {
        const line = text.slice(0, end);
        text = text.slice(end + 1);
        return line;
      }
      const bytes = await connection.read();
      if (bytes === undefined) return undefined;
      text += Buffer.from(bytes).toString('latin1');
    }
  };
}

/** Everything up to the peer's close_notify. */
export async function readAll(connection: TlsConnection): Promise<string> {
  let text = '';
  for (let bytes = await connection.read(); bytes !== undefined; bytes = await connection.read()) {
    text += Buffer.from(bytes).toString('latin1');
  }
  return text;
}

export type ServerOptionsOfCase = Partial<ServerOptions> & Pick<ServerOptions, 'credentials'>;
