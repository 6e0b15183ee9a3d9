import { concat } from './bytes.ts';
import { hmac, hmacOnce } from './hmac.ts';
import type { CryptoProvider } from './provider.ts';
import { type Secret, secret } from './secret.ts';

/**
 * A random generator as a value: HMAC-DRBG with SHA-256 (NIST SP 800-90A Rev. 1 §10.1.2), without prediction
 * resistance. {@link generate} and {@link reseed} return the next generator and leave this one valid, so the same
 * value yields the same bytes every time: whoever keeps an old one repeats nonces.
 */
export interface Rng extends Working {
  readonly key: Secret;
  readonly value: Secret;
  /** How often bytes were drawn since the last seed, plus one (the standard's reseed_counter). */
  readonly reseedCounter: number;
}

/** Bytes of entropy that {@link seedRng} asks for at least: 32 of entropy input and 16 of nonce. */
export const SEED_LENGTH = 48;

/** Bytes of entropy that {@link reseed} asks for at least. */
export const RESEED_LENGTH = 32;

/** Bytes that one call of {@link generate} gives at most (SP 800-90A §10.1, table 2: 2^19 bits). */
export const GENERATE_LIMIT = 65536;

/**
 * HMAC_DRBG_Instantiate (§10.1.2.3). `entropy` is entropy input ‖ nonce, at least {@link SEED_LENGTH} fresh random
 * bytes, else a RangeError. `personalization` need not be secret; different ones give unrelated generators.
 * The bytes are the same whichever provider computes the HMACs; a native one takes a third of the time.
 */
export function seedRng(
  entropy: Uint8Array,
  personalization: Uint8Array = new Uint8Array(0),
  crypto: Pick<CryptoProvider, 'hmac'> = { hmac },
): Rng {
  requireAtLeast(entropy, SEED_LENGTH);
  return instantiate(concat(entropy, personalization), crypto.hmac);
}

/**
 * HMAC_DRBG_Generate (§10.1.2.5): `length` bytes, 0 to {@link GENERATE_LIMIT} (else RangeError), and the generator
 * to use next. After 2^48 calls without a {@link reseed} it is a RangeError too.
 */
export function generate(rng: Rng, length: number): { readonly bytes: Uint8Array; readonly rng: Rng } {
  if (!Number.isInteger(length) || length < 0 || length > GENERATE_LIMIT) {
    throw new RangeError(`cannot generate ${length} bytes at once`);
  }
  if (rng.reseedCounter > RESEED_INTERVAL) throw new RangeError('the generator must be reseeded');
  const { mac } = rng.hmac('sha256', rng.key);
  const bytes = new Uint8Array(length);
  let { value }: { readonly value: Uint8Array } = rng;
  for (let offset = 0; offset < length; offset += OUTPUT_LENGTH) {
    value = mac(value);
    bytes.set(value.subarray(0, length - offset), offset);
  }
  // HMAC_DRBG_Update without data, the first half of it with the key that is prepared already.
  const key = mac(concat(value, Uint8Array.of(0)));
  const next = { key: secret(key), value: secret(macOnce(rng.hmac, key, value)), hmac: rng.hmac };
  return { bytes, rng: { ...next, reseedCounter: rng.reseedCounter + 1 } };
}

/** HMAC_DRBG_Reseed (§10.1.2.4) with at least {@link RESEED_LENGTH} fresh random bytes, else a RangeError. */
export function reseed(rng: Rng, entropy: Uint8Array): Rng {
  requireAtLeast(entropy, RESEED_LENGTH);
  return update(rng, entropy, 1);
}

/**
 * A generator for one purpose inside this room (a blinding factor, a key): `label` names the purpose, and the
 * inputs, some of them secret, are framed by their lengths so that no two lists of them collide.
 */
export function deriveRng(label: string, ...inputs: readonly Uint8Array[]): Rng {
  const framed = [new TextEncoder().encode(label), ...inputs].flatMap((input) => [
    uint32(input.length),
    input,
  ]);
  return instantiate(concat(...framed), hmac);
}

const OUTPUT_LENGTH = 32;
const RESEED_INTERVAL = 2 ** 48;

/** §10.1.2.1's working state, Key and V, and whose HMAC it works with. */
interface Working {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly hmac: CryptoProvider['hmac'];
}

function instantiate(seedMaterial: Uint8Array, macs: CryptoProvider['hmac']): Rng {
  const key = new Uint8Array(OUTPUT_LENGTH);
  const value = new Uint8Array(OUTPUT_LENGTH).fill(1);
  return update({ key, value, hmac: macs }, seedMaterial, 1);
}

/** HMAC_DRBG_Update (§10.1.2.2) with some data. */
function update(state: Working, providedData: Uint8Array, reseedCounter: number): Rng {
  const { key, value } = step(step(state, 0, providedData), 1, providedData);
  return { key: secret(key), value: secret(value), hmac: state.hmac, reseedCounter };
}

function step({ key: oldKey, value, hmac: macs }: Working, round: 0 | 1, providedData: Uint8Array): Working {
  const key = macOnce(macs, oldKey, concat(value, Uint8Array.of(round), providedData));
  return { key, value: macOnce(macs, key, value), hmac: macs };
}

/** HMAC-SHA-256 with a key that serves once, which noble's need not be prepared for. */
function macOnce(macs: CryptoProvider['hmac'], key: Uint8Array, data: Uint8Array): Uint8Array {
  return macs === hmac ? hmacOnce('sha256', key, data) : macs('sha256', key).mac(data);
}

function uint32(n: number): Uint8Array {
  return Uint8Array.of(n >>> 24, n >>> 16, n >>> 8, n);
}

function requireAtLeast(entropy: Uint8Array, length: number): void {
  if (entropy.length < length) {
    throw new RangeError(`at least ${length} bytes of entropy are needed, not ${entropy.length}`);
  }
}
