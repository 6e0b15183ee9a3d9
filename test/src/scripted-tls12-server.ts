import assert from 'node:assert/strict';
import { type PrivateKey, type Secret, secret } from '../../nocrypto/index.ts';
import { contentTypes, type Tls12CipherSuiteName } from '../../src/codepoints.ts';
import { findExtension } from '../../src/extensions.ts';
import { type ClientOptions, client, type SignatureSchemeName } from '../../src/index.ts';
import type { ClientHello, Finished } from '../../src/messages.ts';
import type { Session } from '../../src/session.ts';
import { signatureSchemes } from '../../src/signature-schemes.ts';
import { encodeParams, encodeSignedShare, signedParams } from '../../src/tls12/key-exchange.ts';
import {
  extendedMasterSecret,
  type KeyBlock,
  keyBlock,
  masterSecret,
  type Randoms,
  verifyData,
} from '../../src/tls12/key-schedule.ts';
import {
  type CertificateStatus,
  decodeTls12Handshake,
  encodeTls12Handshake,
  type HelloRequest,
  type ServerHelloDone,
  type ServerKeyExchange,
  type Tls12Certificate,
  type Tls12CertificateRequest,
  type Tls12Message,
  type Tls12NewSessionTicket,
  type Tls12ServerHello,
} from '../../src/tls12/messages.ts';
import { tls12Keys } from '../../src/tls12/record.ts';
import { tls12Suites } from '../../src/tls12/suites.ts';
import { type AnyMessage, changeCipherSpec, deliver, follow, makePeer, type Peer, record } from './peer.ts';
import { quickClientConfig, quickCredential, quickLeafKey } from './quick.ts';
import { bytes, concatAll, must, NOW } from './support.ts';

/** What a server of TLS 1.2 can say during the handshake: each from an honest body, which an edit may change. */
export interface ScriptedTls12Server {
  readonly peer: Peer;
  readonly hello: () => ClientHello;
  readonly serverHello: (edit?: Edit<Tls12ServerHello>) => void;
  readonly certificate: (edit?: Edit<Tls12Certificate>) => void;
  readonly certificateStatus: (edit?: Edit<CertificateStatus>) => void;
  /** `sign` says what is signed, by which scheme, and when it is not the params as they are sent. */
  readonly serverKeyExchange: (edit?: Edit<ServerKeyExchange>, sign?: Signing) => void;
  readonly certificateRequest: (edit?: Edit<Tls12CertificateRequest>) => void;
  readonly serverHelloDone: (edit?: Edit<ServerHelloDone>) => void;
  readonly newSessionTicket: (edit?: Edit<Tls12NewSessionTicket>) => void;
  /** The record, and from then on the server's own keys. */
  readonly changeCipherSpec: () => void;
  readonly finished: (edit?: Edit<Finished>) => void;
  readonly helloRequest: (edit?: Edit<HelloRequest>) => void;
  readonly say: (message: Tls12Message) => void;
}

type Edit<T> = (honest: T) => T;

export interface Signing {
  readonly scheme?: SignatureSchemeName;
  readonly content?: (honest: Uint8Array) => Uint8Array;
  readonly params?: Uint8Array;
}

export interface Tls12ServerOptions {
  readonly client?: Partial<ClientOptions>;
  readonly suite?: Tls12CipherSuiteName;
  readonly sessions?: readonly Session[];
  readonly earlyData?: boolean;
  readonly key?: PrivateKey;
  readonly chain?: readonly Uint8Array[];
}

