import assert from 'node:assert/strict';
import { type PrivateKey, type Secret, secret } from '../../nocrypto/index.ts';
import { contentTypes } from '../../src/codepoints.ts';
import { type ClientHelloExtension, findExtension } from '../../src/extensions.ts';
import { groupCode } from '../../src/groups.ts';
import { type Facts, type ServerOptions, type SignatureSchemeName, server } from '../../src/index.ts';
import type { CertificateVerify, ClientHello, Finished } from '../../src/messages.ts';
import { signatureSchemes } from '../../src/signature-schemes.ts';
import { decodeSignedShare, encodeClientShare, premasterSecret } from '../../src/tls12/key-exchange.ts';
import {
  extendedMasterSecret,
  type KeyBlock,
  keyBlock,
  masterSecret,
  type Randoms,
  verifyData,
} from '../../src/tls12/key-schedule.ts';
import {
  type ClientKeyExchange,
  decodeTls12Handshake,
  encodeTls12Handshake,
  type Tls12Certificate,
  type Tls12Message,
  type Tls12NewSessionTicket,
  type Tls12ServerHello,
} from '../../src/tls12/messages.ts';
import { tls12Keys } from '../../src/tls12/record.ts';
import { type Tls12Suite, tls12SuiteOfCode, tls12Suites } from '../../src/tls12/suites.ts';
import { type AnyMessage, alert, changeCipherSpec, deliver, makePeer, type Peer, record } from './peer.ts';
import { quickCredential, quickLeafKey, quickServerConfig } from './quick.ts';
import { bytes, concatAll, find, must, NAME } from './support.ts';

/** What a client of TLS 1.2 can say during the handshake: each from an honest body, which an edit may change. */
export interface ScriptedTls12Client {
  readonly peer: Peer;
  /** The engine's answer. */
  readonly serverHello: () => Tls12ServerHello;
  readonly clientHello: (edit?: Edit<ClientHello>) => void;
  readonly certificate: (edit?: Edit<Tls12Certificate>) => void;
  readonly clientKeyExchange: (edit?: Edit<ClientKeyExchange>) => void;
  /** `signing` says what is signed and by which scheme, where that is not the handshake by Ed25519. */
  readonly certificateVerify: (edit?: Edit<CertificateVerify>, signing?: Signing) => void;
  /** The record, and from then on the client's own keys. */
  readonly changeCipherSpec: () => void;
  readonly finished: (edit?: Edit<Finished>) => void;
  readonly say: (message: Tls12Message) => void;
  /** Says close_notify. */
  readonly close: () => void;
  /** What the next connection could go on from. */
  readonly session: () => Tls12ClientSession;
}

type Edit<T> = (honest: T) => T;

export interface Signing {
  readonly scheme?: SignatureSchemeName;
  readonly content?: (honest: Uint8Array) => Uint8Array;
  readonly key?: PrivateKey;
}

export interface Tls12ClientSession {
  readonly ticket: Uint8Array;
  readonly master: Secret;
  readonly suite: Tls12Suite;
}

export interface Tls12ClientOptions {
  /** Options of the engine under test. */
  readonly server?: Partial<ServerOptions>;
  readonly session?: Tls12ClientSession;
  /** Extensions that stand in for those of the same name, or follow them. */
  readonly extensions?: readonly ClientHelloExtension[];
  /** The extensions that this client does without. */
  readonly without?: readonly ClientHelloExtension['name'][];
  readonly chain?: readonly Uint8Array[];
  /** The suites it offers; all that are known, unless told. */
  readonly suites?: readonly Tls12Suite['name'][];
}

