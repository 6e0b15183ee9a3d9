import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { noble } from '../../nocrypto/index.ts';
import {
  decodePem,
  decodePrivateKey,
  decryptPrivateKey,
  type EncryptionOptions,
  encodePem,
  encodePrivateKey,
  encryptPrivateKey,
} from '../../x509/index.ts';
import { entropy, FC_RUNS, unwrap, unwrapError } from './helpers.ts';
import { openssl, opensslAgrees, skipWithoutOpenssl } from './openssl.ts';
import { keyOf } from './pki.ts';

const PASSWORD = 'correct horse';
const P256 = keyOf('key');
const ED25519 = keyOf('key', { kind: 'ed25519' });
const RSA = unwrap(
  decodePrivateKey(
    noble,
    generateKeyPairSync('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    }).privateKey,
  ),
);

const encrypt = (key = P256, overrides: Partial<EncryptionOptions> = {}) =>
  encryptPrivateKey(noble, key, {
    password: PASSWORD,
    entropy: entropy('encryption'),
    iterations: 1000,
    ...overrides,
  });

test('an encrypted key is read back with its password, as DER and as PEM, and made the same each time', () => {
  for (const key of [P256, ED25519, RSA]) {
    const der = encrypt(key);
    assert.deepEqual(unwrap(decryptPrivateKey(noble, der, PASSWORD)), key);
    const text = `Bag Attributes\n${encodePem('ENCRYPTED PRIVATE KEY', der)}`;
    assert.deepEqual(unwrap(decryptPrivateKey(noble, text, PASSWORD)), key);
    assert.deepEqual(encrypt(key), der);
    assert.notDeepEqual(encrypt(key, { entropy: entropy('other') }), der);
  }
});

test('node:crypto reads our encrypted keys, whatever the cipher and hash', () => {
  for (const cipher of ['aes-128-cbc', 'aes-192-cbc', 'aes-256-cbc'] as const) {
    for (const prf of ['sha1', 'sha224', 'sha256', 'sha384', 'sha512'] as const) {
      const key = Buffer.from(encrypt(P256, { cipher, prf }));
      const theirs = createPrivateKey({ key, format: 'der', type: 'pkcs8', passphrase: PASSWORD });
      assert.deepEqual(
        unwrap(decodePrivateKey(noble, theirs.export({ format: 'der', type: 'pkcs8' }))),
        P256,
      );
    }
  }
});

test('a wrong password is an error of its own', () => {
  for (const password of ['', 'Correct horse', 'correct horse ']) {
    assert.equal(unwrapError(decryptPrivateKey(noble, encrypt(), password)).kind, 'wrong-password');
  }
});

test('of two thousand wrong passwords, none gives a key and none throws', () => {
  const der = encrypt(P256, { iterations: 1 });
  for (let i = 0; i < 2000; i++) {
    const { kind } = unwrapError(decryptPrivateKey(noble, der, `guess ${i}`));
    assert.ok(kind === 'wrong-password' || kind === 'invalid-key', kind);
  }
});

test('more iterations than are allowed are refused before any is made', () => {
  const hex = Buffer.from(encrypt()).toString('hex');
  // 1000 iterations become 5,000,001; the length of everything around grows by one octet.
  const costly = hex.replace('020203e8', '02034c4b41');
  assert.notEqual(costly, hex);
  const grown = growLengths(Buffer.from(costly, 'hex'));
  const error = unwrapError(decryptPrivateKey(noble, grown, PASSWORD));
  assert.deepEqual([error.kind, /5000001 iterations/.test(error.detail)], ['too-costly', true]);
  assert.equal(
    unwrapError(decryptPrivateKey(noble, encrypt(), PASSWORD, { maximumIterations: 999 })).kind,
    'too-costly',
  );
  assert.ok(decryptPrivateKey(noble, encrypt(), PASSWORD, { maximumIterations: 1000 }).ok);
});

/** Adds one to the lengths of the SEQUENCEs around PBKDF2's count of iterations. */
function growLengths(der: Uint8Array): Uint8Array {
  const grown = der.slice();
  // EncryptedPrivateKeyInfo (two octets of length), AlgorithmIdentifier, PBES2-params, PBKDF2 and PBKDF2-params.
  const headers = [...grown.keys()].filter((i) => grown[i] === 0x30).slice(0, 5);
  for (const [depth, at] of headers.entries()) {
    const length = depth === 0 && (grown[1] ?? 0) > 0x80 ? 2 + ((grown[1] ?? 0) & 0x7f) - 1 : at + 1;
    grown[length] = (grown[length] ?? 0) + 1;
  }
  return grown;
}

test('what is no encrypted key is malformed', () => {
  const [block] = unwrap(decodePem(encodePem('CERTIFICATE', Uint8Array.of(0x30, 0))));
  const inputs = [
    'nothing',
    encodePem('PRIVATE KEY', encodePrivateKey(P256)),
    '-----BEGIN X-----',
    block?.bytes ?? '',
  ];
  for (const input of inputs) {
    assert.equal(unwrapError(decryptPrivateKey(noble, input, PASSWORD)).kind, 'malformed');
  }
});

test('no change of one byte makes the reader throw', () => {
  const der = encrypt(P256, { iterations: 1 });
  fc.assert(
    fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = der.slice();
      changed[at] = (changed[at] ?? 0) ^ change;
      decryptPrivateKey(noble, changed, PASSWORD, { maximumIterations: 10_000 });
    }),
    { numRuns: FC_RUNS },
  );
});

