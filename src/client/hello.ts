import { type GroupName, generate, type Rng, type RunningHash, type Secret } from '../../nocrypto/index.ts';
import { decompressible } from '../certificate-compression.ts';
import { type CipherSuite, cipherSuites, type SuiteHash } from '../cipher-suites.ts';
import {
  type CertificateType,
  certificateTypeCodes,
  protocolVersions,
  pskKeyExchangeModes,
  versionCodes,
} from '../codepoints.ts';
import type { ClientConfig } from '../config.ts';
import { type EarlyDataProgress, notOffered, rejected } from '../early-data.ts';
import type { ClientHelloExtension, KeyShareEntry } from '../extensions.ts';
import { groupCode } from '../groups.ts';
import { type ClientHello, encodeHandshake, RANDOM_LENGTH } from '../messages.ts';
import { judge, type KeyProof, type PeerProof, resumedKey } from '../peer-certificate.ts';
import { binder, bindersLength, type ExternalPsk, importPsk } from '../psk.ts';
import { isFresh, rememberTheSame, type Session, sessionHash, type Tls13Session } from '../session.ts';
import { signatureSchemes } from '../signature-schemes.ts';
import { anyOcspResponder } from '../stapling.ts';
import { isTls12Group } from '../tls12/groups.ts';
import { type Action, sendHandshake } from '../transition.ts';
import { earlyDataTerms, openEarlyData } from './early-data.ts';
import {
  encloseAgain,
  encloseHello,
  greaseEch,
  grouped,
  innerExtension,
  innerHello,
  visibleName,
} from './ech.ts';
import { inConfiguredOrder, shapeHello } from './hello-shape.ts';
import type { AwaitServerHello, EchOffer, OfferedPsk, SentHello } from './phase.ts';
import { sessionName } from './session-name.ts';
import { tls12HelloExtensions, tls12SuiteCodes } from './tls12/hello.ts';
import type { OfferedTls12Session } from './tls12/phase.ts';

/** What a connection may go on from. */
export interface Resumption {
  /** Sessions of earlier connections, the most wanted first. */
  readonly sessions: readonly Session[];
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
  /**
   * Offers early data (0-RTT) where the first session, or without one the first external PSK, allows it; not from a session
   * under `authenticator: 'ask'`, whose verdict would come too late. `status` says how much may then be sent, by
   * `sendEarlyData`. Default false: see there what such data lacks.
   */
  readonly earlyData?: boolean | undefined;
}

/** The first step of a client: its ClientHello (RFC 9846 §4.2.2). */
export function startClient(
  config: ClientConfig,
  rng: Rng,
  resumption: Resumption | undefined,
): { readonly phase: AwaitServerHello; readonly actions: readonly Action[] } {
  // Whom a session is for must not be seen from outside.
  const tls12Session = config.ech.kind === 'offer' ? undefined : offeredTls12Session(config, resumption);
  const sessionIdEnd = RANDOM_LENGTH + (drawsSessionId(config, tls12Session) ? SESSION_ID_LENGTH : 0);
  // Drawn at once: every draw also moves the generator on, which costs more than the bytes do.
  const drawn = generate(rng, sessionIdEnd + entropyLength(config, config.keyShares));
  // Copies of what is public, so that no secret lies in the same buffer.
  const random = drawn.bytes.slice(0, RANDOM_LENGTH);
  const drawnSessionId = drawn.bytes.slice(RANDOM_LENGTH, sessionIdEnd);
  const shares = generateKeyShares(config, config.keyShares, drawn.bytes.subarray(sessionIdEnd));
  const psks = offeredPsks(config, resumption);
  const terms = resumption?.earlyData === true ? earlyDataTerms(config, psks) : undefined;
  const hello: ClientHello = {
    legacyVersion: protocolVersions.tls12,
    random,
    legacySessionId:
      tls12Session?.session.ticket.length === 0 ? tls12Session.session.sessionId : drawnSessionId,
    cipherSuites: [...config.cipherSuites.map((name) => cipherSuites[name].code), ...tls12SuiteCodes(config)],
    legacyCompressionMethods: Uint8Array.of(0),
    extensions: helloExtensions(config, shares.entries, psks.length > 0, terms !== undefined, tls12Session),
  };
  const shaped = shapeHello(config, hello, drawn.rng);
  const offer = { keyShares: shares.keyShares, psks, early: notOffered, tls12Session };
  const send = (whole: ClientHello) => sendHello(config, whole, offer, undefined);
  const { actions: opening, ...opened } = openHello(config, shaped.hello, shaped.rng, send);
  const phase: AwaitServerHello = { kind: 'awaitServerHello', ...opened };
  if (terms === undefined) return { phase, actions: opening };
  const { early, actions } = openEarlyData(config, terms, phase.ech?.inner ?? phase.sent);
  return {
    phase: withEarlyData(phase, early),
    // §E.4: before the first record that is protected.
    actions: [...opening, ...(config.middleboxCompatibility ? [CHANGE_CIPHER_SPEC] : []), ...actions],
  };
}

