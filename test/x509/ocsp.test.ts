import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { decode, encode, type Infer } from '../../asn1/index.ts';
import { noble } from '../../nocrypto/index.ts';
import {
  buildOcspRequest,
  buildOcspResponse,
  type CertIdHash,
  decodeOcspRequest,
  decodeOcspResponse,
  describeEvidenceFault,
  describeOcspError,
  type EvidenceFaultReason,
  encodeOcspRequest,
  encodeOcspResponse,
  encodePem,
  encodePrivateKey,
  extensionValue,
  id,
  makeCertId,
  makeExtension,
  type OcspAnswer,
  type OcspCheck,
  type OcspResponse,
  type OcspResponseOptions,
  verifyOcspResponse,
} from '../../x509/index.ts';
import { responseData, tbsRequest } from '../../x509/ocsp.ts';
import { arbitrary } from '../asn1/arbitrary.ts';
import { entropy, FC_RUNS, unwrap, unwrapError } from './helpers.ts';
import { openssl, skipWithoutOpenssl, withFiles } from './openssl.ts';
import { withOpensslCa } from './openssl-ca.ts';
import { authority, type Entity, endEntity, keyOf, NOW, unknownExtension, VALIDITY } from './pki.ts';

const HOUR = 3_600_000;
const root = authority('Root');
const stranger = authority('Stranger');
const leaf = endEntity('www.example.com', root);
const NONCE = entropy('nonce');
const NOCHECK = makeExtension({ kind: id.pkixOcsp.nocheck, value: null });

const responder = (overrides: Parameters<typeof endEntity>[2] = {}, issuer = root): Entity =>
  endEntity('ocsp.example.com', issuer, {
    extKeyUsage: [id.kp.OCSPSigning],
    extensions: [NOCHECK],
    ...overrides,
  });

const certID = (hash?: CertIdHash, issuer = root) =>
  makeCertId(noble, leaf.certificate, issuer.certificate, hash);

const answer = (overrides: Partial<OcspAnswer> = {}): OcspAnswer => ({
  certID: certID(),
  certStatus: { kind: 'good' },
  thisUpdate: NOW - HOUR,
  nextUpdate: NOW + HOUR,
  ...overrides,
});

const REVOKED = {
  kind: 'revoked',
  revocationTime: NOW - 2 * HOUR,
  revocationReason: 'keyCompromise',
} as const;

const respond = (overrides: Partial<OcspResponseOptions> = {}): OcspResponse =>
  unwrap(
    buildOcspResponse({
      crypto: noble,
      entropy: entropy('response'),
      signer: root,
      producedAt: NOW - HOUR,
      responses: [answer()],
      ...overrides,
    }),
  );

const verify = (response: OcspResponse, overrides: Partial<OcspCheck> = {}) =>
  verifyOcspResponse({
    crypto: noble,
    response,
    certificate: leaf.certificate,
    issuer: root.certificate,
    now: NOW,
    ...overrides,
  });

const basic = (response: OcspResponse) =>
  response.responseStatus === 'successful' ? response.basicResponse : assert.fail(response.responseStatus);

test('a request is read back as it was made, and written back bit for bit', () => {
  const request = buildOcspRequest({ certIDs: [certID(), certID('sha256')], nonce: NONCE });
  assert.deepEqual(
    request.requestList.map(({ reqCert }) => reqCert),
    [certID(), certID('sha256')],
  );
  assert.deepEqual(extensionValue(request, 'nonce'), NONCE);
  assert.deepEqual(encodeOcspRequest(request), request.der);
  assert.deepEqual(unwrap(decodeOcspRequest(request.der)), request);
  assert.deepEqual(buildOcspRequest({ certIDs: [] }).extensions, []);
});

test('a nonce of no or too many octets is the caller’s bug', () => {
  for (const length of [0, 129]) {
    assert.throws(() => buildOcspRequest({ certIDs: [certID()], nonce: new Uint8Array(length) }), RangeError);
  }
});

test('a response is read back as it was made, and written back bit for bit', () => {
  for (const certs of [undefined, [], [root.certificate, leaf.certificate]]) {
    const response = respond({
      responses: [answer(), answer({ certStatus: REVOKED }), answer({ certStatus: { kind: 'unknown' } })],
      ...(certs === undefined ? {} : { certs }),
      nonce: NONCE,
    });
    assert.deepEqual(
      basic(response).responses.map(({ certStatus }) => certStatus.kind),
      ['good', 'revoked', 'unknown'],
    );
    assert.deepEqual(basic(response).responses[1]?.certStatus, REVOKED);
    assert.deepEqual(basic(response).certs, certs ?? [root.certificate]);
    assert.deepEqual(encodeOcspResponse(response), response.der);
    assert.deepEqual(unwrap(decodeOcspResponse(response.der)), response);
  }
});

