import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type GeneratedKeyKind, type GroupName, noble } from '../../nocrypto/index.ts';
import { node } from '../../nocrypto/node.ts';
import {
  type CipherSuiteName,
  describeFailure,
  receive,
  type SignatureSchemeName,
  send,
  status,
} from '../../src/index.ts';
import { chainOfTrust, trustAnchor } from '../../x509/index.ts';
import {
  bytes,
  data,
  find,
  handshake,
  makeAuthority,
  makeClientConfig,
  makeCredential,
  makeServerConfig,
  NOW,
  type Run,
  sent,
} from './support.ts';

// Whatever a configuration can name has to work; the defaults name only the half of it. The client computes with the
// portable provider, the server with the one on node:crypto.

const suites: readonly CipherSuiteName[] = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_CCM_SHA256',
  'TLS_AES_128_CCM_8_SHA256',
];
for (const suite of suites) {
  test(`${suite} carries data both ways`, () => {
    const cipherSuites = [suite];
    carriesData(
      handshake(makeClientConfig({ cipherSuites }), makeServerConfig({ crypto: node, cipherSuites })),
    );
  });
}

const groups: readonly GroupName[] = Object.values(noble.groups).map(({ name }) => name);
for (const group of groups) {
  // Some tenths of a second: the same code as the smaller ones, with larger numbers.
  const skip = group === 'ffdhe8192' && process.env['FC_RUNS'] === undefined && 'in long runs only';
  test(`${group} agrees on keys`, { skip }, () => {
    const client = makeClientConfig({ groups: [group], keyShares: [group] });
    carriesData(handshake(client, makeServerConfig({ crypto: node, groups: [group] })));
  });
}

const schemes: readonly (readonly [SignatureSchemeName, GeneratedKeyKind])[] = [
  ['ecdsa_secp384r1_sha384', { kind: 'ec', curve: 'secp384r1' }],
  ['ecdsa_secp521r1_sha512', { kind: 'ec', curve: 'secp521r1' }],
  ['ed25519', { kind: 'ed25519' }],
  ['ed448', { kind: 'ed448' }],
  ['mldsa44', { kind: 'ml-dsa-44' }],
  ['mldsa65', { kind: 'ml-dsa-65' }],
  ['mldsa87', { kind: 'ml-dsa-87' }],
];
const authority = makeAuthority();
for (const [scheme, kind] of schemes) {
  test(`${scheme} proves possession of the server's key`, () => {
    // The second one is for the signature in the certificate.
    const both: readonly SignatureSchemeName[] = [scheme, 'ecdsa_secp256r1_sha256'];
    const client = makeClientConfig({
      authenticator: chainOfTrust({ anchors: [trustAnchor(authority.certificate)] }),
      signatureSchemes: both,
    });
    const credentials = [makeCredential(authority, { kind })];
    carriesData(handshake(client, makeServerConfig({ crypto: node, credentials, signatureSchemes: both })));
  });
}

function carriesData(run: Run): void {
  const failure = find(run.clientEffects, 'failed') ?? find(run.serverEffects, 'failed');
  assert.equal(failure && describeFailure(failure.failure), undefined);
  assert.equal(status(run.client).phase, 'established');
  const up = send(run.client, bytes(40_000));
  assert.deepEqual(data(receive(run.server, sent(up.effects), NOW).effects), bytes(40_000));
  const down = send(run.server, bytes(40_000, 5));
  assert.deepEqual(data(receive(run.client, sent(down.effects), NOW).effects), bytes(40_000, 5));
}
