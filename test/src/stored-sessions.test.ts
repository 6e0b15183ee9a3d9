import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { secret } from '../../nocrypto/index.ts';
import {
  answer,
  type ClientOptions,
  client,
  describeFailure,
  type Effect,
  emptySessionCache,
  type Facts,
  isFresh,
  keepSession,
  type Request,
  type Response,
  receive,
  rotateTicketKeys,
  type ServerOptions,
  type Session,
  type SessionCache,
  type Step,
  server,
  status,
  TICKET_KEY_ENTROPY,
  takeSession,
} from '../../src/index.ts';
import {
  dangerouslyAcceptAnyCertificate as anybody,
  chainOfTrust,
  err,
  trustAnchor,
} from '../../x509/index.ts';
import { blame } from './expect.ts';
import { nullCrypto } from './null-crypto.ts';
import { quickAuthority, quickClientConfig, quickServerConfig } from './quick.ts';
import { bytes, concatAll, DAY, find, makeCredential, NOW, sent, toHex } from './support.ts';

const clientCredential = makeCredential(quickAuthority, {
  crypto: nullCrypto,
  kind: { kind: 'ed25519' },
  names: ['client.example'],
});
const trusting = chainOfTrust({ anchors: [trustAnchor(quickAuthority.certificate)] });
let seeds = 1000;
const stored = { storedSessions: true } as const;

