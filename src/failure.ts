import { describeValidationError, type ValidationError } from '../x509/index.ts';
import type { AlertName } from './codepoints.ts';
import { printable } from './text.ts';

/**
 * Why a connection ended badly, told apart by who is to blame. A failed connection stays failed.
 *
 * - `malformed`: the bytes do not parse as the structure they should be.
 * - `peerMisbehaved`: they parse, but the standard forbids them here.
 * - `incompatible`: both sides keep to the standard and share no parameters.
 * - `certificate`: the peer's certificate was not accepted.
 * - `misuse`: the caller's configuration or answer cannot work.
 * - `echRejected`: the server could not read the encrypted ClientHello. The handshake went well under the public name, and
 *   the connection is of no use but for this news.
 * - `peerAlert`: the peer gave up and said why.
 * - `truncated`: the flow ended without close_notify (RFC 9846 §6.1): what came before may be incomplete.
 */
export type Failure =
  | {
      readonly kind: 'malformed';
      /** The structure that was being read. */
      readonly structure: string;
      /** Byte offset in it, path of field names, what was expected and what was found. */
      readonly offset: number;
      readonly path: readonly string[];
      readonly expected: string;
      readonly found: string;
    }
  | { readonly kind: 'peerMisbehaved'; readonly reason: Misbehaviour; readonly detail: string }
  | { readonly kind: 'incompatible'; readonly reason: Incompatibility; readonly detail: string }
  | { readonly kind: 'certificate'; readonly error: ValidationError }
  | { readonly kind: 'misuse'; readonly reason: Misuse; readonly detail: string }
  | {
      readonly kind: 'echRejected';
      /** The name that the server has proven to bear: the one with authority over the configurations (RFC 9849 §6.1.6). */
      readonly publicName: string;
      /**
       * The server's ECHConfigList, authenticated: to be used for one new connection (the flow's `connectWithEch` does).
       * Undefined when it gave none: it has no ECH any more, and a new connection may do without.
       */
      readonly retryConfigs: Uint8Array | undefined;
    }
  | { readonly kind: 'peerAlert'; readonly alert: AlertName | 'unknown'; readonly code: number }
  | { readonly kind: 'truncated' };

