import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeFailure, send } from '../../src/index.ts';
import { encodeHandshake, type HandshakeMessage } from '../../src/messages.ts';
import { assertAt, assertFailed, assertIncompatible, assertMisbehaved } from './expect.ts';
import {
  changeCipherSpec,
  data,
  deliver,
  follow,
  type Peer,
  plainRecord,
  record,
  recordsOf,
} from './peer.ts';
import { meetServer } from './scripted-client.ts';
import { meetClient } from './scripted-server.ts';
import { clientStages, establishedClient, establishedServer, type Stage, serverStages } from './stages.ts';
import { bytes, concatAll, data as dataIn, find, hex, sent } from './support.ts';

// The record protocol (RFC 9846 §5): what may share a record, what may come between, and how long anything may be.

const HANDSHAKE = 22;
const keyUpdate: HandshakeMessage = { kind: 'keyUpdate', body: { requestUpdate: 0 } };

// §5.1: handshake messages do not span key changes.

test('a whole EncryptedExtensions in the record of ServerHello is refused', () => {
  const server = meetClient();
  const hello = server.compose.serverHello();
  const extensions = server.compose.encryptedExtensions();
  deliver(server.peer, plainRecord(HANDSHAKE, concatAll([hello, extensions])));
  assertMisbehaved(server.peer, 'unexpected_message', 'unread-handshake-bytes-at-key-change');
});

test('the first byte of EncryptedExtensions in the record of ServerHello is refused', () => {
  const server = meetClient();
  deliver(server.peer, plainRecord(HANDSHAKE, concatAll([server.compose.serverHello(), hex('08')])));
  assertMisbehaved(server.peer, 'unexpected_message', 'unread-handshake-bytes-at-key-change');
});

test('the end of a ServerHello with another message behind it is refused', () => {
  const server = meetClient();
  const hello = server.compose.serverHello();
  deliver(server.peer, plainRecord(HANDSHAKE, hello.subarray(0, 50)));
  deliver(server.peer, plainRecord(HANDSHAKE, concatAll([hello.subarray(50), hex('08000002 0000')])));
  assertMisbehaved(server.peer, 'unexpected_message', 'unread-handshake-bytes-at-key-change');
});

for (const [title, tail] of [
  ['a whole message', '14000020' + '00'.repeat(32)],
  ['a byte', '14'],
] as const) {
  test(`${title} behind ClientHello in its record is refused`, () => {
    const client = meetServer();
    deliver(client.peer, plainRecord(HANDSHAKE, concatAll([client.compose.clientHello(), hex(tail)])));
    assertMisbehaved(client.peer, 'unexpected_message', 'unread-handshake-bytes-at-key-change');
  });

  test(`${title} behind a ClientHello that is answered with HelloRetryRequest is refused in its record`, () => {
    const client = meetServer({ server: { groups: ['secp256r1'] } });
    deliver(client.peer, plainRecord(HANDSHAKE, concatAll([client.compose.clientHello(), hex(tail)])));
    assertMisbehaved(client.peer, 'unexpected_message', 'unread-handshake-bytes-at-key-change');
  });

  test(`${title} behind HelloRetryRequest in its record is refused`, () => {
    const server = meetClient();
    deliver(server.peer, plainRecord(HANDSHAKE, concatAll([server.compose.helloRetryRequest(), hex(tail)])));
    assertMisbehaved(server.peer, 'unexpected_message', 'unread-handshake-bytes-at-key-change');
  });

  test(`${title} behind the server's Finished in its record is refused`, () => {
    const server = meetClient();
    server.play('serverHello', 'encryptedExtensions', 'certificate', 'certificateVerify');
    const finished = server.compose.finished();
    deliver(server.peer, record(server.peer, HANDSHAKE, concatAll([finished, hex(tail)])));
    assertMisbehaved(server.peer, 'unexpected_message', 'unread-handshake-bytes-at-key-change');
  });

  test(`${title} behind the client's Finished in its record is refused`, () => {
    const client = meetServer();
    client.say.clientHello();
    const finished = client.compose.finished();
    deliver(client.peer, record(client.peer, HANDSHAKE, concatAll([finished, hex(tail)])));
    assertMisbehaved(client.peer, 'unexpected_message', 'unread-handshake-bytes-at-key-change');
  });
}

test('a KeyUpdate with anything behind it in its record is refused', () => {
  for (const tail of [encodeHandshake(keyUpdate), hex('18')]) {
    const { peer } = establishedClient();
    deliver(peer, record(peer, HANDSHAKE, concatAll([encodeHandshake(keyUpdate), tail])));
    assertMisbehaved(peer, 'unexpected_message', 'unread-handshake-bytes-at-key-change');
  }
});

