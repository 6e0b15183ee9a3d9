import { noble } from '../../nocrypto/index.ts';
import { decodePem } from '../../x509/index.ts';
import {
  decodeEchKeys,
  ECH_KEY_ENTROPY,
  type EchKey,
  encodeEchKey,
  generateEchKey,
  publishedEchConfigs,
} from '../index.ts';
import {
  type Command,
  commandError,
  exitCodes,
  noPositionals,
  parseArguments,
  required,
  usageError,
  wholeNumber,
} from './command.ts';
import { readBytes, textOf, writeNew } from './files.ts';

export const echCommand: Command = {
  summary: 'make a key for Encrypted ClientHello, and the configuration to publish',
  help: `usage: pure-tls ech --out FILE --public-name NAME [OPTIONS]

Makes a key for Encrypted ClientHello (RFC 9849) and its configuration, puts both into FILE (RFC
9934), which only its owner may read, and prints the configuration in base64: the value of the 'ech'
parameter in the HTTPS records of all names behind the key.

  --out FILE          where to put it; 'pure-tls serve --ech FILE' takes it
  --public-name NAME  the DNS name that clients show to everybody; the server needs a certificate
                      for it
  --max-name N        the length of the longest name behind the key, 0 to 255: clients pad to it;
                      default: 0, they are not told
  --beside FILE       a key that is in use at the same time, to be told apart; may be repeated
  --force             replace a file that exists

exit codes: 0 done; 1 a file is no good, or exists; 2 the command line makes no sense`,
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, {
    out: { type: 'string' },
    'public-name': { type: 'string' },
    'max-name': { type: 'string', default: '0' },
    beside: { type: 'string', multiple: true, default: [] },
    force: { type: 'boolean', default: false },
  });
  noPositionals(positionals);
  const out = required(values.out, '--out');
  const options = {
    publicName: required(values['public-name'], '--public-name'),
    maximumNameLength: wholeNumber(values['max-name'], '--max-name', 255),
    beside: await echKeysFromFiles(values.beside),
  };
  const key = generateEchKey(noble, options, crypto.getRandomValues(new Uint8Array(ECH_KEY_ENTROPY)));
  if (!key.ok) throw usageError(key.error);
  const text = encodeEchKey(noble, key.value);
  if (!text.ok) throw commandError(text.error);
  await writeNew(out, text.value, { force: values.force, secret: true });
  process.stdout.write(`${Buffer.from(publishedEchConfigs([key.value])).toString('base64')}\n`);
  return exitCodes.ok;
}

/** The keys of several files as `pure-tls ech` writes them. */
export async function echKeysFromFiles(paths: readonly string[]): Promise<readonly EchKey[]> {
  const keys: EchKey[] = [];
  for (const path of paths) {
    const decoded = decodeEchKeys(noble, textOf(await readBytes(path)));
    if (!decoded.ok) throw commandError(`${path}: ${decoded.error}`);
    keys.push(...decoded.value);
  }
  return keys;
}

/** An ECHConfigList: in base64, as DNS tools show it, or in a PEM file. */
export async function echConfigsFrom(source: string): Promise<Uint8Array> {
  const inline = Buffer.from(source, 'base64');
  // A list begins with its length, which no name of a file does by accident.
  if (inline.length > 2 && inline.readUInt16BE() === inline.length - 2) return Uint8Array.from(inline);
  const blocks = decodePem(textOf(await readBytes(source)));
  const block = blocks.ok ? blocks.value.find(({ label }) => label === 'ECHCONFIG') : undefined;
  if (block === undefined) throw commandError(`${source} holds no PEM ECHCONFIG`);
  return block.bytes;
}
