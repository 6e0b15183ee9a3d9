import assert from 'node:assert/strict';
import { type PrivateKey, type Secret, secret } from '../../nocrypto/index.ts';
import { type CipherSuite, cipherSuites } from '../../src/cipher-suites.ts';
import {
  helloRetryRequestRandom,
  protocolVersions,
  type Tls13CipherSuiteName,
} from '../../src/codepoints.ts';
import { findExtension, type KeyShareEntry } from '../../src/extensions.ts';
import { groupCode, groupOfCode } from '../../src/groups.ts';
import {
  type ClientOptions,
  client,
  type Resumption,
  type Session,
  type SignatureSchemeName,
} from '../../src/index.ts';
import {
  type ApplicationSecrets,
  applicationSecrets,
  earlySecrets,
  finishedVerifyData,
  type HandshakeSecrets,
  handshakeSecrets,
} from '../../src/key-schedule.ts';
import type {
  CertificateMessage,
  CertificateRequest,
  CertificateVerify,
  ClientHello,
  CompressedCertificate,
  EncryptedExtensions,
  Finished,
  HelloRetryRequest,
  ServerHello,
} from '../../src/messages.ts';
import { signedContent } from '../../src/peer-certificate.ts';
import { signatureSchemes } from '../../src/signature-schemes.ts';
import {
  type Composes,
  composer,
  follow,
  forgetFirstHello,
  makePeer,
  type Peer,
  protectReads,
  protectWrites,
  type Says,
  sayer,
  transcriptHash,
} from './peer.ts';
import { quickClientConfig, quickCredential, quickLeafKey } from './quick.ts';
import { shrunk } from './shrinking.ts';
import { bytes, must } from './support.ts';

/** What a server can say during the handshake. */
export type ServerSays = keyof ServerBodies;

interface ServerBodies {
  readonly helloRetryRequest: HelloRetryRequest;
  readonly serverHello: ServerHello;
  readonly encryptedExtensions: EncryptedExtensions;
  readonly certificateRequest: CertificateRequest;
  readonly certificate: CertificateMessage;
  readonly compressedCertificate: CompressedCertificate;
  readonly certificateVerify: CertificateVerify;
  readonly finished: Finished;
}

/** A TLS 1.3 server made of parts, which says what a test wants it to say to an engine that is a client. */
export interface ScriptedServer {
  readonly peer: Peer;
  readonly suite: CipherSuite;
  /** The client's newest hello. */
  readonly hello: () => ClientHello;
  readonly say: { readonly [K in ServerSays]: Says<ServerBodies[K]> };
  /** Says honest messages in this order. */
  readonly play: (...kinds: readonly ServerSays[]) => void;
  readonly compose: { readonly [K in ServerSays]: Composes<ServerBodies[K]> };
  /** Changes the server's keys, as after ServerHello and after Finished. */
  readonly changeKeys: (epoch: 'handshake' | 'application') => void;
}

export interface ScriptedServerOptions {
  /** Options of the engine under test. */
  readonly client?: Partial<ClientOptions>;
  readonly suite?: Tls13CipherSuiteName;
  /** DER, leaf first. */
  readonly chain?: readonly Uint8Array[];
  readonly key?: PrivateKey;
  readonly scheme?: SignatureSchemeName;
  /** What is chosen in EncryptedExtensions. */
  readonly applicationProtocol?: string;
  /** What the engine goes on from. */
  readonly resumption?: Resumption;
  /** The session among these that the server goes on from: the first unless told otherwise, -1 for none. */
  readonly selected?: number;
  /** What the server says of early data in EncryptedExtensions. */
  readonly acceptsEarlyData?: boolean;
  /** Another seed for the engine under test. */
  readonly seed?: number;
}

/** All that an honest server says when nothing is optional. */
export const serverFlight: readonly ServerSays[] = [
  'serverHello',
  'encryptedExtensions',
  'certificate',
  'certificateVerify',
  'finished',
];

