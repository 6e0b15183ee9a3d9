import type { Secret } from '../nocrypto/index.ts';
import { type Certificate, signatureAlgorithm } from '../x509/index.ts';
import { deriveSecret, expandLabel } from './key-schedule.ts';
import type { EndPoint, Established, State } from './state.ts';

// Keys for others out of an established connection (RFC 9846 §7.5), and what binds a protocol above to it.

/**
 * `length` bytes that both ends of this connection, and nobody else, can derive for `label` and `context` (RFC 5705 with
 * RFC 9846 §7.5; no context and an empty one are the same). `label` has 1 to 249 ASCII characters. Throws when it has
 * not, when the connection is not established, or when `length` is more than 255 times the suite's hash: the caller's bug.
 */
export function exportKeyingMaterial(
  state: State,
  label: string,
  context: Uint8Array,
  length: number,
): Secret {
  if (!/^[ -~]{1,249}$/.test(label)) throw new RangeError('an exporter label has 1 to 249 ASCII characters');
  const { suite, exporterSecret } = established(state);
  const { crypto } = state.fixed.config;
  const { hash } = suite;
  const { digest } = crypto.hashes[hash];
  const derived = deriveSecret(crypto, hash, exporterSecret, label, digest(new Uint8Array(0)));
  return expandLabel(crypto, hash, derived, 'exporter', digest(context), length);
}

/** The channel binding `tls-exporter` (RFC 9266 §2): 32 bytes. */
export function tlsExporter(state: State): Secret {
  return exportKeyingMaterial(state, 'EXPORTER-Channel-Binding', new Uint8Array(0), 32);
}

/**
 * The channel binding `tls-server-end-point` (RFC 5929 §4.1): the hash of the server's certificate. Undefined where the
 * RFC defines none: for a signature without a hash of its own (Ed25519), or when no certificate was shown.
 */
export function tlsServerEndPoint(state: State): Uint8Array | undefined {
  const { endPoint } = established(state);
  return endPoint && state.fixed.config.crypto.hashes[endPoint.hash].digest(endPoint.certificate);
}

/** What {@link tlsServerEndPoint} will need of the server's certificate. */
export function endPointOf(certificate: Certificate | undefined): EndPoint | undefined {
  if (certificate === undefined) return undefined;
  const algorithm = signatureAlgorithm(certificate.signatureAlgorithm);
  if (!algorithm.ok || !('hash' in algorithm.value)) return undefined;
  return { certificate: certificate.der, hash: algorithm.value.hash };
}

function established(state: State): Established {
  const { phase } = state;
  if (phase.kind === 'established') return phase;
  throw new Error(`an exporter needs an established connection (the state is ${phase.kind})`);
}
