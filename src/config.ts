import type { CryptoProvider, GroupName } from '../nocrypto/index.ts';
import {
  type Authenticator,
  err,
  ok,
  type RawKeyAuthenticator,
  type ReferenceIdentity,
  type Result,
  referenceIdentity,
} from '../x509/index.ts';
import type { CertificateCompression } from './certificate-compression.ts';
import {
  type CertificateType,
  type CipherSuiteName,
  certificateTypeCodes,
  cipherSuiteCodes,
  type ExtensionName,
  extensionTypes,
  groupCodes,
  type PskKeyExchangeModeName,
  pskKeyExchangeModes,
  type SignatureSchemeName,
  signatureSchemeCodes,
  type Tls12CipherSuiteName,
  type Tls13CipherSuiteName,
  tls12CipherSuiteCodes,
  tls13CipherSuiteCodes,
  type VersionName,
  versionCodes,
} from './codepoints.ts';
import type { AnyCredential } from './credential.ts';
import { defaults } from './defaults.ts';
import type { EarlyDataTerms } from './early-data.ts';
import {
  type ClientEch,
  clientEch,
  type EchClientOptions,
  type EchServerOptions,
  type ServerEch,
  serverEch,
} from './ech/options.ts';
import { isRecognized, type RawExtension, type TicketRequest } from './extensions.ts';
import { isGrease } from './grease.ts';
import { defaultLimits, type Limits, MAX_INNER_PLAINTEXT, MAX_PLAINTEXT, MIN_PLAINTEXT } from './limits.ts';
import type { Padding } from './padding.ts';
import type { ExternalPsk } from './psk.ts';
import { MAX_TICKET_LIFETIME } from './session.ts';
import { signatureSchemes } from './signature-schemes.ts';
import { TICKET_KEY_LENGTH, TICKET_KEY_NAME_LENGTH, type TicketKey, type TicketKeys } from './ticket.ts';
import { groupFitsSuite } from './tls12/groups.ts';
import { type Tls12Suite, tls12Suites } from './tls12/suites.ts';
import type { TraceLevel } from './trace.ts';

/** What a client and a server both can say; everything has its default in defaults.ts. */
export interface CommonOptions {
  /** The primitives: `noble` from `pure-tls/nocrypto`, or another provider. */
  readonly crypto: CryptoProvider;
  /**
   * The versions spoken. Both sides take the highest that they share, and notice when somebody makes them take less (RFC
   * 9846 §4.2.3). Default: those for which `cipherSuites` and `groups` hold something.
   */
  readonly versions?: readonly VersionName[] | undefined;
  /**
   * Offered (client) or accepted (server), most wanted first; each belongs to one version. Fewer means more handshakes
   * that fail.
   */
  readonly cipherSuites?: readonly CipherSuiteName[] | undefined;
  /** Key exchange groups, most wanted first. */
  readonly groups?: readonly GroupName[] | undefined;
  /** Signature schemes accepted from the peer, most wanted first. What this side signs with, its credentials say. */
  readonly signatureSchemes?: readonly SignatureSchemeName[] | undefined;
  /**
   * Application protocols (RFC 7301), most wanted first; each character stands for one byte (`h2`, `http/1.1`). None
   * means the extension is not used. When both sides use it and share none, the handshake fails
   * (no_application_protocol): that stops cross-protocol attacks (ALPACA).
   */
  readonly applicationProtocols?: readonly string[] | undefined;
  /**
   * Keys shared with the peer by other means (RFC 9258). With one that both know, no certificate is shown, and a server
   * needs none.
   */
  readonly externalPsks?: readonly ExternalPsk[] | undefined;
  /**
   * How a session or an external PSK may be used (RFC 9846 §4.3.9), most wanted first. `psk_ke` saves the key exchange and
   * with it forward secrecy: whoever learns the key, or a server's ticket keys, later reads all that was recorded. For
   * devices that cannot do better. Default only `psk_dhe_ke`.
   */
  readonly pskKeyExchangeModes?: readonly PskKeyExchangeModeName[] | undefined;
  /**
   * Extensions that this library has no name for. A client offers them in its ClientHello; a server gives each as the
   * answer, in EncryptedExtensions, to a client that offers the same codepoint. What the other side says under these
   * codepoints stands in the facts. Only for extensions that change nothing else in the handshake.
   */
  readonly rawExtensions?: readonly RawExtension[] | undefined;
  /**
   * Ways to compress certificates (RFC 8879), most wanted first; TLS 1.3 only. The peer is told which this side can
   * decompress, and gets its certificate compressed where it can decompress one of them and that makes it smaller. Default
   * none: this library has no compression of its own (`pure-tls/node` has Node's), and a decompressor is one more thing
   * that reads what strangers send.
   */
  readonly certificateCompression?: readonly CertificateCompression[] | undefined;
  /**
   * The longest record this side takes (RFC 8449), in bytes of content, content type and padding: 64 to 16,385. A peer that
   * knows the extension keeps to it, and is refused (record_overflow) when it does not. Whatever the value, the peer's own
   * limit is kept. A server says it only to a client that does, and keeps a client of TLS 1.2 that knows only
   * max_fragment_length (RFC 6066 §4) to that. Default 16,385, which is every record; `'none'`: the extension is not used.
   */
  readonly recordSizeLimit?: number | 'none' | undefined;
  /**
   * Hides the lengths of what this side sends, at the cost of sending more (RFC 9846 §5.4). TLS 1.3 only, and not a client's
   * early data. Default `{ kind: 'none' }`: what is worth hiding, and how, depends on the application.
   */
  readonly padding?: Padding | undefined;
  /**
   * Whether the handshake is padded, too: `padding` then hides how long the certificates are, and with them who is asked
   * for (RFC 9849 §6.1.3). Default false.
   */
  readonly padHandshake?: boolean | undefined;
  /**
   * Strew reserved values into what the peer must ignore (RFC 8701): a client into its ClientHello, a server into
   * CertificateRequest and tickets. It keeps peers tolerant of what is to come, at some thirty bytes a connection.
   * Default false: a peer sees what was configured and nothing else, and one that chokes on GREASE still works.
   */
  readonly grease?: boolean | undefined;
  /**
   * In TLS 1.2, refuse a peer that does not know the extended master secret (RFC 7627). Without it a connection has no
   * exporter and no session, since a peer in the middle could make two connections share their keys (triple handshake).
   * Default false: there are still such peers.
   */
  readonly requireExtendedMasterSecret?: boolean | undefined;
  /** How much is traced; by default nothing. `secrets` hands the connection's keys to whoever reads the trace. */
  readonly trace?: TraceLevel | undefined;
  /** Lowers any of the limits of limits.ts. */
  readonly limits?: Partial<Limits> | undefined;
}

