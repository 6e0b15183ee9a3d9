import type { GroupName, RunningHash, Secret } from '../../nocrypto/index.ts';
import { err, ok, type Result } from '../../x509/index.ts';
import { isSame } from '../bytes.ts';
import { type CipherSuite, cipherSuiteOfCode } from '../cipher-suites.ts';
import { helloRetryRequestRandom, protocolVersions } from '../codepoints.ts';
import type { ClientConfig } from '../config.ts';
import { checkReply, findExtension, type KeyShareEntry, rawExtensions } from '../extensions.ts';
import { type Failure, incompatible, misbehaved } from '../failure.ts';
import { groupOfCode } from '../groups.ts';
import { handshakeSecrets } from '../key-schedule.ts';
import type { HelloRetryRequest, ServerHello } from '../messages.ts';
import { startRetryTranscript, startTranscript } from '../transcript.ts';
import { type Action, logSecret, precededBy, type Transition, traceEch } from '../transition.ts';
import { downgradeProblem } from './downgrade.ts';
import { earlyDataAfterServerHello, handshakeWrites, offersEarlyData } from './early-data.ts';
import { answeredHello, isConfirmed, retriedHello } from './ech.ts';
import { retryHello, retryInnerHello } from './hello.ts';
import type {
  Agreed,
  AwaitSecondServerHello,
  AwaitServerHello,
  EchOutcome,
  OfferedPsk,
  SentHello,
} from './phase.ts';
import { answerTls12ServerHello } from './tls12/server-hello.ts';

/** RFC 9846 §4.2.3, the first answer of the server. */
export function answerServerHello(
  config: ClientConfig,
  phase: AwaitServerHello,
  hello: ServerHello,
  raw: Uint8Array,
  now: number,
): Transition {
  if (config.versions.includes('1.2') && findExtension(hello.extensions, 'supportedVersions') === undefined) {
    // Who cannot even say that it has not read the inner hello learns nothing from this client (RFC 9849 §6.1.6).
    return phase.ech === undefined
      ? answerTls12ServerHello(config, phase, raw, now)
      : err(incompatible('no-common-version', 'Encrypted ClientHello needs TLS 1.3'));
  }
  const { sent, outcome } = answeredHello(config, phase, hello, raw);
  const checked = checkServerHello(config, sent, hello);
  if (!checked.ok) return checked;
  const suite = checked.value;
  const transcript = startTranscript(config.crypto, suite.hash, sent.raw).update(raw);
  const agreement = { sent, ech: outcome, helloRetryRequest: false, rng: phase.rng };
  return precededBy(traceOutcome(outcome, sent), agree(config, agreement, hello, suite, transcript));
}

/** The ServerHello after a HelloRetryRequest: what that fixed, this must keep (§4.2.4). */
export function answerSecondServerHello(
  config: ClientConfig,
  phase: AwaitSecondServerHello,
  hello: ServerHello,
  raw: Uint8Array,
): Transition {
  if (findExtension(hello.extensions, 'supportedVersions') === undefined) {
    return err(misbehaved('version-changed-after-retry', 'ServerHello without supported_versions'));
  }
  const checked = checkServerHello(config, phase.sent, hello);
  if (!checked.ok) return checked;
  if (checked.value.code !== phase.suite.code) {
    return err(
      misbehaved(
        'cipher-suite-changed-after-retry',
        `${phase.suite.name} in HelloRetryRequest, ${checked.value.name} in ServerHello`,
      ),
    );
  }
  if (phase.ech.kind === 'accepted' && !isConfirmed(config, phase.suite, phase.sent, phase.transcript, raw)) {
    return err(
      misbehaved('ech-not-confirmed-after-retry', 'accepted in HelloRetryRequest, not in ServerHello'),
    );
  }
  const agreement = { ...phase, helloRetryRequest: true };
  return agree(config, agreement, hello, phase.suite, phase.transcript.update(raw));
}

