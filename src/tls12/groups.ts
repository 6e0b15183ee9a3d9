import type { FfdheName, GroupName } from '../../nocrypto/index.ts';
import type { EphemeralExchange, Tls12Suite } from './suites.ts';

/** A group with its kind of key exchange; a hybrid is for TLS 1.3 alone. */
const keyExchanges: Readonly<Record<GroupName, EphemeralExchange | undefined>> = {
  x25519: 'ecdhe',
  x448: 'ecdhe',
  secp256r1: 'ecdhe',
  secp384r1: 'ecdhe',
  secp521r1: 'ecdhe',
  ffdhe2048: 'dhe',
  ffdhe3072: 'dhe',
  ffdhe4096: 'dhe',
  ffdhe6144: 'dhe',
  ffdhe8192: 'dhe',
  X25519MLKEM768: undefined,
  SecP256r1MLKEM768: undefined,
  SecP384r1MLKEM1024: undefined,
};

/** Whether keys of this group can be exchanged in a suite (RFC 8422 §5.1.1, RFC 7919 §4). */
export function groupFitsSuite(group: GroupName, suite: Pick<Tls12Suite, 'keyExchange'>): boolean {
  return keyExchanges[group] === suite.keyExchange;
}

/** Whether a group is of any use in TLS 1.2. */
export function isTls12Group(group: GroupName): boolean {
  return keyExchanges[group] !== undefined;
}

/** Whether a group is one of RFC 7919. */
export function isFiniteField(group: GroupName): group is FfdheName {
  return keyExchanges[group] === 'dhe';
}

/** The groups of RFC 7919 with the bits of their primes. */
export const finiteFields: readonly { readonly name: FfdheName; readonly bits: number }[] = [
  { name: 'ffdhe2048', bits: 2048 },
  { name: 'ffdhe3072', bits: 3072 },
  { name: 'ffdhe4096', bits: 4096 },
  { name: 'ffdhe6144', bits: 6144 },
  { name: 'ffdhe8192', bits: 8192 },
];
