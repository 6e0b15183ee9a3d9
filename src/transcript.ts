import type { CryptoProvider, HashName, RunningHash } from '../nocrypto/index.ts';
import { handshakeTypes } from './codepoints.ts';

/** The running hash over the handshake messages (RFC 9846 §4.1), begun with the first ClientHello. */
export function startTranscript(
  crypto: CryptoProvider,
  hash: HashName,
  clientHello: Uint8Array,
): RunningHash {
  return crypto.hashes[hash].start().update(clientHello);
}

/**
 * The transcript after a HelloRetryRequest: a synthetic message with the hash of ClientHello1 stands in its place, so
 * that a server may forget it (§4.1).
 */
export function startRetryTranscript(
  crypto: CryptoProvider,
  hash: HashName,
  firstClientHello: Uint8Array,
  helloRetryRequest: Uint8Array,
): RunningHash {
  const digest = crypto.hashes[hash].digest(firstClientHello);
  return crypto.hashes[hash]
    .start()
    .update(Uint8Array.of(handshakeTypes.messageHash, 0, 0, digest.length))
    .update(digest)
    .update(helloRetryRequest);
}
