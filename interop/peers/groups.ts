import type { GroupName } from '../../nocrypto/index.ts';

/** IANA's numbers, written down again here so that a slip in our own table shows. */
export const groupNames: ReadonlyMap<number, GroupName> = new Map([
  [23, 'secp256r1'],
  [24, 'secp384r1'],
  [29, 'x25519'],
  [4588, 'X25519MLKEM768'],
]);

/** As OpenSSL writes them. */
export const opensslNames: Readonly<Record<GroupName, string>> = {
  x25519: 'X25519',
  secp256r1: 'P-256',
  secp384r1: 'P-384',
  X25519MLKEM768: 'X25519MLKEM768',
};