/** Meets a server that speaks both versions with a client that speaks TLS 1.2 alone, and says nothing yet. */
export function meetTls12Server(options: Tls12ClientOptions = {}): ScriptedTls12Client {
  const config = quickServerConfig({ versions: ['1.3', '1.2'], ...options.server });
  const { crypto } = config;
  let saidHello: ClientHello | undefined;
  let heardHello: Tls12ServerHello | undefined;
  let heardTicket: Tls12NewSessionTicket | undefined;
  let ownShare: { readonly encoded: Uint8Array; readonly premaster: Secret } | undefined;
  let master: Secret | undefined;

  const serverHello = (): Tls12ServerHello => {
    assert.ok(heardHello !== undefined, 'the server has said hello');
    return heardHello;
  };
  const suite = (): Tls12Suite =>
    tls12SuiteOfCode(serverHello().cipherSuite) ?? assert.fail('a suite nobody knows');
  const knownMaster = (): Secret => {
    assert.ok(master !== undefined, 'the client has sent its share');
    return master;
  };
  const randoms = (): Randoms => {
    assert.ok(saidHello !== undefined);
    return { client: saidHello.random, server: serverHello().random };
  };
  const keys = (): KeyBlock => keyBlock(crypto, suite(), knownMaster(), randoms());
  const said = (name: 'extendedMasterSecret' | 'encryptThenMac'): boolean =>
    findExtension(serverHello().extensions, name) !== undefined;
  const protection = (direction: keyof KeyBlock) => ({
    keys: tls12Keys(crypto, suite(), keys()[direction], said('encryptThenMac')),
    sequence: 0,
  });
  const digest = () => crypto.hashes[suite().hash].digest(concatAll(peer.transcript));

  const listen = (message: AnyMessage, raw: Uint8Array): void => {
    peer.transcript.push(raw);
    if (message.kind === 'tls12ServerHello') heardHello = message.body;
    if (message.kind === 'tls12NewSessionTicket') heardTicket = message.body;
    if (message.kind === 'serverKeyExchange') {
      const { keyExchange } = suite();
      assert.ok(keyExchange !== 'rsa');
      const { group, share } = must(decodeSignedShare(crypto, keyExchange, message.body.exchange));
      const entropy = bytes(crypto.groups[group].encapsulateEntropyLength, 9);
      const own = must(crypto.groups[group].encapsulate(share, entropy));
      ownShare = {
        encoded: encodeClientShare(keyExchange, own.share),
        premaster: premasterSecret(keyExchange, own.sharedSecret),
      };
    }
  };
  const peer: Peer = makePeer(crypto, server(config, bytes(48, 2)).state, listen, {
    decode: decodeTls12Handshake,
    changeCipherSpec: () => {
      // In a resumed handshake the server's keys are the first thing the session is needed for.
      master ??= options.session?.master;
      peer.read = protection('server');
    },
  });

  const say = (message: Tls12Message): void => {
    const raw = encodeTls12Handshake(message);
    peer.transcript.push(raw);
    deliver(peer, record(peer, contentTypes.handshake, raw));
  };
  const extensions = (): readonly ClientHelloExtension[] => {
    const replaced = options.extensions ?? [];
    const usual: readonly ClientHelloExtension[] = [
      { name: 'serverName', value: [{ nameType: 0, hostName: NAME }] },
      { name: 'supportedGroups', value: [groupCode('x25519'), groupCode('secp256r1')] },
      { name: 'ecPointFormats', value: Uint8Array.of(0) },
      { name: 'signatureAlgorithms', value: Object.values(signatureSchemes).map(({ code }) => code) },
      { name: 'extendedMasterSecret', value: new Uint8Array(0) },
      { name: 'sessionTicket', value: options.session?.ticket ?? new Uint8Array(0) },
      { name: 'renegotiationInfo', value: new Uint8Array(0) },
    ];
    const kept = usual.filter(
      ({ name }) => options.without?.includes(name) !== true && !replaced.some((one) => one.name === name),
    );
    return [...kept, ...replaced];
  };
  return {
    peer,
    say,
    serverHello,
    clientHello: (edit = same) => {
      const names = options.suites ?? Object.values(tls12Suites).map(({ name }) => name);
      saidHello = edit({
        legacyVersion: 0x0303,
        random: bytes(32, 31),
        legacySessionId: options.session === undefined ? new Uint8Array(0) : bytes(32, 32),
        cipherSuites: names.map((name) => tls12Suites[name].code),
        legacyCompressionMethods: Uint8Array.of(0),
        extensions: extensions(),
      });
      say({ kind: 'clientHello', body: saidHello });
    },
    certificate: (edit = same) =>
      say({
        kind: 'tls12Certificate',
        body: edit({ certificateList: options.chain ?? quickCredential.chain }),
      }),
    clientKeyExchange: (edit = same) => {
      assert.ok(ownShare !== undefined, 'the server has sent its share');
      say({ kind: 'clientKeyExchange', body: edit({ exchange: ownShare.encoded }) });
      const { premaster } = ownShare;
      master = said('extendedMasterSecret')
        ? extendedMasterSecret(crypto, suite(), premaster, digest())
        : masterSecret(crypto, suite(), premaster, randoms());
    },
    certificateVerify: (edit = same, signing = {}) => {
      const { algorithm, code } = signatureSchemes[signing.scheme ?? 'ed25519'];
      const content = (signing.content ?? same)(concatAll(peer.transcript));
      const signature = must(crypto.sign(algorithm, signing.key ?? quickLeafKey, content, bytes(32, 3)));
      say({ kind: 'certificateVerify', body: edit({ algorithm: code, signature }) });
    },
    changeCipherSpec: () => {
      deliver(peer, changeCipherSpec);
      peer.write = protection('client');
    },
    finished: (edit = same) => {
      const honest = { verifyData: verifyData(crypto, suite(), knownMaster(), 'client', digest()) };
      say({ kind: 'finished', body: edit(honest) });
    },
    close: () => alert(peer, 'close_notify', 1),
    session: () => {
      assert.ok(heardTicket !== undefined, 'the server has given a ticket');
      return { ticket: heardTicket.ticket, master: secret(knownMaster().slice()), suite: suite() };
    },
  };
}

/** An honest client from its second flight on, one that shows a certificate where it is asked for one. */
export function sayTls12Answer(client: ScriptedTls12Client, { shows = false } = {}): void {
  if (shows) client.certificate();
  client.clientKeyExchange();
  if (shows) client.certificateVerify();
  client.changeCipherSpec();
  client.finished();
}

/** An honest client to the end of a full handshake. */
export function establishTls12Server(options: Tls12ClientOptions = {}): ScriptedTls12Client {
  const client = meetTls12Server(options);
  client.clientHello();
  sayTls12Answer(client, { shows: options.server?.clientAuthentication !== undefined });
  return client;
}

/** What an honest client may say before it has finished. */
export type Said = keyof Pick<
  ScriptedTls12Client,
  'clientHello' | 'certificate' | 'clientKeyExchange' | 'certificateVerify' | 'changeCipherSpec'
>;

/** A server that has heard so much of an honest client. */
export function after(options: Tls12ClientOptions, ...said: readonly Said[]): ScriptedTls12Client {
  const client = meetTls12Server(options);
  for (const name of said) client[name]();
  return client;
}

export const ticketKeys = [{ name: bytes(16, 5), secret: secret(bytes(32, 6)) }];

/** A session that a server with these `ticketKeys` takes up. */
export function aSession(): Tls12ClientSession {
  return establishTls12Server({ server: { ticketKeys } }).session();
}

/** The facts of the engine's connection. */
export function factsOf(peer: Peer): Facts | undefined {
  return find(peer.effects, 'established')?.facts;
}

function same<T>(value: T): T {
  return value;
}