/** The hello that is meant, in the clear, beside GREASE, or inside of another one (RFC 9849 §6). */
function openHello(
  config: ClientConfig,
  hello: ClientHello,
  rng: Rng,
  send: (hello: ClientHello) => { readonly sent: SentHello; readonly action: Action },
): Pick<AwaitServerHello, 'sent' | 'ech' | 'rng'> & { readonly actions: readonly Action[] } {
  switch (config.ech.kind) {
    case 'none': {
      const { sent, action } = send(hello);
      return { sent, ech: undefined, actions: [action], rng };
    }
    case 'grease': {
      const greased = greaseEch(config, hello, rng);
      const { sent, action } = send(greased.hello);
      return { sent, ech: undefined, actions: [action], rng: greased.rng };
    }
    case 'offer': {
      const inner = send(innerHello(config, hello)).sent;
      return encloseHello(config, config.ech.config, hello, inner, rng);
    }
  }
}

/** Early data goes with the hello that is meant; whoever answers the other one drops it unread. */
function withEarlyData(phase: AwaitServerHello, early: EarlyDataProgress): AwaitServerHello {
  const { sent, ech } = phase;
  return {
    ...phase,
    sent: { ...sent, early },
    ech: ech && { ...ech, inner: { ...ech.inner, early } },
  };
}

/** What a HelloRetryRequest asks for. `transcript` ends with it. */
export interface Retry {
  readonly group: GroupName | undefined;
  readonly cookie: Uint8Array | undefined;
  readonly suite: CipherSuite;
  readonly transcript: RunningHash;
}

const CHANGE_CIPHER_SPEC: Action = { kind: 'sendChangeCipherSpec' };

/**
 * The ClientHello that answers a HelloRetryRequest: the first one with the key share that was asked for and the cookie,
 * and nothing else changed (§4.2.2).
 */
export function retryHello(
  config: ClientConfig,
  first: SentHello,
  retry: Retry,
  rng: Rng,
): { readonly sent: SentHello; readonly actions: readonly Action[]; readonly rng: Rng } {
  const drawn = retryShares(config, first, retry.group, rng);
  const { sent, action } = sendRetry(
    config,
    first,
    amended(config, first.hello, retry, drawn.entries),
    drawn.keyShares,
    retry,
  );
  return { sent, actions: [action], rng: drawn.rng };
}

/** As {@link retryHello}, where the server has read the inner hello: both hellos of the pair change in the same way. */
export function retryInnerHello(
  config: ClientConfig,
  offer: EchOffer,
  outer: SentHello,
  retry: Retry,
  rng: Rng,
): { readonly sent: SentHello; readonly actions: readonly Action[]; readonly rng: Rng } {
  const { inner } = offer;
  const drawn = retryShares(config, inner, retry.group, rng);
  const second = grouped(config, amended(config, inner.hello, retry, drawn.entries));
  const { sent } = sendRetry(config, inner, second, drawn.keyShares, retry);
  const around = amended(config, outer.hello, retry, drawn.entries);
  return { sent, ...encloseAgain(config, offer, around, sent, drawn.rng) };
}

function sendRetry(
  config: ClientConfig,
  first: SentHello,
  hello: ClientHello,
  keyShares: SentHello['keyShares'],
  { suite, transcript }: Retry,
): { readonly sent: SentHello; readonly action: Action } {
  // Keys that do not go with the suite's hash are of no more use (§4.2.4).
  const psks = first.psks.filter(({ psk }) => psk.hash === suite.hash);
  const early = first.early.kind === 'offered' ? rejected('hello-retry-request') : first.early;
  // A server that asks for another hello speaks TLS 1.3.
  const offer = { keyShares, psks, early, tls12Session: undefined };
  return sendHello(config, hello, offer, transcript);
}

