import { type GroupName, generate, type Rng, type RunningHash } from '../../nocrypto/index.ts';
import { err, ok, type Result } from '../../x509/index.ts';
import { isSame } from '../bytes.ts';
import { type CipherSuite, cipherSuites } from '../cipher-suites.ts';
import {
  type CertificateType,
  certificateTypeCodes,
  cipherSuiteCodes,
  helloRetryRequestRandom,
  nameOf,
  type PskKeyExchangeModeName,
  protocolVersions,
  pskKeyExchangeModes,
} from '../codepoints.ts';
import type { ServerConfig } from '../config.ts';
import type { EarlyDataFact } from '../early-data.ts';
import { retryConfirmation } from '../ech/confirmation.ts';
import { CONFIRMATION_LENGTH } from '../ech/extension.ts';
import type { ReceivedHello } from '../ech/inner.ts';
import {
  type ClientHelloExtension,
  checkRequest,
  findExtension,
  type HelloRetryRequestExtension,
  type KeyShareEntry,
  type RawExtension,
  rawExtensions,
} from '../extensions.ts';
import { type Failure, incompatible, misbehaved } from '../failure.ts';
import { groupCode, groupOfCode, isHybrid } from '../groups.ts';
import { type ClientHello, clientHello, type HelloRetryRequest } from '../messages.ts';
import { agreedRecordSizes, recordSizeLimitProblem } from '../record-size.ts';
import type { ClientHelloFacts } from '../request.ts';
import { signatureSchemeOfCode } from '../signature-schemes.ts';
import { isOcspRequest, statusRequestProblem } from '../stapling.ts';
import type { RecordSizes } from '../state.ts';
import { listed } from '../text.ts';
import { startRetryTranscript } from '../transcript.ts';
import { precededBy, sendHandshake, type Transition } from '../transition.ts';
import { encode } from '../wire/codec.ts';
import { earlyDataOf, skippingEarlyData } from './early-data.ts';
import { type AnsweredHello, openSecondHello } from './ech.ts';
import type {
  Agreed,
  AwaitClientHello,
  AwaitSecondClientHello,
  CertificateTypes,
  Undecided,
} from './phase.ts';
import { chooseMode } from './psk.ts';
import { proceed } from './resumption.ts';

/** RFC 9846 §4.2.2: the first message, and what both sides can do. */
export function answerClientHello(
  config: ServerConfig,
  phase: AwaitClientHello,
  answered: AnsweredHello,
  now: number,
): Transition {
  const { hello } = answered;
  const parameters = negotiate(config, hello);
  if (!parameters.ok) return parameters;
  const { suite, group, share } = parameters.value;
  if (findExtension(hello.extensions, 'cookie') !== undefined) {
    return err(misbehaved('unsolicited-cookie', 'a cookie in the first ClientHello'));
  }
  const earlyData = earlyDataOf(config, hello);
  if (share === undefined && group !== undefined) {
    const retry = askForKeyShare(config, phase.rng, answered, suite, group);
    return earlyData.kind === 'notOffered' ? retry : skippingEarlyData(config, retry);
  }
  const settled = agreed(config, parameters.value, answered, share, earlyData, false);
  return proceed(config, undecided(settled, answered, undefined, phase.rng, now));
}

/** The hello that answers our HelloRetryRequest (§4.2.2): the first one but for what was asked. */
export function answerSecondClientHello(
  config: ServerConfig,
  phase: AwaitSecondClientHello,
  received: ReceivedHello,
  now: number,
): Transition {
  const answered = openSecondHello(config, phase.ech, received);
  if (!answered.ok) return answered;
  return precededBy(answered.value.actions, negotiateSecond(config, phase, answered.value, now));
}

