/**
 * TLS as a function: the entry point `pure-tls`.
 *
 * @module
 */

export type { CertificateCompression, CompressionWishes } from './certificate-compression.ts';
export type { Resumption } from './client/hello.ts';
export { sessionName } from './client/session-name.ts';
export {
  type AlertName,
  type CertificateType,
  type CipherSuiteName,
  certificateCompressionCodes,
  certificateTypeCodes,
  cipherSuiteCodes,
  type ExtensionName,
  extensionTypes,
  groupCodes,
  type PskKeyExchangeModeName,
  type SignatureSchemeName,
  signatureSchemeCodes,
  type Tls12CipherSuiteName,
  type Tls13CipherSuiteName,
  type VersionName,
  versionCodes,
} from './codepoints.ts';
export {
  type ClientAuthentication,
  type ClientConfig,
  type ClientOptions,
  type CommonOptions,
  type ConfigError,
  clientConfig,
  type GroupRetry,
  type PeerAuthentication,
  type ServerConfig,
  type ServerOptions,
  serverConfig,
} from './config.ts';
export {
  type AnyCredential,
  type CertificateCredentialOptions,
  type Credential,
  type CredentialError,
  type CredentialKey,
  type CredentialOptions,
  credential,
  type RawKeyCredential,
  rawKeyCredential,
  restaple,
} from './credential.ts';
export { defaults } from './defaults.ts';
export type { EarlyDataFact, EarlyDataRejection, EarlyDataTerms } from './early-data.ts';
export { chooseEchConfig, type EchConfigError, type UsableEchConfig } from './ech/config.ts';
export {
  decodeEchKeys,
  ECH_KEY_ENTROPY,
  type EchKey,
  type EchKeyOptions,
  encodeEchKey,
  generateEchKey,
  publishedEchConfigs,
} from './ech/key.ts';
export type { EchClientOptions, EchServerOptions } from './ech/options.ts';
export type { Effect, Facts, PeerFacts, Tls12Facts, Tls13Facts } from './effect.ts';
export {
  answer,
  type CertificateRequested,
  client,
  close,
  type EarlyDataStatus,
  receive,
  receiveEnd,
  requestCertificate,
  type Status,
  type Step,
  send,
  sendEarlyData,
  server,
  status,
  updateKeys,
} from './engine.ts';
export {
  exportEarlyKeyingMaterial,
  exportKeyingMaterial,
  tlsExporter,
  tlsServerEndPoint,
  tlsUnique,
} from './exporter.ts';
export type { RawExtension, TicketRequest } from './extensions.ts';
export {
  alertFor,
  describeFailure,
  type Failure,
  type Incompatibility,
  type Misbehaviour,
  type Misuse,
} from './failure.ts';
export { defaultLimits, type Limits, MAX_INNER_PLAINTEXT } from './limits.ts';
export type { Padding } from './padding.ts';
export { type Peeked, peekClientHello } from './peek.ts';
export type { ExternalPsk } from './psk.ts';
export { type ReplayCheck, type ReplayStore, replayStore, takeOnce } from './replay-store.ts';
export type { CertificateRequestFacts, ClientHelloFacts, Request, Response } from './request.ts';
export {
  decodeSession,
  encodeSession,
  isFresh,
  type Session,
  type Tls12Session,
  type Tls13Session,
} from './session.ts';
export {
  emptySessionCache,
  keepSession,
  type SessionCache,
  type SessionsOfServer,
  takeSession,
} from './session-cache.ts';
export { restore, type SnapshotError, snapshot } from './snapshot.ts';
export type { Staple } from './stapling.ts';
export type { RecordSizes, State } from './state.ts';
export { rotateTicketKeys, TICKET_KEY_ENTROPY, type TicketKey, type TicketKeys } from './ticket.ts';
export { legacyCipherSuites } from './tls12/suites.ts';
export {
  type Direction,
  type Epoch,
  keyLogLine,
  type SecretLabel,
  type TraceEvent,
  type TraceLevel,
} from './trace.ts';
export {
  type BytesPending,
  type DirectionKeys,
  dangerouslyExtractKeys,
  type ExtractedKeys,
} from './traffic-keys.ts';