/** A share for the group that was asked for; where none was, those of the first hello stay. */
function retryShares(
  config: ClientConfig,
  first: SentHello,
  group: GroupName | undefined,
  rng: Rng,
): {
  readonly entries: readonly KeyShareEntry[] | undefined;
  readonly keyShares: SentHello['keyShares'];
  readonly rng: Rng;
} {
  if (group === undefined) return { entries: undefined, keyShares: first.keyShares, rng };
  const drawn = generate(rng, entropyLength(config, [group]));
  return { ...generateKeyShares(config, [group], drawn.bytes), rng: drawn.rng };
}

function amended(
  config: ClientConfig,
  first: ClientHello,
  { cookie }: Retry,
  shares: readonly KeyShareEntry[] | undefined,
): ClientHello {
  const extensions = first.extensions.flatMap((extension): readonly ClientHelloExtension[] => {
    // Early data is not permitted any more (§4.2.2), and the binders are made anew.
    if (extension.name === 'preSharedKey' || extension.name === 'earlyData') return [];
    return extension.name === 'keyShare' && shares !== undefined
      ? [{ name: 'keyShare', value: shares }]
      : [extension];
  });
  const withCookie: readonly ClientHelloExtension[] =
    cookie === undefined ? extensions : [...extensions, { name: 'cookie', value: cookie }];
  return inConfiguredOrder(config.extensionOrder, { ...first, extensions: withCookie });
}

/**
 * A session id is drawn to look like TLS 1.2 (§E.4), and for a TLS 1.2 ticket: a server that takes it repeats the session id
 * (RFC 5077 §3.4).
 */
function drawsSessionId(
  { middleboxCompatibility, versions }: ClientConfig,
  offered: OfferedTls12Session | undefined,
): boolean {
  const isForTicket = offered !== undefined && offered.session.ticket.length > 0;
  return isForTicket || (middleboxCompatibility && versions.includes('1.3'));
}

const SESSION_ID_LENGTH = 32;

/** `before` is the transcript in front of this hello: after a HelloRetryRequest there is one. */
function sendHello(
  config: ClientConfig,
  hello: ClientHello,
  offer: Omit<SentHello, 'hello' | 'raw'>,
  before: RunningHash | undefined,
): { readonly sent: SentHello; readonly action: Action } {
  const { psks } = offer;
  const whole = psks.length === 0 ? hello : withPsks(config, hello, psks, before);
  const action = sendHandshake({ kind: 'clientHello', body: whole });
  return { sent: { hello: whole, raw: action.raw, ...offer }, action };
}

/** §4.3.11: pre_shared_key stands last, and each binder covers all that stands before the binders. */
function withPsks(
  { crypto }: ClientConfig,
  hello: ClientHello,
  psks: readonly OfferedPsk[],
  before: RunningHash | undefined,
): ClientHello {
  const identities = psks.map(({ identity, obfuscatedTicketAge }) => ({ identity, obfuscatedTicketAge }));
  const withBinders = (binders: readonly Uint8Array[]): ClientHello => ({
    ...hello,
    extensions: [...hello.extensions, { name: 'preSharedKey', value: { identities, binders } }],
  });
  const empty = psks.map(({ psk }) => new Uint8Array(crypto.hashes[psk.hash].outputLength));
  const draft = encodeHandshake({ kind: 'clientHello', body: withBinders(empty) });
  const covered = draft.subarray(0, draft.length - bindersLength(empty));
  return withBinders(
    psks.map(({ psk }) => binder(crypto, psk, (before ?? crypto.hashes[psk.hash].start()).update(covered))),
  );
}

