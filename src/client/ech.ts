import {
  generate,
  type HpkeContext,
  type HpkeSuite,
  hpkePrivateKeyLength,
  hpkeSeal,
  hpkeSetupSender,
  type Rng,
  type RunningHash,
  secret,
} from '../../nocrypto/index.ts';
import { type CipherSuite, cipherSuiteOfCode } from '../cipher-suites.ts';
import { protocolVersions } from '../codepoints.ts';
import type { ClientConfig } from '../config.ts';
import { echCipherSuiteOf, echInfo, type UsableEchConfig } from '../ech/config.ts';
import { acceptConfirmation, confirmationIn, retryConfirmation } from '../ech/confirmation.ts';
import type { EchClientHello } from '../ech/extension.ts';
import { encodeInner } from '../ech/inner.ts';
import { type ClientHelloExtension, findExtension } from '../extensions.ts';
import { isGrease } from '../grease.ts';
import {
  type ClientHello,
  encodeHandshake,
  HANDSHAKE_HEADER_LENGTH,
  type HelloRetryRequest,
  RANDOM_LENGTH,
  type ServerHello,
} from '../messages.ts';
import { tls12SuiteOfCode } from '../tls12/suites.ts';
import { startTranscript } from '../transcript.ts';
import { type Action, logSecret, type SendHandshake, sendHandshake, traceEch } from '../transition.ts';
import type { AwaitServerHello, EchOffer, EchOutcome, OfferedPsk, SentHello } from './phase.ts';

// A client's part in Encrypted ClientHello (RFC 9849 §6): the hello it means goes inside of one that everybody may see.

/**
 * Which hello of a pair an extension stands in: `both` with the same value, so that the inner one only refers to it;
 * `inner` where it could tell which server behind the public name is meant (§10.5); `outer` where it is for TLS 1.2, which
 * the inner one does not offer; `own` where each hello may have a value of its own.
 */
type Place = 'both' | 'inner' | 'outer' | 'own';

const places: Readonly<Record<Exclude<ClientHelloExtension['name'], 'unknown'>, Place>> = {
  serverName: 'own',
  statusRequest: 'both',
  signedCertificateTimestamp: 'both',
  supportedGroups: 'both',
  signatureAlgorithms: 'both',
  applicationLayerProtocolNegotiation: 'both',
  earlyData: 'both',
  supportedVersions: 'own',
  cookie: 'both',
  clientCertificateType: 'both',
  serverCertificateType: 'both',
  compressCertificate: 'both',
  recordSizeLimit: 'both',
  certificateAuthorities: 'inner',
  signatureAlgorithmsCert: 'both',
  keyShare: 'both',
  pskKeyExchangeModes: 'both',
  ecPointFormats: 'outer',
  encryptThenMac: 'outer',
  maxFragmentLength: 'outer',
  extendedMasterSecret: 'outer',
  sessionTicket: 'outer',
  renegotiationInfo: 'outer',
  encryptedClientHello: 'own',
  postHandshakeAuth: 'both',
  ticketRequest: 'both',
  preSharedKey: 'own',
};

/** The name that stands in the clear, if any. */
export function visibleName({ ech, serverName }: ClientConfig): string | undefined {
  return ech.kind === 'offer' ? ech.config.publicIdentity.name : serverName;
}

/**
 * The inner of the hello that `draft` describes as it will look from outside: the true name, nothing of TLS 1.2, and the
 * extensions that are in both one behind the other (§6.1).
 */
export function innerHello(config: ClientConfig, draft: ClientHello): ClientHello {
  const extensions = draft.extensions.flatMap((extension): readonly ClientHelloExtension[] => {
    if (placeOf(config, extension) === 'outer') return [];
    switch (extension.name) {
      case 'serverName':
        return config.serverName === undefined ? [] : [hostName(config.serverName)];
      case 'supportedVersions':
        return [
          {
            name: 'supportedVersions',
            value: extension.value.filter((code) => code > protocolVersions.tls12),
          },
        ];
      default:
        return [extension];
    }
  });
  const cipherSuites = draft.cipherSuites.filter((code) => tls12SuiteOfCode(code) === undefined);
  return grouped(config, { ...draft, cipherSuites, extensions });
}

/** Stands the extensions that are in both hellos behind the others, one after the other (§5.1). */
export function grouped(config: ClientConfig, inner: ClientHello): ClientHello {
  const shared = inner.extensions.filter((extension) => placeOf(config, extension) === 'both');
  const rest = inner.extensions.filter((extension) => !shared.includes(extension));
  return { ...inner, extensions: [...rest, ...shared] };
}

/** The extension as it stands in an inner hello, and in a draft of one. */
export const innerExtension: ClientHelloExtension = {
  name: 'encryptedClientHello',
  value: { kind: 'inner', value: new Uint8Array(0) },
};