test('messages between two key changes may share a record', () => {
  const server = meetClient();
  server.play('serverHello');
  const flight = [
    server.compose.encryptedExtensions(),
    server.compose.certificate(),
    server.compose.certificateVerify(),
    server.compose.finished(),
  ];
  deliver(server.peer, record(server.peer, HANDSHAKE, concatAll(flight)));
  assertAt(server.peer, 'established');
});

test('messages may be spread over records in any way', () => {
  for (const size of [1, 2, 3, 5, 100]) {
    const server = meetClient();
    server.play('serverHello');
    const flight = concatAll([
      server.compose.encryptedExtensions(),
      server.compose.certificate(),
      server.compose.certificateVerify(),
      server.compose.finished(),
    ]);
    for (let from = 0; from < flight.length; from += size) {
      deliver(server.peer, record(server.peer, HANDSHAKE, flight.subarray(from, from + size)));
    }
    assertAt(server.peer, 'established');
  }
});

// §5.1: nothing comes between the parts of a message.

const ticketStart = hex('04 0000ff 00');

for (const [title, between] of [
  ['application data', (peer: Peer) => record(peer, 23, hex('00'))],
  ['close_notify', (peer: Peer) => record(peer, 21, hex('0100'))],
  ['user_canceled', (peer: Peer) => record(peer, 21, hex('015a'))],
] as const) {
  test(`${title} between the parts of a message is refused`, () => {
    const { peer } = establishedClient();
    deliver(peer, record(peer, HANDSHAKE, ticketStart), between(peer));
    assertMisbehaved(peer, 'unexpected_message', 'interleaved-handshake-message');
    assert.equal(find(peer.effects, 'data'), undefined);
    assert.equal(find(peer.effects, 'peerClosed'), undefined);
  });
}

test('change_cipher_spec between the parts of a message is refused', () => {
  const server = meetClient();
  server.play('serverHello');
  const extensions = server.compose.encryptedExtensions();
  deliver(server.peer, record(server.peer, HANDSHAKE, extensions.subarray(0, 3)), changeCipherSpec);
  assertMisbehaved(server.peer, 'unexpected_message', 'interleaved-handshake-message');
});

test('an error alert is heard even between the parts of a message', () => {
  const { peer } = establishedClient();
  deliver(peer, record(peer, HANDSHAKE, ticketStart), record(peer, 21, hex('0250')));
  assertFailed(peer, undefined, 'peerAlert internal_error');
});

// §5.1, §5.4: records without content.

for (const stage of [...clientStages, ...serverStages]) {
  test(`${stage.title} refuses an empty fragment of a handshake message, and an empty alert`, () => {
    for (const type of [HANDSHAKE, 21]) {
      for (const padding of stage.reach().write === undefined ? [0] : [0, 100]) {
        const peer = stage.reach();
        deliver(peer, record(peer, type, hex(''), { padding }));
        assertMisbehaved(peer, 'unexpected_message', 'empty-fragment');
      }
    }
  });
}

test('application data without content is cover traffic, but not for ever', () => {
  const { peer } = establishedServer();
  for (let i = 0; i < 16; i++) data(peer, hex(''), { padding: i * 10 });
  data(peer, hex('01'));
  for (let i = 0; i < 16; i++) data(peer, hex(''));
  assertAt(peer, 'established');
  assert.deepEqual(dataIn(peer.effects), hex('01'));
  data(peer, hex(''));
  assertMisbehaved(peer, 'unexpected_message', 'too-many-useless-records');
});

test('a protected record of padding alone has no type, and is refused', () => {
  for (const length of [0, 1, 1000]) {
    const { peer } = establishedClient();
    // Type zero is padding too.
    deliver(peer, record(peer, 0, new Uint8Array(length)));
    assertMisbehaved(peer, 'unexpected_message', 'no-content-type');
  }
});

// §5: change_cipher_spec.

function afterTwo(peer: Peer): Peer {
  deliver(peer, changeCipherSpec, changeCipherSpec);
  return peer;
}

for (const stage of [...clientStages, ...serverStages]) {
  const isExpected =
    !['awaitClientHello', 'established'].includes(stage.phase) && !/^awaitLate/.test(stage.phase);

  test(`${stage.title} ${isExpected ? 'drops two' : 'refuses'} change_cipher_spec`, () => {
    const peer = stage.reach();
    if (!isExpected) {
      deliver(peer, changeCipherSpec);
      assertMisbehaved(peer, 'unexpected_message', 'bad-change-cipher-spec');
      return;
    }
    assertAt(afterTwo(peer), stage.phase);
    deliver(peer, changeCipherSpec);
    assertMisbehaved(peer, 'unexpected_message', 'bad-change-cipher-spec');
  });
}