describe('a stored session', () => {
  it('is put into the store before its name goes to the client, and nothing of it onto the wire', () => {
    const run = meet();
    const kinds = run.serverEffects.map(({ kind }) => kind);
    assert.ok(kinds.indexOf('storeSession') > 0);
    assert.ok(kinds.lastIndexOf('storeSession') < kinds.lastIndexOf('send'));
    const puts = run.serverEffects.flatMap((effect) => (effect.kind === 'storeSession' ? [effect] : []));
    const sessions = sessionsOf(run);
    assert.deepEqual(
      puts.map(({ id, lifetime }) => [toHex(id), lifetime]),
      sessions.map(({ ticket, ticketLifetime }) => [toHex(ticket), ticketLifetime]),
    );
    assert.deepEqual([puts.length, puts[0]?.id.length, puts[0]?.lifetime], [2, 32, 7200]);
  });

  it('is resumed once, and then a full handshake takes its place', () => {
    const store = memory();
    const [session] = sessionsOf(meet({}, {}, { store }));
    assert.ok(session !== undefined);
    const again = meet({}, {}, { store, sessions: [session] });
    assert.deepEqual(asked(again), ['sessionLookup']);
    assert.equal(facts(again.serverEffects).resumed, true);
    const third = meet({}, {}, { store, sessions: [session] });
    assert.deepEqual(asked(third), ['sessionLookup']);
    assert.equal(facts(third.serverEffects).resumed, false);
    assert.equal(facts(third.clientEffects).resumed, false);
  });

  it('that two connections ask for at once goes to one of them', () => {
    const store = memory();
    const [session] = sessionsOf(meet({}, {}, { store }));
    assert.ok(session !== undefined);
    const waiting = [1, 2].map((seed) => {
      const hello = client(quickClientConfig(), bytes(48, seed), { sessions: [session], now: NOW });
      return receive(server(quickServerConfig(stored), bytes(48, 9)).state, sent(hello.effects), NOW);
    });
    const [first, second] = waiting.map(({ state, effects }) =>
      answer(state, store.answer(requestIn(effects))),
    );
    assert.ok(first !== undefined && second !== undefined);
    // The resumption shows no certificate, and is the shorter for it.
    assert.equal(first.state.phase.kind, 'awaitClientFinished');
    assert.equal(second.state.phase.kind, 'awaitClientFinished');
    assert.ok(sent(first.effects).length < sent(second.effects).length - 100);
  });

  it('survives a HelloRetryRequest: it is asked for once', () => {
    const store = memory();
    const sessions = sessionsOf(meet({}, {}, { store })).slice(0, 1);
    const again = meet({}, { groups: ['secp256r1'] }, { store, sessions });
    assert.deepEqual(asked(again), ['sessionLookup']);
    assert.equal(facts(again.serverEffects).resumed, true);
    assert.equal(facts(again.serverEffects).helloRetryRequest, true);
  });

  it('is not taken for what the store gives if that is damaged, foreign or too old', () => {
    const puts = meet().serverEffects.flatMap((effect) => (effect.kind === 'storeSession' ? [effect] : []));
    const [put] = puts;
    assert.ok(put !== undefined);
    const full = (given: Uint8Array, options: Partial<ServerOptions> = {}, now = NOW) => {
      const store = { ...memory(), answer: () => ({ kind: 'sessionLookup', session: given }) as const };
      const sessions = sessionsOf(meet()).slice(0, 1);
      const run = meet({}, options, { store, sessions, now });
      assert.equal(facts(run.serverEffects).resumed, false);
      assert.equal(facts(run.clientEffects).resumed, false);
    };
    full(bytes(0));
    full(bytes(500));
    for (let length = 0; length < put.session.length; length += 7) full(put.session.subarray(0, length));
    full(put.session, { sessionContext: bytes(4) });
    full(put.session, { ticketLifetime: 60 }, NOW + 61_000);
    full(put.session, { cipherSuites: ['TLS_AES_256_GCM_SHA384'] });
  });

  it('whose key the client does not know ends the connection (§4.3.11)', () => {
    const store = memory();
    const sessions = sessionsOf(meet({}, {}, { store })).map((session) => ({
      ...session,
      psk: secret(bytes(32, 77)),
    }));
    const run = meet({}, {}, { store, sessions });
    assert.equal(failure(run.serverEffects), 'peerMisbehaved bad-binder');
  });

  it('is asked for only by a name that could be one, and at most five times a connection', () => {
    const store = memory();
    const [session] = sessionsOf(meet({}, {}, { store }));
    assert.ok(session !== undefined);
    const unknown = Array.from({ length: 9 }, (_, i) => ({ ...session, ticket: bytes(32, i + 50) }));
    const limits = { pskIdentities: 3 };
    assert.equal(asked(meet({}, {}, { store, sessions: unknown })).length, 5);
    assert.equal(asked(meet({}, { limits }, { store, sessions: unknown })).length, 3);
    const odd = [31, 33, 200].map((length) => ({ ...session, ticket: bytes(length) }));
    const last = meet({}, {}, { store, sessions: [...odd, session] });
    assert.equal(asked(last).length, 1);
    assert.equal(facts(last.serverEffects).resumed, true);
    assert.deepEqual(asked(meet({}, { storedSessions: false }, { store, sessions: unknown })), []);
  });

  it('goes along with sealed tickets that were given out before', () => {
    const ticketKeys = rotateTicketKeys([], bytes(TICKET_KEY_ENTROPY, 3));
    const sessions = sessionsOf(meet({}, { storedSessions: false, ticketKeys }));
    const run = meet({}, { ticketKeys }, { sessions: sessions.slice(0, 1) });
    assert.deepEqual(asked(run), []);
    assert.equal(facts(run.serverEffects).resumed, true);
    assert.equal(sessionsOf(run)[0]?.ticket.length, 32);
  });

  it('fails when the look-up is refused, and a wrong answer is the caller’s mistake', () => {
    const hello = client(quickClientConfig(), bytes(48), {
      sessions: sessionsOf(meet()).slice(0, 1),
      now: NOW,
    });
    const { state } = receive(
      server(quickServerConfig(stored), bytes(48, 2)).state,
      sent(hello.effects),
      NOW,
    );
    assert.equal(status(state).phase, 'waiting');
    const refused = answer(state, { kind: 'refusal', reason: 'the store is down' });
    assert.equal(failure(refused.effects), 'misuse session-lookup-refused');
    assert.throws(() => answer(state, { kind: 'signature', signature: bytes(9) }), TypeError);
  });
});

