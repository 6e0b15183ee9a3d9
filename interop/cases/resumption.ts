import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type GroupName, secret } from '../../nocrypto/index.ts';
import { memorySessionStore, type WrapOptions } from '../../src/flow/index.ts';
import {
  type CipherSuiteName,
  type ClientOptions,
  decodeSession,
  encodeSession,
  type Facts,
  rotateTicketKeys,
  type Session,
  TICKET_KEY_ENTROPY,
  type TicketKeys,
} from '../../src/index.ts';
import { dangerouslyAcceptAnyCertificate } from '../../x509/index.ts';
import { sServer } from '../peers/openssl.ts';
import { isResumed, offers, ticketCount, type WireMessage } from '../peers/openssl-messages.ts';
import { reversed } from '../peers/peer.ts';
import type { Bench, Case } from '../support/case.ts';
import { answerPeer, askLine, askPeer, LINE, type ServerOptionsOfCase } from '../support/exchange.ts';
import { must } from '../support/must.ts';
import { connectTo, ourClientConfig, valueFrom } from '../support/ours.ts';
import { answerClient, opensslCase } from '../support/with-openssl.ts';

/** Tickets, and connections that go on from them; and when they must not. */
export function resumptionCases(): readonly Case[] {
  return [...byUs, ...byOpenssl, ...withOthers];
}

const suites: readonly CipherSuiteName[] = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
];
const OTHER_NAME = 'other.example';
/** Of all our servers. */
const ticketKeys = rotated([], 1);

const byUs: readonly Case[] = [
  ...suites.map((suite) =>
    opensslCase('client', `resumption, ${suite}`, async (bench) => {
      const { first, again, messages } = await askTwice(bench, { first: { cipherSuites: [suite] } });
      assert.deepEqual([first.resumed, again.resumed, isResumed(messages)], [false, true, true]);
      assert.equal(again.cipherSuite, suite);
      assert.deepEqual(again.peer?.leaf.der, first.peer?.leaf.der);
    }),
  ),
  opensslCase('client', 'resumption after HRR', async (bench) => {
    const retried = { groups: ['x25519', 'secp256r1'], keyShares: ['x25519'] } as const;
    const { again } = await askTwice(bench, { first: retried, args: ['-groups', 'P-256'] });
    assert.deepEqual([again.resumed, again.helloRetryRequest], [true, true]);
  }),
  opensslCase('client', 'resumption under another suite of the same hash', async (bench) => {
    const { again } = await askTwice(bench, {
      first: { cipherSuites: ['TLS_AES_128_GCM_SHA256'] },
      again: { cipherSuites: ['TLS_CHACHA20_POLY1305_SHA256'] },
    });
    assert.deepEqual([again.resumed, again.cipherSuite], [true, 'TLS_CHACHA20_POLY1305_SHA256']);
  }),
  opensslCase('client', "resumption from a ticket that only names the server's session", async (bench) => {
    const { again } = await askTwice(bench, { args: ['-no_ticket'] });
    assert.equal(again.resumed, true);
  }),
  opensslCase('client', 'resumption by a client known by its certificate', async (bench) => {
    const identity = await bench.identities.issue({ name: 'client.example' });
    const first = { credentials: [identity.credential] };
    const args = ['-Verify', '2', '-verify_return_error', '-CAfile', bench.identities.authority.file];
    const { again, said } = await askTwice(bench, { first, again: first, args });
    assert.equal(again.resumed, true);
    assert.match(said, /(Peer certificate: CN = .*client\.example.*){2}/s);
  }),
  opensslCase('client', 'resumption without a key exchange (psk_ke)', async (bench) => {
    const first = { pskKeyExchangeModes: ['psk_ke'] } as const;
    const { again, messages } = await askTwice(bench, { first, args: ['-allow_no_dhe_kex'] });
    assert.deepEqual([again.resumed, again.group, isResumed(messages)], [true, undefined, true]);
  }),
  opensslCase('client', 'no resumption without a key exchange at a server that wants one', async (bench) => {
    const { again } = await askTwice(bench, {
      again: { pskKeyExchangeModes: ['psk_ke'] },
    });
    assert.deepEqual([again.resumed, again.group], [false, 'x25519']);
  }),
  ...[0, 1, 5].map((count) =>
    opensslCase('client', `tickets from a server that gives ${count}`, async (bench) => {
      const { sessions, messages } = await askTwice(bench, { args: ['-num_tickets', `${count}`] });
      assert.equal(sessions.length, count);
      // A connection that goes on from a ticket gets one new one, whatever the number.
      assert.equal(ticketCount(messages), count + Math.min(count, 1));
    }),
  ),
  opensslCase('client', 'no resumption under a suite of another hash', async (bench) => {
    const { again, messages } = await askTwice(bench, {
      first: { cipherSuites: ['TLS_AES_128_GCM_SHA256'] },
      again: { cipherSuites: ['TLS_AES_256_GCM_SHA384'] },
    });
    assert.deepEqual([again.resumed, offers(messages, 'preSharedKey')], [false, false]);
  }),
  opensslCase('client', 'no resumption for another name: nothing is offered', async (bench) => {
    const { again, messages } = await askTwice(bench, {
      again: { serverName: OTHER_NAME, authenticator: dangerouslyAcceptAnyCertificate },
    });
    assert.deepEqual([again.resumed, offers(messages, 'preSharedKey')], [false, false]);
  }),
  opensslCase('client', 'no resumption at a server that does not know the ticket', async (bench) => {
    const { sessions } = await askTwice(bench, {});
    const elsewhere = await askTwice(bench, { sessions });
    assert.deepEqual([elsewhere.first.resumed, elsewhere.again.resumed], [false, true]);
  }),
  opensslCase('client', 'an external PSK at a server that does not know it', async (bench) => {
    const externalPsks = [{ identity: Buffer.from('somebody'), secret: secret(randomBytes(32)) }];
    const { first, messages } = await askTwice(bench, { first: { externalPsks } });
    assert.deepEqual([first.externalIdentity, offers(messages, 'preSharedKey')], [undefined, true]);
  }),
];

