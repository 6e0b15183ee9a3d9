import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  alertFor,
  client,
  close,
  type Effect,
  type Facts,
  type Failure,
  receive,
  receiveEnd,
  type Step,
  send,
  server,
  status,
} from '../../src/index.ts';
import { plainRecord, recordsOf } from './peer.ts';
import { quickClientConfig, quickServerConfig } from './quick.ts';
import { opposite, type Parties, type Side } from './recording.ts';
import {
  bytes,
  concatAll,
  data,
  find,
  makeClientConfig,
  makeServerConfig,
  NOW,
  runs,
  sent,
} from './support.ts';

// Somebody between a client and a server who changes what passes. He has no keys: the handshake must not be talked into
// anything, and what arrives must be what was sent, up to a failure.

/** What the man in the middle hands on in place of the records of a step. */
type Meddle = (records: readonly Uint8Array[], to: Side, firstIndex: number) => readonly Uint8Array[];

interface Outcome {
  readonly facts: Facts | undefined;
  readonly received: Uint8Array;
  readonly failure: Failure | undefined;
  readonly closed: boolean;
  /** Whether a failure of the peer's making was answered with an alert, while this side could still speak. */
  readonly toldPeer: boolean;
}

const suites: readonly (readonly [string, Parties])[] = [
  ['a handshake', { client: quickClientConfig(), server: quickServerConfig() }],
  [
    'a handshake with HelloRetryRequest and ALPN',
    {
      client: quickClientConfig({ applicationProtocols: ['h2', 'http/1.1'] }),
      server: quickServerConfig({
        groups: ['secp256r1'],
        helloRetryCookie: true,
        applicationProtocols: ['http/1.1'],
      }),
    },
  ],
];

for (const [name, parties] of suites) {
  test(`${name}: any byte changed on the way ends it, but for those that the standard ignores`, () => {
    const honest = converse(parties, unchanged);
    for (const { to, index, record } of recordsIn(parties)) {
      for (let at = 0; at < record.length; at++) {
        for (const mask of masks(at)) {
          const outcome = converse(parties, flip(to, index, at, mask));
          const what = `byte ${at} of record ${index} to the ${to}, xor ${mask}`;
          if (isIgnored(record, at, mask)) assert.deepEqual(outcome, honest, what);
          else assertRefused(outcome, honest, what);
        }
      }
    }
  });

  test(`${name}: it ends when a record is missing, cut, doubled, late, or brought again`, () => {
    const honest = converse(parties, unchanged);
    const all = recordsIn(parties);
    for (const { to, index, record } of all) {
      const changes: readonly (readonly [string, Meddle])[] = [
        ['missing', at(to, index, () => [])],
        ['cut', at(to, index, (whole) => [whole.subarray(0, whole.length - 1)])],
        ['doubled', at(to, index, (whole) => [whole, whole])],
        ['late', (records, side, first) => (side === to ? later(records, index - first) : records)],
        ['brought to the other side', at(opposite(to), 0, (whole) => [whole, record])],
      ];
      for (const [change, meddle] of changes) {
        const outcome = converse(parties, meddle);
        const what = `record ${index} to the ${to} is ${change}`;
        const isLast = !all.some((other) => other.to === to && other.index > index);
        // Whether and when a change_cipher_spec comes changes nothing, unless it comes where none may (§5). Behind a
        // close_notify everything is ignored (§6.1).
        if (isLast && change === 'doubled') assert.deepEqual(outcome, honest, what);
        else if (isChangeCipherSpec(record)) assertNothingAccepted(outcome, honest, what);
        else assertRefused(outcome, honest, what);
      }
    }
  });
}

test('whatever the man in the middle does with records, nothing but the honest connection is accepted', () => {
  fc.assert(
    fc.property(fc.constantFrom(...suites), fc.infiniteStream(meddlings), ([, parties], stream) => {
      const meddle: Meddle = (records) =>
        records.flatMap((record) => stream.next().value?.(record) ?? [record]);
      assertNothingAccepted(converse(parties, meddle), converse(parties, unchanged), 'meddled with');
    }),
    { numRuns: runs(300) },
  );
});

