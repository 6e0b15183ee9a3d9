import { concat, requireLength } from './bytes.ts';
import { type DiffieHellman, diffieHellman, invalidShare, type Keep, wrongLength } from './diffie-hellman.ts';
import { ML_KEM_LENGTHS, ML_KEM_MESSAGE, ML_KEM_SEED, type MlKem } from './ml-kem.ts';
import type { HybridName, KeyExchangeGroup } from './provider.ts';
import { ok } from './result.ts';
import { secret } from './secret.ts';

/** What a hybrid of draft-ietf-tls-ecdhe-mlkem §4 is made of, and in which order. */
export const HYBRIDS = {
  X25519MLKEM768: { classical: 'x25519', lattice: 'ml-kem-768', latticeFirst: true },
  SecP256r1MLKEM768: { classical: 'secp256r1', lattice: 'ml-kem-768', latticeFirst: false },
  SecP384r1MLKEM1024: { classical: 'secp384r1', lattice: 'ml-kem-1024', latticeFirst: false },
} as const satisfies Readonly<Record<HybridName, unknown>>;

/** Both parts of a hybrid's private key, prepared. */
export interface PreparedHybrid<Classical, Lattice> {
  readonly classical: Classical;
  readonly lattice: Lattice;
}

/**
 * A hybrid of ECDH and ML-KEM: shares, secrets, private keys (ML-KEM's seed and the scalar) and entropy are one part
 * after the other, in the order of {@link HYBRIDS}. The hash of the two secrets is TLS's own key schedule.
 */
export function hybrid<Classical, Lattice>(
  name: HybridName,
  classical: DiffieHellman<Classical>,
  lattice: MlKem<Lattice>,
  keep?: Keep<PreparedHybrid<Classical, Lattice>>,
): KeyExchangeGroup {
  const { latticeFirst, lattice: latticeName } = HYBRIDS[name];
  const lengths = ML_KEM_LENGTHS[latticeName];
  const initiatorShareLength = lengths.encapsulationKey + classical.shareLength;
  const responderShareLength = lengths.ciphertext + classical.shareLength;
  const privateKeyLength = ML_KEM_SEED + classical.privateKeyLength;
  const generateEntropyLength = ML_KEM_SEED + classical.entropyLength;
  const encapsulateEntropyLength = ML_KEM_MESSAGE + classical.entropyLength;
  const alone = diffieHellman(classical);

  const join = (fromLattice: Uint8Array, fromClassical: Uint8Array): Uint8Array =>
    latticeFirst ? concat(fromLattice, fromClassical) : concat(fromClassical, fromLattice);
  /** Takes apart what {@link join} joined; the lattice's part has `latticeLength` bytes. */
  const split = (joined: Uint8Array, latticeLength: number): readonly [Uint8Array, Uint8Array] => {
    if (latticeFirst) return [joined.subarray(0, latticeLength), joined.subarray(latticeLength)];
    const start = joined.length - latticeLength;
    return [joined.subarray(start), joined.subarray(0, start)];
  };
  const prepare = (privateKey: Uint8Array): PreparedHybrid<Classical, Lattice> => {
    const [seed, scalar] = split(privateKey, ML_KEM_SEED);
    return { classical: classical.prepare(secret(scalar)), lattice: lattice.prepare(secret(seed)) };
  };

  return {
    name,
    initiatorShareLength,
    responderShareLength,
    generateEntropyLength,
    encapsulateEntropyLength,
    generate: (entropy) => {
      requireLength(`entropy for ${name}`, entropy, generateEntropyLength);
      const [seed, classicalEntropy] = split(entropy, ML_KEM_SEED);
      const privateKey = secret(join(seed, classical.privateKey(classicalEntropy)));
      const prepared = prepare(privateKey);
      keep?.set(privateKey, prepared);
      const share = join(lattice.encapsulationKey(prepared.lattice), classical.share(prepared.classical));
      return { privateKey, share };
    },
    encapsulate: (initiatorShare, entropy) => {
      requireLength(`entropy for ${name}`, entropy, encapsulateEntropyLength);
      if (initiatorShare.length !== initiatorShareLength) {
        return wrongLength(initiatorShareLength, initiatorShare);
      }
      const [encapsulationKey, classicalShare] = split(initiatorShare, lengths.encapsulationKey);
      const [message, classicalEntropy] = split(entropy, ML_KEM_MESSAGE);
      const sealed = lattice.encapsulate(encapsulationKey, message);
      if (sealed === undefined) return invalidShare(`not an ${latticeName.toUpperCase()} encapsulation key`);
      const agreed = alone.encapsulate(classicalShare, classicalEntropy);
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
      const prepared = keep?.get(privateKey) ?? prepare(privateKey);
      const [ciphertext, classicalShare] = split(responderShare, lengths.ciphertext);
      const agreed = classical.agree(prepared.classical, classicalShare);
      if (agreed === undefined) return invalidShare(`not a usable ${classical.name} public key`);
      return ok(secret(join(lattice.decapsulate(prepared.lattice, ciphertext), agreed)));
    },
  };
}
