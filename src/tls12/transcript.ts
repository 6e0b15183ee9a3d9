import type { CryptoProvider, RunningHash } from '../../nocrypto/index.ts';
import { concat } from '../bytes.ts';
import type { Tls12Suite } from './suites.ts';

/**
 * The handshake messages so far (RFC 5246 §7.4.9): their running hash, and the messages themselves, since a
 * CertificateVerify signs them with a hash of its own, or with none (§7.4.8).
 */
export interface Tls12Transcript {
  readonly hash: RunningHash;
  readonly messages: readonly Uint8Array[];
}

/** Begins with the messages up to the one that has fixed the suite. */
export function startTls12Transcript(
  crypto: CryptoProvider,
  { hash }: Tls12Suite,
  messages: readonly Uint8Array[],
): Tls12Transcript {
  return {
    hash: messages.reduce((running, raw) => running.update(raw), crypto.hashes[hash].start()),
    messages,
  };
}

export function extended({ hash, messages }: Tls12Transcript, raw: Uint8Array): Tls12Transcript {
  return { hash: hash.update(raw), messages: [...messages, raw] };
}

/** What a CertificateVerify signs. */
export function handshakeMessages({ messages }: Tls12Transcript): Uint8Array {
  return concat(messages);
}
