import type { CryptoProvider, Secret } from '../nocrypto/index.ts';
import { err, ok, type Result } from '../x509/index.ts';
import type { CipherSuiteName } from './codepoints.ts';
import { trafficKeys } from './key-schedule.ts';
import type { Protection } from './record.ts';
import type { SnapshotError } from './snapshot.ts';
import { isCertificateAwaited, type State } from './state.ts';

/** What protects an established connection, for somebody else to go on with. */
export interface ExtractedKeys {
  readonly cipherSuite: CipherSuiteName;
  /** Undefined for a direction that close_notify has closed. */
  readonly send: DirectionKeys | undefined;
  readonly receive: DirectionKeys | undefined;
  /** The peer has asked for new keys: a KeyUpdate is to go before the next data (§4.7.3). */
  readonly keyUpdateOwed: boolean;
}

/** One direction (RFC 9846 §7.3, §5.3). */
export interface DirectionKeys {
  /** As long as the suite's hash: what a KeyUpdate derives the next one from (§7.2). */
  readonly trafficSecret: Secret;
  /** As long as the suite's AEAD wants it. */
  readonly key: Secret;
  /** 12 bytes: the nonce of a record is this, xor its sequence number. */
  readonly iv: Secret;
  /** Of the next record. */
  readonly sequence: number;
}

/**
 * The keys of an established connection, for whoever takes over its records: the kernel (kTLS), a network card, another
 * library. From then on this side must neither `send` nor `close` nor receive with the state it was taken from, nor with
 * any copy: two holders of one key who both send use the same nonces, which gives their messages and the key's
 * authentication away. KeyUpdates and tickets are then the new holder's business, too.
 *
 * An error when the connection is not established, or when the beginning of a record or message has arrived: the new
 * holder would never see it. Ask again after the bytes that complete it. Nor while a certificate is awaited that
 * `requestCertificate` has asked for.
 */
export function dangerouslyExtractKeys(state: State): Result<ExtractedKeys, SnapshotError | BytesPending> {
  const { phase, read, write, incoming } = state;
  if (phase.kind !== 'established') {
    return err({ kind: 'not-established', detail: `the state is ${phase.kind}` });
  }
  const pending = incoming.records.length + incoming.handshake.length;
  if (pending > 0 && !read.closed) {
    return err({ kind: 'bytes-pending', detail: `${pending} bytes of a record or message have arrived` });
  }
  const { crypto } = state.fixed.config;
  if (phase.version !== '1.3') {
    return err({ kind: 'unsupported-version', detail: 'only those of TLS 1.3 can be extracted' });
  }
  if (isCertificateAwaited(phase)) {
    return err({ kind: 'late-authentication', detail: 'a request for a certificate is not answered' });
  }
  return ok({
    cipherSuite: phase.suite.name,
    send: write.closed ? undefined : directionKeys(crypto, write.protection),
    receive: read.closed ? undefined : directionKeys(crypto, read.protection),
    keyUpdateOwed: write.keyUpdateOwed,
  });
}

/** Part of a record or of a handshake message has arrived. */
export interface BytesPending {
  readonly kind: 'bytes-pending';
  readonly detail: string;
}

function directionKeys(crypto: CryptoProvider, current: Protection | undefined): DirectionKeys | undefined {
  if (current?.keys.version !== '1.3') return undefined;
  const { keys, sequence } = current;
  const { key, iv } = trafficKeys(crypto, keys.suite, keys.trafficSecret);
  return { trafficSecret: keys.trafficSecret, key, iv, sequence };
}
