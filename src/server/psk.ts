import { type RunningHash, secret } from '../../nocrypto/index.ts';
import { err, ok, type Result } from '../../x509/index.ts';
import { isSame } from '../bytes.ts';
import { type CipherSuite, cipherSuiteOfCode } from '../cipher-suites.ts';
import {
  type CertificateType,
  certificateTypeCodes,
  nameOf,
  type PskKeyExchangeModeName,
  pskKeyExchangeModes,
} from '../codepoints.ts';
import type { ServerConfig } from '../config.ts';
import type { EarlyDataTerms } from '../early-data.ts';
import { findExtension, type OfferedPsks } from '../extensions.ts';
import { type Failure, misbehaved } from '../failure.ts';
import type { ClientHello } from '../messages.ts';
import type { KeyProof, PeerProof } from '../peer-certificate.ts';
import { binder, bindersLength, type ExternalPsk, importPsk, type Psk } from '../psk.ts';
import type { Request } from '../request.ts';
import { decodeTicketState, openTicket, STORED_SESSION_ID_LENGTH, type TicketState } from '../ticket.ts';
import { isCurrent, judgeSessionClient } from './session-client.ts';

/** The PSK this server goes on with. */
export interface SelectedPsk {
  /** Its place in the client's list. */
  readonly index: number;
  readonly psk: Psk;
  /** Its binder, which is right: unique to this ClientHello. */
  readonly binder: Uint8Array;
  /** Undefined where it goes with no early data. */
  readonly earlyData: EarlyDataTerms | undefined;
  /** By the client's clock and ours (§8.3), in milliseconds since the Unix epoch; undefined for an external key. */
  readonly sentAt: number | undefined;
  readonly source: SessionSource | { readonly kind: 'external'; readonly external: ExternalPsk };
}

/** What a session says of the connection that began it. */
export interface SessionSource {
  readonly kind: 'session';
  readonly peer: PeerProof | undefined;
  /** What this server showed. */
  readonly serverCertificateType: CertificateType | undefined;
  /** As in the {@link TicketState}. */
  readonly authenticatedAt: number;
}

/** A hello with what was chosen for it. `before` is the transcript in front of it, after a HelloRetryRequest. */
export interface PskOffer {
  readonly hello: ClientHello;
  readonly raw: Uint8Array;
  readonly suite: CipherSuite;
  /** Undefined when no PSK can be used. */
  readonly mode: PskKeyExchangeModeName | undefined;
  readonly serverName: string | undefined;
  readonly before: RunningHash | undefined;
  readonly now: number;
}

/** How far the choice among the client's PSKs has come. */
export type PskChoice =
  /** None of them is known, or none may be used. */
  | { readonly kind: 'none' }
  | { readonly kind: 'selected'; readonly selected: SelectedPsk }
  /** The store must say whether it has a session of this name. */
  | { readonly kind: 'lookUp'; readonly index: number; readonly id: Uint8Array }
  /** Somebody must say whether the session's client is still somebody. */
  | { readonly kind: 'verdict'; readonly session: UnjudgedSession; readonly request: Request };

/** A session whose client the caller has to judge. */
export interface UnjudgedSession {
  /** With no peer yet. */
  readonly selected: SelectedPsk;
  readonly source: SessionSource;
  readonly proof: KeyProof;
}

/**
 * The first of the client's PSKs that this server knows and may use (RFC 9846 §4.3.11); its binder must be right, or the
 * connection ends. What is not known is passed over.
 */
export function choosePsk(config: ServerConfig, offer: PskOffer): Result<PskChoice, Failure> {
  const { extensions } = offer.hello;
  const offered = findExtension(extensions, 'preSharedKey');
  if (offered === undefined) return ok(nothing);
  const problem = offerProblem(offer.hello, offered);
  if (problem !== undefined) return err(problem);
  return offer.mode === undefined ? ok(nothing) : choosePskFrom(config, offer, 0);
}

/** Goes on with the PSK number `first`, after those before it have come to nothing. */
export function choosePskFrom(
  config: ServerConfig,
  offer: PskOffer,
  first: number,
): Result<PskChoice, Failure> {
  const identities = offeredPsks(offer).identities.slice(0, config.limits.pskIdentities);
  for (const [index, { identity }] of identities.entries()) {
    if (index < first) continue;
    const choice = lookUp(config, offer, index, identity);
    if (!choice.ok || choice.value.kind !== 'none') return choice;
  }
  return ok(nothing);
}

/** Goes on with what the store has given for the PSK number `index`; undefined when it has nothing. */
export function chooseStored(
  config: ServerConfig,
  offer: PskOffer,
  index: number,
  session: Uint8Array | undefined,
): Result<PskChoice, Failure> {
  const state = session && decodeTicketState(session);
  const choice = state === undefined ? ok(nothing) : chooseSession(config, offer, index, state);
  return choice.ok && choice.value.kind === 'none' ? choosePskFrom(config, offer, index + 1) : choice;
}

/** Goes on with a session whose client has been judged. */
export function chooseJudged({ selected, source }: UnjudgedSession, peer: PeerProof): SelectedPsk {
  return { ...selected, source: { ...source, peer } };
}

/** §4.3.9: this server's favourite among the modes that the client lists and that can be. */
export function chooseMode(
  config: ServerConfig,
  { extensions }: ClientHello,
  canExchangeKeys: boolean,
): PskKeyExchangeModeName | undefined {
  const modes = findExtension(extensions, 'pskKeyExchangeModes') ?? [];
  return config.pskKeyExchangeModes.find(
    (mode) => modes.includes(pskKeyExchangeModes[mode]) && (canExchangeKeys || mode === 'psk_ke'),
  );
}