test('records in the clear may be cut into smaller ones on the way (RFC 9846 §5.1)', () => {
  for (const [name, parties] of suites) {
    const meddle: Meddle = (records) => records.flatMap((record) => refragment(record, 7));
    assert.deepEqual(converse(parties, meddle), converse(parties, unchanged), name);
  }
});

test('over real cryptography, too, a byte changed on the way ends the connection', () => {
  const parties = { client: makeClientConfig(), server: makeServerConfig() };
  const honest = converse(parties, unchanged);
  const places = recordsIn(parties).flatMap(({ to, index, record }) =>
    Array.from(record, (_, place) => ({ to, index, record, place })),
  );
  fc.assert(
    fc.property(fc.constantFrom(...places), fc.integer({ min: 1, max: 255 }), (target, mask) => {
      const { to, index, record, place } = target;
      const outcome = converse(parties, flip(to, index, place, mask));
      if (isIgnored(record, place, mask)) assert.deepEqual(outcome, honest);
      else assertRefused(outcome, honest, `byte ${place} of record ${index} to the ${to}, xor ${mask}`);
    }),
    { numRuns: runs(60) },
  );
});

/**
 * RFC 9846 §5.1: legacy_record_version is to be ignored for all purposes, and §E.5: unless it is older than SSL 3.0. Under
 * protection the header is authenticated, so there no byte of it is ignored.
 */
function isIgnored(record: Uint8Array, at: number, mask: number): boolean {
  const major = (record[1] ?? 0) ^ (at === 1 ? mask : 0);
  return record[0] !== 23 && (at === 1 || at === 2) && major >= 3;
}

function isChangeCipherSpec(record: Uint8Array): boolean {
  return record[0] === 20;
}

/** One mask for each byte, and more in a long run. */
function masks(at: number): readonly number[] {
  const count = Math.min(255, runs(1));
  return Array.from({ length: count }, (_, i) => 1 + ((at * 37 + i * 101 + 127) % 255));
}

/** What both sides got out of it. */
type Outcomes = Readonly<Record<Side, Outcome>>;

function assertRefused(outcome: Outcomes, honest: Outcomes, what: string): void {
  assert.ok(outcome.client.failure ?? outcome.server.failure, `nobody noticed: ${what}`);
  assertNothingAccepted(outcome, honest, what);
}

/** Whoever got through the handshake got through the honest one, and what arrived was sent. */
function assertNothingAccepted(outcome: Outcomes, honest: Outcomes, what: string): void {
  for (const side of ['client', 'server'] as const) {
    const { facts, received, failure, closed, toldPeer } = outcome[side];
    const expected = honest[side];
    if (facts !== undefined) assert.deepEqual(facts, expected.facts, what);
    assert.deepEqual(received, expected.received.subarray(0, received.length), what);
    assert.ok(failure !== undefined || closed, `the ${side} is left hanging: ${what}`);
    assert.ok(toldPeer, `the ${side} failed silently: ${what}`);
    if (closed) assert.equal(received.length, expected.received.length, `data lost unnoticed: ${what}`);
  }
}

/** A handshake, data both ways and a closing from both sides, with a man in the middle, to the end of the flow. */
function converse(parties: Parties, meddle: Meddle): Outcomes {
  const effects: Record<Side, Effect[]> = { client: [], server: [] };
  const states = {
    client: client(parties.client, bytes(48, 1)).state,
    server: server(parties.server, bytes(48, 2)).state,
  };
  const pending: Record<Side, Uint8Array[]> = { client: [], server: [] };
  const passed = { client: 0, server: 0 };
  const silent = { client: false, server: false };
  const follow = (side: Side, step: Step): void => {
    const failure = find(step.effects, 'failed')?.failure;
    const due = failure !== undefined && alertFor(failure) !== undefined && !states[side].write.closed;
    silent[side] ||= due && sent(step.effects).length === 0;
    states[side] = step.state;
    effects[side].push(...step.effects);
    const to = opposite(side);
    const records = recordsOf(sent(step.effects));
    if (records.length > 0) pending[to].push(concatAll(meddle(records, to, passed[to])));
    passed[to] += records.length;
  };
  const carry = (): void => {
    while (pending.client.length + pending.server.length > 0) {
      for (const side of ['server', 'client'] as const) {
        const arriving = concatAll(pending[side].splice(0));
        if (arriving.length > 0) follow(side, receive(states[side], arriving, NOW));
      }
    }
  };
  follow('client', client(parties.client, bytes(48, 1)));
  carry();
  for (const side of ['client', 'server'] as const) {
    if (status(states[side]).canSend) follow(side, send(states[side], bytes(60, 5)));
    carry();
  }
  for (const side of ['client', 'server'] as const) {
    if (status(states[side]).canSend) follow(side, close(states[side]));
    carry();
  }
  for (const side of ['client', 'server'] as const) follow(side, receiveEnd(states[side]));
  const outcome = (side: Side): Outcome => ({
    facts: find(effects[side], 'established')?.facts,
    received: data(effects[side]),
    failure: find(effects[side], 'failed')?.failure,
    closed: find(effects[side], 'closed') !== undefined,
    toldPeer: !silent[side],
  });
  return { client: outcome('client'), server: outcome('server') };
}

