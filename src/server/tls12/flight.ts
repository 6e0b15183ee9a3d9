import { generate, type Rng, SIGNING_ENTROPY_LENGTH } from '../../../nocrypto/index.ts';
import { ok } from '../../../x509/index.ts';
import { downgradeSentinels, protocolVersions } from '../../codepoints.ts';
import type { ServerConfig } from '../../config.ts';
import { isForName } from '../../credential.ts';
import { findExtension, type Tls12ServerHelloExtension } from '../../extensions.ts';
import { RANDOM_LENGTH } from '../../messages.ts';
import {
  bareEntries,
  type Chosen,
  checkExternalSignature,
  leafExtensions,
  type Own,
  proveKey,
} from '../../own-certificate.ts';
import type { Response } from '../../request.ts';
import { signatureSchemes } from '../../signature-schemes.ts';
import { STORED_SESSION_ID_LENGTH } from '../../ticket.ts';
import { encodeParams, encodeSignedShare, signedParams } from '../../tls12/key-exchange.ts';
import type { Tls12Message } from '../../tls12/messages.ts';
import type { Tls12Suite } from '../../tls12/suites.ts';
import { extended, startTls12Transcript, type Tls12Transcript } from '../../tls12/transcript.ts';
import { type Action, sendTls12Handshake, type Transition } from '../../transition.ts';
import type { Tls12Choice } from './credential.ts';
import type { Tls12Agreed, Tls12AwaitSignature, Tls12Offer } from './phase.ts';
import { limitsAtOnce } from './record-sizes.ts';
import { isStored, issuesTicket } from './ticket.ts';

/** ServerHello … ServerHelloDone (RFC 5246 §7.3). `hello` is the client's. */
export function sendTls12Flight(
  config: ServerConfig,
  offer: Tls12Offer,
  choice: Tls12Choice,
  hello: Uint8Array,
  rng: Rng,
): Transition {
  const { crypto } = config;
  const { suite, own } = choice;
  const idEnd = RANDOM_LENGTH + (isStored(config, offer, suite) ? STORED_SESSION_ID_LENGTH : 0);
  const keyEnd =
    idEnd + (choice.kind === 'ephemeral' ? crypto.groups[choice.group].generateEntropyLength : 0);
  const drawn = generate(rng, keyEnd + SIGNING_ENTROPY_LENGTH);
  const randoms = { client: offer.clientRandom, server: serverRandom(config, drawn.bytes) };
  const sessionId = drawn.bytes.slice(RANDOM_LENGTH, idEnd);
  const storedAs = sessionId.length === 0 ? undefined : sessionId;
  const greeting = { suite, random: randoms.server, sessionId };
  const shown = [
    serverHello(config, offer, greeting, own),
    { kind: 'tls12Certificate', body: { certificateList: bareEntries(own.credential) } } as const,
    ...certificateStatus(offer, own),
  ].map(sendTls12Handshake);
  const transcript = startTls12Transcript(crypto, suite, [hello, ...shown.map(({ raw }) => raw)]);
  const begun = [...limitsAtOnce(offer.recordSizes), ...shown];
  const common = { offer, suite, randoms, storedAs, rng: drawn.rng };
  if (choice.kind === 'transport') {
    const agreed: Tls12Agreed = { ...common, own, exchange: { kind: 'transport', key: choice.key } };
    return finishFlight(config, agreed, [], transcript, begun);
  }
  const { name, group } = choice;
  const { privateKey, share } = crypto.groups[group].generate(drawn.bytes.subarray(idEnd, keyEnd));
  const agreed: Tls12Agreed = { ...common, own, exchange: { kind: 'ephemeral', name, group, privateKey } };
  const params = encodeParams(group, share);
  const proof = proveKey(config, choice.own, signedParams(randoms, params), drawn.bytes.subarray(keyEnd));
  if (!proof.ok) return proof;
  if (proof.value.kind === 'request') {
    return ok({
      phase: { kind: 'tls12AwaitSignature', agreed, chosen: choice.own, params, transcript },
      actions: [...begun, { kind: 'request', request: proof.value.request }],
    });
  }
  const exchange = serverKeyExchange(choice.own, params, proof.value.signature);
  return finishFlight(config, agreed, [exchange], transcript, begun);
}

/** The signature came from elsewhere. */
export function answerTls12Signature(
  config: ServerConfig,
  { agreed, chosen, params, transcript }: Tls12AwaitSignature,
  response: Response,
): Transition {
  const content = signedParams(agreed.randoms, params);
  const signature = checkExternalSignature(config, chosen, content, response);
  if (!signature.ok) return signature;
  return finishFlight(config, agreed, [serverKeyExchange(chosen, params, signature.value)], transcript, []);
}

/** §7.4.3 */
function serverKeyExchange({ scheme }: Chosen, params: Uint8Array, signature: Uint8Array): Tls12Message {
  const exchange = encodeSignedShare(params, { algorithm: scheme.code, signature });
  return { kind: 'serverKeyExchange', body: { exchange } };
}

/** RFC 6066 §8: an OCSP response goes behind the Certificate, where the ServerHello has announced it. */
function certificateStatus(offer: Tls12Offer, own: Own): readonly Tls12Message[] {
  const status = findExtension(leafExtensions(own.credential, offer.facts), 'statusRequest');
  return status === undefined ? [] : [{ kind: 'certificateStatus', body: status }];
}

/** What a ServerHello says that its extensions do not. */
export interface Greeting {
  readonly suite: Tls12Suite;
  readonly random: Uint8Array;
  /** The client's own, where a session goes on (RFC 5077 §3.4); empty where there is nothing to name. */
  readonly sessionId: Uint8Array;
}