function negotiateSecond(
  config: ServerConfig,
  phase: AwaitSecondClientHello,
  answered: AnsweredHello,
  now: number,
): Transition {
  const { hello } = answered;
  const problem = retryProblem(phase, hello);
  if (problem !== undefined) return err(problem);
  const parameters = negotiate(config, hello);
  if (!parameters.ok) return parameters;
  const shares = findExtension(hello.extensions, 'keyShare') ?? [];
  const [share] = shares;
  if (share === undefined || shares.length !== 1 || share.group !== groupCode(phase.group)) {
    return err(
      misbehaved('key-share-not-as-requested', `not one share of ${phase.group} in the second ClientHello`),
    );
  }
  const settled = { ...parameters.value, suite: phase.suite, group: phase.group };
  const earlyData = earlyDataOf(config, phase.first);
  const settledHello = agreed(config, settled, answered, share, earlyData, true);
  const transition = proceed(config, undecided(settledHello, answered, phase.transcript, phase.rng, now));
  // What a client sends after its second hello is no early data any more (§4.3.10).
  return precededBy([{ kind: 'skipEarlyData', bytes: 0 }], transition);
}

/** What the choice of a PSK begins with. */
function undecided(
  agreed: Agreed,
  { hello, raw }: ReceivedHello,
  before: RunningHash | undefined,
  rng: Rng,
  now: number,
): Undecided {
  const { suite, facts, pskKeyExchangeMode: mode } = agreed;
  return { agreed, offer: { hello, raw, suite, mode, serverName: facts.serverName, before, now }, rng };
}

interface Parameters {
  readonly facts: ClientHelloFacts;
  readonly suite: CipherSuite;
  /** Undefined when there is none in common, and a PSK may do without. */
  readonly group: GroupName | undefined;
  readonly pskKeyExchangeMode: PskKeyExchangeModeName | undefined;
  /** The client's share for the group, when it sent one. */
  readonly share: KeyShareEntry | undefined;
  readonly applicationProtocol: string | undefined;
  readonly rawExtensions: readonly RawExtension[];
  readonly recordSizes: RecordSizes | undefined;
}

function agreed(
  config: ServerConfig,
  parameters: Parameters,
  { hello, ech }: AnsweredHello,
  share: KeyShareEntry | undefined,
  earlyData: EarlyDataFact,
  helloRetryRequest: boolean,
): Agreed {
  return {
    facts: parameters.facts,
    clientRandom: hello.random,
    legacySessionId: hello.legacySessionId,
    suite: parameters.suite,
    group: parameters.group,
    clientShare: share?.keyExchange,
    pskKeyExchangeMode: parameters.pskKeyExchangeMode,
    applicationProtocol: parameters.applicationProtocol,
    rawExtensions: parameters.rawExtensions,
    recordSizes: parameters.recordSizes,
    helloRetryRequest,
    certificateTypes: certificateTypes(config, parameters.facts, hello),
    postHandshakeAuth: isOffered(hello, 'postHandshakeAuth'),
    earlyData,
    ech: ech.kind,
    ticketRequest: findExtension(hello.extensions, 'ticketRequest'),
  };
}

/** RFC 7250 §4.2. Of what clients can show, this server's favourite is asked for. */
function certificateTypes(
  { clientAuthentication, postHandshakeAuthentication }: ServerConfig,
  facts: ClientHelloFacts,
  hello: ClientHello,
): CertificateTypes {
  const late = isOffered(hello, 'postHandshakeAuth') ? postHandshakeAuthentication : undefined;
  const asking = clientAuthentication ?? late;
  return {
    namesServerTypes: isOffered(hello, 'serverCertificateType'),
    namesClientTypes: isOffered(hello, 'clientCertificateType'),
    clientType: asking?.peerCertificateTypes.find((type) => facts.clientCertificateTypes.includes(type)),
  };
}

function isOffered({ extensions }: ClientHello, name: ClientHelloExtension['name']): boolean {
  return findExtension(extensions, name) !== undefined;
}

