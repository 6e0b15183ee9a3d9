import { err, ok, type Result } from '../asn1/index.ts';
import type { CryptoProvider } from '../nocrypto/index.ts';
import { sameBytes, toHex } from './bytes.ts';
import type { ReferenceIdentity } from './identity.ts';
import { checkPins } from './pins.ts';
import type { Purpose } from './profile.ts';
import { type CertifiedKey, decodePublicKey, type KeyError } from './public-key.ts';
import { finding, type ValidationError } from './validation-error.ts';

// A key without a certificate (RFC 7250). It has no name, no dates and no issuer: only who knows it already can judge it.

/** A public key as it stands alone. Made by {@link decodeRawPublicKey}. */
export interface RawPublicKey {
  /** DER of its SubjectPublicKeyInfo: what {@link pinnedRawKey} hashes. */
  readonly der: Uint8Array;
  readonly key: CertifiedKey;
}

/** Reads the DER of a SubjectPublicKeyInfo and checks the key in it. */
export function decodeRawPublicKey(crypto: CryptoProvider, der: Uint8Array): Result<RawPublicKey, KeyError> {
  const key = decodePublicKey(crypto, der);
  return key.ok ? ok({ der: Uint8Array.from(der), key: key.value }) : key;
}

/** A raw key that a peer has presented, and what is asked about it. */
export interface PresentedRawKey {
  readonly crypto: CryptoProvider;
  readonly rawKey: RawPublicKey;
  readonly purpose: Purpose;
  /** Whom the caller wants to reach. Undefined: a server does not know its clients' names. */
  readonly identity: ReferenceIdentity | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Decides whether a raw key is the peer's. A type apart from `Authenticator`, so that what judges certificates is never
 * asked about a key that nobody has certified.
 */
export type RawKeyAuthenticator = (presented: PresentedRawKey) => Result<RawPublicKey, ValidationError>;

/**
 * Accepts a peer whose raw key is one of those with these SHA-256 digests of the SubjectPublicKeyInfo's DER, 32 bytes each:
 * the same pins as for `pinnedKey`. Throws RangeError (caller's bug) for an empty list and for other lengths.
 */
export function pinnedRawKey(pins: readonly Uint8Array[]): RawKeyAuthenticator {
  checkPins(pins);
  return ({ crypto, rawKey }) => {
    const digest = crypto.hashes.sha256.digest(rawKey.der);
    if (pins.some((pin) => sameBytes(pin, digest))) return ok(rawKey);
    const expected = `a raw key with the SHA-256 ${pins.map(toHex).join(' or ')}`;
    return err({ ...finding('not-pinned', expected, toHex(digest)), certificate: undefined });
  };
}

/**
 * Accepts any raw key: the connection is then encrypted to nobody in particular, and anyone on the way can be at its
 * other end. For tests and for looking around.
 */
export const dangerouslyAcceptAnyRawKey: RawKeyAuthenticator = ({ rawKey }) => ok(rawKey);
