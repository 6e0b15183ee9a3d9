import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { noble } from '../../nocrypto/index.ts';
import { type EchConfigContents, encodeEchConfig } from '../../src/ech/config.ts';
import {
  chooseEchConfig,
  clientConfig,
  decodeEchKeys,
  type EchKeyOptions,
  encodeEchKey,
  generateEchKey,
  publishedEchConfigs,
} from '../../src/index.ts';
import { dangerouslyAcceptAnyCertificate } from '../../x509/index.ts';
import { echConfigs, echKey, editedConfig, listOf, otherEchKey, PUBLIC_NAME } from './ech.ts';
import { nullCrypto } from './null-crypto.ts';
import { bytes, hex, must, runs } from './support.ts';

// ECHConfigList and ECH keys (RFC 9849 §4, §6.1, §6.1.7; RFC 9934).

test('a list is read as the standard writes it down', () => {
  // Version, length, identifier, KEM, public key, pairs, maximum_name_length, public_name, extensions, by hand.
  const key = '11'.repeat(32);
  const list = hex(
    `0048 fe0d 0044 2a 0020 0020 ${key} 0008 0001 0003 0001 0001 40 0d ${Buffer.from('cover.example').toString('hex')} 0006 0a0a 0002 abcd`,
  );
  list.set([0, list.length - 2]);
  list.set([0, list.length - 6], 4);
  const chosen = must(chooseEchConfig(noble, list));
  assert.deepEqual(chosen.bytes, list.subarray(2));
  assert.deepEqual(chosen.suite, { kem: 'dhkem-x25519', kdf: 'hkdf-sha256', aead: 'chacha20-poly1305' });
  assert.deepEqual(
    { ...chosen.contents, keyConfig: undefined },
    {
      keyConfig: undefined,
      maximumNameLength: 64,
      publicName: 'cover.example',
      extensions: [{ type: 0x0a0a, data: hex('abcd') }],
    },
  );
});

test('what cannot be used is passed over, for the first that can', () => {
  const unknownVersion = hex('fe0c 0003 010203');
  const unusable: readonly Uint8Array[] = unusableEdits.map(([, edit]) => editedConfig(edit).slice(2));
  const list = listOf(unknownVersion, ...unusable, echKey.config, otherEchKey.config);
  assert.deepEqual(must(chooseEchConfig(noble, list)).bytes, echKey.config);
});

const unusableEdits: readonly (readonly [
  string,
  (contents: EchConfigContents) => EchConfigContents,
  RegExp,
])[] = [
  ['an unknown KEM', (c) => ({ ...c, keyConfig: { ...c.keyConfig, kemId: 0x6666 } }), /KEM 0x6666/],
  [
    'unknown ciphers',
    (c) => ({ ...c, keyConfig: { ...c.keyConfig, cipherSuites: [{ kdfId: 1, aeadId: 0x99 }] } }),
    /no supported algorithms/,
  ],
  [
    'a cipher that encrypts nothing',
    (c) => ({ ...c, keyConfig: { ...c.keyConfig, cipherSuites: [{ kdfId: 1, aeadId: 0xffff }] } }),
    /no supported algorithms/,
  ],
  [
    'a mandatory extension',
    (c) => ({ ...c, extensions: [{ type: 0xfafa, data: bytes(1) }] }),
    /mandatory extension 0xfafa/,
  ],
  [
    'an extension that stands twice',
    (c) => ({ ...c, extensions: [1, 1].map((type) => ({ type, data: bytes(1) })) }),
    /stands twice/,
  ],
  [
    'a public key that is none',
    (c) => ({ ...c, keyConfig: { ...c.keyConfig, publicKey: bytes(31) } }),
    /public key/,
  ],
  [
    'a public key that everybody agrees on zeros with',
    (c) => ({ ...c, keyConfig: { ...c.keyConfig, publicKey: new Uint8Array(32) } }),
    /public key/,
  ],
  ...[
    '.example',
    'cover.example.',
    'cover..example',
    'under_score.example',
    '-cover.example',
    `${'a'.repeat(64)}.example`,
    'c\u00f6ver.example',
    '192.0.2.1',
    'cover.127',
    'cover.0x7f',
    'cover.0X',
    '[2001:db8::1]',
  ].map(
    (publicName) =>
      [
        `the public name ${publicName}`,
        (c: EchConfigContents) => ({ ...c, publicName }),
        /public name/,
      ] as const,
  ),
];

for (const [title, edit, problem] of unusableEdits) {
  test(`a configuration with ${title} is of no use, and the client says so`, () => {
    const configs = editedConfig(edit);
    const chosen = chooseEchConfig(noble, configs);
    assert.ok(!chosen.ok && chosen.error.kind === 'unusable');
    assert.match(chosen.error.problem, problem);
    const config = clientConfig({
      crypto: noble,
      authenticator: dangerouslyAcceptAnyCertificate,
      encryptedClientHello: { configs },
    });
    assert.ok(!config.ok && config.error.option === 'encryptedClientHello');
  });
}