/** What this client can resume or prove; sessions first, since they are the likelier to be known. */
function offeredPsks(config: ClientConfig, resumption: Resumption | undefined): readonly OfferedPsk[] {
  const hashes = [...new Set(config.cipherSuites.map((name) => cipherSuites[name].hash))];
  const { sessions, now } = resumption ?? { sessions: [], now: 0 };
  const usable = sessions.filter(
    (session): session is Tls13Session =>
      session.version === 'TLS 1.3' && isFor(config, session, now) && hashes.includes(sessionHash(session)),
  );
  return [
    ...offeredSessions(config, fitting(usable.slice(0, config.limits.pskIdentities)), now),
    ...config.externalPsks.flatMap((external) =>
      hashesFor(external, hashes).map(
        (hash): OfferedPsk => ({
          ...importPsk(config.crypto, external, hash),
          obfuscatedTicketAge: 0,
          earlyData: external.earlyData,
          source: { kind: 'external', external },
        }),
      ),
    ),
  ];
}

/**
 * Servers choose how long their tickets are, and a block of extensions has room for 65,535 bytes: those that fit even where
 * each stands in an encrypted hello and once more, as GREASE, around it.
 */
function fitting(sessions: readonly Tls13Session[]): readonly Tls13Session[] {
  let left = MOST_TICKETS;
  return sessions.filter(({ ticket }) => {
    const fits = ticket.length <= left;
    if (fits) left -= ticket.length;
    return fits;
  });
}

/** Bytes of all tickets in a ClientHello; one of them has at most 16 KiB. */
const MOST_TICKETS = 20 * 1024;

/** Bytes of the one ticket of TLS 1.2 beside them: there a server can give longer ones. */
const MOST_TLS12_TICKET = 16 * 1024;

/** Early data goes with the first PSK: with a key for it, that is the one for the hash of its suite. */
function hashesFor({ earlyData }: ExternalPsk, hashes: readonly SuiteHash[]): readonly SuiteHash[] {
  if (earlyData === undefined) return hashes;
  const { hash } = cipherSuites[earlyData.cipherSuite];
  return [hash, ...hashes.filter((other) => other !== hash)];
}

/** Sessions whose server would be accepted today. Those of one connection remember the same, which is judged once. */
function offeredSessions(
  config: ClientConfig,
  sessions: readonly Tls13Session[],
  now: number,
): readonly OfferedPsk[] {
  const remembered: { readonly session: Tls13Session; readonly server: RememberedServer | undefined }[] = [];
  for (const session of sessions) {
    const alike = remembered.find((other) => rememberTheSame(other.session, session));
    remembered.push({ session, server: alike ? alike.server : rememberedServer(config, session, now) });
  }
  return remembered.flatMap(({ session, server }) =>
    server === undefined ? [] : [offeredSession(session, server, now)],
  );
}

function offeredSession(session: Tls13Session, server: RememberedServer, now: number): OfferedPsk {
  const { maxEarlyData, cipherSuite, applicationProtocol } = session;
  return {
    identity: session.ticket,
    psk: { secret: session.psk, hash: sessionHash(session), binderLabel: 'res binder' },
    obfuscatedTicketAge: (Math.floor(now - session.receivedAt) + session.ticketAgeAdd) % 2 ** 32,
    earlyData: maxEarlyData === 0 ? undefined : { maxEarlyData, cipherSuite, applicationProtocol },
    source: { kind: 'session', ...server },
  };
}

/** The session of TLS 1.2 to go on from: a ClientHello has room for one. */
function offeredTls12Session(
  config: ClientConfig,
  resumption: Resumption | undefined,
): OfferedTls12Session | undefined {
  const { sessions, now } = resumption ?? { sessions: [], now: 0 };
  for (const session of sessions) {
    if (session.version !== 'TLS 1.2' || !isFor(config, session, now)) continue;
    if (!config.tls12CipherSuites.includes(session.cipherSuite)) continue;
    if (session.ticket.length > MOST_TLS12_TICKET) continue;
    const server = rememberedServer(config, session, now);
    if (server !== undefined) return { session, ...server };
  }
  return undefined;
}

function isFor(config: ClientConfig, session: Session, now: number): boolean {
  return isFresh(session, now) && session.serverName === sessionName(config);
}

interface RememberedServer {
  readonly proof: KeyProof;
  readonly peer: PeerProof | undefined;
}

/**
 * The server of a session, if it would be accepted today. A session with one that would not (its certificate has expired,
 * is trusted no more) is left out: what the server shows in a full handshake may be better. `peer` is undefined when the
 * caller is still to give the verdict.
 */
