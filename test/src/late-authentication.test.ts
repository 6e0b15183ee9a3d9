import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import {
  answer,
  type ClientOptions,
  close,
  dangerouslyExtractKeys,
  type Request,
  type Response,
  send,
  snapshot,
  status,
  tlsExporter,
} from '../../src/index.ts';
import { finishedVerifyData } from '../../src/key-schedule.ts';
import { encodeHandshake, type HandshakeMessage } from '../../src/messages.ts';
import { signedContent } from '../../src/peer-certificate.ts';
import { signatureSchemes } from '../../src/signature-schemes.ts';
import { assertAt, assertMisbehaved } from './expect.ts';
import { nullCrypto } from './null-crypto.ts';
import { data, deliver, follow, interject, keyUpdateRecord, type Peer, record } from './peer.ts';
import { externalCredential, quickCredential, quickLeafKey } from './quick.ts';
import type { ScriptedServer } from './scripted-server.ts';
import { establishedClient, establishedServer } from './stages.ts';
import { bytes, concatAll, data as dataIn, find, must, sent, toHex } from './support.ts';

// Post-handshake authentication (RFC 9846 §4.7.2), at a client.

const willing = { postHandshakeAuthentication: true } as const;

describe('a client that has offered post-handshake authentication', () => {
  it('says so in its hello, and one that has not does not', () => {
    assert.ok(offers(meet({ credentials: [quickCredential] })));
    assert.ok(!offers(establishedClient()));
  });

  it('answers with Certificate, CertificateVerify and Finished under the context it was asked with', () => {
    const server = meet({ credentials: [quickCredential] });
    for (const context of [bytes(8), bytes(255, 2), bytes(0)]) {
      const { peer } = server;
      const before = peer.heard.length;
      const asked = request(context);
      interject(peer, asked);
      assertAnswer(server, asked, before, true);
    }
  });

  it('declines with an empty Certificate and Finished when it has none to show', () => {
    const server = meet({});
    const asked = request(bytes(8));
    const before = server.peer.heard.length;
    interject(server.peer, asked);
    assertAnswer(server, asked, before, false);
  });

  it('answers several requests in one record, and data in between reaches it', () => {
    const server = meet({ credentials: [quickCredential] });
    const { peer } = server;
    const both = [1, 2].map((seed) => request(bytes(8, seed)));
    const before = peer.heard.length;
    deliver(peer, record(peer, 22, concatAll(both.map(encodeHandshake))));
    assertAnswer(server, both[0], before, true, 6);
    data(peer, bytes(5));
    assert.deepEqual(dataIn(peer.latest), bytes(5));
  });

  it('makes its Finished with the keys of the moment (§4.5), after a KeyUpdate of its own too', () => {
    const server = meet({ credentials: [quickCredential], limits: { aesGcmRecords: 5 } });
    const { peer } = server;
    for (let i = 0; i < 12; i++) follow(peer, send(peer.state, bytes(1)));
    const before = peer.heard.length;
    const asked = request(bytes(8));
    interject(peer, asked);
    assertAnswer(server, asked, before, true);
  });

  it('asks its caller for a certificate, lets it send meanwhile, and keeps what arrives', () => {
    const server = meet({ credentials: 'ask' });
    const { peer } = server;
    const asked = request(bytes(8));
    interject(peer, asked);
    assert.equal(requestOf(peer).kind, 'clientCredential');
    assert.deepEqual([status(peer.state).phase, status(peer.state).canSend], ['waiting', true]);
    assert.equal(tlsExporter(peer.state).length, 32);
    follow(peer, send(peer.state, bytes(7)));
    assert.equal(peer.heard.at(-1)?.kind, 'data');
    data(peer, bytes(6));
    assert.deepEqual(peer.latest, []);
    const before = peer.heard.length;
    follow(peer, answer(peer.state, { kind: 'clientCredential', credential: quickCredential }));
    assertAnswer(server, asked, before, true);
    assert.deepEqual(dataIn(peer.latest), bytes(6));
  });

  it('holds its Certificate back until a key that lives elsewhere has signed', () => {
    const server = meet({ credentials: [externalCredential] });
    const { peer } = server;
    const before = peer.heard.length;
    const asked = request(bytes(8));
    interject(peer, asked);
    assert.equal(peer.heard.length, before);
    const signing = requestOf(peer);
    follow(peer, answer(peer.state, signatureFor(signing)));
    assertAnswer(server, asked, before, true);
  });

  it('pads its data while it is asked as it does before', () => {
    const { peer } = meet({ credentials: 'ask', padding: { kind: 'toLength', length: 500 } });
    const lengths = [bytes(1), bytes(1)].map((sends, index) => {
      if (index === 1) interject(peer, request(bytes(8)));
      follow(peer, send(peer.state, sends));
      return sent(peer.latest).length;
    });
    assert.equal(lengths[0], lengths[1]);
    assert.ok((lengths[0] ?? 0) > 500);
  });

  it('signs with other random bytes each time', () => {
    const drawn: string[] = [];
    const sign: typeof nullCrypto.sign = (algorithm, key, message, entropy) => {
      drawn.push(toHex(entropy));
      return nullCrypto.sign(algorithm, key, message, entropy);
    };
    const { peer } = meet({ crypto: { ...nullCrypto, sign }, credentials: [quickCredential] });
    // What the scripted server has signed is not of interest.
    drawn.length = 0;
    for (const seed of [1, 2, 3]) interject(peer, request(bytes(8, seed)));
    assert.deepEqual([drawn.length, new Set(drawn).size], [3, 3]);
  });

  it('fails when its caller refuses, or signs wrongly', () => {
    for (const [credentials, response, reason] of [
      ['ask', { kind: 'refusal', reason: 'no' }, 'credential-refused'],
      [[externalCredential], { kind: 'refusal', reason: 'no' }, 'signature-refused'],
      [[externalCredential], { kind: 'signature', signature: bytes(64) }, 'signing-failed'],
    ] as const) {
      const { peer } = meet({ credentials });
      interject(peer, request(bytes(8)));
      follow(peer, answer(peer.state, response));
      const failure = find(peer.latest, 'failed')?.failure;
      assert.equal(failure?.kind === 'misuse' && failure.reason, reason);
    }
  });

  it('says no more once it has said close_notify, before it is asked or while it is', () => {
    const { peer } = meet({ credentials: [quickCredential] });
    follow(peer, close(peer.state));
    const before = peer.heard.length;
    interject(peer, request(bytes(8)));
    assert.equal(peer.heard.length, before);
    assertAt(peer, 'established');

    const waiting = meet({ credentials: 'ask' }).peer;
    interject(waiting, request(bytes(8)));
    follow(waiting, close(waiting.state));
    assert.deepEqual(waiting.heard.at(-1), {
      kind: 'alert',
      level: 1,
      alert: 'close_notify',
      protected: true,
    });
    const said = waiting.heard.length;
    data(waiting, bytes(3));
    follow(waiting, answer(waiting.state, { kind: 'clientCredential', credential: quickCredential }));
    assert.equal(waiting.heard.length, said);
    assert.deepEqual(dataIn(waiting.latest), bytes(3));
  });

  it('refuses a request without signature_algorithms, or with an extension twice', () => {
    const { peer } = meet({});
    interject(peer, request(bytes(8), []));
    assertMisbehaved(peer, 'missing_extension', 'missing-extension');
    const twice = meet({}).peer;
    const row = { name: 'signatureAlgorithms', value: [0x0807] } as const;
    interject(twice, request(bytes(8), [row, row]));
    assertMisbehaved(twice, 'illegal_parameter', 'duplicate-extension');
  });

  it('is asked 32 times at most without data in between', () => {
    const { peer } = meet({});
    for (let i = 0; i < 32; i++) interject(peer, request(bytes(4, i)));
    assertAt(peer, 'established');
    interject(peer, request(bytes(4, 99)));
    assertMisbehaved(peer, 'unexpected_message', 'too-many-post-handshake-messages');
  });

  it('cannot be written down, and its keys can be extracted only while nothing is asked', () => {
    const { peer } = meet({ credentials: 'ask' });
    const facts = find(peer.effects, 'established')?.facts ?? assert.fail();
    const refused = snapshot(peer.state, facts);
    assert.equal(refused.ok ? '' : refused.error.kind, 'late-authentication');
    assert.ok(dangerouslyExtractKeys(peer.state).ok);
    interject(peer, request(bytes(8)));
    const waiting = dangerouslyExtractKeys(peer.state);
    assert.equal(waiting.ok ? '' : waiting.error.kind, 'not-established');
  });
});

