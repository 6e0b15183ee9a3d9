/**
 * What the time tells of a secret: `npm run bench:timing`, or `npm run bench:timing -- cbc` for those whose names contain the
 * word; `--seconds 20` for each (10 by default). TLS 1.2 has two places where an attacker counts on it: the padding of CBC
 * (Vaudenay, Lucky 13) and the encrypted premaster secret (Bleichenbacher). For both, inputs that differ in nothing but what is
 * secret are opened in turns, in an order that chance decides anew for each round, and compared round by round with a good one.
 *
 * `control` is a second good input: what it differs by is what the machine does. A difference whose interval does not hold
 * zero, where the control's does, is one that an attacker with that many samples on this very machine would have found.
 */
import { parseArgs } from 'node:util';
import { type CryptoProvider, noble } from '../nocrypto/index.ts';
import { node } from '../nocrypto/node.ts';
import { type CbcHash, cbcKeys, openCbc } from '../src/tls12/cbc.ts';
import {
  decodeTransported,
  encodeTransported,
  TRANSPORTED_LENGTH,
  transportedPremaster,
} from '../src/tls12/key-exchange.ts';
import { medianInterval, medianSpread } from './statistics.ts';

interface Experiment {
  readonly name: string;
  /** `good` is the first; all are of the same length. */
  readonly inputs: readonly { readonly what: string; readonly open: () => unknown }[];
}

const { values, positionals } = parseArgs({
  options: { seconds: { type: 'string', default: '10' } },
  allowPositionals: true,
});

const providers: readonly CryptoProvider[] = [noble, node];
const hashes: readonly CbcHash[] = ['sha1', 'sha256', 'sha384'];
const experiments = providers.flatMap((crypto) => [
  ...hashes.map((hash) => cbcExperiment(crypto, hash)),
  rsaExperiment(crypto),
]);

for (const experiment of experiments) {
  const wanted = positionals.length === 0 || positionals.some((word) => experiment.name.includes(word));
  if (wanted) report(experiment, measure(experiment, Number(values.seconds) * 1000));
}

/** Nanoseconds of each input, round by round. */
function measure({ inputs }: Experiment, milliseconds: number): readonly number[][] {
  const times: number[][] = inputs.map(() => []);
  const warm = performance.now() + milliseconds / 5;
  while (performance.now() < warm) for (const { open } of inputs) open();
  const end = performance.now() + milliseconds;
  while (performance.now() < end) {
    for (const index of shuffled(inputs.length)) {
      const open = inputs[index]?.open;
      const begun = process.hrtime.bigint();
      open?.();
      times[index]?.push(Number(process.hrtime.bigint() - begun));
    }
  }
  return times;
}

function report({ name, inputs }: Experiment, times: readonly number[][]): void {
  const [good = []] = times;
  const usual = medianSpread(good);
  console.log(`\n${name}: ${good.length} rounds, a good one takes ${microseconds(usual.value)}`);
  for (const [index, { what }] of inputs.entries()) {
    if (index === 0) continue;
    const differences = (times[index] ?? []).map((time, round) => time - (good[round] ?? 0));
    const { value, low, high } = medianInterval(differences);
    const told = low > 0 || high < 0 ? 'differs' : 'not told apart';
    const share = `${((100 * value) / usual.value).toFixed(2)} %`;
    console.log(
      `  ${what.padEnd(34)} ${nanoseconds(value)}  [${nanoseconds(low)}, ${nanoseconds(high)}]  ${share.padStart(8)}  ${told}`,
    );
  }
}

/** Records of the same length, MAC-then-encrypt. */
function cbcExperiment(crypto: CryptoProvider, hash: CbcHash): Experiment {
  const key = filled(16, 1);
  const macKey = filled(crypto.hashes[hash].outputLength, 2);
  const keys = cbcKeys(crypto, hash, key, macKey, false);
  const iv = filled(16, 3);
  const length = 1024;
  const make = (pad: number, spoil: (plaintext: Uint8Array) => void): Uint8Array => {
    const contentLength = length - macKey.length - pad - 1;
    const plaintext = filled(length, 7);
    const header = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 23, 3, 3, contentLength >> 8, contentLength & 0xff);
    const covered = new Uint8Array([...header, ...plaintext.subarray(0, contentLength)]);
    plaintext.set(crypto.hmac(hash, macKey).mac(covered), contentLength);
    plaintext.fill(pad, length - pad - 1);
    spoil(plaintext);
    return new Uint8Array([...iv, ...crypto.aesCbc(key).encrypt(iv, plaintext)]);
  };
  const shortest = (16 - ((length - macKey.length - 1) % 16)) % 16;
  const longest = 255 - ((255 - shortest) % 16);
  const nothing = (): void => undefined;
  const flip = (at: number) => (plaintext: Uint8Array) => {
    const place = at < 0 ? plaintext.length + at : at;
    plaintext[place] = (plaintext[place] ?? 0) ^ 1;
  };
  const records: Readonly<Record<string, Uint8Array>> = {
    good: make(shortest, nothing),
    control: make(shortest, nothing),
    'the longest padding': make(longest, nothing),
    'content changed: the MAC is wrong': make(shortest, flip(0)),
    'long padding, content changed': make(longest, flip(0)),
    'a padding byte changed': make(longest, flip(-2)),
    'padding that says 255': make(shortest, (plaintext) => plaintext.fill(255, length - 1)),
    'padding that says 0': make(shortest, (plaintext) => plaintext.fill(0, length - 1)),
  };
  return {
    name: `cbc, ${hash}, ${crypto.name}`,
    inputs: Object.entries(records).map(([what, record]) => ({
      what,
      open: () => openCbc(keys, 0, 23, record),
    })),
  };
}

/** Encrypted premaster secrets, each of the same length as the key. */
function rsaExperiment(crypto: CryptoProvider): Experiment {
  const key = crypto.generateKey({ kind: 'rsa', bits: 2048 }, filled(32, 4));
  if (key.kind !== 'rsa' || key.public.kind !== 'rsa') throw new Error('no RSA key');
  const publicKey = key.public;
  const random = filled(TRANSPORTED_LENGTH, 5);
  const premaster = transportedPremaster(filled(TRANSPORTED_LENGTH, 6));
  const encrypted = (message: Uint8Array): Uint8Array => {
    const ciphertext = crypto.rsa.encryptPkcs1(publicKey, message, filled(32, 8));
    if (!ciphertext.ok) throw new Error('too long');
    return encodeTransported(ciphertext.value);
  };
  const ciphertexts: Readonly<Record<string, Uint8Array>> = {
    good: encrypted(premaster),
    control: encrypted(premaster),
    'the version of TLS 1.0': encrypted(premaster.map((byte, i) => (i === 1 ? 1 : byte))),
    'a byte too short': encrypted(premaster.subarray(1)),
    'nothing inside': encrypted(new Uint8Array(0)),
    'no padding at all': encodeTransported(filled(256, 9).map((byte, i) => (i === 0 ? 0 : byte))),
  };
  return {
    name: `rsa, ${crypto.name}`,
    inputs: Object.entries(ciphertexts).map(([what, exchange]) => ({
      what,
      open: () => decodeTransported(crypto, key, 0x0303, exchange, random, filled(32, 10)),
    })),
  };
}

function shuffled(count: number): readonly number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
  }
  return order;
}

function filled(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 47) & 0xff);
}

function nanoseconds(value: number): string {
  return `${value.toFixed(0)} ns`.padStart(10);
}

function microseconds(value: number): string {
  return `${(value / 1000).toFixed(1)} µs`;
}
