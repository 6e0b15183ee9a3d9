import { requireLength } from './bytes.ts';
import type { ClassicalName, KeyExchangeError, KeyExchangeGroup } from './provider.ts';
import { err, ok, type Result } from './result.ts';
import type { Secret } from './secret.ts';

/** What one Diffie-Hellman group computes, with all lengths already checked. */
export interface DiffieHellman {
  readonly name: ClassicalName;
  readonly entropyLength: number;
  readonly privateKeyLength: number;
  readonly shareLength: number;
  readonly privateKey: (entropy: Uint8Array) => Secret;
  readonly share: (privateKey: Secret) => Uint8Array;
  /** `undefined` when the peer's share, which has the right length, is not one to agree with. */
  readonly agree: (privateKey: Secret, peerShare: Uint8Array) => Secret | undefined;
}

/** Diffie-Hellman in the shape of a KEM: to encapsulate is to make a key pair and agree with it. */
export function diffieHellman(group: DiffieHellman): KeyExchangeGroup {
  const { name, entropyLength, shareLength } = group;

  const decapsulate: KeyExchangeGroup['decapsulate'] = (privateKey, peerShare) => {
    requireLength(`a private key for ${name}`, privateKey, group.privateKeyLength);
    if (peerShare.length !== shareLength) return wrongLength(shareLength, peerShare);
    const sharedSecret = group.agree(privateKey, peerShare);
    return sharedSecret === undefined ? invalidShare(`not a usable ${name} public key`) : ok(sharedSecret);
  };

  return {
    name,
    initiatorShareLength: shareLength,
    responderShareLength: shareLength,
    generateEntropyLength: entropyLength,
    encapsulateEntropyLength: entropyLength,
    generate: (entropy) => {
      requireLength(`entropy for ${name}`, entropy, entropyLength);
      const privateKey = group.privateKey(entropy);
      return { privateKey, share: group.share(privateKey) };
    },
    encapsulate: (initiatorShare, entropy) => {
      requireLength(`entropy for ${name}`, entropy, entropyLength);
      const privateKey = group.privateKey(entropy);
      // The peer's share comes first: a bad one must not cost us the making of ours.
      const agreed = decapsulate(privateKey, initiatorShare);
      return agreed.ok ? ok({ share: group.share(privateKey), sharedSecret: agreed.value }) : agreed;
    },
    decapsulate,
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
