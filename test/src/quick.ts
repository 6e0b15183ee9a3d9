import type { PrivateKey } from '../../nocrypto/index.ts';
import {
  type ClientConfig,
  type ClientOptions,
  type Credential,
  clientConfig,
  credential,
  type ServerConfig,
  type ServerOptions,
  serverConfig,
} from '../../src/index.ts';
import { chainOfTrust, trustAnchor } from '../../x509/index.ts';
import { nullCrypto } from './null-crypto.ts';
import { makeAuthority, makeLeaf, must, NAME } from './support.ts';

// The configurations of support.ts over the null provider: thousands of handshakes a second.

export const quickAuthority = makeAuthority({ kind: 'ed25519' }, nullCrypto);

const leaf = makeLeaf(quickAuthority, { crypto: nullCrypto, kind: { kind: 'ed25519' } });
export const quickLeafKey: PrivateKey = leaf.key;
export const quickCredential: Credential = must(
  credential(nullCrypto, [leaf.der], { kind: 'private', key: leaf.key }),
);

/** The same certificate, with its key elsewhere. */
export const externalCredential: Credential = must(
  credential(nullCrypto, [leaf.der], { kind: 'external', label: 'elsewhere' }),
);

export const quickAuthenticator = chainOfTrust({ anchors: [trustAnchor(quickAuthority.certificate)] });

export function quickClientConfig(options: Partial<ClientOptions> = {}): ClientConfig {
  return must(
    clientConfig({
      crypto: nullCrypto,
      // What TLS 1.2 adds has tests of its own, which say so.
      versions: ['1.3'],
      authenticator: quickAuthenticator,
      serverName: NAME,
      groups: ['x25519', 'secp256r1'],
      keyShares: ['x25519'],
      trace: 'off',
      ...options,
    }),
  );
}

export function quickServerConfig(options: Partial<ServerOptions> = {}): ServerConfig {
  return must(
    serverConfig({
      crypto: nullCrypto,
      versions: ['1.3'],
      credentials: [quickCredential],
      groups: ['x25519', 'secp256r1'],
      trace: 'off',
      ...options,
    }),
  );
}