/** The checks of a ClientHello, then the choices, each by this server's order of preference. */
function negotiate(config: ServerConfig, hello: ClientHello): Result<Parameters, Failure> {
  const problem =
    checkRequest(hello.extensions) ??
    versionProblem(hello) ??
    compressionProblem(hello) ??
    missingExtension(hello) ??
    keySharesProblem(hello) ??
    statusRequestProblem(findExtension(hello.extensions, 'statusRequest')) ??
    certificateTypesProblem(hello) ??
    serverNameProblem(hello) ??
    recordSizeLimitProblem(findExtension(hello.extensions, 'recordSizeLimit'), 'client');
  if (problem !== undefined) return err(problem);
  const facts = helloFacts(hello);
  const suite = config.cipherSuites.find((name) => facts.cipherSuites.includes(name));
  if (suite === undefined) {
    return err(incompatible('no-common-cipher-suite', `the client offers ${codeList(hello.cipherSuites)}`));
  }
  const group = chooseGroup(config, hello, facts);
  const pskKeyExchangeMode = chooseMode(config, hello, group !== undefined);
  if (group === undefined && pskKeyExchangeMode === undefined) {
    const offered = findExtension(hello.extensions, 'supportedGroups') ?? [];
    return err(incompatible('no-common-group', `the client offers ${codeList(offered)}`));
  }
  const applicationProtocol = chooseProtocol(config, facts);
  if (!applicationProtocol.ok) return applicationProtocol;
  return ok({
    facts,
    suite: cipherSuites[suite],
    group: group?.name,
    share: group?.share,
    pskKeyExchangeMode,
    applicationProtocol: applicationProtocol.value,
    rawExtensions: rawExtensions(hello.extensions, config.rawExtensions),
    recordSizes: agreedRecordSizes(
      config.recordSizeLimit,
      findExtension(hello.extensions, 'recordSizeLimit'),
    ),
  });
}

/** §4.3.1: without the extension the client speaks TLS 1.2 or less. With it, legacy_version is that of TLS 1.2. */
function versionProblem(hello: ClientHello): Failure | undefined {
  const versions = findExtension(hello.extensions, 'supportedVersions');
  if (!versions?.includes(protocolVersions.tls13)) {
    return incompatible('no-common-version', 'the client does not speak TLS 1.3');
  }
  return hello.legacyVersion === protocolVersions.tls12
    ? undefined
    : misbehaved('bad-legacy-version', `0x${hello.legacyVersion.toString(16)} in ClientHello`);
}

/** §4.2.2: exactly the null method (CRIME). */
function compressionProblem(hello: ClientHello): Failure | undefined {
  return isSame(hello.legacyCompressionMethods, Uint8Array.of(0))
    ? undefined
    : misbehaved('bad-compression-method', 'a TLS 1.3 ClientHello offers compression');
}

/**
 * §9.2; signature_algorithms is missed only when it comes to certificates. A client that would do without a key exchange
 * may leave out what is for one, but then all of it.
 */
function missingExtension({ extensions }: ClientHello): Failure | undefined {
  const missing = (['supportedGroups', 'keyShare'] as const).filter(
    (name) => findExtension(extensions, name) === undefined,
  );
  const modes = findExtension(extensions, 'pskKeyExchangeModes') ?? [];
  const isForPskAlone =
    missing.length === 2 &&
    findExtension(extensions, 'preSharedKey') !== undefined &&
    modes.includes(pskKeyExchangeModes.psk_ke);
  return missing.length === 0 || isForPskAlone
    ? undefined
    : misbehaved('missing-extension', `ClientHello without ${missing.join(' and ')}`);
}

/**
 * §4.3.8: each share once, of an offered group, in the order of the offer. One walk along both lists: a hello has room
 * for ten thousand shares.
 */
function keySharesProblem(hello: ClientHello): Failure | undefined {
  const groups = findExtension(hello.extensions, 'supportedGroups') ?? [];
  let last = -1;
  for (const { group } of findExtension(hello.extensions, 'keyShare') ?? []) {
    const place = groups.indexOf(group, last + 1);
    if (place === -1) return misplacedKeyShare(groups, group, groups[last]);
    last = place;
  }
  return undefined;
}

function misplacedKeyShare(groups: readonly number[], group: number, last: number | undefined): Failure {
  const detail = `a key share of group 0x${group.toString(16)}`;
  if (group === last) return misbehaved('duplicate-key-share', detail);
  return groups.includes(group)
    ? misbehaved('key-shares-out-of-order', detail)
    : misbehaved('key-share-for-unsupported-group', detail);
}

/** RFC 7250 §4.1: who has nothing to say but the default must not say it. */
function certificateTypesProblem({ extensions }: ClientHello): Failure | undefined {
  for (const name of ['clientCertificateType', 'serverCertificateType'] as const) {
    const codes = findExtension(extensions, name);
    if (codes?.every((code) => code === certificateTypeCodes.x509)) {
      return misbehaved('only-default-certificate-type', `${name} with X.509 and nothing else`);
    }
  }
  return undefined;
}

