import { type CertificateType, certificateTypeCodes } from './codepoints.ts';
import type { Shown } from './peer-certificate.ts';
import { nothingStapled, type Stapled } from './stapling.ts';
import { type Codec, opaque, vector } from './wire/codec.ts';
import { copied, named, optional } from './wire/stored.ts';

// What a peer has shown, as sessions, tickets and snapshots keep it: all that is needed to judge it anew.

/** What a peer has shown, as bytes. */
export interface StoredShown extends Stapled {
  readonly certificateType: CertificateType;
  /** The chain, DER, leaf first; or the one raw key. */
  readonly certificates: readonly Uint8Array[];
}

export const storedCertificate = copied(opaque(1, 0xffffff));

/** Certificates, DER. */
export const storedCertificates: Codec<readonly Uint8Array[]> = vector(storedCertificate, 0, 0xffffff);

/** The fields of a {@link StoredShown}, for a structure that has others beside. */
export const storedShownFields: { readonly [K in keyof StoredShown]: Codec<StoredShown[K]> } = {
  certificateType: named(certificateTypeCodes),
  certificates: storedCertificates,
  ocspResponses: vector(optional(copied(opaque(1, 0xffffff))), 0, 0xffffff),
  scts: optional(copied(opaque(1, 0xffff))),
};

/** An anonymous peer's. */
export const nothingShown: StoredShown = { certificateType: 'x509', certificates: [], ...nothingStapled };

export function storeShown(shown: Shown): StoredShown {
  const { certificateType } = shown;
  return certificateType === 'x509'
    ? { ...shown.stapled, certificateType, certificates: shown.certificates.map(({ der }) => der) }
    : { ...nothingStapled, certificateType, certificates: [shown.rawKey.der] };
}

/** Bytes that it takes, about. */
export function storedLength({ certificates, ocspResponses, scts }: StoredShown): number {
  return [...certificates, ...ocspResponses, scts].reduce((sum, part) => sum + (part?.length ?? 0), 0);
}
