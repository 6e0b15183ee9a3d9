import { type DiffieHellman, diffieHellman } from './diffie-hellman.ts';
import { montgomery, nistEcdh } from './ecdh.ts';
import { ffdhe } from './ffdhe.ts';
import { HYBRIDS, hybrid } from './hybrid.ts';
import { type MlKem, type MlKemName, mlKem } from './ml-kem.ts';
import type { ClassicalName, GroupName, HybridName, KeyExchangeGroup } from './provider.ts';

/** Every key exchange of the contract, in JavaScript. */
export const groups: Readonly<Record<GroupName, KeyExchangeGroup>> = groupsFrom(
  {
    x25519: montgomery('x25519'),
    x448: montgomery('x448'),
    secp256r1: nistEcdh('secp256r1'),
    secp384r1: nistEcdh('secp384r1'),
    secp521r1: nistEcdh('secp521r1'),
    ffdhe2048: ffdhe('ffdhe2048'),
    ffdhe3072: ffdhe('ffdhe3072'),
    ffdhe4096: ffdhe('ffdhe4096'),
    ffdhe6144: ffdhe('ffdhe6144'),
    ffdhe8192: ffdhe('ffdhe8192'),
  },
  { 'ml-kem-768': mlKem('ml-kem-768'), 'ml-kem-1024': mlKem('ml-kem-1024') },
);

/** The groups that a provider's arithmetic makes: each Diffie-Hellman alone, and the hybrids. */
export function groupsFrom(
  classical: Readonly<Record<ClassicalName, DiffieHellman>>,
  lattices: Readonly<Record<MlKemName, MlKem>>,
): Readonly<Record<GroupName, KeyExchangeGroup>> {
  const hybridGroup = (name: HybridName): KeyExchangeGroup => {
    const { classical: group, lattice } = HYBRIDS[name];
    return hybrid(name, classical[group], lattice, lattices[lattice]);
  };
  return {
    x25519: diffieHellman(classical.x25519),
    x448: diffieHellman(classical.x448),
    secp256r1: diffieHellman(classical.secp256r1),
    secp384r1: diffieHellman(classical.secp384r1),
    secp521r1: diffieHellman(classical.secp521r1),
    ffdhe2048: diffieHellman(classical.ffdhe2048),
    ffdhe3072: diffieHellman(classical.ffdhe3072),
    ffdhe4096: diffieHellman(classical.ffdhe4096),
    ffdhe6144: diffieHellman(classical.ffdhe6144),
    ffdhe8192: diffieHellman(classical.ffdhe8192),
    X25519MLKEM768: hybridGroup('X25519MLKEM768'),
    SecP256r1MLKEM768: hybridGroup('SecP256r1MLKEM768'),
    SecP384r1MLKEM1024: hybridGroup('SecP384r1MLKEM1024'),
  };
}
