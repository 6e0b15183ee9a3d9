import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { noble, type PrivateKey, type SignatureAlgorithm } from '../../nocrypto/index.ts';
import {
  encodePssParameters,
  NULL,
  pssParameters,
  signatureAlgorithm,
  signatureAlgorithmIdentifier,
} from '../../x509/algorithm.ts';
import {
  algorithm,
  buildCertificate,
  type CertifiedKey,
  certificatePublicKey,
  decodePrivateKey,
  trustAnchor,
  validatePath,
} from '../../x509/index.ts';
import { entropy, unwrap, unwrapError } from './helpers.ts';
import { keyOf, NOW, VALIDITY } from './pki.ts';

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
const P256 = keyOf('authority', { kind: 'ec', curve: 'secp256r1' });
const P384 = keyOf('authority', { kind: 'ec', curve: 'secp384r1' });
const P521 = keyOf('authority', { kind: 'ec', curve: 'secp521r1' });
const ED25519 = keyOf('authority', { kind: 'ed25519' });

/** Whether a leaf that an authority with this key signed so is accepted, or why not. */
function outcome(
  key: PrivateKey,
  signed: SignatureAlgorithm,
  certified: CertifiedKey | undefined = undefined,
): string {
  const common = { crypto: noble, entropy: entropy('signatures'), validity: VALIDITY };
  const certificate = unwrap(
    buildCertificate({
      ...common,
      subject: [['commonName', 'Authority']],
      publicKey: certified ?? key.public,
      signer: { key },
      authority: { pathLenConstraint: undefined },
    }),
  );
  const leaf = unwrap(
    buildCertificate({
      ...common,
      subject: [],
      publicKey: P256.public,
      signer: { key, certificate },
      subjectAltName: [{ kind: 'dNSName', value: 'example.com' }],
      signatureAlgorithm: signed,
    }),
  );
  const result = validatePath({
    crypto: noble,
    certificates: [leaf],
    anchors: [trustAnchor(certificate)],
    purpose: 'serverAuth',
    identity: undefined,
    now: NOW,
  });
  return result.ok ? 'accepted' : result.error.reason;
}

const HASHES = ['sha256', 'sha384', 'sha512'] as const;

test('RSA signatures are accepted: PKCS #1 and PSS, with each hash and several salts', () => {
  for (const hash of HASHES) {
    assert.equal(outcome(RSA, { kind: 'rsa-pkcs1', hash }), 'accepted');
    for (const saltLength of [0, 20, 32, 64]) {
      assert.equal(outcome(RSA, { kind: 'rsa-pss', hash, saltLength }), 'accepted');
    }
  }
});

test('ECDSA signatures are accepted: each curve with each hash', () => {
  for (const hash of HASHES) {
    assert.equal(outcome(P256, { kind: 'ecdsa', hash }), 'accepted');
    assert.equal(outcome(P384, { kind: 'ecdsa', hash }), 'accepted');
  }
  assert.equal(outcome(P521, { kind: 'ecdsa', hash: 'sha512' }), 'accepted');
});

test('EdDSA and ML-DSA signatures are accepted', () => {
  assert.equal(outcome(ED25519, { kind: 'ed25519' }), 'accepted');
  for (const kind of ['ed448', 'ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'] as const) {
    assert.equal(outcome(keyOf('authority', { kind }), { kind }), 'accepted');
  }
});

test('an RSASSA-PSS key signs with PSS only, with its own hash and no less than its salt (RFC 4055 §3.3)', () => {
  const free: CertifiedKey = { keyType: 'rsa-pss', key: RSA.public, parameters: undefined };
  const bound: CertifiedKey = { ...free, parameters: { hash: 'sha256', saltLength: 32 } };
  const pss = (hash: 'sha256' | 'sha384', saltLength: number) =>
    ({ kind: 'rsa-pss', hash, saltLength }) as const;
  assert.equal(outcome(RSA, pss('sha384', 48), free), 'accepted');
  assert.equal(outcome(RSA, { kind: 'rsa-pkcs1', hash: 'sha256' }, free), 'bad-signature');
  assert.equal(outcome(RSA, pss('sha256', 32), bound), 'accepted');
  assert.equal(outcome(RSA, pss('sha256', 40), bound), 'accepted');
  assert.equal(outcome(RSA, pss('sha256', 20), bound), 'bad-signature');
  assert.equal(outcome(RSA, pss('sha384', 48), bound), 'bad-signature');
});

