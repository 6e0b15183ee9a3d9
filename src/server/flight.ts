import { generate, type Rng, type RunningHash, SIGNING_ENTROPY_LENGTH } from '../../nocrypto/index.ts';
import { err, ok } from '../../x509/index.ts';
import { protocolVersions } from '../codepoints.ts';
import type { ServerConfig } from '../config.ts';
import { isForName } from '../credential.ts';
import type { CertificateRequestExtension, EncryptedExtension } from '../extensions.ts';
import { misbehaved } from '../failure.ts';
import { groupCode } from '../groups.ts';
import { applicationSecrets, finishedVerifyData, handshakeSecrets } from '../key-schedule.ts';
import { type HandshakeMessage, RANDOM_LENGTH } from '../messages.ts';
import {
  type Chosen,
  certificateMessage,
  certificateVerifyMessage,
  checkExternalSignature,
  proveKey,
} from '../own-certificate.ts';
import type { Response } from '../request.ts';
import { signatureSchemes } from '../signature-schemes.ts';
import { type Action, logSecret, type SendHandshake, sendHandshake, type Transition } from '../transition.ts';
import type { Agreed, AwaitSignature, Flight, Sent } from './phase.ts';

/** ServerHello … Certificate (RFC 9846 §2), then the signature: made here, or asked for. */
export function sendFlight(
  config: ServerConfig,
  agreed: Agreed,
  chosen: Chosen,
  transcript: RunningHash,
  rng: Rng,
): Transition {
  const { crypto } = config;
  const { suite } = agreed;
  const group = crypto.groups[agreed.group];
  // Drawn at once: every draw also moves the generator on, which costs more than the bytes do.
  const keyEnd = RANDOM_LENGTH + group.encapsulateEntropyLength;
  const drawn = generate(rng, keyEnd + SIGNING_ENTROPY_LENGTH).bytes;
  // A copy of what is public, so that no secret lies in the same buffer.
  const random = drawn.slice(0, RANDOM_LENGTH);
  const exchanged = group.encapsulate(agreed.clientShare, drawn.subarray(RANDOM_LENGTH, keyEnd));
  if (!exchanged.ok) return err(misbehaved('bad-key-share', `${agreed.group}: ${exchanged.error.kind}`));
  const hello = sendHandshake(serverHello(agreed, random, exchanged.value.share));
  const afterHello = transcript.update(hello.raw);
  const secrets = handshakeSecrets(crypto, suite.hash, exchanged.value.sharedSecret, afterHello.digest());
  const flight: Flight = {
    agreed,
    chosen,
    clientHandshakeTraffic: secrets.clientHandshakeTraffic,
    serverHandshakeTraffic: secrets.serverHandshakeTraffic,
    handshakeSecret: secrets.handshake,
  };
  const shown = [
    sendHandshake(encryptedExtensions(agreed, chosen)),
    ...certificateRequest(config),
    sendHandshake(certificateMessage(new Uint8Array(0), chosen.credential)),
  ];
  const afterCertificate = shown.reduce((running, { raw }) => running.update(raw), afterHello);
  const actions = [hello, ...changeCipherSpec(agreed), ...handshakeKeys(flight), ...shown];
  const proof = proveKey(config, chosen, afterCertificate, drawn.subarray(keyEnd));
  if (!proof.ok) return proof;
  if (proof.value.kind === 'request') {
    return ok({
      phase: { kind: 'awaitSignature', flight, transcript: afterCertificate },
      actions: [...actions, { kind: 'request', request: proof.value.request }],
    });
  }
  return finishFlight(config, flight, afterCertificate, proof.value.signature, actions);
}

/** The signature came from elsewhere. */
export function answerSignature(
  config: ServerConfig,
  { flight, transcript }: AwaitSignature,
  response: Response,
): Transition {
  const signature = checkExternalSignature(config, flight.chosen, transcript, response);
  return signature.ok ? finishFlight(config, flight, transcript, signature.value, []) : signature;
}

