/** Where a Node program finds the certificates to trust. Reading them is all that is effectful about it. */
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import * as tls from 'node:tls';
import {
  type CollectedAnchors,
  collectTrustAnchors,
  distinctAnchors,
  encodePem,
} from '../../../x509/index.ts';

/** The anchors of a PEM or DER file, or of all such files in a folder. Rejects with the system's error when it cannot be read. */
export async function trustAnchorsFromPath(path: string): Promise<CollectedAnchors> {
  if (!(await stat(path)).isDirectory()) {
    return collectTrustAnchors(pemOf(await readFile(path)));
  }
  const entries = await readdir(path);
  const found = await Promise.all(entries.sort().map((name) => fromFolderEntry(join(path, name))));
  return merged(found);
}

/** Mozilla's roots as this version of Node carries them. */
export function bundledTrustAnchors(): CollectedAnchors {
  return collectTrustAnchors(tls.rootCertificates.join('\n'));
}

/**
 * The roots that the operating system trusts. Where Node can ask it (`tls.getCACertificates`, Node 22.15 and later), Node does;
 * elsewhere they are read from where the variables SSL_CERT_FILE and SSL_CERT_DIR point or Unix systems keep them. Rejects
 * when there is no such place, as on Windows with an older Node.
 */
export async function systemTrustAnchors(): Promise<CollectedAnchors> {
  return anchorsOfSystem({
    environment: process.env,
    ask: 'getCACertificates' in tls ? tls.getCACertificates : undefined,
    places: PLACES,
  });
}

/** What {@link systemTrustAnchors} depends on. */
export interface System {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `tls.getCACertificates`, if there is one. */
  readonly ask: unknown;
  /** Files and folders, of which the first that exists counts. */
  readonly places: readonly string[];
}

export async function anchorsOfSystem({ environment, ask, places }: System): Promise<CollectedAnchors> {
  if (typeof ask === 'function') {
    const pems: unknown = ask('system');
    return collectTrustAnchors(Array.isArray(pems) ? pems.join('\n') : '');
  }
  const { SSL_CERT_FILE: file = '', SSL_CERT_DIR: folders = '' } = environment;
  const named = [file, ...folders.split(delimiter)].filter((path) => path !== '');
  if (named.length > 0) {
    return merged(await Promise.all(named.map(trustAnchorsFromPath)));
  }
  for (const place of places) {
    if (existsSync(place)) {
      return trustAnchorsFromPath(place);
    }
  }
  throw new Error('no store of the system is known: name one in SSL_CERT_FILE, or use Node 22.15 or later');
}

/** Debian and its kin, Fedora and RHEL, SUSE, Alpine and macOS and OpenBSD, FreeBSD; last a folder that most have. */
const PLACES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
  '/usr/local/etc/ssl/cert.pem',
  '/etc/ssl/certs',
];

/** Of a folder, other folders and files without a certificate say nothing; what is broken is told of with its name. */
async function fromFolderEntry(path: string): Promise<CollectedAnchors> {
  try {
    if ((await stat(path)).isDirectory()) {
      return { anchors: [], faults: [] };
    }
    const { anchors, faults } = collectTrustAnchors(pemOf(await readFile(path)));
    return { anchors, faults: faults.map(({ kind, detail }) => ({ kind, detail: `${path}: ${detail}` })) };
  } catch (thrown) {
    // As a link to a root that was taken away.
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return { anchors: [], faults: [{ kind: 'no-certificate', detail: reason }] };
  }
}

function merged(parts: readonly CollectedAnchors[]): CollectedAnchors {
  return {
    anchors: distinctAnchors(parts.flatMap(({ anchors }) => anchors)),
    faults: parts.flatMap(({ faults }) => faults),
  };
}

/** A certificate in DER begins with the tag of a SEQUENCE, which no PEM file does. */
function pemOf(bytes: Uint8Array): string {
  return bytes[0] === 0x30 ? encodePem('CERTIFICATE', bytes) : Buffer.from(bytes).toString('latin1');
}
