import type { Failure, Incompatibility, Misbehaviour, Misuse } from '../../src/index.ts';

/**
 * What BoringSSL calls a failure of ours: the words that the runner looks for in the shim's error output. Where BoringSSL
 * tells apart what we do not, or tells it by another message, there are several.
 */
export function boringNames(failure: Failure): readonly string[] {
  switch (failure.kind) {
    case 'malformed':
      return namesOfMalformed(failure.structure, failure.path);
    case 'peerMisbehaved':
    case 'incompatible':
    case 'misuse':
      return (names[failure.reason] ?? []).map(inColons);
    case 'certificate':
      return [
        inColons(
          failure.error.reason === 'wrong-key-usage'
            ? 'KEY_USAGE_BIT_INCORRECT'
            : 'CERTIFICATE_VERIFY_FAILED',
        ),
      ];
    case 'peerAlert':
      return namesOfAlert(failure.code);
    case 'echRejected':
      return [inColons('ECH_REJECTED')];
    case 'truncated':
      return ['Unexpected SSL_shutdown result: -1 != 1'];
  }
}

/** A reason that does not stand here has no name that any test asks for. */
const names: Readonly<Partial<Record<Misbehaviour | Incompatibility | Misuse, readonly string[]>>> = {
  'unexpected-message': [
    'UNEXPECTED_MESSAGE',
    'UNEXPECTED_RECORD',
    'INVALID_OUTER_RECORD_TYPE',
    'HTTP_REQUEST',
    'HTTPS_PROXY_REQUEST',
    'WRONG_VERSION_NUMBER',
  ],
  'unread-handshake-bytes-at-key-change': ['EXCESS_HANDSHAKE_DATA'],
  'interleaved-handshake-message': ['UNEXPECTED_RECORD', 'UNEXPECTED_MESSAGE'],
  'empty-fragment': ['TOO_MANY_EMPTY_FRAGMENTS', 'UNEXPECTED_RECORD'],
  'no-content-type': ['DECRYPTION_FAILED_OR_BAD_RECORD_MAC'],
  'bad-change-cipher-spec': ['UNEXPECTED_RECORD', 'TOO_MANY_EMPTY_FRAGMENTS'],
  'too-many-useless-records': ['TOO_MANY_EMPTY_FRAGMENTS', 'TOO_MANY_WARNING_ALERTS'],
  'too-many-post-handshake-messages': ['TOO_MANY_KEY_UPDATES'],
  'record-too-long': ['DATA_LENGTH_TOO_LONG', 'ENCRYPTED_LENGTH_TOO_LONG'],
  'decryption-failed': ['DECRYPTION_FAILED_OR_BAD_RECORD_MAC', 'BAD_DECRYPT'],
  'too-much-early-data': ['TOO_MUCH_SKIPPED_EARLY_DATA', 'TOO_MUCH_READ_EARLY_DATA'],
  'early-data-without-first-psk': ['UNEXPECTED_EXTENSION'],
  'early-data-under-another-suite': ['CIPHER_MISMATCH_ON_EARLY_DATA'],
  'early-data-under-another-protocol': ['ALPN_MISMATCH_ON_EARLY_DATA'],
  'bad-record-version': ['WRONG_VERSION_NUMBER'],
  'message-too-long': ['EXCESSIVE_MESSAGE_SIZE', 'UNCOMPRESSED_CERT_TOO_LARGE'],
  'bad-alert': ['BAD_ALERT'],
  'duplicate-extension': ['DUPLICATE_EXTENSION'],
  'misplaced-extension': ['UNEXPECTED_EXTENSION', 'ERROR_PARSING_EXTENSION'],
  'unsolicited-extension': ['UNEXPECTED_EXTENSION', 'ERROR_PARSING_EXTENSION'],
  'missing-extension': [
    'MISSING_KEY_SHARE',
    'MISSING_EXTENSION',
    'DECODE_ERROR',
    'NO_SHARED_GROUP',
    'NO_COMMON_SIGNATURE_ALGORITHMS',
  ],
  'bad-compression-method': ['INVALID_COMPRESSION_LIST', 'DECODE_ERROR', 'UNSUPPORTED_COMPRESSION_ALGORITHM'],
  'bad-legacy-version': ['UNSUPPORTED_PROTOCOL', 'DECODE_ERROR'],
  'ech-padding-not-zero': ['DECODE_ERROR'],
  'bad-ech-outer-extensions': ['INVALID_OUTER_EXTENSION'],
  'bad-client-hello-inner': ['INVALID_CLIENT_HELLO_INNER'],
  'ech-changed-after-retry': ['DECODE_ERROR'],
  'ech-undecryptable-after-retry': ['DECRYPTION_FAILED'],
  'ech-not-confirmed-after-retry': ['INCONSISTENT_ECH_NEGOTIATION'],
  'session-id-not-echoed': ['DECODE_ERROR'],
  'unoffered-cipher-suite': ['WRONG_CIPHER_RETURNED'],
  'cipher-suite-changed-after-retry': ['WRONG_CIPHER_RETURNED'],
  'unoffered-version': ['UNSUPPORTED_PROTOCOL', 'SECOND_SERVERHELLO_VERSION_MISMATCH'],
  'downgrade-sentinel': ['TLS13_DOWNGRADE'],
  'second-hello-retry-request': ['UNEXPECTED_MESSAGE'],
  'hello-retry-request-without-change': ['EMPTY_HELLO_RETRY_REQUEST'],
  'retry-for-unoffered-group': ['WRONG_CURVE'],
  'retry-for-shared-group': ['WRONG_CURVE'],
  'key-share-not-as-requested': ['WRONG_CURVE'],
  'unoffered-group': ['WRONG_CURVE'],
  'duplicate-key-share': ['DUPLICATE_KEY_SHARE'],
  'bad-key-share': ['BAD_ECPOINT'],
  'unoffered-application-protocol': ['INVALID_ALPN_PROTOCOL'],
  'several-application-protocols': ['PARSE_TLSEXT'],
  'unoffered-psk': ['PSK_IDENTITY_NOT_FOUND', 'OLD_SESSION_PRF_HASH_MISMATCH', 'UNEXPECTED_EXTENSION'],
  'psk-binder-count': ['PSK_IDENTITY_BINDER_COUNT_MISMATCH'],
  'psk-not-last': ['PRE_SHARED_KEY_MUST_BE_LAST'],
  'bad-binder': ['DIGEST_CHECK_FAILED'],
  'empty-certificate': ['PEER_DID_NOT_RETURN_A_CERTIFICATE', 'DECODE_ERROR'],
  'no-client-certificate': ['PEER_DID_NOT_RETURN_A_CERTIFICATE'],
  'certificate-context-not-empty': ['DECODE_ERROR'],
  'certificate-request-context-not-empty': ['DECODE_ERROR'],
  'only-default-certificate-type': ['DECODE_ERROR'],
  'unoffered-certificate-type': ['UNSUPPORTED_CERTIFICATE'],
  'several-raw-public-keys': ['DECODE_ERROR'],
  'undecodable-raw-public-key': ['DECODE_ERROR', 'INVALID_RAW_PUBLIC_KEY'],
  'undecodable-certificate': ['CANNOT_PARSE_LEAF_CERT'],
  'unoffered-certificate-compression': ['UNKNOWN_CERT_COMPRESSION_ALG'],
  'bad-compressed-certificate': ['CERT_DECOMPRESSION_FAILED'],
  'unsupported-certificate-key': ['UNSUPPORTED_ALGORITHM'],
  'certificate-key-may-not-sign': ['KEY_USAGE_BIT_INCORRECT'],
  'unoffered-signature-scheme': ['WRONG_SIGNATURE_TYPE'],
  'signature-scheme-does-not-fit-key': ['WRONG_SIGNATURE_TYPE', 'UNSUPPORTED_ALGORITHM'],
  'bad-signature': ['BAD_SIGNATURE'],
  'bad-finished': ['DIGEST_CHECK_FAILED'],
  'bad-key-update': ['DECODE_ERROR'],
  'bad-renegotiation-info': ['RENEGOTIATION_MISMATCH'],
  'no-secure-renegotiation': ['UNSAFE_LEGACY_RENEGOTIATION_DISABLED', 'RENEGOTIATION_MISMATCH'],
  'session-id-echoed-unasked': ['SERVER_ECHOED_INVALID_SESSION_ID'],
  'cipher-suite-changed-on-resumption': ['OLD_SESSION_CIPHER_NOT_RETURNED'],
  'extended-master-secret-changed-on-resumption': ['RESUMED_EMS_SESSION_WITHOUT_EMS_EXTENSION'],
  'version-changed-after-retry': ['SECOND_SERVERHELLO_VERSION_MISMATCH'],
  'certificate-does-not-fit-suite': ['WRONG_CERTIFICATE_TYPE', 'WRONG_SIGNATURE_TYPE'],
  'bad-point-formats': ['ERROR_PARSING_EXTENSION', 'PARSE_TLSEXT'],
  'no-tls12-client-certificate': ['PEER_DID_NOT_RETURN_A_CERTIFICATE'],
  'inappropriate-fallback': ['INAPPROPRIATE_FALLBACK'],
  'early-data-to-tls12': ['WRONG_VERSION_ON_EARLY_DATA'],
  'no-common-version': ['UNSUPPORTED_PROTOCOL', 'WRONG_VERSION_NUMBER'],
  'no-common-cipher-suite': ['NO_SHARED_CIPHER'],
  'no-common-group': ['NO_SHARED_GROUP'],
  'no-common-signature-scheme': ['NO_COMMON_SIGNATURE_ALGORITHMS'],
  'no-common-psk': ['PSK_IDENTITY_NOT_FOUND', 'NO_SUPPORTED_PSK_MODE'],
  'no-matching-issuer': ['NO_MATCHING_ISSUER'],
  'no-common-certificate-type': ['UNSUPPORTED_CERTIFICATE', 'UNKNOWN_CERTIFICATE_TYPE'],
  'no-common-application-protocol': ['NO_APPLICATION_PROTOCOL'],
  'credential-refused': ['CONNECTION_REJECTED', 'CERT_CB_ERROR'],
  'signature-refused': ['CERT_CB_ERROR'],
};

