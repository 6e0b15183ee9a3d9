import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noble, type PrivateKey } from '../../nocrypto/index.ts';
import {
  answer,
  close,
  credential,
  type Request,
  type Response,
  receive,
  receiveEnd,
  status,
} from '../../src/index.ts';
import { signedContent } from '../../src/peer-certificate.ts';
import { signatureSchemes } from '../../src/signature-schemes.ts';
import { assertAt, assertFailed, assertIncompatible, assertOver } from './expect.ts';
import { nullCrypto } from './null-crypto.ts';
import { changeCipherSpec, deliver, follow, type Peer, plainRecord, record } from './peer.ts';
import {
  externalCredential,
  quickAuthenticator,
  quickAuthority,
  quickCredential,
  quickLeafKey,
} from './quick.ts';
import { meetServer, type ScriptedClient } from './scripted-client.ts';
import { waitingStages } from './stages.ts';
import {
  authority,
  bytes,
  concatAll,
  converse,
  find,
  handshake,
  hex,
  makeClientConfig,
  makeLeaf,
  makeServerConfig,
  must,
  NOW,
  sent,
} from './support.ts';

// What the engine asks its caller for: a certificate, a signature. The connection waits, and nothing is lost meanwhile.

const goodCredential: Response = { kind: 'credential', credential: quickCredential };

test('a server that asks is told what the client said, and goes on with the certificate it is given', () => {
  const client = askingForCredential();
  assert.deepEqual(requestOf(client.peer), {
    kind: 'credential',
    hello: {
      serverName: 'server.example',
      applicationProtocols: ['h2', 'http/1.1'],
      cipherSuites: ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
      groups: ['x25519', 'secp256r1'],
      signatureSchemes: Object.keys(signatureSchemes),
      certificateSignatureSchemes: Object.keys(signatureSchemes),
      certificateAuthorities: [],
      serverCertificateTypes: ['x509'],
      clientCertificateTypes: ['x509'],
      requestsOcsp: false,
      requestsScts: false,
      certificateCompressionAlgorithms: [],
    },
  });
  assert.equal(status(client.peer.state).phase, 'waiting');
  assert.deepEqual(sent(client.peer.effects), hex(''));
  follow(client.peer, answer(client.peer.state, goodCredential));
  client.say.finished();
  assertAt(client.peer, 'established');
});

test('a signature is asked for with the scheme and the very bytes to sign, and ends the flight', () => {
  const client = askingForSignature();
  const request = requestOf(client.peer);
  assert.ok(request.kind === 'signature');
  assert.equal(request.credential, externalCredential);
  assert.equal(request.scheme, 'ed25519');
  const hash = nullCrypto.hashes.sha256.digest(concatAll(client.peer.transcript));
  assert.deepEqual(request.message, signedContent('server', hash));
  const said = () =>
    client.peer.heard.flatMap((heard) => (heard.kind === 'message' ? [heard.message.kind] : []));
  assert.deepEqual(said(), ['serverHello', 'encryptedExtensions', 'certificate']);
  follow(client.peer, answer(client.peer.state, signatureFor(request, quickLeafKey)));
  assert.deepEqual(said().slice(3), ['certificateVerify', 'finished']);
  client.say.finished();
  assertAt(client.peer, 'established');
});

test('a key that is elsewhere signs for a real handshake', () => {
  const leaf = makeLeaf(authority, { kind: { kind: 'ec', curve: 'secp384r1' } });
  const external = must(credential(noble, [leaf.der], { kind: 'external', label: 'a card' }));
  const run = handshake(makeClientConfig(), makeServerConfig({ credentials: 'ask' }));
  const chosen = answer(run.server, { kind: 'credential', credential: external });
  const request = find(chosen.effects, 'request')?.request;
  assert.ok(request?.kind === 'signature');
  assert.equal(request.scheme, 'ecdsa_secp384r1_sha384');
  const signature = noble.sign({ kind: 'ecdsa', hash: 'sha384' }, leaf.key, request.message, bytes(32));
  const signed = answer(chosen.state, { kind: 'signature', signature: must(signature) });
  const rest = converse(
    { state: run.client, effects: [] },
    { state: signed.state, effects: [...chosen.effects, ...signed.effects] },
  );
  assert.equal(status(rest.client).phase, 'established');
  assert.equal(status(rest.server).phase, 'established');
});

