import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { replayGuard, type TlsConnection, type WrapOptions } from '../../src/flow/index.ts';
import {
  type ClientOptions,
  type EarlyDataFact,
  type Facts,
  rotateTicketKeys,
  type Session,
  TICKET_KEY_ENTROPY,
} from '../../src/index.ts';
import { sClient, sServer } from '../peers/openssl.ts';
import { reversed } from '../peers/peer.ts';
import type { Bench, Case } from '../support/case.ts';
import { answerLines, LINE, lineReader, type ServerOptionsOfCase } from '../support/exchange.ts';
import { NAME } from '../support/identities.ts';
import { connectTo, listenFor, ourClientConfig, ourServerConfig, valueFrom } from '../support/ours.ts';
import { opensslCase } from '../support/with-openssl.ts';

/** Early data (0-RTT): taken, rejected in each way there is, and not taken twice. */
export function earlyDataCases(): readonly Case[] {
  return [...sentByUs, ...takenByUs];
}

const EARLY = 'the early bird\n';

const sentByUs: readonly Case[] = [
  opensslCase('client', 'early data', async (bench) => {
    const { facts, said } = await sendEarly(bench, {});
    assert.deepEqual(facts.earlyData, { kind: 'accepted' });
    assert.match(said, /^Early data received:$/m);
    assert.match(said, /the early bird/);
  }),
  opensslCase('client', 'early data under ALPN', async (bench) => {
    const { facts } = await sendEarly(bench, {
      ours: { applicationProtocols: ['a', 'b'] },
      args: ['-alpn', 'b'],
    });
    assert.deepEqual([facts.earlyData.kind, facts.applicationProtocol], ['accepted', 'b']);
  }),
  opensslCase('client', 'early data with SHA-384', async (bench) => {
    const { facts } = await sendEarly(bench, { ours: { cipherSuites: ['TLS_AES_256_GCM_SHA384'] } });
    assert.deepEqual(facts.earlyData, { kind: 'accepted' });
  }),
  opensslCase('client', 'early data without middlebox compatibility', async (bench) => {
    const { facts } = await sendEarly(bench, { ours: { middleboxCompatibility: false } });
    assert.deepEqual(facts.earlyData, { kind: 'accepted' });
  }),
  opensslCase('client', 'early data rejected by a HelloRetryRequest, sent again', async (bench) => {
    const { facts, resent, said } = await sendEarly(bench, {
      first: { groups: ['x25519', 'secp256r1'], keyShares: ['secp256r1'] },
      ours: { groups: ['x25519', 'secp256r1'], keyShares: ['x25519'] },
      args: ['-groups', 'P-256'],
      options: { resendEarlyData: true },
    });
    assert.deepEqual(facts.earlyData, rejectedFor('hello-retry-request'));
    assert.equal(resent, true);
    assert.match(said, /the early bird/);
  }),
  opensslCase('client', 'early data from a ticket that has served (anti-replay)', async (bench) => {
    const server = await servingEarlyData(bench, {}, 3);
    const sessions = await server.sessions({});
    const once = await server.receive(sessions, {});
    assert.deepEqual(once.facts.earlyData, { kind: 'accepted' });
    const again = await server.receive(sessions, {});
    assert.deepEqual(again.facts.earlyData, rejectedFor('declined'));
  }),
  opensslCase('client', 'early data for a server that has forgotten the ticket', async (bench) => {
    const sessions = await (await servingEarlyData(bench, {}, 1)).sessions({});
    const other = await servingEarlyData(bench, {}, 1);
    const { facts, resent } = await other.receive(sessions, {});
    assert.deepEqual(facts.earlyData, rejectedFor('session-not-resumed'));
    assert.equal(resent, false);
    assert.doesNotMatch(other.said(), /the early bird/);
  }),
];

const ticketKeys = rotateTicketKeys([], randomBytes(TICKET_KEY_ENTROPY));

const takenByUs: readonly Case[] = [
  opensslCase('server', 'early data', async (bench) => {
    const { facts, said } = await takeEarly(bench, {});
    assert.deepEqual(facts.earlyData, { kind: 'accepted' });
    assert.match(said, /Early data was accepted/);
    assert.match(said, new RegExp(reversed(EARLY.trim())));
  }),
  opensslCase('server', 'early data, answered before the handshake is over', async (bench) => {
    let early = '';
    const { facts, said } = await takeEarly(bench, {
      options: {
        onEarlyData: (bytes, reply) => {
          early += Buffer.from(bytes);
          void reply(Buffer.from('so early\n'));
        },
      },
    });
    assert.deepEqual([facts.earlyData.kind, early], ['accepted', EARLY]);
    assert.match(said, /Early data was accepted/);
    assert.match(said, /so early/);
  }),
  opensslCase('server', 'early data with SHA-384', async (bench) => {
    const { facts } = await takeEarly(bench, { ours: { cipherSuites: ['TLS_AES_256_GCM_SHA384'] } });
    assert.deepEqual(facts.earlyData, { kind: 'accepted' });
  }),
  opensslCase('server', 'early data of a second connection from one ticket', async (bench) => {
    // Another first flight, so no replay: a ticket may serve twice.
    const { facts } = await takeEarly(bench, { times: 2 });
    assert.deepEqual(facts.earlyData, { kind: 'accepted' });
  }),
  ...rejections(),
];

