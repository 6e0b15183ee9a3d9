import { type CryptoProvider, type Secret, secret } from '../nocrypto/index.ts';
import { err, ok, type Result } from '../x509/index.ts';
import { isSame } from './bytes.ts';
import { cipherSuites } from './cipher-suites.ts';
import { sessionName } from './client/session-name.ts';
import { signatureSchemeCodes } from './codepoints.ts';
import type { ClientConfig, ServerConfig } from './config.ts';
import type { Facts, Tls13Facts } from './effect.ts';
import { endPointOf } from './exporter.ts';
import { describeFailure } from './failure.ts';
import { takeBytes, takeHandshake } from './incoming.ts';
import { type Protection, protection } from './record.ts';
import { everyRecord } from './record-size.ts';
import type { Resumable, State } from './state.ts';
import { isCertificateAwaited, nothingIncoming } from './state.ts';
import { restoreFacts, type StoredFacts, storedFacts, storeFacts } from './stored-facts.ts';
import { type StoredShown, storedShownFields } from './stored-shown.ts';
import { beginTurn, emit, endTurn, type Step } from './turn.ts';
import { contents } from './wire/byte-queue.ts';
import { type Codec, decode, encode, opaque, struct, text, uint8 } from './wire/codec.ts';
import { boolean, copied, named, optional, safeInteger } from './wire/stored.ts';

/** Why a connection cannot be written down, or the bytes of one cannot be taken up. `detail` is one line for a person. */
export interface SnapshotError {
  readonly kind: /** The handshake is not over, a request is outstanding, or the connection has ended. */
    | 'not-established'
    /**
     * A client with `postHandshakeAuthentication`, or a server that has asked for a certificate and not got it yet: a running
     * hash cannot be written down. A server that has asked for nothing is restored as one that cannot ask.
     */
    | 'late-authentication'
    /** The connection speaks TLS 1.2. */
    | 'unsupported-version'
    /** The bytes were damaged, or are no snapshot. */
    | 'malformed'
    /** Another version of this library wrote them. */
    | 'other-format'
    /** They are from a connection of the other role, another suite, another server name or another session context. */
    | 'other-configuration';
  readonly detail: string;
}

/**
 * An established connection as bytes, for another process or machine to go on with by {@link restore}: keys, sequence
 * numbers, counters, what has arrived of a record that is not complete, what a half-close has closed, and `facts`, which
 * are those of the `established` effect. Not in it is what the configuration has: the provider, credentials, limits.
 *
 * The bytes hold the connection's keys. Whoever reads them can read and forge everything; whoever changes them decides
 * what is restored (the checksum in them only finds accidents). Keep them as a private key is kept.
 *
 * A snapshot is a copy. Go on from one copy only, and once only: two that both send use the same nonces for different
 * messages, which gives both messages and the key's authentication away. So make it when this side will say nothing more.
 */
export function snapshot(state: State, facts: Facts): Result<Uint8Array, SnapshotError> {
  const { phase, read, write, incoming } = state;
  const { config } = state.fixed;
  if (phase.kind !== 'established' || read.protection === undefined || write.protection === undefined) {
    return refused('not-established', `the state is ${phase.kind}`);
  }
  const readKeys = read.protection.keys;
  const writeKeys = write.protection.keys;
  if (phase.version !== '1.3' || readKeys.version !== '1.3' || writeKeys.version !== '1.3') {
    return refused('unsupported-version', 'only connections of TLS 1.3 can be written down');
  }
  if (facts.version !== 'TLS 1.3' || facts.role !== config.role || facts.cipherSuite !== phase.suite.name) {
    throw new TypeError('snapshot: these are the facts of another connection');
  }
  if (phase.late !== undefined) {
    return refused('late-authentication', 'the server may ask for a certificate, which needs the transcript');
  }
  if (isCertificateAwaited(phase)) {
    return refused('late-authentication', 'the client has not answered a request for its certificate');
  }
  const body = encode(storedConnection, {
    format: FORMAT,
    binding: bindingOf(config),
    facts: storeFacts(facts),
    exporterSecret: phase.exporterSecret,
    earlyExporterSecret: phase.earlyExporterSecret,
    resumable: phase.resumable,
    read: { trafficSecret: readKeys.trafficSecret, sequence: read.protection.sequence },
    readClosed: read.closed,
    write: { trafficSecret: writeKeys.trafficSecret, sequence: write.protection.sequence },
    writeClosed: write.closed,
    keyUpdateAsked: write.keyUpdateAsked,
    keyUpdateOwed: write.keyUpdateOwed,
    records: contents(incoming.records),
    handshake: contents(incoming.handshake),
    uselessRecords: incoming.uselessRecords,
    changeCipherSpecs: incoming.changeCipherSpecs,
    postHandshakeMessages: incoming.postHandshakeMessages,
  });
  const bytes = new Uint8Array(body.length + CHECKSUM_LENGTH);
  bytes.set(body);
  bytes.set(checksum(config.crypto, body), body.length);
  return ok(bytes);
}