test('who has not offered it refuses a CertificateRequest after the handshake (§4.7.2)', () => {
  const { peer } = establishedClient({ client: { credentials: [quickCredential] } });
  interject(peer, request(bytes(8)));
  assertMisbehaved(peer, 'unexpected_message', 'unexpected-message');
  const server = establishedServer().peer;
  interject(server, request(bytes(8)));
  assertMisbehaved(server, 'unexpected_message', 'unexpected-message');
});

test('a request that a KeyUpdate follows in the same flight is answered first', () => {
  const server = meet({ credentials: [quickCredential] });
  const { peer } = server;
  const asked = request(bytes(8));
  const before = peer.heard.length;
  const first = record(peer, 22, encodeHandshake(asked));
  deliver(peer, concatAll([first, keyUpdateRecord(peer, 0)]));
  assertAnswer(server, asked, before, true);
});

function meet(client: Partial<ClientOptions>): ScriptedServer {
  return establishedClient({ client: { ...willing, ...client } });
}

function request(
  certificateRequestContext: Uint8Array,
  extensions: Extract<HandshakeMessage, { kind: 'certificateRequest' }>['body']['extensions'] = [
    { name: 'signatureAlgorithms', value: [0x0807] },
  ],
): Extract<HandshakeMessage, { kind: 'certificateRequest' }> {
  return { kind: 'certificateRequest', body: { certificateRequestContext, extensions } };
}

