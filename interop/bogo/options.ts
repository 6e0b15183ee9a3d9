import { readFileSync } from 'node:fs';
import { type GroupName, type PrivateKey, secret } from '../../nocrypto/index.ts';
import {
  certificateTypeCodes,
  groupCodes,
  nameOf,
  protocolVersions,
  signatureSchemeCodes,
} from '../../src/codepoints.ts';
import {
  type AnyCredential,
  type CertificateType,
  type CipherSuiteName,
  type ClientAuthentication,
  type ClientConfig,
  type CommonOptions,
  clientConfig,
  credential,
  defaults,
  type ExternalPsk,
  type PeerAuthentication,
  rawKeyCredential,
  type ServerConfig,
  type SignatureSchemeName,
  type Staple,
  serverConfig,
  type TicketKeys,
  type VersionName,
} from '../../src/index.ts';
import { signatureSchemes } from '../../src/signature-schemes.ts';
import { isTls12Group } from '../../src/tls12/groups.ts';
import {
  type Authenticator,
  chainOfTrust,
  dangerouslyAcceptAnyCertificate,
  dangerouslyAcceptAnyRawKey,
  decodePem,
  decodePrivateKey,
  encodePublicKey,
  err,
  pinnedCertificate,
  pinnedRawKey,
  type RawKeyAuthenticator,
  trustAnchorsFromPem,
} from '../../x509/index.ts';
import { must } from '../support/must.ts';
import { shimCompression } from './compression.ts';
import { nameProblem, shimClientEch, shimServerEch } from './ech.ts';
import { exitUnimplemented } from './exit.ts';
import type { CredentialSettings, Settings } from './flags.ts';
import { provider } from './provider.ts';

/** A credential with the key that signs for it, so that the shim can answer a request for a signature. */
export interface ShimCredential {
  /** Its place among the `-new-…-credential` flags; -1 for the default one. */
  readonly index: number;
  readonly credential: AnyCredential;
  readonly key: PrivateKey;
}

/** An external key with its place, as for {@link ShimCredential}. */
export interface ShimPsk extends ExternalPsk {
  readonly index: number;
}

/** Throws when the settings make no configuration that this library accepts. */
export function shimClientConfig(
  settings: Settings,
  retry: Settings,
  credentials: readonly ShimCredential[],
): ClientConfig {
  const keyShares = settings.numbers('-key-shares');
  // With early data a session has to be judged before it is offered: that is not left to an answer.
  const earlyData = settings.has('-enable-early-data');
  const peers = peerAuthentication(settings, settings.has('-async') && !earlyData);
  const ech = shimClientEch(settings);
  return must(
    clientConfig({
      ...commonOptions(settings),
      ...peers,
      authenticator:
        earlyData && peers.authenticator !== undefined
          ? changingAuthenticator(settings, retry)
          : peers.authenticator,
      clientCertificateTypes: listed(certificateTypes(settings.numbers('-available-client-cert-types'))),
      credentials: mayAsk(settings, credentials) ? 'ask' : credentials.map((entry) => entry.credential),
      serverName: settings.text('-host-name'),
      encryptedClientHello: ech.kind === 'option' ? ech.option : undefined,
      keyShares: keyShares.length === 0 && !settings.has('-no-key-shares') ? undefined : groups(keyShares),
      acceptTickets: !settings.has('-no-ticket'),
      requestOcsp: settings.has('-enable-ocsp-stapling'),
      requestScts: settings.has('-enable-signed-cert-timestamps'),
      grease: settings.has('-enable-grease'),
      extensionOrder: settings.has('-permute-extensions') ? 'permuted' : 'fixed',
      applicationProtocols: protocolNames(settings.text('-advertise-alpn') ?? ''),
    }),
  );
}

