/**
 * C2SP Wycheproof (testvectors_v1) against both providers: `npm run test:wycheproof` for all of it.
 *
 * Every `valid` case must pass and every `invalid` one must fail. What is `acceptable` is decided here, by flag:
 * - compressed points, explicit curve parameters and BER (ECDH) are refused: TLS 1.3 forbids the first, RFC 5480 the
 *   second, X.690 the third;
 * - a PKCS#1 v1.5 DigestInfo without its NULL is refused: RFC 8017 wants the NULL written;
 * - X25519 and X448 with a low-order share (an all-zero secret) are refused: RFC 9846 §7.4.2 says so;
 * - all other acceptable shares of these two (not reduced, on the twist) are taken, as RFC 7748 §5 wants it.
 *
 * Cases for what TLS and X.509 have no use for (192-bit AEAD keys, other nonce and tag lengths, SHA-1 and SHA-224 in
 * signatures, a mask generation hash of its own, ML-DSA contexts) count as out of scope. The vectors are not part of
 * the project: see {@link vectorFolder}.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type AeadName,
  type CryptoProvider,
  type CurveName,
  type EdwardsName,
  type HashName,
  type MlDsaName,
  noble,
  type PublicKeyInput,
  padPkcs7,
  type RsaPrivateKey,
  type SignatureAlgorithm,
  type SignatureHash,
  secret,
  unpadPkcs7,
} from '../../nocrypto/index.ts';
import { mlKem } from '../../nocrypto/ml-kem.ts';
import { modPowPublic } from '../../nocrypto/modular.ts';
import { node } from '../../nocrypto/node.ts';
import { decodePublicKey } from '../../x509/index.ts';
import { bigintToBytes, bytesToBigint, curveFacts, entropy, good, hex } from './support.ts';

/** What the provider did with a case. */
type Outcome = 'taken' | 'refused' | 'out of scope';

interface Case {
  readonly group: Fields;
  readonly test: Fields;
}

type Fields = Readonly<Record<string, unknown>>;

interface Suite {
  readonly files: RegExp;
  /** One of the slow suites, of which a quick run tries only a part. */
  readonly slow?: true;
  readonly run: (crypto: CryptoProvider, test: Case, file: string) => Outcome;
  /** Whether an acceptable case is to be taken; without it, no case is. */
  readonly takes?: (flags: readonly string[]) => boolean;
}

export interface Tally {
  readonly file: string;
  readonly passed: number;
  readonly outOfScope: number;
  readonly notTried: number;
  /** One line for each case that went wrong. */
  readonly failures: readonly string[];
}

const takesMontgomery = (flags: readonly string[]) => !flags.includes('ZeroSharedSecret');

const suites: readonly Suite[] = [
  { files: /^(aes_[gc]cm|chacha20_poly1305)_test/, run: aead },
  { files: /^aes_cbc_pkcs5_test/, run: cbc },
  { files: /^hmac_sha(1|256|384|512)_test/, run: hmac },
  { files: /^hkdf_sha(1|256|384|512)_test/, run: hkdf },
  { files: /^pbkdf2_hmacsha(1|256)_test/, slow: true, run: pbkdf2 },
  { files: /^pbes2_hmacsha/, slow: true, run: pbes2 },
  { files: /^x(25519|448)_test/, slow: true, run: montgomery, takes: takesMontgomery },
  { files: /^ecdh_secp(256|384|521)r1_ecpoint_test/, slow: true, run: ecdh },
  { files: /^ecdh_secp(256|384|521)r1_test/, slow: true, run: ecdhOfCertifiedKeys },
  { files: /^mlkem_(768|1024)_keygen_seed_test/, slow: true, run: mlKemKeys },
  { files: /^mlkem_(768|1024)_encaps_test/, slow: true, run: mlKemEncapsulation },
  { files: /^mlkem_(768|1024)_test/, slow: true, run: mlKemDecapsulation },
  { files: /^ecdsa_secp(256|384|521)r1_sha(256|384|512)_test/, slow: true, run: ecdsa },
  { files: /^ed(25519|448)_test/, slow: true, run: eddsa },
  { files: /^mldsa_(44|65|87)_verify_test/, slow: true, run: mlDsa },
  { files: /^rsa_signature_\d+_sha(256|384|512)_test/, slow: true, run: rsaPkcs1 },
  { files: /^rsa_pss_/, slow: true, run: rsaPss },
  { files: /^rsa_pkcs1_\d+_test/, slow: true, run: rsaPkcs1Decryption },
  { files: /^rsa_oaep_/, slow: true, run: rsaOaep },
];

