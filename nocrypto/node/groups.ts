import { timingSafeEqual } from 'node:crypto';
import { type DiffieHellman, diffieHellman, type Keep } from '../diffie-hellman.ts';
import { HYBRIDS, hybrid } from '../hybrid.ts';
import { mlKem } from '../ml-kem.ts';
import type { GroupName, HybridName, KeyExchangeGroup } from '../provider.ts';
import type { Secret } from '../secret.ts';
import { montgomery, nistEcdh, nodeFfdhe } from './diffie-hellman.ts';
import { hasNativeMlKem, nativeMlKem } from './lattices.ts';

export const groups: Readonly<Record<GroupName, KeyExchangeGroup>> = {
  x25519: diffieHellman(montgomery('x25519'), keep()),
  x448: diffieHellman(montgomery('x448'), keep()),
  secp256r1: diffieHellman(nistEcdh('secp256r1'), keep()),
  secp384r1: diffieHellman(nistEcdh('secp384r1'), keep()),
  secp521r1: diffieHellman(nistEcdh('secp521r1'), keep()),
  ffdhe2048: diffieHellman(nodeFfdhe('ffdhe2048'), keep()),
  ffdhe3072: diffieHellman(nodeFfdhe('ffdhe3072'), keep()),
  ffdhe4096: diffieHellman(nodeFfdhe('ffdhe4096'), keep()),
  ffdhe6144: diffieHellman(nodeFfdhe('ffdhe6144'), keep()),
  ffdhe8192: diffieHellman(nodeFfdhe('ffdhe8192'), keep()),
  X25519MLKEM768: hybridGroup('X25519MLKEM768', montgomery('x25519')),
  SecP256r1MLKEM768: hybridGroup('SecP256r1MLKEM768', nistEcdh('secp256r1')),
  SecP384r1MLKEM1024: hybridGroup('SecP384r1MLKEM1024', nistEcdh('secp384r1')),
};

function hybridGroup<Prepared>(name: HybridName, classical: DiffieHellman<Prepared>): KeyExchangeGroup {
  const { lattice } = HYBRIDS[name];
  return hasNativeMlKem
    ? hybrid(name, classical, nativeMlKem(lattice), keep())
    : hybrid(name, classical, mlKem(lattice), keep());
}

/**
 * Keeps what was prepared for as long as somebody holds the private key it was made for. A caller who wipes his key has
 * other bytes then, and what was kept does not count any more.
 */
function keep<Prepared>(): Keep<Prepared> {
  const kept = new WeakMap<Secret, { readonly bytes: Uint8Array; readonly prepared: Prepared }>();
  return {
    get: (privateKey) => {
      const found = kept.get(privateKey);
      return found !== undefined && timingSafeEqual(found.bytes, privateKey) ? found.prepared : undefined;
    },
    set: (privateKey, prepared) => {
      kept.set(privateKey, { bytes: privateKey.slice(), prepared });
    },
  };
}
