import { describeError, formatTree, readTree } from '../../asn1/index.ts';
import { noble, type PrivateKey } from '../../nocrypto/index.ts';
import {
  decodeCertificate,
  decodeCrl,
  decodeOcspRequest,
  decodeOcspResponse,
  decodePem,
  decodePrivateKey,
  decodePublicKey,
  decodeRequest,
  decryptPrivateKey,
  describeCertificateError,
  describeCrlError,
  describeOcspError,
  describePemError,
  describeRequestError,
  encodePublicKey,
  type PemBlock,
  type Result,
} from '../../x509/index.ts';
import { decodePkcs12, type Pkcs12Contents, type Pkcs12Labels } from '../../x509/pkcs12.ts';
import { certificateLines, describeKey, fingerprint, requestLines } from './certificate-text.ts';
import { type Command, commandError, exitCodes, onlyPositional, parseArguments } from './command.ts';
import { field } from './fields.ts';
import { readBytes, textOf } from './files.ts';
import { crlLines, ocspRequestLines, ocspResponseLines } from './revocation-text.ts';
import { byteCount, hex, printable } from './text.ts';

export const inspectCommand: Command = {
  summary: 'show what is in a certificate, key, CRL, OCSP response or other DER or PEM file',
  help: `usage: pure-tls inspect FILE [--password-file FILE] [--tree]

Prints certificates, certification requests, keys, CRLs, OCSP requests and responses and PKCS #12
files as text, every other DER as a tree of its elements. A PEM file may hold several. Of a private
key only its kind and its public half are shown.

  --password-file FILE
                      what is encrypted is opened with the first line of this file
  --tree              print the tree whatever it is

exit codes: 0 done; 1 something in the file cannot be read; 2 the command line makes no sense`,
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, {
    'password-file': { type: 'string' },
    tree: { type: 'boolean', default: false },
  });
  const path = onlyPositional(positionals, 'FILE');
  const bytes = await readBytes(path);
  const passwordFile = values['password-file'];
  const password = passwordFile === undefined ? undefined : firstLine(await readBytes(passwordFile));
  const pem = decodePem(textOf(bytes));
  if (!pem.ok) throw commandError(`${path}: ${describePemError(pem.error)}`);
  const readings = values.tree ? [] : READINGS;
  const findings =
    pem.value.length > 0
      ? pem.value.map((block) => inspectBlock(readings, block, password))
      : [inspectDer(readings, bytes, password)];
  const [only] = findings;
  if (pem.value.length === 0 && only?.kind === 'noise') {
    throw commandError(`${path} is neither PEM nor DER: ${only.reason}`);
  }
  process.stdout.write(`${findings.map((finding) => linesOf(finding).join('\n')).join('\n\n')}\n`);
  if (findings.every(({ kind }) => kind === 'read')) return exitCodes.ok;
  throw commandError(`not everything in ${path} could be read`);
}

type Finding =
  | { readonly kind: 'read'; readonly lines: readonly string[] }
  /** It is what it seemed to be, but cannot be opened. */
  | { readonly kind: 'closed'; readonly reason: string }
  /** It is something else. */
  | { readonly kind: 'noise'; readonly reason: string };

/** A way to read DER, and the labels under which PEM files have it. */
interface Reading {
  readonly labels: readonly string[];
  readonly read: (bytes: Uint8Array, password: string | undefined) => Finding;
}

/** DER does not say what it is; what can be mistaken for another comes after it. */
const READINGS: readonly Reading[] = [
  {
    labels: ['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE'],
    read: (bytes) => finding(decodeCertificate(bytes), certificateLines, describeCertificateError),
  },
  {
    labels: ['CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST'],
    read: (bytes) => finding(decodeRequest(bytes), requestLines, describeRequestError),
  },
  { labels: ['X509 CRL'], read: (bytes) => finding(decodeCrl(bytes), crlLines, describeCrlError) },
  {
    labels: ['PRIVATE KEY', 'EC PRIVATE KEY', 'RSA PRIVATE KEY'],
    read: (bytes) => finding(decodePrivateKey(noble, bytes), privateKeyLines, ({ detail }) => detail),
  },
  { labels: ['ENCRYPTED PRIVATE KEY'], read: readEncryptedKey },
  { labels: ['PUBLIC KEY'], read: readPublicKey },
  {
    labels: ['OCSP RESPONSE'],
    read: (bytes) => finding(decodeOcspResponse(bytes), ocspResponseLines, describeOcspError),
  },
  {
    labels: ['OCSP REQUEST'],
    read: (bytes) => finding(decodeOcspRequest(bytes), ocspRequestLines, describeOcspError),
  },
  { labels: ['PKCS12'], read: readPkcs12 },
];