/** Meets a client that speaks both versions with a server that speaks TLS 1.2 alone. */
export function meetTls12Client(options: Tls12ServerOptions = {}): ScriptedTls12Server {
  const config = quickClientConfig({ versions: ['1.3', '1.2'], ...options.client });
  const { crypto } = config;
  const suite = tls12Suites[options.suite ?? 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'];
  const random = bytes(32, 77);
  const group = crypto.groups.x25519;
  const { privateKey, share } = group.generate(bytes(group.generateEntropyLength, 5));
  let heardHello: ClientHello | undefined;
  let saidHello: Tls12ServerHello | undefined;
  let master: Secret | undefined;

  const hello = (): ClientHello => {
    assert.ok(heardHello !== undefined);
    return heardHello;
  };
  const randoms = (): Randoms => ({ client: hello().random, server: saidHello?.random ?? random });
  const keys = (): KeyBlock => {
    const resumed = options.sessions?.[0];
    master ??= resumed?.version === 'TLS 1.2' ? resumed.masterSecret : undefined;
    assert.ok(master !== undefined, 'the client has sent its share');
    return keyBlock(crypto, suite, master, randoms());
  };
  const digest = () => crypto.hashes[suite.hash].digest(concatAll(peer.transcript));
  const listen = (message: AnyMessage, raw: Uint8Array): void => {
    peer.transcript.push(raw);
    if (message.kind === 'clientHello') heardHello = message.body;
    if (message.kind !== 'clientKeyExchange') return;
    const shared = must(group.decapsulate(privateKey, message.body.exchange.subarray(1)));
    const isExtended =
      saidHello !== undefined && findExtension(saidHello.extensions, 'extendedMasterSecret') !== undefined;
    master = isExtended
      ? extendedMasterSecret(crypto, suite, shared, digest())
      : masterSecret(crypto, suite, shared, randoms());
  };
  const { sessions = [], earlyData } = options;
  const begun = client(config, bytes(48), { sessions, earlyData, now: NOW });
  const peer: Peer = makePeer(crypto, begun.state, listen, {
    decode: decodeTls12Handshake,
    changeCipherSpec: () => {
      // Before there are keys it only calms middleboxes.
      if (master === undefined && sessions.length === 0) return;
      peer.read = { keys: tls12Keys(crypto, suite, keys().client, false), sequence: 0 };
    },
  });
  follow(peer, begun);

  const say = (message: Tls12Message): void => {
    const raw = encodeTls12Handshake(message);
    if (message.kind !== 'helloRequest') peer.transcript.push(raw);
    deliver(peer, record(peer, contentTypes.handshake, raw));
  };
  const nothing = { nothing: new Uint8Array(0) };
  return {
    peer,
    hello,
    say,
    serverHello: (edit = same) => {
      saidHello = edit({
        legacyVersion: 0x0303,
        random,
        legacySessionIdEcho: new Uint8Array(0),
        cipherSuite: suite.code,
        legacyCompressionMethod: 0,
        extensions: [
          { name: 'extendedMasterSecret', value: new Uint8Array(0) },
          { name: 'renegotiationInfo', value: new Uint8Array(0) },
        ],
      });
      say({ kind: 'tls12ServerHello', body: saidHello });
    },
    certificate: (edit = same) =>
      say({
        kind: 'tls12Certificate',
        body: edit({ certificateList: options.chain ?? quickCredential.chain }),
      }),
    certificateStatus: (edit = same) =>
      say({ kind: 'certificateStatus', body: edit({ statusType: 1, response: bytes(20) }) }),
    serverKeyExchange: (edit = same, signing = {}) => {
      const params = signing.params ?? encodeParams('x25519', share);
      const scheme = signatureSchemes[signing.scheme ?? 'ed25519'];
      const content = (signing.content ?? same)(signedParams(randoms(), params));
      const signature = must(
        crypto.sign(scheme.algorithm, options.key ?? quickLeafKey, content, bytes(32, 3)),
      );
      const exchange = encodeSignedShare(params, { algorithm: scheme.code, signature });
      say({ kind: 'serverKeyExchange', body: edit({ exchange }) });
    },
    certificateRequest: (edit = same) =>
      say({
        kind: 'tls12CertificateRequest',
        body: edit({
          certificateTypes: Uint8Array.of(1, 64),
          supportedSignatureAlgorithms: [signatureSchemes.ed25519.code],
          certificateAuthorities: [],
        }),
      }),
    serverHelloDone: (edit = same) => say({ kind: 'serverHelloDone', body: edit(nothing) }),
    newSessionTicket: (edit = same) =>
      say({
        kind: 'tls12NewSessionTicket',
        body: edit({ ticketLifetimeHint: 3600, ticket: bytes(40, 6) }),
      }),
    changeCipherSpec: () => {
      deliver(peer, changeCipherSpec);
      peer.write = { keys: tls12Keys(crypto, suite, keys().server, false), sequence: 0 };
    },
    finished: (edit = same) => {
      keys();
      assert.ok(master !== undefined);
      const honest = { verifyData: verifyData(crypto, suite, master, 'server', digest()) };
      say({ kind: 'finished', body: edit(honest) });
    },
    helloRequest: (edit = same) => say({ kind: 'helloRequest', body: edit(nothing) }),
  };
}

/** An honest server up to its ServerHelloDone. */
export function sayTls12Flight(server: ScriptedTls12Server): void {
  server.serverHello();
  server.certificate();
  server.serverKeyExchange();
  server.serverHelloDone();
}

/** An honest server to the end of the handshake. */
export function establishTls12(options: Tls12ServerOptions = {}): ScriptedTls12Server {
  const server = meetTls12Client(options);
  sayTls12Flight(server);
  server.changeCipherSpec();
  server.finished();
  return server;
}

/** A secret of `length` bytes that is the same in every run. */
export function someSecret(length: number): Secret {
  return secret(bytes(length, 12));
}

function same<T>(value: T): T {
  return value;
}