for (const [title, content] of [
  ['another byte', '00'],
  ['two bytes', '0101'],
  ['no byte', ''],
] as const) {
  test(`a change_cipher_spec with ${title} is refused`, () => {
    const { peer } = meetClient();
    deliver(peer, plainRecord(20, hex(content)));
    assertMisbehaved(peer, 'unexpected_message', 'bad-change-cipher-spec');
  });
}

test('a protected change_cipher_spec is refused', () => {
  const server = meetClient();
  server.play('serverHello');
  deliver(server.peer, record(server.peer, 20, hex('01')));
  assertMisbehaved(server.peer, 'unexpected_message', 'unexpected-message');
});

// §5.1, §5.2: how long a record may be.

test('a record longer than any may be is refused at its header', () => {
  for (const [header, stage] of [
    [hex('16 0301 4001'), serverStages[0]],
    [hex('15 0303 4001'), clientStages[0]],
    [hex('17 0303 4101'), clientStages.at(-1)],
    [hex('17 0303 ffff'), serverStages.at(-1)],
  ] as const) {
    const peer = (stage ?? assert.fail()).reach();
    deliver(peer, header);
    assertMisbehaved(peer, 'record_overflow', 'record-too-long');
  }
});

test('a protected record may hold 2^14 bytes and its type, padding included, and no more', () => {
  for (const [length, padding] of [
    [2 ** 14, 0],
    [1, 2 ** 14 - 1],
    [0, 2 ** 14],
  ] as const) {
    const { peer } = establishedClient();
    data(peer, bytes(length), { padding });
    assertAt(peer, 'established');
    assert.deepEqual(dataIn(peer.effects), bytes(length));
    const beyond = establishedClient();
    data(beyond.peer, bytes(length), { padding: padding + 1 });
    assertMisbehaved(beyond.peer, 'record_overflow', 'record-too-long');
    assert.equal(find(beyond.peer.effects, 'data'), undefined);
  }
});

test('a protected record shorter than a tag does not authenticate', () => {
  for (const length of [0, 1, 15, 16]) {
    const { peer } = establishedClient();
    deliver(peer, plainRecord(23, new Uint8Array(length)));
    assertMisbehaved(peer, 'bad_record_mac', 'decryption-failed');
  }
});

test('a record out of turn does not authenticate, and none of it is handed out', () => {
  const { peer } = establishedClient();
  const [first, second] = [record(peer, 23, hex('01')), record(peer, 23, hex('02'))];
  deliver(peer, second, first);
  assertMisbehaved(peer, 'bad_record_mac', 'decryption-failed');
  assert.equal(find(peer.effects, 'data'), undefined);
});

for (const stage of [...clientStages, ...serverStages].filter(isProtected)) {
  test(`${stage.title} takes no handshake message and no data in the clear`, () => {
    for (const [type, reason, alert] of [
      [HANDSHAKE, 'unexpected-message', 'unexpected_message'],
      [23, 'decryption-failed', 'bad_record_mac'],
    ] as const) {
      const peer = stage.reach();
      deliver(peer, plainRecord(type, bytes(40)));
      assertMisbehaved(peer, alert, reason);
    }
  });
}

// What is no TLS 1.3 at all.

