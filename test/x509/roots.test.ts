import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { decode, encode } from '../../asn1/index.ts';
import { noble } from '../../nocrypto/index.ts';
import { tbsCertificate } from '../../x509/certificate.ts';
import {
  certificatePublicKey,
  encodeCertificate,
  formatName,
  isSelfIssued,
  type TrustAnchor,
  trustAnchorsFromPem,
} from '../../x509/index.ts';
import { checkAnchor, checkKey } from '../../x509/profile.ts';
import { unwrap } from './helpers.ts';

const DEBIAN_BUNDLE = '/etc/ssl/certs/ca-certificates.crt';

const BUNDLES: readonly (readonly [who: string, skip: false | string, pem: () => string])[] = [
  ['Node', false, () => rootCertificates.join('\n')],
  [
    'the system',
    existsSync(DEBIAN_BUNDLE) ? false : `no ${DEBIAN_BUNDLE}`,
    () => readFileSync(DEBIAN_BUNDLE, 'utf8'),
  ],
];

for (const [who, skip, pem] of BUNDLES) {
  test(`every root of ${who} decodes and encodes bit for bit`, { skip }, () => {
    for (const { certificate } of roots(pem())) {
      assert.deepEqual(encodeCertificate(certificate), certificate.der);
      const tbs = unwrap(decode(tbsCertificate, certificate.tbsCertificate));
      assert.deepEqual(
        encode(tbsCertificate, tbs),
        certificate.tbsCertificate,
        formatName(certificate.subject.value),
      );
    }
  });

  test(`every root of ${who} can be an anchor by any profile as long as it is in force`, { skip }, () => {
    for (const { certificate } of roots(pem())) {
      const name = formatName(certificate.subject.value);
      const key = unwrap(certificatePublicKey(noble, certificate));
      const { notBefore, notAfter } = certificate.validity;
      for (const profile of ['web', 'rfc5280', 'lenient'] as const) {
        const check = (now: number) =>
          checkKey(key, { profile }) ??
          checkAnchor(certificate, {
            profile,
            purpose: 'serverAuth',
            keyUsage: [],
            now,
            isSelfSigned: isSelfIssued,
          });
        assert.deepEqual([check(notBefore), check(notAfter)], [undefined, undefined], name);
        assert.equal(check(notBefore - 1)?.reason, 'not-yet-valid');
        assert.equal(check(notAfter + 1000)?.reason, 'expired');
      }
    }
  });
}

function roots(pem: string): readonly TrustAnchor[] {
  const anchors = unwrap(trustAnchorsFromPem(pem));
  assert.ok(anchors.length > 50, `${anchors.length} roots`);
  return anchors;
}