/** The records of the honest connection, counted for each receiver. */
function recordsIn(
  parties: Parties,
): readonly { readonly to: Side; readonly index: number; readonly record: Uint8Array }[] {
  const found: { readonly to: Side; readonly index: number; readonly record: Uint8Array }[] = [];
  converse(parties, (records, to, first) => {
    records.forEach((record, i) => {
      found.push({ to, index: first + i, record });
    });
    return records;
  });
  return found;
}

function unchanged(records: readonly Uint8Array[]): readonly Uint8Array[] {
  return records;
}

function at(to: Side, index: number, change: (record: Uint8Array) => readonly Uint8Array[]): Meddle {
  return (records, side, first) =>
    records.flatMap((record, i) => (side === to && first + i === index ? change(record) : [record]));
}

function flip(to: Side, index: number, place: number, mask: number): Meddle {
  return at(to, index, (record) => [record.map((byte, i) => (i === place ? byte ^ mask : byte))]);
}

/** The record at `index` comes behind the next one that matters; where there is none, never. */
function later(records: readonly Uint8Array[], index: number): readonly Uint8Array[] {
  const late = records.slice(index, index + 1);
  const rest = records.slice(index + 1);
  const next = 1 + rest.findIndex((record) => !isChangeCipherSpec(record));
  return index < 0 || late.length === 0
    ? records
    : [...records.slice(0, index), ...rest.slice(0, next), ...(next > 0 ? late : []), ...rest.slice(next)];
}

function refragment(record: Uint8Array, size: number): readonly Uint8Array[] {
  const [type = 0] = record;
  if (type !== 22) return [record];
  const content = record.subarray(5);
  const parts: Uint8Array[] = [];
  for (let from = 0; from < content.length; from += size) {
    parts.push(plainRecord(type, content.subarray(from, from + size)));
  }
  return parts;
}

/** Now and then something is done with a record. */
const meddlings: fc.Arbitrary<(record: Uint8Array) => readonly Uint8Array[]> = fc.oneof(
  { arbitrary: fc.constant((record: Uint8Array) => [record]), weight: 12 },
  {
    arbitrary: fc
      .record({
        kind: fc.constantFrom('flip', 'cut', 'drop', 'double', 'insert', 'fragment', 'type', 'length'),
        place: fc.nat(),
        byte: fc.integer({ min: 1, max: 255 }),
        junk: fc.uint8Array({ maxLength: 30 }),
      })
      .map(({ kind, place, byte, junk }) => (record: Uint8Array): readonly Uint8Array[] => {
        const offset = place % record.length;
        switch (kind) {
          case 'flip':
            return [record.map((old, i) => (i === offset ? old ^ byte : old))];
          case 'cut':
            return [record.subarray(0, offset)];
          case 'drop':
            return [];
          case 'double':
            return [record, record];
          case 'insert':
            return [record, plainRecord(20 + (byte % 4), junk)];
          case 'fragment':
            return refragment(record, 1 + (byte % 50));
          case 'type':
            return [record.map((old, i) => (i === 0 ? byte : old))];
          default:
            return [record.map((old, i) => (i === 4 ? byte : old))];
        }
      }),
    weight: 1,
  },
);
