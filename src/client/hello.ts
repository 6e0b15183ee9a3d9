import { type GroupName, generate, type Rng, type Secret } from '../../nocrypto/index.ts';
import { cipherSuites } from '../cipher-suites.ts';
import { protocolVersions } from '../codepoints.ts';
import type { ClientConfig } from '../config.ts';
import type { ClientHelloExtension, KeyShareEntry } from '../extensions.ts';
import { groupCode } from '../groups.ts';
import { type ClientHello, RANDOM_LENGTH } from '../messages.ts';
import { signatureSchemes } from '../signature-schemes.ts';
import { type Action, sendHandshake } from '../transition.ts';
import type { AwaitServerHello, SentHello } from './phase.ts';

/** The first step of a client: its ClientHello (RFC 9846 §4.1.2). */
export function startClient(
  config: ClientConfig,
  rng: Rng,
): { readonly phase: AwaitServerHello; readonly actions: readonly Action[] } {
  const sessionIdEnd = RANDOM_LENGTH + (config.middleboxCompatibility ? 32 : 0);
  // Drawn at once: every draw also moves the generator on, which costs more than the bytes do.
  const drawn = generate(rng, sessionIdEnd + entropyLength(config, config.keyShares));
  // Copies of what is public, so that no secret lies in the same buffer.
  const random = drawn.bytes.slice(0, RANDOM_LENGTH);
  const legacySessionId = drawn.bytes.slice(RANDOM_LENGTH, sessionIdEnd);
  const shares = generateKeyShares(config, config.keyShares, drawn.bytes.subarray(sessionIdEnd));
  const hello: ClientHello = {
    legacyVersion: protocolVersions.tls12,
    random,
    legacySessionId,
    cipherSuites: config.cipherSuites.map((name) => cipherSuites[name].code),
    legacyCompressionMethods: Uint8Array.of(0),
    extensions: helloExtensions(config, shares.entries),
  };
  const { sent, action } = sendHello(hello, shares.keyShares);
  return { phase: { kind: 'awaitServerHello', sent, rng: drawn.rng }, actions: [action] };
}

/**
 * The ClientHello that answers a HelloRetryRequest: the first one with the key share that was asked for and the cookie,
 * and nothing else changed (§4.1.2).
 */
export function retryHello(
  config: ClientConfig,
  first: SentHello,
  group: GroupName | undefined,
  cookie: Uint8Array | undefined,
  rng: Rng,
): { readonly sent: SentHello; readonly action: Action; readonly rng: Rng } {
  const drawn = group === undefined ? undefined : generate(rng, entropyLength(config, [group]));
  const shares =
    group === undefined || drawn === undefined ? undefined : generateKeyShares(config, [group], drawn.bytes);
  const extensions = first.hello.extensions.map(
    (extension): ClientHelloExtension =>
      extension.name === 'keyShare' && shares !== undefined
        ? { name: 'keyShare', value: shares.entries }
        : extension,
  );
  const withCookie: readonly ClientHelloExtension[] =
    cookie === undefined ? extensions : [...extensions, { name: 'cookie', value: cookie }];
  const hello = sendHello({ ...first.hello, extensions: withCookie }, shares?.keyShares ?? first.keyShares);
  return { ...hello, rng: drawn?.rng ?? rng };
}

function sendHello(
  hello: ClientHello,
  keyShares: SentHello['keyShares'],
): { readonly sent: SentHello; readonly action: Action } {
  const action = sendHandshake({ kind: 'clientHello', body: hello });
  return { sent: { hello, raw: action.raw, keyShares }, action };
}

function helloExtensions(
  config: ClientConfig,
  keyShares: readonly KeyShareEntry[],
): readonly ClientHelloExtension[] {
  const { serverName, applicationProtocols } = config;
  const extensions: ClientHelloExtension[] = [];
  if (serverName !== undefined) {
    extensions.push({ name: 'serverName', value: [{ nameType: 0, hostName: serverName }] });
  }
  extensions.push(
    { name: 'supportedVersions', value: [protocolVersions.tls13] },
    { name: 'supportedGroups', value: config.groups.map(groupCode) },
    {
      name: 'signatureAlgorithms',
      value: config.signatureSchemes.map((name) => signatureSchemes[name].code),
    },
    { name: 'keyShare', value: keyShares },
  );
  if (applicationProtocols.length > 0) {
    extensions.push({ name: 'applicationLayerProtocolNegotiation', value: applicationProtocols });
  }
  return extensions;
}

interface KeyShares {
  readonly entries: readonly KeyShareEntry[];
  readonly keyShares: readonly { readonly group: GroupName; readonly privateKey: Secret }[];
}

/** §4.2.8: one share for each group, each from randomness of its own: `entropyLength` bytes in all. */
function generateKeyShares(
  config: ClientConfig,
  groups: readonly GroupName[],
  entropy: Uint8Array,
): KeyShares {
  const entries: KeyShareEntry[] = [];
  const keyShares: { readonly group: GroupName; readonly privateKey: Secret }[] = [];
  let offset = 0;
  for (const name of groups) {
    const group = config.crypto.groups[name];
    const end = offset + group.generateEntropyLength;
    const { privateKey, share } = group.generate(entropy.subarray(offset, end));
    offset = end;
    entries.push({ group: groupCode(name), keyExchange: share });
    keyShares.push({ group: name, privateKey });
  }
  return { entries, keyShares };
}

function entropyLength({ crypto }: ClientConfig, groups: readonly GroupName[]): number {
  return groups.reduce((sum, name) => sum + crypto.groups[name].generateEntropyLength, 0);
}
