import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noble } from '../../nocrypto/index.ts';
import { answer, type ClientAuthentication, client, server, status } from '../../src/index.ts';
import { type Authenticator, chainOfTrust, trustAnchor } from '../../x509/index.ts';
import { assertFailedSaying, established, meet, meetAnswering } from './meet.ts';
import {
  authority,
  bytes,
  converse,
  makeClientConfig,
  makeCredential,
  makeLeaf,
  makeServerConfig,
  must,
  NOW,
} from './support.ts';

const trusting: Authenticator = chainOfTrust({ anchors: [trustAnchor(authority.certificate)] });
const clientCredential = makeCredential(authority, { names: ['client.example'], kind: { kind: 'ed25519' } });
const required: ClientAuthentication = { authenticator: trusting, required: true };
const optional: ClientAuthentication = { authenticator: trusting, required: false };

test('a client shows its certificate to a server that asks, and both know each other', () => {
  const run = meet({ credentials: [clientCredential] }, { clientAuthentication: required });
  const atServer = established(run.serverEffects);
  assert.deepEqual(atServer.peer?.leaf.der, clientCredential.leaf.der);
  assert.equal(atServer.peerSignatureScheme, 'ed25519');
  const atClient = established(run.clientEffects);
  assert.equal(atClient.ownSignatureScheme, 'ed25519');
  assert.deepEqual(atClient.ownCertificate?.der, clientCredential.leaf.der);
});

test('a client that is not asked shows nothing', () => {
  const run = meet({ credentials: [clientCredential] }, {});
  assert.equal(established(run.serverEffects).peer, undefined);
  assert.equal(established(run.clientEffects).ownCertificate, undefined);
});

test('a client without a certificate is let in where none is required', () => {
  const run = meet({}, { clientAuthentication: optional });
  assert.equal(established(run.serverEffects).peer, undefined);
});

test('a client without a certificate is refused with certificate_required where one is', () => {
  const run = meet({}, { clientAuthentication: required });
  assertFailedSaying(run.serverEffects, 'no-client-certificate');
  assertFailedSaying(run.clientEffects, 'certificate_required');
});

test('a client with a key that the server cannot verify shows none', () => {
  const run = meet(
    { credentials: [clientCredential] },
    { clientAuthentication: optional, signatureSchemes: ['ecdsa_secp256r1_sha256'] },
  );
  assert.equal(established(run.serverEffects).peer, undefined);
});

test('a client takes the one of its certificates that the server can verify', () => {
  const fitting = makeCredential(authority, { names: ['client.example'] });
  const run = meet(
    { credentials: [clientCredential, fitting] },
    { clientAuthentication: required, signatureSchemes: ['ecdsa_secp256r1_sha256'] },
  );
  assert.deepEqual(established(run.serverEffects).peer?.leaf.der, fitting.leaf.der);
});

test('a client certificate that nothing makes trusted is refused with unknown_ca', () => {
  const nobody = { authenticator: chainOfTrust({ anchors: [] }), required: true };
  const run = meet({ credentials: [clientCredential] }, { clientAuthentication: nobody });
  assertFailedSaying(run.serverEffects, 'no-anchors');
  assertFailedSaying(run.clientEffects, 'unknown_ca');
});

test('the server names the authorities it knows', () => {
  const name = authority.certificate.subject.raw;
  const { requests } = meetAnswering(
    { credentials: 'ask' },
    { clientAuthentication: { ...required, certificateAuthorities: [name] } },
    (request) => {
      assert.ok(request.kind === 'clientCredential');
      assert.deepEqual(request.certificateRequest.certificateAuthorities, [name]);
      assert.ok(request.certificateRequest.signatureSchemes.includes('ed25519'));
      return { kind: 'clientCredential', credential: clientCredential };
    },
  );
  assert.deepEqual(
    requests.map(({ kind }) => kind),
    ['clientCredential'],
  );
});

