import { describeError, formatTree, readTree } from '../../asn1/index.ts';
import { noble, type PrivateKey } from '../../nocrypto/index.ts';
import {
  decodeCertificate,
  decodePem,
  decodePrivateKey,
  decodePublicKey,
  describeCertificateError,
  describePemError,
  encodePublicKey,
  type PemBlock,
} from '../../x509/index.ts';
import { certificateLines, describeKey } from './certificate-text.ts';
import { type Command, commandError, exitCodes, onlyPositional, parseArguments } from './command.ts';
import { readBytes, textOf } from './files.ts';
import { byteCount, hex, printable } from './text.ts';

export const inspectCommand: Command = {
  summary: 'show what is in a certificate, key or other DER or PEM file',
  help: `usage: pure-tls inspect FILE

Prints certificates and keys as text, every other DER as a tree of its elements. A PEM file may hold
several. Of a private key only its kind and its public half are shown.

exit codes: 0 done; 1 something in the file cannot be read; 2 the command line makes no sense`,
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { positionals } = parseArguments(args, {});
  const path = onlyPositional(positionals, 'FILE');
  const bytes = await readBytes(path);
  const pem = decodePem(textOf(bytes));
  if (!pem.ok) throw commandError(`${path}: ${describePemError(pem.error)}`);
  const findings = pem.value.length > 0 ? pem.value.map(inspectBlock) : [inspectDer(bytes, path)];
  process.stdout.write(`${findings.map(({ lines }) => lines.join('\n')).join('\n\n')}\n`);
  if (findings.every(({ readable }) => readable)) return exitCodes.ok;
  throw commandError(`not everything in ${path} could be read`);
}

interface Finding {
  readonly lines: readonly string[];
  readonly readable: boolean;
}

/** A PEM block says what it holds; if it does not, the label is at fault. */
function inspectBlock({ label, bytes }: PemBlock): Finding {
  switch (label) {
    case 'CERTIFICATE':
    case 'X509 CERTIFICATE':
    case 'TRUSTED CERTIFICATE': {
      const certificate = decodeCertificate(bytes);
      return certificate.ok
        ? found(certificateLines(certificate.value))
        : notFound(label, describeCertificateError(certificate.error));
    }
    case 'PRIVATE KEY':
    case 'EC PRIVATE KEY':
    case 'RSA PRIVATE KEY': {
      const key = decodePrivateKey(noble, bytes);
      return key.ok ? found(privateKeyLines(key.value)) : notFound(label, key.error.detail);
    }
    case 'ENCRYPTED PRIVATE KEY':
      return notFound(label, 'it is encrypted; decrypt it first (openssl pkey -in FILE)');
    case 'PUBLIC KEY': {
      const key = decodePublicKey(noble, bytes);
      return key.ok
        ? found(['public key', `  ${describeKey(key.value)}`, `  SHA-256 ${fingerprint(bytes)}`])
        : notFound(label, key.error.detail);
    }
    default: {
      const tree = inspectTree(bytes);
      return { ...tree, lines: [printable(label), ...tree.lines] };
    }
  }
}

/** DER does not say what it is: the most particular reading that succeeds is taken. */
function inspectDer(bytes: Uint8Array, path: string): Finding {
  const certificate = decodeCertificate(bytes);
  if (certificate.ok) return found(certificateLines(certificate.value));
  const privateKey = decodePrivateKey(noble, bytes);
  if (privateKey.ok) return found(privateKeyLines(privateKey.value));
  const tree = inspectTree(bytes);
  if (!tree.readable) throw commandError(`${path} is neither PEM nor ${tree.lines.join()}`);
  return tree;
}

function inspectTree(bytes: Uint8Array): Finding {
  const tree = readTree(bytes);
  return tree.ok
    ? found([`DER, ${byteCount(bytes.length)}`, ...formatTree(tree.value, bytes).split('\n')])
    : notFound('DER', describeError(tree.error));
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

function fingerprint(bytes: Uint8Array): string {
  return hex(noble.hashes.sha256.digest(bytes), ':');
}

function found(lines: readonly string[]): Finding {
  return { lines, readable: true };
}

function notFound(what: string, reason: string): Finding {
  return { lines: [printable(`${what}: ${reason}`)], readable: false };
}
