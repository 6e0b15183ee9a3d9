import {
  type GeneratedKeyKind,
  noble,
  type PrivateKey,
  SIGNING_ENTROPY_LENGTH,
} from '../../nocrypto/index.ts';
import {
  buildCertificate,
  type Certificate,
  type CertificateOptions,
  type Result,
} from '../../x509/index.ts';
import { commandError } from './command.ts';

/** The kinds of keys that can be asked for, as the command line calls them. */
export const KEY_KIND_NAMES = [
  'p256',
  'p384',
  'p521',
  'ed25519',
  'ed448',
  'rsa-2048',
  'rsa-3072',
  'rsa-4096',
  'ml-dsa-44',
  'ml-dsa-65',
  'ml-dsa-87',
] as const;

export type KeyKindName = (typeof KEY_KIND_NAMES)[number];

export function newKey(kind: KeyKindName = 'p256'): PrivateKey {
  return noble.generateKey(KEY_KINDS[kind], entropy());
}

/** Fresh bytes for making a key or a signature. */
export function entropy(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(SIGNING_ENTROPY_LENGTH));
}

export function issue(options: Omit<CertificateOptions, 'crypto' | 'entropy'>): Certificate {
  return signed('certificate', buildCertificate({ ...options, crypto: noble, entropy: entropy() }));
}

/** What was to be signed, or a {@link commandError} that says why it could not be. */
export function signed<T>(what: string, made: Result<T, { readonly kind: string }>): T {
  if (made.ok) return made.value;
  throw commandError(`no ${what} could be made (${made.error.kind})`);
}

const KEY_KINDS: Readonly<Record<KeyKindName, GeneratedKeyKind>> = {
  p256: { kind: 'ec', curve: 'secp256r1' },
  p384: { kind: 'ec', curve: 'secp384r1' },
  p521: { kind: 'ec', curve: 'secp521r1' },
  ed25519: { kind: 'ed25519' },
  ed448: { kind: 'ed448' },
  'rsa-2048': { kind: 'rsa', bits: 2048 },
  'rsa-3072': { kind: 'rsa', bits: 3072 },
  'rsa-4096': { kind: 'rsa', bits: 4096 },
  'ml-dsa-44': { kind: 'ml-dsa-44' },
  'ml-dsa-65': { kind: 'ml-dsa-65' },
  'ml-dsa-87': { kind: 'ml-dsa-87' },
};