test('plaintext HTTP is refused with a hint at what it is', () => {
  for (const [peer, text] of [
    [meetServer().peer, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
    [meetClient().peer, 'HTTP/1.1 400 Bad Request\r\n'],
    [meetClient().peer, '220 mail.example ESMTP\r\n'],
  ] as const) {
    deliver(peer, new TextEncoder().encode(text));
    assertMisbehaved(peer, 'unexpected_message', 'unexpected-message');
    const failure = find(peer.effects, 'failed')?.failure;
    assert.match(
      failure === undefined ? '' : describeFailure(failure),
      /plain text: does the peer speak TLS\?/,
    );
  }
});

test('random bytes are refused without that hint', () => {
  const { peer } = meetServer();
  deliver(peer, hex('ff00ff00ff'));
  assertMisbehaved(peer, 'unexpected_message', 'unexpected-message');
  const failure = find(peer.effects, 'failed')?.failure;
  assert.doesNotMatch(failure === undefined ? '' : describeFailure(failure), /plain text/);
});

test('the hello of SSL 2.0, and that of SSL 3.0, are refused for their version', () => {
  const { peer } = meetServer();
  deliver(peer, hex('80 2e 01 0301 0015 0000 0010 000001'));
  assertIncompatible(peer, 'protocol_version', 'no-common-version');
  const client = meetServer();
  const hello = client.compose.clientHello((honest) => ({
    ...honest,
    legacyVersion: 0x0300,
    extensions: [],
  }));
  // SSL 3.0 has no extensions, not even an empty block of them.
  hello[3] = (hello[3] ?? 0) - 2;
  deliver(client.peer, plainRecord(HANDSHAKE, hello.subarray(0, -2), 0x0300));
  assertIncompatible(client.peer, 'protocol_version', 'no-common-version');
});

test('the version of a record in the clear is ignored, unless it is older than SSL 3.0 (§5.1, §E.5)', () => {
  for (const version of [0x0300, 0x0301, 0x0304, 0x03ff, 0x7f1c]) {
    const client = meetServer();
    deliver(client.peer, plainRecord(HANDSHAKE, client.compose.clientHello(), version));
    assertAt(client.peer, 'awaitClientFinished');
  }
  const client = meetServer();
  deliver(client.peer, plainRecord(HANDSHAKE, client.compose.clientHello(), 0x02ff));
  assertMisbehaved(client.peer, 'protocol_version', 'bad-record-version');
});

// How long a message may be.

const tooLong: readonly (readonly [string, () => Peer, Uint8Array])[] = [
  ['a ClientHello of more than 64 KiB', () => meetServer().peer, hex('01 00fffd')],
  ['a ServerHello of more than 64 KiB', () => meetClient().peer, hex('02 00fffd')],
  [
    'a Certificate of more than 100 KiB',
    () => stageOf('awaitCertificateOrRequest').reach(),
    hex('0b 018ffd'),
  ],
  ['a ticket of more than 16 KiB', () => establishedClient().peer, hex('04 003ffd')],
  [
    'anything of more than 1 KiB behind the handshake, at a server',
    () => establishedServer().peer,
    hex('18 0003fd'),
  ],
];

for (const [title, reach, header] of tooLong) {
  test(`${title} is refused at its header`, () => {
    const peer = reach();
    deliver(peer, record(peer, HANDSHAKE, header));
    assertMisbehaved(peer, 'illegal_parameter', 'message-too-long');
    // One byte less, and it waits for the rest.
    const patient = reach();
    const shorter = header.map((byte, i) => (i === 3 ? byte - 1 : byte));
    deliver(patient, record(patient, HANDSHAKE, shorter));
    assert.equal(find(patient.effects, 'failed'), undefined);
  });
}

test('a configuration can lower the limits of messages', () => {
  const peer = meetServer({ server: { limits: { handshakeMessage: 100 } } }).peer;
  deliver(peer, plainRecord(HANDSHAKE, hex('01 000061')));
  assertMisbehaved(peer, 'illegal_parameter', 'message-too-long');
});

// What we send.

test('data is sent in full records, and exactly n × 16 KiB without an empty one behind them', () => {
  for (const [length, records] of [
    [0, 0],
    [1, 1],
    [2 ** 14, 1],
    [2 ** 14 + 1, 2],
    [3 * 2 ** 14, 3],
  ] as const) {
    const { peer } = establishedClient();
    const before = peer.heard.length;
    follow(peer, send(peer.state, bytes(length)));
    const heard = peer.heard.slice(before).flatMap((one) => (one.kind === 'data' ? [one.bytes] : []));
    assert.equal(heard.length, records);
    assert.ok(heard.every((part) => part.length > 0));
    assert.deepEqual(concatAll(heard), bytes(length));
    assert.equal(recordsOf(sent(peer.latest)).length, records);
  }
});

test('a lower recordPlaintext makes smaller records of data and of handshake messages', () => {
  const { peer } = establishedServer({ server: { limits: { recordPlaintext: 64 } } });
  follow(peer, send(peer.state, bytes(200)));
  assert.deepEqual(
    recordsOf(sent(peer.latest)).map(({ length }) => length - 5 - 16 - 1),
    [64, 64, 64, 8],
  );
});

function isProtected({ phase }: Stage): boolean {
  return ![
    'awaitServerHello',
    'awaitSecondServerHello',
    'awaitClientHello',
    'awaitSecondClientHello',
  ].includes(phase);
}

function stageOf(phase: Stage['phase']): Stage {
  return clientStages.find((stage) => stage.phase === phase) ?? assert.fail();
}