/** RFC 5246 §7.4.1.3. `own` is undefined where a session goes on. */
export function serverHello(
  config: ServerConfig,
  offer: Tls12Offer,
  { suite, random, sessionId }: Greeting,
  own: Own | undefined,
): Tls12Message {
  return {
    kind: 'tls12ServerHello',
    body: {
      legacyVersion: protocolVersions.tls12,
      random,
      legacySessionIdEcho: sessionId,
      cipherSuite: suite.code,
      legacyCompressionMethod: 0,
      extensions: helloExtensions(config, offer, suite, own),
    },
  };
}

/**
 * 32 fresh bytes, the last eight of which say where this server could have spoken TLS 1.3: who has taken that away from
 * the client's offer cannot take it from here, where it is signed (RFC 9846 §4.2.3).
 */
export function serverRandom({ versions }: ServerConfig, entropy: Uint8Array): Uint8Array {
  const random = entropy.slice(0, RANDOM_LENGTH);
  const { tls12 } = downgradeSentinels;
  if (versions.includes('1.3')) random.set(tls12, RANDOM_LENGTH - tls12.length);
  return random;
}

/** ServerKeyExchange, where the suite has one, CertificateRequest, ServerHelloDone. */
function finishFlight(
  config: ServerConfig,
  agreed: Tls12Agreed,
  exchange: readonly Tls12Message[],
  before: Tls12Transcript,
  actions: readonly Action[],
): Transition {
  const { clientAuthentication } = config;
  const messages: readonly Tls12Message[] = [
    ...exchange,
    ...certificateRequest(config),
    { kind: 'serverHelloDone', body: { nothing: new Uint8Array(0) } },
  ];
  const rest = messages.map(sendTls12Handshake);
  const transcript = rest.reduce((running, { raw }) => extended(running, raw), before);
  return ok({
    phase:
      clientAuthentication === undefined
        ? { kind: 'tls12AwaitClientKeyExchange', agreed, shown: undefined, transcript }
        : { kind: 'tls12AwaitClientCertificate', agreed, clientAuthentication, transcript },
    actions: [...actions, ...rest],
  });
}

/** ClientCertificateType (§7.4.4): ecdsa_sign, which stands for EdDSA too (RFC 8422 §5.5), and rsa_sign. */
const CERTIFICATE_TYPES = Uint8Array.of(64, 1);

/** §7.4.4, for a server that wants to know its clients. */
function certificateRequest(config: ServerConfig): readonly Tls12Message[] {
  const { clientAuthentication } = config;
  if (clientAuthentication === undefined) return [];
  return [
    {
      kind: 'tls12CertificateRequest',
      body: {
        certificateTypes: CERTIFICATE_TYPES,
        supportedSignatureAlgorithms: config.signatureSchemes.map((name) => signatureSchemes[name].code),
        certificateAuthorities: clientAuthentication.certificateAuthorities ?? [],
      },
    },
  ];
}

/** That a CertificateStatus follows (RFC 6066 §8), and timestamps, which have their place here (RFC 6962 §3.3.1). */
function stapleReplies({ facts }: Tls12Offer, own: Own | undefined): readonly Tls12ServerHelloExtension[] {
  const beside = leafExtensions(own?.credential, facts);
  const replies: Tls12ServerHelloExtension[] = [];
  if (findExtension(beside, 'statusRequest') !== undefined) {
    replies.push({ name: 'statusRequest', value: new Uint8Array(0) });
  }
  const scts = findExtension(beside, 'signedCertificateTimestamp');
  if (scts !== undefined) replies.push({ name: 'signedCertificateTimestamp', value: scts });
  return replies;
}

/** §7.4.1.4: answers to what the client has offered, and to nothing else. */
function helloExtensions(
  config: ServerConfig,
  offer: Tls12Offer,
  suite: Tls12Suite,
  own: Own | undefined,
): readonly Tls12ServerHelloExtension[] {
  const { facts, applicationProtocol } = offer;
  const nothing = new Uint8Array(0);
  const extensions: Tls12ServerHelloExtension[] = [];
  if (facts.serverName !== undefined && own !== undefined && isForName(own.credential, facts.serverName)) {
    extensions.push({ name: 'serverName', value: nothing });
  }
  if (offer.recordSizes !== undefined) extensions.push(offer.recordSizes.reply);
  extensions.push(...stapleReplies(offer, own));
  if (offer.secureRenegotiation) extensions.push({ name: 'renegotiationInfo', value: nothing });
  if (offer.extendedMasterSecret) extensions.push({ name: 'extendedMasterSecret', value: nothing });
  // RFC 7366 §3: not with an AEAD, which needs no MAC.
  if (offer.encryptThenMac && suite.cipher.kind === 'cbc') {
    extensions.push({ name: 'encryptThenMac', value: nothing });
  }
  if (offer.pointFormats && suite.keyExchange === 'ecdhe') {
    extensions.push({ name: 'ecPointFormats', value: Uint8Array.of(0) });
  }
  // A session that goes on keeps its ticket: it ends when it was meant to.
  if (own !== undefined && issuesTicket(config, offer, suite))
    extensions.push({ name: 'sessionTicket', value: nothing });
  if (applicationProtocol !== undefined) {
    extensions.push({ name: 'applicationLayerProtocolNegotiation', value: [applicationProtocol] });
  }
  for (const { type, data } of config.rawExtensions) {
    if (offer.rawExtensions.some((one) => one.type === type)) {
      extensions.push({ name: 'unknown', type, data });
    }
  }
  return extensions;
}
