import { err, ok, type Result } from '../asn1/index.ts';
import type { CryptoProvider } from '../nocrypto/index.ts';
import { sameBytes, toHex } from './bytes.ts';
import { type Certificate, certificatePublicKey } from './certificate.ts';
import type { ReferenceIdentity } from './identity.ts';
import type { PathLimits } from './limits.ts';
import { validatePath } from './path.ts';
import { checkPins } from './pins.ts';
import type { PolicyOptions } from './policy.ts';
import { checkTrustedLeaf, type Profile, type Purpose } from './profile.ts';
import type { CertifiedKey } from './public-key.ts';
import type { RevocationOptions } from './revocation.ts';
import { keyFault } from './signature.ts';
import { checkTransparency, type TransparencyOptions } from './transparency.ts';
import type { TrustAnchor } from './trust-anchor.ts';
import { blame, finding, type ValidationError } from './validation-error.ts';

/** What a peer presented, and what is asked about it. */
export interface PresentedChain {
  readonly crypto: CryptoProvider;
  /** As presented: the leaf first, then anything that may help to build a path, in any order. */
  readonly certificates: readonly Certificate[];
  readonly purpose: Purpose;
  /** Whom the caller wants to reach. Undefined: the name is not checked (a server does not know its clients' names). */
  readonly identity: ReferenceIdentity | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
  /**
   * The OCSP responses that the peer presented with its chain, the leaf's first, each its DER as it came; undefined when the
   * peer was not asked for any.
   */
  readonly stapled?: readonly Uint8Array[] | undefined;
  /** What came with the leaf in the TLS extension signed_certificate_timestamp (RFC 6962 §3.3.1): a whole list, undecoded. */
  readonly scts?: Uint8Array | undefined;
}

/** A peer whose certificate was accepted. */
export interface AuthenticatedPeer {
  readonly leaf: Certificate;
  /** The leaf, then each issuer up to the one that the anchor issued. The leaf alone where no path was built. */
  readonly path: readonly Certificate[];
  readonly key: CertifiedKey;
}

/** Decides whether a presented chain is the peer's. A pure function: time and name are in its argument. */
export type Authenticator = (presented: PresentedChain) => Result<AuthenticatedPeer, ValidationError>;

export interface ChainOfTrustOptions {
  readonly anchors: readonly TrustAnchor[];
  /** Default `web`. */
  readonly profile?: Profile;
  /** As for {@link validatePath}. */
  readonly policies?: PolicyOptions;
  /** As for {@link validatePath}; what the peer has stapled is added. */
  readonly revocation?: Omit<RevocationOptions, 'stapled'>;
  /** Asks that logs have promised to show the certificate to everybody. Default: not asked. */
  readonly transparency?: TransparencyOptions;
  /** Lower limits than `PATH_LIMITS`. */
  readonly limits?: Partial<PathLimits>;
  /** As for {@link validatePath}. */
  readonly allowLeafAnchor?: boolean;
  /**
   * Accept a server without asking whose name its certificate bears: then any holder of any certificate under the anchors
   * can stand in for it. For anchors that vouch for one server only.
   */
  readonly dangerouslyAcceptAnyName?: boolean;
}

/**
 * Accepts a peer that has a path to one of the anchors. Without anchors it refuses everybody, and without an identity
 * every server: a name that was forgotten must not pass for any name.
 */
export function chainOfTrust({
  anchors,
  dangerouslyAcceptAnyName = false,
  revocation = { policy: 'off' },
  transparency,
  ...options
}: ChainOfTrustOptions): Authenticator {
  return (presented) => {
    const { crypto, certificates, purpose, identity, now, stapled } = presented;
    const [presentedLeaf] = certificates;
    if (purpose === 'serverAuth' && identity === undefined && !dangerouslyAcceptAnyName) {
      const missing = finding('name-mismatch', 'the name of the server to reach', 'none given by the caller');
      return err(
        presentedLeaf === undefined
          ? { ...missing, certificate: undefined }
          : blame(missing, presentedLeaf, 0),
      );
    }
    const validated = validatePath({
      ...options,
      crypto,
      certificates,
      anchors,
      purpose,
      identity,
      now,
      revocation: { ...revocation, stapled },
    });
    if (!validated.ok) {
      return validated;
    }
    const { leaf, path, key } = validated.value;
    const unlogged = transparency && checkTransparency(presented, validated.value, transparency);
    return unlogged === undefined ? ok({ leaf, path, key }) : err(blame(unlogged, leaf, 0));
  };
}

/**
 * Accepts a peer whose certificate is one of those with these SHA-256 digests of their DER, 32 bytes each. Nobody needs to have
 * issued it, and its names are not looked at, since the digest says more than any name. It must be in force and allow the
 * purpose. Throws RangeError (caller's bug) for an empty list and for other lengths.
 */
export function pinnedCertificate(fingerprints: readonly Uint8Array[]): Authenticator {
  return pinned('certificate', fingerprints, ({ der }) => der);
}

/**
 * Accepts a peer whose key is one of those with these SHA-256 digests of the SubjectPublicKeyInfo's DER, 32 bytes each: the pins
 * of RFC 7469 §2.4, which survive a renewal of the certificate. Otherwise as {@link pinnedCertificate}.
 */
export function pinnedKey(pins: readonly Uint8Array[]): Authenticator {
  return pinned('key', pins, ({ subjectPublicKeyInfo }) => subjectPublicKeyInfo.raw);
}

function pinned(
  what: string,
  digests: readonly Uint8Array[],
  bytesOf: (certificate: Certificate) => Uint8Array,
): Authenticator {
  checkPins(digests);
  return ({ crypto, certificates, purpose, now }) => {
    const [leaf] = certificates;
    if (leaf === undefined) {
      return err(emptyChain());
    }
    const digest = crypto.hashes.sha256.digest(bytesOf(leaf));
    if (!digests.some((pin) => sameBytes(pin, digest))) {
      const expected = `a ${what} with the SHA-256 ${digests.map(toHex).join(' or ')}`;
      return err(blame(finding('not-pinned', expected, toHex(digest)), leaf, 0));
    }
    const unfit = checkTrustedLeaf(leaf, {
      profile: 'lenient',
      purpose,
      keyUsage: ['digitalSignature'],
      now,
    });
    return unfit === undefined ? withKey(crypto, leaf) : err(blame(unfit, leaf, 0));
  };
}

/**
 * Accepts any certificate whose key can be used, whoever made it, whatever name and dates it has: the connection is then
 * encrypted to nobody in particular, and anyone on the way can be at its other end. For tests and for looking around.
 */
export const dangerouslyAcceptAnyCertificate: Authenticator = ({ crypto, certificates }) => {
  const [leaf] = certificates;
  return leaf === undefined ? err(emptyChain()) : withKey(crypto, leaf);
};

function withKey(crypto: CryptoProvider, leaf: Certificate): Result<AuthenticatedPeer, ValidationError> {
  const key = certificatePublicKey(crypto, leaf);
  return key.ok ? ok({ leaf, path: [leaf], key: key.value }) : err(blame(keyFault(key.error), leaf, 0));
}

function emptyChain(): ValidationError {
  return { ...finding('empty-chain', 'a certificate', 'none'), certificate: undefined };
}
