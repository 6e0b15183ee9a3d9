import assert from 'node:assert/strict';
import { test } from 'node:test';
import { close, send, type Tls13CipherSuiteName, updateKeys as updateOurKeys } from '../../src/index.ts';
import type { HandshakeMessage, NewSessionTicket } from '../../src/messages.ts';
import { assertAt, assertFailed, assertMisbehaved } from './expect.ts';
import {
  alert,
  data,
  deliver,
  follow,
  interject,
  keyUpdateRecord,
  messagesHeard,
  type Peer,
  record,
  updateKeys,
} from './peer.ts';
import { establishedClient, establishedServer } from './stages.ts';
import { bytes, concatAll, data as dataIn, hex } from './support.ts';

// What comes behind the handshake: tickets (RFC 9846 §4.7.1), KeyUpdates (§4.7.3), and the limits on keys (§5.5).

const roles = [
  ['client', () => establishedClient().peer],
  ['server', () => establishedServer().peer],
] as const;

test('a client without sessions ignores tickets (§4.7.1)', () => {
  const { peer } = establishedClient();
  interject(peer, ticket({}));
  interject(
    peer,
    ticket({ extensions: [{ name: 'unknown', type: 0xfafa, data: hex('') }], ticketLifetime: 1 }),
  );
  interject(peer, ticket({ extensions: [{ name: 'earlyData', value: 16384 }] }));
  data(peer, bytes(3));
  assert.deepEqual(dataIn(peer.effects), bytes(3));
});

test('a ticket with an extension twice, or misplaced, is refused', () => {
  for (const [extensions, reason] of [
    [[unknown(0xfafa), unknown(0xfafa)], 'duplicate-extension'],
    [[unknown(51)], 'misplaced-extension'],
  ] as const) {
    const { peer } = establishedClient();
    interject(peer, ticket({ extensions }));
    assertMisbehaved(peer, 'illegal_parameter', reason);
  }
});

test('a ticket without a ticket is malformed', () => {
  const { peer } = establishedClient();
  deliver(peer, record(peer, 22, hex('04 00000d 00000001 00000002 00 0000 0000')));
  assertFailed(peer, 'decode_error', 'malformed newSessionTicket');
});

test('a ticket of the greatest length is taken in any pieces', () => {
  const { peer } = establishedClient();
  const most = ticket({ ticket: bytes(16 * 1024 - 4 - 13 - 2) });
  interject(peer, most);
  assertAt(peer, 'established');
});

