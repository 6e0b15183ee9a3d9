import {
  type GroupName,
  generate,
  type KeyExchangeGroup,
  type Rng,
  type RunningHash,
  SIGNING_ENTROPY_LENGTH,
} from '../../nocrypto/index.ts';
import { err, ok, type Result } from '../../x509/index.ts';
import { decompressible } from '../certificate-compression.ts';
import { certificateTypeCodes, protocolVersions } from '../codepoints.ts';
import type { ClientAuthentication, ServerConfig } from '../config.ts';
import { isForName } from '../credential.ts';
import { acceptConfirmation } from '../ech/confirmation.ts';
import { CONFIRMATION_LENGTH } from '../ech/extension.ts';
import type {
  CertificateRequestExtension,
  EncryptedExtension,
  KeyShareEntry,
  ServerHelloExtension,
} from '../extensions.ts';
import { type Failure, misbehaved } from '../failure.ts';
import { greaseCode, greaseExtensions } from '../grease.ts';
import { groupCode } from '../groups.ts';
import {
  applicationSecrets,
  type EarlySecrets,
  finishedVerifyData,
  handshakeSecrets,
} from '../key-schedule.ts';
import { encodeHandshake, type HandshakeMessage, RANDOM_LENGTH } from '../messages.ts';
import {
  type Chosen,
  certificateMessage,
  certificateVerifyMessage,
  checkExternalSignature,
  proveKey,
} from '../own-certificate.ts';
import { signedContent } from '../peer-certificate.ts';
import { limitRecords } from '../record-size.ts';
import type { Response } from '../request.ts';
import { signatureSchemes } from '../signature-schemes.ts';
import { type Action, logSecret, type SendHandshake, sendHandshake, type Transition } from '../transition.ts';
import { shownType } from './own-proof.ts';
import type {
  Agreed,
  AwaitClientCertificate,
  AwaitClientFinished,
  AwaitEndOfEarlyData,
  AwaitSignature,
  Flight,
  OwnProof,
  Sent,
} from './phase.ts';
import type { SelectedPsk } from './psk.ts';
import { ticketCount } from './tickets.ts';

/** ServerHello … Certificate (RFC 9846 §2), then the signature: made here, or asked for. */
export function sendFlight(
  config: ServerConfig,
  agreed: Agreed,
  chosen: Chosen,
  transcript: RunningHash,
  rng: Rng,
): Transition {
  const begun = beginFlight(config, agreed, { kind: 'certificate', chosen }, transcript, rng);
  if (!begun.ok) return begun;
  const { flight, signingEntropy } = begun.value;
  const shown = [
    sendHandshake(encryptedExtensions(config, flight)),
    ...certificateRequest(config, begun.value.greaseEntropy),
    sendHandshake(certificateMessage(config, new Uint8Array(0), chosen.credential, agreed.facts)),
  ];
  const afterCertificate = shown.reduce((running, { raw }) => running.update(raw), begun.value.transcript);
  const actions = [...begun.value.actions, ...shown];
  const content = signedContent('server', afterCertificate.digest());
  const proof = proveKey(config, chosen, content, signingEntropy);
  if (!proof.ok) return proof;
  if (proof.value.kind === 'request') {
    return ok({
      phase: { kind: 'awaitSignature', flight, chosen, transcript: afterCertificate },
      actions: [...actions, { kind: 'request', request: proof.value.request }],
    });
  }
  return finishSigned(config, flight, chosen, afterCertificate, proof.value.signature, actions);
}

/** The flight of a connection that a PSK authenticates (§2.2): no certificate, and none is asked for. */
export function sendPskFlight(
  config: ServerConfig,
  agreed: Agreed,
  selected: SelectedPsk,
  early: AcceptedByServer | undefined,
  transcript: RunningHash,
  rng: Rng,
): Transition {
  const own: OwnProof = { kind: 'psk', selected, earlyExporterSecret: early?.secrets.earlyExporter };
  const begun = beginFlight(config, agreed, own, transcript, rng, early);
  if (!begun.ok) return begun;
  const { flight, actions } = begun.value;
  const extensions = sendHandshake(encryptedExtensions(config, flight));
  const before = [...actions, extensions];
  return finishFlight(config, flight, begun.value.transcript.update(extensions.raw), before, early);
}

/** What a server goes on with that takes early data. */
export interface AcceptedByServer {
  readonly secrets: EarlySecrets;
  /** Bytes of it at most. */
  readonly maxEarlyData: number;
}