export interface ClientOptions extends CommonOptions, PeerAuthentication {
  /**
   * The certificates or raw keys this client can show to a server that asks for one; the first that it can use is taken.
   * `'ask'`: each CertificateRequest becomes a request. Default none: the server is told so, and may go on without.
   */
  readonly credentials?: readonly AnyCredential[] | 'ask' | undefined;
  /**
   * What this client says that it can show (RFC 7250), most wanted first, in the clear. Default: the kinds of its
   * credentials in their order; X.509 alone with `'ask'`.
   */
  readonly clientCertificateTypes?: readonly CertificateType[] | undefined;
  /**
   * The server's DNS name or IP address, given to the authenticator. A DNS name is also sent as server_name
   * (RFC 6066 §3; an IP address never is). Leave it out only where the authenticator pins the server otherwise.
   */
  readonly serverName?: string | undefined;
  /** Whether a DNS `serverName` goes onto the wire, in the clear. Default true. */
  readonly sendServerName?: boolean | undefined;
  /** The groups a key share is sent for at once, in the order of `groups`. A server that wants another one asks again. */
  readonly keyShares?: readonly GroupName[] | undefined;
  /**
   * DER-encoded names of the authorities this client trusts (RFC 9846 §4.3.4), for servers that have certificates of
   * several; in the clear. A hint; default none.
   */
  readonly certificateAuthorities?: readonly Uint8Array[] | undefined;
  /** Whether the server may give tickets to resume with; each is an effect. Default true. */
  readonly acceptTickets?: boolean | undefined;
  /**
   * Whether the server may ask for a certificate later, on the established connection (RFC 9846 §4.3.5), out of `credentials`
   * as during the handshake. With `credentials: 'ask'` or an external key a request may then come at any time; it can be
   * answered late, and data be sent meanwhile. Default false.
   */
  readonly postHandshakeAuthentication?: boolean | undefined;
  /**
   * How many tickets to ask the server for (RFC 9149), 0 to 255 each: after a full handshake, and after a resumption, where
   * one takes the place of the one used. Default: the server is not told.
   */
  readonly ticketRequest?: TicketRequest | undefined;
  /**
   * The order of the ClientHello's extensions. A list stands what it names, or numbers, in front in that order;
   * `'permuted'` draws a new order for each connection, so that no server gets used to one. pre_shared_key is always last
   * (RFC 9846 §4.3.11). Default `'fixed'`: each connection of a configuration looks the same.
   */
  readonly extensionOrder?: 'fixed' | 'permuted' | readonly (ExtensionName | number)[] | undefined;
  /**
   * Encrypted ClientHello (RFC 9849): the ClientHello with the server's name goes encrypted to whoever holds the key of the
   * server's configuration; on the wire stands its public name. A server that cannot open it ends the connection with
   * `echRejected`. `'grease'`: there is no configuration, and what is sent only looks like one was used; some 250 bytes
   * and a key agreement, so that those who use one do not stand out. Default neither: see CommonOptions.grease.
   */
  readonly encryptedClientHello?: EchClientOptions | 'grease' | undefined;
  /**
   * Whether the server is asked for OCSP responses with its certificates (RFC 6066 §8). What they say counts where the
   * authenticator looks (`chainOfTrust` with `revocation`), and so does that a certificate promises one and none comes
   * (RFC 7633). Default true.
   */
  readonly requestOcsp?: boolean | undefined;
  /**
   * Whether the server is asked for signed certificate timestamps (RFC 6962 §3.3) beside those in its certificate, for an
   * authenticator that looks (`chainOfTrust` with `transparency`). Default false.
   */
  readonly requestScts?: boolean | undefined;
  /** RFC 9846 §E.4: a session id and change_cipher_spec records that do nothing but calm middleboxes. */
  readonly middleboxCompatibility?: boolean | undefined;
  /**
   * This connection is a second try, without TLS 1.3, after one with it has failed for no good reason: a server that does
   * speak it then refuses (TLS_FALLBACK_SCSV, RFC 7507), because somebody between has made the first one fail.
   */
  readonly fallback?: boolean | undefined;
}