/** As {@link shimClientConfig}. */
export function shimServerConfig(
  settings: Settings,
  credentials: readonly ShimCredential[],
  ticketKeys: TicketKeys,
): ServerConfig {
  const protocol = settings.has('-reject-alpn') ? UNHEARD_OF : settings.text('-select-alpn');
  return must(
    serverConfig({
      ...commonOptions(settings),
      credentials: mayAsk(settings, credentials) ? 'ask' : credentials.map((entry) => entry.credential),
      clientAuthentication: clientAuthentication(settings),
      // As BoringSSL's servers always do.
      grease: true,
      groupRetry: 'always',
      maxEarlyData: settings.has('-enable-early-data') ? MAX_EARLY_DATA : 0,
      earlyDataWindow: EARLY_DATA_WINDOW,
      encryptedClientHello: shimServerEch(settings),
      ticketKeys: settings.has('-no-ticket') || settings.has('-skip-ticket') ? [] : ticketKeys,
      applicationProtocols: protocol === undefined || protocol === '' ? [] : [protocol],
    }),
  );
}

/** What BoringSSL's servers allow, in bytes and in milliseconds. */
const MAX_EARLY_DATA = 14_336;
const EARLY_DATA_WINDOW = 60_000;

/** The certificates and raw keys of the command line, in its order, the default one last. */
export function shimCredentials(settings: Settings): readonly ShimCredential[] {
  return ofKind(settings, 'x509', 'rpk').map(({ index, entry }) =>
    loadCredential(index, entry, settings.has('-async')),
  );
}

/** The external keys of the command line. */
export function shimPsks(settings: Settings): readonly ShimPsk[] {
  return ofKind(settings, 'psk').map(({ index, entry }) => ({
    index,
    identity: base64(entry.text('-psk-importer-identity')),
    secret: secret(base64(entry.text('-psk-importer-key'))),
    context: base64(entry.text('-psk-importer-context')),
    hash: entry.text('-psk-importer-sha384') !== undefined ? 'sha384' : 'sha256',
  }));
}

function ofKind(
  settings: Settings,
  ...kinds: readonly CredentialSettings['kind'][]
): readonly IndexedSettings[] {
  const { credentials, defaultCredential } = settings;
  const added = credentials.map((entry, index) => ({ index, entry }));
  const all = defaultCredential === undefined ? added : [...added, { index: -1, entry: defaultCredential }];
  return all.filter(({ entry }) => kinds.includes(entry.kind));
}

function base64(text: string | undefined): Uint8Array {
  return Uint8Array.from(Buffer.from(text ?? '', 'base64'));
}

interface IndexedSettings {
  readonly index: number;
  readonly entry: CredentialSettings;
}

function commonOptions(settings: Settings): CommonOptions {
  const curves = settings.numbers('-curves');
  const recordPlaintext = settings.number('-max-send-fragment');
  const certificateMessage = settings.number('-max-cert-list');
  return {
    crypto: provider,
    versions: versions(settings),
    cipherSuites: suites(settings),
    groups: listed(groups(curves)),
    signatureSchemes: listed(schemes(settings.numbers('-verify-prefs'))),
    externalPsks: shimPsks(settings),
    certificateCompression: shimCompression(settings),
    trace: settings.has('-export-traffic-secrets') ? 'secrets' : 'off',
    limits: {
      ...(recordPlaintext === undefined ? {} : { recordPlaintext }),
      ...(certificateMessage === undefined ? {} : { certificateMessage }),
    },
  };
}

/** A protocol that no client of the runner's offers. */
const UNHEARD_OF = 'unheard-of';

/** A list that the command line does not give is left to the library. */
function listed<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}

function versions(settings: Settings): readonly VersionName[] {
  const least = settings.number('-min-version') ?? protocolVersions.tls12;
  const most = settings.number('-max-version') ?? protocolVersions.tls13;
  const spoken: VersionName[] = [];
  const prefs = schemes(settings.numbers('-verify-prefs'));
  const isForTls12 = prefs.length > 0 && !prefs.some((name) => signatureSchemes[name].handshake);
  if (most >= protocolVersions.tls13 && !settings.has('-no-tls13') && !isForTls12) spoken.push('1.3');
  // A hybrid is for TLS 1.3 alone.
  const curves = groups(settings.numbers('-curves'));
  const isForTls13 = curves.length > 0 && !curves.some(isTls12Group);
  if (least <= protocolVersions.tls12 && !settings.has('-no-tls12') && !isForTls13) spoken.push('1.2');
  return spoken.length > 0 ? spoken : exitUnimplemented('a version before TLS 1.2');
}

