import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noble } from '../../nocrypto/index.ts';
import {
  answer,
  type ClientAuthentication,
  type ClientOptions,
  client,
  describeFailure,
  type Effect,
  type Request,
  type Response,
  type ServerOptions,
  server,
  status,
} from '../../src/index.ts';
import { type Authenticator, chainOfTrust, trustAnchor } from '../../x509/index.ts';
import {
  authority,
  bytes,
  converse,
  find,
  makeClientConfig,
  makeCredential,
  makeLeaf,
  makeServerConfig,
  must,
  NOW,
  type Run,
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
  assertFailed(run.serverEffects, 'no-client-certificate');
  assertFailed(run.clientEffects, 'certificate_required');
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
  assertFailed(run.serverEffects, 'no-anchors');
  assertFailed(run.clientEffects, 'unknown_ca');
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
  assertFailed(run.clientEffects, 'credential-does-not-fit');
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
  assertFailed(run.clientEffects, 'signing-failed');
  assertFailed(run.serverEffects, 'internal_error');
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
  assertFailed(run.serverEffects, 'unknown_ca');
});

test('a refused verdict ends the connection', () => {
  const { run } = meetAnswering({ authenticator: 'ask' }, {}, () => ({ kind: 'refusal', reason: 'no idea' }));
  assertFailed(run.clientEffects, 'verdict-refused', 'no idea');
});

test('an answer of the wrong kind is the caller’s bug', () => {
  const offer = client(makeClientConfig({ authenticator: 'ask' }), bytes(48));
  const { client: waiting } = converse(offer, server(makeServerConfig(), bytes(48, 2)));
  assert.equal(status(waiting).phase, 'waiting');
  assert.throws(() => answer(waiting, { kind: 'clientCredential', credential: undefined }), TypeError);
});

function meet(clientOptions: Partial<ClientOptions>, serverOptions: Partial<ServerOptions>): Run {
  return meetAnswering(clientOptions, serverOptions, () => assert.fail('nothing is to be asked')).run;
}

/** A conversation in which each request of either side is answered at once. */
function meetAnswering(
  clientOptions: Partial<ClientOptions>,
  serverOptions: Partial<ServerOptions>,
  respond: (request: Request) => Response,
): { readonly run: Run; readonly requests: readonly Request[] } {
  const requests: Request[] = [];
  let run = converse(
    client(makeClientConfig(clientOptions), bytes(48)),
    server(makeServerConfig(serverOptions), bytes(48, 2)),
  );
  for (;;) {
    const sides = [
      { state: run.client, effects: run.clientEffects },
      { state: run.server, effects: run.serverEffects },
    ];
    const [atClient, atServer] = sides.map(({ state, effects }) => {
      const request = effects.flatMap((effect) => (effect.kind === 'request' ? [effect.request] : [])).at(-1);
      if (status(state).phase !== 'waiting' || request === undefined) return { state, effects: [] };
      requests.push(request);
      return answer(state, respond(request));
    });
    if (atClient === undefined || atServer === undefined) return { run, requests };
    if (atClient.effects.length + atServer.effects.length === 0) return { run, requests };
    const next = converse(atClient, atServer);
    run = {
      ...next,
      clientEffects: [...run.clientEffects, ...next.clientEffects],
      serverEffects: [...run.serverEffects, ...next.serverEffects],
    };
  }
}

function established(effects: readonly Effect[]) {
  const failure = find(effects, 'failed');
  assert.equal(failure && describeFailure(failure.failure), undefined);
  return find(effects, 'established')?.facts ?? assert.fail('not established');
}

function assertFailed(effects: readonly Effect[], ...words: readonly string[]): void {
  const failure = find(effects, 'failed')?.failure ?? assert.fail('did not fail');
  for (const word of words) assert.ok(describeFailure(failure).includes(word), describeFailure(failure));
}
