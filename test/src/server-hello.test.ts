import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type GroupName, noble, secret } from '../../nocrypto/index.ts';
import { findExtension, type UnknownExtension } from '../../src/extensions.ts';
import { groupCode } from '../../src/groups.ts';
import type { AlertName, Misbehaviour } from '../../src/index.ts';
import type { ClientHello, HelloRetryRequest, ServerHello } from '../../src/messages.ts';
import { assertAt, assertFailed, assertIncompatible, assertMisbehaved } from './expect.ts';
import { messagesHeard } from './peer.ts';
import { meetClient, type ScriptedServer, serverFlight } from './scripted-server.ts';
import { bytes, hex, sent } from './support.ts';

// What a client checks in ServerHello (RFC 9846 §4.2.3) and HelloRetryRequest (§4.2.4).

type EditOfBoth = <H extends ServerHello | HelloRetryRequest>(honest: H) => H;

const inBoth: readonly (readonly [string, EditOfBoth, AlertName, Misbehaviour])[] = [
  ['a cipher suite nobody knows', suite(0x1304), 'illegal_parameter', 'unoffered-cipher-suite'],
  ['a cipher suite of TLS 1.2', suite(0xc02f), 'illegal_parameter', 'unoffered-cipher-suite'],
  ['a cipher suite that was not offered', suite(0x1302), 'illegal_parameter', 'unoffered-cipher-suite'],
  ['another session id', sessionId(bytes(32, 99)), 'illegal_parameter', 'session-id-not-echoed'],
  ['no session id', sessionId(hex('')), 'illegal_parameter', 'session-id-not-echoed'],
  ['a shorter session id', sessionId(bytes(31)), 'illegal_parameter', 'session-id-not-echoed'],
  ['compression (CRIME)', compression(1), 'illegal_parameter', 'bad-compression-method'],
  ['the legacy_version 1.3', legacyVersion(0x0304), 'protocol_version', 'bad-legacy-version'],
  ['the legacy_version 1.1', legacyVersion(0x0302), 'protocol_version', 'bad-legacy-version'],
  ['the legacy_version SSL 3.0', legacyVersion(0x0300), 'protocol_version', 'bad-legacy-version'],
  ['TLS 1.2 in supported_versions', version(0x0303), 'illegal_parameter', 'unoffered-version'],
  ['a version from the future', version(0x0305), 'illegal_parameter', 'unoffered-version'],
  ['a draft of TLS 1.3', version(0x7f1c), 'illegal_parameter', 'unoffered-version'],
  ['an extension nobody knows', adding(0xfafa, ''), 'unsupported_extension', 'unsolicited-extension'],
  ['supported_versions twice', adding(43, '0304'), 'illegal_parameter', 'duplicate-extension'],
  ['server_name, misplaced', adding(0, ''), 'illegal_parameter', 'misplaced-extension'],
  ['ALPN, misplaced', adding(16, '0003026832'), 'illegal_parameter', 'misplaced-extension'],
  ['supported_groups, misplaced', adding(10, '0002001d'), 'illegal_parameter', 'misplaced-extension'],
  ['signature_algorithms, misplaced', adding(13, '00020403'), 'illegal_parameter', 'misplaced-extension'],
  ['early_data, misplaced', adding(42, ''), 'illegal_parameter', 'misplaced-extension'],
];

for (const [title, edit, alert, reason] of inBoth) {
  test(`a ServerHello with ${title} is refused`, () => {
    const server = meetClient({ client: { cipherSuites: ['TLS_AES_128_GCM_SHA256'] } });
    server.say.serverHello(edit);
    assertMisbehaved(server.peer, alert, reason);
  });

  test(`a HelloRetryRequest with ${title} is refused`, () => {
    const server = meetClient({ client: { cipherSuites: ['TLS_AES_128_GCM_SHA256'] } });
    server.say.helloRetryRequest(edit);
    assertMisbehaved(server.peer, alert, reason);
  });
}