/** RFC 6066 §3: at most one name of the one kind there is, and that a DNS name (`_` is let pass, as in the DNS). */
export function serverNameProblem(hello: ClientHello): Failure | undefined {
  const names = findExtension(hello.extensions, 'serverName') ?? [];
  const hosts = names.filter(({ nameType }) => nameType === 0);
  if (hosts.length > 1) return misbehaved('several-server-names', `${hosts.length} host names`);
  return hosts.every(({ hostName }) => hostName.length <= 254 && HOST_NAME.test(hostName))
    ? undefined
    : misbehaved('bad-server-name', 'a host name that is no DNS name');
}

const HOST_NAME = /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?$/i;

/** What a ClientHello says to whoever chooses a certificate by it. */
export function helloFacts(hello: ClientHello): ClientHelloFacts {
  const { extensions } = hello;
  const signatureAlgorithms = findExtension(extensions, 'signatureAlgorithms');
  const schemeName = (code: number) => signatureSchemeOfCode(code)?.name;
  const host = findExtension(extensions, 'serverName')?.find(({ nameType }) => nameType === 0);
  return {
    serverName: host?.hostName.toLowerCase().replace(/\.$/, ''),
    applicationProtocols: findExtension(extensions, 'applicationLayerProtocolNegotiation') ?? [],
    cipherSuites: known(hello.cipherSuites, (code) => nameOf(cipherSuiteCodes, code)),
    groups: known(findExtension(extensions, 'supportedGroups'), groupOfCode),
    signatureSchemes: known(signatureAlgorithms, schemeName),
    certificateSignatureSchemes: known(
      findExtension(extensions, 'signatureAlgorithmsCert') ?? signatureAlgorithms,
      schemeName,
    ),
    certificateAuthorities: findExtension(extensions, 'certificateAuthorities') ?? [],
    serverCertificateTypes: typesIn(findExtension(extensions, 'serverCertificateType')),
    clientCertificateTypes: typesIn(findExtension(extensions, 'clientCertificateType')),
    requestsOcsp: isOcspRequest(findExtension(extensions, 'statusRequest')),
    requestsScts: findExtension(extensions, 'signedCertificateTimestamp') !== undefined,
    certificateCompressionAlgorithms: findExtension(extensions, 'compressCertificate') ?? [],
  };
}

/** Types that we do not know are passed over; without the extension there is X.509. */
function typesIn(codes: readonly number[] | undefined): readonly CertificateType[] {
  return codes === undefined ? ['x509'] : known(codes, (code) => nameOf(certificateTypeCodes, code));
}

/**
 * The group this server likes best among those the client has sent a share for, so that no round trip is spent on a
 * preference; unless the configuration wants it spent, or there is no such share: then the best of those that it could send
 * one for.
 */
function chooseGroup(
  { groups, groupRetry }: ServerConfig,
  hello: ClientHello,
  facts: ClientHelloFacts,
): { readonly name: GroupName; readonly share: KeyShareEntry | undefined } | undefined {
  const shares = findExtension(hello.extensions, 'keyShare') ?? [];
  const common = groups
    .filter((name) => facts.groups.includes(name))
    .map((name) => ({ name, share: shares.find(({ group }) => group === groupCode(name)) }));
  const shared = common.find(({ share }) => share !== undefined);
  const [first] = common;
  if (shared === undefined || groupRetry === 'always') return first;
  if (groupRetry === 'never' || isHybrid(shared.name)) return shared;
  return common.slice(0, common.indexOf(shared)).find(({ name }) => isHybrid(name)) ?? shared;
}

/** RFC 7301 §3.2: when both sides use the extension they must agree. */
export function chooseProtocol(
  config: ServerConfig,
  { applicationProtocols }: ClientHelloFacts,
): Result<string | undefined, Failure> {
  if (applicationProtocols.length === 0 || config.applicationProtocols.length === 0) return ok(undefined);
  const protocol = config.applicationProtocols.find((name) => applicationProtocols.includes(name));
  return protocol === undefined
    ? err(incompatible('no-common-application-protocol', `the client offers ${listed(applicationProtocols)}`))
    : ok(protocol);
}