/** The signature came from elsewhere. */
export function answerSignature(
  config: ServerConfig,
  { flight, chosen, transcript }: AwaitSignature,
  response: Response,
): Transition {
  const content = signedContent('server', transcript.digest());
  const signature = checkExternalSignature(config, chosen, content, response);
  return signature.ok ? finishSigned(config, flight, chosen, transcript, signature.value, []) : signature;
}

interface BegunFlight {
  readonly flight: Flight;
  readonly actions: readonly Action[];
  /** Up to the ServerHello. */
  readonly transcript: RunningHash;
  readonly signingEntropy: Uint8Array;
  /** Empty when there is to be no GREASE. */
  readonly greaseEntropy: Uint8Array;
}

/** ServerHello, and from here on both directions are protected. */
function beginFlight(
  config: ServerConfig,
  agreed: Agreed,
  own: OwnProof,
  transcript: RunningHash,
  rng: Rng,
  early?: AcceptedByServer,
): Result<BegunFlight, Failure> {
  const { crypto } = config;
  const { suite } = agreed;
  const exchange = keyExchange(config, agreed, own);
  // Drawn at once: every draw also moves the generator on, which costs more than the bytes do.
  const keyEnd = RANDOM_LENGTH + (exchange?.group.encapsulateEntropyLength ?? 0);
  const signingEnd = keyEnd + SIGNING_ENTROPY_LENGTH;
  const drawn = generate(rng, signingEnd + (config.grease ? 2 : 0));
  // A copy of what is public, so that no secret lies in the same buffer.
  const random = drawn.bytes.slice(0, RANDOM_LENGTH);
  const entropy = drawn.bytes.subarray(RANDOM_LENGTH, keyEnd);
  const exchanged = exchange?.group.encapsulate(exchange.clientShare, entropy);
  if (exchanged?.ok === false) {
    return err(misbehaved('bad-key-share', `${exchange?.name}: ${exchanged.error.kind}`));
  }
  const share = exchange &&
    exchanged && { group: groupCode(exchange.name), keyExchange: exchanged.value.share };
  const sharedSecret = exchanged?.value.sharedSecret;
  const selected = own.kind === 'psk' ? own.selected : undefined;
  if (agreed.ech === 'accepted') {
    const draft = encodeHandshake(serverHello(agreed, random, share, selected?.index));
    const signal = acceptConfirmation(crypto, suite.hash, agreed.clientRandom, transcript, draft);
    random.set(signal, RANDOM_LENGTH - CONFIRMATION_LENGTH);
  }
  const hello = sendHandshake(serverHello(agreed, random, share, selected?.index));
  const afterHello = transcript.update(hello.raw);
  const psk = selected?.psk.secret;
  const secrets = handshakeSecrets(crypto, suite.hash, sharedSecret, afterHello.digest(), psk);
  const flight: Flight = {
    agreed: { ...agreed, group: exchange?.name },
    own,
    clientHandshakeTraffic: secrets.clientHandshakeTraffic,
    serverHandshakeTraffic: secrets.serverHandshakeTraffic,
    handshakeSecret: secrets.handshake,
    rng: drawn.rng,
  };
  return ok({
    flight,
    actions: [hello, ...changeCipherSpec(agreed), ...handshakeKeys(flight, early)],
    transcript: afterHello,
    signingEntropy: drawn.bytes.subarray(keyEnd, signingEnd),
    greaseEntropy: drawn.bytes.subarray(signingEnd),
  });
}

/** The client's side of the key exchange; undefined where a PSK does without (§4.3.9). */
function keyExchange(
  { crypto }: ServerConfig,
  { group: name, clientShare, pskKeyExchangeMode }: Agreed,
  own: OwnProof,
):
  | { readonly name: GroupName; readonly group: KeyExchangeGroup; readonly clientShare: Uint8Array }
  | undefined {
  if (own.kind === 'psk' && pskKeyExchangeMode === 'psk_ke') return undefined;
  return name === undefined || clientShare === undefined
    ? undefined
    : { name, group: crypto.groups[name], clientShare };
}

/** CertificateVerify, then Finished. */
function finishSigned(
  config: ServerConfig,
  flight: Flight,
  { scheme }: Chosen,
  transcript: RunningHash,
  signature: Uint8Array,
  before: readonly Action[],
): Transition {
  const verify = sendHandshake(certificateVerifyMessage(scheme, signature));
  return finishFlight(config, flight, transcript.update(verify.raw), [...before, verify]);
}

