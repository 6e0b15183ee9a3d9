import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Secret } from '../../nocrypto/index.ts';
import { cipherSuites } from '../../src/cipher-suites.ts';
import {
  close,
  type Effect,
  keyLogLine,
  receive,
  type State,
  send,
  type TraceEvent,
  type TraceLevel,
} from '../../src/index.ts';
import { trafficKeys } from '../../src/key-schedule.ts';
import { quickClientConfig, quickServerConfig } from './quick.ts';
import {
  bytes,
  data,
  find,
  handshake,
  makeClientConfig,
  makeServerConfig,
  NOW,
  ownCredential,
  type Run,
  sent,
  toHex,
} from './support.ts';

// The trace (trace.ts): what happened, for people and tools, without a secret unless it was asked for by name.

const levels: readonly TraceLevel[] = ['off', 'messages', 'records', 'secrets'];

test('the trace changes nothing else: the bytes on the wire are the same at every level', () => {
  const wires = levels.map((trace) => {
    const run = traced(trace);
    return [sent(run.clientEffects), sent(run.serverEffects)];
  });
  for (const wire of wires) assert.deepEqual(wire, wires[0]);
});

test('each level adds to the one below it', () => {
  const kinds = (trace: TraceLevel) => new Set(events(traced(trace).clientEffects).map(({ kind }) => kind));
  assert.deepEqual([...kinds('off')], []);
  assert.deepEqual([...kinds('messages')].sort(), ['changeCipherSpec', 'keys', 'message', 'state']);
  assert.deepEqual([...kinds('records')].sort(), ['changeCipherSpec', 'keys', 'message', 'record', 'state']);
  assert.deepEqual([...kinds('secrets')].sort(), [
    'changeCipherSpec',
    'keys',
    'message',
    'record',
    'secret',
    'state',
  ]);
});

test('without a word in the configuration nothing is traced', () => {
  const run = handshake(quickClientConfig({ trace: undefined }), quickServerConfig({ trace: undefined }));
  assert.deepEqual(events(run.clientEffects), []);
});

test('the messages of a handshake are traced in order, from both ends', () => {
  const told = (effects: readonly Effect[]) =>
    events(effects).flatMap((event) =>
      event.kind === 'message'
        ? [`${event.direction} ${event.message}`]
        : event.kind === 'keys'
          ? [`${event.direction} ${event.epoch} keys`]
          : event.kind === 'changeCipherSpec'
            ? [`${event.direction} changeCipherSpec`]
            : [],
    );
  const run = traced('messages');
  assert.deepEqual(told(run.clientEffects), [
    'sent clientHello',
    'received serverHello',
    'sent changeCipherSpec',
    'received handshake keys',
    'sent handshake keys',
    'received changeCipherSpec',
    'received encryptedExtensions',
    'received certificate',
    'received certificateVerify',
    'received finished',
    'received application keys',
    'sent finished',
    'sent application keys',
  ]);
  assert.deepEqual(told(run.serverEffects), [
    'received clientHello',
    'sent serverHello',
    'sent changeCipherSpec',
    'received handshake keys',
    'sent handshake keys',
    'sent encryptedExtensions',
    'sent certificate',
    'sent certificateVerify',
    'sent finished',
    'sent application keys',
    'received changeCipherSpec',
    'received finished',
    'received application keys',
  ]);
});

test('states are traced from the first to the last, each beginning where the one before ended', () => {
  for (const effects of [traced('messages').clientEffects, traced('messages').serverEffects]) {
    const states = events(effects).flatMap((event) => (event.kind === 'state' ? [event] : []));
    assert.ok(states.length >= 2);
    assert.equal(states.at(-1)?.to, 'established');
    states.reduce((before, now) => {
      assert.equal(now.from, before.to);
      return now;
    });
  }
});

test('a message is described by names, as it stands on the wire', () => {
  const [hello] = events(traced('messages').clientEffects);
  assert.ok(hello?.kind === 'message');
  assert.equal(hello.details['serverName'], 'server.example');
  assert.equal(hello.details['groups'], 'x25519, secp256r1');
  assert.equal(hello.details['keyShares'], 'x25519');
  assert.match(hello.details['cipherSuites'] ?? '', /^TLS_AES_128_GCM_SHA256, /);
});

test('records are traced with their content’s length, and whether they were protected', () => {
  const run = traced('records');
  const { effects } = send(run.client, bytes(2 ** 14 + 3));
  assert.deepEqual(
    events(effects).map(
      (event) => event.kind === 'record' && [event.contentType, event.length, event.protected],
    ),
    [
      ['applicationData', 2 ** 14, true],
      ['applicationData', 3, true],
    ],
  );
  const received = events(receive(run.server, sent(effects), NOW).effects);
  assert.deepEqual(
    received.map((event) => event.kind === 'record' && [event.direction, event.length]),
    [
      ['received', 2 ** 14],
      ['received', 3],
    ],
  );
});

test('alerts are traced on both sides', () => {
  const run = traced('messages');
  const closing = close(run.client);
  assert.deepEqual(events(closing.effects), [{ kind: 'alert', direction: 'sent', alert: 'close_notify' }]);
  assert.deepEqual(events(receive(run.server, sent(closing.effects), NOW).effects), [
    { kind: 'alert', direction: 'received', alert: 'close_notify' },
  ]);
});