/**
 * Who decides whether a peer is who it should be, by what it shows. At least one of the two authenticators must be given:
 * a side that does not check is not secure. `'ask'`: each peer becomes a request.
 */
export interface PeerAuthentication {
  /** Judges peers by their certificates. Without it none is accepted. */
  readonly authenticator?: Authenticator | 'ask' | undefined;
  /** Judges peers by their raw keys (RFC 7250). Without it none is accepted. */
  readonly rawKeyAuthenticator?: RawKeyAuthenticator | 'ask' | undefined;
  /**
   * What the peer may show, most wanted first: those that can be judged here. Default: a raw key rather than a
   * certificate, since whose it is needs nobody else's word.
   */
  readonly peerCertificateTypes?: readonly CertificateType[] | undefined;
}

/** See {@link ServerOptions}. */
export type GroupRetry = 'never' | 'forHybrid' | 'always';

export interface ServerOptions extends CommonOptions {
  /**
   * The certificates or raw keys this server can show; the first that fits the client's server_name and signature
   * schemes is taken. `'ask'`: each ClientHello becomes a request.
   */
  readonly credentials: readonly AnyCredential[] | 'ask';
  /** Keys that seal tickets for clients to resume with; none means no tickets. */
  readonly ticketKeys?: TicketKeys | undefined;
  /**
   * Keep sessions in a store, by `storeSession` effects and `sessionLookup` requests, and give clients only their names: a
   * session then serves once, and can be forgotten before its time. With `ticketKeys` too, sealed tickets are still taken.
   * Default false.
   */
  readonly storedSessions?: boolean | undefined;
  /**
   * Tickets for each connection, 0 to 8; a client that asks for a number (RFC 9149) gets that many, unless this is 0.
   * Default 2: a client may use one for each of two new connections.
   */
  readonly ticketCount?: number | undefined;
  /** Seconds until a ticket is worth nothing, at most 604,800 (seven days). Default 7,200. */
  readonly ticketLifetime?: number | undefined;
  /**
   * Up to 255 bytes that tell this configuration from others under the same ticket keys: a session is resumed only where
   * it was made. Give different ones to configurations that authenticate clients differently.
   */
  readonly sessionContext?: Uint8Array | undefined;
  /**
   * Bytes of early data (0-RTT) that a client may send when it resumes, 0 to 2^32 - 1. Default 0: none. What comes early
   * may be a repetition by somebody in between, unless every `replayCheck` request is answered from a store that all
   * servers share which open the same tickets; and it has no forward secrecy, since the ticket key opens it. Take it only
   * for what is as good done twice.
   */
  readonly maxEarlyData?: number | undefined;
  /**
   * Milliseconds by which the age that a client tells of its ticket may differ from ours, 1 to 600,000, or its early data
   * is rejected (RFC 9846 §8.3). Default 10,000. So long a ClientHello has to be remembered, twice.
   */
  readonly earlyDataWindow?: number | undefined;
  /** Asks the client for a certificate. Default: it is not asked. */
  readonly clientAuthentication?: ClientAuthentication | undefined;
  /**
   * How clients are authenticated that this server asks for a certificate later, on the established connection, by
   * `requestCertificate` (RFC 9846 §4.7.2). Only those can be asked that have offered it; `status` says whether this one has.
   * Something of the handshake is then kept in memory. A session is resumed without what was shown later. Default: nobody
   * is asked.
   */
  readonly postHandshakeAuthentication?: ClientAuthentication | undefined;
  /** Refuse (unrecognized_name) a client that names a host no credential is for, instead of showing the first that fits. */
  readonly strictServerName?: boolean | undefined;
  /**
   * Accept Encrypted ClientHello (RFC 9849). The server needs a credential for each configuration's public name, or clients
   * whose configuration is out of date cannot recover. `'backend'` (§3.1, split mode): another server opens hellos and
   * passes on what is inside. Only behind a channel on which nobody but that server can send. Default neither.
   */
  readonly encryptedClientHello?: EchServerOptions | 'backend' | undefined;
  /**
   * When a client that has sent shares this server could take is asked for another one (HelloRetryRequest), which costs a
   * round trip and any early data: `'never'`; `'forHybrid'`, when it offers a group that withstands a quantum computer, which
   * `groups` puts before all it sent shares for; `'always'`, when `groups` puts any group it offers before these. Default
   * `'forHybrid'`: what is recorded today stays secret, and clients that care about the round trip send the share at once.
   */
  readonly groupRetry?: GroupRetry | undefined;
  /** Put a cookie into a HelloRetryRequest and insist on its return. */
  readonly helloRetryCookie?: boolean | undefined;
}

/**
 * How a server authenticates its clients. Names are not checked: what the client is called stands in the facts. With
 * `'ask'` a client that resumes becomes a request, too, since a session's client must be judged anew.
 */
