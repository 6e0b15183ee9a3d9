import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alertCodes } from '../../src/codepoints.ts';
import { type AlertName, close, receiveEnd, send, status } from '../../src/index.ts';
import { assertAt, assertFailed, assertMisbehaved, assertOver } from './expect.ts';
import { alert, data, deliver, follow, type Peer, plainRecord, record, updateKeys } from './peer.ts';
import { meetServer } from './scripted-client.ts';
import { meetClient } from './scripted-server.ts';
import { clientStages, establishedClient, establishedServer, serverStages } from './stages.ts';
import { bytes, concatAll, data as dataIn, find, hex, sent } from './support.ts';

// Alerts and the closing of a connection (RFC 9846 §6).

const stages = [...clientStages, ...serverStages];
const handshaking = stages.filter(({ phase }) => phase !== 'established');
const errorAlerts = nameList().filter((name) => name !== 'close_notify' && name !== 'user_canceled');

for (const stage of stages) {
  test(`${stage.title} takes every error alert as the end, whatever its level says`, () => {
    for (const name of errorAlerts) {
      for (const level of [1, 2] as const) {
        const peer = stage.reach();
        const spoken = peer.heard.length;
        alert(peer, name, level);
        assertFailed(peer, undefined, `peerAlert ${name}`);
        assert.equal(peer.heard.length, spoken, 'an alert is not answered');
      }
    }
  });

  test(`${stage.title} takes an alert nobody knows as an error`, () => {
    const peer = stage.reach();
    deliver(peer, record(peer, 21, hex('01c8')));
    assertFailed(peer, undefined, 'peerAlert unknown');
    const failure = find(peer.effects, 'failed')?.failure;
    assert.equal(failure?.kind === 'peerAlert' && failure.code, 0xc8);
  });

  test(`${stage.title} refuses alerts in pieces, and several in a record`, () => {
    for (const content of ['02', '022802', '02280228']) {
      const peer = stage.reach();
      deliver(peer, record(peer, 21, hex(content)));
      assertMisbehaved(peer, 'decode_error', 'bad-alert');
    }
  });

  test(`${stage.title} drops user_canceled, but not for ever`, () => {
    const peer = stage.reach();
    for (let i = 0; i < 16; i++) alert(peer, 'user_canceled', 1);
    assertAt(peer, stage.phase);
    alert(peer, 'user_canceled', 1);
    assertMisbehaved(peer, 'unexpected_message', 'too-many-useless-records');
  });
}

for (const stage of handshaking) {
  test(`${stage.title} takes close_notify as the end, and says it too`, () => {
    const peer = stage.reach();
    alert(peer, 'user_canceled', 1);
    alert(peer, 'close_notify', 1);
    assertFailed(peer, 'close_notify', 'peerAlert close_notify');
  });

  // In the midst of later authentication the handshake is over: that closes one half.
  if (stage.phase.startsWith('awaitLate')) continue;

  test(`${stage.title}, closed by its caller, says user_canceled and close_notify`, () => {
    const peer = stage.reach();
    follow(peer, close(peer.state));
    const alerts = peer.heard.flatMap((heard) =>
      heard.kind === 'alert' ? [[heard.level, heard.alert]] : [],
    );
    assert.deepEqual(alerts, [
      [1, 'user_canceled'],
      [1, 'close_notify'],
    ]);
    assert.equal(peer.latest.at(-1)?.kind, 'closed');
    assertOver(peer.state);
  });
}

for (const stage of stages) {
  test(`${stage.title} takes the end of the flow without close_notify for a truncation`, () => {
    const peer = stage.reach();
    follow(peer, receiveEnd(peer.state));
    assertFailed(peer, 'close_notify', 'truncated');
  });
}

// Alerts in the clear.

test('a client that cannot read our ServerHello may say so in the clear, as its first word', () => {
  const client = meetServer();
  client.say.clientHello();
  deliver(client.peer, plainRecord(21, hex('022f')));
  assertFailed(client.peer, undefined, 'peerAlert illegal_parameter');
});

test('behind a protected record an alert in the clear is refused', () => {
  const client = meetServer();
  client.say.clientHello();
  deliver(client.peer, record(client.peer, 22, client.compose.finished().subarray(0, 8)));
  deliver(client.peer, plainRecord(21, hex('022f')));
  assertMisbehaved(client.peer, 'unexpected_message', 'unexpected-message');
});

test('a client takes no alert in the clear behind ServerHello, and nobody does behind the handshake', () => {
  const server = meetClient();
  server.play('serverHello');
  for (const peer of [server.peer, establishedClient().peer, establishedServer().peer]) {
    deliver(peer, plainRecord(21, hex('0100')));
    assertMisbehaved(peer, 'unexpected_message', 'unexpected-message');
  }
});

test('what the engine says once it has keys is protected, alerts too', () => {
  for (const stage of stages) {
    const peer = stage.reach();
    deliver(peer, plainRecord(24, hex('00')));
    const last = peer.heard.at(-1);
    const isClear = [
      'awaitServerHello',
      'awaitSecondServerHello',
      'awaitClientHello',
      'awaitSecondClientHello',
    ];
    assert.equal(last?.kind, 'alert');
    assert.equal(last.protected, !isClear.includes(stage.phase), stage.title);
  }
});

