import { AES_BLOCK, encryptAesBlock, expandAesKey } from './aes.ts';
import { concat, requireWhole } from './bytes.ts';
import { hashes } from './hash.ts';
import type { RunningHash } from './provider.ts';
import { type Secret, secret } from './secret.ts';

/**
 * Fortuna (Ferguson, Schneier and Kohno, Cryptography Engineering, chapter 9) as a value: it gathers events from
 * sources that nobody has to estimate, and recovers from a compromise as long as any of them is good. All functions
 * return the next value and leave this one usable; whoever keeps an old one repeats its bytes.
 *
 * Events go to 32 pools. The n-th reseed takes pool i if 2^i divides n, so that an attacker who knows most events and
 * can provoke reseeds still never knows all of a late pool. The generator is AES-256 in counter mode with a new key
 * after every request.
 */
export interface Fortuna {
  readonly key: Secret;
  /** Number of the next block, and 0 before the first seed. A JS number is exact far beyond any use. */
  readonly counter: number;
  readonly pools: readonly FortunaPool[];
  readonly reseedCount: number;
  /** When the pools were last used, in milliseconds of the caller's clock. */
  readonly lastReseed: number | undefined;
}

export interface FortunaPool {
  readonly hash: RunningHash;
  /** Bytes added since the pool was last used, headers included. */
  readonly length: number;
}

/** Pools, to be filled in turn. */
export const FORTUNA_POOLS = 32;

/** Bytes of an event at most; longer ones are to be hashed first. */
export const FORTUNA_EVENT_LIMIT = 32;

/** Bytes that one call of {@link fortunaGenerate} gives at most. */
export const FORTUNA_GENERATE_LIMIT = 2 ** 20;

/** An accumulator that has seen nothing, and gives nothing before it has. */
export function fortunaStart(): Fortuna {
  return {
    key: secret(new Uint8Array(32)),
    counter: 0,
    pools: Array.from({ length: FORTUNA_POOLS }, emptyPool),
    reseedCount: 0,
    lastReseed: undefined,
  };
}

/**
 * AddRandomEvent (§9.5.6): 1 to 32 bytes from the source of this number (0 to 255) to a pool (0 to 31), else
 * RangeError. A source goes around the pools: it gives its events to 0, 1, … 31, 0 …
 */
export function fortunaAdd(fortuna: Fortuna, source: number, pool: number, event: Uint8Array): Fortuna {
  requireWhole('a source', source);
  requireWhole('a pool', pool);
  const { length } = event;
  if (source > 255 || pool >= FORTUNA_POOLS || length < 1 || length > FORTUNA_EVENT_LIMIT) {
    throw new RangeError(`no event: ${length} bytes from source ${source} to pool ${pool}`);
  }
  const added = concat(Uint8Array.of(source, length), event);
  const pools = fortuna.pools.map((old, i) =>
    i === pool ? { hash: old.hash.update(added), length: old.length + added.length } : old,
  );
  return { ...fortuna, pools };
}

/**
 * Reseed (§9.4.2) from outside the pools: the seed that was saved at the last run (§9.6), or fresh bytes from a
 * platform that has good ones. It does not count as a use of the pools.
 */
export function fortunaReseed(fortuna: Fortuna, seed: Uint8Array): Fortuna {
  const key = secret(doubleSha256(concat(fortuna.key, seed)));
  return { ...fortuna, key, counter: fortuna.counter + 1 };
}

/** Whether {@link fortunaGenerate} would have anything to go by at time `now`. */
export function fortunaIsSeeded(fortuna: Fortuna, now: number): boolean {
  return fortuna.counter > 0 || poolsAreDue(fortuna, now);
}

/**
 * RandomData (§9.5.5): `length` bytes, 0 to {@link FORTUNA_GENERATE_LIMIT}. Before that, the generator is reseeded if
 * pool 0 has 64 bytes and 100 ms have gone by since the last time (`now` in milliseconds, or a clock set back).
 * A generator that was never seeded is a RangeError: ask {@link fortunaIsSeeded}.
 */
export function fortunaGenerate(
  fortuna: Fortuna,
  length: number,
  now: number,
): { readonly bytes: Uint8Array; readonly fortuna: Fortuna } {
  requireWhole('the number of bytes', length);
  if (length > FORTUNA_GENERATE_LIMIT) throw new RangeError(`cannot generate ${length} bytes at once`);
  const ready = poolsAreDue(fortuna, now) ? reseedFromPools(fortuna, now) : fortuna;
  if (ready.counter === 0) throw new RangeError('the generator was never seeded');
  const blocks = Math.ceil(length / AES_BLOCK);
  const stream = generateBlocks(ready.key, ready.counter, blocks + 2);
  const end = blocks * AES_BLOCK;
  return {
    bytes: stream.slice(0, length),
    // The key that made these bytes is gone, and they cannot be made again from what is left.
    fortuna: { ...ready, key: secret(stream.slice(end)), counter: ready.counter + blocks + 2 },
  };
}

const MINIMUM_POOL_LENGTH = 64;
const RESEED_INTERVAL = 100;

function poolsAreDue({ pools: [first], lastReseed }: Fortuna, now: number): boolean {
  const rested = lastReseed === undefined || Math.abs(now - lastReseed) > RESEED_INTERVAL;
  return rested && first !== undefined && first.length >= MINIMUM_POOL_LENGTH;
}

function reseedFromPools(fortuna: Fortuna, now: number): Fortuna {
  const reseedCount = fortuna.reseedCount + 1;
  const isUsed = (pool: number) => reseedCount % 2 ** pool === 0;
  const digests = fortuna.pools.filter((_, i) => isUsed(i)).map(({ hash }) => sha256(hash.digest()));
  const pools = fortuna.pools.map((pool, i) => (isUsed(i) ? emptyPool() : pool));
  return { ...fortunaReseed(fortuna, concat(...digests)), pools, reseedCount, lastReseed: now };
}

/** GenerateBlocks (§9.4.3): the counter is a block with its lowest byte first. */
function generateBlocks(key: Secret, counter: number, count: number): Uint8Array {
  const schedule = expandAesKey(key);
  const stream = new Uint8Array(count * AES_BLOCK);
  const view = new DataView(stream.buffer);
  for (let i = 0; i < count; i++) {
    const n = counter + i;
    const block = encryptAesBlock(schedule, n | 0, Math.floor(n / 2 ** 32), 0, 0);
    view.setUint32(16 * i, block.s0, true);
    view.setUint32(16 * i + 4, block.s1, true);
    view.setUint32(16 * i + 8, block.s2, true);
    view.setUint32(16 * i + 12, block.s3, true);
  }
  return stream;
}

function emptyPool(): FortunaPool {
  return { hash: hashes.sha256.start(), length: 0 };
}

/** The book's SHAd-256. */
function doubleSha256(bytes: Uint8Array): Uint8Array {
  return sha256(sha256(bytes));
}

function sha256(bytes: Uint8Array): Uint8Array {
  return hashes.sha256.digest(bytes);
}
