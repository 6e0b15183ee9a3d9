import type { RunningHash } from '../../nocrypto/index.ts';
import { err, ok, type Result } from '../../x509/index.ts';
import { decompressed } from '../certificate-compression.ts';
import { type CertificateType, certificateTypeCodes, nameOf } from '../codepoints.ts';
import type { ClientConfig } from '../config.ts';
import { echConfigList } from '../ech/config.ts';
import { checkReply, checkRequest, findExtension, rawExtensions } from '../extensions.ts';
import { type Failure, incompatible, misbehaved } from '../failure.ts';
import type {
  CertificateMessage,
  CertificateRequest,
  CertificateVerify,
  CompressedCertificate,
  EncryptedExtensions,
} from '../messages.ts';
import {
  acceptVerdict,
  judge,
  type KeyProof,
  type PeerProof,
  readShown,
  verifyKey,
} from '../peer-certificate.ts';
import { agreedRecordSizes, limitRecords, recordSizeLimitProblem } from '../record-size.ts';
import type { CertificateRequestFacts, Response } from '../request.ts';
import { schemesOfCodes } from '../signature-schemes.ts';
import { precededBy, type Transition } from '../transition.ts';
import { encode } from '../wire/codec.ts';
import { protocolProblem } from './application-protocol.ts';
import { earlyDataAfterEncryptedExtensions, earlyDataProblem, handshakeWrites } from './early-data.ts';
import type {
  AwaitCertificate,
  AwaitCertificateOrRequest,
  AwaitCertificateVerify,
  AwaitEncryptedExtensions,
  AwaitServerVerdict,
  OfferedPsk,
  Settled,
} from './phase.ts';

/** RFC 9846 §4.4.1: what the server says of the connection rather than of a certificate. */
export function answerEncryptedExtensions(
  config: ClientConfig,
  phase: AwaitEncryptedExtensions,
  message: EncryptedExtensions,
  raw: Uint8Array,
  now: number,
): Transition {
  const offered = phase.agreed.sent.extensions;
  const chosen = findExtension(message.extensions, 'applicationLayerProtocolNegotiation');
  const recordSizeLimit = findExtension(message.extensions, 'recordSizeLimit');
  const problem =
    checkReply(message.extensions, offered) ??
    recordSizeLimitProblem(recordSizeLimit, 'server') ??
    protocolProblem(findExtension(offered, 'applicationLayerProtocolNegotiation') ?? [], chosen) ??
    earlyDataProblem(phase.agreed, message, chosen?.[0]);
  if (problem !== undefined) return err(problem);
  const serverType = chosenType(
    config.peerCertificateTypes,
    findExtension(message.extensions, 'serverCertificateType'),
  );
  if (!serverType.ok) return serverType;
  // A server that asks for no certificate must not say which it takes; one that will ask after the handshake may.
  const clientType = chosenType(
    config.clientCertificateTypes,
    findExtension(message.extensions, 'clientCertificateType'),
  );
  if (!clientType.ok) return clientType;
  const { ech } = phase.agreed;
  const retryConfigs = findExtension(message.extensions, 'encryptedClientHello');
  if (retryConfigs !== undefined && ech.kind === 'accepted') {
    return err(misbehaved('unsolicited-extension', 'retry configurations where the hello was read'));
  }
  const early = earlyDataAfterEncryptedExtensions(phase.agreed, message);
  const answers = rawExtensions(message.extensions, config.rawExtensions);
  const settled: Settled = {
    ...phase.agreed,
    early,
    ech:
      ech.kind === 'rejected' && retryConfigs !== undefined
        ? { ...ech, retryConfigs: encode(echConfigList, retryConfigs) }
        : ech,
    applicationProtocol: chosen?.[0],
    serverCertificateType: serverType.value,
    clientCertificateType: clientType.value,
    rawExtensions: [...phase.agreed.rawExtensions, ...answers],
    recordSizes: agreedRecordSizes(config.recordSizeLimit, recordSizeLimit),
  };
  const transcript = phase.transcript.update(raw);
  const isRefused = phase.agreed.early.kind === 'offered' && early.kind === 'rejected';
  return precededBy(
    [
      ...limitRecords(settled.recordSizes, 'received'),
      ...limitRecords(settled.recordSizes, 'sent'),
      ...(isRefused ? [handshakeWrites(settled)] : []),
    ],
    settled.psk === undefined
      ? awaitCertificate(config, settled, transcript)
      : proceedWithPsk(config, settled, settled.psk, transcript, now),
  );
}

/** The server will show a certificate: of a kind that this client accepts, or else not at all. */
function awaitCertificate(config: ClientConfig, settled: Settled, transcript: RunningHash): Transition {
  return config.peerCertificateTypes.includes(settled.serverCertificateType)
    ? ok({ phase: { kind: 'awaitCertificateOrRequest', settled, transcript }, actions: [] })
    : err(incompatible('no-common-certificate-type', 'the server knows of no raw public keys'));
}

/** RFC 7250 §4.2: one of those offered, or, from a server that does not say, X.509. */
export function chosenType(
  offered: readonly CertificateType[],
  code: number | undefined,
): Result<CertificateType, Failure> {
  if (code === undefined) return ok('x509');
  const type = nameOf(certificateTypeCodes, code);
  return type !== undefined && offered.includes(type)
    ? ok(type)
    : err(misbehaved('unoffered-certificate-type', `${code} is what the server chooses`));
}

