import type { GroupName, RsaPrivateKey } from '../../../nocrypto/index.ts';
import { err, ok, type Result } from '../../../x509/index.ts';
import type { ServerConfig } from '../../config.ts';
import { type AnyCredential, mayEncrypt } from '../../credential.ts';
import { findExtension } from '../../extensions.ts';
import { type Failure, incompatible, misuse } from '../../failure.ts';
import type { ClientHello } from '../../messages.ts';
import { type Accepted, type Chosen, chooseCredential, type Own } from '../../own-certificate.ts';
import type { ClientHelloFacts, Response } from '../../request.ts';
import { listed } from '../../text.ts';
import { groupFitsSuite, isFiniteField } from '../../tls12/groups.ts';
import { type EphemeralExchange, type Tls12Suite, tls12Suites } from '../../tls12/suites.ts';
import type { Transition } from '../../transition.ts';
import { firstByName, nothingFits } from '../credential.ts';
import { sendTls12Flight } from './flight.ts';
import type { Tls12AwaitCredential, Tls12Undecided, UsableSuite } from './phase.ts';

/** A suite with a group and a certificate that go with it, or with the key that premaster secrets are encrypted to. */
export type Tls12Choice =
  | {
      readonly kind: 'ephemeral';
      readonly suite: Tls12Suite;
      readonly name: EphemeralExchange;
      readonly group: GroupName;
      readonly own: Chosen;
    }
  | {
      readonly kind: 'transport';
      readonly suite: Tls12Suite;
      readonly key: RsaPrivateKey;
      readonly own: Own;
    };

/** Which certificate this client is shown, and with it the suite: found among the configured ones, or asked for. */
export function proceedWithTls12Credential(
  config: ServerConfig,
  { offer, hello, raw, rng }: Tls12Undecided,
): Transition {
  const usable = usableSuites(config, offer.facts, hello);
  if (!usable.ok) return usable;
  if (config.credentials === 'ask') {
    return ok({
      phase: { kind: 'tls12AwaitCredential', offer, usable: usable.value, hello: raw, rng },
      actions: [{ kind: 'request', request: { kind: 'credential', hello: offer.facts } }],
    });
  }
  const choice = firstByName(config, config.credentials, offer.facts, (credentials) =>
    choose(offer.facts, usable.value, credentials),
  );
  return choice.ok ? sendTls12Flight(config, offer, choice.value, raw, rng) : choice;
}

/** The caller has chosen. What does not go with this client ends the connection: nothing else was asked. */
export function answerTls12Credential(
  config: ServerConfig,
  { offer, usable, hello, rng }: Tls12AwaitCredential,
  response: Response,
): Transition {
  if (response.kind === 'refusal') return err(misuse('credential-refused', response.reason));
  if (response.kind !== 'credential') {
    throw new TypeError(`the connection awaits a credential, not a ${response.kind}`);
  }
  const choice = choose(offer.facts, usable, [response.credential]);
  return choice === undefined
    ? err(nothingFits([response.credential], offer.facts))
    : sendTls12Flight(config, offer, choice, hello, rng);
}

function usableSuites(
  config: ServerConfig,
  facts: ClientHelloFacts,
  hello: ClientHello,
): Result<readonly UsableSuite[], Failure> {
  const common = config.tls12CipherSuites.filter((name) => facts.cipherSuites.includes(name));
  if (common.length === 0) {
    return err(
      incompatible('no-common-cipher-suite', 'the client offers none that is configured for TLS 1.2'),
    );
  }
  const codes = findExtension(hello.extensions, 'supportedGroups') ?? [];
  const usable = common.flatMap((suiteName): readonly UsableSuite[] => {
    const suite = tls12Suites[suiteName];
    if (suite.keyExchange === 'rsa') return [{ suite, keyExchange: { kind: 'transport' } }];
    const name = suite.keyExchange;
    const group = chooseGroup(config, codes, facts, suite);
    return group === undefined ? [] : [{ suite, keyExchange: { kind: 'ephemeral', name, group } }];
  });
  if (usable.length > 0) return ok(usable);
  const lacksField =
    codes.some(isFiniteFieldCode) && common.some((name) => tls12Suites[name].keyExchange === 'dhe');
  const reason = lacksField ? 'no-common-finite-field' : 'no-common-group';
  return err(incompatible(reason, `the client offers ${listed(facts.groups)}`));
}

/**
 * This server's favourite group for a suite. A client that says nothing of curves takes any (RFC 8422 §4), and so does one
 * that says nothing of finite fields (RFC 7919 §4).
 */
function chooseGroup(
  config: ServerConfig,
  offered: readonly number[],
  facts: ClientHelloFacts,
  suite: Tls12Suite,
): GroupName | undefined {
  const fitting = config.groups.filter((group) => groupFitsSuite(group, suite));
  const saysWhich = offered.some((code) => isFiniteFieldCode(code) === (suite.keyExchange === 'dhe'));
  if (saysWhich) return fitting.find((group) => facts.groups.includes(group));
  // Who says nothing is old, and knows P-256 if any curve.
  return fitting.find((group) => group === 'secp256r1') ?? fitting[0];
}

/** RFC 7919 §2 sets the codes 256 to 511 aside for finite fields. */
function isFiniteFieldCode(code: number): boolean {
  return code >= 256 && code < 512;
}

/** This server's favourite suite under which one of the credentials can sign. */
function choose(
  facts: ClientHelloFacts,
  usable: readonly UsableSuite[],
  credentials: readonly AnyCredential[],
): Tls12Choice | undefined {
  for (const { suite, keyExchange } of usable) {
    const fitting = credentials.filter((credential) => authenticates(suite, credential, facts));
    if (keyExchange.kind === 'transport') {
      const transport = chooseTransport(suite, fitting);
      if (transport !== undefined) return transport;
      continue;
    }
    const accepted: Accepted = { ...facts, certificateTypes: ['x509'] };
    const own = chooseCredential(fitting, accepted, '1.2');
    if (own !== undefined) return { ...keyExchange, suite, own };
  }
  return undefined;
}

/** The first certificate whose key this side has at hand and that may be encrypted to; one that is elsewhere only signs. */
function chooseTransport(suite: Tls12Suite, credentials: readonly AnyCredential[]): Tls12Choice | undefined {
  for (const credential of credentials) {
    if (credential.certificateType !== 'x509' || credential.key.kind !== 'private') continue;
    const { key } = credential.key;
    if (key.kind === 'rsa' && credential.publicKey.keyType === 'rsa' && mayEncrypt(credential.leaf)) {
      return { kind: 'transport', suite, key, own: { credential, scheme: undefined } };
    }
  }
  return undefined;
}

/** Whether a credential's key is of the suite's kind, and on a curve that the client knows (RFC 8422 §5.1). */
function authenticates(
  { authentication }: Tls12Suite,
  { publicKey: { keyType, key } }: AnyCredential,
  { groups }: ClientHelloFacts,
): boolean {
  if (keyType === 'rsa' || keyType === 'rsa-pss') return authentication === 'rsa';
  if (authentication !== 'ecdsa') return false;
  return key.kind !== 'ec' || groups.every(isFiniteField) || groups.includes(key.curve);
}
