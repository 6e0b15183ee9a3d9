import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverConfig } from '../../src/config.ts';
import { encodeEchConfig } from '../../src/ech/config.ts';
import { findExtension } from '../../src/extensions.ts';
import { type EchKey, generateEchKey, type Misbehaviour } from '../../src/index.ts';
import type { ClientHello } from '../../src/messages.ts';
import {
  type Enclosure,
  echKey,
  encloser,
  named,
  otherEchKey,
  PUBLIC_NAME,
  references,
  SECRET_NAME,
} from './ech.ts';
import { adding, raw, replacing, without } from './edits.ts';
import { assertAt, assertFailed, assertMisbehaved } from './expect.ts';
import { nullCrypto } from './null-crypto.ts';
import { messagesHeard } from './peer.ts';
import { quickCredential, type quickServerConfig } from './quick.ts';
import { meetServer, type ScriptedClient, type ScriptedClientOptions } from './scripted-client.ts';
import { bytes, must } from './support.ts';

// A server's part in Encrypted ClientHello (RFC 9849 §7): which hellos it opens, what it refuses in them, how it says so.

const withKeys = { encryptedClientHello: { keys: [echKey] } } as const;

test('a server opens the hello that its key is for, and answers what is inside', () => {
  for (const compressed of [
    [],
    ['supportedVersions', 'supportedGroups', 'signatureAlgorithms', 'keyShare'],
  ] as const) {
    assert.equal(nameAsked(greet({ compressed })), SECRET_NAME);
  }
});

test('a server without the key answers what stands outside, and sends its configurations', () => {
  const client = meetServer({ server: { encryptedClientHello: { keys: [otherEchKey] } } });
  client.say.clientHello(encloser()());
  assertAt(client.peer, 'awaitClientFinished');
  assert.deepEqual(retryConfigsOf(client), [otherEchKey.config]);
});

test('a server that knows no ECH answers what stands outside and says nothing of it', () => {
  const client = meetServer();
  client.say.clientHello(encloser()());
  assertAt(client.peer, 'awaitClientFinished');
  assert.deepEqual(retryConfigsOf(client), []);
});

test('the version is chosen from the inner hello, whatever the outer one offers (§7.1)', () => {
  const bare = (hello: ClientHello): ClientHello => ({
    ...hello,
    extensions: hello.extensions.filter(({ name }) => name === 'encryptedClientHello'),
  });
  assert.equal(nameAsked(greet({ outer: bare })), SECRET_NAME);
  const { ok } = serverConfig({
    crypto: nullCrypto,
    credentials: [quickCredential],
    versions: ['1.2'],
    ...withKeys,
  });
  assert.equal(ok, false);
});

test('old keys open hellos, and are not given to anybody', () => {
  const old = { ...echKey, isRetryConfig: false };
  const keys = [old, otherEchKey];
  const opened = meetServer({ server: { encryptedClientHello: { keys }, credentials: 'ask' } });
  opened.say.clientHello(encloser()());
  assert.equal(nameAsked(opened), SECRET_NAME);
  const stranger = must(generateEchKey(nullCrypto, { publicName: PUBLIC_NAME }, bytes(48, 99)));
  const refused = meetServer({ server: { encryptedClientHello: { keys } } });
  refused.say.clientHello(encloser(stranger)());
  assert.deepEqual(retryConfigsOf(refused), [otherEchKey.config]);
});

test('of several keys with one identifier each is tried, up to the limit', () => {
  const configId = echKey.config[4] ?? 0;
  const twins = [1, 2, 3, 4].map((seed) => keyWithId(configId, seed));
  const client = (keys: number) => {
    const met = meetServer({
      server: { encryptedClientHello: { keys: [...twins.slice(0, keys), echKey] }, credentials: 'ask' },
    });
    met.say.clientHello(encloser()());
    return nameAsked(met);
  };
  assert.equal(client(3), SECRET_NAME);
  assert.equal(client(4), PUBLIC_NAME);
});

