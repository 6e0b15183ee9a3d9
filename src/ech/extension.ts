import {
  type Codec,
  opaque,
  opaqueFixed,
  opaqueRest,
  struct,
  type Tagged,
  tagged,
  uint8,
} from '../wire/codec.ts';
import { type EchCipherSuite, echCipherSuite } from './config.ts';

/** RFC 9849 §5: the `outer` variant of ECHClientHello. */
export interface EchOuter {
  readonly cipherSuite: EchCipherSuite;
  readonly configId: number;
  /** The HPKE encapsulated key; empty in the hello that answers a HelloRetryRequest. */
  readonly enc: Uint8Array;
  /** The encrypted EncodedClientHelloInner. */
  readonly payload: Uint8Array;
}

/** RFC 9849 §5: ECHClientHello, the encrypted_client_hello of a ClientHello. `inner` says nothing but that it is one. */
export type EchClientHello = Tagged<{ readonly outer: EchOuter; readonly inner: Uint8Array }>;

export const echClientHello: Codec<EchClientHello> = tagged(
  uint8,
  {
    outer: [
      0,
      struct<EchOuter>({
        cipherSuite: echCipherSuite,
        configId: uint8,
        enc: opaque(0, 0xffff),
        payload: opaque(1, 0xffff),
      }),
    ],
    inner: [1, opaqueFixed(0)],
  },
  opaqueRest,
);

/** Bytes of the signal by which a server says that it has accepted ECH (RFC 9849 §5, §7.2). */
export const CONFIRMATION_LENGTH = 8;

/** RFC 9849 §5: ECHHelloRetryRequest. */
export const echConfirmation: Codec<Uint8Array> = opaqueFixed(CONFIRMATION_LENGTH);