/** Where the vectors lie on a machine that has them: beside the project. */
export function vectorFolder(): string | undefined {
  const folder = fileURLToPath(new URL('../../../../shared/vectors/wycheproof/', import.meta.url));
  return existsSync(folder) ? folder : undefined;
}

/** Runs the files of all suites: every case, or every `slowStep`-th of the slow suites. */
export function runAll(crypto: CryptoProvider, folder: string, slowStep: number): readonly Tally[] {
  return readdirSync(folder)
    .sort()
    .flatMap((file) => {
      const suite = suites.find(({ files }) => files.test(file));
      return suite === undefined ? [] : [runFile(crypto, folder, file, suite, suite.slow ? slowStep : 1)];
    });
}

/** The files that no suite is for. */
export function unusedFiles(folder: string): readonly string[] {
  return readdirSync(folder).filter((file) => !suites.some(({ files }) => files.test(file)));
}

function runFile(crypto: CryptoProvider, folder: string, file: string, suite: Suite, step: number): Tally {
  const tally = { passed: 0, outOfScope: 0, notTried: 0 };
  const failures: string[] = [];
  for (const group of list(fields(JSON.parse(readFileSync(join(folder, file), 'utf8'))), 'testGroups')) {
    for (const test of list(group, 'tests')) {
      if (number(test, 'tcId') % step !== 0) {
        tally.notTried++;
        continue;
      }
      const problem = judge(crypto, suite, { group, test }, file);
      if (problem === 'out of scope') tally.outOfScope++;
      else if (problem === undefined) tally.passed++;
      else failures.push(`${file} ${number(test, 'tcId')}: ${problem}`);
    }
  }
  return { file, ...tally, failures };
}

/** `undefined` when the case went as it must. */
function judge(crypto: CryptoProvider, suite: Suite, test: Case, file: string): string | undefined {
  try {
    const outcome = suite.run(crypto, test, file);
    if (outcome === 'out of scope') return outcome;
    const expected = mustBeTaken(suite, test.test) ? 'taken' : 'refused';
    return outcome === expected ? undefined : `${outcome}, but it must be ${expected}`;
  } catch (thrown) {
    return `threw ${thrown}`;
  }
}

function mustBeTaken(suite: Suite, test: Fields): boolean {
  const result = text(test, 'result');
  if (result === 'acceptable') return suite.takes?.(strings(test, 'flags')) ?? false;
  assert.ok(result === 'valid' || result === 'invalid');
  return result === 'valid';
}

function aead(crypto: CryptoProvider, { group, test }: Case, file: string): Outcome {
  const name = aeadOf(file, number(group, 'keySize'), number(group, 'tagSize'));
  if (name === undefined) return 'out of scope';
  const nonce = bytes(test, 'iv');
  const key = crypto.aeads[name].prepare(bytes(test, 'key'));
  const [data, message] = [bytes(test, 'aad'), bytes(test, 'msg')];
  const sealed = Uint8Array.of(...bytes(test, 'ct'), ...bytes(test, 'tag'));
  const out = new Uint8Array(message.length).fill(0xee);
  if (nonce.length !== 12) {
    assert.throws(() => key.open(nonce, data, sealed, out, 0), RangeError);
    return text(test, 'result') === 'invalid' ? 'refused' : 'out of scope';
  }
  if (!key.open(nonce, data, sealed, out, 0)) {
    assert.ok(out.every((byte) => byte === 0xee));
    return 'refused';
  }
  assert.deepEqual(out, message);
  const again = new Uint8Array(sealed.length);
  key.seal(nonce, data, message, again, 0);
  assert.deepEqual(again, sealed);
  return 'taken';
}