const byOpenssl: readonly Case[] = [
  opensslCase('server', 'resumption without a key exchange (psk_ke)', async (bench) => {
    const { again, seen } = await answerTwice(bench, {
      first: { pskKeyExchangeModes: ['psk_ke', 'psk_dhe_ke'] },
      args: ['-allow_no_dhe_kex'],
    });
    assert.deepEqual([again.resumed, again.group, isResumed(seen.messages)], [true, undefined, true]);
    assert.equal(seen.reply, reversed(LINE));
  }),
  opensslCase('server', 'resumption from a single-use store', async (bench) => {
    const sessionStore = memorySessionStore();
    const { first, again, seen } = await answerTwice(bench, {
      first: { storedSessions: true, ticketKeys: [] },
      sessionStore,
    });
    assert.deepEqual([first.resumed, again.resumed, isResumed(seen.messages)], [false, true, true]);
  }),
  ...suites.map((suite) =>
    opensslCase('server', `resumption, ${suite}`, async (bench) => {
      const { first, again, seen } = await answerTwice(bench, { first: { cipherSuites: [suite] } });
      assert.deepEqual([first.resumed, again.resumed, isResumed(seen.messages)], [false, true, true]);
      assert.equal(again.cipherSuite, suite);
      assert.equal(seen.reply, reversed(LINE));
    }),
  ),
  opensslCase('server', 'resumption after HRR', async (bench) => {
    const { again } = await answerTwice(bench, {
      first: { groups: ['secp256r1'] },
      args: ['-groups', 'X25519:P-256'],
    });
    assert.deepEqual([again.resumed, again.helloRetryRequest], [true, true]);
  }),
  opensslCase('server', 'resumption after HRR with a cookie', async (bench) => {
    const first = { groups: ['secp256r1'], helloRetryCookie: true } as const;
    const { again } = await answerTwice(bench, { first, args: ['-groups', 'X25519:P-256'] });
    assert.deepEqual([again.resumed, again.helloRetryRequest], [true, true]);
  }),
  opensslCase('server', 'resumption of a client known by its certificate', async (bench) => {
    const identity = await bench.identities.issue({ name: 'client.example' });
    const { authenticator } = bench.identities.authority;
    const first = { clientAuthentication: { authenticator, required: true } };
    const args = ['-cert', identity.chainFile, '-key', identity.keyFile];
    const { again } = await answerTwice(bench, { first, args });
    assert.equal(again.resumed, true);
    assert.deepEqual(again.peer?.leaf.der, identity.credential.leaf.der);
  }),
  opensslCase('server', 'resumption after the ticket key was rotated once', async (bench) => {
    const { again } = await answerTwice(bench, { again: { ticketKeys: rotated(ticketKeys, 1) } });
    assert.equal(again.resumed, true);
  }),
  ...[0, 1, 8].map((count) =>
    opensslCase('server', `tickets as configured: ${count}`, async (bench) => {
      const { credential } = await bench.identities.usual('P-256');
      const ours = { credentials: [credential], ticketKeys, ticketCount: count };
      const seen = await answerClient(bench, ours);
      valueFrom(seen.outcome);
      assert.equal(ticketCount(seen.messages), count);
    }),
  ),
  opensslCase('server', 'no resumption after the ticket key was rotated out', async (bench) => {
    await assertNotResumed(bench, { again: { ticketKeys: rotated(ticketKeys, 2) } });
  }),
  opensslCase('server', 'no resumption under another server name', async (bench) => {
    const { credential } = await bench.identities.issue({ name: OTHER_NAME });
    await assertNotResumed(bench, {
      again: { credentials: [credential] },
      againArgs: ['-servername', OTHER_NAME, '-verify_hostname', OTHER_NAME],
    });
  }),
  opensslCase('server', 'no resumption where the context is another', async (bench) => {
    await assertNotResumed(bench, { again: { sessionContext: Buffer.from('elsewhere') } });
  }),
  opensslCase('server', 'no resumption when the ticket has expired', async (bench) => {
    const late = Date.now() + 61_000;
    await assertNotResumed(bench, { first: { ticketLifetime: 60 }, options: { now: () => late } });
  }),
  opensslCase('server', 'no resumption by an anonymous client where one must be known', async (bench) => {
    const identity = await bench.identities.issue({ name: 'client.example' });
    const { authenticator } = bench.identities.authority;
    await assertNotResumed(bench, {
      again: { clientAuthentication: { authenticator, required: true } },
      againArgs: ['-cert', identity.chainFile, '-key', identity.keyFile],
    });
  }),
];

