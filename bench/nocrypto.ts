/**
 * Each primitive with both providers, and `openssl speed` beside them: `npm run bench:nocrypto`, or with words, some of
 * which a primitive's name must contain. Times are processor time; `openssl speed` counts it that way, too. What it
 * measures is the bare primitive in a loop of C, so it says how much of the time is Node's way there.
 */
import { execFileSync } from 'node:child_process';
import {
  type AeadName,
  type CryptoProvider,
  type CurveName,
  type GeneratedKeyKind,
  type GroupName,
  type HashName,
  noble,
  type Result,
  type SignatureAlgorithm,
} from '../nocrypto/index.ts';
import { node } from '../nocrypto/node.ts';
import { measure, type Timing } from './harness.ts';
import { describeMachine, machineLine } from './report.ts';

const TIMING: Timing = { clock: 'cpu', warmUp: 250, batch: 8, budget: 600 };

interface Primitive {
  readonly name: string;
  /** Sets up what is not to be measured, and gives what is. */
  readonly prepare: (crypto: CryptoProvider) => () => unknown;
  /** Arguments of `openssl speed`, and what to read from its output: microseconds. */
  readonly openssl?: readonly [readonly string[], (line: SpeedLine) => number | undefined];
}

/** A line of `openssl speed -mr` with results: `+F…`, cut at its colons. */
type SpeedLine = readonly string[];

const ZEROS = new Uint8Array(16_384);

const primitives: readonly Primitive[] = [
  ...(['sha256', 'sha384', 'sha3-256'] as const).flatMap((name) => [digest(name, 64), digest(name, 16_384)]),
  {
    name: 'hmac sha256, 64 bytes',
    prepare: (crypto) => () => crypto.hmac('sha256', ZEROS.subarray(0, 32)).mac(ZEROS.subarray(0, 64)),
    openssl: [['-bytes', '64', '-hmac', 'sha256'], perMessage(64)],
  },
  {
    name: 'hkdf-expand sha256, 32 bytes',
    prepare: (crypto) => {
      const key = crypto.hkdfExtract('sha256', ZEROS.subarray(0, 32), ZEROS.subarray(0, 32));
      return () => crypto.hkdfExpand('sha256', key, ZEROS.subarray(0, 50), 32);
    },
  },
  ...(['aes-128-gcm', 'aes-256-gcm', 'aes-128-ccm', 'chacha20-poly1305'] as const).flatMap((name) => [
    seal(name, 64),
    seal(name, 16_384),
  ]),
  exchange('x25519', 'ecdhx25519', '253'),
  exchange('x448', 'ecdhx448', '448'),
  exchange('secp256r1', 'ecdhp256', '256'),
  exchange('secp384r1', 'ecdhp384', '384'),
  exchange('secp521r1', 'ecdhp521', '521'),
  exchange('ffdhe2048', 'ffdh2048', '2048'),
  exchange('ffdhe3072', 'ffdh3072', '3072'),
  exchange('X25519MLKEM768'),
  ...ecdsa('secp256r1', 'ecdsap256', '256'),
  ...ecdsa('secp384r1', 'ecdsap384', '384'),
  ...ecdsa('secp521r1', 'ecdsap521', '521'),
  ...signatures('ed25519', { kind: 'ed25519' }, { kind: 'ed25519' }, 'ed25519', 'Ed25519'),
  ...signatures('ed448', { kind: 'ed448' }, { kind: 'ed448' }, 'ed448', 'Ed448'),
  ...signatures(
    'rsa 2048',
    { kind: 'rsa', bits: 2048 },
    { kind: 'rsa-pkcs1', hash: 'sha256' },
    'rsa2048',
    '2048',
  ),
  ...signatures('ml-dsa-44', { kind: 'ml-dsa-44' }, { kind: 'ml-dsa-44' }),
];

const words = process.argv.slice(2);
const chosen = primitives.filter(
  ({ name }) => words.length === 0 || words.some((word) => name.includes(word)),
);

console.log(machineLine(describeMachine()));
console.log(row(['', 'noble', 'node', 'noble/node', 'openssl speed', 'node/openssl']));
for (const { name, prepare, openssl } of chosen) {
  const { ours, peers } = await measure(
    {
      name,
      prepare: async () => ({
        operations: 1,
        ours: { name: 'node', run: quiet(prepare(node)) },
        peers: [{ name: 'noble', run: quiet(prepare(noble)) }],
      }),
    },
    TIMING,
  );
  const [portable] = peers;
  const bare = openssl && speed(...openssl);
  console.log(
    row([
      name,
      portable ? micros(portable.time.value) : '',
      micros(ours.time.value),
      portable ? portable.ratio.value.toFixed(1) : '',
      bare === undefined ? '' : micros(bare),
      bare === undefined ? '' : (ours.time.value / bare).toFixed(1),
    ]),
  );
}