for (const [title, reach, response, alert, reason] of [
  ['a refused certificate', askingForCredential, refusal(), 'handshake_failure', 'credential-refused'],
  ['a refused signature', askingForSignature, refusal(), 'internal_error', 'signature-refused'],
  ['an empty signature', askingForSignature, signature(hex('')), 'internal_error', 'signing-failed'],
  [
    'a signature that does not verify',
    askingForSignature,
    signature(bytes(64)),
    'internal_error',
    'signing-failed',
  ],
] as const) {
  test(`${title} ends the connection by the caller's doing`, () => {
    const { peer } = reach();
    follow(peer, answer(peer.state, response));
    assertFailed(peer, alert, `misuse ${reason}`);
  });
}

test('why a request was refused is told to the caller and not to the peer', () => {
  const { peer } = askingForCredential();
  follow(peer, answer(peer.state, { kind: 'refusal', reason: 'no such customer' }));
  const failure = find(peer.effects, 'failed')?.failure;
  assert.equal(failure?.kind === 'misuse' && failure.detail, 'no such customer');
  assert.deepEqual(sent(peer.latest), hex('15 0303 0002 0228'));
});

test('a signature that does not verify never leaves: it could give the key away', () => {
  const { peer } = askingForSignature();
  const faulty = must(nullCrypto.sign({ kind: 'ed25519' }, quickLeafKey, bytes(5), bytes(32)));
  follow(peer, answer(peer.state, signature(faulty)));
  assert.equal(
    peer.heard.some((heard) => heard.kind === 'message' && heard.message.kind === 'certificateVerify'),
    false,
  );
});

test('a certificate that cannot sign as the client wants ends the connection', () => {
  const leaf = makeLeaf(quickAuthority, { crypto: nullCrypto, kind: { kind: 'ec', curve: 'secp256r1' } });
  const other = must(credential(nullCrypto, [leaf.der], { kind: 'private', key: leaf.key }));
  const client = meetServer({ server: { credentials: 'ask' } });
  client.say.clientHello((hello) => ({
    ...hello,
    extensions: hello.extensions.map((extension) =>
      extension.name === 'signatureAlgorithms' ? { ...extension, value: [0x0807] } : extension,
    ),
  }));
  follow(client.peer, answer(client.peer.state, { kind: 'credential', credential: other }));
  assertIncompatible(client.peer, 'handshake_failure', 'no-common-signature-scheme');
});

test('an answer of the wrong kind is a bug of the caller, and the state can still be answered', () => {
  const forCredential = askingForCredential();
  const { state } = forCredential.peer;
  assert.throws(() => answer(state, signature(bytes(64))), /awaits a credential, not a signature/);
  follow(forCredential.peer, answer(state, goodCredential));
  assertAt(forCredential.peer, 'awaitClientFinished');
  const forSignature = askingForSignature();
  assert.throws(
    () => answer(forSignature.peer.state, goodCredential),
    /awaits a signature, not a credential/,
  );
});

test('an answer to a request that is not outstanding is a bug of the caller', () => {
  const client = meetServer();
  assert.throws(() => answer(client.peer.state, goodCredential), /no request is outstanding/);
  const answered = askingForCredential();
  follow(answered.peer, answer(answered.peer.state, goodCredential));
  assert.throws(() => answer(answered.peer.state, goodCredential), /no request is outstanding/);
  follow(answered.peer, receiveEnd(answered.peer.state));
  assert.throws(() => answer(answered.peer.state, goodCredential), /no request is outstanding/);
});

test('one waiting state may be answered in two ways, each as if the other had not been', () => {
  const { peer } = askingForCredential();
  const refused = answer(peer.state, refusal());
  const accepted = answer(peer.state, goodCredential);
  assert.equal(status(refused.state).phase, 'over');
  assert.equal(status(accepted.state).phase, 'handshaking');
  assert.deepEqual(answer(peer.state, refusal()).effects, refused.effects);
});

