/**
 * C2SP Wycheproof (testvectors_v1) against the noble provider: `npm run test:wycheproof` for all of it.
 *
 * Every `valid` case must pass and every `invalid` one must fail. What is `acceptable` is decided here, by flag:
 * - compressed points (ECDH) are refused: TLS 1.3 forbids them;
 * - a PKCS#1 v1.5 DigestInfo without its NULL is refused: RFC 8017 wants the NULL written;
 * - X25519 with a low-order share (an all-zero secret) is refused: RFC 9846 §7.4.2 says so;
 * - all other acceptable X25519 shares (not reduced, on the twist) are taken, as RFC 7748 §5 wants it.
 *
 * Cases for what TLS has no use for (192-bit keys, other nonce and tag lengths, SHA-1 and SHA-224, a mask
 * generation hash of its own) count as out of scope. The vectors are not part of the project: see {@link vectorFolder}.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type AeadName,
  type CurveName,
  type HashName,
  noble,
  type PublicKeyInput,
  type SignatureAlgorithm,
  type SignatureHash,
  secret,
} from '../../nocrypto/index.ts';
import { mlKem } from '../../nocrypto/ml-kem.ts';
import { bytesToBigint, entropy, hex } from './support.ts';

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
  readonly run: (test: Case, file: string) => Outcome;
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

const suites: readonly Suite[] = [
  { files: /^(aes_gcm|chacha20_poly1305)_test/, run: aead },
  { files: /^hmac_sha(1|256|384|512)_test/, run: hmac },
  { files: /^hkdf_sha(1|256|384|512)_test/, run: hkdf },
  { files: /^x25519_test/, run: x25519, takes: (flags) => !flags.includes('ZeroSharedSecret') },
  { files: /^ecdh_secp(256|384)r1_ecpoint_test/, slow: true, run: ecdh },
  { files: /^mlkem_768_keygen_seed_test/, run: mlKemKeys },
  { files: /^mlkem_768_encaps_test/, run: mlKemEncapsulation },
  { files: /^mlkem_768_test/, run: mlKemDecapsulation },
  { files: /^ecdsa_secp(256|384)r1_sha(256|384|512)_test/, slow: true, run: ecdsa },
  { files: /^ed25519_test/, run: ed25519 },
  { files: /^rsa_signature_\d+_sha(256|384|512)_test/, run: rsaPkcs1 },
  { files: /^rsa_pss_/, run: rsaPss },
];

/** Where the vectors lie on a machine that has them: beside the project. */
export function vectorFolder(): string | undefined {
  const folder = fileURLToPath(new URL('../../../../shared/vectors/wycheproof/', import.meta.url));
  return existsSync(folder) ? folder : undefined;
}

/** Runs the files of all suites: every case, or every `slowStep`-th of the slow suites. */
export function runAll(folder: string, slowStep: number): readonly Tally[] {
  return readdirSync(folder)
    .sort()
    .flatMap((file) => {
      const suite = suites.find(({ files }) => files.test(file));
      return suite === undefined ? [] : [runFile(folder, file, suite, suite.slow ? slowStep : 1)];
    });
}

function runFile(folder: string, file: string, suite: Suite, step: number): Tally {
  const tally = { passed: 0, outOfScope: 0, notTried: 0 };
  const failures: string[] = [];
  for (const group of list(fields(JSON.parse(readFileSync(join(folder, file), 'utf8'))), 'testGroups')) {
    for (const test of list(group, 'tests')) {
      if (number(test, 'tcId') % step !== 0) {
        tally.notTried++;
        continue;
      }
      const problem = judge(suite, { group, test }, file);
      if (problem === 'out of scope') tally.outOfScope++;
      else if (problem === undefined) tally.passed++;
      else failures.push(`${file} ${number(test, 'tcId')}: ${problem}`);
    }
  }
  return { file, ...tally, failures };
}