/** A PEM block says what it holds; if it does not, the label is at fault. */
function inspectBlock(
  readings: readonly Reading[],
  { label, bytes }: PemBlock,
  password: string | undefined,
): Finding {
  const reading = readings.find(({ labels }) => labels.includes(label));
  const found = reading?.read(bytes, password) ?? inspectTree(bytes);
  if (found.kind !== 'read') return { ...found, reason: `${label}: ${found.reason}` };
  return reading === undefined ? { ...found, lines: [printable(label), ...found.lines] } : found;
}

function inspectDer(readings: readonly Reading[], bytes: Uint8Array, password: string | undefined): Finding {
  for (const { read } of readings) {
    const found = read(bytes, password);
    if (found.kind !== 'noise') return found;
  }
  return inspectTree(bytes);
}

function inspectTree(bytes: Uint8Array): Finding {
  return finding(
    readTree(bytes),
    (tree) => [`DER, ${byteCount(bytes.length)}`, ...formatTree(tree, bytes).split('\n')],
    describeError,
  );
}

function readEncryptedKey(bytes: Uint8Array, password: string | undefined): Finding {
  const key = decryptPrivateKey(noble, bytes, password ?? '');
  return key.ok
    ? { kind: 'read', lines: privateKeyLines(key.value) }
    : notOpened(key.error, password, 'an encrypted private key');
}

function readPublicKey(bytes: Uint8Array): Finding {
  const key = decodePublicKey(noble, bytes);
  return key.ok
    ? {
        kind: 'read',
        lines: ['public key', `  ${describeKey(key.value)}`, `  SHA-256 ${fingerprint(bytes)}`],
      }
    : { kind: 'noise', reason: key.error.detail };
}

/** Many a file is made without a password, or with an empty one. */
function readPkcs12(bytes: Uint8Array, password: string | undefined): Finding {
  const contents = decodePkcs12(noble, bytes, password ?? '', { dangerouslyAcceptMissingMac: true });
  return contents.ok
    ? { kind: 'read', lines: pkcs12Lines(contents.value) }
    : notOpened(contents.error, password, 'a PKCS #12 file');
}

function notOpened(
  { kind, detail }: { readonly kind: string; readonly detail: string },
  password: string | undefined,
  what: string,
): Finding {
  if (kind === 'malformed') return { kind: 'noise', reason: detail };
  const advice = password === undefined && kind === 'wrong-password' ? '; give --password-file' : '';
  return { kind: 'closed', reason: `${what} that could not be opened: ${detail}${advice}` };
}

function pkcs12Lines({ keys, certificates, crls }: Pkcs12Contents): readonly string[] {
  const entries = [
    ...keys.map(({ key, ...labels }) => [...privateKeyLines(key), ...labelLines(labels)]),
    ...certificates.map(({ certificate, ...labels }) => [
      ...certificateLines(certificate),
      ...labelLines(labels),
    ]),
    ...crls.map(crlLines),
  ];
  return ['PKCS #12', ...entries.flatMap((lines) => lines.map((line) => `  ${line}`))];
}

function labelLines({ friendlyName, localKeyId }: Pkcs12Labels): readonly string[] {
  return [
    ...(friendlyName === undefined ? [] : field('friendly name', friendlyName)),
    ...(localKeyId === undefined ? [] : field('local key id', hex(localKeyId, ':'))),
  ];
}

function privateKeyLines(key: PrivateKey): readonly string[] {
  const spki = encodePublicKey(key.public);
  const certified = decodePublicKey(noble, spki);
  return [
    'private key',
    `  ${certified.ok ? describeKey(certified.value) : key.kind}`,
    `  SHA-256 of its public key ${fingerprint(spki)}`,
  ];
}

function finding<T, E>(
  decoded: Result<T, E>,
  lines: (value: T) => readonly string[],
  describe: (error: E) => string,
): Finding {
  return decoded.ok
    ? { kind: 'read', lines: lines(decoded.value) }
    : { kind: 'noise', reason: describe(decoded.error) };
}

function linesOf(finding: Finding): readonly string[] {
  return finding.kind === 'read' ? finding.lines : [printable(finding.reason)];
}

function firstLine(bytes: Uint8Array): string {
  const [line = ''] = new TextDecoder().decode(bytes).split(/\r?\n/);
  return line;
}
