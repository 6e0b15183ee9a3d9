import { err, ok, type Result } from '../../../x509/index.ts';
import { isSame } from '../../bytes.ts';
import { type CertificateType, protocolVersions } from '../../codepoints.ts';
import type { ClientConfig } from '../../config.ts';
import { checkReply, findExtension, rawExtensions, sctList } from '../../extensions.ts';
import { type Failure, incompatible, misbehaved } from '../../failure.ts';
import { MAX_PLAINTEXT } from '../../limits.ts';
import { agreedRecordSizes, limitRecords, recordSizeLimitProblem } from '../../record-size.ts';
import { decodeTls12Handshake, type Tls12ServerHello } from '../../tls12/messages.ts';
import { type Tls12Suite, tls12SuiteOfCode } from '../../tls12/suites.ts';
import { startTls12Transcript } from '../../tls12/transcript.ts';
import { precededBy, type Transition } from '../../transition.ts';
import { encode } from '../../wire/codec.ts';
import { protocolProblem } from '../application-protocol.ts';
import { downgradeProblem } from '../downgrade.ts';
import type { AwaitServerHello, SentHello } from '../phase.ts';
import { chosenType } from '../server-flight.ts';
import { UNCOMPRESSED } from './hello.ts';
import type { OfferedTls12Session, Tls12Agreed } from './phase.ts';
import { resume } from './resumption.ts';

/** RFC 5246 §7.4.1.3: a ServerHello without supported_versions, to a client that speaks TLS 1.2. */
export function answerTls12ServerHello(
  config: ClientConfig,
  { sent, rng }: AwaitServerHello,
  raw: Uint8Array,
  now: number,
): Transition {
  // RFC 9846 §4.3.10: a server that takes no early data must not be one that cannot skip it.
  if (sent.early.kind !== 'notOffered') {
    return err(incompatible('early-data-to-tls12', 'the server speaks no TLS 1.3, as it did before'));
  }
  const decoded = decodeTls12Handshake(raw);
  if (!decoded.ok) return decoded;
  if (decoded.value.kind !== 'tls12ServerHello') {
    return err(misbehaved('unexpected-message', `${decoded.value.kind} for a ServerHello`));
  }
  const hello = decoded.value.body;
  const suite = checkServerHello(config, sent, hello);
  if (!suite.ok) return suite;
  const { extensions } = hello;
  const scts = findExtension(extensions, 'signedCertificateTimestamp');
  const agreed: Tls12Agreed = {
    sent: sent.hello,
    suite: suite.value,
    randoms: { client: sent.hello.random, server: hello.random },
    sessionId: hello.legacySessionIdEcho,
    extendedMasterSecret: findExtension(extensions, 'extendedMasterSecret') !== undefined,
    encryptThenMac: findExtension(extensions, 'encryptThenMac') !== undefined,
    mayStapleStatus: findExtension(extensions, 'statusRequest') !== undefined,
    scts: scts && encode(sctList, scts),
    awaitsTicket: findExtension(extensions, 'sessionTicket') !== undefined,
    applicationProtocol: findExtension(extensions, 'applicationLayerProtocolNegotiation')?.[0],
    rawExtensions: rawExtensions(extensions, config.rawExtensions),
    recordSizes: agreedRecordSizes(
      config.recordSizeLimit,
      findExtension(extensions, 'recordSizeLimit'),
      MAX_PLAINTEXT,
    ),
    rng,
  };
  const transcript = startTls12Transcript(config.crypto, suite.value, [sent.raw, raw]);
  const offered = resumedSession(sent, hello);
  if (!offered.ok) return offered;
  return precededBy(
    // Said here, it holds once records are protected.
    limitRecords(agreed.recordSizes, 'received'),
    offered.value === undefined
      ? ok({ phase: { kind: 'tls12AwaitCertificate', agreed, transcript }, actions: [] })
      : resume(config, agreed, offered.value, transcript, now),
  );
}

