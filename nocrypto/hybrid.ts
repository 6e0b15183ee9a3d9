import { concat, requireLength } from './bytes.ts';
import { type DiffieHellman, diffieHellman, invalidShare, wrongLength } from './diffie-hellman.ts';
import { ML_KEM_MESSAGE, ML_KEM_SEED, type MlKem, type MlKemName } from './ml-kem.ts';
import type { HybridName, KeyExchangeGroup } from './provider.ts';
import { ok } from './result.ts';
import { secret } from './secret.ts';

/** What a hybrid of draft-ietf-tls-ecdhe-mlkem §4 is made of, and in which order. */
export const HYBRIDS = {
  X25519MLKEM768: { classical: 'x25519', lattice: 'ml-kem-768', latticeFirst: true },
  SecP256r1MLKEM768: { classical: 'secp256r1', lattice: 'ml-kem-768', latticeFirst: false },
  SecP384r1MLKEM1024: { classical: 'secp384r1', lattice: 'ml-kem-1024', latticeFirst: false },
} as const satisfies Readonly<Record<HybridName, unknown>>;

/**
 * A hybrid of ECDH and ML-KEM: shares, secrets, private keys (FIPS 203's dk and the scalar) and entropy are one part
 * after the other, in the order of {@link HYBRIDS}. The hash of the two secrets is TLS's own key schedule.
 */
export function hybrid(
  name: HybridName,
  group: DiffieHellman,
  latticeName: MlKemName,
  lattice: MlKem,
): KeyExchangeGroup {
  const { latticeFirst } = HYBRIDS[name];
  const classical = diffieHellman(group);
  const join = (fromLattice: Uint8Array, fromClassical: Uint8Array): Uint8Array =>
    latticeFirst ? concat(fromLattice, fromClassical) : concat(fromClassical, fromLattice);
  /** Takes apart what {@link join} joined; the lattice's part has `latticeLength` bytes. */
  const split = (joined: Uint8Array, latticeLength: number): readonly [Uint8Array, Uint8Array] => {
    if (latticeFirst) return [joined.subarray(0, latticeLength), joined.subarray(latticeLength)];
    const start = joined.length - latticeLength;
    return [joined.subarray(start), joined.subarray(0, start)];
  };

  const initiatorShareLength = lattice.encapsulationKeyLength + classical.initiatorShareLength;
  const responderShareLength = lattice.ciphertextLength + classical.responderShareLength;
  const generateEntropyLength = ML_KEM_SEED + classical.generateEntropyLength;
  const privateKeyLength = lattice.decapsulationKeyLength + group.privateKeyLength;
  const encapsulateEntropyLength = ML_KEM_MESSAGE + classical.encapsulateEntropyLength;

  return {
    name,
    initiatorShareLength,
    responderShareLength,
    generateEntropyLength,
    encapsulateEntropyLength,
    generate: (entropy) => {
      requireLength(`entropy for ${name}`, entropy, generateEntropyLength);
      const [seed, classicalEntropy] = split(entropy, ML_KEM_SEED);
      const { encapsulationKey, decapsulationKey } = lattice.generate(seed);
      const { privateKey, share } = classical.generate(classicalEntropy);
      return {
        privateKey: secret(join(decapsulationKey, privateKey)),
        share: join(encapsulationKey, share),
      };
    },
    encapsulate: (initiatorShare, entropy) => {
      requireLength(`entropy for ${name}`, entropy, encapsulateEntropyLength);
      if (initiatorShare.length !== initiatorShareLength) {
        return wrongLength(initiatorShareLength, initiatorShare);
      }
      const [encapsulationKey, classicalShare] = split(initiatorShare, lattice.encapsulationKeyLength);
      const [message, classicalEntropy] = split(entropy, ML_KEM_MESSAGE);
      const sealed = lattice.encapsulate(encapsulationKey, message);
      if (sealed === undefined) return invalidShare(`not an ${latticeName.toUpperCase()} encapsulation key`);
      const agreed = classical.encapsulate(classicalShare, classicalEntropy);
      if (!agreed.ok) return agreed;
      return ok({
        share: join(sealed.ciphertext, agreed.value.share),
        sharedSecret: secret(join(sealed.sharedSecret, agreed.value.sharedSecret)),
      });
    },
    decapsulate: (privateKey, responderShare) => {
      requireLength(`a private key for ${name}`, privateKey, privateKeyLength);
      if (responderShare.length !== responderShareLength) {
        return wrongLength(responderShareLength, responderShare);
      }
      const [decapsulationKey, scalar] = split(privateKey, lattice.decapsulationKeyLength);
      const [ciphertext, classicalShare] = split(responderShare, lattice.ciphertextLength);
      const agreed = classical.decapsulate(secret(scalar), classicalShare);
      if (!agreed.ok) return agreed;
      return ok(secret(join(lattice.decapsulate(decapsulationKey, ciphertext), agreed.value)));
    },
  };
}
