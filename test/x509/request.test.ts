import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { noble } from '../../nocrypto/index.ts';
import {
  buildRequest,
  type CertificationRequest,
  certificatePublicKey,
  decodePem,
  decodeRequest,
  describeRequestError,
  encodePem,
  encodePrivateKey,
  encodeRequest,
  extensionValue,
  formatName,
  type GeneralName,
  id,
  issueCertificate,
  type RequestOptions,
  verifyRequest,
} from '../../x509/index.ts';
import { entropy, FC_RUNS, unwrap, unwrapError } from './helpers.ts';
import { openssl, opensslAgrees, skipWithoutOpenssl, withFiles } from './openssl.ts';
import { authority, keyOf, VALIDITY, validate } from './pki.ts';

const HOST = 'www.example.com';
const NAMES: readonly GeneralName[] = [{ kind: 'dNSName', value: HOST }];
const key = keyOf('requester');

const request = (overrides: Partial<RequestOptions> = {}): CertificationRequest =>
  unwrap(
    buildRequest({
      crypto: noble,
      entropy: entropy('request'),
      subject: [['commonName', HOST]],
      key,
      subjectAltName: NAMES,
      ...overrides,
    }),
  );

const authorityExtension = {
  extnID: id.ce.basicConstraints,
  critical: true,
  extnValue: { kind: id.ce.basicConstraints, value: { cA: true, pathLenConstraint: undefined } },
} as const;

test('a request is read back as it was made, and written back bit for bit', () => {
  const made = request({ extensions: [authorityExtension] });
  assert.equal(formatName(made.subject.value), `CN=${HOST}`);
  assert.deepEqual(extensionValue(made, 'subjectAltName'), NAMES);
  assert.deepEqual(extensionValue(made, 'basicConstraints'), authorityExtension.extnValue.value);
  assert.deepEqual(encodeRequest(made), made.der);
  assert.deepEqual(unwrap(decodeRequest(made.der)), made);
  assert.deepEqual(request({ extensions: [authorityExtension] }), made);
});

test('a request without extensions has no attributes', () => {
  const bare = request({ subjectAltName: [] });
  assert.deepEqual([bare.attributes, bare.extensions], [[], []]);
});

test('a request proves that the requester has the key, for every kind of key', () => {
  for (const kind of [
    { kind: 'ec', curve: 'secp256r1' },
    { kind: 'ec', curve: 'secp384r1' },
    { kind: 'ed25519' },
  ] as const) {
    const made = request({ key: keyOf('requester', kind) });
    assert.deepEqual(unwrap(verifyRequest(noble, made)), unwrap(certificatePublicKey(noble, made)));
  }
});

test('a request that another key has signed proves nothing, and no certificate is issued for it', () => {
  const stolen = {
    ...request(),
    signature: request({ entropy: entropy('another'), key: keyOf('thief') }).signature,
  };
  assert.equal(unwrapError(verifyRequest(noble, stolen)).reason, 'bad-signature');
  const error = unwrapError(issueCertificate({ ...ISSUE, request: stolen }));
  assert.equal(error.kind, 'refused-request');
});

const root = authority('Root');
const ISSUE = { crypto: noble, entropy: entropy('issue'), signer: root, validity: VALIDITY };

test('the certificate that is issued for a request has its subject, key and names, and is valid', () => {
  const certificate = unwrap(issueCertificate({ ...ISSUE, request: request() }));
  assert.deepEqual(certificate.subject, request().subject);
  assert.deepEqual(certificate.subjectPublicKeyInfo, request().subjectPublicKeyInfo);
  assert.deepEqual(extensionValue(certificate, 'subjectAltName'), NAMES);
  assert.ok(validate([{ certificate, key }], [root]).ok);
});

test('who asks to be an authority becomes none', () => {
  const ambitious = request({ extensions: [authorityExtension] });
  const certificate = unwrap(issueCertificate({ ...ISSUE, request: ambitious }));
  assert.equal(extensionValue(certificate, 'basicConstraints')?.cA, false);
});

test('without a subject, the names that are asked for are critical', () => {
  const [extension] = request({ subject: [] }).extensions;
  assert.equal(extension?.critical, true);
});

test('the same extension twice is the caller’s bug when a request is built, and a refusal when one is read', () => {
  assert.throws(() => request({ extensions: [authorityExtension, authorityExtension] }), /twice/);
  assert.match(describeRequestError(unwrapError(decodeRequest(Uint8Array.of(0x30, 0)))), /^malformed/);
});

test('every change of one byte is refused, or seen by the signature', () => {
  const { der } = request();
  fc.assert(
    fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const altered = der.slice();
      altered[at] = (altered[at] ?? 0) ^ change;
      const decoded = decodeRequest(altered);
      if (decoded.ok) {
        assert.deepEqual(encodeRequest(decoded.value), altered);
        assert.ok(!verifyRequest(noble, decoded.value).ok);
      }
    }),
    { numRuns: FC_RUNS },
  );
});

test('openssl verifies our requests and reads the names in them', { skip: skipWithoutOpenssl }, () => {
  for (const kind of [{ kind: 'ec', curve: 'secp256r1' }, { kind: 'ed25519' }] as const) {
    const pem = encodePem('CERTIFICATE REQUEST', request({ key: keyOf('requester', kind) }).der);
    const text = openssl(['req', '-verify', '-noout', '-text'], pem).toString();
    assert.match(text, /DNS:www\.example\.com/);
    assert.ok(withFiles({ pem }, (path) => opensslAgrees(['req', '-verify', '-noout', '-in', path('pem')])));
  }
});

test('requests of openssl are read, proven and written back bit for bit', {
  skip: skipWithoutOpenssl,
}, () => {
  withFiles({ key: encodePem('PRIVATE KEY', encodePrivateKey(key)) }, (path) => {
    for (const further of [
      [],
      ['-addext', `subjectAltName=DNS:${HOST},IP:192.0.2.1`],
      ['-addext', 'keyUsage=critical,digitalSignature', '-addext', 'extendedKeyUsage=serverAuth'],
    ]) {
      const args = ['req', '-new', '-key', path('key'), '-subj', `/C=NL/O=Example/CN=${HOST}`, ...further];
      const [block] = unwrap(decodePem(openssl(args).toString()));
      const theirs = unwrap(decodeRequest(block?.bytes ?? assert.fail('no PEM block')));
      assert.equal(formatName(theirs.subject.value), `CN=${HOST},O=Example,C=NL`);
      assert.deepEqual(unwrap(verifyRequest(noble, theirs)).key, key.public);
      assert.deepEqual(encodeRequest(theirs), block?.bytes);
    }
  });
});