for (const stage of waitingStages) {
  test(`${stage.title} keeps what arrives, in whatever pieces, and takes it up with the answer`, () => {
    for (const size of [1, 4, 100]) {
      const peer = stage.reach();
      const arriving = record(peer, 21, hex('0228'));
      for (let from = 0; from < arriving.length; from += size) {
        deliver(peer, arriving.subarray(from, from + size));
        assert.deepEqual(peer.latest, []);
        assert.equal(status(peer.state).phase, 'waiting');
      }
      follow(peer, answer(peer.state, goodAnswer(peer)));
      // Behind what the answer brings about comes what was kept: here the peer's alert.
      assertFailed(peer, undefined, 'peerAlert handshake_failure');
    }
  });

  test(`${stage.title} keeps at most so much, and fails by its caller's doing when more comes`, () => {
    const peer = stage.reach();
    const { limits } = peer.state.fixed.config;
    deliver(peer, bytes(limits.pendingBytes));
    assert.equal(status(peer.state).phase, 'waiting');
    deliver(peer, hex('00'));
    assertFailed(peer, 'internal_error', 'misuse too-many-pending-bytes');
  });

  test(`${stage.title} can be closed, and its flow can end`, () => {
    const closed = stage.reach();
    follow(closed, close(closed.state));
    // Behind the handshake that closes one half, and the other is the peer's.
    if (status(stage.reach().state).canSend) {
      assert.equal(status(closed.state).canSend, false);
    } else {
      assert.equal(closed.latest.at(-1)?.kind, 'closed');
      assertOver(closed.state);
    }
    const ended = stage.reach();
    follow(ended, receiveEnd(ended.state));
    assertFailed(ended, 'close_notify', 'truncated');
  });
}

test('handshake bytes behind the hello are refused when the answer changes the keys, not before', () => {
  const client = meetServer({ server: { credentials: 'ask' } });
  deliver(client.peer, plainRecord(22, concatAll([client.compose.clientHello(), hex('14')])));
  assert.equal(status(client.peer.state).phase, 'waiting');
  follow(client.peer, answer(client.peer.state, goodCredential));
  assertFailed(client.peer, 'unexpected_message', 'peerMisbehaved unread-handshake-bytes-at-key-change');
});

test('a record that was under way when the request came up is completed behind it', () => {
  const client = meetServer({ server: { credentials: 'ask' } });
  const hello = plainRecord(22, client.compose.clientHello());
  deliver(client.peer, concatAll([hello, changeCipherSpec.subarray(0, 3)]));
  deliver(client.peer, changeCipherSpec.subarray(3));
  follow(client.peer, answer(client.peer.state, goodCredential));
  client.say.finished();
  assertAt(client.peer, 'established');
});

test('bytes for a waiting server are not looked at', () => {
  const { peer } = askingForCredential();
  const step = receive(peer.state, hex('ffffffffff'), NOW);
  assert.deepEqual(step.effects, []);
});

function askingForCredential(): ScriptedClient {
  const client = meetServer({
    server: { credentials: 'ask' },
    extensions: [{ name: 'applicationLayerProtocolNegotiation', value: ['h2', 'http/1.1'] }],
  });
  client.say.clientHello();
  return client;
}

function askingForSignature(): ScriptedClient {
  const client = meetServer({ server: { credentials: [externalCredential] } });
  client.say.clientHello();
  return client;
}

function requestOf(peer: Peer): Request {
  const request = find(peer.effects, 'request');
  assert.ok(request !== undefined);
  assert.equal(peer.effects.at(-1), request, 'nothing follows a request');
  return request.request;
}

function goodAnswer(peer: Peer): Response {
  const request = requestOf(peer);
  switch (request.kind) {
    case 'credential':
      return goodCredential;
    case 'clientCredential':
      return { kind: 'clientCredential', credential: quickCredential };
    case 'signature':
      return signatureFor(request, quickLeafKey);
    case 'replayCheck':
      return { kind: 'replayCheck', isNew: true };
    case 'sessionLookup':
      return { kind: 'sessionLookup', session: undefined };
    case 'verdict':
      return { kind: 'verdict', verdict: quickAuthenticator(request.presented) };
    case 'rawKeyVerdict':
      return assert.fail('nobody shows a raw key here');
  }
}

function signatureFor(request: Request, key: PrivateKey): Response {
  assert.ok(request.kind === 'signature');
  const { algorithm } = signatureSchemes[request.scheme];
  return signature(must(nullCrypto.sign(algorithm, key, request.message, bytes(32))));
}

function signature(value: Uint8Array): Response {
  return { kind: 'signature', signature: value };
}

function refusal(): Response {
  return { kind: 'refusal', reason: 'not today' };
}
