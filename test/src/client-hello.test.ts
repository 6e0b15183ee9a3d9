import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type GroupName, noble } from '../../nocrypto/index.ts';
import { type ClientHelloExtension, findExtension } from '../../src/extensions.ts';
import { groupCode } from '../../src/groups.ts';
import type { AlertName, Incompatibility, Misbehaviour, ServerOptions } from '../../src/index.ts';
import type { ServerHello } from '../../src/messages.ts';
import { adding, type Edit, raw, replacing, unchanged, without } from './edits.ts';
import { assertAt, assertFailed, assertIncompatible, assertMisbehaved } from './expect.ts';
import { deliver, messagesHeard, record } from './peer.ts';
import { quickClientConfig, quickServerConfig } from './quick.ts';
import { meetServer, type ScriptedClient, type ScriptedClientOptions } from './scripted-client.ts';
import { bytes, find, handshake, hex } from './support.ts';

// What a server checks in the first ClientHello (RFC 9846 §4.2.2, §4.3, §9.2), and what it chooses from it.

const identity = { identity: hex('01'), obfuscatedTicketAge: 0 };
const psk: ClientHelloExtension = {
  name: 'preSharedKey',
  value: { identities: [identity], binders: [bytes(32)] },
};
const twoBinders: ClientHelloExtension = {
  name: 'preSharedKey',
  value: { identities: [identity], binders: [bytes(32), bytes(32)] },
};
const modes: ClientHelloExtension = { name: 'pskKeyExchangeModes', value: [1] };

const misbehaviours: readonly (readonly [string, Edit, AlertName, Misbehaviour])[] = [
  ['the legacy_version 1.3', legacyVersion(0x0304), 'protocol_version', 'bad-legacy-version'],
  ['the legacy_version 1.1', legacyVersion(0x0302), 'protocol_version', 'bad-legacy-version'],
  ['the legacy_version SSL 3.0', legacyVersion(0x0300), 'protocol_version', 'bad-legacy-version'],
  ['compression beside none (CRIME)', compression('0001'), 'illegal_parameter', 'bad-compression-method'],
  ['compression only', compression('01'), 'illegal_parameter', 'bad-compression-method'],
  ['the null compression twice', compression('0000'), 'illegal_parameter', 'bad-compression-method'],
  ['no signature_algorithms', without('signatureAlgorithms'), 'missing_extension', 'missing-extension'],
  ['no supported_groups', without('supportedGroups'), 'missing_extension', 'missing-extension'],
  ['no key_share', without('keyShare'), 'missing_extension', 'missing-extension'],
  ['supported_versions twice', adding(raw(43, '020304')), 'illegal_parameter', 'duplicate-extension'],
  [
    'an unknown extension twice',
    adding(raw(0xfafa), raw(0xfafa)),
    'illegal_parameter',
    'duplicate-extension',
  ],
  [
    'a cookie nobody gave',
    adding({ name: 'cookie', value: hex('01') }),
    'illegal_parameter',
    'unsolicited-cookie',
  ],
  [
    'pre_shared_key before another extension',
    adding(modes, psk, raw(0xfafa)),
    'illegal_parameter',
    'psk-not-last',
  ],
  ['more binders than identities', adding(modes, twoBinders), 'illegal_parameter', 'psk-binder-count'],
  ['pre_shared_key without modes', adding(psk), 'missing_extension', 'missing-extension'],
  ['two host names', serverNames('a.example', 'b.example'), 'illegal_parameter', 'several-server-names'],
  ['a null byte in the host name', serverNames('a.example\0.b'), 'illegal_parameter', 'bad-server-name'],
  ['a space in the host name', serverNames('a b.example'), 'illegal_parameter', 'bad-server-name'],
  [
    'bytes beyond ASCII in the host name',
    serverNames('b\u00fccher.example'),
    'illegal_parameter',
    'bad-server-name',
  ],
  ['two shares for a group', shares('x25519', 'x25519'), 'illegal_parameter', 'duplicate-key-share'],
  ['shares out of order', shares('secp256r1', 'x25519'), 'illegal_parameter', 'key-shares-out-of-order'],
  [
    'a share for a group not offered',
    shares('secp384r1'),
    'illegal_parameter',
    'key-share-for-unsupported-group',
  ],
];