export interface ClientAuthentication extends PeerAuthentication {
  /** Whether a client without a certificate is refused (certificate_required). If not, `facts.peer` may be undefined. */
  readonly required: boolean;
  /** DER-encoded names of the authorities the client may choose among (RFC 9846 §4.3.4). A hint; none means any. */
  readonly certificateAuthorities?: readonly Uint8Array[] | undefined;
  /** As a client's `requestOcsp`. Default false: few clients have any. */
  readonly requestOcsp?: boolean | undefined;
  /** As a client's `requestScts`. Default false. */
  readonly requestScts?: boolean | undefined;
}

interface CommonConfig {
  readonly crypto: CryptoProvider;
  readonly versions: readonly VersionName[];
  /** For TLS 1.3. */
  readonly cipherSuites: readonly Tls13CipherSuiteName[];
  readonly tls12CipherSuites: readonly Tls12CipherSuiteName[];
  readonly groups: readonly GroupName[];
  readonly signatureSchemes: readonly SignatureSchemeName[];
  readonly applicationProtocols: readonly string[];
  readonly externalPsks: readonly ExternalPsk[];
  readonly pskKeyExchangeModes: readonly PskKeyExchangeModeName[];
  readonly rawExtensions: readonly RawExtension[];
  readonly certificateCompression: readonly CertificateCompression[];
  readonly recordSizeLimit: number | undefined;
  readonly padding: Padding;
  readonly padHandshake: boolean;
  readonly grease: boolean;
  readonly requireExtendedMasterSecret: boolean;
  readonly trace: TraceLevel;
  readonly limits: Limits;
  readonly [checkedConfig]: true;
}

/** A checked client configuration. Only {@link clientConfig} makes one. */
export interface ClientConfig extends CommonConfig {
  readonly role: 'client';
  readonly authenticator: Authenticator | 'ask' | undefined;
  readonly rawKeyAuthenticator: RawKeyAuthenticator | 'ask' | undefined;
  readonly peerCertificateTypes: readonly CertificateType[];
  readonly credentials: readonly AnyCredential[] | 'ask';
  readonly clientCertificateTypes: readonly CertificateType[];
  readonly certificateAuthorities: readonly Uint8Array[];
  readonly identity: ReferenceIdentity | undefined;
  /** The DNS name to send as server_name, or undefined. */
  readonly serverName: string | undefined;
  readonly keyShares: readonly GroupName[];
  readonly acceptTickets: boolean;
  readonly postHandshakeAuthentication: boolean;
  readonly ticketRequest: TicketRequest | undefined;
  /** As codepoints. */
  readonly extensionOrder: 'fixed' | 'permuted' | readonly number[];
  readonly ech: ClientEch;
  readonly requestOcsp: boolean;
  readonly requestScts: boolean;
  readonly middleboxCompatibility: boolean;
  readonly fallback: boolean;
}

/** As configured, with what it accepts from clients, most wanted first. */
export interface CheckedClientAuthentication extends ClientAuthentication {
  readonly peerCertificateTypes: readonly CertificateType[];
}

/** A checked server configuration. Only {@link serverConfig} makes one. */
export interface ServerConfig extends CommonConfig {
  readonly role: 'server';
  readonly credentials: readonly AnyCredential[] | 'ask';
  readonly clientAuthentication: CheckedClientAuthentication | undefined;
  readonly postHandshakeAuthentication: CheckedClientAuthentication | undefined;
  readonly ticketKeys: TicketKeys;
  readonly storedSessions: boolean;
  readonly ticketCount: number;
  readonly ticketLifetime: number;
  readonly sessionContext: Uint8Array;
  readonly maxEarlyData: number;
  readonly earlyDataWindow: number;
  readonly strictServerName: boolean;
  readonly ech: ServerEch;
  readonly groupRetry: GroupRetry;
  readonly helloRetryCookie: boolean;
}

declare const checkedConfig: unique symbol;

/** What is wrong with a configuration: the option and a sentence that says what it must be. */
export interface ConfigError {
  readonly option: string;
  readonly problem: string;
}