test('a pre_shared_key that was not asked for, or names a key that was not offered, is refused', () => {
  const unasked = meetClient();
  unasked.say.serverHello((hello) => ({
    ...hello,
    extensions: [...hello.extensions, { name: 'preSharedKey', value: 0 }],
  }));
  assertMisbehaved(unasked.peer, 'unsupported_extension', 'unsolicited-extension');
  const external = { identity: bytes(8), secret: secret(bytes(32)) };
  const unoffered = meetClient({ client: { externalPsks: [external] } });
  unoffered.say.serverHello((hello) => ({
    ...hello,
    extensions: [...hello.extensions, { name: 'preSharedKey', value: 7 }],
  }));
  assertMisbehaved(unoffered.peer, 'illegal_parameter', 'unoffered-psk');
  const otherHash = meetClient({
    client: {
      externalPsks: [external],
      cipherSuites: ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384'],
    },
  });
  // The second of the imported keys is for SHA-384, and the suite is not.
  otherHash.say.serverHello((hello) => ({
    ...hello,
    extensions: [...hello.extensions, { name: 'preSharedKey', value: 1 }],
  }));
  assertMisbehaved(otherHash.peer, 'illegal_parameter', 'unoffered-psk');
});

test('a server that answers with TLS 1.2 shares no version with the client', () => {
  const server = meetClient();
  server.say.serverHello((hello) => ({ ...hello, extensions: [] }));
  assertIncompatible(server.peer, 'protocol_version', 'no-common-version');
});

for (const [version, sentinel] of [
  ['TLS 1.2', '444f574e47524401'],
  ['TLS 1.1', '444f574e47524400'],
] as const) {
  test(`a ServerHello of an older TLS with the sentinel for ${version} betrays a downgrade`, () => {
    const server = meetClient();
    const random = Uint8Array.of(...bytes(24), ...hex(sentinel));
    server.say.serverHello((hello) => ({ ...hello, random, extensions: [] }));
    assertMisbehaved(server.peer, 'illegal_parameter', 'downgrade-sentinel');
  });
}

test('the same bytes in the random of a TLS 1.3 ServerHello mean nothing', () => {
  const server = meetClient();
  const random = Uint8Array.of(...bytes(24), ...hex('444f574e47524401'));
  server.say.serverHello((hello) => ({ ...hello, random }));
  assertAt(server.peer, 'awaitEncryptedExtensions');
});

test('a client that sent no session id wants none echoed', () => {
  const server = meetClient({ client: { middleboxCompatibility: false } });
  assert.equal(server.hello().legacySessionId.length, 0);
  server.say.serverHello((hello) => ({ ...hello, legacySessionIdEcho: bytes(32) }));
  assertMisbehaved(server.peer, 'illegal_parameter', 'session-id-not-echoed');
});

test('a ServerHello without key_share is refused', () => {
  const server = meetClient();
  server.say.serverHello(without('keyShare'));
  assertMisbehaved(server.peer, 'missing_extension', 'missing-extension');
});

test('a ServerHello with cookie is refused', () => {
  const server = meetClient();
  server.say.serverHello(adding(44, '000101'));
  assertMisbehaved(server.peer, 'illegal_parameter', 'misplaced-extension');
});

for (const [title, group] of [
  ['that was offered, but without a share', groupCode('secp256r1')],
  ['that was not offered', groupCode('secp384r1')],
  ['nobody knows', 0xfafa],
] as const) {
  test(`a key share of a group ${title} is refused`, () => {
    const server = meetClient();
    server.say.serverHello(share({ group, keyExchange: bytes(65) }));
    assertMisbehaved(server.peer, 'illegal_parameter', 'unoffered-group');
  });
}

const badShares: readonly (readonly [string, GroupName, Uint8Array])[] = [
  ['too short', 'x25519', bytes(31)],
  ['too long', 'x25519', bytes(33)],
  ['zero, which makes every secret zero', 'x25519', new Uint8Array(32)],
  // RFC 7748 §6.1 in the terms of low order: u = 1.
  ['of low order', 'x25519', Uint8Array.of(1, ...new Uint8Array(31))],
  ['off the curve', 'secp256r1', Uint8Array.of(4, ...bytes(64))],
  ['the point at infinity', 'secp256r1', Uint8Array.of(0)],
  ['all zeros', 'secp256r1', new Uint8Array(65)],
  ['off the curve', 'secp384r1', Uint8Array.of(4, ...bytes(96))],
  ['too short', 'X25519MLKEM768', bytes(1119)],
  ['with a zero X25519 part', 'X25519MLKEM768', Uint8Array.of(...bytes(1088), ...new Uint8Array(32))],
];

for (const [title, group, keyExchange] of badShares) {
  test(`a key share of ${group} that is ${title} is refused`, () => {
    const server = meetClient({ client: { crypto: noble, groups: [group], keyShares: [group] } });
    server.say.serverHello(share({ group: groupCode(group), keyExchange }));
    assertMisbehaved(server.peer, 'illegal_parameter', 'bad-key-share');
  });
}