function rejections(): readonly Case[] {
  const cases: readonly (readonly [string, EarlyDataFact, Taking])[] = [
    ['that was seen before', rejectedFor('replay'), { options: { replayGuard: () => false } }],
    ['for want of a guard', rejectedFor('replay'), { options: { replayGuard: undefined } }],
    ['since none is taken any more', rejectedFor('disabled'), { again: { maxEarlyData: 0 } }],
    [
      'under another protocol',
      rejectedFor('other-application-protocol'),
      { args: ['-alpn', 'a'], again: { applicationProtocols: ['a'] } },
    ],
    ['by a HelloRetryRequest', rejectedFor('hello-retry-request'), { again: { groups: ['secp384r1'] } }],
    [
      'since the ticket opens no more',
      rejectedFor('session-not-resumed'),
      { again: { ticketKeys: rotateTicketKeys([], randomBytes(TICKET_KEY_ENTROPY)) } },
    ],
  ];
  return cases.map(([what, fact, taking]) =>
    opensslCase('server', `early data rejected ${what}`, async (bench) => {
      const { facts, said } = await takeEarly(bench, taking);
      assert.deepEqual(facts.earlyData, fact);
      assert.match(said, /Early data was rejected/);
    }),
  );
}

interface Sending {
  readonly ours?: Partial<ClientOptions>;
  /** What our client has instead when it gets its session. */
  readonly first?: Partial<ClientOptions>;
  readonly args?: readonly string[];
  readonly options?: WrapOptions;
}

interface Sent {
  readonly facts: Facts;
  readonly resent: boolean;
}

/** Our client gets a session from an s_server that takes early data, and goes on from it with some. */
async function sendEarly(bench: Bench, sending: Sending): Promise<Sent & { readonly said: string }> {
  const server = await servingEarlyData(bench, sending, 2);
  const sessions = await server.sessions(sending.first ?? sending.ours ?? {});
  const { facts, resent } = await server.receive(sessions, sending);
  return { facts, resent, said: server.said() };
}

/** An s_server that takes early data. With that it prints what it is told, and says what it reads from us. */
async function servingEarlyData({ scope, identities }: Bench, { args = [] }: Sending, connections: number) {
  const { chainFile, keyFile } = await identities.usual('P-256');
  const usual = ['-early_data', '-naccept', `${connections}`, '-cert', chainFile, '-key', keyFile];
  const { port, child } = await sServer(scope, [...usual, ...args]);
  let count = 0;
  const use = async (connection: TlsConnection): Promise<Sent> => {
    const line = `${LINE} ${++count}`;
    await connection.write(Buffer.from(`${line}\n`));
    await child.printed(new RegExp(line));
    await child.write(`${reversed(line)}\n`);
    assert.equal(await lineReader(connection)(), reversed(line));
    return { facts: connection.facts, resent: connection.earlyDataResent };
  };
  const connectAs = (ours: Partial<ClientOptions>, options: WrapOptions) =>
    connectTo(scope, port, ourClientConfig(identities, ours), use, options).then(valueFrom);
  return {
    said: () => child.output(),
    sessions: async (ours: Partial<ClientOptions>): Promise<readonly Session[]> => {
      const sessions: Session[] = [];
      await connectAs(ours, { onTicket: (session) => void sessions.push(session) });
      return sessions;
    },
    receive: (sessions: readonly Session[], { ours = {}, options = {} }: Sending): Promise<Sent> =>
      connectAs(ours, { sessions, earlyData: () => Buffer.from(EARLY), ...options }),
  };
}

interface Taking {
  readonly ours?: Partial<ServerOptionsOfCase>;
  /** What the server has otherwise when early data comes. */
  readonly again?: Partial<ServerOptionsOfCase>;
  readonly args?: readonly string[];
  readonly options?: WrapOptions;
  /** How often the session is gone on from. */
  readonly times?: number;
}

/** An s_client that gets a session from our server, and goes on from it with early data from a file. */
async function takeEarly(
  bench: Bench,
  { ours = {}, again = {}, args = [], options = {}, times = 1 }: Taking,
): Promise<{ readonly facts: Facts; readonly said: string }> {
  const { scope, identities } = bench;
  const { credential } = await identities.usual('P-256');
  const usual: ServerOptionsOfCase = { credentials: [credential], ticketKeys, maxEarlyData: 4096, ...ours };
  const session = identities.path('early-session.pem');
  const file = identities.path('early-data');
  await writeFile(file, EARLY);
  const ask = async (server: ServerOptionsOfCase, wrapping: WrapOptions, more: readonly string[]) => {
    const { port, outcome } = await listenFor(scope, ourServerConfig(server), answerLines, wrapping);
    const { child } = sClient(scope, port, [
      ...['-nocommands', '-CAfile', identities.authority.file, '-verify_return_error'],
      ...['-servername', NAME, ...more],
    ]);
    void child.write(`${LINE}\n`);
    await child.printed(new RegExp(reversed(LINE)), 'stdout');
    child.end();
    const facts = valueFrom(await outcome);
    await child.exited;
    return { facts, said: child.output() };
  };
  await ask(usual, {}, [...args, '-sess_out', session]);
  const guarded = { replayGuard: replayGuard({ since: 0 }), ...options };
  const early = [...args, '-sess_in', session, '-early_data', file];
  for (let left = times; ; left--) {
    const seen = await ask({ ...usual, ...again }, guarded, early);
    if (left === 1) return seen;
  }
}

function rejectedFor(reason: Extract<EarlyDataFact, { readonly kind: 'rejected' }>['reason']): EarlyDataFact {
  return { kind: 'rejected', reason };
}
