import { readFile } from 'node:fs/promises';
import { noble } from '../../nocrypto/index.ts';
import {
  decodePem,
  decodePrivateKey,
  describePemError,
  type TrustAnchor,
  trustAnchorsFromPem,
} from '../../x509/index.ts';
import { type Credential, credential } from '../index.ts';
import { commandError } from './command.ts';

/** The bytes of a file; a {@link commandError} that says why it cannot be read. */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (thrown) {
    throw commandError(`cannot read ${path}: ${systemReason(thrown)}`);
  }
}

/** The trust anchors in a PEM file. */
export async function trustAnchorsFromFile(path: string): Promise<readonly TrustAnchor[]> {
  const anchors = trustAnchorsFromPem(textOf(await readBytes(path)));
  if (!anchors.ok) throw commandError(`${path} is no list of CA certificates: ${anchors.error}`);
  if (anchors.value.length === 0) throw commandError(`${path} holds no PEM certificate`);
  return anchors.value;
}

/** The certificates of a PEM file as DER, in their order. */
export async function certificatesFromFile(path: string): Promise<readonly Uint8Array[]> {
  const blocks = decodePem(textOf(await readBytes(path)));
  if (!blocks.ok) throw commandError(`${path}: ${describePemError(blocks.error)}`);
  const certificates = blocks.value.filter(({ label }) => label === 'CERTIFICATE').map(({ bytes }) => bytes);
  if (certificates.length === 0) throw commandError(`${path} holds no PEM certificate`);
  return certificates;
}

/** What a server shows: a chain from one PEM file, leaf first, and its private key from another or the same. */
export async function credentialFromFiles(certPath: string, keyPath: string): Promise<Credential> {
  const chain = await certificatesFromFile(certPath);
  const key = decodePrivateKey(noble, textOf(await readBytes(keyPath)));
  if (!key.ok) throw commandError(`${keyPath} holds no usable private key: ${key.error.detail}`);
  const made = credential(noble, chain, { kind: 'private', key: key.value });
  if (!made.ok) throw commandError(`${certPath} with ${keyPath}: ${made.error.detail}`);
  return made.value;
}

/** Text as every PEM file is: bytes beyond ASCII can only stand in comments. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

/** Why the operating system refused, in words and with its code. */
export function systemReason(thrown: unknown): string {
  const code = codeOf(thrown);
  const words = code === undefined ? undefined : reasons[code];
  if (words !== undefined) return `${words} (${code})`;
  return code ?? (thrown instanceof Error ? thrown.message : String(thrown));
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EADDRINUSE: 'the port is in use; choose another',
  EADDRNOTAVAIL: 'this machine has no such address',
  ECONNREFUSED: 'nothing is listening there',
  ECONNRESET: 'the peer reset the connection',
  EHOSTUNREACH: 'the host cannot be reached',
  EISDIR: 'it is a directory',
  ENETUNREACH: 'the network cannot be reached',
  ENOENT: 'there is no such file',
  ENOTFOUND: 'the name is not known; check its spelling',
  EAI_AGAIN: 'the name cannot be looked up now; check the network',
  EPIPE: 'the peer closed the connection',
  ETIMEDOUT: 'no answer came in time',
};

/** A connection tried at several addresses fails with all their errors at once: the last speaks for them. */
function codeOf(thrown: unknown): string | undefined {
  if (thrown instanceof AggregateError) return codeOf(thrown.errors.at(-1));
  if (thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string') return thrown.code;
  return undefined;
}