test('a refusal to answer is read, written and gives no status', () => {
  for (const responseStatus of [
    'malformedRequest',
    'internalError',
    'tryLater',
    'sigRequired',
    'unauthorized',
  ] as const) {
    const response = unwrap(decodeOcspResponse(encodeOcspResponse({ responseStatus })));
    assert.equal(response.responseStatus, responseStatus);
    assert.equal(unwrapError(verify(response)).reason, 'no-answer');
  }
});

test('the issuer answers for itself, by name and by key, with every hash of a CertID', () => {
  for (const responderID of ['byName', 'byKey'] as const) {
    for (const hash of ['sha1', 'sha256', 'sha384', 'sha512'] as const) {
      const status = unwrap(
        verify(respond({ responderID, certs: [], responses: [answer({ certID: certID(hash) })] })),
      );
      assert.deepEqual([status.certStatus.kind, status.delegate], ['good', undefined]);
    }
  }
});

test('a responder that the issuer has certified answers in its place', () => {
  const signer = responder();
  for (const responderID of ['byName', 'byKey'] as const) {
    const status = unwrap(
      verify(respond({ signer, responderID, responses: [answer({ certStatus: REVOKED })] })),
    );
    assert.deepEqual(status.certStatus, REVOKED);
    assert.deepEqual(status.delegate, signer.certificate);
  }
});

test('of several answers about one certificate the worst counts', () => {
  const response = respond({ responses: [answer(), answer({ certStatus: REVOKED }), answer()] });
  assert.equal(unwrap(verify(response)).certStatus.kind, 'revoked');
});

test('a request’s nonce must come back', () => {
  assert.ok(verify(respond({ nonce: NONCE }), { nonce: NONCE }).ok);
  assert.ok(verify(respond({ nonce: NONCE })).ok);
  assert.equal(unwrapError(verify(respond(), { nonce: NONCE })).reason, 'wrong-nonce');
  assert.equal(
    unwrapError(verify(respond({ nonce: NONCE.slice(1) }), { nonce: NONCE })).reason,
    'wrong-nonce',
  );
});

test('clocks may differ by five minutes, or as much as the caller says', () => {
  const MINUTE = 60_000;
  assert.ok(verify(respond(), { now: NOW + HOUR + 5 * MINUTE }).ok);
  assert.equal(unwrapError(verify(respond(), { now: NOW + HOUR + 6 * MINUTE })).reason, 'stale');
  assert.ok(verify(respond(), { now: NOW - HOUR - 5 * MINUTE }).ok);
  assert.equal(unwrapError(verify(respond(), { now: NOW - HOUR - 6 * MINUTE })).reason, 'not-yet-valid');
  assert.equal(unwrapError(verify(respond(), { now: NOW + HOUR + 1000, clockSkew: 0 })).reason, 'stale');
});

test('an answer is no older than the caller allows', () => {
  assert.ok(verify(respond(), { maximumAge: HOUR }).ok);
  assert.equal(unwrapError(verify(respond(), { maximumAge: HOUR / 2 })).reason, 'stale');
});

type Data = Infer<typeof responseData>;

/** The response with other fields, signed anew. */
function resigned(change: (data: Data) => Data): OcspResponse {
  const parts = basic(respond());
  const tbsResponseData = encode(responseData, change(unwrap(decode(responseData, parts.tbsResponseData))));
  const signature = unwrap(
    noble.sign({ kind: 'ecdsa', hash: 'sha256' }, root.key, tbsResponseData, entropy('again')),
  );
  const basicResponse = { ...parts, tbsResponseData, signature };
  return unwrap(decodeOcspResponse(encodeOcspResponse({ responseStatus: 'successful', basicResponse })));
}

test('an answer without nextUpdate is believed for as long as the caller says', () => {
  const response = resigned((data) => ({
    ...data,
    responses: data.responses.map((single) => ({ ...single, nextUpdate: undefined })),
  }));
  assert.equal(unwrapError(verify(response)).reason, 'stale');
  assert.ok(verify(response, { maximumAge: 2 * HOUR }).ok);
  assert.equal(unwrapError(verify(response, { maximumAge: HOUR / 2 })).reason, 'stale');
});

