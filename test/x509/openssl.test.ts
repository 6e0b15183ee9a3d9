import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type GeneratedKeyKind, noble } from '../../nocrypto/index.ts';
import {
  buildCertificate,
  type Certificate,
  decodeCertificate,
  decodePem,
  decodePrivateKey,
  describeValidationError,
  encodeCertificate,
  encodePem,
  extensionValue,
  formatName,
  identityNames,
  type PathOptions,
  referenceIdentity,
  trustAnchorsFromPem,
  validatePath,
} from '../../x509/index.ts';
import { entropy, unwrap } from './helpers.ts';
import { openssl, opensslAgrees, skipWithoutOpenssl, withFiles } from './openssl.ts';
import { authority, endEntity, keyOf, NOW, nameConstraints, VALIDITY } from './pki.ts';

const skip = skipWithoutOpenssl;
const identity = unwrap(referenceIdentity('www.example.com'));
const pem = (certificate: Certificate) => encodePem('CERTIFICATE', certificate.der);

const KINDS: readonly (readonly [what: string, kind: GeneratedKeyKind | 'rsa', newkey: readonly string[]])[] =
  [
    ['RSA', 'rsa', ['-newkey', 'rsa:2048']],
    ['P-256', { kind: 'ec', curve: 'secp256r1' }, ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']],
    ['P-384', { kind: 'ec', curve: 'secp384r1' }, ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384']],
    ['Ed25519', { kind: 'ed25519' }, ['-newkey', 'ed25519']],
  ];

/** A key of openssl's making where ours would take long. */
function freshKey(label: string, kind: GeneratedKeyKind | 'rsa') {
  return kind === 'rsa'
    ? unwrap(decodePrivateKey(noble, openssl(['genrsa', '2048']).toString()))
    : keyOf(label, kind);
}

for (const [what, kind] of KINDS) {
  test(`openssl verifies what we build, name and purpose included: ${what}`, { skip }, () => {
    const rootKey = freshKey('openssl root', kind);
    const leafKey = freshKey('openssl leaf', kind);
    const common = { crypto: noble, validity: VALIDITY };
    const root = unwrap(
      buildCertificate({
        ...common,
        entropy: entropy('root'),
        subject: [
          ['countryName', 'DE'],
          ['commonName', 'Prüfstelle'],
        ],
        publicKey: rootKey.public,
        signer: { key: rootKey },
        authority: { pathLenConstraint: 0 },
      }),
    );
    const leaf = unwrap(
      buildCertificate({
        ...common,
        entropy: entropy('leaf'),
        subject: [],
        publicKey: leafKey.public,
        signer: { key: rootKey, certificate: root },
        subjectAltName: identityNames([identity, unwrap(referenceIdentity('2001:db8::1'))]),
      }),
    );
    withFiles({ 'root.pem': pem(root), 'leaf.pem': pem(leaf) }, (path) => {
      const verify = ['verify', '-x509_strict', '-attime', `${NOW / 1000}`, '-CAfile', path('root.pem')];
      const accepts = (...args: readonly string[]) => opensslAgrees([...verify, ...args, path('leaf.pem')]);
      assert.ok(accepts('-purpose', 'sslserver', '-verify_hostname', 'www.example.com'));
      assert.ok(accepts('-purpose', 'sslclient', '-verify_ip', '2001:db8::1'));
      assert.ok(!accepts('-verify_hostname', 'example.org'));
      assert.ok(!accepts('-purpose', 'smimesign'));
      const printed = openssl([
        'x509',
        '-noout',
        '-subject',
        '-nameopt',
        'RFC2253,utf8,-esc_msb',
        '-in',
        path('root.pem'),
      ]);
      assert.equal(printed.toString().trim(), `subject=${formatName(root.subject.value)}`);
    });
  });
}

test('openssl refuses the altered certificates that we refuse', { skip }, () => {
  const root = authority('Root');
  const { certificate } = endEntity('www.example.com', root);
  const signature = certificate.signature.slice();
  signature[8] = (signature[8] ?? 0) ^ 1;
  const altered = encodeCertificate({ ...certificate, signature });
  withFiles({ 'root.pem': pem(root.certificate), 'leaf.pem': encodePem('CERTIFICATE', altered) }, (path) => {
    assert.ok(
      !opensslAgrees(['verify', '-attime', `${NOW / 1000}`, '-CAfile', path('root.pem'), path('leaf.pem')]),
    );
  });
});

/** A root, an intermediate and a leaf made with the openssl command, as PEM. */
function opensslChain(newkey: readonly string[]): {
  readonly root: string;
  readonly chain: readonly string[];
} {
  const config = `
[req]
distinguished_name = none
[none]
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[ca]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
nameConstraints = critical,permitted;DNS:example.com,permitted;IP:192.0.2.0/255.255.255.0,excluded;email:evil.example
certificatePolicies = 2.23.140.1.2.1,@policy
extendedKeyUsage = serverAuth,clientAuth
[policy]
policyIdentifier = 1.3.6.1.4.1.55555.7
CPS.1 = "https://example.com/cps"
userNotice.1 = @notice
[notice]
explicitText = "UTF8:für Prüfungen"
organization = "Example"
noticeNumbers = 1,2
[leaf]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:www.example.com,DNS:*.example.com,IP:192.0.2.1
issuerAltName = email:ca@example.com
crlDistributionPoints = crls
authorityInfoAccess = OCSP;URI:http://ocsp.example.com,caIssuers;URI:http://example.com/ca.der
tlsfeature = status_request
[crls]
fullname = URI:http://example.com/ca.crl
reasons = keyCompromise,CACompromise
`;
  return withFiles({ config }, (path) => {
    const file = path('config');
    const make = (name: string, subject: string, section: string, issuer?: string) => {
      openssl([
        'req',
        '-x509',
        ...newkey,
        '-noenc',
        '-config',
        file,
        '-extensions',
        section,
        '-utf8',
        '-subj',
        subject,
        '-days',
        '30',
        '-keyout',
        path(`${name}.key`),
        '-out',
        path(`${name}.pem`),
        ...(issuer === undefined ? [] : ['-CA', path(`${issuer}.pem`), '-CAkey', path(`${issuer}.key`)]),
      ]);
      return openssl(['x509', '-in', path(`${name}.pem`)]).toString();
    };
    const root = make('root', '/C=DE/O=Prüfstelle/CN=Root', 'root');
    const intermediate = make('ca', '/O=Example+OU=Test/CN=Intermediate', 'ca', 'root');
    const leaf = make('leaf', '/CN=www.example.com', 'leaf', 'ca');
    return { root, chain: [leaf, intermediate] };
  });
}

for (const [what, , newkey] of KINDS) {
  test(`we validate what openssl makes, and read its extensions: ${what}`, { skip }, () => {
    const { root, chain } = opensslChain(newkey);
    const anchors = unwrap(trustAnchorsFromPem(`the root:\n${root}`));
    const certificates = chain.map((text) => {
      const [block] = unwrap(decodePem(text));
      const certificate = unwrap(decodeCertificate(block?.bytes ?? new Uint8Array()));
      assert.deepEqual(encodeCertificate(certificate), block?.bytes);
      return certificate;
    });
    const options: PathOptions = {
      crypto: noble,
      certificates,
      anchors,
      purpose: 'serverAuth',
      identity,
      now: Date.now(),
    };
    const result = validatePath(options);
    assert.ok(result.ok, result.ok ? '' : describeValidationError(result.error));
    const refused = (changes: Partial<PathOptions>) => {
      const outcome = validatePath({ ...options, ...changes });
      return outcome.ok ? 'accepted' : outcome.error.reason;
    };
    assert.equal(refused({ purpose: 'clientAuth' }), 'wrong-extended-key-usage');
    assert.equal(refused({ identity: unwrap(referenceIdentity('example.com')) }), 'name-mismatch');
    assert.equal(refused({ identity: unwrap(referenceIdentity('other.example.com')) }), 'accepted');
    assert.equal(refused({ identity: unwrap(referenceIdentity('192.0.2.1')) }), 'accepted');
    assert.equal(refused({ now: Date.now() + 31 * 86_400_000 }), 'expired');
    const [leaf, intermediate] = certificates;
    assert.ok(leaf !== undefined && intermediate !== undefined);
    assert.equal(formatName(intermediate.subject.value), 'CN=Intermediate,OU=Test+O=Example');
    assert.deepEqual(extensionValue(leaf, 'tlsFeature'), [5]);
    assert.equal(extensionValue(leaf, 'cRLDistributionPoints')?.[0]?.reasons?.cACompromise, true);
    assert.equal(extensionValue(intermediate, 'basicConstraints')?.pathLenConstraint, 0);
    const qualifiers = extensionValue(intermediate, 'certificatePolicies')?.[1]?.policyQualifiers;
    assert.deepEqual(
      qualifiers?.map(({ qualifier }) => qualifier.kind),
      ['1.3.6.1.5.5.7.2.1', '1.3.6.1.5.5.7.2.2'],
    );
  });
}

test('openssl and we agree about name constraints on names of every form', { skip }, () => {
  const root = authority('Root');
  const rows = [
    [
      { kind: 'dNSName', value: 'example.com' },
      { kind: 'dNSName', value: 'a.example.com' },
    ],
    [
      { kind: 'dNSName', value: 'example.com' },
      { kind: 'dNSName', value: 'notexample.com' },
    ],
    [
      { kind: 'rfc822Name', value: 'example.com' },
      { kind: 'rfc822Name', value: 'a@example.com' },
    ],
    [
      { kind: 'rfc822Name', value: 'example.com' },
      { kind: 'rfc822Name', value: 'a@b.example.com' },
    ],
    [
      { kind: 'rfc822Name', value: '.example.com' },
      { kind: 'rfc822Name', value: 'a@b.example.com' },
    ],
    [
      { kind: 'uniformResourceIdentifier', value: '.example.com' },
      { kind: 'uniformResourceIdentifier', value: 'https://a.example.com/' },
    ],
    [
      { kind: 'uniformResourceIdentifier', value: 'example.com' },
      { kind: 'uniformResourceIdentifier', value: 'https://a.example.com/' },
    ],
    [
      { kind: 'iPAddress', value: Uint8Array.of(192, 0, 2, 0, 255, 255, 255, 0) },
      { kind: 'iPAddress', value: Uint8Array.of(192, 0, 2, 9) },
    ],
    [
      { kind: 'iPAddress', value: Uint8Array.of(192, 0, 2, 0, 255, 255, 255, 0) },
      { kind: 'iPAddress', value: Uint8Array.of(192, 0, 3, 9) },
    ],
  ] as const;
  for (const [base, name] of rows) {
    for (const constraints of [nameConstraints([base]), nameConstraints([], [base])]) {
      const constrained = authority('Constrained', root, { extensions: [constraints] });
      const leaf = endEntity('placeholder', constrained, { subject: [], subjectAltName: [name] });
      const ours = validatePath({
        crypto: noble,
        certificates: [leaf.certificate, constrained.certificate],
        anchors: [{ certificate: root.certificate }],
        purpose: 'serverAuth',
        identity: undefined,
        now: NOW,
      });
      const files = {
        'root.pem': pem(root.certificate),
        'ca.pem': pem(constrained.certificate),
        'leaf.pem': pem(leaf.certificate),
      };
      const theirs = withFiles(files, (path) =>
        opensslAgrees([
          'verify',
          '-attime',
          `${NOW / 1000}`,
          '-CAfile',
          path('root.pem'),
          '-untrusted',
          path('ca.pem'),
          path('leaf.pem'),
        ]),
      );
      assert.equal(ours.ok, theirs, `${JSON.stringify(base)} ${JSON.stringify(name)}`);
    }
  }
});
