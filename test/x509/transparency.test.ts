import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noble } from '../../nocrypto/index.ts';
import {
  buildOcspResponse,
  type ChainOfTrustOptions,
  chainOfTrust,
  describeValidationError,
  encodeOcspResponse,
  encodeSctList,
  id,
  makeCertId,
  makeExtension,
  type PresentedChain,
  trustAnchor,
} from '../../x509/index.ts';
import { ECDSA, HOUR, logOf, promise, RSA, wholeEntry } from './ct-log.ts';
import { entropy, unwrap, unwrapError } from './helpers.ts';
import { authority, endEntity, NOW } from './pki.ts';

const HOST = 'www.example.com';
const root = authority('Root');
const { certificate: leaf } = endEntity(HOST, root);
const logs = [logOf(ECDSA), logOf(RSA)];
const byEcdsa = promise(ECDSA, wholeEntry(leaf));
const byRsa = promise(RSA, wholeEntry(leaf));

const judged = (
  { stapled, scts }: Pick<PresentedChain, 'stapled' | 'scts'>,
  asked: Pick<ChainOfTrustOptions, 'transparency'> = { transparency: { logs } },
) =>
  chainOfTrust({
    anchors: [trustAnchor(root.certificate)],
    ...asked,
  })({
    crypto: noble,
    certificates: [leaf],
    purpose: 'serverAuth',
    identity: { kind: 'dns', name: HOST },
    now: NOW,
    stapled,
    scts,
  });

/** A response of the authority's about the leaf that holds timestamps. */
const responseWith = (list: Uint8Array, certificate = leaf) =>
  encodeOcspResponse(
    unwrap(
      buildOcspResponse({
        crypto: noble,
        entropy: entropy('OCSP with timestamps'),
        signer: root,
        producedAt: NOW,
        responses: [
          {
            certID: makeCertId(noble, certificate, root.certificate),
            certStatus: { kind: 'good' },
            thisUpdate: NOW,
            nextUpdate: NOW + HOUR,
            extensions: [makeExtension({ kind: id.ct.ocspSignedCertificateTimestampList, value: list })],
          },
        ],
      }),
    ),
  );

test('a certificate that two trusted logs have promised to show is accepted', () => {
  assert.ok(judged({ scts: encodeSctList([byEcdsa, byRsa]) }).ok);
});

test('a certificate that too few logs know is refused where they are asked for, and only there', () => {
  const error = unwrapError(judged({ scts: encodeSctList([byEcdsa]) }));
  assert.equal(error.reason, 'not-logged');
  assert.match(describeValidationError(error), /CN=www\.example\.com .*2 of the 2 trusted logs, found 1/);
  assert.equal(unwrapError(judged({})).reason, 'not-logged');
  assert.ok(judged({}, {}).ok);
  assert.ok(judged({ scts: encodeSctList([byEcdsa]) }, { transparency: { logs, required: 1 } }).ok);
});

test('two promises of one log count once', () => {
  const twice = encodeSctList([byEcdsa, promise(ECDSA, wholeEntry(leaf), NOW - 2 * HOUR)]);
  assert.equal(unwrapError(judged({ scts: twice })).reason, 'not-logged');
});

test('promises in a stapled response about the certificate count, in another do not', () => {
  const scts = encodeSctList([byEcdsa]);
  const list = encodeSctList([byRsa]);
  assert.ok(judged({ scts, stapled: [responseWith(list)] }).ok);
  const other = endEntity('other.example.com', root, { serialNumber: 77n });
  for (const stapled of [[responseWith(list, other.certificate)], [Uint8Array.of(1)], []]) {
    assert.equal(unwrapError(judged({ scts, stapled })).reason, 'not-logged');
  }
});

test('a list that does not decode is told as the reason', () => {
  assert.match(unwrapError(judged({ scts: Uint8Array.of(0, 0) })).found, /^0 \(tls: malformed/);
});