/** §2.2: the PSK stands for a certificate that was shown when the session began, or for none. */
function proceedWithPsk(
  config: ClientConfig,
  settled: Settled,
  { source }: OfferedPsk,
  transcript: RunningHash,
  now: number,
): Transition {
  const rest = { settled, certificateRequest: undefined, transcript };
  if (source.kind === 'external') {
    const server = { kind: 'externalPsk', external: source.external } as const;
    return ok({ phase: { kind: 'awaitServerFinished', ...rest, server }, actions: [] });
  }
  if (source.peer === undefined) return authenticate(config, source.proof, rest, now);
  const server = { kind: 'certificate', proof: source.peer } as const;
  return ok({ phase: { kind: 'awaitServerFinished', ...rest, server }, actions: [] });
}

/** Whether the server is who it should be, as far as that can be told without asking. */
function authenticate(
  config: ClientConfig,
  proof: KeyProof,
  rest: Omit<AwaitServerVerdict, 'kind' | 'proof'>,
  now: number,
): Transition {
  const { ech } = rest.settled;
  // RFC 9849 §6.1.7: only for its public name can this server say anything about the configuration.
  const identity = ech.kind === 'rejected' ? ech.publicIdentity : config.identity;
  const judged = judge(config, config, proof, now, identity);
  if (!judged.ok) return judged;
  return judged.value.kind === 'asked'
    ? ok({
        phase: { kind: 'awaitServerVerdict', ...rest, proof },
        actions: [{ kind: 'request', request: judged.value.request }],
      })
    : accept(judged.value.proof, rest);
}

function accept(proof: PeerProof, rest: Omit<AwaitServerVerdict, 'kind' | 'proof'>): Transition {
  const server = { kind: 'certificate', proof } as const;
  return ok({ phase: { kind: 'awaitServerFinished', ...rest, server }, actions: [] });
}

/** RFC 9846 §4.4.2. What it asks for is shown after the server's Finished. */
export function answerCertificateRequest(
  phase: AwaitCertificateOrRequest,
  message: CertificateRequest,
  raw: Uint8Array,
): Transition {
  if (message.certificateRequestContext.length > 0) {
    return err(misbehaved('certificate-request-context-not-empty', 'a context during the handshake'));
  }
  const { settled, transcript } = phase;
  const request = requestFacts(message, settled.clientCertificateType);
  if (!request.ok) return request;
  return ok({
    phase: {
      kind: 'awaitCertificate',
      settled,
      certificateRequest: request.value,
      transcript: transcript.update(raw),
    },
    actions: [],
  });
}

/** What a CertificateRequest says, now or after the handshake. */
export function requestFacts(
  { extensions }: CertificateRequest,
  certificateType: CertificateType,
): Result<CertificateRequestFacts, Failure> {
  const problem = checkRequest(extensions);
  if (problem !== undefined) return err(problem);
  const signatureAlgorithms = findExtension(extensions, 'signatureAlgorithms');
  if (signatureAlgorithms === undefined) {
    return err(misbehaved('missing-extension', 'CertificateRequest without signature_algorithms'));
  }
  return ok({
    certificateType,
    signatureSchemes: schemesOfCodes(signatureAlgorithms),
    certificateSignatureSchemes: schemesOfCodes(
      findExtension(extensions, 'signatureAlgorithmsCert') ?? signatureAlgorithms,
    ),
    certificateAuthorities: findExtension(extensions, 'certificateAuthorities') ?? [],
    requestsOcsp: findExtension(extensions, 'statusRequest') !== undefined,
    requestsScts: findExtension(extensions, 'signedCertificateTimestamp') !== undefined,
    certificateCompressionAlgorithms: findExtension(extensions, 'compressCertificate') ?? [],
  });
}

/** RFC 9846 §4.5.1 */
export function answerCertificate(
  config: ClientConfig,
  phase: AwaitCertificateOrRequest | AwaitCertificate,
  message: CertificateMessage,
  raw: Uint8Array,
): Transition {
  if (message.certificateRequestContext.length > 0) {
    return err(misbehaved('certificate-context-not-empty', 'a context in the server certificate'));
  }
  if (message.certificateList.length === 0) {
    return err(misbehaved('empty-certificate', 'a server must show a certificate'));
  }
  const { serverCertificateType, sent } = phase.settled;
  const shown = readShown(config, serverCertificateType, message, sent.extensions);
  if (!shown.ok) return shown;
  return ok({
    phase: {
      kind: 'awaitCertificateVerify',
      settled: phase.settled,
      certificateRequest: phase.kind === 'awaitCertificate' ? phase.certificateRequest : undefined,
      shown: shown.value,
      transcript: phase.transcript.update(raw),
    },
    actions: [],
  });
}

/** RFC 8879 §4: in the transcript it stands as it came. */
export function answerCompressedCertificate(
  config: ClientConfig,
  phase: AwaitCertificateOrRequest | AwaitCertificate,
  message: CompressedCertificate,
  raw: Uint8Array,
): Transition {
  const certificate = decompressed(config, message);
  return certificate.ok ? answerCertificate(config, phase, certificate.value, raw) : certificate;
}

/** RFC 9846 §4.5.2, and the authenticator's turn. */
export function answerCertificateVerify(
  config: ClientConfig,
  phase: AwaitCertificateVerify,
  message: CertificateVerify,
  raw: Uint8Array,
  now: number,
): Transition {
  const { settled, certificateRequest, shown } = phase;
  const proof = verifyKey(config, shown, message, phase.transcript);
  if (!proof.ok) return proof;
  const transcript = phase.transcript.update(raw);
  return authenticate(config, proof.value, { settled, certificateRequest, transcript }, now);
}

/** The caller has decided about the server. */
export function answerServerVerdict(phase: AwaitServerVerdict, response: Response): Transition {
  const { settled, certificateRequest, transcript, proof } = phase;
  const peer = acceptVerdict(proof, response);
  return peer.ok ? accept(peer.value, { settled, certificateRequest, transcript }) : peer;
}
