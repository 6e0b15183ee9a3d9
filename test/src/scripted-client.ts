import assert from 'node:assert/strict';
import { type GroupName, type Secret, secret } from '../../nocrypto/index.ts';
import { type CipherSuite, cipherSuiteOfCode, cipherSuites } from '../../src/cipher-suites.ts';
import { protocolVersions, pskKeyExchangeModes } from '../../src/codepoints.ts';
import { type ClientHelloExtension, findExtension, type KeyShareEntry } from '../../src/extensions.ts';
import { groupCode, groupOfCode } from '../../src/groups.ts';
import { type ServerOptions, server } from '../../src/index.ts';
import {
  type ApplicationSecrets,
  applicationSecrets,
  finishedVerifyData,
  type HandshakeSecrets,
  handshakeSecrets,
} from '../../src/key-schedule.ts';
import {
  type CertificateMessage,
  type CertificateVerify,
  type ClientHello,
  type CompressedCertificate,
  encodeHandshake,
  type Finished,
  type HelloRetryRequest,
} from '../../src/messages.ts';
import { signedContent } from '../../src/peer-certificate.ts';
import { binder, type ImportedPsk } from '../../src/psk.ts';
import { signatureSchemes } from '../../src/signature-schemes.ts';
import {
  type Composes,
  composer,
  forgetFirstHello,
  makePeer,
  type Peer,
  protectReads,
  protectWrites,
  type Says,
  sayer,
  transcriptHash,
} from './peer.ts';
import { quickCredential, quickLeafKey, quickServerConfig } from './quick.ts';
import { shrunk } from './shrinking.ts';
import { bytes, concatAll, must, NAME } from './support.ts';

/** What a client can say during the handshake. */
export type ClientSays = keyof ClientBodies;

interface ClientBodies {
  readonly clientHello: ClientHello;
  readonly certificate: CertificateMessage;
  readonly compressedCertificate: CompressedCertificate;
  readonly certificateVerify: CertificateVerify;
  readonly finished: Finished;
}

/** A TLS 1.3 client made of parts, which says what a test wants it to say to an engine that is a server. */
export interface ScriptedClient {
  readonly peer: Peer;
  readonly say: { readonly [K in ClientSays]: Says<ClientBodies[K]> };
  readonly compose: { readonly [K in ClientSays]: Composes<ClientBodies[K]> };
  /** What was agreed on. */
  readonly suite: () => CipherSuite;
  /** Changes the client's keys to those for application data, as after Finished. */
  readonly changeKeys: () => void;
}

export interface ScriptedClientOptions {
  /** Options of the engine under test. */
  readonly server?: Partial<ServerOptions>;
  /** The groups a share is sent for at first. */
  readonly keyShares?: readonly GroupName[];
  readonly extensions?: readonly ClientHelloExtension[];
  /** A PSK that it offers, with its binder. */
  readonly psk?: ImportedPsk;
  /** What it shows when it says Certificate: DER, leaf first. The key is quick.ts's. */
  readonly chain?: readonly Uint8Array[];
}