function aeadOf(file: string, keySize: number, tagSize: number): AeadName | undefined {
  const [, cipher] = /^(aes_gcm|aes_ccm|chacha20_poly1305)/.exec(file) ?? [];
  switch (`${cipher} ${keySize} ${tagSize}`) {
    case 'aes_gcm 128 128':
      return 'aes-128-gcm';
    case 'aes_gcm 256 128':
      return 'aes-256-gcm';
    case 'aes_ccm 128 128':
      return 'aes-128-ccm';
    case 'aes_ccm 128 64':
      return 'aes-128-ccm-8';
    case 'aes_ccm 256 128':
      return 'aes-256-ccm';
    case 'aes_ccm 256 64':
      return 'aes-256-ccm-8';
    case 'chacha20_poly1305 256 128':
      return 'chacha20-poly1305';
    default:
      return undefined;
  }
}

function cbc(crypto: CryptoProvider, { test }: Case): Outcome {
  return decryptCbc(crypto, bytes(test, 'key'), test);
}

function decryptCbc(crypto: CryptoProvider, key: Uint8Array, test: Fields): Outcome {
  const { encrypt, decrypt } = crypto.aesCbc(key);
  const [iv, ciphertext, message] = [bytes(test, 'iv'), bytes(test, 'ct'), bytes(test, 'msg')];
  if (ciphertext.length % 16 !== 0) {
    assert.throws(() => decrypt(iv, ciphertext), RangeError);
    return 'refused';
  }
  const opened = unpadPkcs7(decrypt(iv, ciphertext));
  if (opened === undefined) return 'refused';
  assert.deepEqual(opened, message);
  assert.deepEqual(encrypt(iv, padPkcs7(message)), ciphertext);
  return 'taken';
}

function hmac(crypto: CryptoProvider, { group, test }: Case, file: string): Outcome {
  const tag = crypto.hmac(hashIn(file), bytes(test, 'key')).mac(bytes(test, 'msg'));
  const expected = bytes(test, 'tag');
  assert.equal(8 * expected.length, number(group, 'tagSize'));
  return crypto.equal(tag.subarray(0, expected.length), expected) ? 'taken' : 'refused';
}

function hkdf(crypto: CryptoProvider, { test }: Case, file: string): Outcome {
  const hash = hashIn(file);
  const key = crypto.hkdfExtract(hash, bytes(test, 'salt'), bytes(test, 'ikm'));
  const expand = () => crypto.hkdfExpand(hash, key, bytes(test, 'info'), number(test, 'size'));
  if (number(test, 'size') > 255 * crypto.hashes[hash].outputLength) {
    assert.throws(expand, RangeError);
    return 'refused';
  }
  assert.deepEqual(expand(), bytes(test, 'okm'));
  return 'taken';
}

function pbkdf2(crypto: CryptoProvider, { test }: Case, file: string): Outcome {
  const inputs = [bytes(test, 'password'), bytes(test, 'salt'), number(test, 'iterationCount')] as const;
  assert.deepEqual(crypto.pbkdf2(hashIn(file), ...inputs, number(test, 'dkLen')), bytes(test, 'dk'));
  return 'taken';
}

/** PBES2 (RFC 8018 §6.2), from its two parts. */
function pbes2(crypto: CryptoProvider, { test }: Case, file: string): Outcome {
  const [, keySize] = /aes_(\d+)/.exec(file) ?? [];
  const inputs = [bytes(test, 'password'), bytes(test, 'salt'), number(test, 'iterationCount')] as const;
  return decryptCbc(crypto, crypto.pbkdf2(hashIn(file), ...inputs, Number(keySize) / 8), test);
}

function montgomery(crypto: CryptoProvider, { test }: Case, file: string): Outcome {
  const group = crypto.groups[file.startsWith('x448') ? 'x448' : 'x25519'];
  const agreed = group.decapsulate(secret(bytes(test, 'private')), bytes(test, 'public'));
  if (!agreed.ok) return 'refused';
  assert.deepEqual(agreed.value, bytes(test, 'shared'));
  return 'taken';
}

function ecdh(crypto: CryptoProvider, { test }: Case, file: string): Outcome {
  return agree(crypto, curveIn(file), test, bytes(test, 'public'));
}

