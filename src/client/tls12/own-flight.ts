import { generate, type Secret, SIGNING_ENTROPY_LENGTH } from '../../../nocrypto/index.ts';
import { err, ok, type Result } from '../../../x509/index.ts';
import type { ClientConfig } from '../../config.ts';
import { type Failure, misbehaved } from '../../failure.ts';
import {
  bareEntries,
  type Chosen,
  certificateVerifyMessage,
  checkExternalSignature,
  proveKey,
} from '../../own-certificate.ts';
import type { CertificateRequestFacts, Response } from '../../request.ts';
import {
  encodeClientShare,
  encodeTransported,
  premasterSecret,
  type ServerOffer,
  TRANSPORTED_LENGTH,
  transportedPremaster,
} from '../../tls12/key-exchange.ts';
import { extendedMasterSecret, keyBlock, masterSecret } from '../../tls12/key-schedule.ts';
import { extended, handshakeMessages, type Tls12Transcript } from '../../tls12/transcript.ts';
import {
  type Action,
  logSecret,
  sendHandshake,
  sendTls12Handshake,
  type Transition,
} from '../../transition.ts';
import { chooseOwn, chosenByCaller } from '../own-credential.ts';
import { awaitServer, sendFinished } from './finished.ts';
import type {
  Tls12AwaitOwnCredential,
  Tls12AwaitOwnSignature,
  Tls12OwnFlight,
  Tls12Secured,
} from './phase.ts';

/** RFC 5246 §7.4.6: the certificate that was asked for, or an empty message when there is none to show. */
export function beginOwnFlight(
  config: ClientConfig,
  flight: Tls12OwnFlight,
  certificateRequest: CertificateRequestFacts | undefined,
  transcript: Tls12Transcript,
): Transition {
  if (certificateRequest === undefined) return exchangeKeys(config, flight, undefined, transcript, []);
  const choice = chooseOwn(config, certificateRequest, '1.2');
  if (choice.kind === 'chosen') return sendCertificate(config, flight, choice.chosen, transcript);
  return ok({
    phase: { kind: 'tls12AwaitOwnCredential', flight, certificateRequest, transcript },
    actions: [{ kind: 'request', request: choice.request }],
  });
}

/** The caller has chosen a certificate, or none. */
export function answerTls12OwnCredential(
  config: ClientConfig,
  { flight, certificateRequest, transcript }: Tls12AwaitOwnCredential,
  response: Response,
): Transition {
  const chosen = chosenByCaller(config, certificateRequest, '1.2', response);
  return chosen.ok ? sendCertificate(config, flight, chosen.value, transcript) : chosen;
}

/** The signature of our CertificateVerify came from elsewhere. */
export function answerTls12OwnSignature(
  config: ClientConfig,
  { secured, chosen, transcript }: Tls12AwaitOwnSignature,
  response: Response,
): Transition {
  const signature = checkExternalSignature(config, chosen, handshakeMessages(transcript), response);
  return signature.ok ? finishSigned(config, secured, chosen, transcript, signature.value, []) : signature;
}

function sendCertificate(
  config: ClientConfig,
  flight: Tls12OwnFlight,
  chosen: Chosen | undefined,
  transcript: Tls12Transcript,
): Transition {
  const certificate = sendTls12Handshake({
    kind: 'tls12Certificate',
    body: { certificateList: bareEntries(chosen?.credential) },
  });
  return exchangeKeys(config, flight, chosen, extended(transcript, certificate.raw), [certificate]);
}