/** §4.2.4: HelloRetryRequest. */
function askForKeyShare(
  config: ServerConfig,
  rng: Rng,
  { hello: first, raw, ech }: AnsweredHello,
  suite: CipherSuite,
  group: GroupName,
): Transition {
  const drawn = generate(rng, COOKIE_LENGTH + CONFIRMATION_LENGTH);
  const cookie = config.helloRetryCookie ? drawn.bytes.subarray(0, COOKIE_LENGTH) : undefined;
  const extensions: HelloRetryRequestExtension[] = [
    { name: 'supportedVersions', value: protocolVersions.tls13 },
    { name: 'keyShare', value: groupCode(group) },
  ];
  if (cookie !== undefined) extensions.push({ name: 'cookie', value: cookie });
  const sendsSignal = ech.kind === 'accepted' || (ech.kind === 'rejected' && config.ech.kind === 'shared');
  // Random bytes where nothing was accepted: nobody else can tell the difference (RFC 9849 §7.1, §10.10.4).
  const signal = drawn.bytes.slice(COOKIE_LENGTH);
  if (sendsSignal) extensions.push({ name: 'encryptedClientHello', value: signal });
  const body: HelloRetryRequest = {
    legacyVersion: protocolVersions.tls12,
    random: helloRetryRequestRandom,
    legacySessionIdEcho: first.legacySessionId,
    cipherSuite: suite.code,
    legacyCompressionMethod: 0,
    extensions,
  };
  if (ech.kind === 'accepted') {
    signal.set(retryConfirmation(config.crypto, suite.hash, first.random, raw, body));
  }
  const retry = sendHandshake({ kind: 'helloRetryRequest', body });
  const transcript = startRetryTranscript(config.crypto, suite.hash, raw, retry.raw);
  return ok({
    phase: {
      kind: 'awaitSecondClientHello',
      first,
      suite,
      group,
      ech,
      cookie,
      transcript,
      rng: drawn.rng,
    },
    actions: [
      retry,
      // §E.4: as if a TLS 1.2 session were resumed, when the client plays along.
      ...(first.legacySessionId.length > 0 ? [{ kind: 'sendChangeCipherSpec' } as const] : []),
    ],
  });
}

const COOKIE_LENGTH = 32;

/**
 * §4.2.2: key_share, cookie, padding, early_data and pre_shared_key may differ; nothing else that we know may. What we
 * do not know has rules of its own.
 */
function retryProblem(phase: AwaitSecondClientHello, second: ClientHello): Failure | undefined {
  if (findExtension(second.extensions, 'earlyData') !== undefined) {
    return misbehaved('early-data-after-retry', 'early_data in the second ClientHello');
  }
  const cookie = findExtension(second.extensions, 'cookie');
  const echoed =
    phase.cookie === undefined ? cookie === undefined : cookie !== undefined && isSame(cookie, phase.cookie);
  if (!echoed) return misbehaved('cookie-not-echoed', 'the second ClientHello holds another cookie, or none');
  return isSame(
    encode(clientHello, withoutChanging(phase.first)),
    encode(clientHello, withoutChanging(second)),
  )
    ? undefined
    : misbehaved('second-client-hello-differs', 'more changed than the HelloRetryRequest asked for');
}

const mayChange: readonly ClientHelloExtension['name'][] = [
  'unknown',
  'keyShare',
  'cookie',
  'earlyData',
  'preSharedKey',
  // RFC 9849 §6.1.5: encrypted anew. What is inside was compared where it could be read.
  'encryptedClientHello',
];

function withoutChanging(hello: ClientHello): ClientHello {
  return {
    ...hello,
    extensions: hello.extensions.filter(({ name }) => !mayChange.includes(name)),
  };
}

function known<T>(
  codes: readonly number[] | undefined,
  lookUp: (code: number) => T | undefined,
): readonly T[] {
  const found: T[] = [];
  for (const code of codes ?? []) {
    const name = lookUp(code);
    if (name !== undefined) found.push(name);
  }
  return found;
}

function codeList(codes: readonly number[]): string {
  return listed(codes.map((code) => `0x${code.toString(16).padStart(4, '0')}`));
}