/** Encrypts a first inner hello (§6.1.1). `draft` is what {@link innerHello} was made of. */
export function encloseHello(
  config: ClientConfig,
  ech: UsableEchConfig,
  draft: ClientHello,
  inner: SentHello,
  rng: Rng,
): {
  readonly sent: SentHello;
  readonly ech: EchOffer;
  readonly actions: readonly Action[];
  readonly rng: Rng;
} {
  const { crypto } = config;
  const drawn = generate(rng, RANDOM_LENGTH + hpkePrivateKeyLength(ech.suite.kem));
  const setup = hpkeSetupSender(crypto, ech.suite, {
    recipient: ech.contents.keyConfig.publicKey,
    entropy: drawn.bytes.slice(RANDOM_LENGTH),
    info: echInfo(ech.bytes),
  });
  if (!setup.ok) throw new TypeError(`an ECHConfig was not checked: ${setup.error.detail}`);
  const { encapsulated, context } = setup.value;
  const random = drawn.bytes.slice(0, RANDOM_LENGTH);
  const outer = {
    ...draft,
    random,
    extensions: draft.extensions.filter((e) => placeOf(config, e) !== 'inner'),
  };
  const sealed = seal(config, ech, context, encapsulated, outer, inner, drawn.rng);
  return {
    sent: sealed.sent,
    ech: { inner, config: ech, context: sealed.context },
    actions: [
      traceEch('offered', inner.hello),
      // RFC 9850 §2.3: under the random that stands on the wire.
      logSecret('ECH_SECRET', random, context.sharedSecret),
      logSecret('ECH_CONFIG', random, secret(ech.bytes)),
      sealed.action,
    ],
    rng: sealed.rng,
  };
}

/** Encrypts the inner hello that answers a HelloRetryRequest, under the context of the first (§6.1.5). */
export function encloseAgain(
  config: ClientConfig,
  offer: EchOffer,
  outer: ClientHello,
  inner: SentHello,
  rng: Rng,
): { readonly actions: readonly Action[]; readonly rng: Rng } {
  const sealed = seal(config, offer.config, offer.context, new Uint8Array(0), outer, inner, rng);
  return { actions: [traceEch('offered', inner.hello), sealed.action], rng: sealed.rng };
}

/** What looks like an encrypted hello and is none (§6.2.1). Its length is that of one this client would encrypt. */
export function greaseEch(
  config: ClientConfig,
  hello: ClientHello,
  rng: Rng,
): { readonly hello: ClientHello; readonly rng: Rng } {
  const shared = hello.extensions.filter((extension) => placeOf(config, extension) === 'both');
  const { length } = encodeInner(innerHello(config, hello), shared, 0);
  const entropyLength = hpkePrivateKeyLength(GREASE_SUITE.kem);
  const drawn = generate(rng, entropyLength + 1 + length + TAG_LENGTH);
  const { crypto } = config;
  const { share } = crypto.groups.x25519.generate(drawn.bytes.slice(0, entropyLength));
  const value: EchClientHello = {
    kind: 'outer',
    value: {
      cipherSuite: echCipherSuiteOf(GREASE_SUITE),
      configId: drawn.bytes[entropyLength] ?? 0,
      enc: share,
      payload: drawn.bytes.slice(entropyLength + 1),
    },
  };
  return { hello: withEch(hello, value), rng: drawn.rng };
}

/** Which hello a ServerHello answers (§6.1.4), and what the client believes from then on. */
export function answeredHello(
  config: ClientConfig,
  { sent, ech }: AwaitServerHello,
  hello: ServerHello,
  raw: Uint8Array,
): { readonly sent: SentHello; readonly outcome: EchOutcome } {
  if (ech === undefined) return { sent, outcome: { kind: 'notOffered' } };
  const suite = agreedSuite(hello);
  if (suite === undefined) return { sent, outcome: rejected(ech) };
  const transcript = startTranscript(config.crypto, suite.hash, ech.inner.raw);
  return isConfirmed(config, suite, ech.inner, transcript, raw)
    ? { sent: ech.inner, outcome: { kind: 'accepted' } }
    : { sent, outcome: rejected(ech) };
}

/** Which hello a HelloRetryRequest answers (§6.1.4). */
export function retriedHello(
  { crypto }: ClientConfig,
  { sent, ech }: AwaitServerHello,
  retry: HelloRetryRequest,
): { readonly sent: SentHello; readonly outcome: EchOutcome } {
  if (ech === undefined) return { sent, outcome: { kind: 'notOffered' } };
  const suite = agreedSuite(retry);
  const signal = findExtension(retry.extensions, 'encryptedClientHello');
  if (suite === undefined || signal === undefined) return { sent, outcome: rejected(ech) };
  const { hello, raw } = ech.inner;
  return crypto.equal(signal, retryConfirmation(crypto, suite.hash, hello.random, raw, retry))
    ? { sent: ech.inner, outcome: { kind: 'accepted' } }
    : { sent, outcome: rejected(ech) };
}