const withOthers: readonly Case[] = (['go', 'node', 'gnutls'] as const).flatMap((peer): readonly Case[] =>
  [false, true].flatMap((retry): readonly Case[] => [
    {
      peer,
      role: 'client',
      title: `resumption${retry ? ' HRR' : ''}`,
      run: async (bench) => {
        const { chainFile, keyFile } = await bench.identities.usual('P-256');
        const ours = { groups: ['x25519', 'secp256r1'], keyShares: ['x25519'] } as const;
        const groups = retry ? (['secp256r1'] as const) : undefined;
        const theirs = { chainFile, keyFile, connections: 2, ...(groups && { groups }) };
        const { facts, peer: seen } = await askPeer(bench, ours, theirs);
        assert.deepEqual([facts.resumed, seen.resumed], [true, true]);
        assert.equal(facts.helloRetryRequest, retry);
      },
    },
    {
      peer,
      role: 'server',
      title: `resumption${retry ? ' HRR' : ''}`,
      run: async (bench) => {
        const { credential } = await bench.identities.usual('P-256');
        // Go's client sends a share for X25519 whatever the order, and is asked again for P-384.
        const group: GroupName = retry ? 'secp384r1' : 'x25519';
        const ours = { credentials: [credential], ticketKeys, groups: [group] };
        const groups = ['x25519', 'secp384r1'] as const;
        const { facts, peer: seen } = await answerPeer(bench, ours, { connections: 2, groups });
        assert.deepEqual([facts.resumed, seen.resumed], [true, true]);
        assert.equal(facts.helloRetryRequest, retry);
      },
    },
  ]),
);

