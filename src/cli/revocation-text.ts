import {
  type BasicOcspResponse,
  type CertId,
  type Crl,
  formatName,
  type OcspRequest,
  type OcspResponse,
  type RevokedCertificate,
  type SingleResponse,
} from '../../x509/index.ts';
import { serialNumber, subjectOf } from './certificate-text.ts';
import { algorithmName, extensionLines } from './extension-text.ts';
import { field } from './fields.ts';
import { hex, timeText } from './text.ts';

/** Entries of a CRL that are shown: some have a million. */
const ENTRIES_SHOWN = 1000;

/** A CRL as text for people, line by line. */
export function crlLines(crl: Crl): readonly string[] {
  const { revokedCertificates: entries } = crl;
  const hidden = entries.length - ENTRIES_SHOWN;
  return [
    `certificate revocation list (${crl.version})`,
    ...field('issuer', formatName(crl.issuer.value)),
    ...updateLines(crl),
    ...field('signature', algorithmName(crl.signatureAlgorithm.algorithm)),
    ...crl.extensions.flatMap(extensionLines),
    ...field('revoked certificates', `${entries.length}`),
    ...entries.slice(0, ENTRIES_SHOWN).flatMap(entryLines),
    ...(hidden > 0 ? [`  and ${hidden} more`] : []),
  ];
}

function entryLines({ userCertificate, revocationDate, extensions }: RevokedCertificate): readonly string[] {
  return [
    ...field('  serial number', serialNumber(userCertificate)),
    ...field('  revoked at', timeText(revocationDate)),
    ...extensions.flatMap(extensionLines).map((line) => line.replace(/^ {2}/, '    ')),
  ];
}

/** An OCSP request as text for people, line by line. */
export function ocspRequestLines({ requestList, extensions }: OcspRequest): readonly string[] {
  return [
    'OCSP request',
    ...requestList.flatMap(({ reqCert }) => certIdLines(reqCert)),
    ...extensions.flatMap(extensionLines),
  ];
}

/** An OCSP response as text for people, line by line. */
export function ocspResponseLines(response: OcspResponse): readonly string[] {
  return [
    `OCSP response: ${response.responseStatus}`,
    ...(response.responseStatus === 'successful' ? basicResponseLines(response.basicResponse) : []),
  ];
}

function basicResponseLines(response: BasicOcspResponse): readonly string[] {
  const { responderID, certs = [] } = response;
  const responder =
    responderID.kind === 'byName'
      ? formatName(responderID.value.value)
      : `key with SHA-1 ${hex(responderID.value, ':')}`;
  return [
    ...field('responder', responder),
    ...field('produced at', timeText(response.producedAt)),
    ...field('signature', algorithmName(response.signatureAlgorithm.algorithm)),
    ...(certs.length === 0 ? [] : field('certificates', ...certs.map(subjectOf))),
    ...response.extensions.flatMap(extensionLines),
    ...response.responses.flatMap(singleResponseLines),
  ];
}

function singleResponseLines(response: SingleResponse): readonly string[] {
  const { certStatus } = response;
  const status =
    certStatus.kind === 'revoked'
      ? `revoked at ${timeText(certStatus.revocationTime)} (${certStatus.revocationReason ?? 'unspecified'})`
      : certStatus.kind;
  return [
    ...certIdLines(response.certID),
    ...field('  status', status),
    ...updateLines(response),
    ...response.extensions.flatMap(extensionLines),
  ];
}

function certIdLines({ hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber: serial }: CertId) {
  return [
    ...field('certificate', serialNumber(serial)),
    ...field(
      `  ${algorithmName(hashAlgorithm.algorithm)} of issuer and key`,
      hex(issuerNameHash),
      hex(issuerKeyHash),
    ),
  ];
}

function updateLines({
  thisUpdate,
  nextUpdate,
}: Pick<Crl | SingleResponse, 'thisUpdate' | 'nextUpdate'>): readonly string[] {
  return [
    ...field('this update', timeText(thisUpdate)),
    ...field('next update', nextUpdate === undefined ? 'not stated' : timeText(nextUpdate)),
  ];
}
