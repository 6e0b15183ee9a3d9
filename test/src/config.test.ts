import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type GroupName, noble, secret } from '../../nocrypto/index.ts';
import { findExtension } from '../../src/extensions.ts';
import {
  type CertificateCompression,
  type ClientOptions,
  type ConfigError,
  client,
  clientConfig,
  credential,
  defaultLimits,
  defaults,
  type EarlyDataTerms,
  type ExtensionName,
  type Limits,
  type Padding,
  type RawExtension,
  type ServerOptions,
  type SignatureSchemeName,
  serverConfig,
} from '../../src/index.ts';
import { decodeHandshake, encodeHandshake } from '../../src/messages.ts';
import { dangerouslyAcceptAnyCertificate, type Result } from '../../x509/index.ts';
import { recordsOf } from './peer.ts';
import { quickClientConfig, quickCredential, quickServerConfig } from './quick.ts';
import { shrinking } from './shrinking.ts';
import {
  authority,
  bytes,
  find,
  handshake,
  hex,
  makeClientConfig,
  makeCredential,
  makeLeaf,
  makeServerConfig,
  must,
  sent,
} from './support.ts';

// Configurations and credentials: what is checked once, before any connection, and what a checked one leads to.

const clientOptions: ClientOptions = { crypto: noble, authenticator: dangerouslyAcceptAnyCertificate };
const serverOptions: ServerOptions = { crypto: noble, credentials: [quickCredential] };

const shared: readonly (readonly [string, Partial<ClientOptions & ServerOptions>, string, RegExp])[] = [
  ['no cipher suites', { cipherSuites: [] }, 'cipherSuites', /at least one/],
  [
    'a cipher suite twice',
    { cipherSuites: ['TLS_AES_128_GCM_SHA256', 'TLS_AES_128_GCM_SHA256'] },
    'cipherSuites',
    /twice/,
  ],
  ['a cipher suite nobody knows', { cipherSuites: stranger() }, 'cipherSuites', /TLS_AES_128_GCM_SHA256/],
  ['no groups', { groups: [] }, 'groups', /at least one/],
  ['a group twice', { groups: ['x25519', 'x25519'] }, 'groups', /twice/],
  ['a group nobody knows', { groups: stranger() }, 'groups', /x25519/],
  ['no signature schemes', { signatureSchemes: [] }, 'signatureSchemes', /at least one/],
  ['a scheme twice', { signatureSchemes: ['ed25519', 'ed25519'] }, 'signatureSchemes', /twice/],
  ['a scheme nobody knows', { signatureSchemes: stranger() }, 'signatureSchemes', /ed25519/],
  ['only PKCS #1 schemes', { signatureSchemes: ['rsa_pkcs1_sha256'] }, 'signatureSchemes', /TLS 1\.3/],
  ['a protocol twice', { applicationProtocols: ['h2', 'h2'] }, 'applicationProtocols', /twice/],
  ['a protocol without a name', { applicationProtocols: [''] }, 'applicationProtocols', /1 to 255/],
  [
    'a protocol with a long name',
    { applicationProtocols: ['x'.repeat(256)] },
    'applicationProtocols',
    /1 to 255/,
  ],
  ['a protocol that is no bytes', { applicationProtocols: ['h\u0100'] }, 'applicationProtocols', /one byte/],
  [
    'more protocols than a hello has room for',
    { applicationProtocols: Array.from({ length: 100 }, (_, i) => `${i}`.padStart(200, 'x')) },
    'applicationProtocols',
    /16 KiB/,
  ],
];

const rawExtensions: readonly (readonly [string, readonly RawExtension[], RegExp])[] = [
  ['a codepoint out of range', [{ type: 0x10000, data: hex('') }], /65,535/],
  ['a codepoint that is no number', [{ type: Number.NaN, data: hex('') }], /65,535/],
  ['a codepoint twice', [7, 7].map((type) => ({ type, data: hex('') })), /twice/],
  ['key_share', [{ type: 51, data: hex('') }], /option of their own/],
  ['GREASE', [{ type: 0x2a2a, data: hex('') }], /GREASE/],
  ['more than a hello has room for', [{ type: 7, data: bytes(16385) }], /16 KiB/],
];