describe("a server that asks about its clients ('ask')", () => {
  const ask = { clientAuthentication: { authenticator: 'ask', required: true } } as const;
  const known = { credentials: [clientCredential] };

  for (const [title, options] of [
    ['stored', stored],
    ['sealed', { ticketKeys: rotateTicketKeys([], bytes(TICKET_KEY_ENTROPY, 3)), storedSessions: false }],
  ] as const) {
    it(`asks again when a ${title} session is resumed, and goes on without a certificate`, () => {
      const store = memory();
      const first = meet(known, { ...ask, ...options }, { store });
      assert.deepEqual(asked(first), ['verdict']);
      const again = meet(known, { ...ask, ...options }, { store, sessions: sessionsOf(first).slice(0, 1) });
      assert.equal(asked(again).at(-1), 'verdict');
      const { resumed, peer, ownCertificate } = facts(again.serverEffects);
      assert.deepEqual([resumed, ownCertificate], [true, undefined]);
      assert.deepEqual(peer?.leaf.der, clientCredential.leaf.der);
    });
  }

  it('turns to a full handshake when the client of a session is nobody any more', () => {
    const store = memory();
    const first = meet(known, ask, { store });
    let verdicts = 0;
    const doubtful: Store = {
      ...store,
      answer: (request) => {
        if (request.kind !== 'verdict') return store.answer(request);
        verdicts += 1;
        return verdicts === 1 ? { kind: 'verdict', verdict: unknownIssuer } : store.answer(request);
      },
    };
    const again = meet(known, ask, { store: doubtful, sessions: sessionsOf(first).slice(0, 1) });
    assert.deepEqual(asked(again), ['sessionLookup', 'verdict', 'verdict']);
    assert.equal(facts(again.serverEffects).resumed, false);
    assert.deepEqual(facts(again.serverEffects).peer?.leaf.der, clientCredential.leaf.der);
  });

  it('is asked only about a client that has shown the key of the session', () => {
    const store = memory();
    const sessions = sessionsOf(meet(known, ask, { store })).map((session) => ({
      ...session,
      psk: secret(bytes(32, 77)),
    }));
    const run = meet(known, ask, { store, sessions: sessions.slice(0, 1) });
    assert.deepEqual(asked(run), ['sessionLookup']);
    assert.equal(failure(run.serverEffects), 'peerMisbehaved bad-binder');
  });

  it('ends the connection when the verdict on a session is refused', () => {
    const store = memory();
    const sessions = sessionsOf(meet(known, ask, { store })).slice(0, 1);
    const refusing: Store = {
      ...store,
      answer: (request) =>
        request.kind === 'verdict' ? { kind: 'refusal', reason: 'closed' } : store.answer(request),
    };
    const run = meet(known, ask, { store: refusing, sessions });
    assert.equal(failure(run.serverEffects), 'misuse verdict-refused');
  });
});

test('a session is renewed for seven days at most, however often (§4.7.1)', () => {
  const store = memory();
  const options = { ticketLifetime: 604_800 };
  let sessions = sessionsOf(meet({ authenticator: anybody }, options, { store }));
  for (let day = 1; day <= 6; day++) {
    const now = NOW + day * DAY;
    const again = meet({ authenticator: anybody }, options, { store, sessions: sessions.slice(0, 1), now });
    assert.equal(facts(again.serverEffects).resumed, true);
    sessions = sessionsOf(again);
    assert.equal(sessions[0]?.ticketLifetime, (7 - day) * 86_400);
  }
  const almost = NOW + 7 * DAY - 1000;
  const last = meet({ authenticator: anybody }, options, {
    store,
    sessions: sessions.slice(0, 1),
    now: almost,
  });
  assert.equal(facts(last.serverEffects).resumed, true);
  // A client that does not count would come too late for the server, too.
  const stale = sessions.slice(1, 2).map((session) => ({ ...session, ticketLifetime: 604_800 }));
  const late = meet({ authenticator: anybody }, options, { store, sessions: stale, now: NOW + 7 * DAY });
  assert.equal(facts(late.serverEffects).resumed, false);
});