function namesOfMalformed(structure: string, path: readonly string[]): readonly string[] {
  const inHello = structure === 'clientHello' ? ['CLIENTHELLO_PARSE_FAILED'] : [];
  const inExtension = path.includes('extensions') ? ['ERROR_PARSING_EXTENSION', 'PARSE_TLSEXT'] : [];
  const inCertificate = structure === 'certificate' ? ['INVALID_RAW_PUBLIC_KEY'] : [];
  return ['DECODE_ERROR', ...inHello, ...inExtension, ...inCertificate].map(inColons);
}

/** Named after the oldest version that has the alert. */
function namesOfAlert(code: number): readonly string[] {
  const known = alerts[code];
  return known === undefined ? [] : known.map(inColons);
}

const alerts: Readonly<Record<number, readonly string[]>> = {
  10: ['SSLV3_ALERT_UNEXPECTED_MESSAGE'],
  20: ['SSLV3_ALERT_BAD_RECORD_MAC'],
  22: ['TLSV1_ALERT_RECORD_OVERFLOW'],
  30: ['SSLV3_ALERT_DECOMPRESSION_FAILURE'],
  // The second is the same alert when nothing has come before it.
  40: ['SSLV3_ALERT_HANDSHAKE_FAILURE', 'HANDSHAKE_FAILURE_ON_CLIENT_HELLO'],
  42: ['SSLV3_ALERT_BAD_CERTIFICATE'],
  47: ['SSLV3_ALERT_ILLEGAL_PARAMETER'],
  48: ['TLSV1_ALERT_UNKNOWN_CA'],
  50: ['TLSV1_ALERT_DECODE_ERROR'],
  51: ['TLSV1_ALERT_DECRYPT_ERROR'],
  70: ['TLSV1_ALERT_PROTOCOL_VERSION'],
  80: ['TLSV1_ALERT_INTERNAL_ERROR'],
  109: ['TLSV1_ALERT_MISSING_EXTENSION'],
  110: ['TLSV1_ALERT_UNSUPPORTED_EXTENSION'],
  116: ['TLSV1_ALERT_CERTIFICATE_REQUIRED'],
  120: ['TLSV1_ALERT_NO_APPLICATION_PROTOCOL'],
};

function inColons(name: string): string {
  return `:${name}:`;
}