for (const [title, extensions, problem] of rawExtensions) {
  test(`raw extensions with ${title} are refused`, () => {
    const options = { rawExtensions: extensions };
    assertRefused(clientConfig({ ...clientOptions, ...options }), 'rawExtensions', problem);
    assertRefused(serverConfig({ ...serverOptions, ...options }), 'rawExtensions', problem);
  });
}

const compressions: readonly (readonly [string, readonly CertificateCompression[], RegExp])[] = [
  ['a number out of range', [{ ...shrinking, algorithm: 0x10000 }], /65,535/],
  ['a number that is none', [{ ...shrinking, algorithm: Number.NaN }], /65,535/],
  ['an algorithm twice', [shrinking, { ...shrinking }], /twice/],
  [
    'more algorithms than fit',
    Array.from({ length: 128 }, (_, algorithm) => ({ ...shrinking, algorithm })),
    /127/,
  ],
  ['an algorithm that does nothing', [{ algorithm: 1 }], /must be able/],
];

for (const [title, certificateCompression, problem] of compressions) {
  test(`certificate compression with ${title} is refused`, () => {
    const options = { certificateCompression };
    assertRefused(clientConfig({ ...clientOptions, ...options }), 'certificateCompression', problem);
    assertRefused(serverConfig({ ...serverOptions, ...options }), 'certificateCompression', problem);
  });
}

for (const [title, options, option, problem] of shared) {
  test(`a configuration with ${title} is refused`, () => {
    assertRefused(clientConfig({ ...clientOptions, ...options }), option, problem);
    assertRefused(serverConfig({ ...serverOptions, ...options }), option, problem);
  });
}

test('limits can be lowered and not raised, one by one', () => {
  for (const [name, most] of Object.entries(defaultLimits)) {
    for (const value of [0, -1, 1.5, Number.NaN, most + 1, Number.POSITIVE_INFINITY]) {
      const limits: Partial<Limits> = { [name]: value };
      assertRefused(clientConfig({ ...clientOptions, limits }), `limits.${name}`, /whole number/);
      assertRefused(serverConfig({ ...serverOptions, limits }), `limits.${name}`, /whole number/);
    }
    const least = name === 'recordPlaintext' ? 64 : 1;
    for (const value of [least, most]) must(serverConfig({ ...serverOptions, limits: { [name]: value } }));
  }
  const limits: Partial<Limits> = Object.fromEntries([['patience', 1]]);
  assertRefused(clientConfig({ ...clientOptions, limits }), 'limits.patience', /not a limit/);
});

test('a record never gets too small for an alert', () => {
  assertRefused(
    clientConfig({ ...clientOptions, limits: { recordPlaintext: 63 } }),
    'limits.recordPlaintext',
    /from 64/,
  );
});

test('a record size limit leaves room for an alert, and is no longer than a record', () => {
  for (const recordSizeLimit of [0, 63, 16386, 100.5, Number.NaN]) {
    assertRefused(clientConfig({ ...clientOptions, recordSizeLimit }), 'recordSizeLimit', /64 to 16385/);
    assertRefused(serverConfig({ ...serverOptions, recordSizeLimit }), 'recordSizeLimit', /64 to 16385/);
  }
});

const badPaddings: readonly (readonly [Padding, string, RegExp])[] = [
  [{ kind: 'toMultiple', of: 0 }, 'padding.of', /1 to 16384/],
  [{ kind: 'toMultiple', of: 16385 }, 'padding.of', /1 to 16384/],
  [{ kind: 'toLength', length: 63 }, 'padding.length', /64 to 16384/],
  [{ kind: 'toLength', length: Number.NaN }, 'padding.length', /64 to 16384/],
  [{ kind: 'random', most: 0.5 }, 'padding.most', /1 to 16384/],
  [Object.assign({ kind: 'none' } as const, { kind: 'much' }), 'padding.kind', /toMultiple/],
];

