import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { secret } from '../../nocrypto/index.ts';
import {
  answer,
  type ClientOptions,
  client,
  describeFailure,
  type EarlyDataFact,
  type Effect,
  type ExternalPsk,
  exportEarlyKeyingMaterial,
  exportKeyingMaterial,
  type ReplayStore,
  type Request,
  receive,
  replayStore,
  rotateTicketKeys,
  type ServerOptions,
  type Session,
  type State,
  type Step,
  send,
  sendEarlyData,
  server,
  status,
  TICKET_KEY_ENTROPY,
  takeOnce,
} from '../../src/index.ts';
import { quickClientConfig, quickServerConfig } from './quick.ts';
import {
  bytes,
  concatAll,
  converse,
  data,
  find,
  makeClientConfig,
  makeServerConfig,
  NOW,
  sent,
} from './support.ts';

// 0-RTT between two engines (RFC 9846 §2.3, §4.3.10, §8).

const ticketKeys = rotateTicketKeys([], bytes(TICKET_KEY_ENTROPY, 3));
const MAX_EARLY_DATA = 1000;
const EARLY = bytes(100, 7);

describe('early data', () => {
  it('is there before the handshake is over, and marked', () => {
    const run = meet();
    assert.deepEqual(run.early, EARLY);
    assert.deepEqual(run.facts, { kind: 'accepted' });
    const arrived = run.server.effects.findIndex(({ kind }) => kind === 'data');
    assert.ok(arrived < run.server.effects.findIndex(({ kind }) => kind === 'established'));
    assert.deepEqual(carried(run.client.state, run.server.state), { bytes: bytes(100), early: false });
  });

  it('works with real cryptography', () => {
    const clientConfig = makeClientConfig();
    const serverConfig = makeServerConfig({ ticketKeys, maxEarlyData: MAX_EARLY_DATA });
    const first = converse(client(clientConfig, bytes(48)), server(serverConfig, bytes(48, 2)));
    const sessions = sessionsOf(first.clientEffects);
    const begun = sendingEarly(
      client(clientConfig, bytes(48, 3), { sessions, now: NOW, earlyData: true }),
      EARLY,
    );
    const run = talk(begun, server(serverConfig, bytes(48, 4)), guard(), NOW);
    assert.deepEqual(run.early, EARLY);
    assert.deepEqual(run.facts, { kind: 'accepted' });
  });

  it('is answered before the handshake is over', () => {
    const opened = begin();
    const { server: answered } = halfWay(opened);
    const reply = sendEarlyData(answered.state, bytes(50, 9));
    const step = receive(opened.state, concatAll([sent(answered.effects), sent(reply.effects)]), NOW);
    assert.deepEqual(data(step.effects), bytes(50, 9));
    assert.equal(find(step.effects, 'established')?.facts.earlyData.kind, 'accepted');
    const over = receive(reply.state, sent(step.effects), NOW);
    assert.ok(find(over.effects, 'established') !== undefined);
    assert.equal(status(over.state).earlyData, undefined);
  });

  it('may come in several pieces, until the server has answered', () => {
    const opened = begin({ data: [bytes(10), bytes(20)] });
    const { server: answered } = halfWay(opened);
    const more = sendEarlyData(opened.state, bytes(30));
    const late = receive(answered.state, sent(more.effects), NOW);
    assert.deepEqual(data(late.effects), bytes(30));
    const over = receive(more.state, sent(answered.effects), NOW);
    assert.equal(status(over.state).earlyData, undefined);
    const established = receive(late.state, sent(over.effects), NOW);
    assert.ok(find(established.effects, 'established') !== undefined);
  });

  it('may be nothing at all', () => {
    const run = meet({ data: [] });
    assert.deepEqual(run.early, new Uint8Array(0));
    assert.deepEqual(run.facts, { kind: 'accepted' });
  });

  it('is not offered unless somebody asks', () => {
    const sessions = earlySessions();
    const step = client(quickClientConfig(), bytes(48, 21), { sessions, now: NOW });
    assert.equal(status(step.state).earlyData, undefined);
    assert.throws(() => sendEarlyData(step.state, EARLY), /early data is not open/);
    const run = talk(step, serverOf({}), guard(), NOW);
    assert.deepEqual(run.facts, { kind: 'notOffered' });
  });

  it('is not allowed by a ticket unless the server is told to', () => {
    const run = converse(
      client(quickClientConfig(), bytes(48)),
      server(quickServerConfig({ ticketKeys }), bytes(48, 2)),
    );
    for (const session of sessionsOf(run.clientEffects)) assert.ok(allowed(session) === 0);
  });

  it('is no more than the ticket allows', () => {
    const opened = begin({ data: [bytes(MAX_EARLY_DATA - 10)] });
    assert.deepEqual(status(opened.state).earlyData, { left: 10, applicationProtocol: undefined });
    const full = sendEarlyData(opened.state, bytes(10));
    assert.equal(status(full.state).earlyData?.left, 0);
    assert.throws(() => sendEarlyData(full.state, bytes(1)), /not for so much/);
    const run = talk(joined(opened, full), serverOf({}), guard(), NOW);
    assert.equal(run.early.length, MAX_EARLY_DATA);
  });

  it('has keys of its own, which are not used for more records than are safe (§5.5)', () => {
    const limits = { aesGcmRecords: 5, recordPlaintext: 64 };
    const opened = begin({ clientOptions: { limits }, data: [bytes(64)] });
    assert.equal(status(opened.state).earlyData?.left, 2 * 64);
    const spent = sendEarlyData(opened.state, bytes(2 * 64));
    assert.equal(status(spent.state).earlyData?.left, 0);
  });

  it('is for the application protocol of the session, whatever is offered now', () => {
    const protocols = { applicationProtocols: ['b', 'a'] };
    const sessions = earlySessions({ applicationProtocols: ['a'] }, { applicationProtocols: ['a'] });
    const opened = begin({ sessions, clientOptions: protocols });
    assert.equal(status(opened.state).earlyData?.applicationProtocol, 'a');
    const run = talk(opened, serverOf({ applicationProtocols: ['a'] }), guard(), NOW);
    assert.deepEqual(run.facts, { kind: 'accepted' });
  });

  it('is not offered where the parameters of the session are not', () => {
    const sessions = earlySessions({ applicationProtocols: ['a'] }, { applicationProtocols: ['a'] });
    const offers = (options: Partial<ClientOptions>) =>
      status(client(quickClientConfig(options), bytes(48), { sessions, now: NOW, earlyData: true }).state)
        .earlyData;
    assert.ok(offers({ applicationProtocols: ['a'] }) !== undefined);
    assert.equal(offers({ applicationProtocols: ['b'] }), undefined);
    const suites = { applicationProtocols: ['a'], cipherSuites: ['TLS_CHACHA20_POLY1305_SHA256'] as const };
    assert.equal(offers(suites), undefined);
    assert.equal(offers({ applicationProtocols: ['a'], authenticator: 'ask' }), undefined);
  });
});

