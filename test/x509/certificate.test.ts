import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decode, encode, type Infer } from '../../asn1/index.ts';
import { noble } from '../../nocrypto/index.ts';
import { tbsCertificate, timeOf } from '../../x509/certificate.ts';
import { extension } from '../../x509/extension.ts';
import {
  type Certificate,
  type CertificateError,
  certificatePublicKey,
  decodeCertificate,
  describeCertificateError,
  type Extension,
  encodeCertificate,
  extensionName,
  extensionValue,
  findExtension,
  id,
  makeKeyUsage,
  makeName,
} from '../../x509/index.ts';
import { arbitrary } from '../asn1/arbitrary.ts';
import { FC_RUNS, unwrap, unwrapError } from './helpers.ts';
import { authority, endEntity, NOW, nameConstraints, unknownExtension, VALIDITY, validate } from './pki.ts';

const root = authority('Root');
const leaf = endEntity('www.example.com', root);

type TbsFields = Infer<typeof tbsCertificate>;

const fields: TbsFields = unwrap(decode(tbsCertificate, leaf.certificate.tbsCertificate));

/** The encoding of a certificate with some fields changed, under a signature of something else. */
function encodingWith(changes: Partial<TbsFields>, outer: Partial<Certificate> = {}): Uint8Array {
  const tbs = encode(tbsCertificate, { ...fields, ...changes });
  return encodeCertificate({ ...leaf.certificate, ...outer, tbsCertificate: tbs });
}

function refusal(changes: Partial<TbsFields>, outer: Partial<Certificate> = {}): CertificateError['kind'] {
  return unwrapError(decodeCertificate(encodingWith(changes, outer))).kind;
}

test('a decoded certificate has its fields', () => {
  const { certificate } = leaf;
  const { der, tbsCertificate: tbs, signature, subjectPublicKeyInfo, ...rest } = certificate;
  assert.equal(rest.version, 'v3');
  assert.deepEqual(rest.issuer, root.certificate.subject);
  assert.deepEqual(rest.subject, makeName([['commonName', 'www.example.com']]));
  assert.deepEqual(rest.validity, VALIDITY);
  assert.deepEqual(unwrap(certificatePublicKey(noble, certificate)), { keyType: 'ec', key: leaf.key.public });
  assert.ok(noble.verify({ kind: 'ecdsa', hash: 'sha256' }, root.key.public, tbs, signature));
  assert.ok(Buffer.from(der).includes(Buffer.from(subjectPublicKeyInfo.raw)));
});

test('a certificate encodes to the bytes it was decoded from', () => {
  assert.deepEqual(encodeCertificate(leaf.certificate), leaf.certificate.der);
});

test('extensions before version 3 and unique identifiers before version 2 are refused', () => {
  const uniqueID = { bytes: Uint8Array.of(1, 2), unusedBits: 0 };
  assert.equal(refusal({ version: 'v1' }), 'version');
  assert.equal(refusal({ version: 'v2' }), 'version');
  assert.equal(refusal({ version: 'v1', extensions: undefined, subjectUniqueID: uniqueID }), 'version');
  for (const version of ['v2', 'v3'] as const) {
    const accepted = unwrap(
      decodeCertificate(encodingWith({ version, extensions: undefined, issuerUniqueID: uniqueID })),
    );
    assert.deepEqual(accepted.issuerUniqueID, uniqueID);
  }
  assert.ok(decodeCertificate(encodingWith({ version: 'v1', extensions: undefined })).ok);
});

test('a serial number has at most 20 octets and is not negative', () => {
  const longest = (1n << 159n) - 1n;
  assert.equal(unwrap(decodeCertificate(encodingWith({ serialNumber: longest }))).serialNumber, longest);
  assert.equal(unwrap(decodeCertificate(encodingWith({ serialNumber: 0n }))).serialNumber, 0n);
  assert.equal(refusal({ serialNumber: longest + 1n }), 'serial-number');
  assert.equal(refusal({ serialNumber: -1n }), 'serial-number');
});

test('an issuer has a name, a subject may have none', () => {
  const empty = makeName([]);
  assert.equal(refusal({ issuer: empty }), 'empty-issuer');
  assert.ok(decodeCertificate(encodingWith({ subject: empty })).ok);
});