/** BoringSSL has old suites on by default. */
function suites(settings: Settings): readonly CipherSuiteName[] {
  const legacy: readonly CipherSuiteName[] = [
    'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA',
    'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA',
    'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA',
    'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA',
    'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256',
    'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256',
  ];
  const names = [...defaults.cipherSuites, ...legacy];
  const spoken = versions(settings);
  return names.filter((name) => spoken.includes(name.includes('_WITH_') ? '1.2' : '1.3'));
}

/** Under `-async` this side asks for what it would otherwise have. To choose among several is left to the library. */
function mayAsk(settings: Settings, credentials: readonly ShimCredential[]): boolean {
  const isToldTo =
    settings.has('-async') ||
    settings.has('-fail-early-callback') ||
    settings.has('-fail-ddos-callback') ||
    settings.has('-fail-cert-callback') ||
    settings.text('-expect-client-ca-list') !== undefined ||
    settings.text('-expect-advertised-alpn') !== undefined;
  return isToldTo && credentials.length <= 1;
}

function clientAuthentication(settings: Settings): ClientAuthentication | undefined {
  const isOptional = settings.has('-verify-peer');
  if (!isOptional && !settings.has('-require-any-client-certificate')) return undefined;
  // Where the verdict on a client is asked for, its sessions are not resumed.
  const mayAskForVerdict = settings.has('-async') && settings.number('-resume-count') === undefined;
  return {
    ...peerAuthentication(settings, mayAskForVerdict),
    required: !isOptional,
    certificateAuthorities: authorityNames(settings.text('-use-client-ca-list')),
  };
}

/** By default BoringSSL accepts certificates alone. */
function peerAuthentication(settings: Settings, asks: boolean): PeerAuthentication {
  const types = certificateTypes(settings.numbers('-accepted-peer-cert-types'));
  const accepts = (type: CertificateType) => (types.length === 0 ? type === 'x509' : types.includes(type));
  return {
    authenticator: accepts('x509') ? (asks ? 'ask' : shimAuthenticator(settings)) : undefined,
    rawKeyAuthenticator: accepts('rawPublicKey')
      ? asks
        ? 'ask'
        : shimRawKeyAuthenticator(settings)
      : undefined,
    peerCertificateTypes: listed(types),
  };
}

function certificateTypes(codes: readonly number[]): readonly CertificateType[] {
  return codes.map((code) => named(certificateTypeCodes, code, 'certificate type'));
}

/** DER in hexadecimal, separated by commas; or one of two words for none. */
export function authorityNames(list: string | undefined): readonly Uint8Array[] {
  if (list === undefined || list === '<EMPTY>' || list === '<NULL>') return [];
  return list.split(',').map((digits) => Buffer.from(digits, 'hex'));
}

function groups(codes: readonly number[]): readonly GroupName[] {
  return codes.map((code) => named(groupCodes, code, 'group'));
}

function schemes(codes: readonly number[]): readonly SignatureSchemeName[] {
  return codes.map((code) => named(signatureSchemeCodes, code, 'signature scheme'));
}

function named<Name extends string>(table: Readonly<Record<Name, number>>, code: number, kind: string): Name {
  return nameOf(table, code) ?? exitUnimplemented(`${kind} 0x${code.toString(16).padStart(4, '0')}`);
}

