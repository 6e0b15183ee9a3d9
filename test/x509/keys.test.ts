import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { noble } from '../../nocrypto/index.ts';
import {
  decodePem,
  decodePrivateKey,
  decodePublicKey,
  encodePem,
  encodePrivateKey,
  encodePublicKey,
} from '../../x509/index.ts';
import { FC_RUNS, unwrap, unwrapError } from './helpers.ts';
import { openssl, skipWithoutOpenssl } from './openssl.ts';
import { keyOf } from './pki.ts';

const P256 = keyOf('key', { kind: 'ec', curve: 'secp256r1' });
const P384 = keyOf('key', { kind: 'ec', curve: 'secp384r1' });
const P521 = keyOf('key', { kind: 'ec', curve: 'secp521r1' });
const ED25519 = keyOf('key', { kind: 'ed25519' });
const RSA_PEM = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const RSA = unwrap(decodePrivateKey(noble, RSA_PEM.privateKey));

const firstBlock = (pem: string) => unwrap(decodePem(pem))[0]?.bytes ?? assert.fail('no PEM block');
const fromHex = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test('every kind of key is read back from PKCS #8 and SubjectPublicKeyInfo as it was written', () => {
  const newer = (['ed448', 'ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'] as const).map((kind) =>
    keyOf('key', { kind }),
  );
  for (const key of [P256, P384, P521, ED25519, ...newer, RSA]) {
    const der = encodePrivateKey(key);
    assert.deepEqual(unwrap(decodePrivateKey(noble, der)), key);
    assert.deepEqual(unwrap(decodePrivateKey(noble, encodePem('PRIVATE KEY', der))), key);
    assert.deepEqual(unwrap(decodePublicKey(noble, encodePublicKey(key.public))).key, key.public);
  }
});

test('an ML-DSA key is read with its expanded key beside the seed, but not with the expanded key alone (RFC 9881 §6)', () => {
  const key = keyOf('key', { kind: 'ml-dsa-44' });
  const written = toHex(encodePrivateKey(key));
  // OneAsymmetricKey v1, id-ml-dsa-44, and the seed under [0].
  const header = '020100300b0609608648016503040311';
  const seed = written.slice(-64);
  assert.equal(written, `3034${header}04228020${seed}`);
  const expanded = `04820a00${'5a'.repeat(2560)}`;
  const both = `30820a3e${header}04820a2a30820a260420${seed}${expanded}`;
  assert.deepEqual(unwrap(decodePrivateKey(noble, fromHex(both))), key);
  const alone = `30820a18${header}04820a04${expanded}`;
  assert.deepEqual(unwrapError(decodePrivateKey(noble, fromHex(alone))), {
    kind: 'unsupported-key',
    detail: 'ml-dsa-44 key without its seed',
  });
});

test('an RSA key of node:crypto is written as node:crypto writes it', () => {
  assert.deepEqual(encodePrivateKey(RSA), firstBlock(RSA_PEM.privateKey));
  assert.deepEqual(encodePublicKey(RSA.public), firstBlock(RSA_PEM.publicKey));
});

test('an RSASSA-PSS key keeps its parameters', () => {
  for (const parameters of [undefined, { hash: 'sha384', saltLength: 48 }] as const) {
    const key = { keyType: 'rsa-pss', key: RSA.public, parameters } as const;
    assert.deepEqual(unwrap(decodePublicKey(noble, encodePublicKey(key))), key);
  }
});

// RFC 8410 §10.3 and §10.1.
const RFC8410_V1 =
  '302e020100300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842';
const RFC8410_V2 =
  '3072020101300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842' +
  'a01f301d060a2a864886f70d01090914310f0c0d437572646c6520436861697273' +
  '81210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1';
const RFC8410_PUBLIC =
  '302a300506032b657003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1';

test('the Ed25519 keys of RFC 8410 are read, with and without attributes and public key', () => {
  for (const hex of [RFC8410_V1, RFC8410_V2]) {
    const key = unwrap(decodePrivateKey(noble, fromHex(hex)));
    assert.equal(toHex(encodePublicKey(key.public)), RFC8410_PUBLIC);
  }
  assert.equal(toHex(encodePrivateKey(unwrap(decodePrivateKey(noble, fromHex(RFC8410_V1))))), RFC8410_V1);
});

test('a public key beside a private key must be its own', () => {
  const foreign = RFC8410_V2.replace(/e1$/, 'e0');
  assert.match(unwrapError(decodePrivateKey(noble, fromHex(foreign))).detail, /not its own/);
  const ec = toHex(encodePrivateKey(P256));
  const point = toHex(encodePublicKey(P256.public)).slice(-128);
  const other = toHex(encodePublicKey(keyOf('other').public)).slice(-128);
  assert.ok(ec.includes(point));
  assert.match(unwrapError(decodePrivateKey(noble, fromHex(ec.replace(point, other)))).detail, /not its own/);
});

test('keys of unknown kinds, encrypted ones and texts without any are refused with a reason', () => {
  const encrypted = encodePem('ENCRYPTED PRIVATE KEY', Uint8Array.of(0x30, 0));
  assert.deepEqual(unwrapError(decodePrivateKey(noble, encrypted)), {
    kind: 'unsupported-key',
    detail: 'the private key is encrypted; decrypt it first',
  });
  assert.match(unwrapError(decodePrivateKey(noble, 'nothing here')).detail, /no private key/);
  assert.match(
    unwrapError(decodePrivateKey(noble, encodePem('CERTIFICATE', Uint8Array.of(1)))).detail,
    /no private key/,
  );
  // X25519, RFC 8410 §10.2's identifier: for key agreement, not for signatures.
  const x25519 = RFC8410_V1.replace('2b6570', '2b656e');
  assert.equal(unwrapError(decodePrivateKey(noble, fromHex(x25519))).kind, 'unsupported-key');
});