test('validity does not end before it begins', () => {
  const at = (milliseconds: number) => timeOf(milliseconds);
  assert.equal(refusal({ validity: { notBefore: at(NOW + 1000), notAfter: at(NOW) } }), 'validity');
  assert.ok(decodeCertificate(encodingWith({ validity: { notBefore: at(NOW), notAfter: at(NOW) } })).ok);
});

test('the algorithm inside the signature is the one outside (RFC 5280 §4.1.1.2)', () => {
  const { algorithm } = leaf.certificate.signatureAlgorithm;
  const withNull = { algorithm, parameters: Uint8Array.of(5, 0) };
  assert.equal(
    refusal({ signature: { algorithm: '1.2.840.10045.4.3.3', parameters: undefined } }),
    'algorithm-mismatch',
  );
  assert.equal(refusal({ signature: withNull }), 'algorithm-mismatch');
  assert.equal(refusal({}, { signatureAlgorithm: withNull }), 'algorithm-mismatch');
});

test('no extension stands twice, known or unknown, and an empty list of them is none', () => {
  const extensions = fields.extensions ?? [];
  const unknown = unknownExtension(false);
  assert.equal(refusal({ extensions: [...extensions, ...extensions.slice(0, 1)] }), 'duplicate-extension');
  assert.equal(refusal({ extensions: [unknown, ...extensions, unknown] }), 'duplicate-extension');
  assert.throws(() => encodingWith({ extensions: [] }), RangeError);
});

test('both forms of time are read; which one stands is kept', () => {
  const late = Date.UTC(2050, 0, 1);
  const old = { kind: 'generalTime', value: NOW } as const;
  const decoded = unwrap(
    decodeCertificate(encodingWith({ validity: { notBefore: old, notAfter: timeOf(late) } })),
  );
  assert.deepEqual(decoded.validity, { notBefore: NOW, notAfter: late });
  const again = unwrap(decode(tbsCertificate, decoded.tbsCertificate));
  assert.deepEqual(again.validity, { notBefore: old, notAfter: { kind: 'generalTime', value: late } });
  assert.equal(timeOf(late - 1000).kind, 'utcTime');
  assert.equal(timeOf(Date.UTC(1950, 0, 1)).kind, 'utcTime');
  assert.equal(timeOf(Date.UTC(1949, 11, 31)).kind, 'generalTime');
});

test('bytes after the certificate are refused', () => {
  const error = unwrapError(decodeCertificate(Uint8Array.of(...leaf.certificate.der, 0)));
  assert.match(describeCertificateError(error), /^malformed certificate: at offset \d+: expected the end/);
});

test('an error says where in the certificate the fault is', () => {
  const { der } = leaf.certificate;
  const at = Buffer.from(der).indexOf(Buffer.from(fields.issuer.raw)) + 2;
  const bytes = der.slice();
  bytes[at] = 0x30;
  const error = unwrapError(decodeCertificate(bytes));
  assert.match(
    describeCertificateError(error),
    /tbsCertificate\.issuer\.0 at offset \d+: expected .* found /,
  );
});

test('every extension that RFC 5280 defines has a typed value, and others keep their octets', () => {
  const values: readonly Extension[] = [
    {
      extnID: id.ce.certificatePolicies,
      critical: false,
      extnValue: {
        kind: id.ce.certificatePolicies,
        value: [
          {
            policyIdentifier: '2.23.140.1.2.1',
            policyQualifiers: [
              {
                policyQualifierId: id.qt.cps,
                qualifier: { kind: id.qt.cps, value: 'https://example.com/cps' },
              },
            ],
          },
        ],
      },
    },
    nameConstraints([{ kind: 'dNSName', value: 'example.com' }]),
    {
      extnID: id.pe.authorityInfoAccess,
      critical: false,
      extnValue: {
        kind: id.pe.authorityInfoAccess,
        value: [
          {
            accessMethod: id.ad.ocsp,
            accessLocation: { kind: 'uniformResourceIdentifier', value: 'http://ocsp.example.com' },
          },
        ],
      },
    },
    unknownExtension(true),
  ];
  const certificate = unwrap(decodeCertificate(encodingWith({ extensions: values })));
  assert.deepEqual(certificate.extensions, values);
  assert.deepEqual(
    certificate.extensions.map(({ extnID }) => extensionName(extnID)),
    ['certificatePolicies', 'nameConstraints', 'authorityInfoAccess', '1.3.6.1.4.1.55555.1'],
  );
  assert.equal(findExtension(certificate, 'nameConstraints')?.critical, true);
  assert.equal(extensionValue(certificate, 'authorityInfoAccess')?.[0]?.accessMethod, id.ad.ocsp);
  assert.equal(extensionValue(certificate, 'keyUsage'), undefined);
});

