import { appendFileSync, closeSync, openSync } from 'node:fs';
import { noble, secret } from '../../nocrypto/index.ts';
import {
  type RawKeyAuthenticator,
  type RawPublicKey,
  rawKeyAuthenticatorFromText,
} from '../../x509/index.ts';
import { nodeCertificateCompression } from '../flow/node/index.ts';
import {
  type CommonOptions,
  cipherSuiteCodes,
  defaults,
  type ExternalPsk,
  type Facts,
  groupCodes,
  keyLogLine,
  MAX_INNER_PLAINTEXT,
  type Padding,
  signatureSchemeCodes,
  type TraceEvent,
  versionCodes,
} from '../index.ts';
import { subjectOf } from './certificate-text.ts';
import { commandError, namesFrom, usageError, wholeNumber } from './command.ts';
import { systemReason } from './reason.ts';
import { hex, pack, paintFor, printable } from './text.ts';
import { traceLine } from './trace-text.ts';

/** The options that `connect` and `serve` share, for parseArgs. */
export const tlsOptions = {
  tls: { type: 'string' },
  alpn: { type: 'string' },
  groups: { type: 'string' },
  ciphers: { type: 'string' },
  sigalgs: { type: 'string' },
  psk: { type: 'string', multiple: true },
  'record-size-limit': { type: 'string' },
  padding: { type: 'string' },
  'pad-handshake': { type: 'boolean', default: false },
  'compress-certificates': { type: 'boolean', default: false },
  keylog: { type: 'string' },
  trace: { type: 'boolean', default: false },
} as const;

/** What `--help` says about them. */
export const tlsOptionsHelp = `  --tls VERSIONS      the versions of TLS to speak, comma-separated; default: ${defaults.versions.join(',')}
  --alpn NAMES        application protocols, comma-separated, most wanted first
  --groups NAMES      key exchange groups, most wanted first; default:
                      ${listed(defaults.groups)}
  --ciphers NAMES     cipher suites, most wanted first; default:
                      ${listed(defaults.cipherSuites)}
  --sigalgs NAMES     signature schemes to accept, most wanted first; default:
                      ${listed(defaults.signatureSchemes)}
  --psk IDENTITY:HEX  a key that the other side knows too, imported by RFC 9258: 16 random bytes or
                      more; it takes the place of certificates. Can be given several times. Other
                      users of this machine may see it in its list of processes
  --record-size-limit BYTES
                      take no longer records than this, 64 to ${MAX_INNER_PLAINTEXT}, from a peer that can be told
                      (RFC 8449); 'none' says nothing. Default: ${defaults.recordSizeLimit}
  --padding KIND:BYTES
                      hide the lengths of what is sent: multiple:BYTES and length:BYTES make the
                      content of every record so long, random:BYTES adds up to that; default: none
  --pad-handshake     pad the handshake, too, which hides the length of the certificates
  --compress-certificates
                      take certificates compressed, and compress what is shown to who can take that
                      (RFC 8879): Brotli, zlib, and Zstandard where Node has it
  --keylog FILE       append the connection's secrets in the SSLKEYLOGFILE format (RFC 9850);
                      whoever has them can read the connection
  --trace             print what happens inside the connection on stderr`;

export interface TlsValues {
  readonly tls?: string | undefined;
  readonly alpn?: string | undefined;
  readonly groups?: string | undefined;
  readonly ciphers?: string | undefined;
  readonly sigalgs?: string | undefined;
  readonly psk?: readonly string[] | undefined;
  readonly 'record-size-limit'?: string | undefined;
  readonly padding?: string | undefined;
  readonly 'pad-handshake': boolean;
  readonly 'compress-certificates': boolean;
  readonly keylog?: string | undefined;
  readonly trace: boolean;
}

/** The part of a configuration that these options make. */
export function commonOptions(values: TlsValues): CommonOptions {
  return {
    crypto: noble,
    versions: chosenFrom(versionCodes, values.tls, 'version'),
    applicationProtocols: values.alpn?.split(','),
    groups: chosenFrom(groupCodes, values.groups, 'group'),
    cipherSuites: chosenFrom(cipherSuiteCodes, values.ciphers, 'cipher suite'),
    signatureSchemes: chosenFrom(signatureSchemeCodes, values.sigalgs, 'signature scheme'),
    externalPsks: values.psk?.map(externalPsk),
    recordSizeLimit: recordSizeLimit(values['record-size-limit']),
    padding: padding(values.padding),
    padHandshake: values['pad-handshake'],
    certificateCompression: values['compress-certificates'] ? nodeCertificateCompression() : [],
    trace: values.keylog !== undefined ? 'secrets' : values.trace ? 'records' : 'messages',
  };
}

/**
 * Where `--trace` and `--keylog` send a connection's events. `name` tells one connection from another in the trace.
 * The key log is opened at once, so that a path that cannot be written is an error before anything happens.
 */
