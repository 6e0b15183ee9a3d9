import { diffieHellman } from './diffie-hellman.ts';
import { montgomery, nistEcdh } from './ecdh.ts';
import { ffdhe } from './ffdhe.ts';
import { hybrid } from './hybrid.ts';
import { mlKem } from './ml-kem.ts';
import type { GroupName, KeyExchangeGroup } from './provider.ts';

/** Every key exchange of the contract, in JavaScript. */
export const groups: Readonly<Record<GroupName, KeyExchangeGroup>> = {
  x25519: diffieHellman(montgomery('x25519')),
  x448: diffieHellman(montgomery('x448')),
  secp256r1: diffieHellman(nistEcdh('secp256r1')),
  secp384r1: diffieHellman(nistEcdh('secp384r1')),
  secp521r1: diffieHellman(nistEcdh('secp521r1')),
  ffdhe2048: diffieHellman(ffdhe('ffdhe2048')),
  ffdhe3072: diffieHellman(ffdhe('ffdhe3072')),
  ffdhe4096: diffieHellman(ffdhe('ffdhe4096')),
  ffdhe6144: diffieHellman(ffdhe('ffdhe6144')),
  ffdhe8192: diffieHellman(ffdhe('ffdhe8192')),
  X25519MLKEM768: hybrid('X25519MLKEM768', montgomery('x25519'), mlKem('ml-kem-768')),
  SecP256r1MLKEM768: hybrid('SecP256r1MLKEM768', nistEcdh('secp256r1'), mlKem('ml-kem-768')),
  SecP384r1MLKEM1024: hybrid('SecP384r1MLKEM1024', nistEcdh('secp384r1'), mlKem('ml-kem-1024')),
};
