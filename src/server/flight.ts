import { generate, type Rng, type RunningHash, SIGNING_ENTROPY_LENGTH } from '../../nocrypto/index.ts';
import { err, ok } from '../../x509/index.ts';
import { protocolVersions } from '../codepoints.ts';
import type { ServerConfig } from '../config.ts';
import { isForName } from '../credential.ts';
import type { EncryptedExtension } from '../extensions.ts';
import { misbehaved, misuse } from '../failure.ts';
import { groupCode } from '../groups.ts';
import { applicationSecrets, finishedVerifyData, handshakeSecrets } from '../key-schedule.ts';
import { type HandshakeMessage, RANDOM_LENGTH } from '../messages.ts';
import { signedContent } from '../peer-certificate.ts';
import type { Response } from '../request.ts';
import { type Action, logSecret, sendHandshake, type Transition } from '../transition.ts';
import type { Chosen } from './credential.ts';
import type { Agreed, AwaitSignature, Flight } from './phase.ts';

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
    certificate: chosen.credential.leaf,
    scheme: chosen.scheme,
    clientHandshakeTraffic: secrets.clientHandshakeTraffic,
    serverHandshakeTraffic: secrets.serverHandshakeTraffic,
    handshakeSecret: secrets.handshake,
  };
  const extensions = sendHandshake(encryptedExtensions(agreed, chosen));
  const certificate = sendHandshake(certificateMessage(chosen));
  const afterCertificate = afterHello.update(extensions.raw).update(certificate.raw);
  const actions = [hello, ...changeCipherSpec(agreed), ...handshakeKeys(flight), extensions, certificate];

  const content = signedContent('server', afterCertificate.digest());
  const { credential, scheme } = chosen;
  if (credential.key.kind === 'external') {
    const request = { kind: 'signature', credential, scheme: scheme.name, message: content } as const;
    return ok({
      phase: { kind: 'awaitSignature', flight, credential, transcript: afterCertificate },
      actions: [...actions, { kind: 'request', request }],
    });
  }
  const signature = crypto.sign(scheme.algorithm, credential.key.key, content, drawn.subarray(keyEnd));
  if (!signature.ok) return err(misuse('signing-failed', `${scheme.name}: ${signature.error.kind}`));
  return finishFlight(config, flight, afterCertificate, signature.value, actions);
}

/**
 * The signature came from elsewhere. It is verified before it leaves: a faulty signer could give its key away (an RSA
 * result with a CRT fault does), and the caller learns that the key is the wrong one.
 */
export function answerSignature(config: ServerConfig, phase: AwaitSignature, response: Response): Transition {
  if (response.kind === 'refusal') return err(misuse('signature-refused', response.reason));
  if (response.kind !== 'signature') {
    throw new TypeError(`the connection awaits a signature, not a ${response.kind}`);
  }
  const { scheme } = phase.flight;
  const content = signedContent('server', phase.transcript.digest());
  const { key } = phase.credential.publicKey;
  return config.crypto.verify(scheme.algorithm, key, content, response.signature)
    ? finishFlight(config, phase.flight, phase.transcript, response.signature, [])
    : err(
        misuse(
          'signing-failed',
          `the ${scheme.name} signature given does not verify under the certificate's key`,
        ),
      );
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
  const verify = sendHandshake({
    kind: 'certificateVerify',
    body: { algorithm: flight.scheme.code, signature },
  });
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
  return ok({
    phase: {
      kind: 'awaitClientFinished',
      flight,
      clientApplicationTraffic: secrets.clientApplicationTraffic,
      exporterSecret: secrets.exporter,
      transcript: afterFinished,
    },
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

/** §4.4.2 */
function certificateMessage({ credential }: Chosen): HandshakeMessage {
  const certificateList = credential.chain.map((certData) => ({ certData, extensions: [] }));
  return { kind: 'certificate', body: { certificateRequestContext: new Uint8Array(0), certificateList } };
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