describe('a request for tickets (RFC 9149)', () => {
  const ticketKeys = rotateTicketKeys([], bytes(TICKET_KEY_ENTROPY, 3));
  const sealed = { storedSessions: false, ticketKeys } as const;
  const wanting = (newSessionCount: number, resumptionCount: number) => ({
    ticketRequest: { newSessionCount, resumptionCount },
  });

  it('gets as many as it asks for, after a full handshake and after a resumption', () => {
    const first = meet(wanting(4, 1), sealed);
    assert.equal(sessionsOf(first).length, 4);
    const again = meet(wanting(4, 1), sealed, { sessions: sessionsOf(first).slice(0, 1) });
    assert.equal(sessionsOf(again).length, 1);
    assert.equal(sessionsOf(meet(wanting(0, 0), sealed)).length, 0);
  });

  it('gets no more than the server’s limit, and none from a server that gives none', () => {
    assert.equal(sessionsOf(meet(wanting(255, 0), sealed)).length, 8);
    assert.equal(sessionsOf(meet(wanting(255, 0), { ...sealed, limits: { ticketsSent: 3 } })).length, 3);
    assert.equal(sessionsOf(meet(wanting(3, 3), { ...sealed, ticketCount: 0 })).length, 0);
    assert.equal(sessionsOf(meet(wanting(3, 3), { storedSessions: false })).length, 0);
  });

  it('is answered in EncryptedExtensions only, with the number that comes', () => {
    const run = meet({ ...wanting(3, 1), trace: 'messages' }, sealed);
    const details = run.clientEffects.flatMap((effect) =>
      effect.kind === 'trace' &&
      effect.event.kind === 'message' &&
      effect.event.message === 'encryptedExtensions'
        ? [JSON.stringify(effect.event.details)]
        : [],
    );
    assert.match(details.join(), /ticketRequest/);
    assert.equal(sessionsOf(run).length, 3);
  });

  it('survives a HelloRetryRequest unchanged', () => {
    const run = meet(wanting(5, 1), { ...sealed, groups: ['secp256r1'] });
    assert.equal(facts(run.clientEffects).helloRetryRequest, true);
    assert.equal(sessionsOf(run).length, 5);
  });
});

describe('the cache of a client', () => {
  const [template] = sessionsOf(meet());
  const session = (serverName: string, n: number, receivedAt = NOW): Session => ({
    ...(template ?? assert.fail()),
    serverName,
    receivedAt,
    ticket: bytes(32, n),
  });

  it('gives each session once, the newest first', () => {
    let cache: SessionCache = emptySessionCache;
    for (const n of [1, 2, 3]) cache = keepSession(cache, session('a', n));
    for (const n of [3, 2, 1]) {
      const taken = takeSession(cache, 'a', NOW);
      assert.deepEqual(taken.session?.ticket, bytes(32, n));
      assert.equal(takeSession(cache, 'b', NOW).session, undefined);
      cache = taken.cache;
    }
    assert.equal(takeSession(cache, 'a', NOW).session, undefined);
    assert.deepEqual(cache, []);
  });

  it('keeps 8 sessions for each of 256 servers, those heard of last', () => {
    let cache: SessionCache = emptySessionCache;
    for (let n = 0; n < 20; n++) cache = keepSession(cache, session('a', n));
    assert.equal(cache[0]?.sessions.length, 8);
    assert.deepEqual(takeSession(cache, 'a', NOW).session?.ticket, bytes(32, 19));
    for (let n = 0; n < 255; n++) cache = keepSession(cache, session(`s${n}`, n));
    assert.equal(cache.length, 256);
    assert.ok(takeSession(cache, 'a', NOW).session !== undefined);
    cache = keepSession(cache, session('one more', 1));
    assert.equal(cache.length, 256);
    assert.equal(takeSession(cache, 'a', NOW).session, undefined);
    assert.ok(takeSession(cache, 's0', NOW).session !== undefined);
  });

  it('gives none that is not good any more, and forgets it', () => {
    const old = session('a', 1, NOW - 8 * DAY);
    assert.equal(isFresh(old, NOW), false);
    const taken = takeSession(keepSession(emptySessionCache, old), 'a', NOW);
    assert.equal(taken.session, undefined);
    assert.deepEqual(taken.cache, []);
  });
});