test('the key log of both ends is the same, and names the traffic secrets in force (RFC 9850)', () => {
  const run = traced('secrets');
  const lines = keyLog(run.clientEffects);
  assert.deepEqual([...lines].sort(), [...keyLog(run.serverEffects)].sort());
  const random = toHex(find(run.clientEffects, 'established')?.facts.clientRandom ?? bytes(0));
  assert.deepEqual(
    lines.map((line) => line.split(' ').slice(0, 2)),
    [
      'CLIENT_HANDSHAKE_TRAFFIC_SECRET',
      'SERVER_HANDSHAKE_TRAFFIC_SECRET',
      'CLIENT_TRAFFIC_SECRET_0',
      'SERVER_TRAFFIC_SECRET_0',
      'EXPORTER_SECRET',
    ].map((label) => [label, random]),
  );
  const logged = (label: string) => lines.find((line) => line.startsWith(`${label} `))?.split(' ')[2];
  assert.equal(logged('CLIENT_TRAFFIC_SECRET_0'), secretOf(run.client, 'write'));
  assert.equal(logged('SERVER_TRAFFIC_SECRET_0'), secretOf(run.client, 'read'));
});

test('a key log line has the form of SSLKEYLOGFILE, and only secrets have one', () => {
  for (const event of [
    ...events(traced('secrets').clientEffects),
    ...events(traced('secrets').serverEffects),
  ]) {
    const line = keyLogLine(event);
    if (event.kind === 'secret')
      assert.match(line ?? '', /^[A-Z0-9_]+ [0-9a-f]{64} ([0-9a-f]{64}|[0-9a-f]{96})$/);
    else assert.equal(line, undefined);
  }
});

test('whoever reads a key log may wipe it: the connection keeps its own secrets', () => {
  const limits = { aesGcmRecords: 4 };
  const run = handshake(
    quickClientConfig({ trace: 'secrets', limits }),
    quickServerConfig({ trace: 'secrets', limits }),
  );
  for (const event of events(run.clientEffects)) {
    if (event.kind === 'secret') {
      event.secret.fill(0);
      event.clientRandom.fill(0);
    }
  }
  // Enough for several KeyUpdates, each of which needs the secret again.
  const content = bytes(10 * 2 ** 14);
  const { effects } = send(run.client, content);
  assert.deepEqual(data(receive(run.server, sent(effects), NOW).effects), content);
  assert.notDeepEqual(find(run.clientEffects, 'established')?.facts.clientRandom, new Uint8Array(32));
});

test('no secret is in any effect, unless the trace asks for secrets', () => {
  const secrets = events(handshake(clientOf('secrets'), serverOf('secrets')).clientEffects).flatMap(
    (event) => (event.kind === 'secret' ? [event.secret] : []),
  );
  assert.equal(secrets.length, 5);
  const hidden = [...secrets, ...secrets.flatMap(keysOf), privateKey()].map(toHex);
  for (const trace of ['off', 'messages', 'records'] as const) {
    const run = handshake(clientOf(trace), serverOf(trace));
    const up = send(run.client, bytes(100));
    const all = [...run.clientEffects, ...run.serverEffects, ...up.effects, ...close(up.state).effects];
    const everything = all.map(textOf).join('\n');
    for (const secret of hidden) assert.ok(!everything.includes(secret), `${trace} shows ${secret}`);
  }
  // The same search does find what is there.
  const shown = handshake(clientOf('secrets'), serverOf('secrets')).clientEffects.map(textOf).join('\n');
  for (const secret of secrets) assert.ok(shown.includes(toHex(secret)));
});

function traced(trace: TraceLevel): Run {
  return handshake(quickClientConfig({ trace }), quickServerConfig({ trace }));
}

function clientOf(trace: TraceLevel) {
  return makeClientConfig({ trace });
}

function serverOf(trace: TraceLevel) {
  return makeServerConfig({ trace });
}

function events(effects: readonly Effect[]): readonly TraceEvent[] {
  return effects.flatMap((effect) => (effect.kind === 'trace' ? [effect.event] : []));
}

function keyLog(effects: readonly Effect[]): readonly string[] {
  return events(effects).flatMap((event) => keyLogLine(event) ?? []);
}

function secretOf(state: State, half: 'read' | 'write'): string {
  const keys = state[half].protection?.keys;
  return toHex(keys?.version === '1.3' ? keys.trafficSecret : bytes(0));
}

/** The key and the iv that follow from a traffic secret. */
function keysOf(secret: Secret): readonly Uint8Array[] {
  const { key, iv } = trafficKeys(makeClientConfig().crypto, cipherSuites.TLS_AES_128_GCM_SHA256, secret);
  return [key, iv];
}

function privateKey(): Uint8Array {
  const { key } = ownCredential;
  assert.ok(key.kind === 'private' && key.key.kind === 'ec');
  return key.key.scalar;
}

/** An effect as text, every byte string in it as hexadecimal. */
function textOf(effect: Effect): string {
  return JSON.stringify(effect, (_, value) =>
    value instanceof Uint8Array ? toHex(value) : typeof value === 'bigint' ? value.toString(16) : value,
  );
}
