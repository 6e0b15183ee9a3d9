import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findExtension } from '../../src/extensions.ts';
import { groupCode } from '../../src/groups.ts';
import type { Misbehaviour } from '../../src/index.ts';
import { type ClientHello, type HelloRetryRequest, helloRetryRequest } from '../../src/messages.ts';
import { encode } from '../../src/wire/codec.ts';
import { adding, type Edit, raw, replacing, unchanged, without } from './edits.ts';
import { assertAt, assertFailed, assertMisbehaved } from './expect.ts';
import { changeCipherSpec, deliver, messagesHeard, plainRecord } from './peer.ts';
import { meetServer, type ScriptedClient } from './scripted-client.ts';
import { bytes, find, hex, sent } from './support.ts';

// What a server asks in a HelloRetryRequest (RFC 9846 §4.2.4), what may differ in the hello that answers it (§4.2.2), and
// what becomes of early data that it does not take (§4.3.10).

const padding = raw(21, '000000000000000000');
const grease = raw(0xfafa, '00');

const refused: readonly (readonly [string, Edit, Misbehaviour])[] = [
  ['another random', (hello) => ({ ...hello, random: bytes(32, 77) }), 'second-client-hello-differs'],
  [
    'another session id',
    (hello) => ({ ...hello, legacySessionId: bytes(32, 77) }),
    'second-client-hello-differs',
  ],
  ['no session id', (hello) => ({ ...hello, legacySessionId: hex('') }), 'second-client-hello-differs'],
  ['a suite less', (hello) => ({ ...hello, cipherSuites: [0x1301, 0x1302] }), 'second-client-hello-differs'],
  [
    'a suite more',
    (hello) => ({ ...hello, cipherSuites: [...hello.cipherSuites, 0x1304] }),
    'second-client-hello-differs',
  ],
  [
    'suites in another order',
    (hello) => ({ ...hello, cipherSuites: [0x1303, 0x1302, 0x1301] }),
    'second-client-hello-differs',
  ],
  [
    'another server_name',
    replacing({ name: 'serverName', value: [{ nameType: 0, hostName: 'b.example' }] }),
    'second-client-hello-differs',
  ],
  ['no server_name', without('serverName'), 'second-client-hello-differs'],
  [
    'other versions',
    replacing({ name: 'supportedVersions', value: [0x0304, 0x0303] }),
    'second-client-hello-differs',
  ],
  [
    'other groups',
    replacing({ name: 'supportedGroups', value: [0x001d, 0x0017, 0x0018] }),
    'second-client-hello-differs',
  ],
  [
    'other schemes',
    replacing({ name: 'signatureAlgorithms', value: [0x0807] }),
    'second-client-hello-differs',
  ],
  [
    'ALPN that was not there',
    adding({ name: 'applicationLayerProtocolNegotiation', value: ['h2'] }),
    'second-client-hello-differs',
  ],
  [
    'extensions in another order',
    (hello) => ({ ...hello, extensions: [...hello.extensions].reverse() }),
    'second-client-hello-differs',
  ],
  ['early_data', adding({ name: 'earlyData', value: hex('') }), 'early-data-after-retry'],
  ['no share', shares(), 'key-share-not-as-requested'],
  ['the share of another group', shares(groupCode('x25519')), 'key-share-not-as-requested'],
  [
    'the share that was asked for and another',
    shares(groupCode('x25519'), groupCode('secp256r1')),
    'key-share-not-as-requested',
  ],
  ['a cookie that nobody gave', adding({ name: 'cookie', value: hex('01') }), 'cookie-not-echoed'],
];

for (const [title, edit, reason] of refused) {
  test(`a second ClientHello with ${title} is refused`, () => {
    const client = askedAgain();
    client.say.clientHello(edit);
    assertMisbehaved(client.peer, 'illegal_parameter', reason);
  });
}

