import type { RunningHash } from '../provider.ts';

/*
 * SHA-256 (FIPS 180-4 §6.2) and HMAC with it (RFC 2104), for the many short inputs of a handshake. A call of node:crypto
 * takes a microsecond or two whatever it hashes, and leaves behind objects outside of JavaScript's heap, which are dear
 * to collect. A block takes a third of one here.
 *
 * All is additions, rotations and logic on words of 32 bits: no branch and no address depends on what is hashed. Scratch
 * memory that an HMAC's key has left traces in is wiped.
 */

/** The digest of `data`. */
export function sha256(data: Uint8Array): Uint8Array {
  const chaining = INITIAL.slice();
  return finish(chaining, data, data.length, new Uint8Array(OUTPUT_LENGTH));
}

/** A running hash of nothing yet. */
export function startSha256(): RunningHash {
  return running({ chaining: INITIAL, rest: new Uint8Array(0), length: 0 });
}

/** HMAC under `key`. The two blocks that hold the key are hashed once, here. */
export function hmacSha256(key: Uint8Array): (data: Uint8Array) => Uint8Array {
  const inner = new Int32Array(8);
  const outer = new Int32Array(8);
  takeKey(key, INNER, inner);
  takeKey(key, OUTER, outer);
  wipe();
  return (data) => {
    WORKING.set(inner);
    finish(WORKING, data, BLOCK_LENGTH + data.length, DIGEST);
    WORKING.set(outer);
    return finish(WORKING, DIGEST, BLOCK_LENGTH + OUTPUT_LENGTH, new Uint8Array(OUTPUT_LENGTH));
  };
}

/** The same for a key that serves once, without preparing it. */
export function hmacSha256Once(key: Uint8Array, data: Uint8Array): Uint8Array {
  takeKey(key, INNER, WORKING);
  finish(WORKING, data, BLOCK_LENGTH + data.length, DIGEST);
  takeKey(key, OUTER, WORKING);
  const tag = finish(WORKING, DIGEST, BLOCK_LENGTH + OUTPUT_LENGTH, new Uint8Array(OUTPUT_LENGTH));
  wipe();
  return tag;
}

const BLOCK_LENGTH = 64;
const OUTPUT_LENGTH = 32;

/** A hash between two updates, as a value. */
interface State {
  /** Over all whole blocks so far. */
  readonly chaining: Int32Array;
  /** What does not fill a block yet. */
  readonly rest: Uint8Array;
  /** Bytes of input so far. */
  readonly length: number;
}

function running(state: State): RunningHash {
  return {
    update: (data) => running(absorb(state, data)),
    digest: () => {
      const { chaining, rest, length } = state;
      return finish(chaining.slice(), rest, length, new Uint8Array(OUTPUT_LENGTH));
    },
  };
}

function absorb({ chaining: before, rest, length }: State, data: Uint8Array): State {
  const total = length + data.length;
  if (rest.length + data.length < BLOCK_LENGTH) {
    const longer = new Uint8Array(rest.length + data.length);
    longer.set(rest);
    longer.set(data, rest.length);
    return { chaining: before, rest: longer, length: total };
  }
  const chaining = before.slice();
  let offset = 0;
  if (rest.length > 0) {
    offset = BLOCK_LENGTH - rest.length;
    LAST.set(rest);
    LAST.set(data.subarray(0, offset), rest.length);
    compress(chaining, LAST, 0);
  }
  for (; offset + BLOCK_LENGTH <= data.length; offset += BLOCK_LENGTH) compress(chaining, data, offset);
  // Not slice(), which is a view where data is a Buffer.
  return { chaining, rest: new Uint8Array(data.subarray(offset)), length: total };
}

/** Sets `chaining` to what stands behind the block of an HMAC key, its words changed by `mask`. */
function takeKey(key: Uint8Array, mask: number, chaining: Int32Array): void {
  const short = key.length > BLOCK_LENGTH ? sha256(key) : key;
  LAST.fill(0, short.length, BLOCK_LENGTH);
  LAST.set(short);
  for (let t = 0; t < 16; t++) SCHEDULE[t] = readWord(LAST, 4 * t) ^ mask;
  chaining.set(INITIAL);
  compressSchedule(chaining);
}

/** ipad and opad of RFC 2104 §2. */
const INNER = 0x36363636;
const OUTER = 0x5c5c5c5c;

/** Leaves nothing of a key behind. */
function wipe(): void {
  LAST.fill(0);
  SCHEDULE.fill(0);
}