/** ClientKeyExchange (RFC 5246 §7.4.7), and from there the master secret. */
function exchangeKeys(
  config: ClientConfig,
  { agreed, peer, server }: Tls12OwnFlight,
  chosen: Chosen | undefined,
  before: Tls12Transcript,
  actions: readonly Action[],
): Transition {
  const { crypto } = config;
  const { suite, randoms } = agreed;
  const exchangeEntropy = entropyLength(config, server);
  const drawn = generate(agreed.rng, exchangeEntropy + SIGNING_ENTROPY_LENGTH);
  const exchanged = exchangeWith(config, server, drawn.bytes.subarray(0, exchangeEntropy));
  if (!exchanged.ok) return exchanged;
  const { exchange, premaster } = exchanged.value;
  const keyExchange = sendTls12Handshake({ kind: 'clientKeyExchange', body: { exchange } });
  const transcript = extended(before, keyExchange.raw);
  const master = agreed.extendedMasterSecret
    ? extendedMasterSecret(crypto, suite, premaster, transcript.hash.digest())
    : masterSecret(crypto, suite, premaster, randoms);
  const keys = keyBlock(crypto, suite, master, randoms);
  const group = server.kind === 'ephemeral' ? server.share.group : undefined;
  const secured: Tls12Secured = { agreed, server: peer, group, master, keys, resumed: undefined };
  const secret = logSecret('CLIENT_RANDOM', randoms.client, master);
  const entropy = drawn.bytes.subarray(exchangeEntropy);
  return proveOwnKey(config, secured, chosen, transcript, entropy, [...actions, keyExchange, secret]);
}

/** This side's half of the key exchange, and what both sides then know. */
interface Exchanged {
  readonly exchange: Uint8Array;
  readonly premaster: Secret;
}

/** `entropy` has {@link entropyLength} bytes. */
function exchangeWith(
  { crypto }: ClientConfig,
  server: ServerOffer,
  entropy: Uint8Array,
): Result<Exchanged, Failure> {
  if (server.kind === 'transport') {
    const premaster = transportedPremaster(entropy.subarray(0, TRANSPORTED_LENGTH));
    const encrypted = crypto.rsa.encryptPkcs1(server.key, premaster, entropy.subarray(TRANSPORTED_LENGTH));
    return encrypted.ok
      ? ok({ exchange: encodeTransported(encrypted.value), premaster })
      : err(misbehaved('certificate-does-not-fit-suite', 'the key is too short for key transport'));
  }
  const { keyExchange, share } = server;
  const exchanged = crypto.groups[share.group].encapsulate(share.share, entropy);
  if (!exchanged.ok) return err(misbehaved('bad-key-share', `${share.group}: ${exchanged.error.kind}`));
  return ok({
    exchange: encodeClientShare(keyExchange, exchanged.value.share),
    premaster: premasterSecret(keyExchange, exchanged.value.sharedSecret),
  });
}

function entropyLength({ crypto }: ClientConfig, server: ServerOffer): number {
  return server.kind === 'transport'
    ? TRANSPORTED_LENGTH + SIGNING_ENTROPY_LENGTH
    : crypto.groups[server.share.group].encapsulateEntropyLength;
}

/** CertificateVerify (RFC 5246 §7.4.8) of a client that has shown a certificate. */
function proveOwnKey(
  config: ClientConfig,
  secured: Tls12Secured,
  chosen: Chosen | undefined,
  transcript: Tls12Transcript,
  entropy: Uint8Array,
  actions: readonly Action[],
): Transition {
  if (chosen === undefined) return finish(config, secured, undefined, transcript, actions);
  const proof = proveKey(config, chosen, handshakeMessages(transcript), entropy);
  if (!proof.ok) return proof;
  if (proof.value.kind === 'request') {
    return ok({
      phase: { kind: 'tls12AwaitOwnSignature', secured, chosen, transcript },
      actions: [...actions, { kind: 'request', request: proof.value.request }],
    });
  }
  return finishSigned(config, secured, chosen, transcript, proof.value.signature, actions);
}

function finishSigned(
  config: ClientConfig,
  secured: Tls12Secured,
  chosen: Chosen,
  transcript: Tls12Transcript,
  signature: Uint8Array,
  actions: readonly Action[],
): Transition {
  const verify = sendHandshake(certificateVerifyMessage(chosen.scheme, signature));
  return finish(config, secured, chosen, extended(transcript, verify.raw), [...actions, verify]);
}

/** Our Finished; the server's answers it. */
function finish(
  config: ClientConfig,
  secured: Tls12Secured,
  chosen: Chosen | undefined,
  before: Tls12Transcript,
  actions: readonly Action[],
): Transition {
  const { verifyData, transcript, sending } = sendFinished(config, secured, before);
  return ok({
    phase: awaitServer({ secured, chosen, firstVerifyData: verifyData, transcript }),
    actions: [...actions, ...sending],
  });
}