/** Whether a ServerHello holds the signal for this inner hello. `transcript` is up to that hello. */
export function isConfirmed(
  { crypto }: ClientConfig,
  suite: CipherSuite,
  inner: SentHello,
  transcript: RunningHash,
  serverHello: Uint8Array,
): boolean {
  const expected = acceptConfirmation(crypto, suite.hash, inner.hello.random, transcript, serverHello);
  return crypto.equal(expected, confirmationIn(serverHello));
}

function hostName(name: string): ClientHelloExtension {
  return { name: 'serverName', value: [{ nameType: 0, hostName: name }] };
}

/** Of every AEAD that HPKE has. */
const TAG_LENGTH = 16;

/** RFC 9849 §9: what every client and every server has. */
const GREASE_SUITE: HpkeSuite = { kem: 'dhkem-x25519', kdf: 'hkdf-sha256', aead: 'aes-128-gcm' };

function placeOf({ ech }: ClientConfig, extension: ClientHelloExtension): Place {
  // What a caller adds could tell anything; what is GREASE tells nothing.
  if (extension.name === 'unknown') return isGrease(extension.type) ? 'both' : 'inner';
  if (extension.name === 'applicationLayerProtocolNegotiation' && ech.kind === 'offer') {
    return ech.hideApplicationProtocols ? 'inner' : 'both';
  }
  return places[extension.name];
}

/** The suite that a server has chosen for TLS 1.3; undefined where it has not, or where nobody knows what. */
function agreedSuite(hello: ServerHello | HelloRetryRequest): CipherSuite | undefined {
  const version = findExtension<(typeof hello.extensions)[number], 'supportedVersions'>(
    hello.extensions,
    'supportedVersions',
  );
  return version === protocolVersions.tls13 ? cipherSuiteOfCode(hello.cipherSuite) : undefined;
}

function rejected({ config }: EchOffer): EchOutcome {
  return { kind: 'rejected', publicIdentity: config.publicIdentity, retryConfigs: undefined };
}

/** §6.1.1: the payload is made last, over a hello that has zeros in its place. */
function seal(
  config: ClientConfig,
  ech: UsableEchConfig,
  context: HpkeContext<'sender'>,
  enc: Uint8Array,
  draft: ClientHello,
  inner: SentHello,
  rng: Rng,
): {
  readonly sent: SentHello;
  readonly action: SendHandshake;
  readonly context: HpkeContext<'sender'>;
  readonly rng: Rng;
} {
  const greased = greasePsks(inner.psks, rng);
  const inOuter = inner.hello.extensions.filter((extension) => placeOf(config, extension) === 'both');
  const encoded = encodeInner(inner.hello, inOuter, ech.contents.maximumNameLength);
  const withPayload = (payload: Uint8Array): ClientHello => {
    const cipherSuite = echCipherSuiteOf(ech.suite);
    const { configId } = ech.contents.keyConfig;
    const whole = { ...draft, extensions: [...draft.extensions, ...greased.extensions] };
    return withEch(whole, { kind: 'outer', value: { cipherSuite, configId, enc, payload } });
  };
  const blank = withPayload(new Uint8Array(encoded.length + TAG_LENGTH));
  const aad = encodeHandshake({ kind: 'clientHello', body: blank }).subarray(HANDSHAKE_HEADER_LENGTH);
  const sealed = hpkeSeal(context, aad, encoded);
  const hello = withPayload(sealed.ciphertext);
  const action = sendHandshake({ kind: 'clientHello', body: hello });
  return {
    // §6.1: no PSK is offered in it that a server could take.
    sent: {
      hello,
      raw: action.raw,
      keyShares: inner.keyShares,
      psks: [],
      early: inner.early,
      tls12Session: undefined,
    },
    action,
    context: sealed.context,
    rng: greased.rng,
  };
}

/**
 * §6.1.2: a server that resumes the inner hello's session says so in the clear, so that something like an offer must stand
 * there, too. Random bytes of the same lengths.
 */
function greasePsks(
  psks: readonly OfferedPsk[],
  rng: Rng,
): { readonly extensions: readonly ClientHelloExtension[]; readonly rng: Rng } {
  if (psks.length === 0) return { extensions: [], rng };
  let current = rng;
  const random = (length: number): Uint8Array => {
    const drawn = generate(current, length);
    current = drawn.rng;
    return drawn.bytes;
  };
  const identities = psks.map(({ identity }) => ({
    identity: random(identity.length),
    obfuscatedTicketAge: new DataView(random(4).buffer).getUint32(0),
  }));
  const binders = psks.map(({ psk }) => random(BINDER_LENGTHS[psk.hash]));
  return { extensions: [{ name: 'preSharedKey', value: { identities, binders } }], rng: current };
}

const BINDER_LENGTHS = { sha256: 32, sha384: 48 } as const;

function withEch(hello: ClientHello, value: EchClientHello): ClientHello {
  return {
    ...hello,
    extensions: hello.extensions.map((extension) =>
      extension.name === 'encryptedClientHello' ? { name: 'encryptedClientHello', value } : extension,
    ),
  };
}