for (const [padding, option, problem] of badPaddings) {
  test(`the padding ${JSON.stringify(padding)} is refused`, () => {
    assertRefused(clientConfig({ ...clientOptions, padding }), option, problem);
    assertRefused(serverConfig({ ...serverOptions, padding }), option, problem);
  });
}

test('a handshake is not padded with nothing', () => {
  assertRefused(clientConfig({ ...clientOptions, padHandshake: true }), 'padHandshake', /nothing/);
});

const badOrders: readonly (readonly [string, readonly (ExtensionName | number)[], RegExp])[] = [
  ['a name nobody knows', stranger(), /names and codepoints/],
  ['a codepoint out of range', [-1], /names and codepoints/],
  ['an extension twice, once by its number', ['keyShare', 51], /twice/],
  ['pre_shared_key', ['preSharedKey'], /last/],
];

for (const [title, extensionOrder, problem] of badOrders) {
  test(`an order of extensions with ${title} is refused`, () => {
    assertRefused(clientConfig({ ...clientOptions, extensionOrder }), 'extensionOrder', problem);
  });
}

const badClients: readonly (readonly [string, Partial<ClientOptions>, string, RegExp])[] = [
  ['an empty server name', { serverName: '' }, 'serverName', /DNS name/],
  ['a server name with a space', { serverName: 'a b' }, 'serverName', /DNS name/],
  ['a server name with a null byte', { serverName: 'a\0b.example' }, 'serverName', /DNS name/],
  ['a server name in Unicode', { serverName: 'b\u00fccher.example' }, 'serverName', /A-labels/],
  ['a key share twice', { groups: ['x25519'], keyShares: ['x25519', 'x25519'] }, 'keyShares', /twice/],
  [
    'a key share of no offered group',
    { groups: ['x25519'], keyShares: ['secp256r1'] },
    'keyShares',
    /offered/,
  ],
  [
    'key shares in another order than groups',
    { groups: ['x25519', 'secp256r1'], keyShares: ['secp256r1', 'x25519'] },
    'keyShares',
    /order/,
  ],
];

for (const [title, options, option, problem] of badClients) {
  test(`a client with ${title} is refused`, () => {
    assertRefused(clientConfig({ ...clientOptions, ...options }), option, problem);
  });
}

test('early data is bounded, for a server and for an external key', () => {
  for (const maxEarlyData of [-1, 0.5, Number.NaN, 2 ** 32]) {
    assertRefused(serverConfig({ ...serverOptions, maxEarlyData }), 'maxEarlyData', /0 to 4294967295/);
  }
  for (const earlyDataWindow of [0, 600_001]) {
    assertRefused(serverConfig({ ...serverOptions, earlyDataWindow }), 'earlyDataWindow', /1 to 600000/);
  }
  const terms: EarlyDataTerms = {
    maxEarlyData: 100,
    cipherSuite: 'TLS_AES_128_GCM_SHA256',
    applicationProtocol: undefined,
  };
  const withKeyFor = (earlyData: EarlyDataTerms) =>
    clientConfig({
      ...clientOptions,
      externalPsks: [{ identity: bytes(8), secret: secret(bytes(32)), earlyData }],
    });
  must(withKeyFor(terms));
  assertRefused(withKeyFor({ ...terms, maxEarlyData: 0 }), 'externalPsks', /maxEarlyData from 1/);
  assertRefused(withKeyFor({ ...terms, applicationProtocol: 'h2' }), 'externalPsks', /configured/);
  const other = 'TLS_AES_128_CCM_SHA256';
  assertRefused(withKeyFor({ ...terms, cipherSuite: other }), 'externalPsks', /configured/);
});

test('a server without certificates is refused, unless it asks for them', () => {
  assertRefused(serverConfig({ ...serverOptions, credentials: [] }), 'credentials', /at least one/);
  must(serverConfig({ ...serverOptions, credentials: 'ask' }));
});

