import { md5 } from '@noble/hashes/legacy.js';
import { desCbcDecrypt } from './legacy-des.ts';
import { rc2CbcDecrypt, rc4 } from './legacy-rc.ts';

/**
 * What old encrypted keys and PKCS #12 files were protected with, so that their owners can get at them. Every one of these is
 * broken or close to it: they are no part of a provider, and no protocol here speaks them.
 */
export const legacy = {
  desCbcDecrypt,
  rc2CbcDecrypt,
  rc4,
  /** MD5 (RFC 1321): 16 octets. */
  md5: (data: Uint8Array): Uint8Array => md5(data),
} as const;