/** §4.3.11, §4.3.9 */
function offerProblem(hello: ClientHello, { identities, binders }: OfferedPsks): Failure | undefined {
  if (hello.extensions.at(-1)?.name !== 'preSharedKey') {
    return misbehaved('psk-not-last', 'pre_shared_key is not the last extension');
  }
  if (identities.length !== binders.length) {
    return misbehaved('psk-binder-count', `${identities.length} identities and ${binders.length} binders`);
  }
  return findExtension(hello.extensions, 'pskKeyExchangeModes') === undefined
    ? misbehaved('missing-extension', 'pre_shared_key without psk_key_exchange_modes')
    : undefined;
}

function lookUp(
  config: ServerConfig,
  offer: PskOffer,
  index: number,
  identity: Uint8Array,
): Result<PskChoice, Failure> {
  const { hash } = offer.suite;
  for (const external of config.externalPsks) {
    const imported = importPsk(config.crypto, external, hash);
    if (!isSame(imported.identity, identity)) continue;
    const bound = checkBinder(config, offer, index, imported.psk);
    if (!bound.ok) return bound;
    const { earlyData } = external;
    const source = { kind: 'external', external } as const;
    return ok({ kind: 'selected', selected: { ...bound.value, earlyData, sentAt: undefined, source } });
  }
  const state = openTicket(config.crypto, config.ticketKeys, identity);
  if (state !== undefined) return chooseSession(config, offer, index, state);
  return config.storedSessions && identity.length === STORED_SESSION_ID_LENGTH
    ? ok({ kind: 'lookUp', index, id: identity.slice() })
    : ok(nothing);
}

/** Only who has the key can make the authenticator work: the binder comes first. */
function chooseSession(
  config: ServerConfig,
  offer: PskOffer,
  index: number,
  state: TicketState,
): Result<PskChoice, Failure> {
  if (!isUsable(config, offer, state)) return ok(nothing);
  const psk: Psk = { secret: secret(state.psk), hash: offer.suite.hash, binderLabel: 'res binder' };
  const bound = checkBinder(config, offer, index, psk);
  if (!bound.ok) return bound;
  const { obfuscatedTicketAge = 0 } = offeredPsks(offer).identities[index] ?? {};
  const source: SessionSource = {
    kind: 'session',
    peer: undefined,
    serverCertificateType: nameOf(certificateTypeCodes, state.serverCertificateType),
    authenticatedAt: state.authenticatedAt,
  };
  const selected: SelectedPsk = {
    ...bound.value,
    earlyData: earlyDataTerms(state),
    sentAt: state.issuedAt * 1000 + state.issuedAtMilliseconds + ticketAge(state, obfuscatedTicketAge),
    source,
  };
  return ok(judgeClient(config, selected, source, state, offer.now));
}

/** With the session's client, as far as it is known today. */
function judgeClient(
  config: ServerConfig,
  selected: SelectedPsk,
  source: SessionSource,
  state: TicketState,
  now: number,
): PskChoice {
  const client = judgeSessionClient(config, state, now);
  switch (client.kind) {
    case 'unknown':
      return nothing;
    case 'known':
      return { kind: 'selected', selected: { ...selected, source: { ...source, peer: client.peer } } };
    case 'asked':
      return {
        kind: 'verdict',
        session: { selected, source, proof: client.proof },
        request: client.request,
      };
  }
}

/** §4.3.11.2 */
function checkBinder(
  { crypto }: ServerConfig,
  offer: PskOffer,
  index: number,
  psk: Psk,
): Result<Pick<SelectedPsk, 'index' | 'psk' | 'binder'>, Failure> {
  const { raw, before } = offer;
  const { binders } = offeredPsks(offer);
  const covered = raw.subarray(0, raw.length - bindersLength(binders));
  const expected = binder(crypto, psk, (before ?? crypto.hashes[psk.hash].start()).update(covered));
  const found = binders[index] ?? new Uint8Array(0);
  return crypto.equal(expected, found)
    ? ok({ index, psk, binder: found })
    : err(misbehaved('bad-binder', `of the PSK number ${index}`));
}

function offeredPsks({ hello }: PskOffer): OfferedPsks {
  return findExtension(hello.extensions, 'preSharedKey') ?? { identities: [], binders: [] };
}

const nothing: PskChoice = { kind: 'none' };

function earlyDataTerms({
  cipherSuite,
  maxEarlyData,
  applicationProtocol,
}: TicketState): EarlyDataTerms | undefined {
  const suite = cipherSuiteOfCode(cipherSuite);
  if (suite === undefined || maxEarlyData === 0) return undefined;
  return {
    maxEarlyData,
    cipherSuite: suite.name,
    applicationProtocol: applicationProtocol === '' ? undefined : applicationProtocol,
  };
}

/** §4.3.11.1: the client's view of it, in milliseconds. */
function ticketAge({ ageAdd }: TicketState, obfuscatedTicketAge: number): number {
  return (obfuscatedTicketAge - ageAdd + 2 ** 32) % 2 ** 32;
}

/** §4.3.11: the hash is that of the session's suite, the suite itself may be another. */
function isUsable(config: ServerConfig, { suite, serverName, now }: PskOffer, state: TicketState): boolean {
  return (
    cipherSuiteOfCode(state.cipherSuite)?.hash === suite.hash && isCurrent(config, state, serverName, now)
  );
}