test('the key of a certificate for RSASSA-PSS says so', () => {
  const parameters = { hash: 'sha512', saltLength: 64 } as const;
  const certificate = unwrap(
    buildCertificate({
      crypto: noble,
      entropy: entropy('pss'),
      subject: [['commonName', 'PSS']],
      publicKey: { keyType: 'rsa-pss', key: RSA.public, parameters },
      signer: { key: RSA },
      validity: VALIDITY,
    }),
  );
  assert.deepEqual(unwrap(certificatePublicKey(noble, certificate)), {
    keyType: 'rsa-pss',
    key: RSA.public,
    parameters,
  });
});

test('every algorithm that is written is read back', () => {
  const algorithms: readonly SignatureAlgorithm[] = [
    ...HASHES.map((hash) => ({ kind: 'rsa-pkcs1', hash }) as const),
    ...HASHES.map((hash) => ({ kind: 'rsa-pss', hash, saltLength: 33 }) as const),
    ...HASHES.map((hash) => ({ kind: 'ecdsa', hash }) as const),
    { kind: 'ed25519' },
    { kind: 'ed448' },
    { kind: 'ml-dsa-44' },
    { kind: 'ml-dsa-65' },
    { kind: 'ml-dsa-87' },
  ];
  for (const value of algorithms) {
    assert.deepEqual(unwrap(signatureAlgorithm(signatureAlgorithmIdentifier(value))), value);
  }
});

test('PKCS #1 parameters may be NULL or absent, others must be absent', () => {
  const read = (type: string, parameters: Uint8Array | undefined) =>
    signatureAlgorithm({ algorithm: type, parameters }).ok;
  assert.ok(read(algorithm.sha256WithRSAEncryption, NULL));
  assert.ok(read(algorithm.sha256WithRSAEncryption, undefined));
  assert.ok(!read(algorithm.sha256WithRSAEncryption, Uint8Array.of(4, 0)));
  assert.ok(!read(algorithm.ecdsaWithSHA256, NULL));
  assert.ok(!read(algorithm.ed25519, NULL));
});

test('MD5, SHA-1 and unknown algorithms are not supported, and the error names them', () => {
  for (const type of [algorithm.md5WithRSAEncryption, algorithm.sha1WithRSAEncryption]) {
    const error = unwrapError(signatureAlgorithm({ algorithm: type, parameters: NULL }));
    assert.match(error.found, /WithRSAEncryption$/);
  }
  assert.match(
    unwrapError(signatureAlgorithm({ algorithm: algorithm.ecdsaWithSHA1, parameters: undefined })).found,
    /SHA1/,
  );
  assert.equal(
    unwrapError(signatureAlgorithm({ algorithm: '1.2.3.4', parameters: undefined })).found,
    '1.2.3.4',
  );
});

test('PSS parameters name one strong hash throughout (RFC 4055 §3.1)', () => {
  const good = Buffer.from(encodePssParameters({ hash: 'sha256', saltLength: 32 })).toString('hex');
  const changed = (from: string, to: string) => Buffer.from(good.replace(from, to), 'hex');
  const sha256 = '608648016503040201';
  const sha384 = '608648016503040202';
  assert.deepEqual(unwrap(pssParameters(Buffer.from(good, 'hex'))), { hash: 'sha256', saltLength: 32 });
  // Absent parameters and an empty sequence both mean SHA-1.
  assert.ok(!pssParameters(undefined).ok);
  assert.ok(!pssParameters(Uint8Array.of(0x30, 0)).ok);
  assert.ok(!pssParameters(changed(sha256, sha384)).ok, 'two hashes');
  assert.ok(!pssParameters(changed('2a864886f70d010108', '2a864886f70d010109')).ok, 'another mask');
  assert.ok(!pssParameters(changed('a203020120', 'a2030201e0')).ok, 'a negative salt length');
  // Trailer field 2, RFC 8017 §A.2.3 knows 1 only.
  const withTrailer = Buffer.concat([Buffer.from(good, 'hex'), Buffer.from('a303020102', 'hex')]);
  withTrailer[1] = (withTrailer[1] ?? 0) + 5;
  assert.ok(!pssParameters(withTrailer).ok, 'another trailer');
});

test('PSS parameters without NULL for the hash are read', () => {
  const good = Buffer.from(encodePssParameters({ hash: 'sha256', saltLength: 32 })).toString('hex');
  // RFC 4055 §2.1: readers accept absent parameters of a hash.
  const absent = good
    .replaceAll('300d06096086480165030402010500', '300b0609608648016503040201')
    .replace('a00f', 'a00d')
    .replace('a11c301a', 'a11a3018')
    .replace(/^3034/, '3030');
  assert.equal(absent.length, good.length - 8);
  assert.deepEqual(unwrap(pssParameters(Buffer.from(absent, 'hex'))), { hash: 'sha256', saltLength: 32 });
});
