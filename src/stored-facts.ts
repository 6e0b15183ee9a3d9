import type { CryptoProvider } from '../nocrypto/index.ts';
import {
  type AuthenticatedPeer,
  type Certificate,
  certificatePublicKey,
  decodeCertificate,
  decodeRawPublicKey,
  describeCertificateError,
  err,
  ok,
  type RawPublicKey,
  type Result,
} from '../x509/index.ts';
import { groupCodes, protocolVersions, signatureSchemeCodes, tls13CipherSuiteCodes } from './codepoints.ts';
import { type EarlyDataFact, type EarlyDataRejection, rejected } from './early-data.ts';
import type { Tls13Facts } from './effect.ts';
import { RANDOM_LENGTH } from './messages.ts';
import { recordSizesProblem } from './record-size.ts';
import type { RecordSizes } from './state.ts';
import { storedCertificate, storedCertificates } from './stored-shown.ts';
import { type Codec, opaque, opaqueFixed, struct, text, uint16, vector } from './wire/codec.ts';
import { boolean, copied, named, optional } from './wire/stored.ts';

// What was agreed on, as bytes for this library's own use. A fact that is added to `Tls13Facts` wants a row here.

/** The facts of a connection, with certificates and raw keys as DER. */
export interface StoredFacts
  extends Omit<Tls13Facts, 'earlyData' | 'ownCertificate' | 'ownRawKey' | 'peer' | 'peerRawKey'> {
  readonly earlyData: keyof typeof earlyDataCodes;
  readonly ownCertificate: Uint8Array | undefined;
  readonly ownRawKey: Uint8Array | undefined;
  readonly peerRawKey: Uint8Array | undefined;
  readonly peer: { readonly leaf: Uint8Array; readonly path: readonly Uint8Array[] } | undefined;
}

const earlyDataCodes = {
  notOffered: 0,
  accepted: 1,
  declined: 2,
  disabled: 3,
  'hello-retry-request': 4,
  'session-not-resumed': 5,
  'not-first-psk': 6,
  'unsupported-by-psk': 7,
  'other-cipher-suite': 8,
  'other-application-protocol': 9,
  stale: 10,
  replay: 11,
} as const satisfies Readonly<Record<'notOffered' | 'accepted' | EarlyDataRejection, number>>;

export const storedFacts: Codec<StoredFacts> = struct<StoredFacts>({
  version: named({ 'TLS 1.3': protocolVersions.tls13 }),
  role: named({ client: 0, server: 1 }),
  cipherSuite: named(tls13CipherSuiteCodes),
  group: optional(named(groupCodes)),
  peerSignatureScheme: optional(named(signatureSchemeCodes)),
  ownSignatureScheme: optional(named(signatureSchemeCodes)),
  applicationProtocol: optional(text(1, 255)),
  serverName: optional(text(1, 255)),
  rawExtensions: vector(struct({ type: uint16, data: copied(opaque(0, 0xffff)) }), 0, 0xffffff),
  recordSizes: optional(struct<RecordSizes>({ sent: uint16, received: uint16 })),
  resumed: boolean,
  externalIdentity: optional(copied(opaque(1, 0xffff))),
  earlyData: named(earlyDataCodes),
  helloRetryRequest: boolean,
  encryptedClientHello: boolean,
  ownCertificate: optional(storedCertificate),
  ownRawKey: optional(storedCertificate),
  peer: optional(struct({ leaf: storedCertificate, path: storedCertificates })),
  peerRawKey: optional(storedCertificate),
  peerOcspResponse: optional(copied(opaque(1, 0xffffff))),
  peerScts: optional(copied(opaque(1, 0xffff))),
  clientRandom: copied(opaqueFixed(RANDOM_LENGTH)),
});

export function storeFacts({
  earlyData,
  ownCertificate,
  ownRawKey,
  peer,
  peerRawKey,
  ...facts
}: Tls13Facts): StoredFacts {
  return {
    ...facts,
    earlyData: earlyData.kind === 'rejected' ? earlyData.reason : earlyData.kind,
    ownCertificate: ownCertificate?.der,
    ownRawKey: ownRawKey?.der,
    peer: peer && { leaf: peer.leaf.der, path: peer.path.map(({ der }) => der) },
    peerRawKey: peerRawKey?.der,
  };
}

/** The facts again; an error is one line for a person. */
export function restoreFacts(
  crypto: CryptoProvider,
  { earlyData, ownCertificate, ownRawKey, peer, peerRawKey, ...facts }: StoredFacts,
): Result<Tls13Facts, string> {
  const problem = recordSizesProblem(facts.recordSizes);
  if (problem !== undefined) return err(problem);
  const own = ownCertificate === undefined ? ok(undefined) : restoreCertificate(ownCertificate);
  if (!own.ok) return own;
  const whom = peer === undefined ? ok(undefined) : restorePeer(crypto, peer.leaf, peer.path);
  if (!whom.ok) return whom;
  const ownKey = restoreRawKey(crypto, ownRawKey);
  if (!ownKey.ok) return ownKey;
  const peerKey = restoreRawKey(crypto, peerRawKey);
  if (!peerKey.ok) return peerKey;
  return ok({
    ...facts,
    earlyData: restoreEarlyData(earlyData),
    ownCertificate: own.value,
    ownRawKey: ownKey.value,
    peer: whom.value,
    peerRawKey: peerKey.value,
  });
}

function restoreEarlyData(stored: StoredFacts['earlyData']): EarlyDataFact {
  return stored === 'notOffered' || stored === 'accepted' ? { kind: stored } : rejected(stored);
}

/** Judged it was when the connection was made, and it is the same connection. */
function restorePeer(
  crypto: CryptoProvider,
  leafDer: Uint8Array,
  pathDer: readonly Uint8Array[],
): Result<AuthenticatedPeer, string> {
  const leaf = restoreCertificate(leafDer);
  if (!leaf.ok) return leaf;
  const path: Certificate[] = [];
  for (const der of pathDer) {
    const certificate = restoreCertificate(der);
    if (!certificate.ok) return certificate;
    path.push(certificate.value);
  }
  const key = certificatePublicKey(crypto, leaf.value);
  return key.ok ? ok({ leaf: leaf.value, path, key: key.value }) : err(key.error.detail);
}

function restoreRawKey(
  crypto: CryptoProvider,
  der: Uint8Array | undefined,
): Result<RawPublicKey | undefined, string> {
  if (der === undefined) return ok(undefined);
  const rawKey = decodeRawPublicKey(crypto, der);
  return rawKey.ok ? rawKey : err(rawKey.error.detail);
}

function restoreCertificate(der: Uint8Array): Result<Certificate, string> {
  const decoded = decodeCertificate(der);
  return decoded.ok ? decoded : err(describeCertificateError(decoded.error));
}
