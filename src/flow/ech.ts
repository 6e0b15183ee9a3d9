import { type ClientOptions, chooseEchConfig, clientConfig } from '../index.ts';
import { isTlsError } from './error.ts';
import type { Flow } from './flow.ts';
import { type TlsConnection, type WrapOptions, wrapClient } from './wrap.ts';

export interface EchRetryOptions extends WrapOptions {
  /**
   * When the server has proven its public name and says that it has no Encrypted ClientHello: connect once more without.
   * The name then goes in the clear. Default false: the rejection is the caller's to judge.
   */
  readonly withoutEch?: boolean | undefined;
}

/**
 * Connects with Encrypted ClientHello, and when the server rejects the configuration and has sent others, once more with
 * those (RFC 9849 §6.1.6). `dial` makes the transport anew for each attempt. A second rejection is final: such a server
 * contradicts itself. Rejects as {@link wrapClient} does, and with a TypeError for options that make no configuration.
 *
 * The server's configurations serve this one retry and are not kept: they could be used to recognise the client.
 */
export async function connectWithEch(
  dial: () => Promise<Flow>,
  options: ClientOptions,
  { withoutEch = false, ...wrapOptions }: EchRetryOptions = {},
): Promise<TlsConnection> {
  try {
    return await attempt(dial, options, wrapOptions);
  } catch (thrown) {
    const { encryptedClientHello: offer } = options;
    if (!isTlsError(thrown) || thrown.failure.kind !== 'echRejected' || typeof offer !== 'object')
      throw thrown;
    const { retryConfigs: configs } = thrown.failure;
    if (configs !== undefined && chooseEchConfig(options.crypto, configs).ok) {
      return attempt(dial, { ...options, encryptedClientHello: { ...offer, configs } }, wrapOptions);
    }
    // §6.1.6: none that this client could use is as good as none.
    if (!withoutEch) throw thrown;
    return attempt(dial, { ...options, encryptedClientHello: undefined }, wrapOptions);
  }
}

async function attempt(
  dial: () => Promise<Flow>,
  options: ClientOptions,
  wrapOptions: WrapOptions,
): Promise<TlsConnection> {
  const config = clientConfig(options);
  if (!config.ok) throw new TypeError(`${config.error.option} ${config.error.problem}`);
  return wrapClient(await dial(), config.value, wrapOptions);
}