function requestOf(peer: Peer): Request {
  return find(peer.latest, 'request')?.request ?? assert.fail('nothing is asked');
}

function signatureFor(request: Request): Response {
  assert.ok(request.kind === 'signature');
  const { algorithm } = signatureSchemes[request.scheme];
  const signature = must(nullCrypto.sign(algorithm, quickLeafKey, request.message, bytes(32)));
  return { kind: 'signature', signature };
}

function offers({ peer }: ScriptedServer): boolean {
  return peer.heard.some(
    (heard) =>
      heard.kind === 'message' &&
      heard.message.kind === 'clientHello' &&
      heard.message.body.extensions.some(({ name }) => name === 'postHandshakeAuth'),
  );
}

/** What was heard since `before` answers `asked`, over the transcript of the handshake and nothing later (§4.5). */
function assertAnswer(
  { peer, suite }: ScriptedServer,
  asked: ReturnType<typeof request> | undefined,
  before: number,
  shows: boolean,
  count = shows ? 3 : 2,
): void {
  assert.ok(asked !== undefined);
  const { hash } = suite;
  const heard = peer.heard.slice(before);
  assert.equal(heard.length, count);
  const messages = heard.flatMap((one) => (one.kind === 'message' ? [one] : []));
  const [first, second] = messages;
  const last = messages[shows ? 2 : 1];
  assert.ok(first?.message.kind === 'certificate' && last?.message.kind === 'finished');
  const { certificateRequestContext, certificateList } = first.message.body;
  assert.deepEqual(certificateRequestContext, asked.body.certificateRequestContext);
  assert.equal(certificateList.length, shows ? 1 : 0);
  const digest = (...more: readonly Uint8Array[]) =>
    nullCrypto.hashes[hash].digest(concatAll([handshakeOf(peer), encodeHandshake(asked), ...more]));
  if (shows) {
    assert.ok(second?.message.kind === 'certificateVerify');
    const content = signedContent('client', digest(first.raw));
    const { algorithm } = signatureSchemes.ed25519;
    assert.ok(nullCrypto.verify(algorithm, quickLeafKey.public, content, second.message.body.signature));
  }
  const keys = peer.read?.keys;
  assert.ok(keys?.version === '1.3');
  const covered = messages.slice(0, shows ? 2 : 1).map(({ raw }) => raw);
  assert.deepEqual(
    last.message.body.verifyData,
    finishedVerifyData(nullCrypto, hash, keys.trafficSecret, digest(...covered)),
  );
}

/** The messages up to the client's Finished, which is all it has said behind its hello. */
function handshakeOf({ transcript, heard }: Peer): Uint8Array {
  const finished = heard.find((one) => one.kind === 'message' && one.message.kind === 'finished');
  return concatAll([...transcript, finished?.kind === 'message' ? finished.raw : assert.fail()]);
}