/** What every ServerHello must satisfy. Answers the cipher suite. */
function checkServerHello(
  config: ClientConfig,
  sent: SentHello,
  hello: Tls12ServerHello,
): Result<Tls12Suite, Failure> {
  const problem = versionProblem(config, hello) ?? extensionProblem(config, sent, hello);
  if (problem !== undefined) return err(problem);
  if (hello.legacyCompressionMethod !== 0) {
    return err(misbehaved('bad-compression-method', `${hello.legacyCompressionMethod} in ServerHello`));
  }
  const suite = tls12SuiteOfCode(hello.cipherSuite);
  if (suite === undefined || !config.tls12CipherSuites.includes(suite.name)) {
    return err(misbehaved('unoffered-cipher-suite', `0x${hello.cipherSuite.toString(16)} in ServerHello`));
  }
  if (suite.cipher.kind === 'aead' && findExtension(hello.extensions, 'encryptThenMac') !== undefined) {
    return err(misbehaved('encrypt-then-mac-without-mac', `${suite.name} has no MAC`));
  }
  return ok(suite);
}

function versionProblem({ versions }: ClientConfig, hello: Tls12ServerHello): Failure | undefined {
  const { legacyVersion, random } = hello;
  // RFC 9846 §4.2.3
  const downgrade = versions.includes('1.3') ? downgradeProblem(random) : undefined;
  if (downgrade !== undefined) return downgrade;
  if (legacyVersion === protocolVersions.tls12) return undefined;
  const detail = `0x${legacyVersion.toString(16)} in ServerHello`;
  return legacyVersion < protocolVersions.tls12
    ? incompatible('no-common-version', detail)
    : misbehaved('unoffered-version', detail);
}

function extensionProblem(
  config: ClientConfig,
  sent: SentHello,
  { extensions }: Tls12ServerHello,
): Failure | undefined {
  const offered = sent.hello.extensions;
  const problem =
    checkReply(extensions, offered) ??
    protocolProblem(
      findExtension(offered, 'applicationLayerProtocolNegotiation') ?? [],
      findExtension(extensions, 'applicationLayerProtocolNegotiation'),
    ) ??
    recordSizeLimitProblem(findExtension(extensions, 'recordSizeLimit'), 'server') ??
    certificateTypeProblem(config.peerCertificateTypes, findExtension(extensions, 'serverCertificateType')) ??
    certificateTypeProblem(
      config.clientCertificateTypes,
      findExtension(extensions, 'clientCertificateType'),
    ) ??
    renegotiationProblem(findExtension(extensions, 'renegotiationInfo'));
  if (problem !== undefined) return problem;
  if (findExtension(extensions, 'ecPointFormats')?.includes(UNCOMPRESSED) === false) {
    return misbehaved('bad-point-formats', 'the server takes no uncompressed points');
  }
  if (config.requireExtendedMasterSecret && findExtension(extensions, 'extendedMasterSecret') === undefined) {
    return incompatible('no-extended-master-secret', 'the server does not know it');
  }
  return undefined;
}

/** RFC 7250 §4.2: a server that takes up the offer may say X.509. Raw keys, which it may say too, are for TLS 1.3 here. */
function certificateTypeProblem(
  offered: readonly CertificateType[],
  code: number | undefined,
): Failure | undefined {
  const type = chosenType(offered, code);
  if (!type.ok) return type.error;
  return code === undefined || type.value === 'x509'
    ? undefined
    : incompatible('no-common-certificate-type', 'a raw public key in TLS 1.2');
}

/**
 * RFC 5746 §3.4. A server without the extension could take our handshake for a renegotiation of somebody else's connection,
 * and what that one has sent for ours: RFC 9325 §3.5 has a client refuse it.
 */
function renegotiationProblem(info: Uint8Array | undefined): Failure | undefined {
  if (info === undefined) {
    return incompatible('no-secure-renegotiation', 'the server does not answer renegotiation_info');
  }
  return info.length === 0
    ? undefined
    : misbehaved('bad-renegotiation-info', 'a first handshake is taken for a renegotiation');
}

/** A server that goes on from a session repeats the session id of our hello (RFC 5246 §7.4.1.3, RFC 5077 §3.4). */
function resumedSession(
  { hello: { legacySessionId }, tls12Session }: SentHello,
  hello: Tls12ServerHello,
): Result<OfferedTls12Session | undefined, Failure> {
  if (legacySessionId.length === 0 || !isSame(hello.legacySessionIdEcho, legacySessionId)) {
    return ok(undefined);
  }
  return tls12Session === undefined
    ? err(misbehaved('session-id-echoed-unasked', 'the server goes on from a session that there is not'))
    : ok(tls12Session);
}