test('a second ClientHello with a share behind the one that was asked for is refused', () => {
  const threeGroups = replacing({ name: 'supportedGroups', value: [0x001d, 0x0017, 0x0018] });
  const client = meetServer({ server: { groups: ['secp256r1'] } });
  client.say.clientHello(threeGroups);
  const extra = { group: groupCode('secp384r1'), keyExchange: bytes(97) };
  client.say.clientHello((hello) => {
    const asked = findExtension(hello.extensions, 'keyShare') ?? [];
    return replacing({ name: 'keyShare', value: [...asked, extra] })(threeGroups(hello));
  });
  assertMisbehaved(client.peer, 'illegal_parameter', 'key-share-not-as-requested');
});

test('a second ClientHello with compression, or another legacy_version, differs too', () => {
  for (const change of [{ legacyCompressionMethods: hex('0100') }, { legacyVersion: 0x0302 }]) {
    const client = askedAgain();
    client.say.clientHello((hello) => ({ ...hello, ...change }));
    assertMisbehaved(client.peer, 'illegal_parameter', 'second-client-hello-differs');
  }
});

const accepted: readonly (readonly [string, Edit, Edit])[] = [
  ['padding that is gone', adding(padding), unchanged],
  ['padding that is new', unchanged, adding(padding)],
  ['padding of another length', adding(padding), adding({ ...padding, data: new Uint8Array(2) })],
  ['early_data that is gone', adding({ name: 'earlyData', value: hex('') }), unchanged],
  [
    'an unknown extension, which may have rules of its own',
    adding(grease),
    adding({ ...grease, data: hex('01') }),
  ],
];

for (const [title, first, second] of accepted) {
  test(`a second ClientHello may have ${title}`, () => {
    const client = meetServer({ server: { groups: ['secp256r1'] } });
    client.say.clientHello(first);
    client.say.clientHello(second);
    client.say.finished();
    assertAt(client.peer, 'established');
    assert.equal(find(client.peer.effects, 'established')?.facts.helloRetryRequest, true);
  });
}

test('a HelloRetryRequest asks for the best common group and echoes the session id, change_cipher_spec behind it', () => {
  const client = askedAgain();
  const retry = retryOf(client);
  assert.equal(findExtension(retry.extensions, 'keyShare'), groupCode('secp256r1'));
  assert.equal(findExtension(retry.extensions, 'supportedVersions'), 0x0304);
  assert.equal(findExtension(retry.extensions, 'cookie'), undefined);
  assert.deepEqual(retry.legacySessionIdEcho, bytes(32, 32));
  assert.deepEqual(sent(client.peer.latest).subarray(-6), changeCipherSpec);
  assert.deepEqual(encode(helloRetryRequest, retry).subarray(0, 6), hex('0303 cf21ad74'));
});

test('change_cipher_spec is sent once: behind the HelloRetryRequest and not again behind ServerHello (§E.4)', () => {
  const client = askedAgain();
  client.say.clientHello();
  assert.equal(client.peer.heard.filter(({ kind }) => kind === 'changeCipherSpec').length, 1);
});

test('a second HelloRetryRequest is never sent: a hello that still lacks the share is refused', () => {
  const client = meetServer({ keyShares: [] });
  client.say.clientHello();
  client.say.clientHello(shares());
  assertMisbehaved(client.peer, 'illegal_parameter', 'key-share-not-as-requested');
});

test('the cipher suite of the HelloRetryRequest is that of ServerHello', () => {
  const client = askedAgain();
  client.say.clientHello();
  const [hello] = messagesHeard(client.peer, 'serverHello');
  assert.ok(hello?.kind === 'serverHello');
  assert.equal(hello.body.cipherSuite, retryOf(client).cipherSuite);
});

for (const [title, edit] of [
  ['without the cookie', without('cookie')],
  ['with another cookie', replacing({ name: 'cookie', value: bytes(32, 5) })],
  ['with the beginning of the cookie', (hello: ClientHello) => cookieCut(hello)],
] as const) {
  test(`a server that gave a cookie refuses a second ClientHello ${title}`, () => {
    const client = meetServer({ server: { groups: ['secp256r1'], helloRetryCookie: true } });
    client.say.clientHello();
    assert.equal(findExtension(retryOf(client).extensions, 'cookie')?.length, 32);
    client.say.clientHello(edit);
    assertMisbehaved(client.peer, 'illegal_parameter', 'cookie-not-echoed');
  });
}

