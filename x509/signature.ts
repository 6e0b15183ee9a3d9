import type { CryptoProvider, SignatureAlgorithm } from '../nocrypto/index.ts';
import { describeAlgorithm, signatureAlgorithm } from './algorithm.ts';
import type { Signed } from './certificate.ts';
import type { CertifiedKey, KeyError } from './public-key.ts';
import { type Finding, finding, type ValidationReason } from './validation-error.ts';

/** What is wrong with the signature of a certificate (or another signed structure) under the key of its alleged issuer. */
export function checkSignature(
  crypto: CryptoProvider,
  signed: Signed,
  issuer: CertifiedKey,
): Finding | undefined {
  const algorithm = signatureAlgorithm(signed.signatureAlgorithm);
  if (!algorithm.ok) {
    return finding('unsupported-algorithm', algorithm.error.expected, algorithm.error.found);
  }
  const verifies =
    mayMake(issuer, algorithm.value) &&
    crypto.verify(algorithm.value, issuer.key, signed.tbsCertificate, signed.signature);
  const name = describeAlgorithm(signed.signatureAlgorithm);
  return verifies
    ? undefined
    : finding('bad-signature', `a ${name} signature of the issuer's key`, 'one that does not verify');
}

/** The reason under which an unusable key is reported. */
export function keyFault({ kind, detail }: KeyError): Finding {
  const reasons: Readonly<Record<KeyError['kind'], ValidationReason>> = {
    'unsupported-key': 'unsupported-algorithm',
    'weak-key': 'weak-key',
    'invalid-key': 'malformed',
  };
  return finding(reasons[kind], 'a usable public key', detail);
}

/** A key under id-RSASSA-PSS signs with PSS only, with its own hash and at least its own salt (RFC 4055 §3.3). */
function mayMake(issuer: CertifiedKey, algorithm: SignatureAlgorithm): boolean {
  if (issuer.keyType !== 'rsa-pss') {
    return true;
  }
  const { parameters } = issuer;
  return (
    algorithm.kind === 'rsa-pss' &&
    (parameters === undefined ||
      (parameters.hash === algorithm.hash && parameters.saltLength <= algorithm.saltLength))
  );
}