describe('early data is rejected, and the handshake goes on', () => {
  const cases: readonly (readonly [
    string,
    EarlyDataFact,
    Partial<ServerOptions>,
    Partial<ClientOptions>?,
  ])[] = [
    ['by a server that takes none any more', rejectedFor('disabled'), { maxEarlyData: 0 }],
    [
      'that may be more than this server takes',
      rejectedFor('unsupported-by-psk'),
      { maxEarlyData: MAX_EARLY_DATA - 1 },
    ],
    [
      'under another suite',
      rejectedFor('other-cipher-suite'),
      { cipherSuites: ['TLS_CHACHA20_POLY1305_SHA256'] },
    ],
    [
      'under another application protocol',
      rejectedFor('other-application-protocol'),
      { applicationProtocols: ['a'] },
      { applicationProtocols: ['a'] },
    ],
    [
      'when the ticket opens no more',
      rejectedFor('session-not-resumed'),
      { ticketKeys: rotateTicketKeys([], bytes(48, 9)) },
    ],
    ['of another configuration', rejectedFor('session-not-resumed'), { sessionContext: bytes(2) }],
  ];
  for (const [what, fact, serverOptions, clientOptions = {}] of cases) {
    it(what, () => {
      const run = talk(begin({ clientOptions }), serverOf(serverOptions), guard(), NOW);
      assertRejected(run, fact);
    });
  }

  it('by a HelloRetryRequest', () => {
    const run = talk(begin(), serverOf({ groups: ['secp256r1'] }), guard(), NOW);
    assert.equal(find(run.server.effects, 'established')?.facts.helloRetryRequest, true);
    assertRejected(run, rejectedFor('hello-retry-request'));
    assert.deepEqual(
      find(run.client.effects, 'established')?.facts.earlyData,
      rejectedFor('hello-retry-request'),
    );
  });

  it('when nobody can say whether it was seen before', () => {
    const refusing = talk(begin(), serverOf({}), () => ({ kind: 'refusal', reason: 'no store' }), NOW);
    assertRejected(refusing, rejectedFor('replay'));
  });

  it('under a PSK that is not the first', () => {
    const [session] = earlySessions();
    assert.ok(session !== undefined);
    const unknown = { ...session, ticket: bytes(100) };
    const opened = begin({ sessions: [unknown, session] });
    assertRejected(talk(opened, serverOf({}), guard(), NOW), rejectedFor('not-first-psk'));
  });

  it('and every record of it is dropped, up to what a ticket allows', () => {
    const large = { maxEarlyData: 100_000 };
    const sessions = earlySessions({}, large);
    const opened = begin({ sessions, data: Array.from({ length: 10 }, () => bytes(10_000)) });
    assertRejected(talk(opened, serverOf({ ...large, sessionContext: bytes(1) }), guard(), NOW), {
      kind: 'rejected',
      reason: 'session-not-resumed',
    });
  });
});