const unknownIssuer = err({
  reason: 'unknown-issuer',
  certificate: undefined,
  expected: 'an issuer',
  found: 'none',
} as const);

interface Store {
  readonly keep: (effects: readonly Effect[]) => void;
  readonly answer: (request: Request) => Response;
}

/** A store that gives each session once, and an authenticator. */
function memory(): Store {
  const kept = new Map<string, Uint8Array>();
  return {
    keep: (effects) => {
      for (const effect of effects) {
        if (effect.kind === 'storeSession') kept.set(toHex(effect.id), effect.session);
      }
    },
    answer: (request) => {
      if (request.kind === 'verdict') return { kind: 'verdict', verdict: trusting(request.presented) };
      assert.ok(request.kind === 'sessionLookup');
      const session = kept.get(toHex(request.id));
      kept.delete(toHex(request.id));
      return { kind: 'sessionLookup', session };
    },
  };
}

interface Run {
  readonly clientEffects: readonly Effect[];
  readonly serverEffects: readonly Effect[];
}

/** A whole conversation over the null provider, in which a store answers what the server asks. */
function meet(
  clientOptions: Partial<ClientOptions> = {},
  serverOptions: Partial<ServerOptions> = {},
  {
    store = memory(),
    sessions = [],
    now = NOW,
  }: { readonly store?: Store; readonly sessions?: readonly Session[]; readonly now?: number } = {},
): Run {
  let left = client(quickClientConfig(clientOptions), bytes(48, 21), { sessions, now });
  // Names of sessions come from the seed: no two connections may have the same.
  let right: Step = server(quickServerConfig({ ...stored, ...serverOptions }), bytes(48, seeds++));
  const clientEffects = [...left.effects];
  const serverEffects: Effect[] = [];
  for (let toServer = sent(left.effects); toServer.length > 0; toServer = sent(left.effects)) {
    right = receive(right.state, toServer, now);
    const effects = [...right.effects];
    while (status(right.state).phase === 'waiting') {
      right = answer(right.state, store.answer(requestIn(effects)));
      effects.push(...right.effects);
    }
    store.keep(effects);
    serverEffects.push(...effects);
    left = receive(left.state, concatAll([sent(effects)]), now);
    clientEffects.push(...left.effects);
  }
  return { clientEffects, serverEffects };
}

function requestIn(effects: readonly Effect[]): Request {
  const last = effects.at(-1);
  return last?.kind === 'request' ? last.request : assert.fail('nothing is asked');
}

function asked({ serverEffects }: Run): readonly string[] {
  return serverEffects.flatMap((effect) => (effect.kind === 'request' ? [effect.request.kind] : []));
}

function sessionsOf({ clientEffects }: Run): readonly Session[] {
  return clientEffects.flatMap((effect) => (effect.kind === 'ticket' ? [effect.session] : []));
}

function facts(effects: readonly Effect[]): Facts {
  const failed = find(effects, 'failed');
  assert.equal(failed && describeFailure(failed.failure), undefined);
  return find(effects, 'established')?.facts ?? assert.fail('not established');
}

function failure(effects: readonly Effect[]): string {
  return blame(find(effects, 'failed')?.failure ?? assert.fail('did not fail'));
}
