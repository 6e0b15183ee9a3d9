import type { Secret } from '../nocrypto/index.ts';
import type { AlertName } from './codepoints.ts';

/**
 * What happens inside a connection, as data. The key log, the sequence diagram, the `--trace` output and the
 * tests all read this one stream. Which events are made is the configuration's `trace` (see {@link TraceLevel});
 * secrets appear only when it asks for them by name.
 */
export type TraceEvent =
  | {
      readonly kind: 'message';
      readonly direction: Direction;
      /** The handshake message's name: `clientHello`, `serverHello`, `helloRetryRequest` … */
      readonly message: string;
      /** Bytes of the message with its four-byte header. */
      readonly length: number;
      /** What stands in it, for people: names of the chosen suite, group, extensions … Never a secret. */
      readonly details: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'changeCipherSpec'; readonly direction: Direction }
  | { readonly kind: 'alert'; readonly direction: Direction; readonly alert: AlertName | 'unknown' }
  | {
      readonly kind: 'record';
      readonly direction: Direction;
      readonly contentType: 'handshake' | 'alert' | 'applicationData' | 'changeCipherSpec' | 'unknown';
      /** Bytes of the content, after decryption, without padding. */
      readonly length: number;
      readonly protected: boolean;
    }
  /** From the next record on, this direction is protected under the keys of this epoch. */
  | { readonly kind: 'keys'; readonly direction: Direction; readonly epoch: Epoch }
  | EchEvent
  /** The state machine moved on; the names are those of the states. */
  | { readonly kind: 'state'; readonly from: string; readonly to: string }
  /** A secret under its RFC 9850 label. Made only under `trace: 'secrets'`. */
  | {
      readonly kind: 'secret';
      readonly label: SecretLabel;
      readonly clientRandom: Uint8Array;
      readonly secret: Secret;
    };

/**
 * What became of an encrypted ClientHello (RFC 9849), which `message` events show as it stands on the wire. `details` are
 * those of the hello inside, where this side knows it.
 */
export interface EchEvent {
  readonly kind: 'encryptedClientHello';
  readonly status: 'offered' | 'accepted' | 'rejected';
  readonly details: Readonly<Record<string, string>>;
}

export type Direction = 'sent' | 'received';

/** The keys in force, by what they protect (RFC 9846 §7.3); `early` is 0-RTT. */
export type Epoch = 'early' | 'handshake' | 'application';

/**
 * `off`: no events. `messages`: handshake messages, alerts, key changes, states. `records`: these and every record.
 * `secrets`: these and the traffic secrets, with which anybody can read the connection.
 */
export type TraceLevel = 'off' | 'messages' | 'records' | 'secrets';

/** RFC 9850 §2.1, §2.3. */
export type SecretLabel =
  | 'CLIENT_EARLY_TRAFFIC_SECRET'
  | 'EARLY_EXPORTER_SECRET'
  | 'CLIENT_HANDSHAKE_TRAFFIC_SECRET'
  | 'SERVER_HANDSHAKE_TRAFFIC_SECRET'
  | 'CLIENT_TRAFFIC_SECRET_0'
  | 'SERVER_TRAFFIC_SECRET_0'
  | 'EXPORTER_SECRET'
  | 'ECH_SECRET'
  | 'ECH_CONFIG'
  /** The master secret of TLS 1.2. */
  | 'CLIENT_RANDOM';

/**
 * The SSLKEYLOGFILE line (RFC 9850 §2) of a `secret` event, without line end; undefined for every other event.
 */
export function keyLogLine(event: TraceEvent): string | undefined {
  if (event.kind !== 'secret') return undefined;
  return `${event.label} ${hex(event.clientRandom)} ${hex(event.secret)}`;
}

function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}
