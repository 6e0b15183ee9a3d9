import { existsSync } from 'node:fs';
import type { PrivateKey } from '../../nocrypto/index.ts';
import {
  type Certificate,
  encodePem,
  encodePrivateKey,
  isSelfIssued,
  type Validity,
} from '../../x509/index.ts';
import { commandError, pointInTime, usageError, wholeNumber } from './command.ts';
import { decodedCertificates, privateKeyFromFile, writeNew } from './files.ts';

/** A certificate with its key, and with the intermediates above it. */
export interface Issuer {
  readonly certificate: Certificate;
  readonly key: PrivateKey;
  /** From its own issuer up, without the root. */
  readonly above: readonly Certificate[];
}

/** Reads what {@link writeIssuer} has written. */
export async function readIssuer(name: string): Promise<Issuer> {
  const [certificate, ...above] = await decodedCertificates(`${name}.pem`);
  if (certificate === undefined) throw commandError(`${name}.pem holds no certificate`);
  return { certificate, key: await privateKeyFromFile(`${name}.key`), above };
}

/** Writes NAME.pem and NAME.key, or neither. */
export async function writeIssuer(name: string, { certificate, key, above }: Issuer, force: boolean) {
  const [certificatePath, keyPath] = [`${name}.pem`, `${name}.key`];
  const existing = [certificatePath, keyPath].find((path) => existsSync(path));
  if (existing !== undefined && !force) {
    throw commandError(`cannot write ${existing}: it exists, and is replaced with --force only`);
  }
  const pem = [certificate, ...above].map(({ der }) => encodePem('CERTIFICATE', der)).join('');
  await writeNew(keyPath, encodePem('PRIVATE KEY', encodePrivateKey(key)), { force, secret: true });
  await writeNew(certificatePath, pem, { force });
}

/** What goes along with a certificate of this issuer: the issuer and the intermediates above it. Roots do not. */
export function chainBelow({ certificate, above }: Issuer): readonly Certificate[] {
  return isSelfIssued(certificate) ? [] : [certificate, ...above];
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 86_400_000;

/** What --from and --days say. It begins a little ago by default, since clocks differ. */
export function validityFrom(
  { from, days }: { readonly from?: string | undefined; readonly days?: string | undefined },
  defaultDays: number,
): Validity {
  const begin = from === undefined ? Date.now() - 5 * MINUTE : pointInTime(from, '--from');
  const notBefore = begin - (begin % SECOND);
  const count = days === undefined ? defaultDays : wholeNumber(days, '--days', 1_000_000);
  if (count === 0) throw usageError('--days must be 1 at least');
  return { notBefore, notAfter: notBefore + count * DAY };
}