test('a ClientHello behind the handshake is unexpected: there is no renegotiation (§4.2.2)', () => {
  const client = meetServer();
  client.say.clientHello();
  client.say.finished();
  client.say.clientHello();
  assertMisbehaved(client.peer, 'unexpected_message', 'unexpected-message');
});

const earlyData = { name: 'earlyData', value: hex('') } as const;
/** Early data is under keys that this server does not have: to it, any bytes. */
const early = (length: number): Uint8Array => plainRecord(23, bytes(length, length));

test('early data is dropped unread until the first record that opens', () => {
  const client = meetServer({ extensions: [earlyData] });
  client.say.clientHello();
  deliver(client.peer, early(100), early(17), changeCipherSpec, early(5000));
  client.say.finished();
  assertAt(client.peer, 'established');
  assert.equal(find(client.peer.effects, 'data'), undefined);
  deliver(client.peer, early(100));
  assertMisbehaved(client.peer, 'bad_record_mac', 'decryption-failed');
});

test('early data is dropped before the second ClientHello, and no more behind it', () => {
  const client = meetServer({ server: { groups: ['secp256r1'] } });
  client.say.clientHello(adding(earlyData));
  deliver(client.peer, early(100));
  client.say.clientHello();
  deliver(client.peer, early(100));
  assertMisbehaved(client.peer, 'bad_record_mac', 'decryption-failed');
});

test('early data between the parts of the second ClientHello is not dropped but refused (§5.1)', () => {
  const client = meetServer({ server: { groups: ['secp256r1'] } });
  client.say.clientHello(adding(earlyData));
  const second = client.compose.clientHello();
  deliver(client.peer, plainRecord(22, second.subarray(0, 20)), early(100));
  assertMisbehaved(client.peer, 'unexpected_message', 'interleaved-handshake-message');
});

test('what is dropped is bounded by the data inside, and empty records count', () => {
  const budget = { server: { limits: { skippedEarlyData: 1000 } }, extensions: [earlyData] };
  const within = meetServer(budget);
  within.say.clientHello();
  deliver(within.peer, early(500 + 17), early(500 + 17));
  within.say.finished();
  assertAt(within.peer, 'established');
  const beyond = meetServer(budget);
  beyond.say.clientHello();
  deliver(beyond.peer, early(500 + 17), early(501 + 17));
  assertMisbehaved(beyond.peer, 'unexpected_message', 'too-much-early-data');
  const endless = meetServer(budget);
  endless.say.clientHello();
  for (let i = 0; i < 1000; i++) deliver(endless.peer, early(17));
  assertAt(endless.peer, 'awaitClientFinished');
  // With nothing left to drop, a record must open.
  deliver(endless.peer, early(17));
  assertMisbehaved(endless.peer, 'bad_record_mac', 'decryption-failed');
});

test('a client that did not announce early data may not send any', () => {
  const client = meetServer();
  client.say.clientHello();
  deliver(client.peer, early(100));
  assertMisbehaved(client.peer, 'bad_record_mac', 'decryption-failed');
});

test('early_data with something in it is malformed', () => {
  const client = meetServer();
  client.say.clientHello(adding(raw(42, '00')));
  assertFailed(client.peer, 'decode_error', 'malformed clientHello');
});

/** A client that has been asked for a share of secp256r1. */
function askedAgain(): ScriptedClient {
  const client = meetServer({ server: { groups: ['secp256r1'] } });
  client.say.clientHello();
  assertAt(client.peer, 'awaitSecondClientHello');
  return client;
}

function retryOf({ peer }: ScriptedClient): HelloRetryRequest {
  const [message] = messagesHeard(peer, 'helloRetryRequest');
  assert.ok(message?.kind === 'helloRetryRequest');
  return message.body;
}

function cookieCut(hello: ClientHello): ClientHello {
  const cookie = findExtension(hello.extensions, 'cookie') ?? assert.fail('no cookie');
  return replacing({ name: 'cookie', value: cookie.subarray(0, 31) })(hello);
}

function shares(...groups: readonly number[]): Edit {
  const value = groups.map((group) => ({
    group,
    keyExchange: bytes(group === groupCode('x25519') ? 32 : 65),
  }));
  return replacing({ name: 'keyShare', value });
}
