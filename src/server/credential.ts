import type { Rng, RunningHash } from '../../nocrypto/index.ts';
import { err, ok, type Result } from '../../x509/index.ts';
import type { ServerConfig } from '../config.ts';
import { type AnyCredential, isForName } from '../credential.ts';
import { type Failure, incompatible, misuse } from '../failure.ts';
import { type Accepted, chooseCredential, isWithheld } from '../own-certificate.ts';
import type { ClientHelloFacts, Response } from '../request.ts';
import { listed } from '../text.ts';
import type { Transition } from '../transition.ts';
import { sendFlight } from './flight.ts';
import type { Agreed, AwaitCredential } from './phase.ts';

/** Which certificate this client is shown: found among the configured ones, or asked for. */
export function proceedWithCredential(
  config: ServerConfig,
  agreed: Agreed,
  transcript: RunningHash,
  rng: Rng,
): Transition {
  if (config.credentials === 'ask') {
    return ok({
      phase: { kind: 'awaitCredential', agreed, transcript, rng },
      actions: [{ kind: 'request', request: { kind: 'credential', hello: agreed.facts } }],
    });
  }
  const chosen = firstByName(config, config.credentials, agreed.facts, (candidates) =>
    chooseCredential(candidates, acceptedBy(agreed.facts), '1.3'),
  );
  return chosen.ok ? sendFlight(config, agreed, chosen.value, transcript, rng) : chosen;
}

/** The caller has chosen. What does not go with this client ends the connection: nothing else was asked. */
export function answerCredential(
  config: ServerConfig,
  phase: AwaitCredential,
  response: Response,
): Transition {
  if (response.kind === 'refusal') return err(misuse('credential-refused', response.reason));
  if (response.kind !== 'credential') {
    throw new TypeError(`the connection awaits a credential, not a ${response.kind}`);
  }
  const { credential } = response;
  const { facts } = phase.agreed;
  const chosen = chooseCredential([credential], acceptedBy(facts), '1.3');
  if (chosen === undefined) return err(nothingFits([credential], facts));
  return sendFlight(config, phase.agreed, chosen, phase.transcript, phase.rng);
}

/**
 * What `choose` makes of the credentials for the client's server_name, else, unless the server is strict, of all of them.
 */
export function firstByName<T>(
  config: ServerConfig,
  credentials: readonly AnyCredential[],
  facts: ClientHelloFacts,
  choose: (candidates: readonly AnyCredential[]) => T | undefined,
): Result<T, Failure> {
  const { serverName } = facts;
  const forName =
    serverName === undefined ? [] : credentials.filter((credential) => isForName(credential, serverName));
  const isStrict = serverName !== undefined && config.strictServerName;
  if (isStrict && forName.length === 0) {
    return err(incompatible('no-certificate-for-this-name', serverName));
  }
  const chosen = choose(forName) ?? (isStrict ? undefined : choose(credentials));
  return chosen === undefined ? err(nothingFits(credentials, facts)) : ok(chosen);
}

function acceptedBy(facts: ClientHelloFacts): Accepted {
  return { ...facts, certificateTypes: facts.serverCertificateTypes };
}

/** The kind of certificate is settled before whose it is, and that before how it signs (RFC 7250 §4.2). */
export function nothingFits(credentials: readonly AnyCredential[], facts: ClientHelloFacts): Failure {
  const { serverCertificateTypes: types } = facts;
  if (!credentials.some(({ certificateType }) => types.includes(certificateType))) {
    return incompatible('no-common-certificate-type', `the client accepts nothing but ${listed(types)}`);
  }
  if (credentials.every((credential) => isWithheld(credential, acceptedBy(facts)))) {
    return incompatible('no-matching-issuer', 'the client names no authority of a certificate here');
  }
  return incompatible(
    'no-common-signature-scheme',
    `no certificate here can sign with one of: ${listed(facts.signatureSchemes)}`,
  );
}
