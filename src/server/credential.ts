import type { Rng, RunningHash } from '../../nocrypto/index.ts';
import { err, isSelfIssued, ok, type Result } from '../../x509/index.ts';
import type { ServerConfig } from '../config.ts';
import { type Credential, isForName } from '../credential.ts';
import { type Failure, incompatible, misuse } from '../failure.ts';
import type { ClientHelloFacts, Response } from '../request.ts';
import { isSignedWith, type SignatureScheme, schemeFitsKey, signatureSchemes } from '../signature-schemes.ts';
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

/**
 * The first credential that can sign as the client wants; rather one for its server_name, and among these rather one
 * whose chain is signed as the client wants, too (RFC 9846 §4.4.2.2 asks for that only "if it can").
 */
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
  const isStrict = serverName !== undefined && config.strictServerName;
  for (const candidates of isStrict ? [forName] : [forName, credentials]) {
    const usable = candidates.flatMap((credential) => {
      const scheme = usableScheme(config, credential, facts);
      return scheme === undefined ? [] : [{ credential, scheme }];
    });
    const chosen = usable.find(({ credential }) => isChainWanted(credential, facts)) ?? usable[0];
    if (chosen !== undefined) return ok(chosen);
  }
  return err(noCommonScheme(facts));
}

/** Whether the client accepts each signature in the chain; those of roots do not count, nobody verifies them. */
function isChainWanted({ certificates }: Credential, facts: ClientHelloFacts): boolean {
  return certificates.every(
    (certificate) =>
      isSelfIssued(certificate) ||
      facts.certificateSignatureSchemes.some((name) => isSignedWith(certificate, signatureSchemes[name])),
  );
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
    `no certificate here can sign with one of: ${listed(facts.signatureSchemes)}`,
  );
}