test('a changed byte anywhere in the outer hello makes it one that nobody can open (§10.12.3)', () => {
  const changes: readonly Enclosure[] = [
    { payload: flipped(3) },
    { payload: (sealed) => sealed.slice(0, -1) },
    { ech: (ech) => ({ ...ech, enc: bytes(32, 5) }) },
    { ech: (ech) => ({ ...ech, enc: ech.enc.slice(1) }) },
    { ech: (ech) => ({ ...ech, cipherSuite: { kdfId: 1, aeadId: 2 } }) },
    { ech: (ech) => ({ ...ech, cipherSuite: { kdfId: 1, aeadId: 0xffff } }) },
    { ech: (ech) => ({ ...ech, configId: ech.configId ^ 1 }) },
  ];
  for (const change of changes) assert.equal(nameAsked(greet(change)), PUBLIC_NAME);
  // What stands outside is bound to what is inside.
  const client = meetServer({ server: { ...withKeys, credentials: 'ask' } });
  const enclose = encloser()();
  client.say.clientHello((hello) => replacing(named('b.example'))(enclose(hello)));
  assert.equal(nameAsked(client), 'b.example');
});

const refused: readonly (readonly [string, Enclosure, Misbehaviour])[] = [
  ['with padding that is not zero', { encoded: flipped(-1) }, 'ech-padding-not-zero'],
  [
    'with a session id',
    { encoded: (e) => Uint8Array.from([...e.slice(0, 34), 1, 9, ...e.slice(35)]) },
    'bad-client-hello-inner',
  ],
  ['that does not say that it is one', { inner: without('encryptedClientHello') }, 'bad-client-hello-inner'],
  [
    'that looks like an outer one',
    {
      inner: replacing({
        name: 'encryptedClientHello',
        value: {
          kind: 'outer',
          value: { cipherSuite: { kdfId: 1, aeadId: 1 }, configId: 1, enc: bytes(32), payload: bytes(32) },
        },
      }),
    },
    'bad-client-hello-inner',
  ],
  [
    'that offers TLS 1.2',
    { inner: replacing({ name: 'supportedVersions', value: [0x0304, 0x0303] }) },
    'bad-client-hello-inner',
  ],
  ['that offers no version', { inner: without('supportedVersions') }, 'bad-client-hello-inner'],
  ['with a reference to nothing', { inner: adding(references(0x1234)) }, 'bad-ech-outer-extensions'],
  ['with a reference to itself', { inner: adding(references(0xfe0d)) }, 'bad-ech-outer-extensions'],
  [
    'with references out of order',
    { inner: (hello) => adding(references(51, 10))(without('keyShare')(without('supportedGroups')(hello))) },
    'bad-ech-outer-extensions',
  ],
  [
    'with a reference that is repeated',
    { inner: (hello) => adding(references(51, 51))(without('keyShare')(hello)) },
    'bad-ech-outer-extensions',
  ],
  [
    'that refers twice',
    {
      inner: (hello) =>
        adding(references(51), references(10))(without('keyShare')(without('supportedGroups')(hello))),
    },
    'bad-client-hello-inner',
  ],
  ['with an extension twice', { inner: adding(references(51)) }, 'duplicate-extension'],
  ['inside of one that refers, too', { outer: adding(references(51)) }, 'bad-ech-outer-extensions'],
];

for (const [title, enclosure, reason] of refused) {
  test(`an inner hello ${title} is refused`, () => {
    assertMisbehaved(greet(enclosure).peer, 'illegal_parameter', reason);
  });
}

test('an inner hello that does not parse is malformed', () => {
  const cut = greet({ encoded: (encoded) => encoded.slice(0, 60) });
  assertFailed(cut.peer, 'decode_error', 'malformed encodedClientHelloInner');
  const odd = greet({ inner: adding(raw(0xfd00, '03 000a00')) });
  assertFailed(odd.peer, 'decode_error', 'malformed outerExtensions');
});