/** The public keys are SubjectPublicKeyInfos, which is x509's to read. */
function ecdhOfCertifiedKeys(crypto: CryptoProvider, { test }: Case, file: string): Outcome {
  const decoded = decodePublicKey(crypto, bytes(test, 'public'));
  if (!decoded.ok || decoded.value.key.kind !== 'ec') return 'refused';
  const { curve, point } = decoded.value.key;
  return curve === curveIn(file) ? agree(crypto, curve, test, point) : 'refused';
}

function agree(crypto: CryptoProvider, name: CurveName, test: Fields, point: Uint8Array): Outcome {
  const { length } = curveFacts[name];
  const digits = text(test, 'private').padStart(2 * length, '0');
  const agreed = crypto.groups[name].decapsulate(secret(hex(digits.slice(-2 * length))), point);
  if (!agreed.ok) return 'refused';
  assert.deepEqual(agreed.value, bytes(test, 'shared'));
  return 'taken';
}

/** ML-KEM is reached through a hybrid, with an ECDH half that stays the same and stands first or last. */
function hybridIn(crypto: CryptoProvider, file: string) {
  const is768 = file.includes('768');
  const group = crypto.groups[is768 ? 'X25519MLKEM768' : 'SecP384r1MLKEM1024'];
  const alone = crypto.groups[is768 ? 'x25519' : 'secp384r1'];
  const own = entropy(alone.generateEntropyLength);
  const ownShare = alone.initiatorShareLength;
  const withOwn = (lattice: Uint8Array, classical: Uint8Array) =>
    is768 ? Uint8Array.of(...lattice, ...classical) : Uint8Array.of(...classical, ...lattice);
  return {
    group,
    otherShare: alone.generate(own).share,
    withEntropy: (lattice: Uint8Array) => withOwn(lattice, own),
    withShare: withOwn,
    /** The part of ML-KEM in a share, or, of 32 bytes, in a secret. */
    shareOf: (joined: Uint8Array) => (is768 ? joined.slice(0, -ownShare) : joined.slice(ownShare)),
    secretOf: (joined: Uint8Array) => (is768 ? joined.slice(0, 32) : joined.slice(-32)),
  };
}

function mlKemKeys(crypto: CryptoProvider, { test }: Case, file: string): Outcome {
  const { group, withEntropy, shareOf } = hybridIn(crypto, file);
  const seed = bytes(test, 'seed');
  assert.deepEqual(shareOf(group.generate(withEntropy(seed)).share), bytes(test, 'ek'));
  const { decapsulationKey } = mlKem(file.includes('768') ? 'ml-kem-768' : 'ml-kem-1024').prepare(
    secret(seed),
  );
  assert.deepEqual(decapsulationKey, bytes(test, 'dk'));
  return 'taken';
}

function mlKemEncapsulation(crypto: CryptoProvider, { test }: Case, file: string): Outcome {
  const { group, otherShare, withEntropy, withShare, shareOf, secretOf } = hybridIn(crypto, file);
  const sealed = group.encapsulate(withShare(bytes(test, 'ek'), otherShare), withEntropy(bytes(test, 'm')));
  if (!sealed.ok) return 'refused';
  assert.deepEqual(shareOf(sealed.value.share), bytes(test, 'c'));
  assert.deepEqual(secretOf(sealed.value.sharedSecret), bytes(test, 'K'));
  return 'taken';
}

function mlKemDecapsulation(crypto: CryptoProvider, { test }: Case, file: string): Outcome {
  const { group, otherShare, withEntropy, withShare, secretOf } = hybridIn(crypto, file);
  const seed = withEntropy(bytes(test, 'seed'));
  if (seed.length !== group.generateEntropyLength) {
    assert.throws(() => group.generate(seed), RangeError);
    return 'refused';
  }
  const { privateKey } = group.generate(seed);
  const agreed = group.decapsulate(privateKey, withShare(bytes(test, 'c'), otherShare));
  if (!agreed.ok) return 'refused';
  assert.deepEqual(secretOf(agreed.value), bytes(test, 'K'));
  return 'taken';
}