describe('a replay of early data', () => {
  it('is seen, and rejected; what was recorded stays valid for the first', () => {
    const opened = begin();
    const isNew = guard();
    assert.deepEqual(talk(opened, serverOf({}), isNew, NOW).facts, { kind: 'accepted' });
    // Somebody brings the same bytes again, to a server with randomness of its own.
    const again = receive(serverOf({}, 77).state, sent(opened.effects), NOW + 1);
    const checked = answer(again.state, isNew(requestOf(again), NOW + 1));
    assert.deepEqual(data(checked.effects), new Uint8Array(0));
    assert.equal(status(checked.state).earlyData, undefined);
  });

  it('is not taken when it is too old for anybody to remember', () => {
    const when = NOW + 60_000;
    const { effects } = begin({ now: when });
    for (const later of [10_001, -10_001]) {
      const step = receive(serverOf({}).state, sent(effects), when + later);
      assert.equal(find(step.effects, 'request'), undefined);
      assert.equal(data(step.effects).length, 0);
    }
    for (const later of [10_000, -10_000]) {
      const request = requestOf(receive(serverOf({}).state, sent(effects), when + later));
      assert.ok(request.kind === 'replayCheck');
      assert.deepEqual([request.from, request.until], [when - 10_000, when + 10_000]);
    }
  });

  it('is looked for by the binder that was checked, whatever stands behind it', () => {
    const [session] = earlySessions();
    assert.ok(session !== undefined);
    const key = (sessions: readonly Session[]) => {
      const request = requestOf(receive(serverOf({}).state, sent(begin({ sessions }).effects), NOW));
      assert.ok(request.kind === 'replayCheck');
      return request.key;
    };
    assert.equal(key([session]).length, 32);
    assert.notDeepEqual(key([session]), key([session, session]));
  });

  it('cannot make a second handshake out of the early data of the first', () => {
    const opened = begin();
    const run = talk(opened, serverOf({}), guard(), NOW);
    // Everything the client has ever said, brought to a server that has lost its memory.
    const toServer = sent(run.client.effects);
    const again = receive(serverOf({}, 78).state, sent(opened.effects), NOW);
    const checked = answer(again.state, { kind: 'replayCheck', isNew: true });
    assert.deepEqual(data(checked.effects), EARLY);
    const rest = receive(checked.state, toServer.subarray(sent(opened.effects).length), NOW);
    assert.equal(find(rest.effects, 'established'), undefined);
    assertFailed(rest.effects, 'decryption-failed');
  });
});

describe('a server that takes early data', () => {
  it('waits for the replay check, and keeps what comes meanwhile within bounds', () => {
    const opened = begin();
    const limits = { pendingBytes: 500 };
    const waiting = receive(serverOf({ limits }).state, sent(opened.effects), NOW);
    assert.equal(requestOf(waiting).kind, 'replayCheck');
    assert.equal(status(waiting.state).phase, 'waiting');
    const more = receive(waiting.state, bytes(500), NOW);
    assertFailed(more.effects, 'too-many-pending-bytes');
  });

  it('refuses more than its ticket allows', () => {
    const [session] = earlySessions();
    assert.ok(session !== undefined);
    const forged = { ...session, maxEarlyData: 2 * MAX_EARLY_DATA };
    const within = begin({ sessions: [forged], data: [bytes(MAX_EARLY_DATA)] });
    const beyond = sendEarlyData(within.state, bytes(1));
    const { server: good } = halfWay(within);
    assert.equal(data(good.effects).length, MAX_EARLY_DATA);
    assertFailed(receive(good.state, sent(beyond.effects), NOW).effects, 'too-much-early-data');
  });

  it('ends when early data does not decrypt', () => {
    const opened = begin();
    const spoiled = sent(opened.effects);
    spoiled[spoiled.length - 1] = (spoiled.at(-1) ?? 0) ^ 1;
    const waiting = receive(serverOf({}).state, spoiled, NOW);
    assertFailed(answer(waiting.state, { kind: 'replayCheck', isNew: true }).effects, 'decryption-failed');
  });
});