/** Starts a client and hears its ClientHello. */
export function meetClient(options: ScriptedServerOptions = {}): ScriptedServer {
  const config = quickClientConfig(options.client);
  const { crypto } = config;
  const suite = cipherSuites[options.suite ?? 'TLS_AES_128_GCM_SHA256'];
  const scheme = signatureSchemes[options.scheme ?? 'ed25519'];
  const hellos: ClientHello[] = [];
  let shared: Secret = secret(new Uint8Array(32));
  let handshake: HandshakeSecrets | undefined;
  let application: ApplicationSecrets | undefined;

  const { selected = 0 } = options;
  const first = pskOf(options.resumption?.sessions[0]);
  const psk = pskOf(options.resumption?.sessions[selected])?.psk;
  const start = client(config, bytes(48, options.seed ?? 1), options.resumption);
  let isFinished = false;
  const peer = makePeer(crypto, start.state, (message, raw) => {
    if (message.kind === 'clientHello') {
      hellos.push(message.body);
      peer.transcript.push(raw);
      if (first !== undefined && findExtension(message.body.extensions, 'earlyData') !== undefined) {
        const early = earlySecrets(crypto, first.suite.hash, first.psk, transcriptHash(peer, first.suite));
        protectReads(peer, first.suite, early.clientEarlyTraffic);
      }
    }
    if (message.kind === 'endOfEarlyData') {
      peer.transcript.push(raw);
      protectReads(peer, suite, secretsOf(handshake).clientHandshakeTraffic);
    }
    // A later one ends an answer to a later CertificateRequest.
    if (message.kind === 'finished' && !isFinished) {
      isFinished = true;
      protectReads(peer, suite, secretsOf(application).clientApplicationTraffic);
    }
  });
  const hello = (): ClientHello => hellos.at(-1) ?? assert.fail('the client has not spoken');

  const serverShare = (): KeyShareEntry => {
    const shares = findExtension(hello().extensions, 'keyShare') ?? [];
    const offer = shares.find((share) => groupOfCode(share.group) !== undefined);
    const name = groupOfCode(offer?.group ?? groupCode('x25519')) ?? 'x25519';
    const group = crypto.groups[name];
    const entropy = bytes(group.encapsulateEntropyLength, 20);
    const exchanged = group.encapsulate(offer?.keyExchange ?? new Uint8Array(0), entropy);
    if (!exchanged.ok) return { group: groupCode(name), keyExchange: bytes(group.responderShareLength) };
    shared = exchanged.value.sharedSecret;
    return { group: groupCode(name), keyExchange: exchanged.value.share };
  };
  const common = () => ({
    legacyVersion: protocolVersions.tls12,
    legacySessionIdEcho: hello().legacySessionId,
    cipherSuite: suite.code,
    legacyCompressionMethod: 0,
  });
  const supportedVersions = { name: 'supportedVersions', value: protocolVersions.tls13 } as const;
  const honest: { readonly [K in ServerSays]: () => ServerBodies[K] } = {
    helloRetryRequest: () => ({
      ...common(),
      random: helloRetryRequestRandom,
      extensions: [supportedVersions, { name: 'keyShare', value: groupCode('secp256r1') }],
    }),
    serverHello: () => ({
      ...common(),
      random: bytes(32, 21),
      extensions: [
        supportedVersions,
        { name: 'keyShare', value: serverShare() },
        ...(psk === undefined ? [] : [{ name: 'preSharedKey', value: selected } as const]),
      ],
    }),
    encryptedExtensions: () => ({
      extensions: [
        ...(options.applicationProtocol === undefined
          ? []
          : [
              {
                name: 'applicationLayerProtocolNegotiation',
                value: [options.applicationProtocol],
              } as const,
            ]),
        ...(options.acceptsEarlyData === true
          ? [{ name: 'earlyData', value: new Uint8Array(0) } as const]
          : []),
      ],
    }),
    certificateRequest: () => ({
      certificateRequestContext: new Uint8Array(0),
      extensions: [{ name: 'signatureAlgorithms', value: [scheme.code] }],
    }),
    certificate: () => ({
      certificateRequestContext: new Uint8Array(0),
      certificateList: (options.chain ?? quickCredential.chain).map((certData) => ({
        certData,
        extensions: [],
      })),
    }),
    compressedCertificate: () => shrunk(honest.certificate()),
    certificateVerify: () => {
      const content = signedContent('server', transcriptHash(peer, suite));
      const signed = crypto.sign(scheme.algorithm, options.key ?? quickLeafKey, content, bytes(32, 22));
      return { algorithm: scheme.code, signature: must(signed) };
    },
    finished: () => ({
      verifyData: finishedVerifyData(
        crypto,
        suite.hash,
        secretsOf(handshake).serverHandshakeTraffic,
        transcriptHash(peer, suite),
      ),
    }),
  };

  // The client may answer before the server says its next message, so the keys are derived with the transcript.
  const afterHello = (): void => {
    handshake = handshakeSecrets(crypto, suite.hash, shared, transcriptHash(peer, suite), psk);
    if (options.acceptsEarlyData !== true) protectReads(peer, suite, handshake.clientHandshakeTraffic);
  };
  const afterFinished = (): void => {
    const { handshake: secretSoFar } = secretsOf(handshake);
    application = applicationSecrets(crypto, suite.hash, secretSoFar, transcriptHash(peer, suite));
  };
  const changeKeys = (epoch: 'handshake' | 'application'): void => {
    protectWrites(
      peer,
      suite,
      epoch === 'handshake'
        ? secretsOf(handshake).serverHandshakeTraffic
        : secretsOf(application).serverApplicationTraffic,
    );
  };
  const compose: ScriptedServer['compose'] = {
    helloRetryRequest: (edit) => {
      forgetFirstHello(peer, suite);
      return composer(peer, honest.helloRetryRequest, (body) => ({ kind: 'helloRetryRequest', body }))(edit);
    },
    serverHello: composer(peer, honest.serverHello, (body) => ({ kind: 'serverHello', body }), afterHello),
    encryptedExtensions: composer(peer, honest.encryptedExtensions, (body) => ({
      kind: 'encryptedExtensions',
      body,
    })),
    certificateRequest: composer(peer, honest.certificateRequest, (body) => ({
      kind: 'certificateRequest',
      body,
    })),
    certificate: composer(peer, honest.certificate, (body) => ({ kind: 'certificate', body })),
    compressedCertificate: composer(peer, honest.compressedCertificate, (body) => ({
      kind: 'compressedCertificate',
      body,
    })),
    certificateVerify: composer(peer, honest.certificateVerify, (body) => ({
      kind: 'certificateVerify',
      body,
    })),
    finished: composer(peer, honest.finished, (body) => ({ kind: 'finished', body }), afterFinished),
  };
  const say: ScriptedServer['say'] = {
    helloRetryRequest: sayer(peer, compose.helloRetryRequest),
    serverHello: sayer(peer, compose.serverHello, () => changeKeys('handshake')),
    encryptedExtensions: sayer(peer, compose.encryptedExtensions),
    certificateRequest: sayer(peer, compose.certificateRequest),
    certificate: sayer(peer, compose.certificate),
    compressedCertificate: sayer(peer, compose.compressedCertificate),
    certificateVerify: sayer(peer, compose.certificateVerify),
    finished: sayer(peer, compose.finished, () => changeKeys('application')),
  };
  const play = (...kinds: readonly ServerSays[]): void => {
    for (const kind of kinds) say[kind]();
  };
  follow(peer, start);
  return { peer, suite, hello, say, play, compose, changeKeys };
}

function pskOf(
  session: Session | undefined,
): { readonly suite: CipherSuite; readonly psk: Secret } | undefined {
  if (session?.version !== 'TLS 1.3') return undefined;
  return { suite: cipherSuites[session.cipherSuite], psk: session.psk };
}

function secretsOf<T>(secrets: T | undefined): T {
  assert.ok(secrets !== undefined, 'the server has not got that far');
  return secrets;
}
