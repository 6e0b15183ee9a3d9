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
import { systemReason } from './reason.ts';

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
  if (!anchors.ok) throw commandError(`${path} is no list of CA certificates: ${anchors.error.detail}`);
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