function ecdsa(crypto: CryptoProvider, { group, test }: Case, file: string): Outcome {
  const point = bytes(fields(group['publicKey']), 'uncompressed');
  const key = { kind: 'ec', curve: curveIn(file), point } as const;
  return verify(crypto, { kind: 'ecdsa', hash: signatureHashIn(group) }, key, test);
}

function eddsa(crypto: CryptoProvider, { group, test }: Case, file: string): Outcome {
  const kind: EdwardsName = file.startsWith('ed448') ? 'ed448' : 'ed25519';
  return verify(crypto, { kind }, { kind, bytes: bytes(fields(group['publicKey']), 'pk') }, test);
}

function mlDsa(crypto: CryptoProvider, { group, test }: Case, file: string): Outcome {
  const [, size] = /^mldsa_(\d+)/.exec(file) ?? [];
  const kind = (['ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'] as const).find((name) => name.endsWith(size ?? ''));
  assert.ok(kind);
  if (typeof test['ctx'] === 'string' && test['ctx'] !== '') return 'out of scope';
  const name: MlDsaName = kind;
  return verify(crypto, { kind: name }, { kind: name, bytes: bytes(group, 'publicKey') }, test);
}

function rsaPkcs1(crypto: CryptoProvider, { group, test }: Case): Outcome {
  return verify(crypto, { kind: 'rsa-pkcs1', hash: signatureHashIn(group) }, rsaKeyIn(group), test);
}

function rsaPss(crypto: CryptoProvider, { group, test }: Case): Outcome {
  const hash = text(group, 'sha');
  if (!/^SHA-(256|384|512)$/.test(hash) || text(group, 'mgfSha') !== hash) return 'out of scope';
  const saltLength = number(group, 'sLen');
  return verify(crypto, { kind: 'rsa-pss', hash: signatureHashIn(group), saltLength }, rsaKeyIn(group), test);
}

function verify(
  crypto: CryptoProvider,
  algorithm: SignatureAlgorithm,
  input: PublicKeyInput,
  test: Fields,
): Outcome {
  const key = crypto.publicKey(input);
  if (!key.ok) return 'refused';
  return crypto.verify(algorithm, key.value, bytes(test, 'msg'), bytes(test, 'sig')) ? 'taken' : 'refused';
}

/**
 * Decryption never says that it failed. So a valid ciphertext must give its message, and one that is not must give the
 * substitute, for all lengths at which a careless reader would find a message: those after any zero byte.
 */
function rsaPkcs1Decryption(crypto: CryptoProvider, { group, test }: Case): Outcome {
  const key = rsaPrivateKeyIn(group);
  const ciphertext = bytes(test, 'ct');
  const decrypt = (length: number) =>
    crypto.rsa.decryptPkcs1(key, ciphertext, new Uint8Array(length).fill(0xee), entropy(32));
  if (text(test, 'result') === 'valid') {
    assert.deepEqual(decrypt(bytes(test, 'msg').length), bytes(test, 'msg'));
    return 'taken';
  }
  const size = Math.ceil(key.modulus.toString(16).length / 2);
  const number = bytesToBigint(ciphertext) % key.modulus;
  const encoded = bigintToBytes(modPowPublic(number, key.privateExponent, key.modulus), size);
  const lengths = [...encoded].flatMap((byte, i) =>
    byte === 0 && size - i - 1 <= size - 11 ? [size - i - 1] : [],
  );
  for (const length of [1, 48, ...lengths]) {
    assert.ok(decrypt(length).every((byte) => byte === 0xee));
  }
  return 'refused';
}

function rsaOaep(crypto: CryptoProvider, { group, test }: Case): Outcome {
  const hash = text(group, 'sha').replace('-', '').toLowerCase();
  const name = (['sha1', 'sha256'] as const).find((each) => each === hash);
  assert.ok(name !== undefined && text(group, 'mgfSha') === text(group, 'sha'));
  const key = rsaPrivateKeyIn(group);
  const opened = crypto.rsa.decryptOaep(key, name, bytes(test, 'label'), bytes(test, 'ct'), entropy(32));
  if (!opened.ok) return 'refused';
  assert.deepEqual(opened.value, bytes(test, 'msg'));
  return 'taken';
}

