import type { CryptoProvider } from '../nocrypto/index.ts';
import { toHex } from './bytes.ts';
import { extensionValue } from './extension.ts';
import { decodeOcspResponse } from './ocsp.ts';
import { type OcspCheck, verifyOcspResponse } from './ocsp-verify.ts';
import type { ValidatedPath } from './path.ts';
import { type CtLog, type SctFault, verifyScts } from './sct.ts';
import { type Finding, finding } from './validation-error.ts';

/** What is asked of Certificate Transparency (RFC 6962). */
export interface TransparencyOptions {
  /** The logs that are trusted, from a list that must be kept up to date: certificates from new logs are refused otherwise. */
  readonly logs: readonly CtLog[];
  /** How many different ones of them must have promised to show the certificate. Default 2, so that no log alone can lie. */
  readonly required?: number;
}

/** What came with a certificate and may hold timestamps, apart from the certificate itself. */
export interface PresentedTimestamps {
  readonly crypto: CryptoProvider;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** As in a `PresentedChain`. */
  readonly scts?: Uint8Array | undefined;
  readonly stapled?: readonly Uint8Array[] | undefined;
}

/** What is wrong with a validated leaf, when too few logs have promised to show it. */
export function checkTransparency(
  { crypto, now, scts, stapled = [] }: PresentedTimestamps,
  { leaf, path, anchor }: Pick<ValidatedPath, 'leaf' | 'path' | 'anchor'>,
  { logs, required = 2 }: TransparencyOptions,
): Finding | undefined {
  const check = { crypto, certificate: leaf, issuer: path[1] ?? anchor.certificate, now };
  const fromOcsp = timestampsOfOcsp(check, stapled.slice(0, path.length));
  const { verified, faults } = verifyScts({
    ...check,
    logs,
    ...(scts === undefined ? {} : { fromTls: scts }),
    ...(fromOcsp === undefined ? {} : { fromOcsp }),
  });
  const logged = new Set(verified.map(({ log }) => toHex(log.logId))).size;
  return logged >= required
    ? undefined
    : finding(
        'not-logged',
        `promises of ${required} of the ${logs.length} trusted logs`,
        foundText(logged, faults),
      );
}

/** RFC 6962 §3.3: the authority may have put the timestamps into its response about the certificate. */
function timestampsOfOcsp(
  check: Omit<OcspCheck, 'response'>,
  stapled: readonly Uint8Array[],
): Uint8Array | undefined {
  for (const der of stapled) {
    const response = decodeOcspResponse(der);
    const verified = response.ok ? verifyOcspResponse({ ...check, response: response.value }) : undefined;
    if (verified?.ok) {
      return extensionValue(verified.value.single, 'ocspSignedCertificateTimestampList');
    }
  }
  return undefined;
}

function foundText(logged: number, faults: readonly SctFault[]): string {
  const [first] = faults;
  return first === undefined ? `${logged}` : `${logged} (${first.source}: ${first.reason}, ${first.detail})`;
}
