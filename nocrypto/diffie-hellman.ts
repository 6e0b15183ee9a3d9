import { requireLength } from './bytes.ts';
import type { ClassicalName, KeyExchangeError, KeyExchangeGroup } from './provider.ts';
import { err, ok, type Result } from './result.ts';
import type { Secret } from './secret.ts';

/**
 * What one Diffie-Hellman group computes, with all lengths already checked. `Prepared` is a private key in the form
 * that the arithmetic takes: the bytes themselves, or an object of the platform that costs something to make.
 */
export interface DiffieHellman<Prepared> {
  readonly name: ClassicalName;
  readonly entropyLength: number;
  readonly privateKeyLength: number;
  readonly shareLength: number;
  readonly privateKey: (entropy: Uint8Array) => Secret;
  /** A RangeError for bytes that are no private key. */
  readonly prepare: (privateKey: Secret) => Prepared;
  readonly share: (prepared: Prepared) => Uint8Array;
  /** `undefined` when the peer's share, which has the right length, is not one to agree with. */
  readonly agree: (prepared: Prepared, peerShare: Uint8Array) => Secret | undefined;
}

/** Where a provider keeps what it has prepared, from the making of a private key to its use. It may forget. */
export interface Keep<Prepared> {
  readonly get: (privateKey: Secret) => Prepared | undefined;
  readonly set: (privateKey: Secret, prepared: Prepared) => void;
}

/** Diffie-Hellman in the shape of a KEM: to encapsulate is to make a key pair and agree with it. */
export function diffieHellman<Prepared>(
  group: DiffieHellman<Prepared>,
  keep?: Keep<Prepared>,
): KeyExchangeGroup {
  const { name, entropyLength, shareLength } = group;

  function agree(prepared: Prepared, peerShare: Uint8Array): Result<Secret, KeyExchangeError> {
    const sharedSecret = group.agree(prepared, peerShare);
    return sharedSecret === undefined ? invalidShare(`not a usable ${name} public key`) : ok(sharedSecret);
  }

  return {
    name,
    initiatorShareLength: shareLength,
    responderShareLength: shareLength,
    generateEntropyLength: entropyLength,
    encapsulateEntropyLength: entropyLength,
    generate: (entropy) => {
      requireLength(`entropy for ${name}`, entropy, entropyLength);
      const privateKey = group.privateKey(entropy);
      const prepared = group.prepare(privateKey);
      keep?.set(privateKey, prepared);
      return { privateKey, share: group.share(prepared) };
    },
    encapsulate: (initiatorShare, entropy) => {
      requireLength(`entropy for ${name}`, entropy, entropyLength);
      if (initiatorShare.length !== shareLength) return wrongLength(shareLength, initiatorShare);
      const prepared = group.prepare(group.privateKey(entropy));
      // The peer's share comes first: a bad one must not cost us the making of ours.
      const agreed = agree(prepared, initiatorShare);
      return agreed.ok ? ok({ share: group.share(prepared), sharedSecret: agreed.value }) : agreed;
    },
    decapsulate: (privateKey, responderShare) => {
      requireLength(`a private key for ${name}`, privateKey, group.privateKeyLength);
      if (responderShare.length !== shareLength) return wrongLength(shareLength, responderShare);
      return agree(keep?.get(privateKey) ?? group.prepare(privateKey), responderShare);
    },
  };
}

/** The refusal of a share that does not have the group's one length. */
export function wrongLength(expected: number, share: Uint8Array): Result<never, KeyExchangeError> {
  return err({ kind: 'wrong-length', expected, found: share.length });
}

/** The refusal of a share that has the right length. */
export function invalidShare(detail: string): Result<never, KeyExchangeError> {
  return err({ kind: 'invalid-share', detail });
}