/** Each way to break the protocol, with the alert that answers it (RFC 9846 §6.2 and the section named). */
const misbehaviours = {
  /** §5.1, §4: a record or message that this state does not await. */
  'unexpected-message': 'unexpected_message',
  /** §5.1: handshake bytes left over, partial or whole, where the keys change. */
  'unread-handshake-bytes-at-key-change': 'unexpected_message',
  /** §5.1: a handshake message interrupted by another record type. */
  'interleaved-handshake-message': 'unexpected_message',
  /** §5.1: a zero-length fragment of Handshake or Alert. */
  'empty-fragment': 'unexpected_message',
  /** §5.1, §5.4: record padding without a content type. */
  'no-content-type': 'unexpected_message',
  /** §5: change_cipher_spec at the wrong time, with the wrong byte, or too often. */
  'bad-change-cipher-spec': 'unexpected_message',
  'too-many-useless-records': 'unexpected_message',
  'too-many-post-handshake-messages': 'unexpected_message',
  /** §5.1, §5.2 */
  'record-too-long': 'record_overflow',
  /** §5.2 */
  'decryption-failed': 'bad_record_mac',
  /** §4.3.10: more early data than this server is ready to drop. */
  'too-much-early-data': 'unexpected_message',
  /** §5.1: not TLS at all, or a version no TLS 1.3 record carries. */
  'bad-record-version': 'protocol_version',
  'message-too-long': 'illegal_parameter',
  'too-many-certificates': 'bad_certificate',
  /** §6: an alert record holds exactly one alert, unfragmented. */
  'bad-alert': 'decode_error',
  /** §4.3 */
  'duplicate-extension': 'illegal_parameter',
  'misplaced-extension': 'illegal_parameter',
  'unsolicited-extension': 'unsupported_extension',
  'missing-extension': 'missing_extension',
  /** §4.2.2, §4.2.3 */
  'bad-compression-method': 'illegal_parameter',
  'bad-legacy-version': 'protocol_version',
  'session-id-not-echoed': 'illegal_parameter',
  'unoffered-cipher-suite': 'illegal_parameter',
  'cipher-suite-changed-after-retry': 'illegal_parameter',
  'unoffered-version': 'illegal_parameter',
  'version-changed-after-retry': 'illegal_parameter',
  'downgrade-sentinel': 'illegal_parameter',
  /** §4.2.4, §4.3.8 */
  'second-hello-retry-request': 'unexpected_message',
  'hello-retry-request-without-change': 'illegal_parameter',
  'retry-for-unoffered-group': 'illegal_parameter',
  'retry-for-shared-group': 'illegal_parameter',
  'second-client-hello-differs': 'illegal_parameter',
  'early-data-after-retry': 'illegal_parameter',
  'cookie-too-long': 'illegal_parameter',
  'cookie-not-echoed': 'illegal_parameter',
  'unsolicited-cookie': 'illegal_parameter',
  'key-share-not-as-requested': 'illegal_parameter',
  'unoffered-group': 'illegal_parameter',
  'key-share-for-unsupported-group': 'illegal_parameter',
  'key-shares-out-of-order': 'illegal_parameter',
  'duplicate-key-share': 'illegal_parameter',
  'bad-key-share': 'illegal_parameter',
  /** §4.3.11 */
  'psk-not-last': 'illegal_parameter',
  'psk-binder-count': 'illegal_parameter',
  'bad-binder': 'decrypt_error',
  'unoffered-psk': 'illegal_parameter',
  /** §4.3.9 */
  'unoffered-psk-key-exchange-mode': 'illegal_parameter',
  /** §4.3.10, §4.3.11: early data is for the first PSK, and for what was negotiated with it. */
  'early-data-without-first-psk': 'illegal_parameter',
  'early-data-under-another-suite': 'illegal_parameter',
  'early-data-under-another-protocol': 'illegal_parameter',
  /** RFC 8449 §4 */
  'bad-record-size-limit': 'illegal_parameter',
  /** RFC 6066 §4 */
  'bad-max-fragment-length': 'illegal_parameter',
  /** RFC 7301 §3.1, RFC 9846 §4.4.1 */
  'unoffered-application-protocol': 'illegal_parameter',
  'several-application-protocols': 'illegal_parameter',
  /** RFC 6066 §3 */
  'several-server-names': 'illegal_parameter',
  'bad-server-name': 'illegal_parameter',
  /** RFC 7250 §4.1: a list with nothing but the default is left out. */
  'only-default-certificate-type': 'illegal_parameter',
  /** RFC 7250 §4.2 */
  'unoffered-certificate-type': 'illegal_parameter',
  /** §4.5.1 */
  'several-raw-public-keys': 'illegal_parameter',
  'undecodable-raw-public-key': 'bad_certificate',
  /** §4.5.1, §4.5.1.3 */
  'empty-certificate': 'decode_error',
  /** §4.5.1.3: a server that insists on a client certificate got none. */
  'no-client-certificate': 'certificate_required',
  'certificate-context-not-empty': 'illegal_parameter',
  /** §4.7.2: an answer to a CertificateRequest that was not sent, or is answered already. */
  'unknown-certificate-context': 'illegal_parameter',
  'certificate-request-context-not-empty': 'illegal_parameter',
  'undecodable-certificate': 'bad_certificate',
  'unsupported-certificate-key': 'unsupported_certificate',
  'certificate-key-may-not-sign': 'unsupported_certificate',
  /** RFC 8879 §4 */
  'unoffered-certificate-compression': 'illegal_parameter',
  'bad-compressed-certificate': 'bad_certificate',
  /** §4.5.1.1, RFC 6066 §8 */
  'unoffered-status-type': 'illegal_parameter',
  /** §4.5.2 */
  'unoffered-signature-scheme': 'illegal_parameter',
  'signature-scheme-does-not-fit-key': 'illegal_parameter',
  'bad-signature': 'decrypt_error',
  /** §4.5.3 */
  'bad-finished': 'decrypt_error',
  /** §4.7.3 */
  'bad-key-update': 'illegal_parameter',
  /** RFC 9849 §7: an ECHClientHelloType that is none, or not for this kind of server. */
  'bad-ech-type': 'illegal_parameter',
  /** RFC 9849 §5.1 */
  'ech-padding-not-zero': 'illegal_parameter',
  'bad-ech-outer-extensions': 'illegal_parameter',
  /** RFC 9849 §5.1, §7.1 */
  'bad-client-hello-inner': 'illegal_parameter',
  /** RFC 9849 §7.1.1 */
  'ech-changed-after-retry': 'illegal_parameter',
  'ech-undecryptable-after-retry': 'decrypt_error',
  /** RFC 9849 §6.1.5 */
  'ech-not-confirmed-after-retry': 'illegal_parameter',
  // TLS 1.2.
  /** RFC 5246 §7.4.1.3; a session id that only looks like one (RFC 9846 §E.4) is known to nobody. */
  'session-id-echoed-unasked': 'illegal_parameter',
  'cipher-suite-changed-on-resumption': 'illegal_parameter',
  /** RFC 7627 §5.3 */
  'extended-master-secret-changed-on-resumption': 'handshake_failure',
  /** RFC 5746 §3.4 */
  'bad-renegotiation-info': 'handshake_failure',
  /** RFC 8422 §5.1.2 */
  'bad-point-formats': 'illegal_parameter',
  /** RFC 7366 §3 */
  'encrypt-then-mac-without-mac': 'illegal_parameter',
  /** RFC 5246 §7.4.6: TLS 1.2 has no alert of its own for that. */
  'no-tls12-client-certificate': 'handshake_failure',
  /** RFC 5246 §7.4.2 */
  'certificate-does-not-fit-suite': 'illegal_parameter',
  /** RFC 7919 §4 */
  'unknown-finite-field': 'insufficient_security',
} as const satisfies Readonly<Record<string, AlertName>>;