const FAULTS: readonly (readonly [what: string, make: () => OcspResponse, reason: EvidenceFaultReason])[] = [
  [
    'about another certificate',
    () => respond({ responses: [answer({ certID: { ...certID(), serialNumber: 1n } })] }),
    'out-of-scope',
  ],
  [
    'about a certificate of another issuer',
    () => respond({ responses: [answer({ certID: certID('sha1', stranger) })] }),
    'out-of-scope',
  ],
  [
    'by a hash that nobody here knows',
    () =>
      respond({
        responses: [
          answer({ certID: { ...certID(), hashAlgorithm: { algorithm: '1.2.3', parameters: undefined } } }),
        ],
      }),
    'out-of-scope',
  ],
  ['about no certificate', () => respond({ responses: [] }), 'out-of-scope'],
  [
    'from a responder who does not know the certificate',
    () => respond({ responses: [answer({ certStatus: { kind: 'unknown' } })] }),
    'no-answer',
  ],
  ['of a stranger', () => respond({ signer: stranger }), 'unauthorized-signer'],
  [
    'of a responder without its certificate',
    () => respond({ signer: responder(), certs: [] }),
    'unauthorized-signer',
  ],
  [
    'of a responder that a stranger certified',
    () => respond({ signer: responder({}, stranger) }),
    'unauthorized-signer',
  ],
  [
    'of a responder that somebody of the issuer’s name certified',
    () => {
      const impostor = { key: keyOf('impostor') };
      const certificate = authority('Root', undefined, {
        publicKey: impostor.key.public,
        signer: impostor,
      }).certificate;
      return respond({ signer: responder({}, { certificate, key: impostor.key }) });
    },
    'unauthorized-signer',
  ],
  ['of another end entity of the issuer', () => respond({ signer: leaf }), 'unauthorized-signer'],
  [
    'of a responder for any purpose',
    () => respond({ signer: responder({ extKeyUsage: [id.ce.anyExtendedKeyUsage] }) }),
    'unauthorized-signer',
  ],
  [
    'of a responder that may not sign',
    () => respond({ signer: responder({ keyUsage: ['keyEncipherment'] }) }),
    'unauthorized-signer',
  ],
  [
    'of a responder with an unknown critical extension',
    () => respond({ signer: responder({ extensions: [unknownExtension(true)] }) }),
    'unauthorized-signer',
  ],
  [
    'of a responder whose certificate has expired',
    () => respond({ signer: responder({ validity: { ...VALIDITY, notAfter: NOW - 1000 } }) }),
    'unauthorized-signer',
  ],
  [
    'that a responder of another key signed',
    () =>
      respond({
        signer: { ...responder(), key: responder().key },
        certs: [responder({ publicKey: keyOf('x').public }).certificate],
        responderID: 'byName',
      }),
    'bad-signature',
  ],
  [
    'that was changed',
    () => tampered(respond({ responses: [answer({ certStatus: REVOKED })] })),
    'bad-signature',
  ],
  ['from the future', () => respond({ responses: [answer({ thisUpdate: NOW + HOUR })] }), 'not-yet-valid'],
  ['produced in the future', () => respond({ producedAt: NOW + HOUR }), 'not-yet-valid'],
  ['from the past', () => respond({ responses: [answer({ nextUpdate: NOW - HOUR })] }), 'stale'],
  [
    'with an unknown critical extension',
    () => respond({ extensions: [unknownExtension(true)] }),
    'unhandled-critical-extension',
  ],
  [
    'with an unknown critical extension in the answer',
    () => respond({ responses: [answer({ extensions: [unknownExtension(true)] })] }),
    'unhandled-critical-extension',
  ],
];

/** A revoked certificate called good. */
function tampered(response: OcspResponse): OcspResponse {
  const parts = basic(response);
  const data = unwrap(decode(responseData, parts.tbsResponseData));
  const responses = data.responses.map((single) => ({
    ...single,
    certStatus: { kind: 'good' as const, value: null },
  }));
  const basicResponse = { ...parts, tbsResponseData: encode(responseData, { ...data, responses }) };
  return unwrap(decodeOcspResponse(encodeOcspResponse({ responseStatus: 'successful', basicResponse })));
}

for (const [what, make, reason] of FAULTS) {
  test(`a response ${what} says nothing: ${reason}`, () => {
    const error = unwrapError(verify(make()));
    assert.equal(error.reason, reason, describeEvidenceFault(error));
    assert.match(describeEvidenceFault(error), /^OCSP response \([a-z-]+\): expected .+, found .+/);
  });
}

test('a certificate in a response that does not decode, and bytes where none belong, are refused', () => {
  const { der } = respond();
  const { der: certificate } = root.certificate;
  const at = Buffer.from(der).indexOf(certificate);
  const broken = der.slice();
  // The version of the certificate becomes 9, which there is none of.
  broken[at + Buffer.from(certificate).indexOf(Uint8Array.of(0xa0, 3, 2, 1, 2)) + 4] = 9;
  assert.equal(unwrapError(decodeOcspResponse(broken)).kind, 'certificate');
  const refusal = der.slice();
  const status = Buffer.from(refusal).indexOf(Uint8Array.of(0x0a, 1, 0));
  refusal[status + 2] = 3;
  assert.equal(unwrapError(decodeOcspResponse(refusal)).kind, 'response-bytes');
  assert.equal(unwrapError(decodeOcspResponse(Uint8Array.of(0x30, 3, 0x0a, 1, 0))).kind, 'response-bytes');
  assert.match(describeOcspError(unwrapError(decodeOcspResponse(Uint8Array.of(0)))), /^malformed OCSP/);
});

