import { type GroupName, generate, type Rng, type Secret } from '../../nocrypto/index.ts';
import { cipherSuites } from '../cipher-suites.ts';
import { protocolVersions } from '../codepoints.ts';
import type { ClientConfig } from '../config.ts';
import type { ClientHelloExtension, KeyShareEntry } from '../extensions.ts';
import { groupCode } from '../groups.ts';
import type { ClientHello } from '../messages.ts';
import { signatureSchemes } from '../signature-schemes.ts';
import { type Action, sendHandshake } from '../transition.ts';
import type { AwaitServerHello, SentHello } from './phase.ts';

/** The first step of a client: its ClientHello (RFC 9846 §4.1.2). */
export function startClient(
  config: ClientConfig,
  rng: Rng,
): { readonly phase: AwaitServerHello; readonly actions: readonly Action[] } {
  const random = generate(rng, 32);
  const sessionId = generate(random.rng, config.middleboxCompatibility ? 32 : 0);
  const shares = generateKeyShares(config, config.keyShares, sessionId.rng);
  const hello: ClientHello = {
    legacyVersion: protocolVersions.tls12,
    random: random.bytes,
    legacySessionId: sessionId.bytes,
    cipherSuites: config.cipherSuites.map((name) => cipherSuites[name].code),
    legacyCompressionMethods: Uint8Array.of(0),
    extensions: helloExtensions(config, shares.entries),
  };
  const { sent, action } = sendHello(hello, shares.keyShares);
  return { phase: { kind: 'awaitServerHello', sent, rng: shares.rng }, actions: [action] };
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
): { readonly sent: SentHello; readonly action: Action } {
  const shares = group === undefined ? undefined : generateKeyShares(config, [group], rng);
  const extensions = first.hello.extensions.map(
    (extension): ClientHelloExtension =>
      extension.name === 'keyShare' && shares !== undefined
        ? { name: 'keyShare', value: shares.entries }
        : extension,
  );
  const withCookie: readonly ClientHelloExtension[] =
    cookie === undefined ? extensions : [...extensions, { name: 'cookie', value: cookie }];
  return sendHello({ ...first.hello, extensions: withCookie }, shares?.keyShares ?? first.keyShares);
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
  readonly rng: Rng;
}

/** §4.2.8: one share for each group, each from its own randomness. */
function generateKeyShares(config: ClientConfig, groups: readonly GroupName[], rng: Rng): KeyShares {
  const entries: KeyShareEntry[] = [];
  const keyShares: { readonly group: GroupName; readonly privateKey: Secret }[] = [];
  let next = rng;
  for (const name of groups) {
    const group = config.crypto.groups[name];
    const entropy = generate(next, group.generateEntropyLength);
    const { privateKey, share } = group.generate(entropy.bytes);
    entries.push({ group: groupCode(name), keyExchange: share });
    keyShares.push({ group: name, privateKey });
    next = entropy.rng;
  }
  return { entries, keyShares, rng: next };
}