for (const [role, reach] of roles) {
  test(`a ${role} reads under new keys behind a KeyUpdate, and under the old ones no more`, () => {
    const peer = reach();
    for (let i = 0; i < 3; i++) {
      updateKeys(peer, 0);
      data(peer, bytes(5, i));
      assert.deepEqual(dataIn(peer.latest), bytes(5, i));
    }
    const { write } = peer;
    updateKeys(peer, 0);
    peer.write = write;
    data(peer, bytes(5));
    assertMisbehaved(peer, 'bad_record_mac', 'decryption-failed');
  });

  test(`a ${role} refuses data under new keys without a KeyUpdate before (§4.7.3)`, () => {
    const peer = reach();
    const other = reach();
    updateKeys(other, 0);
    peer.write = other.write;
    data(peer, bytes(5));
    assertMisbehaved(peer, 'bad_record_mac', 'decryption-failed');
  });

  test(`a ${role} that is asked for new keys sends a KeyUpdate that asks for none before its next data`, () => {
    const peer = reach();
    updateKeys(peer, 1);
    follow(peer, send(peer.state, hex('')));
    assert.deepEqual(requests(peer), []);
    follow(peer, send(peer.state, bytes(5)));
    assert.deepEqual(requests(peer), [0]);
    const last = peer.heard.at(-1);
    assert.deepEqual(last?.kind === 'data' && last.bytes, bytes(5));
    follow(peer, send(peer.state, bytes(5)));
    assert.deepEqual(requests(peer), [0]);
  });

  test(`a ${role} that asks for new keys itself still owes the ones it was asked for`, () => {
    const peer = reach();
    updateKeys(peer, 1);
    follow(peer, updateOurKeys(peer.state, { ask: true }));
    assert.deepEqual(requests(peer), [1]);
    follow(peer, send(peer.state, bytes(5)));
    assert.deepEqual(requests(peer), [1, 0]);
  });

  test(`a ${role} that turns its keys over anyway has answered`, () => {
    const peer = reach();
    updateKeys(peer, 1);
    follow(peer, updateOurKeys(peer.state, { ask: false }));
    follow(peer, send(peer.state, bytes(5)));
    assert.deepEqual(requests(peer), [0]);
  });

  test(`a ${role} that says no more owes no keys`, () => {
    const peer = reach();
    updateKeys(peer, 1);
    follow(peer, close(peer.state));
    updateKeys(peer, 1);
    assertAt(peer, 'established');
    assert.deepEqual(requests(peer), []);
  });

  test(`a ${role} refuses a KeyUpdate that asks for something else`, () => {
    for (const value of [2, 255]) {
      const peer = reach();
      interject(peer, { kind: 'keyUpdate', body: { requestUpdate: value } });
      assertMisbehaved(peer, 'illegal_parameter', 'bad-key-update');
    }
  });

  test(`a ${role} takes a KeyUpdate of another length for malformed`, () => {
    for (const message of ['18 000000', '18 000002 0000']) {
      const peer = reach();
      deliver(peer, record(peer, 22, hex(message)));
      assertFailed(peer, 'decode_error', 'malformed keyUpdate');
    }
  });

  test(`a ${role} takes 32 KeyUpdates without data between them, and no more`, () => {
    for (const asked of [0, 1]) {
      const peer = reach();
      for (let i = 0; i < 32; i++) updateKeys(peer, asked);
      data(peer, hex('01'));
      for (let i = 0; i < 32; i++) updateKeys(peer, asked);
      assertAt(peer, 'established');
      assert.deepEqual(requests(peer), []);
      updateKeys(peer, asked);
      assertMisbehaved(peer, 'unexpected_message', 'too-many-post-handshake-messages');
    }
  });

  test(`empty records between KeyUpdates do not give a ${role}'s peer more of them`, () => {
    const peer = reach();
    for (let i = 0; i < 16; i++) {
      updateKeys(peer, 0);
      updateKeys(peer, 0);
      data(peer, hex(''));
    }
    updateKeys(peer, 0);
    assertMisbehaved(peer, 'unexpected_message', 'too-many-post-handshake-messages');
  });

  test(`several KeyUpdates that reach a silent ${role} are answered with one, in however many pieces they come`, () => {
    const together = reach();
    deliver(together, concatAll([1, 0, 1].map((asked) => keyUpdateRecord(together, asked))));
    const apart = reach();
    for (const asked of [1, 0, 1]) updateKeys(apart, asked);
    for (const peer of [together, apart]) {
      data(peer, bytes(4));
      assert.deepEqual(dataIn(peer.latest), bytes(4));
      follow(peer, send(peer.state, bytes(5)));
      assert.deepEqual(requests(peer), [0]);
      updateKeys(peer, 1);
      follow(peer, send(peer.state, bytes(5)));
      assert.deepEqual(requests(peer), [0, 0]);
    }
  });
}

test('tickets and KeyUpdates count together', () => {
  const { peer } = establishedClient();
  for (let i = 0; i < 16; i++) {
    interject(peer, ticket({}));
    updateKeys(peer, 0);
  }
  interject(peer, ticket({}));
  assertMisbehaved(peer, 'unexpected_message', 'too-many-post-handshake-messages');
});

const suites: readonly (readonly [Tls13CipherSuiteName, 'aesGcmRecords' | 'chaChaRecords'])[] = [
  ['TLS_AES_128_GCM_SHA256', 'aesGcmRecords'],
  ['TLS_AES_256_GCM_SHA384', 'aesGcmRecords'],
  ['TLS_CHACHA20_POLY1305_SHA256', 'chaChaRecords'],
];