/** Finished; from here on this side could send data. */
function finishFlight(
  config: ServerConfig,
  flight: Flight,
  transcript: RunningHash,
  before: readonly Action[],
  early?: AcceptedByServer,
): Transition {
  const { crypto } = config;
  const { suite, clientRandom } = flight.agreed;
  const verifyData = finishedVerifyData(
    crypto,
    suite.hash,
    flight.serverHandshakeTraffic,
    transcript.digest(),
  );
  const finished = sendHandshake({ kind: 'finished', body: { verifyData } });
  const afterFinished = transcript.update(finished.raw);
  const secrets = applicationSecrets(crypto, suite.hash, flight.handshakeSecret, afterFinished.digest());
  return ok({
    phase: awaitClient(config, { flight, secrets }, afterFinished, early),
    actions: [
      ...before,
      finished,
      logSecret('CLIENT_TRAFFIC_SECRET_0', clientRandom, secrets.clientApplicationTraffic),
      logSecret('SERVER_TRAFFIC_SECRET_0', clientRandom, secrets.serverApplicationTraffic),
      logSecret('EXPORTER_SECRET', clientRandom, secrets.exporter),
      { kind: 'protectWrites', suite, secret: secrets.serverApplicationTraffic, epoch: 'application' },
    ],
  });
}

/** A client that a PSK authenticates is not asked for a certificate: it is the one of the session, or of the key. */
function awaitClient(
  { clientAuthentication }: ServerConfig,
  sent: Sent,
  transcript: RunningHash,
  early: AcceptedByServer | undefined,
): AwaitClientCertificate | AwaitEndOfEarlyData | AwaitClientFinished {
  const { own } = sent.flight;
  if (own.kind === 'psk') {
    const peer = own.selected.source.kind === 'session' ? own.selected.source.peer : undefined;
    if (early !== undefined) {
      return { kind: 'awaitEndOfEarlyData', sent, peer, left: early.maxEarlyData, transcript };
    }
    return { kind: 'awaitClientFinished', sent, peer, transcript };
  }
  const { clientType: certificateType } = sent.flight.agreed.certificateTypes;
  return clientAuthentication === undefined || certificateType === undefined
    ? { kind: 'awaitClientFinished', sent, peer: undefined, transcript }
    : { kind: 'awaitClientCertificate', sent, clientAuthentication, certificateType, transcript };
}

/** §4.2.3 */
function serverHello(
  agreed: Agreed,
  random: Uint8Array,
  share: KeyShareEntry | undefined,
  selectedIdentity: number | undefined,
): HandshakeMessage {
  const extensions: ServerHelloExtension[] = [{ name: 'supportedVersions', value: protocolVersions.tls13 }];
  if (share !== undefined) extensions.push({ name: 'keyShare', value: share });
  if (selectedIdentity !== undefined) extensions.push({ name: 'preSharedKey', value: selectedIdentity });
  return {
    kind: 'serverHello',
    body: {
      legacyVersion: protocolVersions.tls12,
      random,
      legacySessionIdEcho: agreed.legacySessionId,
      cipherSuite: agreed.suite.code,
      legacyCompressionMethod: 0,
      extensions,
    },
  };
}

/**
 * §4.4.1. server_name is acknowledged when it chose the certificate (RFC 6066 §3); the kinds of certificate are said to
 * clients that have named some (RFC 7250 §4.2).
 */
function encryptedExtensions(config: ServerConfig, { agreed, own }: Flight): HandshakeMessage {
  const extensions: EncryptedExtension[] = [];
  if (own.kind === 'certificate' && isChosenByName(agreed, own.chosen)) {
    extensions.push({ name: 'serverName', value: new Uint8Array(0) });
  }
  extensions.push(...certificateTypes(agreed, own));
  if (agreed.applicationProtocol !== undefined) {
    extensions.push({ name: 'applicationLayerProtocolNegotiation', value: [agreed.applicationProtocol] });
  }
  if (agreed.earlyData.kind === 'accepted') {
    extensions.push({ name: 'earlyData', value: new Uint8Array(0) });
  }
  if (agreed.recordSizes !== undefined) {
    extensions.push({ name: 'recordSizeLimit', value: agreed.recordSizes.received });
  }
  // RFC 9849 §7.1: how a client whose configuration is out of date learns of the new one.
  if (agreed.ech === 'rejected' && config.ech.kind === 'shared') {
    extensions.push({ name: 'encryptedClientHello', value: config.ech.retryConfigs });
  }
  if (agreed.ticketRequest !== undefined) {
    const value = ticketCount(config, agreed, own);
    if (value > 0) extensions.push({ name: 'ticketRequest', value });
  }
  for (const { type, data } of config.rawExtensions) {
    if (agreed.rawExtensions.some((offer) => offer.type === type)) {
      extensions.push({ name: 'unknown', type, data });
    }
  }
  return { kind: 'encryptedExtensions', body: { extensions } };
}