// Closing in order.

for (const [role, reach] of [
  ['client', () => establishedClient().peer],
  ['server', () => establishedServer().peer],
] as const) {
  test(`a ${role} that closes first goes on reading until its peer closes too`, () => {
    const peer = reach();
    follow(peer, close(peer.state));
    assert.deepEqual(closing(peer), [[1, 'close_notify']]);
    assert.deepEqual(status(peer.state), {
      phase: 'established',
      canSend: false,
      canRequestCertificate: false,
      earlyData: undefined,
      canReceive: true,
    });
    assert.throws(() => send(peer.state, hex('00')), /this side has closed it/);
    data(peer, bytes(10));
    assert.deepEqual(dataIn(peer.latest), bytes(10));
    alert(peer, 'close_notify', 1);
    assert.deepEqual(
      peer.latest.map(({ kind }) => kind),
      ['peerClosed', 'closed'],
    );
    assertOver(peer.state);
  });

  test(`a ${role} whose peer closes first goes on sending until it closes too`, () => {
    const peer = reach();
    alert(peer, 'close_notify', 1);
    assert.deepEqual(
      peer.latest.map(({ kind }) => kind),
      ['peerClosed'],
    );
    assert.deepEqual(status(peer.state), {
      phase: 'established',
      canSend: true,
      canRequestCertificate: false,
      earlyData: undefined,
      canReceive: false,
    });
    follow(peer, send(peer.state, bytes(10)));
    const last = peer.heard.at(-1);
    assert.deepEqual(last?.kind === 'data' && last.bytes, bytes(10));
    follow(peer, close(peer.state));
    assert.equal(peer.latest.at(-1)?.kind, 'closed');
    assert.deepEqual(closing(peer), [[1, 'close_notify']]);
    assertOver(peer.state);
  });

  test(`what comes behind close_notify is ignored by a ${role}, in the same bytes and later`, () => {
    const peer = reach();
    const parts = [record(peer, 23, hex('01')), record(peer, 21, hex('0100')), record(peer, 23, hex('02'))];
    deliver(peer, concatAll([...parts, hex('ff00')]));
    assert.deepEqual(
      peer.latest.map(({ kind }) => kind),
      ['data', 'peerClosed'],
    );
    assert.deepEqual(dataIn(peer.latest), hex('01'));
    deliver(peer, hex('ffffffffff'));
    assert.deepEqual(peer.latest, []);
    follow(peer, receiveEnd(peer.state));
    assert.deepEqual(peer.latest, []);
    assertAt(peer, 'established');
  });

  test(`a ${role} that has closed reports a truncation, too, and says nothing more`, () => {
    const peer = reach();
    follow(peer, close(peer.state));
    follow(peer, receiveEnd(peer.state));
    assert.deepEqual(sent(peer.latest), hex(''));
    assertFailed(peer, 'close_notify', 'truncated');
  });

  test(`a ${role} that has closed follows its peer's new keys, and answers none`, () => {
    const peer = reach();
    follow(peer, close(peer.state));
    const spoken = peer.heard.length;
    updateKeys(peer, 1);
    data(peer, bytes(5));
    assert.deepEqual(dataIn(peer.latest), bytes(5));
    assert.equal(peer.heard.length, spoken);
  });

  test(`closing a ${role} twice closes it once`, () => {
    const peer = reach();
    follow(peer, close(peer.state));
    const { state } = peer;
    assert.deepEqual(close(state), { state, effects: [] });
  });
}

test('both sides may close at once', () => {
  const { peer } = establishedClient();
  const closingOfPeer = record(peer, 21, hex('0100'));
  follow(peer, close(peer.state));
  deliver(peer, closingOfPeer);
  assert.deepEqual(
    peer.latest.map(({ kind }) => kind),
    ['peerClosed', 'closed'],
  );
});

test('data that came before a failure, or a truncation, has been handed out', () => {
  const { peer } = establishedClient();
  deliver(peer, concatAll([record(peer, 23, bytes(7)), plainRecord(23, bytes(40))]));
  assert.deepEqual(dataIn(peer.latest), bytes(7));
  assertMisbehaved(peer, 'bad_record_mac', 'decryption-failed');
});

test('nothing brings an ended connection back', () => {
  const { peer } = establishedClient();
  alert(peer, 'internal_error');
  const { state } = peer;
  for (const step of [close(state), receiveEnd(state)]) assert.deepEqual(step, { state, effects: [] });
  assert.throws(() => send(state, hex('00')));
  assert.equal(state.phase.kind === 'ended' && state.phase.failure?.kind, 'peerAlert');
});

function closing(peer: Peer): readonly (readonly [number, AlertName | 'unknown'])[] {
  return peer.heard.flatMap((heard) => (heard.kind === 'alert' ? [[heard.level, heard.alert] as const] : []));
}

function nameList(): readonly AlertName[] {
  const names: AlertName[] = [];
  for (const name in alertCodes) {
    if (isAlertName(name)) names.push(name);
  }
  return names;
}

function isAlertName(name: string): name is AlertName {
  return Object.hasOwn(alertCodes, name);
}