function rotated(keys: TicketKeys, times: number): TicketKeys {
  return times === 0 ? keys : rotated(rotateTicketKeys(keys, randomBytes(TICKET_KEY_ENTROPY)), times - 1);
}

interface AskedTwice {
  readonly first: Facts;
  readonly again: Facts;
  /** Those of the first connection. */
  readonly sessions: readonly Session[];
  /** Of both connections. */
  readonly messages: readonly WireMessage[];
  readonly said: string;
}

/** Our client asks one s_server twice, the second time with the sessions of the first, which were bytes meanwhile. */
export async function askTwice(
  { scope, identities }: Bench,
  {
    first = {},
    again = first,
    args = [],
    sessions = [],
  }: {
    readonly first?: Partial<ClientOptions>;
    readonly again?: Partial<ClientOptions>;
    readonly args?: readonly string[];
    /** For the first connection. */
    readonly sessions?: readonly Session[];
  },
): Promise<AskedTwice> {
  const { chainFile, keyFile } = await identities.usual('P-256');
  const usual = ['-rev', '-naccept', '2', '-cert', chainFile, '-key', keyFile];
  const { port, child, messages } = await sServer(scope, [...usual, ...args]);
  const ask = async (ours: Partial<ClientOptions>, options: WrapOptions) =>
    valueFrom(await connectTo(scope, port, ourClientConfig(identities, ours), askLine, options));

  const stored: Uint8Array[] = [];
  const onTicket = (session: Session) => void stored.push(encodeSession(session));
  const firstFacts = await ask(first, { sessions, onTicket });
  const fresh = stored.map((bytes) => must(decodeSession(bytes)));
  const againFacts = await ask(again, { sessions: fresh });
  return {
    first: firstFacts,
    again: againFacts,
    sessions: fresh,
    messages: await messages(),
    said: child.output(),
  };
}

interface AnswerTwice {
  readonly first?: Partial<ServerOptionsOfCase>;
  /** What the second server has otherwise. */
  readonly again?: Partial<ServerOptionsOfCase>;
  readonly args?: readonly string[];
  /** For the second client only. */
  readonly againArgs?: readonly string[];
  readonly sessionStore?: WrapOptions['sessionStore'];
  /** For the second connection only. */
  readonly options?: WrapOptions;
}

interface AnsweredTwice {
  readonly first: Facts;
  readonly again: Facts;
  /** The second connection. */
  readonly seen: Awaited<ReturnType<typeof answerClient>>;
}

/** Two servers of ours that share ticket keys, and an s_client that has its session of the first for the second. */
export async function answerTwice(
  bench: Bench,
  { first = {}, again = {}, args = [], againArgs = [], sessionStore, options = {} }: AnswerTwice,
): Promise<AnsweredTwice> {
  const { credential } = await bench.identities.usual('P-256');
  const session = bench.identities.path('session.pem');
  const ours = { credentials: [credential], ticketKeys, ...first };
  const before = await answerClient(bench, ours, [...args, '-sess_out', session], { sessionStore });
  const firstFacts = valueFrom(before.outcome);
  const secondArgs = [...args, ...againArgs, '-sess_in', session];
  const seen = await answerClient(bench, { ...ours, ...again }, secondArgs, { sessionStore, ...options });
  assert.equal(offers(seen.messages, 'preSharedKey'), firstFacts.version === 'TLS 1.3');
  return { first: firstFacts, again: valueFrom(seen.outcome), seen };
}

/** The full handshake instead, which succeeds. */
async function assertNotResumed(bench: Bench, twice: AnswerTwice): Promise<void> {
  const { again, seen } = await answerTwice(bench, twice);
  assert.deepEqual([again.resumed, isResumed(seen.messages)], [false, false]);
  assert.equal(again.ownSignatureScheme, 'ecdsa_secp256r1_sha256');
  assert.equal(seen.reply, reversed(LINE));
}