function digest(name: HashName, bytes: number): Primitive {
  const message = () => ZEROS.subarray(0, bytes);
  return {
    name: `${name}, ${bytes} bytes`,
    prepare: (crypto) => () => crypto.hashes[name].digest(message()),
    openssl: [['-bytes', String(bytes), '-evp', name], perMessage(bytes)],
  };
}

/** One record: `openssl speed` has it without a change of nonce or a copy, and counts in bytes. */
function seal(name: AeadName, bytes: number): Primitive {
  return {
    name: `${name}, ${bytes} bytes`,
    prepare: (crypto) => {
      const { keyLength, tagLength, prepare } = crypto.aeads[name];
      const key = prepare(ZEROS.subarray(0, keyLength));
      const out = new Uint8Array(bytes + tagLength);
      const [nonce, header] = [new Uint8Array(12), new Uint8Array(5)];
      return () => key.seal(nonce, header, out.subarray(0, bytes), out, 0);
    },
    openssl: [['-bytes', String(bytes), '-aead', '-evp', name], perMessage(bytes)],
  };
}

/** A key pair and an agreement at either end; `openssl speed` agrees only, and is counted once for each of the four. */
function exchange(name: GroupName, algorithm?: string, bits?: string): Primitive {
  const result: Primitive = {
    name: `${name}, both ends`,
    prepare: (crypto) => {
      const group = crypto.groups[name];
      const mine = ZEROS.slice(0, group.generateEntropyLength).fill(7);
      const yours = ZEROS.slice(0, group.encapsulateEntropyLength).fill(9);
      return () => {
        const { privateKey, share } = group.generate(mine);
        return group.decapsulate(privateKey, must(group.encapsulate(share, yours)).share);
      };
    },
  };
  if (algorithm === undefined) return result;
  return {
    ...result,
    openssl: [
      [algorithm],
      ([kind, , size, perSecond]) =>
        /^\+F[58]$/.test(kind ?? '') && size === bits ? 4e6 / Number(perSecond) : undefined,
    ],
  };
}

function ecdsa(curve: CurveName, algorithm: string, bits: string): readonly Primitive[] {
  return signatures(
    `ecdsa ${curve}`,
    { kind: 'ec', curve },
    { kind: 'ecdsa', hash: 'sha256' },
    algorithm,
    bits,
  );
}

function signatures(
  name: string,
  kind: GeneratedKeyKind,
  algorithm: SignatureAlgorithm,
  opensslName?: string,
  label?: string,
): readonly Primitive[] {
  const message = ZEROS.subarray(0, 130);
  const entropy = ZEROS.slice(0, 32).fill(3);
  // Made natively for both providers: an RSA key takes the portable one a second.
  const makeKey = () => node.generateKey(kind, entropy);
  const perSecond = (column: number) => (line: SpeedLine) =>
    /^\+F[246]$/.test(line[0] ?? '') && (line[2] === label || line[3] === label)
      ? 1e6 / Number(line[column + (line[3] === label ? 1 : 0)])
      : undefined;
  const compare = (column: number) =>
    opensslName === undefined ? {} : { openssl: [[opensslName], perSecond(column)] as const };
  return [
    {
      name: `${name}, sign`,
      prepare: (crypto) => {
        const key = makeKey();
        return () => crypto.sign(algorithm, key, message, entropy);
      },
      ...compare(3),
    },
    {
      name: `${name}, verify`,
      prepare: (crypto) => {
        const key = makeKey();
        const signature = must(crypto.sign(algorithm, key, message, entropy));
        return () => crypto.verify(algorithm, key.public, message, signature);
      },
      ...compare(4),
    },
  ];
}

/** The last column of a `+F` line for messages: bytes in a second. */
function perMessage(bytes: number): (line: SpeedLine) => number | undefined {
  return (line) => (line[0] === '+F' ? (1e6 * bytes) / Number(line.at(-1)) : undefined);
}

/** `undefined` where there is no openssl, or one that does not know the algorithm. */
function speed(args: readonly string[], read: (line: SpeedLine) => number | undefined): number | undefined {
  try {
    const output = execFileSync('openssl', ['speed', '-mr', '-seconds', '1', ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    for (const line of output.split('\n')) {
      const found = read(line.trim().split(':'));
      if (found !== undefined && Number.isFinite(found)) return found;
    }
  } catch {
    return undefined;
  }
  return undefined;
}

function quiet(run: () => unknown): () => void {
  return () => {
    run();
  };
}

function must<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

function micros(time: number): string {
  return time >= 1000 ? `${(time / 1000).toPrecision(3)} ms` : `${time.toPrecision(3)} µs`;
}

function row([name = '', ...figures]: readonly string[]): string {
  return name.padEnd(32) + figures.map((figure) => figure.padStart(15)).join('');
}
