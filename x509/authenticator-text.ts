import { err, ok, type Result } from '../asn1/index.ts';
import {
  type Authenticator,
  type ChainOfTrustOptions,
  chainOfTrust,
  dangerouslyAcceptAnyCertificate,
  pinnedCertificate,
  pinnedKey,
} from './authenticator.ts';
import { decodeBase64 } from './base64.ts';
import { dangerouslyAcceptAnyRawKey, pinnedRawKey, type RawKeyAuthenticator } from './raw-public-key.ts';
import { type TrustAnchor, trustAnchorsFromPem } from './trust-anchor.ts';

export interface AuthenticatorTextOptions {
  /** What a text after `chain:` means. Default: it is PEM. */
  readonly anchorsFrom?: AnchorSource;
  /** For `chain:`, everything but the anchors. */
  readonly chain?: Omit<ChainOfTrustOptions, 'anchors'>;
}

/** Finds the anchors that a text names; `detail` says what is wrong with it. */
export type AnchorSource = (text: string) => Result<readonly TrustAnchor[], { readonly detail: string }>;

export interface AuthenticatorTextError {
  readonly kind: 'unknown-form' | 'digest' | 'anchors';
  /** One line for a person. */
  readonly detail: string;
}

/**
 * An authenticator from one line of a configuration:
 *
 *     authenticator = "chain:" anchors
 *                   / "certificate:sha256:" digest *( "," digest )
 *                   / "key:sha256:" digest *( "," digest )
 *                   / "dangerously-accept-any-certificate"
 *     digest        = 64 hexadecimal digits, with or without a colon after every second
 *                   / base64 of 32 bytes, as RFC 7469 and curl write pins
 *
 * What `anchors` is, the caller says with `anchorsFrom`; without, it is the PEM text of the anchors itself.
 */
export function authenticatorFromText(
  text: string,
  { anchorsFrom = trustAnchorsFromPem, chain = {} }: AuthenticatorTextOptions = {},
): Result<Authenticator, AuthenticatorTextError> {
  if (text === 'dangerously-accept-any-certificate') {
    return ok(dangerouslyAcceptAnyCertificate);
  }
  const [, form, rest = ''] = /^(chain|certificate:sha256|key:sha256):(.*)$/s.exec(text) ?? [];
  switch (form) {
    case 'chain': {
      const anchors = anchorsFrom(rest);
      return anchors.ok
        ? ok(chainOfTrust({ ...chain, anchors: anchors.value }))
        : err({ kind: 'anchors', detail: anchors.error.detail });
    }
    case 'certificate:sha256':
      return pinnedBy(pinnedCertificate, rest);
    case 'key:sha256':
      return pinnedBy(pinnedKey, rest);
    default:
      return err({
        kind: 'unknown-form',
        detail: 'an authenticator begins with chain:, certificate:sha256: or key:sha256:',
      });
  }
}

/**
 * The same for raw keys (RFC 7250), which are no certificates: `key:sha256:` with digests as above, or
 * `dangerously-accept-any-raw-key`.
 */
export function rawKeyAuthenticatorFromText(
  text: string,
): Result<RawKeyAuthenticator, AuthenticatorTextError> {
  if (text === 'dangerously-accept-any-raw-key') return ok(dangerouslyAcceptAnyRawKey);
  const [, list] = /^key:sha256:(.*)$/s.exec(text) ?? [];
  return list === undefined
    ? err({ kind: 'unknown-form', detail: 'an authenticator of raw keys begins with key:sha256:' })
    : pinnedBy(pinnedRawKey, list);
}

function pinnedBy<T>(
  pin: (digests: readonly Uint8Array[]) => T,
  list: string,
): Result<T, AuthenticatorTextError> {
  const digests: Uint8Array[] = [];
  for (const item of list.split(',')) {
    const digest = HEX_DIGEST.test(item) ? fromHex(item.replaceAll(':', '')) : decodeBase64(item);
    if (digest?.length !== 32) {
      const detail = `a SHA-256 digest has 64 hexadecimal digits or is base64 of 32 bytes, unlike '${item.slice(0, 100)}'`;
      return err({ kind: 'digest', detail });
    }
    digests.push(digest);
  }
  return ok(pin(digests));
}

const HEX_DIGEST = /^([0-9a-f]{2}){32}$|^[0-9a-f]{2}(:[0-9a-f]{2}){31}$/i;

function fromHex(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