/** Starts a server and says nothing yet. */
export function meetServer(options: ScriptedClientOptions = {}): ScriptedClient {
  const config = quickServerConfig(options.server);
  const { crypto } = config;
  let retry: HelloRetryRequest | undefined;
  let suite: CipherSuite = cipherSuites.TLS_AES_128_GCM_SHA256;
  let handshake: HandshakeSecrets | undefined;
  let application: ApplicationSecrets | undefined;

  const privateKeys = new Map<number, Secret>();
  const keyShare = (name: GroupName): KeyShareEntry => {
    const group = crypto.groups[name];
    const { privateKey, share } = group.generate(bytes(group.generateEntropyLength, 30));
    privateKeys.set(groupCode(name), privateKey);
    return { group: groupCode(name), keyExchange: share };
  };

  const peer = makePeer(crypto, server(config, bytes(48, 2)).state, (message, raw) => {
    if (message.kind === 'helloRetryRequest') {
      retry = message.body;
      suite = cipherSuiteOfCode(retry.cipherSuite) ?? assert.fail('a suite nobody knows');
      forgetFirstHello(peer, suite);
    }
    // A server may send data before it has read our Finished: the keys change behind its own.
    peer.transcript.push(raw);
    if (message.kind === 'serverHello') {
      suite = cipherSuiteOfCode(message.body.cipherSuite) ?? assert.fail('a suite nobody knows');
      const share = findExtension(message.body.extensions, 'keyShare') ?? assert.fail('no share');
      const name = groupOfCode(share.group) ?? assert.fail('a group nobody knows');
      const privateKey = privateKeys.get(share.group) ?? secret(new Uint8Array(0));
      const shared = must(crypto.groups[name].decapsulate(privateKey, share.keyExchange));
      const isPsk = findExtension(message.body.extensions, 'preSharedKey') !== undefined;
      const psk = isPsk ? options.psk?.psk.secret : undefined;
      handshake = handshakeSecrets(crypto, suite.hash, shared, transcriptHash(peer, suite), psk);
      protectReads(peer, suite, handshake.serverHandshakeTraffic);
      protectWrites(peer, suite, handshake.clientHandshakeTraffic);
    }
    if (message.kind === 'finished') {
      const { handshake: secretSoFar } = secretsOf(handshake);
      application = applicationSecrets(crypto, suite.hash, secretSoFar, transcriptHash(peer, suite));
      protectReads(peer, suite, application.serverApplicationTraffic);
    }
  });

  /** RFC 9846 §4.3.11. */
  const withPsk = (hello: ClientHello): ClientHello => {
    if (options.psk === undefined) return hello;
    const { identity, psk } = options.psk;
    const whole = (ofPsk: Uint8Array): ClientHello => ({
      ...hello,
      extensions: [
        ...hello.extensions,
        { name: 'pskKeyExchangeModes', value: [pskKeyExchangeModes.psk_dhe_ke] },
        {
          name: 'preSharedKey',
          value: { identities: [{ identity, obfuscatedTicketAge: 0 }], binders: [ofPsk] },
        },
      ],
    });
    const draft = whole(new Uint8Array(crypto.hashes[psk.hash].outputLength));
    const raw = encodeHandshake({ kind: 'clientHello', body: draft });
    const covered = raw.subarray(0, raw.length - 3 - crypto.hashes[psk.hash].outputLength);
    const before = crypto.hashes[psk.hash].start().update(concatAll(peer.transcript));
    return whole(binder(crypto, psk, before.update(covered)));
  };

  const honest: { readonly [K in ClientSays]: () => ClientBodies[K] } = {
    clientHello: () => {
      const wanted = findExtension(retry?.extensions ?? [], 'keyShare');
      const group = wanted === undefined ? undefined : groupOfCode(wanted);
      const cookie = findExtension(retry?.extensions ?? [], 'cookie');
      const shares = group === undefined ? (options.keyShares ?? ['x25519']) : [group];
      return withPsk({
        legacyVersion: protocolVersions.tls12,
        random: bytes(32, 31),
        legacySessionId: bytes(32, 32),
        cipherSuites: [0x1301, 0x1302, 0x1303],
        legacyCompressionMethods: Uint8Array.of(0),
        extensions: [
          { name: 'serverName', value: [{ nameType: 0, hostName: NAME }] },
          { name: 'supportedVersions', value: [protocolVersions.tls13] },
          { name: 'supportedGroups', value: [groupCode('x25519'), groupCode('secp256r1')] },
          {
            name: 'signatureAlgorithms',
            value: Object.values(signatureSchemes).map(({ code }) => code),
          },
          { name: 'keyShare', value: shares.map(keyShare) },
          ...(options.extensions ?? []),
          ...(cookie === undefined ? [] : [{ name: 'cookie', value: cookie } as const]),
        ],
      });
    },
    certificate: () => ({
      certificateRequestContext: new Uint8Array(0),
      certificateList: (options.chain ?? quickCredential.chain).map((certData) => ({
        certData,
        extensions: [],
      })),
    }),
    compressedCertificate: () => shrunk(honest.certificate()),
    certificateVerify: () => {
      const content = signedContent('client', transcriptHash(peer, suite));
      const { algorithm, code } = signatureSchemes.ed25519;
      return { algorithm: code, signature: must(crypto.sign(algorithm, quickLeafKey, content, bytes(32))) };
    },
    finished: () => ({
      verifyData: finishedVerifyData(
        crypto,
        suite.hash,
        secretsOf(handshake).clientHandshakeTraffic,
        transcriptHash(peer, suite),
      ),
    }),
  };

  const compose: ScriptedClient['compose'] = {
    clientHello: composer(peer, honest.clientHello, (body) => ({ kind: 'clientHello', body })),
    certificate: composer(peer, honest.certificate, (body) => ({ kind: 'certificate', body })),
    compressedCertificate: composer(peer, honest.compressedCertificate, (body) => ({
      kind: 'compressedCertificate',
      body,
    })),
    certificateVerify: composer(peer, honest.certificateVerify, (body) => ({
      kind: 'certificateVerify',
      body,
    })),
    finished: composer(peer, honest.finished, (body) => ({ kind: 'finished', body })),
  };
  const changeKeys = (): void => protectWrites(peer, suite, secretsOf(application).clientApplicationTraffic);
  const say: ScriptedClient['say'] = {
    clientHello: sayer(peer, compose.clientHello),
    certificate: sayer(peer, compose.certificate),
    compressedCertificate: sayer(peer, compose.compressedCertificate),
    certificateVerify: sayer(peer, compose.certificateVerify),
    finished: sayer(peer, compose.finished, changeKeys),
  };
  return { peer, suite: () => suite, say, compose, changeKeys };
}

function secretsOf<T>(secrets: T | undefined): T {
  assert.ok(secrets !== undefined, 'the client has not got that far');
  return secrets;
}
