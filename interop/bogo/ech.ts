import { secret } from '../../nocrypto/index.ts';
import {
  type ClientOptions,
  chooseEchConfig,
  type EchKey,
  type Failure,
  type ServerOptions,
} from '../../src/index.ts';
import type { ReferenceIdentity } from '../../x509/index.ts';
import type { Settings } from './flags.ts';
import { provider } from './provider.ts';

// What the flags of Encrypted ClientHello say (RFC 9849).

/** A client's option; or BoringSSL's name for why there can be no connection. */
export type ShimEch =
  | { readonly kind: 'option'; readonly option: ClientOptions['encryptedClientHello'] }
  | { readonly kind: 'refused'; readonly name: string };

/** A list in which nothing is of use is passed over, as browsers do, unless the command line says otherwise. */
export function shimClientEch(settings: Settings): ShimEch {
  const grease = settings.has('-enable-ech-grease') ? 'grease' : undefined;
  const list = settings.text('-ech-config-list');
  const configs = list === undefined ? undefined : base64(list);
  const chosen = configs === undefined ? undefined : chooseEchConfig(provider, configs);
  if (chosen !== undefined && !chosen.ok && chosen.error.kind === 'malformed') {
    return { kind: 'refused', name: 'INVALID_ECH_CONFIG_LIST' };
  }
  if (configs !== undefined && chosen?.ok === true) return { kind: 'option', option: { configs } };
  return settings.has('-reject-unusable-ech-config')
    ? { kind: 'refused', name: 'UNUSABLE_ECH_CONFIG_LIST' }
    : { kind: 'option', option: grease };
}

export function shimServerEch(settings: Settings): ServerOptions['encryptedClientHello'] {
  const privateKeys = settings.texts('-ech-server-key');
  const isRetryConfig = settings.numbers('-ech-is-retry-config');
  const keys = settings.texts('-ech-server-config').map(
    (config, index): EchKey => ({
      config: base64(config),
      privateKey: secret(base64(privateKeys[index] ?? '')),
      isRetryConfig: isRetryConfig[index] === 1,
    }),
  );
  return keys.length === 0 ? undefined : { keys };
}

/** What is wrong with the name that a client's server was judged by. */
export function nameProblem(settings: Settings, identity: ReferenceIdentity | undefined): string | undefined {
  const name = identity?.kind === 'dns' ? identity.name : '';
  const wanted = settings.has('-expect-no-ech-name-override')
    ? (settings.text('-host-name') ?? '')
    : settings.text('-expect-ech-name-override');
  return wanted === undefined || wanted === name ? undefined : `judged by the name ${name}, not ${wanted}`;
}

/** What is wrong with the configurations that came with a failure. */
export function retryConfigsProblem(settings: Settings, failure: Failure): string | undefined {
  const found = failure.kind === 'echRejected' ? (failure.retryConfigs ?? new Uint8Array(0)) : undefined;
  const wanted = settings.has('-expect-no-ech-retry-configs')
    ? ''
    : settings.text('-expect-ech-retry-configs');
  if (wanted === undefined) return undefined;
  return found !== undefined && Buffer.from(found).equals(base64(wanted))
    ? undefined
    : 'other configurations to retry with than expected';
}

function base64(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'base64'));
}