for (const [title, edit, alert, reason] of misbehaviours) {
  test(`a ClientHello with ${title} is refused`, () => {
    assertMisbehaved(offer(edit).peer, alert, reason);
  });
}

const incompatibilities: readonly (readonly [string, Edit, AlertName, Incompatibility])[] = [
  ['no version but TLS 1.2', versions(0x0303), 'protocol_version', 'no-common-version'],
  ['only versions from the future', versions(0x0305, 0xfafa), 'protocol_version', 'no-common-version'],
  ['no supported_versions', without('supportedVersions'), 'protocol_version', 'no-common-version'],
  ['no extension at all', (hello) => ({ ...hello, extensions: [] }), 'protocol_version', 'no-common-version'],
  ['no suite in common', suites(0x1304, 0xc02f), 'handshake_failure', 'no-common-cipher-suite'],
  ['no group in common', groups(0x0019, 0xfafa), 'handshake_failure', 'no-common-group'],
  [
    'no scheme our key can sign with',
    schemes(0x0403, 0x0804),
    'handshake_failure',
    'no-common-signature-scheme',
  ],
  [
    'only schemes of SHA-1 (SLOTH)',
    schemes(0x0201, 0x0203),
    'handshake_failure',
    'no-common-signature-scheme',
  ],
];

for (const [title, edit, alert, reason] of incompatibilities) {
  test(`a client with ${title} is told so`, () => {
    assertIncompatible(offer(edit).peer, alert, reason);
  });
}

for (const legacyVersion of [0x0300, 0x0301, 0x0302, 0x0303, 0x0304]) {
  test(`a hello of a client before TLS 1.3 with version 0x${legacyVersion.toString(16)} gets protocol_version`, () => {
    const client = offer((hello) => ({ ...without('supportedVersions')(hello), legacyVersion }));
    assertIncompatible(client.peer, 'protocol_version', 'no-common-version');
  });
}

test('what a server does not know in a ClientHello it ignores (RFC 8701)', () => {
  const client = offer((hello) => {
    const { extensions, cipherSuites } = versions(0xfafa, 0x0304, 0x0303)(hello);
    return {
      ...hello,
      cipherSuites: [0x1a1a, ...cipherSuites, 0x00ff],
      extensions: [
        raw(0x2a2a),
        ...extensions.map((extension) => greased(extension)),
        raw(0x3a3a, '00'),
        { name: 'certificateAuthorities', value: [hex('3000')] },
        { name: 'signatureAlgorithmsCert', value: [0xfafa] },
      ],
    };
  });
  client.say.finished();
  assertAt(client.peer, 'established');
});

test('bytes left over in an extension make the hello malformed', () => {
  const client = meetServer();
  client.say.clientHello(undefined, (raw) => {
    const at = raw.findIndex((_, i) => raw[i] === 0 && raw[i + 1] === 43 && raw[i + 3] === 3);
    const longer = raw.slice();
    // supported_versions says that its list has one byte less.
    longer[at + 4] = 1;
    return longer;
  });
  assertFailed(client.peer, 'decode_error', 'malformed clientHello');
});

const badShares: readonly (readonly [string, GroupName, Uint8Array])[] = [
  ['too short', 'x25519', bytes(31)],
  ['zero', 'x25519', new Uint8Array(32)],
  ['of low order', 'x25519', Uint8Array.of(1, ...new Uint8Array(31))],
  ['off the curve', 'secp256r1', Uint8Array.of(4, ...bytes(64))],
  ['the point at infinity', 'secp256r1', Uint8Array.of(0)],
  ['compressed', 'secp256r1', Uint8Array.of(2, ...bytes(32))],
  ['too short', 'X25519MLKEM768', bytes(1215)],
  // FIPS 203 §7.2: coefficients that are not below q.
  ['no ML-KEM key', 'X25519MLKEM768', new Uint8Array(1216).fill(0xff)],
];

for (const [title, group, keyExchange] of badShares) {
  test(`a key share of ${group} that is ${title} is refused`, () => {
    const client = meetServer({ server: { crypto: noble, groups: [group] } });
    client.say.clientHello((hello) => ({
      ...hello,
      extensions: [
        ...without('keyShare')(without('supportedGroups')(hello)).extensions,
        { name: 'supportedGroups', value: [groupCode(group)] },
        { name: 'keyShare', value: [{ group: groupCode(group), keyExchange }] },
      ],
    }));
    assertMisbehaved(client.peer, 'illegal_parameter', 'bad-key-share');
  });
}