/** Checks a client's options once; every connection then shares the result. */
export function clientConfig(options: ClientOptions): Result<ClientConfig, ConfigError> {
  const identity = options.serverName === undefined ? undefined : referenceIdentity(options.serverName);
  if (identity !== undefined && !identity.ok) {
    return err({ option: 'serverName', problem: 'must be a DNS name (A-labels) or an IP address' });
  }
  const common = commonConfig(options);
  const groups = common.groups;
  const keyShares =
    options.keyShares ??
    (!common.versions.includes('1.3')
      ? []
      : groups.some((group) => defaults.keyShares.includes(group))
        ? groups.filter((group) => defaults.keyShares.includes(group))
        : groups.slice(0, 1));
  const acceptTickets = options.acceptTickets ?? defaults.acceptTickets;
  const extensionOrder = orderOfCodes(options.extensionOrder ?? defaults.extensionOrder);
  const credentials = options.credentials === 'ask' ? 'ask' : [...(options.credentials ?? [])];
  const peerTypes = peerCertificateTypes(options);
  const clientTypes = [...(options.clientCertificateTypes ?? typesOf(credentials))];
  const problem =
    commonProblem(options, common) ??
    peerAuthenticationProblem('', options, peerTypes) ??
    listProblem('clientCertificateTypes', clientTypes, certificateTypeCodes) ??
    authoritiesProblem('', options.certificateAuthorities) ??
    extensionOrderProblem(extensionOrder) ??
    problemIf(
      'fallback',
      'must not be said by a client that offers TLS 1.3: there is nothing to fall back from',
      options.fallback === true && common.versions.includes('1.3'),
    ) ??
    problemIf(
      'ticketRequest',
      'must not ask for tickets that acceptTickets refuses',
      options.ticketRequest !== undefined && !acceptTickets,
    ) ??
    rangeProblem('ticketRequest.newSessionCount', options.ticketRequest?.newSessionCount, 0, 255) ??
    rangeProblem('ticketRequest.resumptionCount', options.ticketRequest?.resumptionCount, 0, 255) ??
    problemIf(
      'versions',
      'must include TLS 1.3 when the ClientHello is encrypted (RFC 9849 §6.1)',
      typeof options.encryptedClientHello === 'object' && !common.versions.includes('1.3'),
    ) ??
    problemIf('keyShares', 'must not name a group twice', hasDuplicates(keyShares)) ??
    problemIf('keyShares', 'must be groups that are offered', !isSubset(keyShares, groups)) ??
    problemIf('keyShares', 'must stand in the order of groups', !isInOrderOf(keyShares, groups));
  if (problem !== undefined) return err(problem);
  const ech = clientEch(options.crypto, options.encryptedClientHello);
  if (!ech.ok) return err({ option: 'encryptedClientHello', problem: ech.error });
  const name = identity?.value;
  return ok(
    checked<ClientConfig>({
      ...common,
      role: 'client',
      authenticator: options.authenticator,
      rawKeyAuthenticator: options.rawKeyAuthenticator,
      peerCertificateTypes: peerTypes,
      credentials,
      clientCertificateTypes: clientTypes,
      certificateAuthorities: (options.certificateAuthorities ?? []).map((name) => Uint8Array.from(name)),
      identity: name,
      serverName: name?.kind === 'dns' && options.sendServerName !== false ? name.name : undefined,
      keyShares: [...keyShares],
      acceptTickets,
      postHandshakeAuthentication:
        options.postHandshakeAuthentication ?? defaults.postHandshakeAuthentication,
      ticketRequest: options.ticketRequest && { ...options.ticketRequest },
      extensionOrder,
      ech: ech.value,
      requestOcsp: options.requestOcsp ?? defaults.requestOcsp,
      requestScts: options.requestScts ?? defaults.requestScts,
      middleboxCompatibility: options.middleboxCompatibility ?? defaults.middleboxCompatibility,
      fallback: options.fallback ?? false,
    }),
  );
}

/** Checks a server's options once; every connection then shares the result. */
export function serverConfig(options: ServerOptions): Result<ServerConfig, ConfigError> {
  const common = commonConfig(options);
  const { credentials } = options;
  const ticketKeys = [...(options.ticketKeys ?? [])];
  const clientAuthentication = checkedAuthentication(options.clientAuthentication);
  const postHandshakeAuthentication = checkedAuthentication(options.postHandshakeAuthentication);
  const problem =
    commonProblem(options, common) ??
    clientAuthenticationProblem('clientAuthentication.', clientAuthentication) ??
    clientAuthenticationProblem('postHandshakeAuthentication.', postHandshakeAuthentication) ??
    problemIf(
      'postHandshakeAuthentication',
      'must not be asked for without TLS 1.3',
      postHandshakeAuthentication !== undefined && !common.versions.includes('1.3'),
    ) ??
    problemIf(
      'credentials',
      'must hold at least one, unless there are externalPsks',
      credentials !== 'ask' && credentials.length === 0 && common.externalPsks.length === 0,
    ) ??
    problemIf(
      'ticketKeys',
      `must have names of ${TICKET_KEY_NAME_LENGTH} and secrets of ${TICKET_KEY_LENGTH} bytes`,
      !ticketKeys.every(isTicketKey),
    ) ??
    rangeProblem('ticketCount', options.ticketCount, 0, 8) ??
    rangeProblem('ticketLifetime', options.ticketLifetime, 1, MAX_TICKET_LIFETIME) ??
    rangeProblem('sessionContext.length', options.sessionContext?.length, 0, 255) ??
    rangeProblem('maxEarlyData', options.maxEarlyData, 0, MAX_EARLY_DATA) ??
    rangeProblem('earlyDataWindow', options.earlyDataWindow, 1, 600_000);
  if (problem !== undefined) return err(problem);
  const ech = serverEch(options.crypto, options.encryptedClientHello);
  if (!ech.ok) return err({ option: 'encryptedClientHello', problem: ech.error });
  if (ech.value.kind !== 'none' && !common.versions.includes('1.3')) {
    return err({ option: 'encryptedClientHello', problem: 'must not be asked for without TLS 1.3' });
  }
  return ok(
    checked<ServerConfig>({
      ...common,
      role: 'server',
      credentials: credentials === 'ask' ? credentials : [...credentials],
      ticketKeys,
      storedSessions: options.storedSessions ?? defaults.storedSessions,
      ticketCount: options.ticketCount ?? defaults.ticketCount,
      ticketLifetime: options.ticketLifetime ?? defaults.ticketLifetime,
      sessionContext: Uint8Array.from(options.sessionContext ?? []),
      maxEarlyData: options.maxEarlyData ?? defaults.maxEarlyData,
      earlyDataWindow: options.earlyDataWindow ?? defaults.earlyDataWindow,
      clientAuthentication,
      postHandshakeAuthentication,
      strictServerName: options.strictServerName ?? defaults.strictServerName,
      ech: ech.value,
      groupRetry: options.groupRetry ?? defaults.groupRetry,
      helloRetryCookie: options.helloRetryCookie ?? defaults.helloRetryCookie,
    }),
  );
}