test('a compressed point is refused: TLS 1.3 has one point format', () => {
  const options = { crypto: noble, groups: ['secp256r1'], keyShares: ['secp256r1'] } as const;
  const server = meetClient({ client: options });
  server.say.serverHello((hello) => {
    const { group, keyExchange } = findExtension(hello.extensions, 'keyShare') ?? assert.fail();
    const compressed = Uint8Array.of(2 + ((keyExchange[64] ?? 0) & 1), ...keyExchange.subarray(1, 33));
    return share({ group, keyExchange: compressed })(hello);
  });
  assertMisbehaved(server.peer, 'illegal_parameter', 'bad-key-share');
});

test('a HelloRetryRequest that changes nothing is refused', () => {
  const server = meetClient();
  server.say.helloRetryRequest(without('keyShare'));
  assertMisbehaved(server.peer, 'illegal_parameter', 'hello-retry-request-without-change');
});

test('a HelloRetryRequest without supported_versions is refused', () => {
  const server = meetClient();
  server.say.helloRetryRequest(without('supportedVersions'));
  assertMisbehaved(server.peer, 'missing_extension', 'missing-extension');
});

for (const [title, group, reason] of [
  ['whose share it has', groupCode('x25519'), 'retry-for-shared-group'],
  ['that was not offered', groupCode('secp384r1'), 'retry-for-unoffered-group'],
  ['nobody knows', 0xfafa, 'retry-for-unoffered-group'],
] as const) {
  test(`a HelloRetryRequest for a group ${title} is refused`, () => {
    const server = meetClient();
    server.say.helloRetryRequest(retryGroup(group));
    assertMisbehaved(server.peer, 'illegal_parameter', reason);
  });
}

test('a HelloRetryRequest with an empty cookie is malformed', () => {
  const server = meetClient();
  server.say.helloRetryRequest(adding(44, '0000'));
  assertFailed(server.peer, 'decode_error', 'malformed helloRetryRequest');
});

test('a cookie longer than the limit is refused, and one of its length is not', () => {
  for (const length of [100, 101]) {
    const server = meetClient({ client: { limits: { cookie: 100 } } });
    server.say.helloRetryRequest((retry) => ({
      ...retry,
      extensions: [...retry.extensions, { name: 'cookie', value: bytes(length) }],
    }));
    if (length === 100) assertAt(server.peer, 'awaitSecondServerHello');
    else assertMisbehaved(server.peer, 'illegal_parameter', 'cookie-too-long');
  }
});

test('a second HelloRetryRequest is unexpected', () => {
  const server = meetClient();
  server.play('helloRetryRequest');
  server.say.helloRetryRequest(retryGroup(groupCode('x25519')));
  assertMisbehaved(server.peer, 'unexpected_message', 'second-hello-retry-request');
});

test('a HelloRetryRequest behind ServerHello is unexpected', () => {
  const server = meetClient();
  server.play('serverHello', 'helloRetryRequest');
  assertMisbehaved(server.peer, 'unexpected_message', 'unexpected-message');
});

test('a ServerHello with another cipher suite than the HelloRetryRequest is refused', () => {
  const server = meetClient();
  server.play('helloRetryRequest');
  server.say.serverHello(suite(0x1303));
  assertMisbehaved(server.peer, 'illegal_parameter', 'cipher-suite-changed-after-retry');
});

test('a ServerHello with another version than the HelloRetryRequest is refused', () => {
  const server = meetClient();
  server.play('helloRetryRequest');
  server.say.serverHello(version(0x0303));
  assertMisbehaved(server.peer, 'illegal_parameter', 'unoffered-version');
});

test('a ServerHello with another group than the HelloRetryRequest is refused, though it was offered at first', () => {
  const server = meetClient();
  server.play('helloRetryRequest');
  server.say.serverHello(share({ group: groupCode('x25519'), keyExchange: bytes(32) }));
  assertMisbehaved(server.peer, 'illegal_parameter', 'unoffered-group');
});