test('a client that is asked for its certificate may choose none', () => {
  const { run } = meetAnswering({ credentials: 'ask' }, { clientAuthentication: optional }, () => ({
    kind: 'clientCredential',
    credential: undefined,
  }));
  assert.equal(established(run.serverEffects).peer, undefined);
});

test('a credential that cannot sign for this server is the caller’s mistake', () => {
  const { run } = meetAnswering(
    { credentials: 'ask' },
    { clientAuthentication: optional, signatureSchemes: ['ecdsa_secp256r1_sha256'] },
    () => ({ kind: 'clientCredential', credential: clientCredential }),
  );
  assertFailedSaying(run.clientEffects, 'credential-does-not-fit');
});

test('a client key that lives elsewhere signs by request', () => {
  const { key, der } = makeLeaf(authority, { names: ['client.example'] });
  const external = makeCredential(authority, { names: ['client.example'], external: 'card' });
  assert.deepEqual(external.leaf.der, der);
  const { run, requests } = meetAnswering(
    { credentials: [external] },
    { clientAuthentication: required },
    (request) => {
      assert.ok(request.kind === 'signature' && request.scheme === 'ecdsa_secp256r1_sha256');
      const algorithm = { kind: 'ecdsa', hash: 'sha256' } as const;
      return { kind: 'signature', signature: must(noble.sign(algorithm, key, request.message, bytes(32))) };
    },
  );
  assert.equal(requests.length, 1);
  assert.deepEqual(established(run.serverEffects).peer?.leaf.der, der);
});

test('a client signature from elsewhere that does not verify never reaches the server', () => {
  const external = makeCredential(authority, { names: ['client.example'], external: 'card' });
  const { run } = meetAnswering({ credentials: [external] }, { clientAuthentication: required }, () => ({
    kind: 'signature',
    signature: bytes(70),
  }));
  assertFailedSaying(run.clientEffects, 'signing-failed');
  assertFailedSaying(run.serverEffects, 'internal_error');
});

test('either side may ask its caller for the verdict on the other', () => {
  const { run, requests } = meetAnswering(
    { authenticator: 'ask', credentials: [clientCredential] },
    { clientAuthentication: { authenticator: 'ask', required: true } },
    (request) => {
      assert.ok(request.kind === 'verdict');
      return { kind: 'verdict', verdict: trusting(request.presented) };
    },
  );
  const asked = requests.flatMap((request) => (request.kind === 'verdict' ? [request.presented] : []));
  assert.deepEqual(
    asked.map(({ purpose, identity, now }) => [purpose, identity?.kind, now]),
    [
      ['serverAuth', 'dns', NOW],
      ['clientAuth', undefined, NOW],
    ],
  );
  assert.deepEqual(established(run.serverEffects).peer?.leaf.der, clientCredential.leaf.der);
});

test('a verdict against the server ends the connection with the alert that it deserves', () => {
  const { run } = meetAnswering({ authenticator: 'ask' }, {}, (request) => {
    assert.ok(request.kind === 'verdict');
    return { kind: 'verdict', verdict: chainOfTrust({ anchors: [] })(request.presented) };
  });
  assertFailedSaying(run.serverEffects, 'unknown_ca');
});

test('a refused verdict ends the connection', () => {
  const { run } = meetAnswering({ authenticator: 'ask' }, {}, () => ({ kind: 'refusal', reason: 'no idea' }));
  assertFailedSaying(run.clientEffects, 'verdict-refused', 'no idea');
});

test('an answer of the wrong kind is the caller’s bug', () => {
  const offer = client(makeClientConfig({ authenticator: 'ask' }), bytes(48));
  const { client: waiting } = converse(offer, server(makeServerConfig(), bytes(48, 2)));
  assert.equal(status(waiting).phase, 'waiting');
  assert.throws(() => answer(waiting, { kind: 'clientCredential', credential: undefined }), TypeError);
});