function checkedAuthentication(
  options: ClientAuthentication | undefined,
): CheckedClientAuthentication | undefined {
  return options && { ...options, peerCertificateTypes: peerCertificateTypes(options) };
}

function clientAuthenticationProblem(
  prefix: string,
  options: CheckedClientAuthentication | undefined,
): ConfigError | undefined {
  return (
    (options && peerAuthenticationProblem(prefix, options, options.peerCertificateTypes)) ??
    authoritiesProblem(prefix, options?.certificateAuthorities)
  );
}

function peerCertificateTypes(options: PeerAuthentication): readonly CertificateType[] {
  return [...(options.peerCertificateTypes ?? judgedTypes(options))];
}

/** What there is an authenticator for, in the order of the default. */
function judgedTypes({ authenticator, rawKeyAuthenticator }: PeerAuthentication): readonly CertificateType[] {
  return [
    ...(rawKeyAuthenticator === undefined ? [] : (['rawPublicKey'] as const)),
    ...(authenticator === undefined ? [] : (['x509'] as const)),
  ];
}

function peerAuthenticationProblem(
  prefix: string,
  options: PeerAuthentication,
  types: readonly CertificateType[],
): ConfigError | undefined {
  const judged = judgedTypes(options);
  const option = `${prefix}peerCertificateTypes`;
  return (
    problemIf(
      `${prefix}authenticator`,
      'must be given, unless there is a rawKeyAuthenticator',
      judged.length === 0,
    ) ??
    listProblem(option, types, certificateTypeCodes) ??
    problemIf(
      option,
      'must be those that there is an authenticator for',
      !isSubset(types, judged) || !isSubset(judged, types),
    )
  );
}

/** What fits into the extension, and leaves room for the rest of its message. */
function authoritiesProblem(
  prefix: string,
  names: readonly Uint8Array[] | undefined = [],
): ConfigError | undefined {
  const size = names.reduce((sum, { length }) => sum + 2 + length, 0);
  return problemIf(
    `${prefix}certificateAuthorities`,
    'must be DER-encoded names, of 32 KiB together at most',
    names.some(({ length }) => length === 0) || size > 32 * 1024,
  );
}

/** The kinds of credential there are, each once. A client without any is taken for one with certificates, as ever. */
function typesOf(credentials: readonly AnyCredential[] | 'ask'): readonly CertificateType[] {
  const types = credentials === 'ask' ? [] : credentials.map(({ certificateType }) => certificateType);
  return types.length === 0 ? ['x509'] : [...new Set(types)];
}

type Unchecked<Config> = Omit<Config, typeof checkedConfig>;

/** The one place that brands a configuration. */
function checked<Config extends CommonConfig>(config: Unchecked<Config>): Config {
  return config as Config;
}

function commonConfig(options: CommonOptions): Unchecked<CommonConfig> {
  // Copies: the caller's lists may change after the check.
  const groups = [...(options.groups ?? defaults.groups)];
  const suites = options.cipherSuites ?? defaults.cipherSuites;
  const cipherSuites = suites.filter(isTls13Suite);
  const tls12CipherSuites = suites
    .filter(isTls12Suite)
    .filter((name) => isUsableWith(groups, tls12Suites[name]));
  const possible: Readonly<Record<VersionName, boolean>> = {
    '1.3': cipherSuites.length > 0,
    '1.2': tls12CipherSuites.length > 0,
  };
  const versions = [...(options.versions ?? defaults.versions.filter((version) => possible[version]))];
  return {
    crypto: options.crypto,
    versions,
    cipherSuites: versions.includes('1.3') ? cipherSuites : [],
    tls12CipherSuites: versions.includes('1.2') ? tls12CipherSuites : [],
    groups,
    signatureSchemes: [...(options.signatureSchemes ?? defaults.signatureSchemes)],
    applicationProtocols: [...(options.applicationProtocols ?? [])],
    externalPsks: [...(options.externalPsks ?? [])],
    pskKeyExchangeModes: [...(options.pskKeyExchangeModes ?? defaults.pskKeyExchangeModes)],
    rawExtensions: (options.rawExtensions ?? []).map(({ type, data }) => ({ type, data: data.slice() })),
    certificateCompression: [...(options.certificateCompression ?? [])],
    recordSizeLimit:
      options.recordSizeLimit === 'none' ? undefined : (options.recordSizeLimit ?? defaults.recordSizeLimit),
    padding: { ...(options.padding ?? defaults.padding) },
    padHandshake: options.padHandshake ?? defaults.padHandshake,
    grease: options.grease ?? defaults.grease,
    requireExtendedMasterSecret: options.requireExtendedMasterSecret ?? defaults.requireExtendedMasterSecret,
    trace: options.trace ?? defaults.trace,
    limits: { ...defaultLimits, ...options.limits },
  };
}