test('a client that shares no application protocol is refused, and one that names none is served (ALPACA)', () => {
  const server = { applicationProtocols: ['h2', 'http/1.1'] };
  const named = (...value: readonly string[]) =>
    offer(adding({ name: 'applicationLayerProtocolNegotiation', value }), { server });
  assertIncompatible(
    named('smtp', 'HTTP/1.1').peer,
    'no_application_protocol',
    'no-common-application-protocol',
  );
  assert.equal(protocolOf(named('smtp', 'http/1.1', 'h2')), 'h2');
  assert.equal(protocolOf(offer(unchanged, { server })), undefined);
  assert.equal(
    protocolOf(offer(adding({ name: 'applicationLayerProtocolNegotiation', value: ['h2'] }))),
    undefined,
  );
});

test('a name we have no certificate for is refused by a strict server, and served with the first by others', () => {
  const edit = serverNames('stranger.example');
  assertIncompatible(
    offer(edit, { server: { strictServerName: true } }).peer,
    'unrecognized_name',
    'no-certificate-for-this-name',
  );
  assertAt(offer(edit).peer, 'awaitClientFinished');
});

test('server_name is acknowledged when it chose the certificate, in whatever case', () => {
  const acknowledged = (edit: Edit) => {
    const [message] = messagesHeard(offer(edit).peer, 'encryptedExtensions');
    assert.ok(message?.kind === 'encryptedExtensions');
    return findExtension(message.body.extensions, 'serverName') !== undefined;
  };
  assert.equal(acknowledged(serverNames('server.example')), true);
  assert.equal(acknowledged(serverNames('SERVER.Example')), true);
  assert.equal(acknowledged(serverNames('stranger.example')), false);
  assert.equal(acknowledged(without('serverName')), false);
});