/** The suites of TLS 1.2 say in their names how keys are exchanged. */
const tls13Suites = defaults.cipherSuites.filter((name) => !name.includes('_WITH_'));
const tls12Suites = defaults.cipherSuites.filter((name) => name.includes('_WITH_'));

test('each version has its suites, and is spoken by default when it has one', () => {
  const suitesOf = (options: Partial<ClientOptions>) => {
    const { versions, cipherSuites, tls12CipherSuites } = must(
      clientConfig({ ...clientOptions, ...options }),
    );
    return { versions, cipherSuites, tls12CipherSuites };
  };
  assert.deepEqual(suitesOf({ versions: ['1.3', '1.2'] }), {
    versions: ['1.3', '1.2'],
    cipherSuites: tls13Suites,
    tls12CipherSuites: tls12Suites,
  });
  assert.deepEqual(suitesOf({ versions: ['1.2'] }), {
    versions: ['1.2'],
    cipherSuites: [],
    tls12CipherSuites: tls12Suites,
  });
  assert.deepEqual(suitesOf({ cipherSuites: ['TLS_AES_128_GCM_SHA256'] }), {
    versions: ['1.3'],
    cipherSuites: ['TLS_AES_128_GCM_SHA256'],
    tls12CipherSuites: [],
  });
});

test('a suite of TLS 1.2 whose key exchange no group is for is left out', () => {
  const dhe = 'TLS_DHE_RSA_WITH_AES_128_GCM_SHA256';
  const ecdhe = 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256';
  const suitesWith = (...groups: readonly GroupName[]) =>
    clientConfig({ ...clientOptions, versions: ['1.2'], cipherSuites: [dhe, ecdhe], groups });
  assert.deepEqual(must(suitesWith('x25519')).tls12CipherSuites, [ecdhe]);
  assert.deepEqual(must(suitesWith('ffdhe2048')).tls12CipherSuites, [dhe]);
  assertRefused(suitesWith('X25519MLKEM768'), 'cipherSuites', /TLS 1.2/);
});