test('names that only look odd are names', () => {
  for (const publicName of [
    'xn--cver-5qa.example',
    '1.example',
    'localhost',
    '0x7f.example',
    'a-b.example',
  ]) {
    assert.ok(
      chooseEchConfig(
        noble,
        editedConfig((c) => ({ ...c, publicName })),
      ).ok,
      publicName,
    );
  }
});

test('lists that do not parse are malformed', () => {
  for (const list of ['', '0000', '0004 fe0d 0000', '0005 fe0d 0001 00', '0003 fe0d 00']) {
    const chosen = chooseEchConfig(noble, hex(list));
    assert.ok(!chosen.ok && chosen.error.kind === 'malformed', list);
  }
  for (const cut of [0, 1, 2, 6, 30, echConfigs.length - 1]) {
    const chosen = chooseEchConfig(noble, echConfigs.slice(0, cut));
    assert.ok(!chosen.ok && chosen.error.kind === 'malformed', `${cut}`);
  }
  const behind = chooseEchConfig(noble, Uint8Array.from([...echConfigs, 0]));
  assert.ok(!behind.ok && behind.error.kind === 'malformed');
});

test('no bytes are too strange for an answer', () => {
  const changed = fc
    .tuple(fc.nat(echConfigs.length - 1), fc.integer({ min: 0, max: 255 }))
    .map(([at, byte]) => {
      const list = Uint8Array.from(echConfigs);
      list[at] = byte;
      return list;
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), changed), (list) => {
      const chosen = chooseEchConfig(nullCrypto, list);
      if (chosen.ok) assert.deepEqual(listOf(chosen.value.bytes).length <= list.length, true);
    }),
    { numRuns: runs(500) },
  );
});

test('a key has an identifier that no other has, however many there are', () => {
  const keys = [echKey];
  for (let i = 0; i < 60; i++) {
    keys.push(must(generateEchKey(nullCrypto, { publicName: PUBLIC_NAME, beside: keys }, bytes(48, i))));
  }
  assert.equal(new Set(keys.map(({ config }) => config[4])).size, keys.length);
});

test('keys go into PEM and come back, X25519 and NIST curves', () => {
  for (const kem of ['dhkem-x25519', 'dhkem-p256', 'dhkem-p384', 'dhkem-p521'] as const) {
    const suites = [{ kdf: 'hkdf-sha256', aead: 'aes-128-gcm' }] as const;
    const options = { publicName: PUBLIC_NAME, kem, cipherSuites: suites };
    const key = must(generateEchKey(noble, options, bytes(48, 7)));
    const text = must(encodeEchKey(noble, key));
    assert.deepEqual(must(decodeEchKeys(noble, text)), [key]);
    assert.ok(chooseEchConfig(noble, publishedEchConfigs([key])).ok, kem);
  }
});

test('a PEM text that holds no key with its configuration is refused', () => {
  const text = must(encodeEchKey(noble, echKeyOf(noble)));
  const other = must(encodeEchKey(noble, echKeyOf(noble, 2)));
  const [key = '', config = ''] = text.split(/(?=-----BEGIN ECHCONFIG)/);
  const [, otherConfig = ''] = other.split(/(?=-----BEGIN ECHCONFIG)/);
  for (const [pem, problem] of [
    [key, /an ECHCONFIG are wanted/],
    [config, /a PRIVATE KEY and/],
    [key + otherConfig, /no configuration in it is for the private key/],
    [key.replace('MC4C', 'MC4D') + config, /./],
    [key + config.replace(/\n.*\n/, '\nAAAA\n'), /not an ECHConfigList/],
  ] as const) {
    const decoded = decodeEchKeys(noble, pem);
    assert.ok(!decoded.ok);
    assert.match(decoded.error, problem);
  }
});

test('options that make no key are refused', () => {
  const refused: readonly (readonly [EchKeyOptions, RegExp])[] = [
    [{ publicName: '127.0.0.1' }, /publicName/],
    [{ publicName: PUBLIC_NAME, maximumNameLength: 256 }, /maximumNameLength/],
    [{ publicName: PUBLIC_NAME, maximumNameLength: 1.5 }, /maximumNameLength/],
    [{ publicName: PUBLIC_NAME, cipherSuites: [] }, /cipherSuites/],
  ];
  for (const [options, problem] of refused) {
    const key = generateEchKey(noble, options, bytes(48));
    assert.ok(!key.ok);
    assert.match(key.error, problem);
  }
});

test('what is published are the keys to retry with', () => {
  const old = { ...otherEchKey, isRetryConfig: false };
  assert.deepEqual(publishedEchConfigs([old, echKey]), listOf(echKey.config));
  assert.deepEqual(encodeEchConfig({ kind: 'unknown', tag: 0xfe0c, data: hex('01') }), hex('fe0c 0001 01'));
});

function echKeyOf(crypto: typeof noble, seed = 1) {
  return must(generateEchKey(crypto, { publicName: PUBLIC_NAME }, bytes(48, seed)));
}