/**
 * The connection that {@link snapshot} wrote, under a configuration of the same role and for the same purpose; other
 * settings of it count from now on. The effects are `established`, with the facts as they were, and `peerClosed` where the
 * peer has closed its half. Nothing is judged anew: it is the same connection. The bytes are copied.
 */
export function restore(config: ClientConfig | ServerConfig, bytes: Uint8Array): Result<Step, SnapshotError> {
  const end = bytes.length - CHECKSUM_LENGTH;
  // A copy: what is restored keeps none of the caller's bytes. (slice() of a Node Buffer would not be one.)
  const body = Uint8Array.from(bytes.subarray(0, Math.max(0, end)));
  if (end < 1 || !isSame(checksum(config.crypto, body), Uint8Array.from(bytes.subarray(end)))) {
    return refused('malformed', 'the checksum is wrong: the bytes are damaged, or are no snapshot');
  }
  if (body[0] !== FORMAT) return refused('other-format', `format ${body[0]}, this version reads ${FORMAT}`);
  const decoded = decode(storedConnection, body);
  if (!decoded.ok) {
    const { path, expected } = decoded.error;
    return refused('malformed', `${path.join('.')}: expected ${expected}`);
  }
  const problem = configurationProblem(config, decoded.value);
  if (problem !== undefined) return refused('other-configuration', problem);
  const facts = restoreFacts(config.crypto, decoded.value.facts);
  if (!facts.ok) return refused('malformed', facts.error);
  return restoreState(config, decoded.value, facts.value);
}

const FORMAT = 2;

const CHECKSUM_LENGTH = 32;

interface StoredConnection {
  readonly format: number;
  /** What the configuration must have in common with the one before, beyond the role and the suite. */
  readonly binding: Uint8Array;
  readonly facts: StoredFacts;
  readonly exporterSecret: Secret;
  readonly earlyExporterSecret: Secret | undefined;
  readonly resumable: Resumable | undefined;
  readonly read: StoredProtection;
  readonly readClosed: boolean;
  readonly write: StoredProtection;
  readonly writeClosed: boolean;
  readonly keyUpdateAsked: boolean;
  readonly keyUpdateOwed: boolean;
  readonly records: Uint8Array;
  readonly handshake: Uint8Array;
  readonly uselessRecords: number;
  readonly changeCipherSpecs: number;
  readonly postHandshakeMessages: number;
}

interface StoredProtection {
  readonly trafficSecret: Secret;
  readonly sequence: number;
}

const storedSecret: Codec<Secret> = asSecret(copied(opaque(32, 48)));

const storedProtection = struct<StoredProtection>({ trafficSecret: storedSecret, sequence: safeInteger });

const storedConnection: Codec<StoredConnection> = struct<StoredConnection>({
  format: uint8,
  binding: opaque(0, 255),
  facts: storedFacts,
  exporterSecret: storedSecret,
  earlyExporterSecret: optional(storedSecret),
  resumable: optional(
    struct({
      resumptionSecret: storedSecret,
      shown: struct<StoredShown>(storedShownFields),
      signatureScheme: named(signatureSchemeCodes),
      applicationProtocol: optional(text(1, 255)),
    }),
  ),
  read: storedProtection,
  readClosed: boolean,
  write: storedProtection,
  writeClosed: boolean,
  keyUpdateAsked: boolean,
  keyUpdateOwed: boolean,
  records: opaque(0, 0xffff),
  handshake: opaque(0, 0xffff),
  uselessRecords: uint8,
  changeCipherSpecs: uint8,
  postHandshakeMessages: uint8,
});

