import { noble } from '../../nocrypto/index.ts';
import {
  type Certificate,
  decodeCertificate,
  describeCertificateError,
  describeValidationError,
  formatIdentity,
  referenceIdentity,
  validatePath,
} from '../../x509/index.ts';
import { subjectOf, timeText } from './certificate-text.ts';
import {
  type Command,
  commandError,
  exitCodes,
  onlyPositional,
  parseArguments,
  required,
  usageError,
} from './command.ts';
import { certificatesFromFile, trustAnchorsFromFile } from './files.ts';

export const verifyCommand: Command = {
  summary: 'check a certificate chain for a host, without a connection',
  help: `usage: pure-tls verify --ca FILE --host NAME [--at TIME] CHAIN.pem

Checks the chain as a TLS client would: a path to a trusted CA, signatures, validity, purpose, name.
Prints the path that was found, or why there is none.

  --ca FILE           trust the CA certificates in this PEM file
  --host NAME         the DNS name or IP address that the certificate must be for
  --at TIME           the time to check for, as 2026-01-31T12:00:00Z or 2026-01-31; default now

exit codes: 0 accepted; 1 refused, or a file is no good; 2 the command line makes no sense`,
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, {
    ca: { type: 'string' },
    host: { type: 'string' },
    at: { type: 'string' },
  });
  const caPath = required(values.ca, '--ca');
  const host = required(values.host, '--host');
  const chainPath = onlyPositional(positionals, 'CHAIN.pem');
  const identity = referenceIdentity(host);
  if (!identity.ok)
    throw usageError(`--host must be ${identity.error.expected}, not ${identity.error.found}`);
  const now = values.at === undefined ? Date.now() : pointInTime(values.at);

  const anchors = await trustAnchorsFromFile(caPath);
  const certificates = (await certificatesFromFile(chainPath)).map((der, index) =>
    decoded(der, chainPath, index),
  );
  const validated = validatePath({
    crypto: noble,
    certificates,
    purpose: 'serverAuth',
    identity: identity.value,
    now,
    anchors,
  });
  if (!validated.ok)
    throw commandError(`${chainPath} is refused: ${describeValidationError(validated.error)}`);
  const { anchor, path } = validated.value;
  const lines = [
    `accepted for ${formatIdentity(identity.value)} at ${timeText(now)}`,
    ...path.map((certificate) => `  ${subjectOf(certificate)}`),
    `  ${subjectOf(anchor.certificate)} (trusted)`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  return exitCodes.ok;
}

function decoded(der: Uint8Array, path: string, index: number): Certificate {
  const certificate = decodeCertificate(der);
  if (certificate.ok) return certificate.value;
  throw commandError(`${path}, certificate ${index + 1}: ${describeCertificateError(certificate.error)}`);
}

/** RFC 3339 in UTC, or a day. JavaScript's own parser reads much more, and some of it as local time. */
function pointInTime(text: string): number {
  const time = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z)?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw usageError(`--at must be a time such as 2026-01-31T12:00:00Z, not '${text}'`);
  return time;
}