/** `undefined` when the case went as it must. */
function judge(suite: Suite, test: Case, file: string): string | undefined {
  try {
    const outcome = suite.run(test, file);
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

function aead({ group, test }: Case, file: string): Outcome {
  const keySize = number(group, 'keySize');
  const nonce = bytes(test, 'iv');
  const name: AeadName | undefined = file.startsWith('chacha20')
    ? 'chacha20-poly1305'
    : keySize === 128
      ? 'aes-128-gcm'
      : keySize === 256
        ? 'aes-256-gcm'
        : undefined;
  if (name === undefined || number(group, 'tagSize') !== 128) return 'out of scope';
  const key = noble.aeads[name].prepare(bytes(test, 'key'));
  const [data, message] = [bytes(test, 'aad'), bytes(test, 'msg')];
  const sealed = Uint8Array.of(...bytes(test, 'ct'), ...bytes(test, 'tag'));
  const out = new Uint8Array(message.length).fill(0xee);
  if (nonce.length !== 12) {
    assert.throws(() => key.open(nonce, data, sealed, out, 0), RangeError);
    return 'out of scope';
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

function hmac({ group, test }: Case, file: string): Outcome {
  const tag = noble.hmac(hashIn(file), bytes(test, 'key')).mac(bytes(test, 'msg'));
  const expected = bytes(test, 'tag');
  assert.equal(8 * expected.length, number(group, 'tagSize'));
  return noble.equal(tag.subarray(0, expected.length), expected) ? 'taken' : 'refused';
}

function hkdf({ test }: Case, file: string): Outcome {
  const hash = hashIn(file);
  const key = noble.hkdfExtract(hash, bytes(test, 'salt'), bytes(test, 'ikm'));
  const expand = () => noble.hkdfExpand(hash, key, bytes(test, 'info'), number(test, 'size'));
  if (number(test, 'size') > 255 * noble.hashes[hash].outputLength) {
    assert.throws(expand, RangeError);
    return 'refused';
  }
  assert.deepEqual(expand(), bytes(test, 'okm'));
  return 'taken';
}

function x25519({ test }: Case): Outcome {
  const agreed = noble.groups.x25519.decapsulate(secret(bytes(test, 'private')), bytes(test, 'public'));
  if (!agreed.ok) return 'refused';
  assert.deepEqual(agreed.value, bytes(test, 'shared'));
  return 'taken';
}

function ecdh({ test }: Case, file: string): Outcome {
  const [name, length]: readonly [CurveName, number] = file.includes('256r1')
    ? ['secp256r1', 32]
    : ['secp384r1', 48];
  const scalar = hex(
    text(test, 'private')
      .padStart(2 * length, '0')
      .slice(-2 * length),
  );
  const agreed = noble.groups[name].decapsulate(secret(scalar), bytes(test, 'public'));
  if (!agreed.ok) return 'refused';
  assert.deepEqual(agreed.value, bytes(test, 'shared'));
  return 'taken';
}

// ML-KEM is reached through the hybrid group, with an X25519 half that stays the same.
const hybrid = noble.groups.X25519MLKEM768;
const otherShare = noble.groups.x25519.generate(entropy(32)).share;

function mlKemKeys({ test }: Case): Outcome {
  const { share } = hybrid.generate(Uint8Array.of(...bytes(test, 'seed'), ...entropy(32)));
  assert.deepEqual(share.slice(0, 1184), bytes(test, 'ek'));
  assert.deepEqual(
    mlKem('ml-kem-768').prepare(secret(bytes(test, 'seed'))).decapsulationKey,
    bytes(test, 'dk'),
  );
  return 'taken';
}

function mlKemEncapsulation({ test }: Case): Outcome {
  const share = Uint8Array.of(...bytes(test, 'ek'), ...otherShare);
  const sealed = hybrid.encapsulate(share, Uint8Array.of(...bytes(test, 'm'), ...entropy(32)));
  if (!sealed.ok) return 'refused';
  assert.deepEqual(sealed.value.share.slice(0, 1088), bytes(test, 'c'));
  assert.deepEqual(sealed.value.sharedSecret.slice(0, 32), bytes(test, 'K'));
  return 'taken';
}

function mlKemDecapsulation({ test }: Case): Outcome {
  const seed = Uint8Array.of(...bytes(test, 'seed'), ...entropy(32));
  if (seed.length !== hybrid.generateEntropyLength) {
    assert.throws(() => hybrid.generate(seed), RangeError);
    return 'refused';
  }
  const { privateKey } = hybrid.generate(seed);
  const agreed = hybrid.decapsulate(privateKey, Uint8Array.of(...bytes(test, 'c'), ...otherShare));
  if (!agreed.ok) return 'refused';
  assert.deepEqual(agreed.value.slice(0, 32), bytes(test, 'K'));
  return 'taken';
}

function ecdsa({ group, test }: Case, file: string): Outcome {
  const curve: CurveName = file.includes('256r1') ? 'secp256r1' : 'secp384r1';
  const point = bytes(fields(group['publicKey']), 'uncompressed');
  return verify({ kind: 'ecdsa', hash: signatureHashIn(group) }, { kind: 'ec', curve, point }, test);
}

function ed25519({ group, test }: Case): Outcome {
  const key = { kind: 'ed25519', bytes: bytes(fields(group['publicKey']), 'pk') } as const;
  return verify({ kind: 'ed25519' }, key, test);
}

function rsaPkcs1({ group, test }: Case): Outcome {
  return verify({ kind: 'rsa-pkcs1', hash: signatureHashIn(group) }, rsaKeyIn(group), test);
}

function rsaPss({ group, test }: Case): Outcome {
  const hash = text(group, 'sha');
  if (!/^SHA-(256|384|512)$/.test(hash) || text(group, 'mgfSha') !== hash) return 'out of scope';
  const saltLength = number(group, 'sLen');
  return verify({ kind: 'rsa-pss', hash: signatureHashIn(group), saltLength }, rsaKeyIn(group), test);
}

function verify(algorithm: SignatureAlgorithm, input: PublicKeyInput, test: Fields): Outcome {
  const key = noble.publicKey(input);
  if (!key.ok) return 'refused';
  return noble.verify(algorithm, key.value, bytes(test, 'msg'), bytes(test, 'sig')) ? 'taken' : 'refused';
}

function rsaKeyIn(group: Fields): PublicKeyInput {
  const key = fields(group['publicKey']);
  return {
    kind: 'rsa',
    modulus: bytesToBigint(bytes(key, 'modulus')),
    publicExponent: bytesToBigint(bytes(key, 'publicExponent')),
  };
}

function hashIn(file: string): HashName {
  const name = (['sha1', 'sha256', 'sha384', 'sha512'] as const).find((hash) => file.includes(`_${hash}_`));
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
  const tallies = runAll(folder, 1);
  for (const { file, passed, outOfScope, failures } of tallies) {
    console.log(`${file}: ${passed} passed, ${failures.length} failed, ${outOfScope} out of scope`);
    for (const failure of failures) console.log(`  ${failure}`);
  }
  const sum = (of: (tally: Tally) => number) => tallies.reduce((total, tally) => total + of(tally), 0);
  const failed = sum(({ failures }) => failures.length);
  console.log(
    `in ${tallies.length} files: ${sum(({ passed }) => passed)} passed, ${failed} failed, ` +
      `${sum(({ outOfScope }) => outOfScope)} out of scope`,
  );
  if (failed > 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