/** The chain is validated as any user's would be, but for the name: the runner asks for others than it has. */
export function shimAuthenticator(settings: Settings): Authenticator {
  if (settings.has('-verify-fail')) return refuseEverybody;
  const file = settings.text('-trust-cert');
  const authenticator =
    file === undefined || file === ''
      ? dangerouslyAcceptAnyCertificate
      : chainOfTrust({
          anchors: must(trustAnchorsFromPem(readFileSync(file, 'latin1'))),
          profile: 'lenient',
          dangerouslyAcceptAnyName: true,
        });
  return (presented) => {
    const problem = nameProblem(settings, presented.identity);
    return problem === undefined
      ? authenticator(presented)
      : err({ reason: 'name-mismatch', certificate: undefined, expected: problem, found: 'another' });
  };
}

/** The runner says by the digest which key it shows. */
export function shimRawKeyAuthenticator(settings: Settings): RawKeyAuthenticator {
  if (settings.has('-verify-fail')) {
    return () => err({ reason: 'not-pinned', certificate: undefined, expected: 'nobody', found: 'somebody' });
  }
  const pin = settings.text('-expect-peer-rpk-sha256');
  return pin === undefined ? dangerouslyAcceptAnyRawKey : pinnedRawKey([base64(pin)]);
}

/** What comes after the server of a session was judged belongs to the connection that early data was rejected on. */
function changingAuthenticator(settings: Settings, retry: Settings): Authenticator {
  let current = shimAuthenticator(settings);
  return (presented) => {
    const verdict = current(presented);
    current = expectedPeer(retry) ?? shimAuthenticator(retry);
    return verdict;
  };
}

/** Where the command line says which certificate comes, it may be from another root than the first connection's. */
function expectedPeer(settings: Settings): Authenticator | undefined {
  const file = settings.text('-expect-peer-cert-file');
  if (file === undefined || settings.has('-verify-fail')) return undefined;
  const [leaf] = must(decodePem(readFileSync(file, 'latin1')));
  if (leaf === undefined) throw new Error(`${file} is empty`);
  return pinnedCertificate([provider.hashes.sha256.digest(leaf.bytes)]);
}

const refuseEverybody: Authenticator = () =>
  err({ reason: 'unknown-issuer', certificate: undefined, expected: 'nobody', found: 'somebody' });

function loadCredential(index: number, settings: CredentialSettings, external: boolean): ShimCredential {
  const certFile = settings.text('-cert-file');
  const keyFile = settings.text('-key-file');
  const { signingPrefs, mustMatchIssuer } = settings;
  if (keyFile === undefined) throw new Error('a credential without a key');
  const key = must(decodePrivateKey(provider, readFileSync(keyFile, 'latin1')));
  const options = { signatureSchemes: listed(schemes(signingPrefs)), mustMatchIssuer };
  if (settings.kind === 'rpk') {
    const shown = external ? { label: keyFile, subjectPublicKeyInfo: encodePublicKey(key.public) } : key;
    return { index, credential: must(rawKeyCredential(provider, shown, options)), key };
  }
  if (certFile === undefined) throw new Error('a credential without a certificate');
  const chain = must(decodePem(readFileSync(certFile, 'latin1'))).map(({ bytes }) => bytes);
  const made = credential(
    provider,
    chain,
    external ? { kind: 'external', label: keyFile } : { kind: 'private', key },
    { ...options, staples: [stapleOf(settings)] },
  );
  if (!made.ok && made.error.kind === 'bad-staple') exitUnimplemented('something that cannot be stapled');
  return { index, credential: must(made), key };
}

function stapleOf(settings: CredentialSettings): Staple {
  const ocspResponse = settings.text('-ocsp-response');
  const scts = settings.text('-signed-cert-timestamps');
  return {
    ocspResponse: ocspResponse === undefined ? undefined : base64(ocspResponse),
    scts: scts === undefined ? undefined : base64(scts),
  };
}

/** From the wire form (RFC 7301 §3.1) without its outer length: each name behind one byte with its length. */
export function protocolNames(list: string): readonly string[] {
  const names: string[] = [];
  for (let at = 0; at < list.length; ) {
    const length = list.charCodeAt(at);
    names.push(list.slice(at + 1, at + 1 + length));
    at += 1 + length;
  }
  return names;
}
