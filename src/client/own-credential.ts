import { err, ok, type Result } from '../../x509/index.ts';
import type { VersionName } from '../codepoints.ts';
import type { ClientConfig } from '../config.ts';
import { type Failure, misuse } from '../failure.ts';
import { type Chosen, chooseCredential } from '../own-certificate.ts';
import type { CertificateRequestFacts, Request, Response } from '../request.ts';

// What a client shows to a server that asks for a certificate, in either version.

/** The choice, which may be none, or the request for it. */
export type OwnChoice =
  | { readonly kind: 'chosen'; readonly chosen: Chosen | undefined }
  | { readonly kind: 'asked'; readonly request: Request };

export function chooseOwn(
  { credentials }: ClientConfig,
  certificateRequest: CertificateRequestFacts,
  version: VersionName,
): OwnChoice {
  if (credentials === 'ask') {
    return { kind: 'asked', request: { kind: 'clientCredential', certificateRequest } };
  }
  const certificateTypes = [certificateRequest.certificateType];
  const accepted = { ...certificateRequest, certificateTypes };
  return { kind: 'chosen', chosen: chooseCredential(credentials, accepted, version) };
}

/** The caller has chosen a certificate, or none. */
export function chosenByCaller(
  config: ClientConfig,
  certificateRequest: CertificateRequestFacts,
  version: VersionName,
  response: Response,
): Result<Chosen | undefined, Failure> {
  if (response.kind === 'refusal') return err(misuse('credential-refused', response.reason));
  if (response.kind !== 'clientCredential') {
    throw new TypeError(`the connection awaits a client credential, not a ${response.kind}`);
  }
  const { credential } = response;
  if (credential === undefined) return ok(undefined);
  const choice = chooseOwn({ ...config, credentials: [credential] }, certificateRequest, version);
  return choice.kind === 'chosen' && choice.chosen !== undefined
    ? ok(choice.chosen)
    : err(
        misuse(
          'credential-does-not-fit',
          `not of the kind that was agreed on (${certificateRequest.certificateType}), or its key cannot sign as the server wants`,
        ),
      );
}
