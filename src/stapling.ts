import { decodeSctList, err, ok, type Result } from '../x509/index.ts';
import { certificateStatusTypes } from './codepoints.ts';
import {
  type CertificateExtension,
  type CertificateStatusRequest,
  findExtension,
  ocspStatusRequest,
  sctList,
} from './extensions.ts';
import { type Failure, misbehaved } from './failure.ts';
import type { CertificateEntry } from './messages.ts';
import { decode, encode } from './wire/codec.ts';

// What goes along with certificates (RFC 9846 §4.5.1.1): OCSP responses (RFC 6066 §8) and signed certificate timestamps
// (RFC 6962 §3.3), asked for and sent by clients and servers alike.

/** What one side has asked the other for. */
export interface StapleWishes {
  /** Whether OCSP responses may go along with the certificates (status_request). */
  readonly requestsOcsp: boolean;
  /** Whether signed certificate timestamps may (signed_certificate_timestamp). */
  readonly requestsScts: boolean;
}

/** What goes along with a certificate, for a peer that asks for it. */
export interface Staple {
  /** An OCSP response about the certificate: its DER, sent as it is. It is worth something until its nextUpdate. */
  readonly ocspResponse?: Uint8Array | undefined;
  /** A SignedCertificateTimestampList (RFC 6962 §3.3), which `encodeSctList` of `pure-tls/x509` makes. */
  readonly scts?: Uint8Array | undefined;
}

/** A {@link Staple} ready to be sent. */
export interface OwnStaple {
  readonly ocspResponse: Uint8Array | undefined;
  /** Each a SerializedSCT. */
  readonly scts: readonly Uint8Array[] | undefined;
}

/** What came along with the peer's chain. Nothing of it has been looked into: that is for the authenticator. */
export interface Stapled {
  /** DER, as they came, each in the place of its CertificateEntry. */
  readonly ocspResponses: readonly (Uint8Array | undefined)[];
  /** The leaf's SignedCertificateTimestampList. */
  readonly scts: Uint8Array | undefined;
}

export const nothingStapled: Stapled = { ocspResponses: [], scts: undefined };

/** The status_request of a ClientHello: any OCSP responder will do. */
export const anyOcspResponder: CertificateStatusRequest = {
  statusType: certificateStatusTypes.ocsp,
  request: encode(ocspStatusRequest, { responderIdList: [], requestExtensions: new Uint8Array(0) }),
};

/** Whether a client's status_request asks for OCSP. Other types than that there may be one day. */
export function isOcspRequest(request: CertificateStatusRequest | undefined): boolean {
  return request?.statusType === certificateStatusTypes.ocsp;
}

/** RFC 6066 §8: what a request for OCSP must parse as. Whom the client trusts to respond is a hint that nothing here follows. */
export function statusRequestProblem(request: CertificateStatusRequest | undefined): Failure | undefined {
  if (request === undefined || !isOcspRequest(request)) return undefined;
  const decoded = decode(ocspStatusRequest, request.request);
  return decoded.ok ? undefined : { kind: 'malformed', structure: 'ocspStatusRequest', ...decoded.error };
}

/** RFC 9846 §4.5.1: the extensions of a certificate take 65,535 bytes at most, headers (twice 4, and 4 of the status) included. */
const MOST_STAPLED = 0xffff - 12;

/** Checks what is to go along with a chain of so many certificates. The bytes are copied. */
export function ownStaples(
  staples: readonly Staple[],
  certificates: number,
): Result<readonly OwnStaple[], { readonly index: number; readonly detail: string }> {
  const checked: OwnStaple[] = [];
  for (const [index, { ocspResponse, scts }] of staples.entries()) {
    const refuse = (detail: string) => err({ index, detail });
    const list = scts && decode(sctList, Uint8Array.from(scts));
    if (index >= certificates) return refuse(`the chain has ${certificates} certificates only`);
    if (list?.ok === false || (scts !== undefined && !decodeSctList(scts).ok)) {
      return refuse('scts must be a SignedCertificateTimestampList');
    }
    if (ocspResponse?.length === 0) return refuse('an OCSP response is not empty');
    if ((ocspResponse?.length ?? 0) + (scts?.length ?? 0) > MOST_STAPLED) {
      return refuse(`more than ${MOST_STAPLED} bytes do not fit beside a certificate`);
    }
    checked.push({ ocspResponse: ocspResponse && Uint8Array.from(ocspResponse), scts: list?.value });
  }
  return ok(checked);
}

/** What this side adds to a certificate for a peer with these wishes. */
export function stapleExtensions(
  { ocspResponse: response, scts }: OwnStaple,
  { requestsOcsp, requestsScts }: StapleWishes,
): readonly CertificateExtension[] {
  const extensions: CertificateExtension[] = [];
  if (requestsOcsp && response !== undefined) {
    extensions.push({ name: 'statusRequest', value: { statusType: certificateStatusTypes.ocsp, response } });
  }
  if (requestsScts && scts !== undefined) {
    extensions.push({ name: 'signedCertificateTimestamp', value: scts });
  }
  return extensions;
}

/** What is wrong with the status that came along with a certificate: only OCSP was asked for. */
export function statusProblem({ extensions }: CertificateEntry): Failure | undefined {
  const status = findExtension(extensions, 'statusRequest');
  return status === undefined || status.statusType === certificateStatusTypes.ocsp
    ? undefined
    : misbehaved('unoffered-status-type', `${status.statusType} in Certificate`);
}

/** What came along with a chain. */
export function stapledTo(entries: readonly CertificateEntry[]): Stapled {
  const scts = findExtension(entries[0]?.extensions ?? [], 'signedCertificateTimestamp');
  return {
    ocspResponses: entries.map(({ extensions }) => findExtension(extensions, 'statusRequest')?.response),
    scts: scts && encode(sctList, scts),
  };
}
