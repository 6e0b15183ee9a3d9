import { randomBytes } from 'node:crypto';
import { noble, type PrivateKey } from '../nocrypto/index.ts';
import {
  type CipherSuiteName,
  type ClientConfig,
  type CommonOptions,
  client,
  clientConfig,
  credential,
  type Effect,
  receive,
  type ServerConfig,
  type Session,
  type State,
  server,
  serverConfig,
  status,
  type TicketKeys,
} from '../src/index.ts';
import {
  buildCertificate,
  type Certificate,
  chainOfTrust,
  encodePem,
  encodePrivateKey,
  type Result,
  trustAnchor,
} from '../x509/index.ts';

/** The two ends of a benchmark, as both libraries want them. */
export interface Fixture {
  readonly root: Certificate;
  readonly leaf: Certificate;
  readonly leafKey: PrivateKey;
  readonly pem: { readonly root: string; readonly leaf: string; readonly leafKey: string };
}

export interface Configs {
  readonly client: ClientConfig;
  readonly server: ServerConfig;
}

/** Both ends of an established connection. */
export interface Connection {
  readonly client: State;
  readonly server: State;
  /** What the server sends behind its handshake, which the client has not received. */
  readonly tickets: Uint8Array;
  readonly resumed: boolean;
}

export const NAME = 'server.example';
/** The time at which certificates are checked: that of the run, since node:tls will have no other. */
export const NOW = Date.now();

/** A P-256 root and a P-256 leaf that it signed. */
export function makeFixture(): Fixture {
  const rootKey = noble.generateKey({ kind: 'ec', curve: 'secp256r1' }, randomBytes(32));
  const leafKey = noble.generateKey({ kind: 'ec', curve: 'secp256r1' }, randomBytes(32));
  const validity = { notBefore: NOW - DAY, notAfter: NOW + DAY };
  const root = must(
    buildCertificate({
      crypto: noble,
      entropy: randomBytes(32),
      subject: [['commonName', 'Benchmark Root']],
      publicKey: rootKey.public,
      signer: { key: rootKey },
      validity,
      authority: { pathLenConstraint: undefined },
    }),
  );
  const leaf = must(
    buildCertificate({
      crypto: noble,
      entropy: randomBytes(32),
      subject: [['commonName', NAME]],
      publicKey: leafKey.public,
      signer: { certificate: root, key: rootKey },
      validity,
      subjectAltName: [{ kind: 'dNSName', value: NAME }],
    }),
  );
  const pem = {
    root: encodePem('CERTIFICATE', root.der),
    leaf: encodePem('CERTIFICATE', leaf.der),
    leafKey: encodePem('PRIVATE KEY', encodePrivateKey(leafKey)),
  };
  return { root, leaf, leafKey, pem };
}

/** Configurations for one suite and X25519, with every other option at its default. */
export function makeConfigs(
  { root, leaf, leafKey }: Fixture,
  suite: CipherSuiteName,
  options: Partial<CommonOptions> = {},
  ticketKeys: TicketKeys = [],
): Configs {
  const common: CommonOptions = { crypto: noble, cipherSuites: [suite], groups: ['x25519'], ...options };
  const { crypto } = common;
  return {
    client: must(
      clientConfig({
        ...common,
        authenticator: chainOfTrust({ anchors: [trustAnchor(root)] }),
        serverName: NAME,
      }),
    ),
    server: must(
      serverConfig({
        ...common,
        credentials: [must(credential(crypto, [leaf.der], { kind: 'private', key: leafKey }))],
        ticketKeys,
      }),
    ),
  };
}

/**
 * A whole handshake, both ends, in three calls of `receive`. `seed` is 48 bytes; the server gets them backwards. With a
 * session it is resumed.
 */
export function handshake(configs: Configs, seed: Uint8Array, sessions: readonly Session[] = []): Connection {
  const hello = client(configs.client, seed, { sessions, now: NOW });
  const waiting = server(configs.server, seed.slice().reverse());
  const flight = receive(waiting.state, sent(hello.effects), NOW);
  const finished = receive(hello.state, sent(flight.effects), NOW);
  const done = receive(flight.state, sent(finished.effects), NOW);
  if (!status(finished.state).canSend || !status(done.state).canSend) {
    throw new Error('the handshake failed');
  }
  const resumed = finished.effects.some((effect) => effect.kind === 'established' && effect.facts.resumed);
  return { client: finished.state, server: done.state, tickets: sent(done.effects), resumed };
}

/** The bytes that the effects of one step send. One effect holds them all, as a rule, and nothing is copied. */
export function sent(effects: readonly Effect[]): Uint8Array {
  let bytes: Uint8Array | undefined;
  for (const effect of effects) {
    if (effect.kind !== 'send') continue;
    bytes = bytes === undefined ? effect.bytes : Uint8Array.from([...bytes, ...effect.bytes]);
  }
  return bytes ?? new Uint8Array(0);
}

/** 48 bytes, different for every `n`. */
export function seedOf(n: number): Uint8Array {
  const seed = new Uint8Array(48);
  new DataView(seed.buffer).setUint32(0, n);
  return seed;
}

/** The value of a Result that is always good here. */
export function must<T, E>(result: Result<T, E>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

const DAY = 24 * 3600 * 1000;
