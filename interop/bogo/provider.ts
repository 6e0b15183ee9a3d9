import { type CryptoProvider, noble } from '../../nocrypto/index.ts';

/** Names the provider of a run: `noble`, the portable one, or `node`. */
export const PROVIDER = 'PURE_TLS_BOGO_PROVIDER';

/** The primitives of the shim's connections. */
export const provider: CryptoProvider =
  process.env[PROVIDER] === 'node' ? (await import('../../nocrypto/node.ts')).node : noble;