for (const [suite, limit] of suites) {
  test(`under ${suite} a sender turns its keys over before the limit, by itself`, () => {
    const client = { limits: { [limit]: 10 }, cipherSuites: [suite] };
    const { peer } = establishedClient({ client, suite });
    const data = bytes(100 * 2 ** 14 + 5);
    const before = peer.heard.length;
    // All at once, and then record by record: the limit is the keys', not the call's.
    follow(peer, send(peer.state, data));
    for (let i = 0; i < 30; i++) follow(peer, send(peer.state, bytes(1)));
    const heard = peer.heard.slice(before);
    let underTheseKeys = 0;
    for (const one of heard) {
      underTheseKeys += 1;
      if (one.kind === 'message') underTheseKeys = 0;
      assert.ok(underTheseKeys <= 8, 'two records are spared, for a KeyUpdate and an alert');
    }
    assert.ok(requests(peer).every((request) => request === 0));
    const received = heard.flatMap((one) => (one.kind === 'data' ? [one.bytes] : []));
    assert.deepEqual(concatAll(received).subarray(0, data.length), data);
    assert.equal(requests(peer).length, Math.floor((101 + 30 - 1) / 8));
  });

  test(`under ${suite} a receiver asks for new keys at the limit, once until the peer answers`, () => {
    const client = { limits: { [limit]: 10 }, cipherSuites: [suite] };
    const { peer } = establishedClient({ client, suite });
    for (let i = 0; i < 9; i++) data(peer, hex('01'));
    assert.deepEqual(requests(peer), []);
    for (let i = 0; i < 20; i++) data(peer, hex('01'));
    assert.deepEqual(requests(peer), [1]);
    updateKeys(peer, 0);
    for (let i = 0; i < 10; i++) data(peer, hex('01'));
    assert.deepEqual(requests(peer), [1, 1]);
    assert.equal(dataIn(peer.effects).length, 39);
  });
}

test('requests that cross are both answered, and both sides end with the same keys', () => {
  const { peer } = establishedClient({ client: { limits: { aesGcmRecords: 3 } } });
  data(peer, hex('01'));
  data(peer, hex('01'));
  const third = record(peer, 23, hex('01'));
  const crossing = keyUpdateRecord(peer, 1);
  deliver(peer, third, crossing);
  assert.deepEqual(requests(peer), [1]);
  updateKeys(peer, 0);
  data(peer, bytes(9));
  assert.deepEqual(dataIn(peer.latest), bytes(9));
  follow(peer, send(peer.state, bytes(9)));
  assert.deepEqual(requests(peer), [1, 0]);
  const last = peer.heard.at(-1);
  assert.deepEqual(last?.kind === 'data' && last.bytes, bytes(9));
});

test('a receiver asks for nothing once one side has closed', () => {
  const { peer } = establishedClient({ client: { limits: { aesGcmRecords: 3 } } });
  for (let i = 0; i < 2; i++) data(peer, hex('01'));
  alert(peer, 'close_notify', 1);
  assert.deepEqual(requests(peer), []);
});

/** The request_update of each KeyUpdate that the engine has sent. */
function requests(peer: Peer): readonly number[] {
  return messagesHeard(peer, 'keyUpdate').map((message) =>
    message.kind === 'keyUpdate' ? message.body.requestUpdate : -1,
  );
}

function ticket(changes: Partial<NewSessionTicket>): HandshakeMessage {
  const body = {
    ticketLifetime: 7200,
    ticketAgeAdd: 0xfffffffe,
    ticketNonce: hex('00'),
    ticket: bytes(40),
    extensions: [],
    ...changes,
  };
  return { kind: 'newSessionTicket', body };
}

function unknown(type: number) {
  return { name: 'unknown', type, data: hex('') } as const;
}