test('the second ClientHello has the share that was asked for, the cookie, and all else as before', () => {
  const cookie = bytes(50);
  const server = meetClient({ client: { applicationProtocols: ['h2'] } });
  server.say.helloRetryRequest((retry) => ({
    ...retry,
    extensions: [...retry.extensions, { name: 'cookie', value: cookie }],
  }));
  const [first, second] = hellos(server);
  const shares = findExtension(second.extensions, 'keyShare') ?? [];
  assert.deepEqual(
    shares.map(({ group, keyExchange }) => [group, keyExchange.length]),
    [[groupCode('secp256r1'), 65]],
  );
  assert.deepEqual(findExtension(second.extensions, 'cookie'), cookie);
  const rest = (hello: ClientHello) => ({
    ...hello,
    extensions: hello.extensions.filter(({ name }) => name !== 'keyShare' && name !== 'cookie'),
  });
  assert.deepEqual(rest(second), rest(first));
  server.play(...serverFlight);
  assertAt(server.peer, 'established');
});

test('a HelloRetryRequest with a cookie alone keeps the shares', () => {
  const server = meetClient();
  server.say.helloRetryRequest((retry) => ({
    ...retry,
    extensions: [
      { name: 'supportedVersions', value: 0x0304 },
      { name: 'cookie', value: hex('c0') },
    ],
  }));
  const [first, second] = hellos(server);
  assert.deepEqual(findExtension(second.extensions, 'keyShare'), findExtension(first.extensions, 'keyShare'));
  server.play(...serverFlight);
  assertAt(server.peer, 'established');
});

test('the first record says TLS 1.0, the second hello TLS 1.2, with change_cipher_spec before it (§5.1, §E.4)', () => {
  const server = meetClient();
  server.play('helloRetryRequest');
  assert.deepEqual([...sent(server.peer.effects).subarray(0, 3)], [22, 3, 1]);
  assert.deepEqual([...sent(server.peer.latest).subarray(0, 9)], [20, 3, 3, 0, 1, 1, 22, 3, 3]);
});

test('an alert that answers the first flight is in a record of TLS 1.2', () => {
  const server = meetClient();
  server.say.serverHello(compression(1));
  assert.deepEqual(sent(server.peer.latest), hex('15 0303 0002 02 2f'));
});

test('change_cipher_spec goes before the first protected record, even when that is an alert (§E.4)', () => {
  const server = meetClient();
  server.play('serverHello');
  server.say.encryptedExtensions(() => ({ extensions: [{ name: 'unknown', type: 0xfafa, data: hex('') }] }));
  assertMisbehaved(server.peer, 'unsupported_extension', 'unsolicited-extension');
  assert.deepEqual(
    server.peer.heard.slice(-2).map((content) => [content.kind, content.protected]),
    [
      ['changeCipherSpec', false],
      ['alert', true],
    ],
  );
});

/** Both hellos of a client that was asked again. */
function hellos({ peer }: ScriptedServer): readonly [ClientHello, ClientHello] {
  const [first, second] = messagesHeard(peer, 'clientHello');
  assert.ok(first?.kind === 'clientHello' && second?.kind === 'clientHello');
  return [first.body, second.body];
}

function suite(cipherSuite: number): EditOfBoth {
  return (hello) => ({ ...hello, cipherSuite });
}

function sessionId(legacySessionIdEcho: Uint8Array): EditOfBoth {
  return (hello) => ({ ...hello, legacySessionIdEcho });
}

function compression(legacyCompressionMethod: number): EditOfBoth {
  return (hello) => ({ ...hello, legacyCompressionMethod });
}

function legacyVersion(value: number): EditOfBoth {
  return (hello) => ({ ...hello, legacyVersion: value });
}

function version(value: number): EditOfBoth {
  return (hello) => ({
    ...hello,
    extensions: hello.extensions.map((extension) =>
      extension.name === 'supportedVersions' ? { name: 'supportedVersions', value } : extension,
    ),
  });
}

function adding(type: number, digits: string): EditOfBoth {
  const extension: UnknownExtension = { name: 'unknown', type, data: hex(digits) };
  return (hello) => ({ ...hello, extensions: [...hello.extensions, extension] });
}

function without(name: string): EditOfBoth {
  return (hello) => ({
    ...hello,
    extensions: hello.extensions.filter((extension) => extension.name !== name),
  });
}

function share(value: { readonly group: number; readonly keyExchange: Uint8Array }) {
  return (hello: ServerHello): ServerHello => ({
    ...hello,
    extensions: [
      { name: 'supportedVersions', value: 0x0304 },
      { name: 'keyShare', value },
    ],
  });
}

function retryGroup(value: number) {
  return (retry: HelloRetryRequest): HelloRetryRequest => ({
    ...retry,
    extensions: [
      { name: 'supportedVersions', value: 0x0304 },
      { name: 'keyShare', value },
    ],
  });
}