test('any value of the grammars is written and read back', () => {
  fc.assert(
    fc.property(arbitrary(responseData), arbitrary(tbsRequest), (data, request) => {
      assert.deepEqual(unwrap(decode(responseData, encode(responseData, data))), data);
      assert.deepEqual(unwrap(decode(tbsRequest, encode(tbsRequest, request))), request);
    }),
    { numRuns: FC_RUNS },
  );
});

test('every change of one byte of a response is refused, seen by a signature, or of no meaning', () => {
  const signer = responder();
  const { der } = respond({ signer, responses: [answer({ certStatus: REVOKED })] });
  fc.assert(
    fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = der.slice();
      changed[at] = (changed[at] ?? 0) ^ change;
      const decoded = decodeOcspResponse(changed);
      if (decoded.ok) {
        assert.deepEqual(encodeOcspResponse(decoded.value), changed);
        const verified = verify(decoded.value);
        assert.ok(!verified.ok || verified.value.certStatus.kind === 'revoked');
      }
    }),
    { numRuns: FC_RUNS },
  );
});

test('openssl believes our answers, direct and delegated', { skip: skipWithoutOpenssl }, () => {
  for (const signer of [root, responder()]) {
    const response = respond({ signer, responses: [answer({ certStatus: REVOKED })] });
    const files = {
      response: response.der,
      root: encodePem('CERTIFICATE', root.certificate.der),
      leaf: encodePem('CERTIFICATE', leaf.certificate.der),
    };
    withFiles(files, (path) => {
      const text = openssl([
        ...['ocsp', '-respin', path('response'), '-issuer', path('root'), '-cert', path('leaf')],
        ...['-CAfile', path('root'), '-attime', `${NOW / 1000}`, '-validity_period', '1000000000'],
        '-no_nonce',
      ]).toString();
      assert.match(text, /leaf: revoked/);
      assert.match(text, /Reason: keyCompromise/);
    });
  }
});

test('the answers of openssl to our requests are believed, for every status and kind of signer', {
  skip: skipWithoutOpenssl,
}, () => {
  const now = Date.now();
  const validity = { notBefore: now - HOUR, notAfter: now + HOUR };
  const issuer = authority('Root', undefined, { validity });
  const good = endEntity('good.example.com', issuer, { validity });
  const revoked = endEntity('revoked.example.com', issuer, { validity });
  const delegate = responder({ validity }, issuer);
  const index = [
    { serialNumber: good.certificate.serialNumber },
    {
      serialNumber: revoked.certificate.serialNumber,
      revoked: { at: '260501120000Z', reason: 'superseded' },
    },
  ];
  const { der } = buildOcspRequest({
    certIDs: [good, revoked, leaf].map(({ certificate }) =>
      makeCertId(noble, certificate, issuer.certificate),
    ),
    nonce: NONCE,
  });
  for (const [signer, byKey] of [
    [issuer, []],
    [delegate, []],
    [delegate, ['-resp_key_id']],
  ] as const) {
    const answers = withOpensslCa(issuer, index, [], (path) =>
      withFiles(
        {
          request: der,
          signer: encodePem('CERTIFICATE', signer.certificate.der),
          key: encodePem('PRIVATE KEY', encodePrivateKey(signer.key)),
        },
        (inner) => {
          openssl([
            ...['ocsp', '-index', path('index'), '-CA', path('certificate'), '-reqin', inner('request')],
            ...['-rsigner', inner('signer'), '-rkey', inner('key'), '-ndays', '1', ...byKey],
            ...['-respout', inner('response')],
          ]);
          return readFileSync(inner('response'));
        },
      ),
    );
    const response = unwrap(decodeOcspResponse(answers));
    assert.deepEqual(Buffer.from(encodeOcspResponse(response)), answers);
    const check = { issuer: issuer.certificate, now, nonce: NONCE };
    assert.equal(
      unwrap(verify(response, { ...check, certificate: good.certificate })).certStatus.kind,
      'good',
    );
    const status = unwrap(verify(response, { ...check, certificate: revoked.certificate })).certStatus;
    assert.equal(status.kind === 'revoked' && status.revocationReason, 'superseded');
    assert.equal(
      unwrapError(verify(response, { ...check, certificate: leaf.certificate })).reason,
      'no-answer',
    );
  }
});