test('parameters are what the algorithm says they are', () => {
  const refused = (hex: string) => unwrapError(decodePublicKey(noble, fromHex(hex))).kind;
  const ed25519 = `302c300706032b65700500032100${RFC8410_PUBLIC.slice(-64)}`;
  assert.equal(refused(ed25519), 'invalid-key');
  const rsa = toHex(encodePublicKey(RSA.public));
  const withoutNull = rsa
    .replace('300d06092a864886f70d0101010500', '300b06092a864886f70d010101')
    .replace(/^30820122/, '30820120');
  assert.equal(refused(withoutNull), 'invalid-key');
  const ec = toHex(encodePublicKey(P256.public));
  // secp256k1 (SEC 2) in place of secp256r1.
  const k256 = ec
    .replace('301306072a8648ce3d020106082a8648ce3d030107', '301006072a8648ce3d020106052b8104000a')
    .replace(/^3059/, '3056');
  assert.equal(refused(k256), 'unsupported-key');
});

test('points off the curve, at infinity and compressed are refused', () => {
  const octets = (hex: string, extra: number) => (hex.length / 2 + extra).toString(16).padStart(2, '0');
  const identifier = '301306072a8648ce3d020106082a8648ce3d030107';
  const spki = (point: string) =>
    fromHex(`30${octets(`${identifier}${point}`, 3)}${identifier}03${octets(point, 1)}00${point}`);
  const good = toHex(encodePublicKey(P256.public)).slice(-130);
  assert.ok(decodePublicKey(noble, spki(good)).ok);
  for (const point of [
    `${good.slice(0, -1)}${good.endsWith('0') ? '1' : '0'}`,
    '00',
    `02${good.slice(2, 66)}`,
  ]) {
    assert.equal(unwrapError(decodePublicKey(noble, spki(point))).kind, 'invalid-key');
  }
});

test('RSA keys below 2048 and above 8192 bits are weak', () => {
  for (const modulusLength of [1024, 8200]) {
    const modulus = (1n << BigInt(modulusLength)) - 1n;
    const template = {
      keyType: 'rsa',
      key: { ...RSA.public, kind: 'rsa', modulus, publicExponent: 65537n },
    } as const;
    const error = unwrapError(decodePublicKey(noble, encodePublicKey(template)));
    assert.equal(error.kind, 'weak-key');
    assert.match(error.detail, new RegExp(`${modulusLength} bits`));
  }
});

test('no change of one byte makes a key reader throw', () => {
  const encodings = [P256, ED25519, RSA].flatMap((key) => [
    encodePrivateKey(key),
    encodePublicKey(key.public),
  ]);
  fc.assert(
    fc.property(
      fc.constantFrom(...encodings),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (der, at, change) => {
        const bytes = der.slice();
        bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ change;
        decodePrivateKey(noble, bytes);
        decodePublicKey(noble, bytes);
      },
    ),
    { numRuns: FC_RUNS },
  );
});

const GENERATED: readonly (readonly [what: string, args: readonly string[]])[] = [
  ['RSA in PKCS #8', ['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']],
  ['RSA in PKCS #1', ['genrsa', '-traditional', '2048']],
  ['RSA for PSS only', ['genpkey', '-algorithm', 'RSA-PSS', '-pkeyopt', 'rsa_keygen_bits:2048']],
  ['P-256 in PKCS #8', ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']],
  ['P-256 in SEC 1, after its parameters', ['ecparam', '-genkey', '-name', 'prime256v1']],
  ['P-384 in PKCS #8', ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384']],
  ['Ed25519', ['genpkey', '-algorithm', 'ed25519']],
];

for (const [what, args] of GENERATED) {
  test(`a key that openssl made is read, and ours by openssl: ${what}`, { skip: skipWithoutOpenssl }, () => {
    const pem = openssl(args).toString();
    const key = unwrap(decodePrivateKey(noble, pem));
    const publicPem = openssl(['pkey', '-pubout'], pem).toString();
    assert.deepEqual(unwrap(decodePublicKey(noble, firstBlock(publicPem))).key, key.public);
    const der = unwrap(decodePem(pem)).at(-1)?.bytes ?? assert.fail('no PEM block');
    assert.deepEqual(unwrap(decodePrivateKey(noble, der)), key);
    const ours = encodePem('PRIVATE KEY', encodePrivateKey(key));
    const again = openssl(['pkey', '-pubout'], ours).toString();
    assert.deepEqual(unwrap(decodePublicKey(noble, firstBlock(again))).key, key.public);
  });
}

test('explicit curve parameters are refused, in private and in public keys (CVE-2020-0601)', {
  skip: skipWithoutOpenssl,
}, () => {
  const pem = openssl([
    'genpkey',
    '-algorithm',
    'EC',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-pkeyopt',
    'ec_param_enc:explicit',
  ]).toString();
  assert.match(unwrapError(decodePrivateKey(noble, pem)).detail, /named curve/);
  const spki = firstBlock(openssl(['pkey', '-pubout'], pem).toString());
  assert.match(unwrapError(decodePublicKey(noble, spki)).detail, /named curve/);
});
