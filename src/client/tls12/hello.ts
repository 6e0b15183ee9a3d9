import { signalingSuites } from '../../codepoints.ts';
import type { ClientConfig } from '../../config.ts';
import type { ClientHelloExtension } from '../../extensions.ts';
import { tls12Suites } from '../../tls12/suites.ts';
import type { OfferedTls12Session } from './phase.ts';

// What a ClientHello says to a server that will choose TLS 1.2: nothing, when this client would not have it.

/** The suites of TLS 1.2, and the signal that this is a second try (RFC 7507 §4). */
export function tls12SuiteCodes({ tls12CipherSuites, fallback }: ClientConfig): readonly number[] {
  const codes = tls12CipherSuites.map((name) => tls12Suites[name].code);
  return fallback ? [...codes, signalingSuites.TLS_FALLBACK_SCSV] : codes;
}

/**
 * ec_point_formats with the one format there is (RFC 8422 §5.1.2), extended_master_secret (RFC 7627 §5.1), an empty
 * renegotiation_info, since this is a first handshake (RFC 5746 §3.4), encrypt_then_mac where there is a MAC (RFC 7366 §2), and
 * a ticket, or the wish for one (RFC 5077 §3.2).
 */
export function tls12HelloExtensions(
  { versions, acceptTickets, tls12CipherSuites }: ClientConfig,
  offered: OfferedTls12Session | undefined,
): readonly ClientHelloExtension[] {
  if (!versions.includes('1.2')) return [];
  const extensions: ClientHelloExtension[] = [
    { name: 'ecPointFormats', value: Uint8Array.of(UNCOMPRESSED) },
    { name: 'extendedMasterSecret', value: new Uint8Array(0) },
    { name: 'renegotiationInfo', value: new Uint8Array(0) },
  ];
  if (tls12CipherSuites.some((name) => tls12Suites[name].cipher.kind === 'cbc')) {
    extensions.push({ name: 'encryptThenMac', value: new Uint8Array(0) });
  }
  if (acceptTickets || offered !== undefined) {
    extensions.push({ name: 'sessionTicket', value: offered?.session.ticket ?? new Uint8Array(0) });
  }
  return extensions;
}

/** ECPointFormat (RFC 8422 §5.1.2) */
export const UNCOMPRESSED = 0;