function commonProblem(options: CommonOptions, config: Unchecked<CommonConfig>): ConfigError | undefined {
  const { versions, groups, applicationProtocols } = config;
  const schemes = config.signatureSchemes;
  return (
    listProblem('cipherSuites', options.cipherSuites ?? defaults.cipherSuites, cipherSuiteCodes) ??
    listProblem('groups', groups, groupCodes) ??
    listProblem('versions', versions, versionCodes) ??
    problemIf(
      'cipherSuites',
      'must hold one for TLS 1.3 when that is to be spoken',
      versions.includes('1.3') && config.cipherSuites.length === 0,
    ) ??
    problemIf(
      'cipherSuites',
      'must hold one for TLS 1.2, and groups one to use it with, when that is to be spoken',
      versions.includes('1.2') && config.tls12CipherSuites.length === 0,
    ) ??
    listProblem('signatureSchemes', schemes, signatureSchemeCodes) ??
    problemIf(
      'signatureSchemes',
      'must hold one that can sign a TLS 1.3 handshake (not only rsa_pkcs1)',
      versions.includes('1.3') && !schemes.some((name) => signatureSchemes[name].handshake),
    ) ??
    problemIf('applicationProtocols', 'must not name one twice', hasDuplicates(applicationProtocols)) ??
    problemIf(
      'applicationProtocols',
      'must be names of 1 to 255 characters, each standing for one byte (RFC 7301 §3.1)',
      !applicationProtocols.every(isProtocolName),
    ) ??
    problemIf(
      'applicationProtocols',
      'must take at most 16 KiB together',
      applicationProtocols.join(' ').length > 16 * 1024,
    ) ??
    problemIf(
      'externalPsks',
      'must have identities of 1 to 16,384 bytes, contexts of at most 16,384 and keys of at least 16',
      !config.externalPsks.every(isUsablePsk),
    ) ??
    problemIf(
      'externalPsks',
      'must go with sha256 or sha384',
      config.externalPsks.some(({ hash }) => hash !== undefined && hash !== 'sha256' && hash !== 'sha384'),
    ) ??
    listProblem('pskKeyExchangeModes', config.pskKeyExchangeModes, pskKeyExchangeModes) ??
    rawExtensionsProblem(config.rawExtensions) ??
    compressionProblem(config.certificateCompression) ??
    problemIf(
      'externalPsks',
      `must have earlyData with maxEarlyData from 1 to ${MAX_EARLY_DATA}, a cipher suite and an application protocol that are configured`,
      !config.externalPsks.every(({ earlyData }) => earlyData === undefined || isPossible(config, earlyData)),
    ) ??
    paddingProblem(config) ??
    rangeProblem('recordSizeLimit', config.recordSizeLimit, MIN_PLAINTEXT, MAX_INNER_PLAINTEXT) ??
    limitProblem(config.limits)
  );
}

function rawExtensionsProblem(extensions: readonly RawExtension[]): ConfigError | undefined {
  const option = 'rawExtensions';
  const types = extensions.map(({ type }) => type);
  return (
    problemIf(option, 'must have codepoints from 0 to 65,535', !types.every(isUint16)) ??
    problemIf(option, 'must not hold a codepoint twice', hasDuplicates(types)) ??
    problemIf(
      option,
      'must not hold extensions that have an option of their own',
      types.some(isRecognized),
    ) ??
    problemIf(option, 'must not hold GREASE, which has an option of its own', types.some(isGrease)) ??
    problemIf(
      option,
      'must take at most 16 KiB together',
      extensions.reduce((sum, { data }) => sum + data.length, 0) > 16 * 1024,
    )
  );
}

function compressionProblem(entries: readonly CertificateCompression[]): ConfigError | undefined {
  const option = 'certificateCompression';
  const algorithms = entries.map(({ algorithm }) => algorithm);
  return (
    problemIf(option, 'must have algorithms from 0 to 65,535', !algorithms.every(isUint16)) ??
    problemIf(option, 'must not hold an algorithm twice', hasDuplicates(algorithms)) ??
    // RFC 8879 §3: the list has one byte for its length.
    problemIf(option, 'must hold at most 127 algorithms', entries.length > 127) ??
    problemIf(
      option,
      'must be able to compress or to decompress',
      entries.some(({ compress, decompress }) => compress === undefined && decompress === undefined),
    )
  );
}

function paddingProblem({ padding, padHandshake }: Unchecked<CommonConfig>): ConfigError | undefined {
  switch (padding.kind) {
    case 'none':
      return problemIf('padHandshake', 'is nothing without padding', padHandshake);
    case 'toMultiple':
      return rangeProblem('padding.of', padding.of, 1, MAX_PLAINTEXT);
    case 'toLength':
      return rangeProblem('padding.length', padding.length, MIN_PLAINTEXT, MAX_PLAINTEXT);
    case 'random':
      return rangeProblem('padding.most', padding.most, 1, MAX_PLAINTEXT);
    default:
      return unknownPadding(padding);
  }
}

