import { decodeOcspResponse, describeOcspError } from '../../x509/index.ts';
import type { Facts } from '../index.ts';
import { timestampTexts } from './extension-text.ts';
import { field } from './fields.ts';
import { ocspResponseLines } from './revocation-text.ts';

/** What the peer has stapled to its certificate as text for people, line by line. Nothing of it has been verified here. */
export function stapleLines({ peerOcspResponse, peerScts }: Facts): readonly string[] {
  return [...responseLines(peerOcspResponse), ...timestampLines(peerScts)];
}

function responseLines(der: Uint8Array | undefined): readonly string[] {
  if (der === undefined) return ['no OCSP response is stapled'];
  const response = decodeOcspResponse(der);
  return response.ok
    ? ocspResponseLines(response.value)
    : [`what is stapled is no OCSP response: ${describeOcspError(response.error)}`];
}

function timestampLines(list: Uint8Array | undefined): readonly string[] {
  if (list === undefined) return ['no signed certificate timestamps beside the certificate'];
  return ['signed certificate timestamps', ...field('list', ...timestampTexts(list))];
}