function rememberedServer(config: ClientConfig, session: Session, now: number): RememberedServer | undefined {
  const proof = resumedKey(config, session, session.signatureScheme);
  if (!proof.ok) return undefined;
  const judged = judge(config, config, proof.value, now);
  if (!judged.ok) return undefined;
  const peer = judged.value.kind === 'accepted' ? judged.value.proof : undefined;
  return { proof: proof.value, peer };
}

function helloExtensions(
  config: ClientConfig,
  keyShares: readonly KeyShareEntry[],
  offersPsks: boolean,
  offersEarlyData: boolean,
  tls12Session: OfferedTls12Session | undefined,
): readonly ClientHelloExtension[] {
  const { applicationProtocols, versions } = config;
  const serverName = visibleName(config);
  const speaksTls13 = versions.includes('1.3');
  const extensions: ClientHelloExtension[] = [];
  if (serverName !== undefined) {
    extensions.push({ name: 'serverName', value: [{ nameType: 0, hostName: serverName }] });
  }
  if (speaksTls13) {
    extensions.push({ name: 'supportedVersions', value: versions.map((name) => versionCodes[name]) });
  }
  const groups = speaksTls13 ? config.groups : config.groups.filter(isTls12Group);
  extensions.push(
    { name: 'supportedGroups', value: groups.map(groupCode) },
    {
      name: 'signatureAlgorithms',
      value: config.signatureSchemes.map((name) => signatureSchemes[name].code),
    },
  );
  if (config.requestOcsp) extensions.push({ name: 'statusRequest', value: anyOcspResponder });
  if (config.requestScts) {
    extensions.push({ name: 'signedCertificateTimestamp', value: new Uint8Array(0) });
  }
  const compressCertificate = decompressible(config);
  if (speaksTls13 && compressCertificate.length > 0) {
    extensions.push({ name: 'compressCertificate', value: compressCertificate });
  }
  if (speaksTls13) extensions.push({ name: 'keyShare', value: keyShares });
  if (speaksTls13 && (config.acceptTickets || offersPsks)) {
    extensions.push({
      name: 'pskKeyExchangeModes',
      value: config.pskKeyExchangeModes.map((mode) => pskKeyExchangeModes[mode]),
    });
  }
  if (config.certificateAuthorities.length > 0) {
    extensions.push({ name: 'certificateAuthorities', value: config.certificateAuthorities });
  }
  if (!isDefaultAlone(config.clientCertificateTypes)) {
    const value = config.clientCertificateTypes.map((type) => certificateTypeCodes[type]);
    extensions.push({ name: 'clientCertificateType', value });
  }
  if (!isDefaultAlone(config.peerCertificateTypes)) {
    const value = config.peerCertificateTypes.map((type) => certificateTypeCodes[type]);
    extensions.push({ name: 'serverCertificateType', value });
  }
  if (applicationProtocols.length > 0) {
    extensions.push({ name: 'applicationLayerProtocolNegotiation', value: applicationProtocols });
  }
  if (config.recordSizeLimit !== undefined) {
    extensions.push({ name: 'recordSizeLimit', value: config.recordSizeLimit });
  }
  if (config.ech.kind !== 'none') extensions.push(innerExtension);
  if (config.postHandshakeAuthentication) {
    extensions.push({ name: 'postHandshakeAuth', value: new Uint8Array(0) });
  }
  if (config.ticketRequest !== undefined) {
    extensions.push({ name: 'ticketRequest', value: config.ticketRequest });
  }
  extensions.push(...tls12HelloExtensions(config, tls12Session));
  for (const { type, data } of config.rawExtensions) extensions.push({ name: 'unknown', type, data });
  if (offersEarlyData) extensions.push({ name: 'earlyData', value: new Uint8Array(0) });
  return extensions;
}

/** RFC 7250 §4.1: then the extension must be left out. */
function isDefaultAlone(types: readonly CertificateType[]): boolean {
  return types.every((type) => type === 'x509');
}

interface KeyShares {
  readonly entries: readonly KeyShareEntry[];
  readonly keyShares: readonly { readonly group: GroupName; readonly privateKey: Secret }[];
}

/** §4.3.8: one share for each group, each from randomness of its own: `entropyLength` bytes in all. */
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