test('a version without a suite is refused when it is asked for', () => {
  const { crypto, authenticator } = clientOptions;
  const refused = (options: Partial<ClientOptions>, problem: RegExp) =>
    assertRefused(clientConfig({ crypto, authenticator, ...options }), 'cipherSuites', problem);
  refused({ versions: ['1.3', '1.2'], cipherSuites: ['TLS_AES_128_GCM_SHA256'] }, /TLS 1.2/);
  refused({ versions: ['1.3'], cipherSuites: ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'] }, /TLS 1.3/);
});

test('a client that offers TLS 1.3 has nothing to fall back from', () => {
  assertRefused(clientConfig({ ...clientOptions, fallback: true }), 'fallback', /TLS 1.3/);
  assert.equal(must(clientConfig({ ...clientOptions, versions: ['1.2'], fallback: true })).fallback, true);
});

test('what is not said takes its value from the defaults', () => {
  const config = must(clientConfig(clientOptions));
  const { cipherSuites, groups, keyShares, signatureSchemes, middleboxCompatibility, trace } = config;
  assert.deepEqual(
    { cipherSuites, groups, keyShares, signatureSchemes, middleboxCompatibility, trace },
    {
      cipherSuites: tls13Suites,
      groups: defaults.groups,
      keyShares: defaults.keyShares,
      signatureSchemes: defaults.signatureSchemes,
      middleboxCompatibility: defaults.middleboxCompatibility,
      trace: defaults.trace,
    },
  );
  assert.deepEqual(config.limits, defaultLimits);
});

test('without keyShares, a share is sent for those of the defaults that are offered, or else for the first group', () => {
  const sharesFor = (...groups: readonly GroupName[]) =>
    must(clientConfig({ ...clientOptions, groups })).keyShares;
  assert.deepEqual(sharesFor('secp256r1', 'x25519'), ['x25519']);
  assert.deepEqual(sharesFor('x25519', 'X25519MLKEM768'), ['x25519', 'X25519MLKEM768']);
  assert.deepEqual(sharesFor('secp384r1', 'secp256r1'), ['secp384r1']);
});

test('the caller may change its lists after the check', () => {
  const lists = {
    cipherSuites: [...defaults.cipherSuites],
    groups: [...defaults.groups],
    keyShares: [...defaults.keyShares],
  };
  const protocols = ['h2'];
  const credentials = [quickCredential];
  const asClient = must(clientConfig({ ...clientOptions, ...lists, applicationProtocols: protocols }));
  const asServer = must(serverConfig({ ...serverOptions, credentials }));
  for (const list of [...Object.values(lists), protocols, credentials]) list.length = 0;
  assert.deepEqual(asClient.cipherSuites, tls13Suites);
  assert.deepEqual(asClient.groups, defaults.groups);
  assert.deepEqual(asClient.keyShares, defaults.keyShares);
  assert.deepEqual(asClient.applicationProtocols, ['h2']);
  assert.equal(asServer.credentials.length, 1);
});

test('a DNS name goes onto the wire; an IP address never does, nor a name that is to stay at home', () => {
  const sentName = (options: Partial<ClientOptions>) => {
    const hello = helloOf(options);
    return findExtension(hello.extensions, 'serverName');
  };
  assert.deepEqual(sentName({}), [{ nameType: 0, hostName: 'server.example' }]);
  assert.deepEqual(sentName({ serverName: 'SERVER.example' })?.[0]?.hostName.toLowerCase(), 'server.example');
  assert.equal(sentName({ serverName: '192.0.2.1' }), undefined);
  assert.equal(sentName({ serverName: '2001:db8::1' }), undefined);
  assert.equal(sentName({ sendServerName: false }), undefined);
  assert.equal(sentName({ serverName: undefined }), undefined);
});

test('a hello says what the configuration says, and a seed makes it another one', () => {
  const hello = helloOf({ cipherSuites: ['TLS_CHACHA20_POLY1305_SHA256'], signatureSchemes: ['ed25519'] });
  assert.deepEqual(hello.cipherSuites, [0x1303]);
  assert.deepEqual(findExtension(hello.extensions, 'signatureAlgorithms'), [0x0807]);
  assert.deepEqual(findExtension(hello.extensions, 'supportedGroups'), [0x001d, 0x0017]);
  assert.deepEqual(findExtension(hello.extensions, 'supportedVersions'), [0x0304]);
  assert.equal(hello.legacyVersion, 0x0303);
  assert.deepEqual(hello.legacyCompressionMethods, hex('00'));
  assert.equal(hello.legacySessionId.length, 32);
  const other = helloOf({}, 2);
  assert.notDeepEqual(other.random, hello.random);
  assert.notDeepEqual(other.legacySessionId, hello.legacySessionId);
  assert.notDeepEqual(
    findExtension(other.extensions, 'keyShare'),
    findExtension(hello.extensions, 'keyShare'),
  );
});

test('a client may offer groups and send no share at all', () => {
  const run = handshake(quickClientConfig({ keyShares: [] }), quickServerConfig());
  assert.equal(find(run.clientEffects, 'established')?.facts.helloRetryRequest, true);
});

test('a seed that is too short is a bug of the caller', () => {
  assert.throws(() => client(quickClientConfig(), bytes(47)), RangeError);
});

test('a credential holds its chain, checked against its key', () => {
  const { der, key } = makeLeaf(authority);
  const made = must(credential(noble, [der, authority.certificate.der], { kind: 'private', key }));
  assert.deepEqual(made.chain, [der, authority.certificate.der]);
  assert.equal(made.certificates.length, 2);
  assert.deepEqual(made.leaf.der, der);
});

test('a credential that could not serve is refused when it is made', () => {
  const { der, key } = makeLeaf(authority);
  const refused = (chain: readonly Uint8Array[], other = key) => {
    const made = credential(noble, chain, { kind: 'private', key: other });
    return made.ok ? undefined : [made.error.kind, 'index' in made.error ? made.error.index : undefined];
  };
  assert.deepEqual(refused([]), ['empty-chain', undefined]);
  assert.deepEqual(refused([hex('3000')]), ['bad-certificate', 0]);
  assert.deepEqual(refused([der, hex('00')]), ['bad-certificate', 1]);
  assert.deepEqual(refused([der], authority.key), ['key-does-not-match', undefined]);
  const noSigning = makeLeaf(authority, { keyUsage: ['keyAgreement'] });
  assert.deepEqual(refused([noSigning.der]), ['bad-certificate', 0]);
});

test('a credential may sign with schemes of its own, whatever the configuration accepts from peers', () => {
  const { der, key } = makeLeaf(authority);
  const own = (...schemes: readonly SignatureSchemeName[]) =>
    credential(noble, [der], { kind: 'private', key }, { signatureSchemes: schemes });
  const credentials = [must(own('ed25519', 'ecdsa_secp256r1_sha256'))];
  const run = handshake(makeClientConfig(), makeServerConfig({ credentials, signatureSchemes: ['ed25519'] }));
  const { facts } = find(run.serverEffects, 'established') ?? {};
  assert.equal(facts?.ownSignatureScheme, 'ecdsa_secp256r1_sha256');
  const useless = own('ed25519', 'rsa_pss_rsae_sha256');
  assert.equal(useless.ok ? undefined : useless.error.kind, 'no-scheme-fits-key');
});

test('a credential is unharmed by what its maker does with the bytes afterwards', () => {
  const { der, key } = makeLeaf(authority);
  const given = der.slice();
  const made = must(credential(noble, [given], { kind: 'private', key }));
  given.fill(0);
  assert.deepEqual(made.chain, [der]);
  assert.deepEqual(made.leaf.der, der);
});

test('the certificate is chosen by server_name, then by what the client can verify, in the order given', () => {
  const p256 = makeCredential(authority, { names: ['a.example'] });
  const p384 = makeCredential(authority, { names: ['a.example'], kind: { kind: 'ec', curve: 'secp384r1' } });
  const wild = makeCredential(authority, { names: ['*.b.example'], kind: { kind: 'ed25519' } });
  const server = makeServerConfig({ credentials: [p256, p384, wild] });
  const schemeFor = (serverName: string, options: Partial<ClientOptions> = {}) => {
    const run = handshake(
      makeClientConfig({ serverName, authenticator: dangerouslyAcceptAnyCertificate, ...options }),
      server,
    );
    return find(run.serverEffects, 'established')?.facts.ownSignatureScheme;
  };
  assert.equal(schemeFor('a.example'), 'ecdsa_secp256r1_sha256');
  const without256 = { signatureSchemes: ['ecdsa_secp384r1_sha384', 'ed25519'] } as const;
  assert.equal(schemeFor('a.example', without256), 'ecdsa_secp384r1_sha384');
  assert.equal(schemeFor('x.b.example'), 'ed25519');
  assert.equal(schemeFor('stranger.example'), 'ecdsa_secp256r1_sha256');
});

/** Names that TypeScript would not let pass. */
function stranger(): never[] {
  return JSON.parse('["nobody knows this"]');
}

function assertRefused(result: Result<unknown, ConfigError>, option: string, problem: RegExp): void {
  assert.ok(!result.ok, `accepted, though ${option} is wrong`);
  assert.equal(result.error.option, option);
  assert.match(result.error.problem, problem);
}

function helloOf(options: Partial<ClientOptions>, seed = 1) {
  const [record = hex('')] = recordsOf(sent(client(quickClientConfig(options), bytes(48, seed)).effects));
  const message = must(decodeHandshake(record.subarray(5)));
  assert.ok(message.kind === 'clientHello');
  assert.deepEqual(encodeHandshake(message), record.subarray(5));
  return message.body;
}
