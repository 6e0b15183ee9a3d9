import { type RunningHash, secret } from '../../nocrypto/index.ts';
import { err, ok, type Result } from '../../x509/index.ts';
import { isSame } from '../bytes.ts';
import { type CipherSuite, cipherSuiteOfCode } from '../cipher-suites.ts';
import { type CertificateType, certificateTypeCodes, nameOf, pskKeyExchangeModes } from '../codepoints.ts';
import type { ServerConfig } from '../config.ts';
import type { EarlyDataTerms } from '../early-data.ts';
import { findExtension, type OfferedPsks, type PskIdentity } from '../extensions.ts';
import { type Failure, misbehaved } from '../failure.ts';
import type { ClientHello } from '../messages.ts';
import { judge, type PeerProof, resumedKey } from '../peer-certificate.ts';
import { binder, bindersLength, type ExternalPsk, importPsk, type Psk } from '../psk.ts';
import { signatureSchemeOfCode } from '../signature-schemes.ts';
import { openTicket, type TicketState } from '../ticket.ts';

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
  readonly source:
    | {
        readonly kind: 'session';
        readonly peer: PeerProof | undefined;
        /** What this server showed when the session began. */
        readonly serverCertificateType: CertificateType | undefined;
      }
    | { readonly kind: 'external'; readonly external: ExternalPsk };
}

/** A hello with what was chosen for it. `before` is the transcript in front of it, after a HelloRetryRequest. */
export interface PskOffer {
  readonly hello: ClientHello;
  readonly raw: Uint8Array;
  readonly suite: CipherSuite;
  readonly serverName: string | undefined;
  readonly before: RunningHash | undefined;
  readonly now: number;
}

/**
 * The first of the client's PSKs that this server knows and may use (RFC 9846 §4.3.11); its binder must be right, or the
 * connection ends. What is not known is passed over.
 */
export function selectPsk(config: ServerConfig, offer: PskOffer): Result<SelectedPsk | undefined, Failure> {
  const { extensions } = offer.hello;
  const offered = findExtension(extensions, 'preSharedKey');
  if (offered === undefined) return ok(undefined);
  const problem = offerProblem(offer.hello, offered);
  if (problem !== undefined) return err(problem);
  if (!acceptsPskWithKeyExchange(offer.hello)) return ok(undefined);
  for (const [index, identity] of offered.identities.slice(0, config.limits.pskIdentities).entries()) {
    const known = lookUp(config, offer, identity);
    if (known === undefined) continue;
    const binder = offered.binders[index] ?? new Uint8Array(0);
    return isBinderRight(config, offer, offered, binder, known.psk)
      ? ok({ index, binder, ...known })
      : err(misbehaved('bad-binder', `of the PSK number ${index}`));
  }
  return ok(undefined);
}

/** §4.3.9: psk_dhe_ke. A PSK without a key exchange would give up what was recorded with the key. */
export function acceptsPskWithKeyExchange(hello: ClientHello): boolean {
  const modes = findExtension(hello.extensions, 'pskKeyExchangeModes');
  return modes?.includes(pskKeyExchangeModes.psk_dhe_ke) === true;
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

function isBinderRight(
  { crypto }: ServerConfig,
  { raw, before }: PskOffer,
  { binders }: OfferedPsks,
  found: Uint8Array,
  psk: Psk,
): boolean {
  const covered = raw.subarray(0, raw.length - bindersLength(binders));
  const expected = binder(crypto, psk, (before ?? crypto.hashes[psk.hash].start()).update(covered));
  return crypto.equal(expected, found);
}

function lookUp(
  config: ServerConfig,
  offer: PskOffer,
  { identity, obfuscatedTicketAge }: PskIdentity,
): Omit<SelectedPsk, 'index' | 'binder'> | undefined {
  const { hash } = offer.suite;
  for (const external of config.externalPsks) {
    const imported = importPsk(config.crypto, external, hash);
    if (isSame(imported.identity, identity)) {
      const { earlyData } = external;
      return { psk: imported.psk, earlyData, sentAt: undefined, source: { kind: 'external', external } };
    }
  }
  const state = openTicket(config.crypto, config.ticketKeys, identity);
  if (state === undefined || !isUsable(config, offer, state)) return undefined;
  const peer = peerOf(config, state, offer.now);
  if (!peer.ok) return undefined;
  const psk: Psk = { secret: secret(state.psk), hash, binderLabel: 'res binder' };
  return {
    psk,
    earlyData: earlyDataTerms(state),
    sentAt: state.issuedAt * 1000 + state.issuedAtMilliseconds + ticketAge(state, obfuscatedTicketAge),
    source: {
      kind: 'session',
      peer: peer.value,
      serverCertificateType: nameOf(certificateTypeCodes, state.serverCertificateType),
    },
  };
}

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

/** A session goes on only where, for whom and while it was meant to. */
function isUsable(config: ServerConfig, { suite, serverName, now }: PskOffer, state: TicketState): boolean {
  const age = now / 1000 - state.issuedAt;
  return (
    cipherSuiteOfCode(state.cipherSuite)?.hash === suite.hash &&
    age >= -1 &&
    age < Math.min(state.lifetime, config.ticketLifetime) &&
    state.serverName === (serverName ?? '') &&
    isSame(state.context, config.sessionContext)
  );
}

/** The client of a session, judged anew. An error means that only a full handshake can tell who the client is. */
function peerOf(
  config: ServerConfig,
  state: TicketState,
  now: number,
): Result<PeerProof | undefined, unknown> {
  const { clientAuthentication } = config;
  if (clientAuthentication === undefined) return ok(undefined);
  if (state.certificates.length === 0)
    return clientAuthentication.required ? err('anonymous') : ok(undefined);
  const scheme = signatureSchemeOfCode(state.signatureScheme);
  const certificateType = nameOf(certificateTypeCodes, state.certificateType);
  if (scheme === undefined || certificateType === undefined) return err('not of this version');
  const proof = resumedKey(config, certificateType, state.certificates, scheme.name);
  if (!proof.ok) return proof;
  const judged = judge(config, clientAuthentication, proof.value, now);
  if (!judged.ok) return judged;
  return judged.value.kind === 'asked' ? err('not to be judged here') : ok(judged.value.proof);
}
