import { readFile, rm, writeFile } from 'node:fs/promises';
import { noble, type PrivateKey } from '../../nocrypto/index.ts';
import {
  type Certificate,
  type CollectedAnchors,
  type Crl,
  decodeCertificate,
  decodeCrl,
  decodeOcspResponse,
  decodePem,
  decodePrivateKey,
  describeCertificateError,
  describeCrlError,
  describeOcspError,
  describePemError,
  type TrustAnchor,
} from '../../x509/index.ts';
import { bundledTrustAnchors, systemTrustAnchors, trustAnchorsFromPath } from '../flow/node/index.ts';
import { type Credential, credential, type RawKeyCredential, rawKeyCredential, restaple } from '../index.ts';
import { commandError } from './command.ts';
import { systemReason } from './reason.ts';
import { printable } from './text.ts';

/** The bytes of a file; a {@link commandError} that says why it cannot be read. */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (thrown) {
    throw commandError(`cannot read ${path}: ${systemReason(thrown)}`);
  }
}

/** The trust anchors that an option names: those of a file, of a folder, of the system (`system`) or of Node (`node`). */
export async function trustAnchorsFrom(source: string): Promise<readonly TrustAnchor[]> {
  const { anchors, faults } = await collected(source);
  if (anchors.length === 0) {
    const [fault = { detail: 'no CERTIFICATE in it' }] = faults;
    throw commandError(`${source} is no list of CA certificates: ${fault.detail}`);
  }
  for (const { detail } of faults) process.stderr.write(`not trusted: ${printable(detail)}\n`);
  return anchors;
}

async function collected(source: string): Promise<CollectedAnchors> {
  if (source === 'node') return bundledTrustAnchors();
  try {
    return await (source === 'system' ? systemTrustAnchors() : trustAnchorsFromPath(source));
  } catch (thrown) {
    throw commandError(`cannot read ${source}: ${systemReason(thrown)}`);
  }
}

/** Whatever X.509 puts into a file is a SEQUENCE, and no PEM file begins with its tag. */
const DER_SEQUENCE = 0x30;

/** The certificates of a file as DER, in their order. */
export async function certificatesFromFile(path: string): Promise<readonly Uint8Array[]> {
  return elementsFromFile(path, 'CERTIFICATE', 'certificate');
}

/** The CRLs of a file, decoded, in their order. */
export async function crlsFromFile(path: string): Promise<readonly Crl[]> {
  return (await elementsFromFile(path, 'X509 CRL', 'CRL')).map((der) => {
    const crl = decodeCrl(der);
    if (crl.ok) return crl.value;
    throw commandError(`${path}: ${describeCrlError(crl.error)}`);
  });
}

/** What of one kind is in a PEM file, in its order, one at least; or the one element of a DER file. */
async function elementsFromFile(path: string, label: string, what: string): Promise<readonly Uint8Array[]> {
  const bytes = await readBytes(path);
  if (bytes[0] === DER_SEQUENCE) return [bytes];
  const blocks = decodePem(textOf(bytes));
  if (!blocks.ok) throw commandError(`${path}: ${describePemError(blocks.error)}`);
  const found = blocks.value.filter((block) => block.label === label);
  if (found.length === 0) throw commandError(`${path} holds no PEM ${what}`);
  return found.map(({ bytes }) => bytes);
}

/** The certificates of a file, decoded, in their order. */
export async function decodedCertificates(path: string): Promise<readonly Certificate[]> {
  return (await certificatesFromFile(path)).map((der, index) => {
    const certificate = decodeCertificate(der);
    if (certificate.ok) return certificate.value;
    throw commandError(`${path}, certificate ${index + 1}: ${describeCertificateError(certificate.error)}`);
  });
}

/** The private key of a PEM or DER file. */
export async function privateKeyFromFile(path: string): Promise<PrivateKey> {
  const bytes = await readBytes(path);
  const key = decodePrivateKey(noble, bytes[0] === DER_SEQUENCE ? bytes : textOf(bytes));
  if (!key.ok) throw commandError(`${path} holds no usable private key: ${key.error.detail}`);
  return key.value;
}

export interface WriteOptions {
  /** Replace files that exist. */
  readonly force: boolean;
  /** Only the owner may read it. */
  readonly secret?: boolean;
}

/** Writes a file, and with `force` alone over another one. */
export async function writeNew(
  path: string,
  content: string | Uint8Array,
  { force, secret = false }: WriteOptions,
): Promise<void> {
  try {
    // Not over the old file: a secret would have its mode.
    if (force) await rm(path, { force: true });
    await writeFile(path, content, { flag: 'wx', mode: secret ? 0o600 : 0o666 });
  } catch (thrown) {
    throw commandError(`cannot write ${path}: ${systemReason(thrown)}`);
  }
}

/** What a server shows: a chain from one PEM file, leaf first, and its private key from another or the same. */
export async function credentialFromFiles(certPath: string, keyPath: string): Promise<Credential> {
  const chain = await certificatesFromFile(certPath);
  const made = credential(noble, chain, { kind: 'private', key: await privateKeyFromFile(keyPath) });
  if (!made.ok) throw commandError(`${certPath} with ${keyPath}: ${made.error.detail}`);
  return made.value;
}

/** The credential with the contents of these files stapled to its leaf. */
export async function stapledFromFiles(
  own: Credential,
  ocspPath: string | undefined,
  sctPath: string | undefined,
): Promise<Credential> {
  const ocspResponse = ocspPath === undefined ? undefined : await readBytes(ocspPath);
  const scts = sctPath === undefined ? undefined : await readBytes(sctPath);
  const response = ocspResponse && decodeOcspResponse(ocspResponse);
  if (response?.ok === false) throw commandError(`${ocspPath}: ${describeOcspError(response.error)}`);
  const made = restaple(own, [{ ocspResponse, scts }]);
  if (!made.ok) throw commandError(`${sctPath ?? ocspPath}: ${made.error.detail}`);
  return made.value;
}

/** The key of a file, to be shown without a certificate. */
export async function rawKeyFromFile(path: string): Promise<RawKeyCredential> {
  const made = rawKeyCredential(noble, await privateKeyFromFile(path));
  if (!made.ok) throw commandError(`${path}: ${made.error.detail}`);
  return made.value;
}

/** Text as every PEM file is: bytes beyond ASCII can only stand in comments. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