/** CertificateVerify and Finished; from here on this side could send data. */
function finishFlight(
  config: ServerConfig,
  flight: Flight,
  transcript: RunningHash,
  signature: Uint8Array,
  before: readonly Action[],
): Transition {
  const { crypto } = config;
  const { suite, clientRandom } = flight.agreed;
  const verify = sendHandshake(certificateVerifyMessage(flight.chosen.scheme, signature));
  const afterVerify = transcript.update(verify.raw);
  const verifyData = finishedVerifyData(
    crypto,
    suite.hash,
    flight.serverHandshakeTraffic,
    afterVerify.digest(),
  );
  const finished = sendHandshake({ kind: 'finished', body: { verifyData } });
  const afterFinished = afterVerify.update(finished.raw);
  const secrets = applicationSecrets(crypto, suite.hash, flight.handshakeSecret, afterFinished.digest());
  const sent: Sent = {
    flight,
    clientApplicationTraffic: secrets.clientApplicationTraffic,
    exporterSecret: secrets.exporter,
  };
  const { clientAuthentication } = config;
  return ok({
    phase:
      clientAuthentication === undefined
        ? { kind: 'awaitClientFinished', sent, peer: undefined, transcript: afterFinished }
        : { kind: 'awaitClientCertificate', sent, clientAuthentication, transcript: afterFinished },
    actions: [
      ...before,
      verify,
      finished,
      logSecret('CLIENT_TRAFFIC_SECRET_0', clientRandom, secrets.clientApplicationTraffic),
      logSecret('SERVER_TRAFFIC_SECRET_0', clientRandom, secrets.serverApplicationTraffic),
      logSecret('EXPORTER_SECRET', clientRandom, secrets.exporter),
      { kind: 'protectWrites', suite, secret: secrets.serverApplicationTraffic, epoch: 'application' },
    ],
  });
}

/** §4.1.3 */
function serverHello(agreed: Agreed, random: Uint8Array, share: Uint8Array): HandshakeMessage {
  return {
    kind: 'serverHello',
    body: {
      legacyVersion: protocolVersions.tls12,
      random,
      legacySessionIdEcho: agreed.legacySessionId,
      cipherSuite: agreed.suite.code,
      legacyCompressionMethod: 0,
      extensions: [
        { name: 'supportedVersions', value: protocolVersions.tls13 },
        { name: 'keyShare', value: { group: groupCode(agreed.group), keyExchange: share } },
      ],
    },
  };
}

/** §4.3.1. server_name is acknowledged when it chose the certificate (RFC 6066 §3). */
function encryptedExtensions(agreed: Agreed, { credential }: Chosen): HandshakeMessage {
  const { serverName } = agreed.facts;
  const extensions: EncryptedExtension[] = [];
  if (serverName !== undefined && isForName(credential, serverName)) {
    extensions.push({ name: 'serverName', value: new Uint8Array(0) });
  }
  if (agreed.applicationProtocol !== undefined) {
    extensions.push({ name: 'applicationLayerProtocolNegotiation', value: [agreed.applicationProtocol] });
  }
  return { kind: 'encryptedExtensions', body: { extensions } };
}

/** §4.3.2, for a server that wants to know its clients. */
function certificateRequest(config: ServerConfig): readonly SendHandshake[] {
  const { clientAuthentication } = config;
  if (clientAuthentication === undefined) return [];
  const { certificateAuthorities = [] } = clientAuthentication;
  const extensions: CertificateRequestExtension[] = [
    {
      name: 'signatureAlgorithms',
      value: config.signatureSchemes.map((name) => signatureSchemes[name].code),
    },
  ];
  if (certificateAuthorities.length > 0) {
    extensions.push({ name: 'certificateAuthorities', value: certificateAuthorities });
  }
  return [
    sendHandshake({
      kind: 'certificateRequest',
      body: { certificateRequestContext: new Uint8Array(0), extensions },
    }),
  ];
}

/** §D.4: once, after the first message of the server's, when the client plays along. */
function changeCipherSpec(agreed: Agreed): readonly Action[] {
  const due = agreed.legacySessionId.length > 0 && !agreed.helloRetryRequest;
  return due ? [{ kind: 'sendChangeCipherSpec' }] : [];
}

function handshakeKeys(flight: Flight): readonly Action[] {
  const { suite, clientRandom } = flight.agreed;
  const { clientHandshakeTraffic, serverHandshakeTraffic } = flight;
  return [
    logSecret('CLIENT_HANDSHAKE_TRAFFIC_SECRET', clientRandom, clientHandshakeTraffic),
    logSecret('SERVER_HANDSHAKE_TRAFFIC_SECRET', clientRandom, serverHandshakeTraffic),
    { kind: 'protectReads', suite, secret: clientHandshakeTraffic, epoch: 'handshake' },
    { kind: 'protectWrites', suite, secret: serverHandshakeTraffic, epoch: 'handshake' },
  ];
}