/** Each way for two honest peers to have nothing in common. */
const incompatibilities = {
  'no-common-version': 'protocol_version',
  'no-common-cipher-suite': 'handshake_failure',
  'no-common-group': 'handshake_failure',
  /** RFC 7919 §4: the client names finite fields, none of them is known here, and nothing but one would do. */
  'no-common-finite-field': 'insufficient_security',
  'no-common-signature-scheme': 'handshake_failure',
  /** A server without certificates, and a client without a PSK of the server's. */
  'no-common-psk': 'handshake_failure',
  'no-matching-issuer': 'handshake_failure',
  /** RFC 7250 §4.2 */
  'no-common-certificate-type': 'unsupported_certificate',
  'no-common-application-protocol': 'no_application_protocol',
  'no-certificate-for-this-name': 'unrecognized_name',
  /** RFC 7627 §5.2, RFC 9325 §3.5: what one side insists on in TLS 1.2. */
  'no-extended-master-secret': 'handshake_failure',
  'no-secure-renegotiation': 'handshake_failure',
  /** RFC 7507 §3 */
  'inappropriate-fallback': 'inappropriate_fallback',
  /** RFC 9846 §4.3.10: the client can try again without early data. */
  'early-data-to-tls12': 'protocol_version',
} as const satisfies Readonly<Record<string, AlertName>>;

/** Each way for a caller's answer or environment to make the connection impossible. */
const misuses = {
  'credential-refused': 'handshake_failure',
  'credential-does-not-fit': 'internal_error',
  'signature-refused': 'internal_error',
  'verdict-refused': 'certificate_unknown',
  'session-lookup-refused': 'internal_error',
  'signing-failed': 'internal_error',
  'too-many-pending-bytes': 'internal_error',
  /** RFC 9846 §5.5: TLS 1.2 has no new keys to go on with. */
  'keys-worn-out': 'close_notify',
} as const satisfies Readonly<Record<string, AlertName>>;