/**
 * Hashes the end of an input of `length` bytes, of which `data` are those that `chaining` does not cover, with the padding
 * of §5.1.1. The digest goes to `out`, which it returns; `chaining` is used up.
 */
function finish(chaining: Int32Array, data: Uint8Array, length: number, out: Uint8Array): Uint8Array {
  let offset = 0;
  for (; offset + BLOCK_LENGTH <= data.length; offset += BLOCK_LENGTH) compress(chaining, data, offset);
  const rest = data.length - offset;
  const end = rest < BLOCK_LENGTH - 8 ? BLOCK_LENGTH : 2 * BLOCK_LENGTH;
  for (let i = 0; i < rest; i++) LAST[i] = data[offset + i] ?? 0;
  LAST[rest] = 0x80;
  LAST.fill(0, rest + 1, end);
  writeWord(LAST, end - 8, Math.floor(length / 2 ** 29));
  writeWord(LAST, end - 4, length << 3);
  for (let at = 0; at < end; at += BLOCK_LENGTH) compress(chaining, LAST, at);
  for (let i = 0; i < 8; i++) writeWord(out, 4 * i, chaining[i] ?? 0);
  return out;
}

/** §6.2.2: one block, from `offset` on. */
function compress(chaining: Int32Array, bytes: Uint8Array, offset: number): void {
  for (let t = 0; t < 16; t++) SCHEDULE[t] = readWord(bytes, offset + 4 * t);
  compressSchedule(chaining);
}

/** The same for the block whose words are in the schedule already. */
function compressSchedule(chaining: Int32Array): void {
  for (let t = 16; t < 64; t++) {
    const w2 = SCHEDULE[t - 2] ?? 0;
    const w15 = SCHEDULE[t - 15] ?? 0;
    const sigma1 = ((w2 >>> 17) | (w2 << 15)) ^ ((w2 >>> 19) | (w2 << 13)) ^ (w2 >>> 10);
    const sigma0 = ((w15 >>> 7) | (w15 << 25)) ^ ((w15 >>> 18) | (w15 << 14)) ^ (w15 >>> 3);
    SCHEDULE[t] = (sigma1 + (SCHEDULE[t - 7] ?? 0) + sigma0 + (SCHEDULE[t - 16] ?? 0)) | 0;
  }
  let a = chaining[0] ?? 0;
  let b = chaining[1] ?? 0;
  let c = chaining[2] ?? 0;
  let d = chaining[3] ?? 0;
  let e = chaining[4] ?? 0;
  let f = chaining[5] ?? 0;
  let g = chaining[6] ?? 0;
  let h = chaining[7] ?? 0;
  for (let t = 0; t < 64; t++) {
    const sum1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const choice = g ^ (e & (f ^ g));
    const t1 = (((h + sum1) | 0) + choice + (((ROUNDS[t] ?? 0) + (SCHEDULE[t] ?? 0)) | 0)) | 0;
    const sum0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const majority = (a & b) | (c & (a | b));
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + sum0 + majority) | 0;
  }
  chaining[0] = (chaining[0] ?? 0) + a;
  chaining[1] = (chaining[1] ?? 0) + b;
  chaining[2] = (chaining[2] ?? 0) + c;
  chaining[3] = (chaining[3] ?? 0) + d;
  chaining[4] = (chaining[4] ?? 0) + e;
  chaining[5] = (chaining[5] ?? 0) + f;
  chaining[6] = (chaining[6] ?? 0) + g;
  chaining[7] = (chaining[7] ?? 0) + h;
}

function readWord(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) << 24) |
    ((bytes[at + 1] ?? 0) << 16) |
    ((bytes[at + 2] ?? 0) << 8) |
    (bytes[at + 3] ?? 0)
  );
}

function writeWord(out: Uint8Array, at: number, word: number): void {
  out[at] = word >>> 24;
  out[at + 1] = word >>> 16;
  out[at + 2] = word >>> 8;
  out[at + 3] = word;
}

const WORKING = new Int32Array(8);
const DIGEST = new Uint8Array(OUTPUT_LENGTH);
const LAST = new Uint8Array(2 * BLOCK_LENGTH);
const SCHEDULE = new Int32Array(64);

/** §5.3.3: of the first eight primes, the fractions of the square roots. */
const INITIAL: Int32Array = Int32Array.of(
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
);

/** §4.2.2: of the first 64 primes, the fractions of the cube roots. */
const ROUNDS: Int32Array = Int32Array.from([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
  0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
  0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
  0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
  0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
  0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
  0xc67178f2,
]);
