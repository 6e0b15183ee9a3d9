import type { CryptoProvider, RunningHash } from '../../nocrypto/index.ts';
import type { SuiteHash } from '../cipher-suites.ts';
import { expandLabel } from '../key-schedule.ts';
import {
  encodeHandshake,
  HANDSHAKE_HEADER_LENGTH,
  type HelloRetryRequest,
  RANDOM_LENGTH,
} from '../messages.ts';
import { startRetryTranscript } from '../transcript.ts';
import { CONFIRMATION_LENGTH } from './extension.ts';

// How a server tells a client, and nobody else, that it has accepted Encrypted ClientHello (RFC 9849 §7.2).

/** Where the signal stands in a ServerHello with its header: the last bytes of the random, behind legacy_version. */
const END = HANDSHAKE_HEADER_LENGTH + 2 + RANDOM_LENGTH;
const START = END - CONFIRMATION_LENGTH;

/** The signal that a ServerHello holds. */
export function confirmationIn(serverHello: Uint8Array): Uint8Array {
  return serverHello.subarray(START, END);
}

/**
 * accept_confirmation (§7.2): what must stand in a ServerHello, whatever does. `transcript` is up to the last
 * ClientHelloInner, `innerRandom` that of the inner hello which the server answers.
 */
export function acceptConfirmation(
  crypto: CryptoProvider,
  hash: SuiteHash,
  innerRandom: Uint8Array,
  transcript: RunningHash,
  serverHello: Uint8Array,
): Uint8Array {
  const blank = serverHello.slice().fill(0, START, END);
  return confirm(crypto, hash, innerRandom, 'ech accept confirmation', transcript.update(blank).digest());
}

/** hrr_accept_confirmation (§7.2.1): what must stand in the extension of a HelloRetryRequest. */
export function retryConfirmation(
  crypto: CryptoProvider,
  hash: SuiteHash,
  innerRandom: Uint8Array,
  innerRaw: Uint8Array,
  retry: HelloRetryRequest,
): Uint8Array {
  const extensions = retry.extensions.map((extension) =>
    extension.name === 'encryptedClientHello'
      ? { ...extension, value: new Uint8Array(CONFIRMATION_LENGTH) }
      : extension,
  );
  const blank = encodeHandshake({ kind: 'helloRetryRequest', body: { ...retry, extensions } });
  const transcript = startRetryTranscript(crypto, hash, innerRaw, blank);
  return confirm(crypto, hash, innerRandom, 'hrr ech accept confirmation', transcript.digest());
}

function confirm(
  crypto: CryptoProvider,
  hash: SuiteHash,
  innerRandom: Uint8Array,
  label: string,
  transcriptHash: Uint8Array,
): Uint8Array {
  const secret = crypto.hkdfExtract(hash, new Uint8Array(crypto.hashes[hash].outputLength), innerRandom);
  return expandLabel(crypto, hash, secret, label, transcriptHash, CONFIRMATION_LENGTH);
}