/** §4.2.4: the server wants another key share, or its cookie back. */
export function answerHelloRetryRequest(
  config: ClientConfig,
  phase: AwaitServerHello,
  retry: HelloRetryRequest,
  raw: Uint8Array,
): Transition {
  const { sent: first, outcome } = retriedHello(config, phase, retry);
  const checked = checkServerHello(config, first, retry);
  if (!checked.ok) return checked;
  const cookie = findExtension(retry.extensions, 'cookie');
  const group = requestedGroup(config, first, findExtension(retry.extensions, 'keyShare'));
  if (!group.ok) return group;
  if (cookie !== undefined && cookie.length > config.limits.cookie) {
    return err(
      misbehaved('cookie-too-long', `${cookie.length} bytes, at most ${config.limits.cookie} allowed`),
    );
  }
  if (group.value === undefined && cookie === undefined) {
    return err(misbehaved('hello-retry-request-without-change', 'neither a group nor a cookie'));
  }
  const suite = checked.value;
  const before = startRetryTranscript(config.crypto, suite.hash, first.raw, raw);
  const asked = { group: group.value, cookie, suite, transcript: before };
  const { sent, actions, rng } =
    outcome.kind === 'accepted' && phase.ech !== undefined
      ? retryInnerHello(config, phase.ech, phase.sent, asked, phase.rng)
      : retryHello(config, first, asked, phase.rng);
  const transcript = before.update(sent.raw);
  const between: readonly Action[] = offersEarlyData(phase.sent)
    ? [{ kind: 'abandonEarlyData' }]
    : config.middleboxCompatibility
      ? [CHANGE_CIPHER_SPEC]
      : [];
  return ok({
    phase: { kind: 'awaitSecondServerHello', sent, ech: outcome, suite, transcript, rng },
    actions: [...traceOutcome(outcome, first), ...between, ...actions],
  });
}

/** What a ServerHello and a HelloRetryRequest must both satisfy. Answers the cipher suite. */
function checkServerHello(
  config: ClientConfig,
  sent: SentHello,
  hello: ServerHello | HelloRetryRequest,
): Result<CipherSuite, Failure> {
  const version = findExtension<(typeof hello.extensions)[number], 'supportedVersions'>(
    hello.extensions,
    'supportedVersions',
  );
  const problem =
    versionProblem(hello, version) ??
    checkReply(hello.extensions, sent.hello.extensions, ['cookie']) ??
    sessionIdProblem(sent, hello);
  if (problem !== undefined) return err(problem);
  if (hello.legacyCompressionMethod !== 0) {
    return err(misbehaved('bad-compression-method', `${hello.legacyCompressionMethod} in ServerHello`));
  }
  const suite = cipherSuiteOfCode(hello.cipherSuite);
  if (suite === undefined || !config.cipherSuites.includes(suite.name)) {
    return err(misbehaved('unoffered-cipher-suite', `0x${hello.cipherSuite.toString(16)} in ServerHello`));
  }
  return ok(suite);
}

/** §4.2.3, §4.3.1: TLS 1.3 is announced in the extension, behind a legacy version of 1.2. */
function versionProblem(
  hello: ServerHello | HelloRetryRequest,
  version: number | undefined,
): Failure | undefined {
  if (version === undefined && isSame(hello.random, helloRetryRequestRandom)) {
    return misbehaved('missing-extension', 'HelloRetryRequest without supported_versions');
  }
  if (version === undefined) {
    const problem = downgradeProblem(hello.random);
    if (problem !== undefined) return problem;
    return incompatible('no-common-version', 'the server does not speak TLS 1.3');
  }
  if (hello.legacyVersion !== protocolVersions.tls12) {
    return misbehaved('bad-legacy-version', `0x${hello.legacyVersion.toString(16)} in ServerHello`);
  }
  if (version !== protocolVersions.tls13) {
    return misbehaved('unoffered-version', `0x${version.toString(16)} in ServerHello`);
  }
  return undefined;
}

function sessionIdProblem(sent: SentHello, hello: ServerHello | HelloRetryRequest): Failure | undefined {
  return isSame(hello.legacySessionIdEcho, sent.hello.legacySessionId)
    ? undefined
    : misbehaved('session-id-not-echoed', 'ServerHello holds another legacy_session_id');
}

/** §4.2.4: the group must be one we offered and did not already send a share for. */
function requestedGroup(
  config: ClientConfig,
  sent: SentHello,
  code: number | undefined,
): Result<GroupName | undefined, Failure> {
  if (code === undefined) return ok(undefined);
  const group = groupOfCode(code);
  if (group === undefined || !config.groups.includes(group)) {
    return err(misbehaved('retry-for-unoffered-group', `0x${code.toString(16)} in HelloRetryRequest`));
  }
  if (sent.keyShares.some((share) => share.group === group)) {
    return err(misbehaved('retry-for-shared-group', `${group} in HelloRetryRequest`));
  }
  return ok(group);
}