function isChosenByName({ facts }: Agreed, { credential }: Chosen): boolean {
  const { serverName } = facts;
  return (
    serverName !== undefined && credential.certificateType === 'x509' && isForName(credential, serverName)
  );
}

/**
 * Where a session is resumed, no certificate is asked for, and the server's is that of the session: to a client for whom
 * only a raw key will do, to say nothing would mean X.509.
 */
function certificateTypes(
  { facts, certificateTypes: { namesServerTypes, namesClientTypes, clientType } }: Agreed,
  own: OwnProof,
): readonly EncryptedExtension[] {
  const extensions: EncryptedExtension[] = [];
  if (own.kind === 'certificate' && namesClientTypes && clientType !== undefined) {
    extensions.push({ name: 'clientCertificateType', value: certificateTypeCodes[clientType] });
  }
  const serverType = shownType(own);
  if (namesServerTypes && serverType !== undefined && facts.serverCertificateTypes.includes(serverType)) {
    extensions.push({ name: 'serverCertificateType', value: certificateTypeCodes[serverType] });
  }
  return extensions;
}

/** §4.4.2, for a server that wants to know its clients. */
function certificateRequest(config: ServerConfig, greaseEntropy: Uint8Array): readonly SendHandshake[] {
  const { clientAuthentication } = config;
  if (clientAuthentication === undefined) return [];
  const extensions = requestExtensions(config, clientAuthentication, greaseEntropy);
  return [
    sendHandshake({
      kind: 'certificateRequest',
      body: { certificateRequestContext: new Uint8Array(0), extensions },
    }),
  ];
}

/**
 * What a CertificateRequest asks for. Only what it asks for may stand beside the certificates that answer it, and GREASE,
 * which goes in front when there is entropy for it, asks for nothing (RFC 8701 §4.2).
 */
export function requestExtensions(
  config: ServerConfig,
  { certificateAuthorities = [], requestOcsp = false, requestScts = false }: ClientAuthentication,
  greaseEntropy: Uint8Array = new Uint8Array(0),
): readonly CertificateRequestExtension[] {
  const schemes = config.signatureSchemes.map((name) => signatureSchemes[name].code);
  const grease = [...greaseEntropy.subarray(0, 1)].map(greaseCode);
  const extensions: CertificateRequestExtension[] = [
    { name: 'signatureAlgorithms', value: [...grease, ...schemes] },
    ...greaseExtensions(greaseEntropy.subarray(1)),
  ];
  if (certificateAuthorities.length > 0) {
    extensions.push({ name: 'certificateAuthorities', value: certificateAuthorities });
  }
  if (requestOcsp) extensions.push({ name: 'statusRequest', value: new Uint8Array(0) });
  if (requestScts) extensions.push({ name: 'signedCertificateTimestamp', value: new Uint8Array(0) });
  const compressCertificate = decompressible(config);
  if (compressCertificate.length > 0) {
    extensions.push({ name: 'compressCertificate', value: compressCertificate });
  }
  return extensions;
}

/** §E.4: once, after the first message of the server's, when the client plays along. */
function changeCipherSpec(agreed: Agreed): readonly Action[] {
  const due = agreed.legacySessionId.length > 0 && !agreed.helloRetryRequest;
  return due ? [{ kind: 'sendChangeCipherSpec' }] : [];
}

/** From here on the client sends under its handshake keys, and keeps to our limit on records. */
export function handshakeReads({ agreed, clientHandshakeTraffic }: Flight): readonly Action[] {
  const { suite, recordSizes } = agreed;
  return [
    ...limitRecords(recordSizes, 'received'),
    { kind: 'protectReads', suite, secret: clientHandshakeTraffic, epoch: 'handshake' },
  ];
}

/** The client's handshake keys are read under once its early data has come, when that is taken. */
function handshakeKeys(flight: Flight, early: AcceptedByServer | undefined): readonly Action[] {
  const { suite, clientRandom, recordSizes } = flight.agreed;
  const { clientHandshakeTraffic, serverHandshakeTraffic } = flight;
  return [
    logSecret('CLIENT_HANDSHAKE_TRAFFIC_SECRET', clientRandom, clientHandshakeTraffic),
    logSecret('SERVER_HANDSHAKE_TRAFFIC_SECRET', clientRandom, serverHandshakeTraffic),
    ...(early === undefined
      ? handshakeReads(flight)
      : [
          {
            kind: 'protectReads',
            suite,
            secret: early.secrets.clientEarlyTraffic,
            epoch: 'early',
          } as const,
        ]),
    ...limitRecords(recordSizes, 'sent'),
    { kind: 'protectWrites', suite, secret: serverHandshakeTraffic, epoch: 'handshake' },
  ];
}