export function observer(values: TlsValues): (event: TraceEvent, name?: string) => void {
  const { keylog, trace } = values;
  const paint = paintFor(process.stderr, process.env);
  if (keylog !== undefined) checkWritable(keylog);
  return (event, name) => {
    const secret = keylog === undefined ? undefined : keyLogLine(event);
    if (keylog !== undefined && secret !== undefined) appendFileSync(keylog, `${secret}\n`);
    if (trace) process.stderr.write(`${name === undefined ? '' : `${name} `}${traceLine(event, paint)}\n`);
  };
}

/** What was agreed on, in one line. */
export function factsLine(facts: Facts): string {
  const { applicationProtocol, serverName, externalIdentity, recordSizes, peer, peerRawKey } = facts;
  const parts = [
    facts.version,
    facts.cipherSuite,
    facts.group,
    facts.peerSignatureScheme,
    applicationProtocol === undefined ? undefined : `ALPN ${applicationProtocol}`,
    serverName === undefined ? undefined : `server name ${serverName}`,
    facts.helloRetryRequest ? 'after a HelloRetryRequest' : undefined,
    recordSizes === undefined || recordSizes.sent === MAX_INNER_PLAINTEXT
      ? undefined
      : `records of at most ${recordSizes.sent} bytes`,
    facts.encryptedClientHello ? 'Encrypted ClientHello' : undefined,
    facts.resumed ? 'resumed' : undefined,
    earlyDataText(facts),
    externalIdentity === undefined ? undefined : `PSK ${identityText(externalIdentity)}`,
    peer === undefined ? undefined : `peer ${subjectOf(peer.leaf)}`,
    peerRawKey === undefined ? undefined : `peer ${rawKeyText(peerRawKey)}`,
  ];
  return parts
    .filter((part) => part !== undefined)
    .map(printable)
    .join(', ');
}

/** A raw key by the pin that `--raw-pin` takes. */
export function rawKeyText({ der }: RawPublicKey): string {
  return `key:sha256:${hex(noble.hashes.sha256.digest(der))}`;
}

/** The authenticator that an option with pins of raw keys asks for, if it is there. */
export function rawKeyAuthenticator(
  pins: string | undefined,
  option: string,
): RawKeyAuthenticator | undefined {
  if (pins === undefined) return undefined;
  const pinned = rawKeyAuthenticatorFromText(pins);
  if (!pinned.ok) throw usageError(`${option}: ${pinned.error.detail}`);
  return pinned.value;
}

function earlyDataText({ earlyData }: Facts): string | undefined {
  switch (earlyData.kind) {
    case 'notOffered':
      return undefined;
    case 'accepted':
      return 'early data accepted';
    case 'rejected':
      return `early data rejected (${earlyData.reason})`;
  }
}

/** The identity of an external PSK as text, which the command line gave it as. */
export function identityText(identity: Uint8Array): string {
  return new TextDecoder().decode(identity);
}

function listed(names: readonly string[]): string {
  return pack(names, ', ', 76).join(`,\n${' '.repeat(22)}`);
}

function chosenFrom<Name extends string>(
  table: Readonly<Record<Name, number>>,
  list: string | undefined,
  what: string,
): readonly Name[] | undefined {
  if (list === undefined) return undefined;
  const known: Name[] = [];
  for (const name in table) known.push(name);
  return namesFrom(list, known, what);
}

function recordSizeLimit(text: string | undefined): number | 'none' | undefined {
  if (text === undefined || text === 'none') return text;
  return wholeNumber(text, '--record-size-limit', MAX_INNER_PLAINTEXT);
}

function padding(text: string | undefined): Padding | undefined {
  if (text === undefined || text === 'none') return text && { kind: text };
  const [, kind, digits = ''] = /^(multiple|length|random):(.*)$/.exec(text) ?? [];
  if (kind === undefined) {
    throw usageError(`--padding wants multiple:BYTES, length:BYTES, random:BYTES or none, not '${text}'`);
  }
  const bytes = wholeNumber(digits, '--padding', MAX_INNER_PLAINTEXT - 1);
  switch (kind) {
    case 'multiple':
      return { kind: 'toMultiple', of: bytes };
    case 'length':
      return { kind: 'toLength', length: bytes };
    default:
      return { kind: 'random', most: bytes };
  }
}

/** The error does not repeat what was given: there is a key in it. */
function externalPsk(text: string): ExternalPsk {
  const [, identity, key] = /^(.+):((?:[0-9a-f]{2})+)$/is.exec(text) ?? [];
  if (identity === undefined || key === undefined) throw usageError('--psk wants IDENTITY:HEX');
  return { identity: Buffer.from(identity), secret: secret(Buffer.from(key, 'hex')) };
}

function checkWritable(path: string): void {
  try {
    closeSync(openSync(path, 'a', 0o600));
  } catch (thrown) {
    throw commandError(`cannot write ${path}: ${systemReason(thrown)}`);
  }
}