/** TypeScript knows that there is none; a caller in plain JavaScript learns it here. */
function unknownPadding(_: never): ConfigError {
  return { option: 'padding.kind', problem: 'must be none, toMultiple, toLength or random' };
}

function orderOfCodes(
  order: 'fixed' | 'permuted' | readonly (ExtensionName | number)[],
): ClientConfig['extensionOrder'] {
  if (order === 'fixed' || order === 'permuted') return order;
  return order.map((entry) => (typeof entry === 'number' ? entry : extensionTypes[entry]));
}

function extensionOrderProblem(order: ClientConfig['extensionOrder']): ConfigError | undefined {
  if (order === 'fixed' || order === 'permuted') return undefined;
  const option = 'extensionOrder';
  return (
    problemIf(option, "must be 'fixed', 'permuted', or names and codepoints", !order.every(isUint16)) ??
    problemIf(option, 'must not name one twice', hasDuplicates(order)) ??
    problemIf(
      option,
      'must not name preSharedKey, which stands last (RFC 9846 §4.3.11)',
      order.includes(extensionTypes.preSharedKey),
    )
  );
}

function isUsableWith(groups: readonly GroupName[], suite: Tls12Suite): boolean {
  return suite.keyExchange === 'rsa' || groups.some((group) => groupFitsSuite(group, suite));
}

function isTls13Suite(name: CipherSuiteName): name is Tls13CipherSuiteName {
  return Object.hasOwn(tls13CipherSuiteCodes, name);
}

function isTls12Suite(name: CipherSuiteName): name is Tls12CipherSuiteName {
  return Object.hasOwn(tls12CipherSuiteCodes, name);
}

/** TypeScript knows the names already; a caller in plain JavaScript learns them here. */
function listProblem(
  option: string,
  list: readonly string[],
  known: Readonly<Record<string, number>>,
): ConfigError | undefined {
  return (
    problemIf(option, 'must hold at least one', list.length === 0) ??
    problemIf(
      option,
      `must be names out of ${Object.keys(known).join(', ')}`,
      list.some((name) => !Object.hasOwn(known, name)),
    ) ??
    problemIf(option, 'must not name one twice', hasDuplicates(list))
  );
}

function limitProblem(limits: Limits): ConfigError | undefined {
  for (const [name, value] of Object.entries(limits)) {
    const most = Object.entries(defaultLimits).find(([known]) => known === name)?.[1];
    if (most === undefined) return { option: `limits.${name}`, problem: 'is not a limit' };
    const least = name === 'recordPlaintext' ? MIN_PLAINTEXT : 1;
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      return { option: `limits.${name}`, problem: `must be a whole number from ${least} to ${most}` };
    }
  }
  return undefined;
}

function rangeProblem(
  option: string,
  value: number | undefined,
  least: number,
  most: number,
): ConfigError | undefined {
  const isGood = value === undefined || (Number.isInteger(value) && value >= least && value <= most);
  return problemIf(option, `must be a whole number from ${least} to ${most}`, !isGood);
}

function isTicketKey({ name, secret }: TicketKey): boolean {
  return name.length === TICKET_KEY_NAME_LENGTH && secret.length === TICKET_KEY_LENGTH;
}

function problemIf(option: string, problem: string, holds: boolean): ConfigError | undefined {
  return holds ? { option, problem } : undefined;
}

function isUint16(code: number): boolean {
  return Number.isInteger(code) && code >= 0 && code <= 0xffff;
}

function hasDuplicates(list: readonly (string | number)[]): boolean {
  return new Set(list).size !== list.length;
}

function isSubset(some: readonly string[], all: readonly string[]): boolean {
  return some.every((item) => all.includes(item));
}

function isInOrderOf(some: readonly string[], all: readonly string[]): boolean {
  const places = some.map((item) => all.indexOf(item));
  return places.every((place, i) => i === 0 || place > (places[i - 1] ?? -1));
}

function isUsablePsk({ identity, secret, context }: ExternalPsk): boolean {
  const most = 16 * 1024;
  const { length } = identity;
  return length >= 1 && length <= most && (context?.length ?? 0) <= most && secret.length >= 16;
}

function isPossible(
  { cipherSuites, applicationProtocols }: Unchecked<CommonConfig>,
  { maxEarlyData, cipherSuite, applicationProtocol }: EarlyDataTerms,
): boolean {
  return (
    Number.isInteger(maxEarlyData) &&
    maxEarlyData >= 1 &&
    maxEarlyData <= MAX_EARLY_DATA &&
    cipherSuites.includes(cipherSuite) &&
    (applicationProtocol === undefined || applicationProtocols.includes(applicationProtocol))
  );
}

/** max_early_data_size is a uint32 (RFC 9846 §4.3.10). */
const MAX_EARLY_DATA = 2 ** 32 - 1;

function isProtocolName(name: string): boolean {
  if (name.length < 1 || name.length > 255) return false;
  for (let i = 0; i < name.length; i++) {
    if (name.charCodeAt(i) > 0xff) return false;
  }
  return true;
}
