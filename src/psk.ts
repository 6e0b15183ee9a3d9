import type { CryptoProvider, RunningHash, Secret } from '../nocrypto/index.ts';
import type { SuiteHash } from './cipher-suites.ts';
import type { EarlyDataTerms } from './early-data.ts';
import { deriveSecret, earlySecret, expandLabel, finishedVerifyData } from './key-schedule.ts';
import { type Codec, encode, opaque, struct, uint16 } from './wire/codec.ts';

// Pre-shared keys (RFC 9846 §4.3.11), at both ends: what a binder is made of, and how an external key is imported.

/** Where a PSK comes from keeps its binder apart from others (§7.1). */
export type BinderLabel = 'res binder' | 'imp binder';

/** A PSK as it goes into the key schedule. */
export interface Psk {
  readonly secret: Secret;
  readonly hash: SuiteHash;
  readonly binderLabel: BinderLabel;
}

/**
 * A key that both sides were given by other means, to be imported (RFC 9258). It must have at least the entropy of the
 * hash's output: from a password anybody who sees a handshake can guess it.
 */
export interface ExternalPsk {
  /** What the peer knows it by: 1 to 16,384 bytes, sent in the clear. */
  readonly identity: Uint8Array;
  readonly secret: Secret;
  /** The hash that goes with the key (RFC 9258 §4.1), of whatever suite is chosen. Default SHA-256. */
  readonly hash?: SuiteHash | undefined;
  /** Binds the key to an application or to the two roles (RFC 9258 §4.1; against Selfie, Appendix A). Default empty. */
  readonly context?: Uint8Array | undefined;
  /**
   * What early data under this key keeps to, agreed on together with it; default none. Nothing tells how old such early
   * data is, so a server has to remember it for as long as it knows the key.
   */
  readonly earlyData?: EarlyDataTerms | undefined;
}

/** An external key imported for one hash: its identity on the wire, and the key. */
export interface ImportedPsk {
  readonly identity: Uint8Array;
  readonly psk: Psk;
}

/** RFC 9258 §4: the key for TLS 1.3 with one hash. */
export function importPsk(crypto: CryptoProvider, external: ExternalPsk, hash: SuiteHash): ImportedPsk {
  const identity = encode(importedIdentity, {
    externalIdentity: external.identity,
    context: external.context ?? new Uint8Array(0),
    targetProtocol: 0x0304,
    targetKdf: targetKdfs[hash],
  });
  // §4.1: what is extracted goes with the external key, and only the length of what is derived with the suite.
  const { hash: own = 'sha256' } = external;
  const extracted = crypto.hkdfExtract(own, new Uint8Array(crypto.hashes[own].outputLength), external.secret);
  const digest = crypto.hashes[own].digest(identity);
  const { outputLength } = crypto.hashes[hash];
  const secret = expandLabel(crypto, own, extracted, 'derived psk', digest, outputLength);
  return { identity, psk: { secret, hash, binderLabel: 'imp binder' } };
}

/** PskBinderEntry (§4.3.11.2). `transcript` ends with the ClientHello cut off before its binders. */
export function binder(
  crypto: CryptoProvider,
  { secret, hash, binderLabel }: Psk,
  transcript: RunningHash,
): Uint8Array {
  const early = earlySecret(crypto, hash, secret);
  const emptyHash = crypto.hashes[hash].digest(new Uint8Array(0));
  const key = deriveSecret(crypto, hash, early, binderLabel, emptyHash);
  return finishedVerifyData(crypto, hash, key, transcript.digest());
}

/** Bytes that a list of binders takes at the end of a ClientHello. */
export function bindersLength(binders: readonly Uint8Array[]): number {
  return 2 + binders.reduce((sum, { length }) => sum + 1 + length, 0);
}

/** RFC 9258 §3. */
const importedIdentity: Codec<ImportedIdentity> = struct<ImportedIdentity>({
  externalIdentity: opaque(1, 0xffff),
  context: opaque(0, 0xffff),
  targetProtocol: uint16,
  targetKdf: uint16,
});

interface ImportedIdentity {
  readonly externalIdentity: Uint8Array;
  readonly context: Uint8Array;
  readonly targetProtocol: number;
  readonly targetKdf: number;
}

/** RFC 9258 §10: HKDF_SHA256, HKDF_SHA384. */
const targetKdfs: Readonly<Record<SuiteHash, number>> = { sha256: 1, sha384: 2 };
