import type { Rng, RunningHash } from '../../nocrypto/index.ts';
import { err, ok, type Result } from '../../x509/index.ts';
import type { ServerConfig } from '../config.ts';
import { type Credential, isForName } from '../credential.ts';
import { type Failure, incompatible, misuse } from '../failure.ts';
import type { ClientHelloFacts, Response } from '../request.ts';
import { type SignatureScheme, schemeFitsKey, signatureSchemes } from '../signature-schemes.ts';
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
  const chosen = chooseCredential(config, config.credentials, agreed.facts);
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
  const scheme = usableScheme(config, credential, phase.agreed.facts);
  if (scheme === undefined) return err(noCommonScheme(phase.agreed.facts));
  return sendFlight(config, phase.agreed, { credential, scheme }, phase.transcript, phase.rng);
}

/** A certificate with the scheme its key will sign with. */
export interface Chosen {
  readonly credential: Credential;
  readonly scheme: SignatureScheme;
}

/** The first credential for the client's server_name that can sign as the client wants, else the first that can sign. */
function chooseCredential(
  config: ServerConfig,
  credentials: readonly Credential[],
  facts: ClientHelloFacts,
): Result<Chosen, Failure> {
  const { serverName } = facts;
  const forName =
    serverName === undefined ? [] : credentials.filter((credential) => isForName(credential, serverName));
  if (serverName !== undefined && config.strictServerName && forName.length === 0) {
    return err(incompatible('no-certificate-for-this-name', serverName));
  }
  const candidates =
    serverName !== undefined && config.strictServerName ? forName : [...forName, ...credentials];
  for (const credential of candidates) {
    const scheme = usableScheme(config, credential, facts);
    if (scheme !== undefined) return ok({ credential, scheme });
  }
  return err(noCommonScheme(facts));
}

/** This side's favourite among the schemes that the client accepts and the key can make. */
function usableScheme(
  config: ServerConfig,
  credential: Credential,
  facts: ClientHelloFacts,
): SignatureScheme | undefined {
  const name = config.signatureSchemes.find(
    (candidate) =>
      facts.signatureSchemes.includes(candidate) &&
      schemeFitsKey(signatureSchemes[candidate], credential.publicKey),
  );
  return name === undefined ? undefined : signatureSchemes[name];
}

function noCommonScheme(facts: ClientHelloFacts): Failure {
  return incompatible(
    'no-common-signature-scheme',
    `no certificate here can sign with one of: ${facts.signatureSchemes.join(', ')}`,
  );
}
