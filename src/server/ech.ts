import {
  type HpkeContext,
  hpkeIdsOfSuite,
  hpkeOpen,
  hpkeSetupRecipient,
  secret,
} from '../../nocrypto/index.ts';
import { err, ok, type Result } from '../../x509/index.ts';
import { extensionTypes } from '../codepoints.ts';
import type { ServerConfig } from '../config.ts';
import { type EchCipherSuite, echInfo } from '../ech/config.ts';
import type { EchOuter } from '../ech/extension.ts';
import { decodeInner, outerAad, type ReceivedHello } from '../ech/inner.ts';
import type { OpenedEchKey } from '../ech/key.ts';
import { checkRequest, extensionType, findExtension } from '../extensions.ts';
import { type Failure, misbehaved } from '../failure.ts';
import { type Action, logSecret, traceEch } from '../transition.ts';

// A server's part in Encrypted ClientHello (RFC 9849 §7): which hello is the one to answer.

/** What became of the encrypted_client_hello of a hello. */
export type ReceivedEch =
  | { readonly kind: 'absent' }
  /** None of our keys opens it: it is for an old key, or GREASE. The outer hello is answered. */
  | { readonly kind: 'rejected' }
  /** The inner hello is answered. `opened` is undefined at a backend, whose frontend has opened it. */
  | { readonly kind: 'accepted'; readonly opened: OpenedEch | undefined };

/** What the second hello must keep to after a HelloRetryRequest (§7.1.1). */
export interface OpenedEch {
  readonly context: HpkeContext<'recipient'>;
  readonly cipherSuite: EchCipherSuite;
  readonly configId: number;
}

/** The hello to answer: the received one, or the one inside of it. */
export interface AnsweredHello extends ReceivedHello {
  readonly ech: ReceivedEch;
  readonly actions: readonly Action[];
}

/** §7, §7.1, for a first ClientHello. */
export function openFirstHello(
  config: ServerConfig,
  received: ReceivedHello,
): Result<AnsweredHello, Failure> {
  const { hello } = received;
  const ech = findExtension(hello.extensions, 'encryptedClientHello');
  if (ech === undefined) return ok(unopened(received, 'absent'));
  const problem = checkRequest(hello.extensions) ?? outerProblem(config, received, ech.kind);
  if (problem !== undefined) return err(problem);
  if (ech.kind !== 'outer')
    return ok({ ...received, ech: { kind: 'accepted', opened: undefined }, actions: [] });
  for (const key of candidates(config, ech.value.configId)) {
    const opened = tryKey(config, key, ech.value, received);
    if (opened !== undefined) return opened;
  }
  return ok(unopened(received, 'rejected'));
}

/**
 * §7.1.1, for the ClientHello after a HelloRetryRequest. What was accepted stays so, under the same HPKE context: who has
 * only seen the first hello cannot put another one in its place (§10.12.2).
 */
export function openSecondHello(
  config: ServerConfig,
  first: ReceivedEch,
  received: ReceivedHello,
): Result<AnsweredHello, Failure> {
  const ech = findExtension(received.hello.extensions, 'encryptedClientHello');
  if (ech === undefined) {
    return first.kind === 'accepted'
      ? err(misbehaved('missing-extension', 'the second ClientHello is not encrypted'))
      : ok(unopened(received, 'absent'));
  }
  const problem = checkRequest(received.hello.extensions) ?? outerProblem(config, received, ech.kind);
  if (problem !== undefined) return err(problem);
  if (ech.kind !== 'outer') return ok({ ...received, ech: first, actions: [] });
  if (first.kind !== 'accepted' || first.opened === undefined) return ok(unopened(received, 'rejected'));
  const { context, cipherSuite, configId } = first.opened;
  const { value } = ech;
  if (!isSameSuite(value.cipherSuite, cipherSuite) || value.configId !== configId || value.enc.length > 0) {
    return err(misbehaved('ech-changed-after-retry', 'another suite, key or encapsulated key'));
  }
  const aad = outerAad(received.raw, value.payload.length);
  if (!aad.ok) return aad;
  const plaintext = hpkeOpen(context, aad.value, value.payload);
  if (!plaintext.ok) return err(misbehaved('ech-undecryptable-after-retry', 'the second ClientHelloInner'));
  const inner = decodeInner(plaintext.value.plaintext, received.raw);
  if (!inner.ok) return inner;
  return ok({ ...inner.value, ech: first, actions: [traceEch('accepted', inner.value.hello)] });
}

/** `undefined` when this key is not the one. Once it has opened the payload, nobody else is asked. */
function tryKey(
  { crypto }: ServerConfig,
  key: OpenedEchKey,
  outer: EchOuter,
  received: ReceivedHello,
): Result<AnsweredHello, Failure> | undefined {
  const suite = key.suites.find((candidate) => isSameSuite(hpkeIdsOfSuite(candidate), outer.cipherSuite));
  if (suite === undefined) return undefined;
  const context = hpkeSetupRecipient(crypto, suite, outer.enc, {
    recipient: key.pair,
    info: echInfo(key.config),
  });
  if (!context.ok) return undefined;
  const aad = outerAad(received.raw, outer.payload.length);
  if (!aad.ok) return aad;
  const opened = hpkeOpen(context.value, aad.value, outer.payload);
  if (!opened.ok) return undefined;
  const inner = decodeInner(opened.value.plaintext, received.raw);
  if (!inner.ok) return inner;
  const { cipherSuite, configId } = outer;
  const { random } = received.hello;
  return ok({
    ...inner.value,
    ech: { kind: 'accepted', opened: { context: opened.value.context, cipherSuite, configId } },
    actions: [
      traceEch('accepted', inner.value.hello),
      // RFC 9850 §2.3: under the random that stands on the wire.
      logSecret('ECH_SECRET', random, context.value.sharedSecret),
      logSecret('ECH_CONFIG', random, secret(key.config)),
    ],
  });
}

function unopened(received: ReceivedHello, kind: 'absent' | 'rejected'): AnsweredHello {
  return { ...received, ech: { kind }, actions: kind === 'absent' ? [] : [traceEch(kind, undefined)] };
}

/**
 * §4.1: the identifier says which keys to try. Only the operator makes several keys of one identifier, but each costs a key
 * agreement, so they are bounded.
 */
function candidates({ ech, limits }: ServerConfig, configId: number): readonly OpenedEchKey[] {
  if (ech.kind !== 'shared') return [];
  const named = ech.keys.filter(({ contents }) => contents.keyConfig.configId === configId);
  return named.slice(0, limits.echKeys);
}

/** §7: whom a hello of this type is for; §5.1: what no hello on the wire may hold. */
function outerProblem(
  { ech }: ServerConfig,
  { hello }: ReceivedHello,
  kind: 'outer' | 'inner' | 'unknown',
): Failure | undefined {
  const expected = ech.kind === 'backend' ? 'inner' : 'outer';
  if (kind !== expected) {
    return misbehaved('bad-ech-type', `encrypted_client_hello is ${kind}, not ${expected}`);
  }
  return hello.extensions.some((extension) => extensionType(extension) === extensionTypes.echOuterExtensions)
    ? misbehaved('bad-ech-outer-extensions', 'references where they lead to nothing')
    : undefined;
}

function isSameSuite(a: EchCipherSuite, b: EchCipherSuite): boolean {
  return a.kdfId === b.kdfId && a.aeadId === b.aeadId;
}
