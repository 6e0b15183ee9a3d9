import { noble } from '../../nocrypto/index.ts';
import {
  buildCrl,
  buildOcspResponse,
  type Certificate,
  type CertStatus,
  type Crl,
  decodeOcspRequest,
  describeOcspError,
  encodePem,
  extensionValue,
  makeCertId,
  type ReasonCode,
  type RevocationEntry,
} from '../../x509/index.ts';
import { type Issuer, readIssuer, validityFrom } from './ca-files.ts';
import { subjectOf } from './certificate-text.ts';
import {
  commandError,
  exitCodes,
  nameFrom,
  noPositionals,
  parseArguments,
  required,
  usageError,
} from './command.ts';
import { crlsFromFile, decodedCertificates, readBytes, writeNew } from './files.ts';
import { entropy, signed } from './issue.ts';
import { timeText } from './text.ts';

const COMMON_OPTIONS = {
  out: { type: 'string' },
  issuer: { type: 'string' },
  from: { type: 'string' },
  days: { type: 'string' },
  reason: { type: 'string' },
  force: { type: 'boolean', default: false },
} as const;

const DEFAULT_DAYS = 7;

/** `pure-tls ca crl`: writes a CRL as PEM. */
export async function makeCrl(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, {
    ...COMMON_OPTIONS,
    revoke: { type: 'string', multiple: true },
    previous: { type: 'string' },
  });
  noPositionals(positionals);
  const out = required(values.out, '--out');
  const issuer = await readIssuer(required(values.issuer, '--issuer'));
  const { notBefore, notAfter } = validityFrom(values, DEFAULT_DAYS);
  const reason = reasonFrom(values.reason);
  const previous = values.previous === undefined ? undefined : await readCrl(values.previous, issuer);
  const revoked = await certificatesOf(issuer, values.revoke ?? []);
  const entries = [
    ...(previous?.revokedCertificates ?? []).map(keptEntry),
    ...revoked.map(({ serialNumber }) => ({ serialNumber, revocationDate: notBefore, ...reason })),
  ];
  const crl = signed(
    'CRL',
    buildCrl({
      crypto: noble,
      entropy: entropy(),
      signer: issuer,
      thisUpdate: notBefore,
      nextUpdate: notAfter,
      crlNumber: nextNumber(previous, notBefore),
      // Whoever is revoked twice has been since the first time.
      revoked: [...new Map(entries.reverse().map((entry) => [entry.serialNumber, entry])).values()].reverse(),
    }),
  );
  await writeNew(out, encodePem('X509 CRL', crl.der), values);
  const count = crl.revokedCertificates.length;
  process.stdout.write(
    `${out}: CRL of ${subjectOf(issuer.certificate)} with ${count} ${count === 1 ? 'entry' : 'entries'}, until ${timeText(notAfter)}\n`,
  );
  return exitCodes.ok;
}

/** `pure-tls ca ocsp`: writes an OCSP response as DER, as HTTP and TLS carry it. */
export async function makeOcspResponse(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, {
    ...COMMON_OPTIONS,
    certificate: { type: 'string', multiple: true },
    status: { type: 'string', default: 'good' },
    responder: { type: 'string' },
    request: { type: 'string' },
  });
  noPositionals(positionals);
  const out = required(values.out, '--out');
  const issuer = await readIssuer(required(values.issuer, '--issuer'));
  const signer = values.responder === undefined ? issuer : await readIssuer(values.responder);
  const { notBefore, notAfter } = validityFrom(values, DEFAULT_DAYS);
  const status = nameFrom(values.status, ['good', 'revoked', 'unknown'], 'status');
  const certStatus: CertStatus =
    status === 'revoked'
      ? { kind: status, revocationTime: notBefore, revocationReason: reasonFrom(values.reason).reason }
      : { kind: status };
  if (status !== 'revoked' && values.reason !== undefined) {
    throw usageError('--reason goes with --status revoked only');
  }
  if (values.certificate === undefined) throw usageError('--certificate is missing');
  const certificates = await certificatesOf(issuer, values.certificate);
  const nonce = values.request === undefined ? undefined : await nonceOf(values.request);
  const response = signed(
    'OCSP response',
    buildOcspResponse({
      crypto: noble,
      entropy: entropy(),
      signer,
      // The issuer's own certificate is known to whoever asks.
      certs: signer === issuer ? [] : [signer.certificate],
      producedAt: notBefore,
      responses: certificates.map((certificate) => ({
        certID: makeCertId(noble, certificate, issuer.certificate),
        certStatus,
        thisUpdate: notBefore,
        nextUpdate: notAfter,
      })),
      ...(nonce === undefined ? {} : { nonce }),
    }),
  );
  await writeNew(out, response.der, values);
  const subjects = certificates.map(subjectOf).join('; ');
  process.stdout.write(`${out}: ${subjects}: ${status}, until ${timeText(notAfter)}\n`);
  return exitCodes.ok;
}

/** The first certificate of each file, all of this issuer's. */
async function certificatesOf(
  { certificate: issuer }: Issuer,
  paths: readonly string[],
): Promise<readonly Certificate[]> {
  return Promise.all(
    paths.map(async (path) => {
      const [certificate] = await decodedCertificates(path);
      if (certificate !== undefined && Buffer.compare(certificate.issuer.raw, issuer.subject.raw) === 0) {
        return certificate;
      }
      throw commandError(`${path} holds no certificate that ${subjectOf(issuer)} has issued`);
    }),
  );
}

async function readCrl(path: string, { certificate: issuer }: Issuer): Promise<Crl> {
  const [crl] = await crlsFromFile(path);
  if (crl !== undefined && Buffer.compare(crl.issuer.raw, issuer.subject.raw) === 0) return crl;
  throw commandError(`${path} is no CRL of ${subjectOf(issuer)}`);
}

function keptEntry(entry: Crl['revokedCertificates'][number]): RevocationEntry {
  const reason = extensionValue(entry, 'reasonCode');
  const invalidityDate = extensionValue(entry, 'invalidityDate');
  return {
    serialNumber: entry.userCertificate,
    revocationDate: entry.revocationDate,
    ...(reason === undefined ? {} : { reason }),
    ...(invalidityDate === undefined ? {} : { invalidityDate }),
  };
}

/** One more than the last, or else the time in seconds: a number that grows without anybody keeping count. */
function nextNumber(previous: Crl | undefined, now: number): bigint {
  const last = previous === undefined ? undefined : extensionValue(previous, 'cRLNumber');
  return last === undefined ? BigInt(Math.floor(now / 1000)) : last + 1n;
}

async function nonceOf(path: string): Promise<Uint8Array | undefined> {
  const request = decodeOcspRequest(await readBytes(path));
  if (!request.ok) throw commandError(`${path}: ${describeOcspError(request.error)}`);
  return extensionValue(request.value, 'nonce');
}

function reasonFrom(text: string | undefined): { readonly reason?: ReasonCode } {
  return text === undefined ? {} : { reason: nameFrom(text, REASONS, 'reason') };
}

const REASONS: readonly ReasonCode[] = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  'privilegeWithdrawn',
  'aACompromise',
];
