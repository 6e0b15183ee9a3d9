import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { noble } from '../../nocrypto/index.ts';
import {
  authenticatorFromText,
  type Certificate,
  decodeRawPublicKey,
  encodePem,
  id,
  ok,
  type PresentedChain,
  pinnedCertificate,
  pinnedKey,
  rawKeyAuthenticatorFromText,
  trustAnchor,
} from '../../x509/index.ts';
import { unwrap, unwrapError } from './helpers.ts';
import { authority, type Entity, endEntity, NOW, resigned, VALIDITY } from './pki.ts';

const HOST = 'www.example.com';
const root = authority('Root');
const server = endEntity(HOST, root);
const renewed = resigned(server, root, { serialNumber: 7n });
const other = endEntity('other.example.com', root);

const presented = (...chain: readonly Entity[]): PresentedChain => ({
  crypto: noble,
  certificates: chain.map(({ certificate }) => certificate),
  purpose: 'serverAuth',
  identity: { kind: 'dns', name: 'a.name.that.it.does.not.have' },
  now: NOW,
});

const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest());
const fingerprint = ({ certificate }: Entity) => sha256(certificate.der);
const pin = ({ certificate }: Entity) => sha256(certificate.subjectPublicKeyInfo.raw);

test('a pinned certificate is accepted by itself, under any name, and no other one', () => {
  const authenticator = pinnedCertificate([fingerprint(other), fingerprint(server)]);
  const peer = unwrap(authenticator(presented(server, root)));
  assert.deepEqual(peer, {
    leaf: server.certificate,
    path: [server.certificate],
    key: { keyType: 'ec', key: server.key.public },
  });
  const error = unwrapError(authenticator(presented(renewed, server)));
  assert.equal(error.reason, 'not-pinned');
  assert.equal(error.certificate?.serialNumber, '7');
});

test('a pinned key is accepted in a renewed certificate, and no other key', () => {
  const authenticator = pinnedKey([pin(server)]);
  assert.ok(authenticator(presented(server)).ok);
  assert.ok(authenticator(presented(renewed)).ok);
  assert.equal(unwrapError(authenticator(presented(other, server))).reason, 'not-pinned');
});

test('what is pinned must be in force and made for its purpose all the same', () => {
  const changed = (changes: Partial<Certificate>) => resigned(server, root, changes);
  const past = changed({ validity: { notBefore: VALIDITY.notBefore, notAfter: NOW - 1000 } });
  const encipherer = endEntity(HOST, root, { keyUsage: ['keyEncipherment'] });
  const client = endEntity(HOST, root, { extKeyUsage: [id.kp.clientAuth] });
  for (const [entity, reason] of [
    [past, 'expired'],
    [encipherer, 'wrong-key-usage'],
    [client, 'wrong-extended-key-usage'],
  ] as const) {
    assert.equal(unwrapError(pinnedKey([pin(entity)])(presented(entity))).reason, reason);
    assert.equal(unwrapError(pinnedCertificate([fingerprint(entity)])(presented(entity))).reason, reason);
  }
});

test('nobody without a certificate is accepted by a pin', () => {
  assert.equal(unwrapError(pinnedKey([pin(server)])(presented())).reason, 'empty-chain');
});

test('pins of other lengths, or none, are a bug of the caller', () => {
  for (const pins of [[], [new Uint8Array(20)], [pin(server), new Uint8Array(0)]]) {
    assert.throws(() => pinnedKey(pins), RangeError);
    assert.throws(() => pinnedCertificate(pins), RangeError);
  }
});

test('a text makes a pin in hexadecimal, with colons, or in base64, and several of them', () => {
  const bytes = Buffer.from(fingerprint(server));
  const hex = bytes.toString('hex');
  const colons = hex.toUpperCase().replace(/..(?!$)/g, '$&:');
  for (const digest of [hex, colons, bytes.toString('base64'), `${'00'.repeat(32)},${hex}`]) {
    const authenticator = unwrap(authenticatorFromText(`certificate:sha256:${digest}`));
    assert.ok(authenticator(presented(server)).ok, digest);
    assert.equal(unwrapError(authenticator(presented(other))).reason, 'not-pinned');
  }
  const key = unwrap(authenticatorFromText(`key:sha256:${Buffer.from(pin(server)).toString('base64')}`));
  assert.ok(key(presented(renewed)).ok);
});

test('a text makes a chain of trust from PEM, or from whatever the caller takes it for', () => {
  const named = { ...presented(server), identity: { kind: 'dns', name: HOST } } as const;
  const pem = encodePem('CERTIFICATE', root.certificate.der);
  assert.ok(unwrap(authenticatorFromText(`chain:${pem}`))(named).ok);
  const asked: string[] = [];
  const anchorsFrom = (text: string) => {
    asked.push(text);
    return ok([trustAnchor(root.certificate)]);
  };
  const authenticator = unwrap(authenticatorFromText('chain:/etc/ssl/ca.pem', { anchorsFrom }));
  assert.deepEqual(asked, ['/etc/ssl/ca.pem']);
  assert.ok(authenticator(named).ok);
  assert.equal(unwrapError(authenticator(presented(server))).reason, 'name-mismatch');
  const anyName = { chain: { dangerouslyAcceptAnyName: true }, anchorsFrom };
  assert.ok(unwrap(authenticatorFromText('chain:x', anyName))({ ...named, identity: undefined }).ok);
});

test('a text makes a pin of raw keys, which no text for certificates does', () => {
  const der = server.certificate.subjectPublicKeyInfo.raw;
  const rawKey = unwrap(decodeRawPublicKey(noble, der));
  const asked = { crypto: noble, rawKey, purpose: 'serverAuth', identity: undefined, now: NOW } as const;
  const hex = Buffer.from(pin(server)).toString('hex');
  assert.ok(unwrap(rawKeyAuthenticatorFromText(`key:sha256:${hex}`))(asked).ok);
  const zeros = unwrap(rawKeyAuthenticatorFromText(`key:sha256:${'00'.repeat(32)}`));
  assert.equal(unwrapError(zeros(asked)).reason, 'not-pinned');
  assert.ok(unwrap(rawKeyAuthenticatorFromText('dangerously-accept-any-raw-key'))(asked).ok);
  for (const text of ['', `certificate:sha256:${hex}`, 'dangerously-accept-any-certificate']) {
    assert.equal(unwrapError(rawKeyAuthenticatorFromText(text)).kind, 'unknown-form');
  }
  assert.equal(unwrapError(rawKeyAuthenticatorFromText('key:sha256:00')).kind, 'digest');
});

test('accepting anything has to be said in full', () => {
  const any = unwrap(authenticatorFromText('dangerously-accept-any-certificate'));
  assert.ok(any(presented(other)).ok);
});

test('a text that makes no authenticator is refused, and says why', () => {
  const rows = [
    ['', 'unknown-form'],
    ['none', 'unknown-form'],
    ['dangerously-accept-any-certificate ', 'unknown-form'],
    ['key:md5:00', 'unknown-form'],
    ['key:sha256:', 'digest'],
    ['key:sha256:00', 'digest'],
    [`key:sha256:${'0'.repeat(63)}`, 'digest'],
    [`key:sha256:${'00'.repeat(32)},`, 'digest'],
    [`key:sha256:${Buffer.alloc(20).toString('base64')}`, 'digest'],
    ['chain:', 'anchors'],
    ['chain:/etc/ssl/ca.pem', 'anchors'],
  ] as const;
  for (const [text, kind] of rows) {
    const error = unwrapError(authenticatorFromText(text));
    assert.equal(error.kind, kind, text);
    assert.match(error.detail, /^.+$/);
  }
});