describe('the early exporter', () => {
  const exported = (state: State) => exportEarlyKeyingMaterial(state, 'EXPORTER-test', bytes(3), 40);

  it('gives both sides the same bytes, early and afterwards, and others than the exporter', () => {
    const opened = begin();
    const atFirst = exported(opened.state);
    const { server: answered } = halfWay(opened);
    assert.deepEqual(exported(answered.state), atFirst);
    const over = receive(opened.state, sent(answered.effects), NOW);
    assert.deepEqual(exported(over.state), atFirst);
    const established = receive(answered.state, sent(over.effects), NOW);
    assert.deepEqual(exported(established.state), atFirst);
    assert.notDeepEqual(exportKeyingMaterial(over.state, 'EXPORTER-test', bytes(3), 40), atFirst);
  });

  it('is there only with early data', () => {
    assert.throws(() => exported(client(quickClientConfig(), bytes(48)).state), /needs early data/);
    const run = meet({ serverOptions: { maxEarlyData: 0 } });
    assert.throws(() => exported(run.client.state), /needs early data/);
    assert.throws(() => exported(run.server.state), /needs early data/);
  });
});

describe('early data under an external PSK', () => {
  const external: ExternalPsk = {
    identity: bytes(8),
    secret: secret(bytes(32, 4)),
    earlyData: {
      maxEarlyData: 500,
      cipherSuite: 'TLS_AES_256_GCM_SHA384',
      applicationProtocol: undefined,
    },
  };
  const both = { externalPsks: [external], cipherSuites: ['TLS_AES_256_GCM_SHA384'] } as const;
  const opened = () =>
    sendingEarly(
      client(quickClientConfig({ externalPsks: [external] }), bytes(48), {
        sessions: [],
        now: NOW,
        earlyData: true,
      }),
      EARLY,
    );

  it('is taken when a store says that it is new, which has to remember it for ever', () => {
    const asked: Request[] = [];
    const run = talk(
      opened(),
      serverOf(both),
      (request) => {
        asked.push(request);
        return { kind: 'replayCheck', isNew: true };
      },
      NOW,
    );
    assert.deepEqual(run.early, EARLY);
    const [request] = asked;
    assert.ok(request?.kind === 'replayCheck');
    assert.equal(request.until, Number.POSITIVE_INFINITY);
  });

  it('is never taken by a store in memory', () => {
    assertRejected(talk(opened(), serverOf(both), guard(), NOW), rejectedFor('replay'));
  });

  it('is rejected under another suite', () => {
    const chacha = { ...both, cipherSuites: ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384'] } as const;
    const run = talk(opened(), serverOf(chacha), guard(), NOW);
    assertRejected(run, rejectedFor('not-first-psk'));
  });
});

interface Party {
  readonly state: State;
  readonly effects: readonly Effect[];
}

interface Talk {
  readonly client: Party;
  readonly server: Party;
  /** What the server was given as early data. */
  readonly early: Uint8Array;
  /** What the server says of it. */
  readonly facts: EarlyDataFact;
}

type Answers = (request: Request, now: number) => Parameters<typeof answer>[1];

/** Answers from a store of its own, which began long ago. */
function guard(): Answers {
  let store: ReplayStore = replayStore({ since: 0 });
  return (request, now) => {
    assert.ok(request.kind === 'replayCheck');
    const taken = takeOnce(store, request, now);
    store = taken.store;
    return { kind: 'replayCheck', isNew: taken.isNew };
  };
}

function serverOf(options: Partial<ServerOptions>, seed = 22): Step {
  return server(quickServerConfig({ ticketKeys, maxEarlyData: MAX_EARLY_DATA, ...options }), bytes(48, seed));
}

/** Sessions that allow early data. */
function earlySessions(
  clientOptions: Partial<ClientOptions> = {},
  serverOptions: Partial<ServerOptions> = {},
): readonly Session[] {
  const first = converse(
    client(quickClientConfig(clientOptions), bytes(48, 11)),
    serverOf(serverOptions, 12),
  );
  return sessionsOf(first.clientEffects);
}

interface Beginning {
  readonly sessions?: readonly Session[];
  readonly clientOptions?: Partial<ClientOptions>;
  readonly data?: readonly Uint8Array[];
  readonly now?: number;
}

/** A client that has sent its first flight. */
function begin({
  sessions = earlySessions(),
  clientOptions = {},
  data: pieces = [EARLY],
  now = NOW,
}: Beginning = {}): Step {
  const first = client(quickClientConfig(clientOptions), bytes(48, 21), { sessions, now, earlyData: true });
  return sendingEarly(first, ...pieces);
}

function sendingEarly(first: Step, ...pieces: readonly Uint8Array[]): Step {
  return pieces.reduce((step, piece) => joined(step, sendEarlyData(step.state, piece)), first);
}

function joined(before: Step, after: Step): Step {
  return { state: after.state, effects: [...before.effects, ...after.effects] };
}

/** The server that has taken a first flight and answered it. */
function halfWay(opened: Step): { readonly server: Step } {
  const waiting = receive(serverOf({}).state, sent(opened.effects), NOW);
  assert.equal(requestOf(waiting).kind, 'replayCheck');
  return { server: answer(waiting.state, { kind: 'replayCheck', isNew: true }) };
}

/** Lets both talk until neither has anything more to say. */
function talk(opened: Step, listening: Step, answers: Answers, now: number): Talk {
  let left = opened;
  let right = listening;
  let toServer = sent(opened.effects);
  while (toServer.length > 0) {
    let step = receive(right.state, toServer, now);
    const request = find(step.effects, 'request');
    if (request !== undefined) step = joined(step, answer(step.state, answers(request.request, now)));
    right = joined(right, step);
    const back = receive(left.state, sent(step.effects), now);
    left = joined(left, back);
    toServer = sent(back.effects);
  }
  const early = right.effects.filter((effect) => effect.kind === 'data' && effect.early);
  const failure = find(right.effects, 'failed') ?? find(left.effects, 'failed');
  assert.equal(failure && describeFailure(failure.failure), undefined);
  return {
    client: left,
    server: right,
    early: data(early),
    facts: find(right.effects, 'established')?.facts.earlyData ?? assert.fail('not established'),
  };
}

function meet({
  serverOptions = {},
  ...beginning
}: Beginning & { readonly serverOptions?: Partial<ServerOptions> } = {}): Talk {
  return talk(begin(beginning), serverOf(serverOptions), guard(), NOW);
}

function assertRejected(run: Talk, fact: EarlyDataFact): void {
  assert.deepEqual(run.facts, fact);
  assert.equal(run.early.length, 0);
  assert.equal(find(run.client.effects, 'established')?.facts.earlyData.kind, 'rejected');
  assert.deepEqual(carried(run.client.state, run.server.state), { bytes: bytes(100), early: false });
  assert.deepEqual(carried(run.server.state, run.client.state), { bytes: bytes(100), early: false });
}

function carried(from: State, to: State) {
  const { effects } = receive(to, sent(send(from, bytes(100)).effects), NOW);
  const arrived = find(effects, 'data') ?? assert.fail('nothing arrived');
  return { bytes: arrived.bytes, early: arrived.early };
}

function sessionsOf(effects: readonly Effect[]): readonly Session[] {
  return effects.flatMap((effect) => (effect.kind === 'ticket' ? [effect.session] : []));
}

function allowed(session: Session): number | undefined {
  return session.version === 'TLS 1.3' ? session.maxEarlyData : undefined;
}

function rejectedFor(reason: Extract<EarlyDataFact, { readonly kind: 'rejected' }>['reason']): EarlyDataFact {
  return { kind: 'rejected', reason };
}

function requestOf({ effects }: Step): Request {
  return find(effects, 'request')?.request ?? assert.fail('nothing was asked');
}

function assertFailed(effects: readonly Effect[], word: string): void {
  const failure = find(effects, 'failed')?.failure ?? assert.fail('did not fail');
  assert.ok(describeFailure(failure).includes(word), describeFailure(failure));
}