function restoreState(
  config: ClientConfig | ServerConfig,
  stored: StoredConnection,
  facts: Tls13Facts,
): Result<Step, SnapshotError> {
  const { crypto } = config;
  const suite = cipherSuites[facts.cipherSuite];
  const {
    exporterSecret,
    earlyExporterSecret,
    resumable,
    uselessRecords,
    changeCipherSpecs,
    postHandshakeMessages,
  } = stored;
  const secrets = [exporterSecret, stored.read.trafficSecret, stored.write.trafficSecret];
  if (earlyExporterSecret !== undefined) secrets.push(earlyExporterSecret);
  if (resumable !== undefined) secrets.push(resumable.resumptionSecret);
  if (secrets.some(({ length }) => length !== crypto.hashes[suite.hash].outputLength)) {
    return refused('malformed', `a secret that is none of ${suite.hash}`);
  }
  if (stored.readClosed && stored.writeClosed) return refused('malformed', 'a connection that has ended');
  const restoreProtection = ({ trafficSecret, sequence }: StoredProtection): Protection => ({
    keys: protection(crypto, suite, trafficSecret).keys,
    sequence,
  });
  const serverCertificate = config.role === 'client' ? facts.peer?.leaf : facts.ownCertificate;
  const state: State = {
    fixed: { config },
    phase: {
      kind: 'established',
      version: '1.3',
      suite,
      exporterSecret,
      earlyExporterSecret,
      endPoint: endPointOf(serverCertificate),
      resumable,
      late: undefined,
      lateRequests: undefined,
    },
    read: { protection: restoreProtection(stored.read), closed: stored.readClosed, skippable: 0 },
    write: {
      protection: restoreProtection(stored.write),
      closed: stored.writeClosed,
      keyUpdateAsked: stored.keyUpdateAsked,
      keyUpdateOwed: stored.keyUpdateOwed,
      earlyDataLeft: 0,
    },
    incoming: { ...nothingIncoming, uselessRecords, changeCipherSpecs, postHandshakeMessages },
    recordSizes: facts.recordSizes ?? everyRecord,
  };
  return withIncoming(state, facts, stored);
}

/** What had arrived arrives again, by the same rules. It began a record and a message, so nothing may come of it yet. */
function withIncoming(
  state: State,
  facts: Facts,
  { handshake, records }: StoredConnection,
): Result<Step, SnapshotError> {
  const turn = beginTurn(state, 0);
  turn.unread = handshake;
  takeHandshake(turn);
  takeBytes(turn, records);
  const [consequence] = turn.effects;
  if (consequence?.kind === 'failed') return refused('malformed', describeFailure(consequence.failure));
  const { incoming } = turn;
  const isUnchanged =
    turn.read.protection?.sequence === state.read.protection?.sequence &&
    incoming.handshake.length === handshake.length &&
    incoming.records.length === records.length;
  if (!isUnchanged) return refused('malformed', 'more has arrived than the beginning of a record');
  emit(turn, { kind: 'established', facts });
  if (state.read.closed) emit(turn, { kind: 'peerClosed' });
  return ok(endTurn(turn));
}

function configurationProblem(
  config: ClientConfig | ServerConfig,
  { binding, facts: { role, cipherSuite } }: StoredConnection,
): string | undefined {
  if (role !== config.role) return `the connection of a ${role}`;
  if (!config.cipherSuites.includes(cipherSuite)) return `${cipherSuite} is not configured`;
  return isSame(binding, bindingOf(config))
    ? undefined
    : role === 'client'
      ? 'the connection was made for another server name'
      : 'the connection was made under another sessionContext';
}

/** Tickets that still come are for this name; what a server lets in goes by its context. */
function bindingOf(config: ClientConfig | ServerConfig): Uint8Array {
  return config.role === 'client' ? new TextEncoder().encode(sessionName(config)) : config.sessionContext;
}

function checksum(crypto: CryptoProvider, body: Uint8Array): Uint8Array {
  return crypto.hashes.sha256.digest(body);
}

function asSecret(inner: Codec<Uint8Array>): Codec<Secret> {
  return { ...inner, read: (cursor) => secret(inner.read(cursor)) };
}

function refused(kind: SnapshotError['kind'], detail: string): Result<never, SnapshotError> {
  return err({ kind, detail });
}