const LEGACY = ['-provider', 'legacy', '-provider', 'default'];
const hasLegacy = skipWithoutOpenssl === false && opensslAgrees(['list', '-providers', ...LEGACY]);
const skipWithoutLegacy = hasLegacy ? false : 'openssl has no legacy provider';

const V2: readonly (readonly [what: string, args: readonly string[], skip: string | false])[] = [
  ...['aes-128-cbc', 'aes-192-cbc', 'aes-256-cbc', 'des3'].map(
    (cipher) => [cipher, ['-v2', cipher], skipWithoutOpenssl] as const,
  ),
  ...['hmacWithSHA1', 'hmacWithSHA224', 'hmacWithSHA256', 'hmacWithSHA384', 'hmacWithSHA512'].map(
    (prf) => [prf, ['-v2', 'aes-256-cbc', '-v2prf', prf], skipWithoutOpenssl] as const,
  ),
  ['scrypt', ['-scrypt'], skipWithoutOpenssl],
  [
    'scrypt with other numbers',
    ['-scrypt', '-scrypt_N', '1024', '-scrypt_r', '4', '-scrypt_p', '3'],
    skipWithoutOpenssl,
  ],
  ...['des', 'rc2', 'rc2-40-cbc', 'rc2-64-cbc'].map(
    (cipher) => [cipher, ['-v2', cipher, ...LEGACY], skipWithoutLegacy] as const,
  ),
  ...[
    'PBE-SHA1-3DES',
    'PBE-SHA1-2DES',
    'PBE-SHA1-RC2-128',
    'PBE-SHA1-RC2-40',
    'PBE-SHA1-RC4-128',
    'PBE-SHA1-RC4-40',
    'PBE-MD5-DES',
    'PBE-MD5-RC2-64',
    'PBE-SHA1-DES',
    'PBE-SHA1-RC2-64',
  ].map((scheme) => [scheme, ['-v1', scheme, ...LEGACY], skipWithoutLegacy] as const),
];

for (const [what, args, skip] of V2) {
  test(`a key that openssl has encrypted is read: ${what}`, { skip }, () => {
    const plain = encodePem('PRIVATE KEY', encodePrivateKey(P256));
    for (const password of [PASSWORD, 'p', '']) {
      const pem = openssl(['pkcs8', '-topk8', ...args, '-passout', `pass:${password}`], plain).toString();
      assert.deepEqual(unwrap(decryptPrivateKey(noble, pem, password)), P256);
    }
  });
}

test('a cipher that nobody here speaks is named', { skip: skipWithoutOpenssl }, () => {
  const plain = encodePem('PRIVATE KEY', encodePrivateKey(P256));
  for (const cipher of ['camellia-256-cbc', 'aria-128-cbc']) {
    const pem = openssl(['pkcs8', '-topk8', '-v2', cipher, '-passout', 'pass:x'], plain).toString();
    const error = unwrapError(decryptPrivateKey(noble, pem, 'x'));
    assert.deepEqual([error.kind, /^cipher 1\.2\./.test(error.detail)], ['unsupported-encryption', true]);
  }
});

test('openssl reads our encrypted keys', { skip: skipWithoutOpenssl }, () => {
  for (const key of [P256, ED25519, RSA]) {
    for (const cipher of ['aes-128-cbc', 'aes-256-cbc'] as const) {
      const pem = encodePem('ENCRYPTED PRIVATE KEY', encrypt(key, { cipher, password: 'pässword' }));
      const plain = openssl(['pkcs8', '-passin', 'pass:pässword'], pem).toString();
      assert.deepEqual(unwrap(decodePrivateKey(noble, plain)), key);
    }
  }
});