test('the server chooses by its own order among what both have', () => {
  const client = offer(suites(0x1303, 0x1302, 0x1301), {
    server: { cipherSuites: ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'] },
  });
  assert.equal(serverHelloOf(client).cipherSuite, 0x1302);
});

test('the server takes a share that is there rather than ask for the group it likes better', () => {
  const client = offer(unchanged, { server: { groups: ['secp256r1', 'x25519'] } });
  assert.equal(findExtension(serverHelloOf(client).extensions, 'keyShare')?.group, groupCode('x25519'));
});

const hybrid = 'X25519MLKEM768';
const retries: readonly (readonly [
  string,
  Partial<ServerOptions>,
  readonly GroupName[],
  readonly GroupName[],
  GroupName | undefined,
])[] = [
  ['a hybrid that is offered', {}, [hybrid, 'x25519'], ['x25519'], hybrid],
  ['the first hybrid of its own order', {}, ['SecP256r1MLKEM768', hybrid, 'x25519'], ['x25519'], hybrid],
  [
    'no hybrid, when a share for one is there',
    {},
    [hybrid, 'SecP256r1MLKEM768'],
    ['SecP256r1MLKEM768'],
    undefined,
  ],
  ['no hybrid that is not offered', {}, ['x25519'], ['x25519'], undefined],
  ['no hybrid that it likes less', { groups: ['x25519', hybrid] }, [hybrid, 'x25519'], ['x25519'], undefined],
  ['no other group that it likes better', {}, ['secp256r1', 'x25519'], ['secp256r1'], undefined],
  ['nothing, told never to', { groupRetry: 'never' }, [hybrid, 'x25519'], ['x25519'], undefined],
  [
    'whatever it likes better, told to',
    { groupRetry: 'always' },
    ['secp256r1', 'x25519'],
    ['secp256r1'],
    'x25519',
  ],
  [
    'nothing, when it has the best already',
    { groupRetry: 'always' },
    [hybrid, 'x25519'],
    [hybrid],
    undefined,
  ],
];

for (const [what, server, offered, shared, asked] of retries) {
  test(`the server asks for ${what}`, () => {
    const run = handshake(
      quickClientConfig({ groups: offered, keyShares: shared }),
      quickServerConfig({ groups: [hybrid, 'SecP256r1MLKEM768', 'x25519', 'secp256r1'], ...server }),
    );
    const { facts } = find(run.serverEffects, 'established') ?? assert.fail();
    assert.deepEqual([facts.helloRetryRequest, facts.group], [asked !== undefined, asked ?? shared[0]]);
  });
}

test('of several shares the server takes that of the group it likes best', () => {
  const client = offer(shares('x25519', 'secp256r1'), { server: { groups: ['secp256r1', 'x25519'] } });
  assert.equal(findExtension(serverHelloOf(client).extensions, 'keyShare')?.group, groupCode('secp256r1'));
});

test('the ServerHello echoes the session id, of whatever length', () => {
  for (const length of [0, 1, 32]) {
    const client = offer((hello) => ({ ...hello, legacySessionId: bytes(length) }));
    assert.deepEqual(serverHelloOf(client).legacySessionIdEcho, bytes(length));
    const calmed = client.peer.heard.some(({ kind }) => kind === 'changeCipherSpec');
    assert.equal(calmed, length > 0, 'change_cipher_spec only for a client that plays along (§E.4)');
  }
});

test('a hello spread over many records is one hello', () => {
  const client = meetServer();
  const raw = client.compose.clientHello();
  for (let from = 0; from < raw.length; from += 3) {
    deliver(client.peer, record(client.peer, 22, raw.subarray(from, from + 3)));
  }
  client.say.finished();
  assertAt(client.peer, 'established');
});

test('another message than ClientHello at first is unexpected', () => {
  const client = meetServer();
  deliver(client.peer, record(client.peer, 22, hex('14 000020' + '00'.repeat(32))));
  assertMisbehaved(client.peer, 'unexpected_message', 'unexpected-message');
});

/** A server that has been given a changed hello. */
function offer(edit: Edit, options: ScriptedClientOptions = {}): ScriptedClient {
  const client = meetServer(options);
  client.say.clientHello(edit);
  return client;
}

function protocolOf(client: ScriptedClient): string | undefined {
  client.say.finished();
  return find(client.peer.effects, 'established')?.facts.applicationProtocol;
}

function serverHelloOf({ peer }: ScriptedClient): ServerHello {
  const [message] = messagesHeard(peer, 'serverHello');
  assert.ok(message?.kind === 'serverHello');
  return message.body;
}

function legacyVersion(value: number): Edit {
  return (hello) => ({ ...hello, legacyVersion: value });
}

function compression(digits: string): Edit {
  return (hello) => ({ ...hello, legacyCompressionMethods: hex(digits) });
}

function suites(...cipherSuites: readonly number[]): Edit {
  return (hello) => ({ ...hello, cipherSuites });
}

function versions(...value: readonly number[]): Edit {
  return replacing({ name: 'supportedVersions', value });
}

function groups(...value: readonly number[]): Edit {
  return (hello) =>
    replacing({ name: 'keyShare', value: [] })(replacing({ name: 'supportedGroups', value })(hello));
}

function schemes(...value: readonly number[]): Edit {
  return replacing({ name: 'signatureAlgorithms', value });
}

function serverNames(...names: readonly string[]): Edit {
  return replacing({ name: 'serverName', value: names.map((hostName) => ({ nameType: 0, hostName })) });
}

function shares(...names: readonly GroupName[]): Edit {
  const value = names.map((name) => ({
    group: groupCode(name),
    keyExchange: bytes(noble.groups[name].initiatorShareLength),
  }));
  return replacing({ name: 'keyShare', value });
}

function greased(extension: ClientHelloExtension): ClientHelloExtension {
  switch (extension.name) {
    case 'supportedGroups':
      return { name: 'supportedGroups', value: [0x1a1a, ...extension.value] };
    case 'keyShare':
      return {
        name: 'keyShare',
        value: [{ group: 0x1a1a, keyExchange: hex('00') }, ...extension.value],
      };
    case 'signatureAlgorithms':
      return { name: 'signatureAlgorithms', value: [0xfafa, ...extension.value] };
    case 'serverName':
      return { name: 'serverName', value: [...extension.value, { nameType: 7, hostName: '\u0001' }] };
    default:
      return extension;
  }
}