test('references cannot make a hello longer than what was received', () => {
  const big = raw(0x7777, '00'.repeat(4000));
  const client = greet({
    outer: adding(big),
    inner: adding(references(...Array.from({ length: 127 }, () => 0x7777))),
  });
  assertMisbehaved(client.peer, 'illegal_parameter', 'bad-ech-outer-extensions');
});

test('a type that is none, or for another kind of server, is refused (§7)', () => {
  const inner = adding({ name: 'encryptedClientHello', value: { kind: 'inner', value: new Uint8Array(0) } });
  const odd = adding({ name: 'encryptedClientHello', value: { kind: 'unknown', tag: 2, data: bytes(3) } });
  for (const server of [withKeys, {}]) {
    for (const edit of [inner, odd]) {
      const client = meetServer({ server });
      client.say.clientHello(edit);
      assertMisbehaved(client.peer, 'illegal_parameter', 'bad-ech-type');
    }
  }
  const backend = meetServer({ server: { encryptedClientHello: 'backend' } });
  backend.say.clientHello(encloser()());
  assertMisbehaved(backend.peer, 'illegal_parameter', 'bad-ech-type');
});

test('after a HelloRetryRequest the second hello is opened under the same context', () => {
  const { client, enclose } = askedAgain({ credentials: 'ask' });
  client.say.clientHello(enclose());
  assert.equal(nameAsked(client), SECRET_NAME);
});

const refusedAfterRetry: readonly (readonly [string, Enclosure, Misbehaviour])[] = [
  [
    'has another suite',
    { ech: (ech) => ({ ...ech, cipherSuite: { kdfId: 1, aeadId: 3 } }) },
    'ech-changed-after-retry',
  ],
  [
    'has another identifier',
    { ech: (ech) => ({ ...ech, configId: ech.configId ^ 1 }) },
    'ech-changed-after-retry',
  ],
  [
    'has an encapsulated key again',
    { ech: (ech) => ({ ...ech, enc: bytes(32) }) },
    'ech-changed-after-retry',
  ],
  ['has another name inside', { inner: replacing(named('a.example')) }, 'second-client-hello-differs'],
  [
    'is an inner one',
    {
      outer: replacing({ name: 'encryptedClientHello', value: { kind: 'inner', value: new Uint8Array(0) } }),
    },
    'bad-ech-type',
  ],
];

for (const [title, enclosure, reason] of refusedAfterRetry) {
  test(`a second hello that ${title} is refused`, () => {
    const { client, enclose } = askedAgain();
    client.say.clientHello(enclose(enclosure));
    assertMisbehaved(client.peer, 'illegal_parameter', reason);
  });
}

test('a second hello that cannot be opened, or is not encrypted, ends the connection (§7.1.1)', () => {
  const broken = askedAgain();
  broken.client.say.clientHello(broken.enclose({ payload: flipped(0) }));
  assertMisbehaved(broken.client.peer, 'decrypt_error', 'ech-undecryptable-after-retry');
  // A hello of somebody else's, however well it is encrypted: §10.12.2.
  const hijacked = askedAgain();
  hijacked.client.say.clientHello((hello) =>
    encloser()({ ech: (ech) => ({ ...ech, enc: new Uint8Array(0) }) })(hello),
  );
  assertMisbehaved(hijacked.client.peer, 'decrypt_error', 'ech-undecryptable-after-retry');
  const plain = askedAgain();
  plain.client.say.clientHello();
  assertMisbehaved(plain.client.peer, 'missing_extension', 'missing-extension');
});

test('what was rejected once is not tried again (§7.1.1)', () => {
  const client = meetServer({ server: { ...withKeys, credentials: 'ask' }, keyShares: [] });
  client.say.clientHello(encloser()({ payload: flipped(0) }));
  assertAt(client.peer, 'awaitSecondClientHello');
  client.say.clientHello(encloser()());
  assert.equal(nameAsked(client), PUBLIC_NAME);
});

