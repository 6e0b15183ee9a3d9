import type { CryptoProvider, Secret } from '../nocrypto/index.ts';
import { type Certificate, signatureAlgorithm } from '../x509/index.ts';
import type { CipherSuite } from './cipher-suites.ts';
import type { EarlyDataProgress } from './early-data.ts';
import { deriveSecret, expandLabel } from './key-schedule.ts';
import {
  type EndPoint,
  type Established,
  establishedIn,
  type Phase,
  type State,
  type Tls12Established,
} from './state.ts';
import { exportedKeys } from './tls12/key-schedule.ts';

// Keys for others out of an established connection (RFC 9846 §7.5, RFC 5705), and what binds a protocol above to it.

/**
 * `length` bytes that both ends of this connection, and nobody else, can derive for `label` and `context` (RFC 5705 with
 * RFC 9846 §7.5). No context and an empty one are the same in TLS 1.3, and not in TLS 1.2. `label` has 1 to 249 ASCII
 * characters. Throws when it has not, when the connection is not established, when `length` is more than 255 times the
 * suite's hash or `context` longer than 65,535 bytes: the caller's bug; and when the connection is one of TLS 1.2 whose
 * facts say `extendedMasterSecret: false`, for then others may be able to derive the same (RFC 7627 §5.4).
 */
export function exportKeyingMaterial(
  state: State,
  label: string,
  context: Uint8Array | undefined,
  length: number,
): Secret {
  checkLabel(label);
  const phase = established(state);
  return phase.version === '1.2'
    ? exportedByTls12(state.fixed.config.crypto, phase, label, context, length)
    : exportedByTls13(state.fixed.config.crypto, phase, label, context ?? new Uint8Array(0), length);
}

/**
 * As {@link exportKeyingMaterial}, from the early exporter secret: for what goes with early data, at a client that has
 * offered it and at a server that has accepted it, and afterwards at both. Whoever replays a ClientHello brings about the
 * same bytes (§F.5.1), so they bind nothing to one connection. Throws as that does, and when there is no early data.
 */
export function exportEarlyKeyingMaterial(
  state: State,
  label: string,
  context: Uint8Array,
  length: number,
): Secret {
  checkLabel(label);
  const early = earlyExporter(state.phase);
  if (early === undefined) throw new Error('an early exporter needs early data that is offered or accepted');
  return exportedByTls13(state.fixed.config.crypto, early, label, context, length);
}

function exportedByTls13(
  crypto: CryptoProvider,
  { suite: { hash }, exporterSecret }: Exporter,
  label: string,
  context: Uint8Array,
  length: number,
): Secret {
  // RFC 9846 §7.1: the label of an HkdfLabel is not empty; TLS 1.2 has no such rule.
  if (label === '') throw new RangeError('an exporter label has 1 to 249 ASCII characters');
  const { digest } = crypto.hashes[hash];
  const derived = deriveSecret(crypto, hash, exporterSecret, label, digest(new Uint8Array(0)));
  return expandLabel(crypto, hash, derived, 'exporter', digest(context), length);
}

function exportedByTls12(
  crypto: CryptoProvider,
  { suite, bound }: Tls12Established,
  label: string,
  context: Uint8Array | undefined,
  length: number,
): Secret {
  if (bound === undefined) throw new Error('no exporter without an extended master secret (RFC 7627 §5.4)');
  if ((context?.length ?? 0) > 0xffff || length > 255 * crypto.hashes[suite.hash].outputLength) {
    throw new RangeError('an exporter has a context of at most 65,535 bytes, and a bounded length');
  }
  return exportedKeys(crypto, suite, bound.master, bound.randoms, label, context, length);
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

/**
 * The channel binding `tls-unique` (RFC 5929 §3.1): the verify_data of the first Finished of a TLS 1.2 handshake. Undefined
 * in TLS 1.3, which has {@link tlsExporter} instead, and without an extended master secret, for then it is not unique.
 */
export function tlsUnique(state: State): Uint8Array | undefined {
  const phase = established(state);
  return phase.version === '1.2' ? phase.bound?.firstVerifyData.slice() : undefined;
}

/** What {@link tlsServerEndPoint} will need of the server's certificate. */
export function endPointOf(certificate: Certificate | undefined): EndPoint | undefined {
  if (certificate === undefined) return undefined;
  const algorithm = signatureAlgorithm(certificate.signatureAlgorithm);
  if (!algorithm.ok || !('hash' in algorithm.value)) return undefined;
  return { certificate: certificate.der, hash: algorithm.value.hash };
}

/** What keys of TLS 1.3 are exported from. */
interface Exporter {
  readonly suite: CipherSuite;
  readonly exporterSecret: Secret;
}

function earlyExporter(phase: Phase): Exporter | undefined {
  switch (phase.kind) {
    case 'awaitServerHello':
      return ofClient(phase.sent.early);
    case 'awaitEncryptedExtensions':
      return ofClient(phase.agreed.early);
    case 'awaitServerVerdict':
    case 'awaitServerFinished':
      return ofClient(phase.settled.early);
    case 'awaitEndOfEarlyData':
    case 'awaitClientFinished': {
      const { own, agreed } = phase.sent.flight;
      return own.kind === 'psk' ? pair(agreed.suite, own.earlyExporterSecret) : undefined;
    }
    default: {
      const established = establishedIn(phase);
      return established?.version === '1.3'
        ? pair(established.suite, established.earlyExporterSecret)
        : undefined;
    }
  }
}

function ofClient(early: EarlyDataProgress): Exporter | undefined {
  return early.kind === 'offered' || early.kind === 'accepted'
    ? pair(early.suite, early.exporterSecret)
    : undefined;
}

function pair(suite: CipherSuite, exporterSecret: Secret | undefined): Exporter | undefined {
  return exporterSecret && { suite, exporterSecret };
}

function checkLabel(label: string): void {
  if (!/^[ -~]{0,249}$/.test(label)) throw new RangeError('an exporter label has 1 to 249 ASCII characters');
}

function established(state: State): Established {
  const { phase } = state;
  const established = establishedIn(phase);
  if (established !== undefined) return established;
  throw new Error(`an exporter needs an established connection (the state is ${phase.kind})`);
}