function rsaKeyIn(group: Fields): PublicKeyInput {
  const key = fields(group['publicKey']);
  return {
    kind: 'rsa',
    modulus: bytesToBigint(bytes(key, 'modulus')),
    publicExponent: bytesToBigint(bytes(key, 'publicExponent')),
  };
}

/** Checked once a group: that takes longer than its tests. */
function rsaPrivateKeyIn(group: Fields): RsaPrivateKey {
  const fieldsOfKey = fields(group['privateKey']);
  const label = text(fieldsOfKey, 'modulus');
  const known = rsaPrivateKeys.get(label);
  if (known !== undefined) return known;
  const n = (name: string) => bytesToBigint(bytes(fieldsOfKey, name));
  const key = good(
    node.privateKey({
      kind: 'rsa',
      modulus: n('modulus'),
      publicExponent: n('publicExponent'),
      privateExponent: n('privateExponent'),
      prime1: n('prime1'),
      prime2: n('prime2'),
      exponent1: n('exponent1'),
      exponent2: n('exponent2'),
      coefficient: n('coefficient'),
    }),
  );
  assert.ok(key.kind === 'rsa');
  rsaPrivateKeys.set(label, key);
  return key;
}

const rsaPrivateKeys = new Map<string, RsaPrivateKey>();

function hashIn(file: string): HashName {
  const name = (['sha1', 'sha224', 'sha256', 'sha384', 'sha512'] as const).find((hash) =>
    file.includes(`${hash}_`),
  );
  assert.ok(name);
  return name;
}

function curveIn(file: string): CurveName {
  const name = (['secp256r1', 'secp384r1', 'secp521r1'] as const).find((curve) => file.includes(curve));
  assert.ok(name);
  return name;
}

function signatureHashIn(group: Fields): SignatureHash {
  const wanted = text(group, 'sha').replace('-', '').toLowerCase();
  const name = (['sha256', 'sha384', 'sha512'] as const).find((hash) => hash === wanted);
  assert.ok(name, wanted);
  return name;
}

function fields(value: unknown): Fields {
  assert.ok(typeof value === 'object' && value !== null);
  return Object.fromEntries(Object.entries(value));
}

function list(of: Fields, name: string): readonly Fields[] {
  const value = of[name];
  assert.ok(Array.isArray(value), name);
  return value.map(fields);
}

function strings(of: Fields, name: string): readonly string[] {
  const value = of[name];
  assert.ok(Array.isArray(value), name);
  return value.map(String);
}

function text(of: Fields, name: string): string {
  const value = of[name];
  assert.ok(typeof value === 'string', name);
  return value;
}

function number(of: Fields, name: string): number {
  const value = of[name];
  assert.ok(typeof value === 'number', name);
  return value;
}

function bytes(of: Fields, name: string): Uint8Array {
  return hex(text(of, name));
}

function main(): void {
  const folder = vectorFolder();
  if (folder === undefined) {
    console.log('Wycheproof: no vectors beside the project (../shared/vectors/wycheproof), nothing was run');
    return;
  }
  const summaries = [noble, node].map((crypto) => {
    const tallies = runAll(crypto, folder, 1);
    for (const { file, passed, outOfScope, failures } of tallies) {
      console.log(
        `${crypto.name} ${file}: ${passed} passed, ${failures.length} failed, ${outOfScope} out of scope`,
      );
      for (const failure of failures) console.log(`  ${failure}`);
    }
    const sum = (of: (tally: Tally) => number) => tallies.reduce((total, tally) => total + of(tally), 0);
    const failed = sum(({ failures }) => failures.length);
    if (failed > 0) process.exitCode = 1;
    const counts = `${sum(({ passed }) => passed)} passed, ${failed} failed, ${sum(({ outOfScope }) => outOfScope)}`;
    return `${crypto.name}: ${counts} out of scope in ${tallies.length} files`;
  });
  const unused = unusedFiles(folder);
  if (unused.length > 0) console.log(`for nothing that is here: ${unused.join(', ')}`);
  console.log(summaries.join('\n'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