export type Misbehaviour = keyof typeof misbehaviours;
export type Incompatibility = keyof typeof incompatibilities;
export type Misuse = keyof typeof misuses;

/**
 * The one map from failure to alert (RFC 9846 §6.2). `undefined` when the peer has given up with an error of its own.
 * Where it has only stopped talking, our side of the conversation is closed in order (§6.1).
 */
export function alertFor(failure: Failure): AlertName | undefined {
  switch (failure.kind) {
    case 'malformed':
      return 'decode_error';
    case 'peerMisbehaved':
      return misbehaviours[failure.reason];
    case 'incompatible':
      return incompatibilities[failure.reason];
    case 'certificate':
      return alertForCertificate(failure.error);
    case 'misuse':
      return misuses[failure.reason];
    case 'echRejected':
      return 'ech_required';
    case 'peerAlert':
      return failure.alert === 'close_notify' ? 'close_notify' : undefined;
    case 'truncated':
      return 'close_notify';
  }
}

/** One readable line: what happened, and for the reader's own mistakes what to do. */
export function describeFailure(failure: Failure): string {
  switch (failure.kind) {
    case 'malformed': {
      const where = [failure.structure, ...failure.path].join('.');
      return `the peer sent a malformed ${where} (byte ${failure.offset}): expected ${failure.expected}, found ${failure.found}`;
    }
    case 'peerMisbehaved':
      return `the peer broke the protocol (${failure.reason}): ${failure.detail}`;
    case 'incompatible':
      return `the peers share no parameters (${failure.reason}): ${failure.detail}`;
    case 'certificate':
      return `the peer's certificate was refused: ${describeValidationError(failure.error)}`;
    case 'misuse':
      return `this side cannot go on (${failure.reason}): ${failure.detail}`;
    case 'echRejected': {
      const next =
        failure.retryConfigs === undefined ? 'it has none to offer' : 'it has sent the ones to use';
      return `${printable(failure.publicName)} rejected Encrypted ClientHello under this configuration; ${next}`;
    }
    case 'peerAlert':
      return `the peer ended the connection with the alert ${failure.alert} (${failure.code})`;
    case 'truncated':
      return 'the flow ended without close_notify: data may be missing (truncation)';
  }
}

/** A {@link Failure} of the peer's making. */
export function misbehaved(reason: Misbehaviour, detail: string): Failure {
  return { kind: 'peerMisbehaved', reason, detail };
}

/** A {@link Failure} nobody is to blame for. */
export function incompatible(reason: Incompatibility, detail: string): Failure {
  return { kind: 'incompatible', reason, detail };
}

/** A {@link Failure} of this side's caller. */
export function misuse(reason: Misuse, detail: string): Failure {
  return { kind: 'misuse', reason, detail };
}

/**
 * RFC 9846 §6.2 on the certificate alerts. bad_certificate_status_response is for a response that came (RFC 6066 §8), not
 * for one that did not. A name mismatch is bad_certificate, as OpenSSL and rustls say it, and so is
 * an algorithm nobody should use any more (§4.5.1.3 demands it for MD5).
 */
function alertForCertificate(error: ValidationError): AlertName {
  switch (error.reason) {
    case 'unknown-issuer':
    case 'no-anchors':
      return 'unknown_ca';
    case 'expired':
    case 'not-yet-valid':
      return 'certificate_expired';
    case 'revoked':
      return 'certificate_revoked';
    case 'bad-stapled-response':
      return 'bad_certificate_status_response';
    case 'weak-key':
    case 'wrong-key-usage':
    case 'wrong-extended-key-usage':
    case 'unhandled-critical-extension':
      return 'unsupported_certificate';
    default:
      return 'bad_certificate';
  }
}