/** Key agreement, and from here on both directions are protected. */
function agree(
  config: ClientConfig,
  {
    sent,
    ech,
    helloRetryRequest,
    rng,
  }: Pick<Agreed, 'ech' | 'helloRetryRequest' | 'rng'> & { readonly sent: SentHello },
  hello: ServerHello,
  suite: CipherSuite,
  transcript: RunningHash,
): Transition {
  const { crypto } = config;
  const selectedIdentity = findExtension(hello.extensions, 'preSharedKey');
  const psk = chosenPsk(sent, suite, selectedIdentity);
  if (!psk.ok) return psk;
  const exchanged = exchangeKeys(config, sent, psk.value, findExtension(hello.extensions, 'keyShare'));
  if (!exchanged.ok) return exchanged;
  const { group, sharedSecret } = exchanged.value;
  const pskSecret = psk.value?.psk.secret;
  const secrets = handshakeSecrets(crypto, suite.hash, sharedSecret, transcript.digest(), pskSecret);
  const agreed: Agreed = {
    sent: sent.hello,
    suite,
    group,
    psk: psk.value,
    rawExtensions: rawExtensions(hello.extensions, config.rawExtensions),
    early: earlyDataAfterServerHello(sent, selectedIdentity),
    helloRetryRequest,
    ech,
    clientHandshakeTraffic: secrets.clientHandshakeTraffic,
    serverHandshakeTraffic: secrets.serverHandshakeTraffic,
    handshakeSecret: secrets.handshake,
    rng,
  };
  return ok({
    phase: { kind: 'awaitEncryptedExtensions', agreed, transcript },
    actions: [...changeCipherSpec(config, helloRetryRequest, sent), ...handshakeKeys(agreed)],
  });
}

/** §4.3.9: with a PSK the server may leave the key exchange out, or in, as far as this side lets it. */
function exchangeKeys(
  config: ClientConfig,
  sent: SentHello,
  psk: OfferedPsk | undefined,
  share: KeyShareEntry | undefined,
): Result<{ readonly group: GroupName | undefined; readonly sharedSecret: Secret | undefined }, Failure> {
  const { crypto, pskKeyExchangeModes: modes } = config;
  if (share === undefined) {
    return psk !== undefined && modes.includes('psk_ke')
      ? ok({ group: undefined, sharedSecret: undefined })
      : err(misbehaved('missing-extension', 'ServerHello without key_share'));
  }
  if (psk !== undefined && !modes.includes('psk_dhe_ke')) {
    return err(
      misbehaved('unoffered-psk-key-exchange-mode', 'a PSK and a key share, where psk_ke was all there was'),
    );
  }
  const own = sent.keyShares.find(({ group }) => group === groupOfCode(share.group));
  if (own === undefined) {
    return err(
      misbehaved('unoffered-group', `a key share of group 0x${share.group.toString(16)} in ServerHello`),
    );
  }
  const shared = crypto.groups[own.group].decapsulate(own.privateKey, share.keyExchange);
  return shared.ok
    ? ok({ group: own.group, sharedSecret: shared.value })
    : err(misbehaved('bad-key-share', `${own.group}: ${shared.error.kind}`));
}

function traceOutcome({ kind }: EchOutcome, { hello }: SentHello): readonly Action[] {
  return kind === 'notOffered' ? [] : [traceEch(kind, kind === 'accepted' ? hello : undefined)];
}

/**
 * §E.4: once, before the first record that is protected: the second flight, or the alert that comes instead. After a
 * HelloRetryRequest it went before the second ClientHello, with early data before that.
 */
function changeCipherSpec(
  config: ClientConfig,
  helloRetryRequest: boolean,
  sent: SentHello,
): readonly Action[] {
  const isDue = config.middleboxCompatibility && !helloRetryRequest && !offersEarlyData(sent);
  return isDue ? [CHANGE_CIPHER_SPEC] : [];
}

const CHANGE_CIPHER_SPEC: Action = { kind: 'sendChangeCipherSpec' };

/** §4.3.11: one of those offered, and it must go with the hash of the suite. */
function chosenPsk(
  { psks }: SentHello,
  suite: CipherSuite,
  selectedIdentity: number | undefined,
): Result<OfferedPsk | undefined, Failure> {
  if (selectedIdentity === undefined) return ok(undefined);
  const offered = psks[selectedIdentity];
  return offered !== undefined && offered.psk.hash === suite.hash
    ? ok(offered)
    : err(misbehaved('unoffered-psk', `number ${selectedIdentity} of ${psks.length} with ${suite.name}`));
}

/** Early data, while it may still be taken, goes on under keys of its own. */
function handshakeKeys(agreed: Agreed): readonly Action[] {
  const { suite, clientHandshakeTraffic, serverHandshakeTraffic } = agreed;
  const clientRandom = agreed.sent.random;
  return [
    logSecret('CLIENT_HANDSHAKE_TRAFFIC_SECRET', clientRandom, clientHandshakeTraffic),
    logSecret('SERVER_HANDSHAKE_TRAFFIC_SECRET', clientRandom, serverHandshakeTraffic),
    { kind: 'protectReads', suite, secret: serverHandshakeTraffic, epoch: 'handshake' },
    ...(agreed.early.kind === 'offered' ? [] : [handshakeWrites(agreed)]),
  ];
}
