import type { GroupName, Rng, RunningHash, Secret } from '../../nocrypto/index.ts';
import type { Certificate } from '../../x509/index.ts';
import type { CipherSuite } from '../cipher-suites.ts';
import type { ClientHello } from '../messages.ts';
import type { PeerProof } from '../peer-certificate.ts';

/** The states of a TLS 1.3 client (RFC 9846 §A.1), each named for what it awaits and holding what is known by then. */
export type ClientPhase =
  | AwaitServerHello
  | AwaitSecondServerHello
  | AwaitEncryptedExtensions
  | AwaitCertificateOrRequest
  | AwaitCertificate
  | AwaitCertificateVerify
  | AwaitServerFinished;

/** A ClientHello on the wire, with the private halves of its key shares. */
export interface SentHello {
  readonly hello: ClientHello;
  readonly raw: Uint8Array;
  readonly keyShares: readonly { readonly group: GroupName; readonly privateKey: Secret }[];
}

export interface AwaitServerHello {
  readonly kind: 'awaitServerHello';
  readonly sent: SentHello;
  readonly rng: Rng;
}

/** After a HelloRetryRequest: what it fixed must not change. */
export interface AwaitSecondServerHello {
  readonly kind: 'awaitSecondServerHello';
  readonly sent: SentHello;
  readonly suite: CipherSuite;
  readonly transcript: RunningHash;
}

/** What a client knows once the ServerHello has been read. */
export interface Agreed {
  readonly sent: ClientHello;
  readonly suite: CipherSuite;
  readonly group: GroupName;
  readonly helloRetryRequest: boolean;
  readonly clientHandshakeTraffic: Secret;
  readonly serverHandshakeTraffic: Secret;
  readonly handshakeSecret: Secret;
}

export interface AwaitEncryptedExtensions {
  readonly kind: 'awaitEncryptedExtensions';
  readonly agreed: Agreed;
  readonly transcript: RunningHash;
}

export interface AwaitCertificateOrRequest {
  readonly kind: 'awaitCertificateOrRequest';
  readonly agreed: Agreed;
  readonly applicationProtocol: string | undefined;
  readonly transcript: RunningHash;
}

/** The server has asked for a certificate of the client's. */
export interface AwaitCertificate {
  readonly kind: 'awaitCertificate';
  readonly agreed: Agreed;
  readonly applicationProtocol: string | undefined;
  readonly transcript: RunningHash;
}

export interface AwaitCertificateVerify {
  readonly kind: 'awaitCertificateVerify';
  readonly agreed: Agreed;
  readonly applicationProtocol: string | undefined;
  readonly certificateRequested: boolean;
  readonly certificates: readonly Certificate[];
  readonly transcript: RunningHash;
}

export interface AwaitServerFinished {
  readonly kind: 'awaitServerFinished';
  readonly agreed: Agreed;
  readonly applicationProtocol: string | undefined;
  readonly certificateRequested: boolean;
  readonly peer: PeerProof;
  readonly transcript: RunningHash;
}
