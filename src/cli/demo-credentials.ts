import { noble } from '../../nocrypto/index.ts';
import { type Certificate, encodePem, encodePrivateKey } from '../../x509/index.ts';
import { type Credential, credential } from '../index.ts';
import { commandError } from './command.ts';
import { issue, newKey } from './issue.ts';

/** A certification authority made up on the spot, and a server's credential from it. */
export interface DemoCredentials {
  readonly authority: Certificate;
  readonly server: Credential;
  /** The same as files would hold it. */
  readonly pem: { readonly authority: string; readonly chain: string; readonly key: string };
}

/** The DNS name in the demo's certificate. */
export const DEMO_NAME = 'localhost';

const HOUR = 3_600_000;

/** Makes P-256 keys and certificates for {@link DEMO_NAME} and 127.0.0.1, good for an hour around `now`. */
export function demoCredentials(now: number): DemoCredentials {
  const validity = { notBefore: now - HOUR, notAfter: now + HOUR };
  const authorityKey = newKey();
  const authority = issue({
    subject: [['commonName', 'pure-tls demo CA']],
    publicKey: authorityKey.public,
    signer: { key: authorityKey },
    validity,
    authority: { pathLenConstraint: 0 },
  });
  const serverKey = newKey();
  const leaf = issue({
    subject: [['commonName', 'pure-tls demo server']],
    publicKey: serverKey.public,
    signer: { key: authorityKey, certificate: authority },
    validity,
    subjectAltName: [
      { kind: 'dNSName', value: DEMO_NAME },
      { kind: 'iPAddress', value: Uint8Array.of(127, 0, 0, 1) },
    ],
  });
  const server = credential(noble, [leaf.der], { kind: 'private', key: serverKey });
  if (!server.ok) throw commandError(server.error.detail);
  return {
    authority,
    server: server.value,
    pem: {
      authority: encodePem('CERTIFICATE', authority.der),
      chain: encodePem('CERTIFICATE', leaf.der),
      key: encodePem('PRIVATE KEY', encodePrivateKey(serverKey)),
    },
  };
}
