import type { CryptoProvider } from '../../nocrypto/index.ts';
import {
  type Certificate,
  type Crl,
  decodeCertificate,
  decodeCrl,
  decodePem,
  describeCertificateError,
  describeCrlError,
  describePemError,
  describeValidationError,
  err,
  extensionValue,
  KEY_USAGE_NAMES,
  type KeyUsageName,
  mailboxIdentity,
  ok,
  presentsIdentity,
  type ReferenceIdentity,
  type Result,
  referenceIdentity,
  trustAnchor,
  validatePath,
} from '../../x509/index.ts';
import type { PeerName, Testcase } from './testcase.ts';

/**
 * What pure-tls says of a case: nothing against it, or a reason in words. The cases `webpki` and `online` state the rules of
 * the web, all others those of RFC 5280. A certificate beside the peer's that cannot be decoded is left out, as whoever reads
 * a bundle would.
 */
export function validateTestcase(
  testcase: Testcase,
  crypto: CryptoProvider,
  now: number,
): Result<undefined, string> {
  const leaf = decodedCertificate(testcase.peer_certificate);
  if (!leaf.ok) {
    return leaf;
  }
  const crls = all(testcase.crls.map(decodedCrl));
  if (!crls.ok) {
    return crls;
  }
  const wanted = [testcase.expected_peer_name, ...testcase.expected_peer_names];
  const identities = all(wanted.filter((name) => name !== null).map(identityOf));
  if (!identities.ok) {
    return identities;
  }
  const [identity] = identities.value;
  const validated = validatePath({
    crypto,
    certificates: [leaf.value, ...usable(testcase.untrusted_intermediates)],
    anchors: usable(testcase.trusted_certs).map(trustAnchor),
    purpose: testcase.validation_kind === 'SERVER' ? 'serverAuth' : 'clientAuth',
    identity,
    now: testcase.validation_time === null ? now : Date.parse(testcase.validation_time),
    profile: /^(webpki|online)::/.test(testcase.id) ? 'web' : 'rfc5280',
    keyUsage: testcase.key_usage.filter(isKeyUsageName),
    limits: testcase.max_chain_depth === null ? {} : { intermediates: testcase.max_chain_depth },
    revocation: { policy: testcase.crls.length === 0 ? 'off' : 'require', crls: crls.value },
  });
  if (!validated.ok) {
    return err(describeValidationError(validated.error));
  }
  const names = extensionValue(leaf.value, 'subjectAltName') ?? [];
  return identities.value.every((wanted) => presentsIdentity(names, wanted))
    ? ok(undefined)
    : err('name-mismatch: not all names of the client are there');
}

function identityOf({ kind, value }: PeerName): Result<ReferenceIdentity, string> {
  const identity = kind === 'RFC822' ? mailboxIdentity(value) : referenceIdentity(value);
  return identity.ok ? identity : err(`${identity.error.kind}: ${identity.error.found}`);
}

function usable(pems: readonly string[]): readonly Certificate[] {
  return pems.map(decodedCertificate).flatMap((decoded) => (decoded.ok ? [decoded.value] : []));
}

function decodedCertificate(pem: string): Result<Certificate, string> {
  return decodedPem(pem, decodeCertificate, describeCertificateError);
}

function decodedCrl(pem: string): Result<Crl, string> {
  return decodedPem(pem, decodeCrl, describeCrlError);
}

function decodedPem<T, E>(
  pem: string,
  decode: (der: Uint8Array) => Result<T, E>,
  describe: (error: E) => string,
): Result<T, string> {
  const blocks = decodePem(pem);
  const [block] = blocks.ok ? blocks.value : [];
  if (block === undefined) {
    return err(blocks.ok ? 'no PEM block' : describePemError(blocks.error));
  }
  const decoded = decode(block.bytes);
  return decoded.ok ? decoded : err(describe(decoded.error));
}

function all<T>(results: readonly Result<T, string>[]): Result<readonly T[], string> {
  const values: T[] = [];
  for (const result of results) {
    if (!result.ok) {
      return result;
    }
    values.push(result.value);
  }
  return ok(values);
}

function isKeyUsageName(text: string): text is KeyUsageName {
  return KEY_USAGE_NAMES.some((name) => name === text);
}
