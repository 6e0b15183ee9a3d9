import type { GroupName } from '../../nocrypto/index.ts';

/** IANA's numbers, written down again here so that a slip in our own table shows. */
export const groupNames: ReadonlyMap<number, GroupName> = new Map([
  [23, 'secp256r1'],
  [24, 'secp384r1'],
  [25, 'secp521r1'],
  [29, 'x25519'],
  [30, 'x448'],
  [256, 'ffdhe2048'],
  [257, 'ffdhe3072'],
  [258, 'ffdhe4096'],
  [259, 'ffdhe6144'],
  [260, 'ffdhe8192'],
  [4587, 'SecP256r1MLKEM768'],
  [4588, 'X25519MLKEM768'],
  [4589, 'SecP384r1MLKEM1024'],
]);

/** As OpenSSL writes them. */
export const opensslNames: Readonly<Record<GroupName, string>> = {
  x25519: 'X25519',
  secp256r1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
  x448: 'X448',
  ffdhe2048: 'ffdhe2048',
  ffdhe3072: 'ffdhe3072',
  ffdhe4096: 'ffdhe4096',
  ffdhe6144: 'ffdhe6144',
  ffdhe8192: 'ffdhe8192',
  SecP256r1MLKEM768: 'SecP256r1MLKEM768',
  X25519MLKEM768: 'X25519MLKEM768',
  SecP384r1MLKEM1024: 'SecP384r1MLKEM1024',
};