test('a known extension with other contents than its own is refused', () => {
  // The extension of identifier 2.5.29.n, with the contents NULL, in place of the unknown 2.5.29.127.
  const strange: Extension = { ...unknownExtension(false), extnID: '2.5.29.127' };
  const encoding = encodingWith({ extensions: [strange] });
  const at = Buffer.from(encoding).indexOf(Buffer.from('0603551d7f', 'hex')) + 4;
  assert.ok(decodeCertificate(encoding).ok);
  for (const extnID of Object.values(id.ce).filter((candidate) => candidate.split('.').length === 4)) {
    const forged = encoding.slice();
    forged[at] = Number(extnID.split('.')[3]);
    assert.equal(unwrapError(decodeCertificate(forged)).kind, 'malformed', extnID);
  }
});

test('key usage is read bit by bit, also where trailing zero bits were left in', () => {
  const usage = makeKeyUsage(['digitalSignature', 'decipherOnly']);
  assert.deepEqual(usage.bits, { bytes: Uint8Array.of(0x80, 0x80), unusedBits: 7 });
  const untidy = {
    ...makeKeyUsage(['keyCertSign', 'cRLSign']),
    bits: { bytes: Uint8Array.of(6), unusedBits: 0 },
  };
  const encoded = encode(extension, {
    extnID: id.ce.keyUsage,
    critical: true,
    extnValue: { kind: id.ce.keyUsage, value: untidy },
  });
  const decoded = unwrap(decode(extension, encoded));
  assert.deepEqual(decoded.extnValue.value, untidy);
  assert.deepEqual(makeKeyUsage([]).bits, { bytes: new Uint8Array(), unusedBits: 0 });
});

test('decode(encode(x)) is x for every extension the grammar allows', () => {
  fc.assert(
    fc.property(arbitrary(extension), (value) => {
      assert.deepEqual(unwrap(decode(extension, encode(extension, value))), value);
    }),
    { numRuns: FC_RUNS },
  );
});

test('decode(encode(x)) is x for every TBSCertificate the grammar allows', () => {
  fc.assert(
    fc.property(arbitrary(tbsCertificate), (value) => {
      assert.deepEqual(unwrap(decode(tbsCertificate, encode(tbsCertificate, value))), value);
    }),
    { numRuns: Math.ceil(FC_RUNS / 2) },
  );
});

test('whichever byte of a certificate is changed, it is refused, and nothing is thrown', () => {
  const { der } = leaf.certificate;
  for (let at = 0; at < der.length; at++) {
    const change = 1 << (at % 8);
    const bytes = der.slice();
    bytes[at] = (bytes[at] ?? 0) ^ change;
    const decoded = decodeCertificate(bytes);
    if (!decoded.ok) {
      assert.match(describeCertificateError(decoded.error), /expected .+, found .+/);
      continue;
    }
    assert.deepEqual(encodeCertificate(decoded.value), bytes);
    const result = validate([{ certificate: decoded.value, key: leaf.key }], [root]);
    assert.ok(!result.ok, `byte ${at} with ${change} was accepted`);
  }
});

test('no bytes make the decoder throw', () => {
  const { der } = leaf.certificate;
  const edits = fc.array(fc.tuple(fc.nat(der.length - 1), fc.nat(255)), { maxLength: 8 });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), edits), (input) => {
      const bytes = input instanceof Uint8Array ? input : der.slice();
      if (!(input instanceof Uint8Array)) {
        for (const [at, octet] of input) {
          bytes[at] = octet;
        }
      }
      decodeCertificate(bytes);
    }),
    { numRuns: FC_RUNS * 3 },
  );
});
