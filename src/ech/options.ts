import type { CryptoProvider } from '../../nocrypto/index.ts';
import { err, ok, type Result } from '../../x509/index.ts';
import { chooseEchConfig, type EchConfig, type UsableEchConfig } from './config.ts';
import { type EchKey, type OpenedEchKey, openEchKey } from './key.ts';

/** How a client encrypts its ClientHello. */
export interface EchClientOptions {
  /**
   * The server's ECHConfigList, as its HTTPS record publishes it or as a server has sent it after a rejection
   * (`echRejected`). One that holds nothing this client can use is refused here: to go on without encryption is the
   * caller's decision.
   */
  readonly configs: Uint8Array;
  /**
   * Keep the application protocols out of the outer hello, too. Default false: they are rarely telling, and a hello without
   * them stands out more than one with them.
   */
  readonly hideApplicationProtocols?: boolean | undefined;
}

/** The keys of a server that opens encrypted hellos and answers them itself (RFC 9849 §3.1, shared mode). */
export interface EchServerOptions {
  /** Current keys, and old ones for as long as clients may still come with their configurations. */
  readonly keys: readonly EchKey[];
}

/** A client's checked choice. */
export type ClientEch =
  | { readonly kind: 'none' }
  | { readonly kind: 'grease' }
  | {
      readonly kind: 'offer';
      readonly config: UsableEchConfig;
      readonly hideApplicationProtocols: boolean;
    };

/** A server's checked choice. */
export type ServerEch =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'shared';
      readonly keys: readonly OpenedEchKey[];
      /** What clients with an outdated configuration are given. */
      readonly retryConfigs: readonly EchConfig[];
    }
  | { readonly kind: 'backend' };

/** Checks a client's option; the error is what it must be. */
export function clientEch(
  crypto: CryptoProvider,
  option: EchClientOptions | 'grease' | undefined,
): Result<ClientEch, string> {
  if (option === undefined) return ok({ kind: 'none' });
  if (option === 'grease') return ok({ kind: 'grease' });
  const config = chooseEchConfig(crypto, option.configs);
  if (!config.ok) return err(`must hold a configuration this client can use: ${config.error.problem}`);
  const { hideApplicationProtocols = false } = option;
  return ok({ kind: 'offer', config: config.value, hideApplicationProtocols });
}

/** Checks a server's option; the error is what it must be. */
export function serverEch(
  crypto: CryptoProvider,
  option: EchServerOptions | 'backend' | undefined,
): Result<ServerEch, string> {
  if (option === undefined) return ok({ kind: 'none' });
  if (option === 'backend') return ok({ kind: 'backend' });
  const keys: OpenedEchKey[] = [];
  for (const [index, key] of option.keys.entries()) {
    const opened = openEchKey(crypto, key);
    if (!opened.ok) return err(`must hold configurations with their keys (number ${index}: ${opened.error})`);
    keys.push(opened.value);
  }
  const retryConfigs = keys.flatMap((key): readonly EchConfig[] =>
    key.isRetryConfig ? [{ kind: 'ech', value: key.contents }] : [],
  );
  return retryConfigs.length === 0
    ? err('must hold a key for clients to retry with (RFC 9849 §7.1)')
    : ok({ kind: 'shared', keys, retryConfigs });
}