test('a HelloRetryRequest says something like acceptance whether or not there was any', () => {
  for (const key of [echKey, otherEchKey]) {
    const client = meetServer({ server: withKeys, keyShares: [] });
    client.say.clientHello(encloser(key)());
    const [retry] = messagesHeard(client.peer, 'helloRetryRequest');
    assert.ok(retry?.kind === 'helloRetryRequest');
    assert.equal(findExtension(retry.body.extensions, 'encryptedClientHello')?.length, 8);
  }
});

test('a backend answers the inner hello that a frontend passes on, and confirms it', () => {
  const inner = adding({ name: 'encryptedClientHello', value: { kind: 'inner', value: new Uint8Array(0) } });
  const client = meetServer({ server: { encryptedClientHello: 'backend' } });
  client.say.clientHello(inner);
  client.say.finished();
  assertAt(client.peer, 'established');
  const established = client.peer.effects.find((effect) => effect.kind === 'established');
  assert.equal(established?.facts.encryptedClientHello, true);
});

test('keys that cannot work are refused with the configuration', () => {
  const refuse = (keys: Parameters<typeof quickServerConfig>[0]) => {
    const config = serverConfig({ crypto: nullCrypto, credentials: [quickCredential], ...keys });
    return config.ok ? undefined : config.error;
  };
  const swapped = { config: echKey.config, privateKey: otherEchKey.privateKey };
  const noConfig = { config: bytes(20), privateKey: echKey.privateKey };
  for (const [keys, problem] of [
    [[], /retry with/],
    [[{ ...echKey, isRetryConfig: false }], /retry with/],
    [[swapped], /number 0: the configuration is for another private key/],
    [[echKey, noConfig], /number 1: the configuration is no ECHConfig/],
  ] as const) {
    const error = refuse({ encryptedClientHello: { keys } });
    assert.equal(error?.option, 'encryptedClientHello');
    assert.match(error.problem, problem);
  }
});

function greet(enclosure: Enclosure): ScriptedClient {
  const client = meetServer({ server: { ...withKeys, credentials: 'ask' } });
  client.say.clientHello(encloser()(enclosure));
  return client;
}

function askedAgain(server: ScriptedClientOptions['server'] = {}): {
  readonly client: ScriptedClient;
  readonly enclose: ReturnType<typeof encloser>;
} {
  const client = meetServer({ server: { ...withKeys, ...server }, keyShares: [] });
  const enclose = encloser();
  client.say.clientHello(enclose());
  assertAt(client.peer, 'awaitSecondClientHello');
  return { client, enclose };
}

/** The name that the server wants a credential for. */
function nameAsked(client: ScriptedClient): string | undefined {
  assertAt(client.peer, 'awaitCredential');
  const request = client.peer.effects.find((effect) => effect.kind === 'request')?.request;
  return request?.kind === 'credential' ? request.hello.serverName : undefined;
}

function retryConfigsOf(client: ScriptedClient): readonly Uint8Array[] {
  return messagesHeard(client.peer, 'encryptedExtensions').flatMap((message) => {
    if (message.kind !== 'encryptedExtensions') return [];
    const configs = findExtension(message.body.extensions, 'encryptedClientHello') ?? [];
    return configs.map((config) => encodeEchConfig(config));
  });
}

/** A byte of it changed; -1 is the last. */
function flipped(index: number): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => {
    const changed = Uint8Array.from(bytes);
    const at = index < 0 ? bytes.length + index : index;
    changed[at] = (changed[at] ?? 0) ^ 1;
    return changed;
  };
}

/** A key with an identifier that is not drawn. */
function keyWithId(configId: number, seed: number): EchKey {
  const key = must(generateEchKey(nullCrypto, { publicName: PUBLIC_NAME }, bytes(48, 100 + seed)));
  // Behind version and length.
  const config = Uint8Array.from(key.config);
  config[4] = configId;
  return { ...key, config };
}
