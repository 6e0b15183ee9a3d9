import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { secret } from '../../nocrypto/index.ts';
import {
  answer,
  client,
  close,
  dangerouslyExtractKeys,
  exportKeyingMaterial,
  rawKeyCredential,
  requestCertificate,
  restore,
  type ServerOptions,
  send,
  server,
  serverConfig,
  snapshot,
  status,
  type TicketKey,
  tlsExporter,
  updateKeys as updateOwnKeys,
} from '../../src/index.ts';
import { encodeHandshake } from '../../src/messages.ts';
import { importPsk } from '../../src/psk.ts';
import { chainOfTrust, dangerouslyAcceptAnyRawKey } from '../../x509/index.ts';
import { assertAt, assertFailed, assertMisbehaved } from './expect.ts';
import {
  type Asked,
  answered,
  answerTo,
  ask,
  asking,
  factsOf,
  handshakeOf,
  meetAsking,
  postHandshakeAuth,
  say,
  trafficSecret,
} from './late.ts';
import { nullCrypto } from './null-crypto.ts';
import { alert, changeCipherSpec, data, deliver, follow, record, updateKeys } from './peer.ts';
import {
  quickAuthenticator,
  quickClientConfig,
  quickCredential,
  quickLeafKey,
  quickServerConfig,
} from './quick.ts';
import { meetServer, type ScriptedClient } from './scripted-client.ts';
import { establishedClient, establishedServer } from './stages.ts';
import { bytes, concatAll, converse, data as dataIn, find, must, NOW, type Run, toHex } from './support.ts';

// Post-handshake authentication (RFC 9846 §4.7.2), at a server.

const required = {
  postHandshakeAuthentication: { authenticator: quickAuthenticator, required: true },
} as const;
const slow = { postHandshakeAuthentication: { authenticator: 'ask', required: true } } as const;
const ticketKeys: readonly [TicketKey] = [{ name: bytes(16, 35), secret: secret(bytes(32, 36)) }];
const nobody = {
  peer: undefined,
  peerRawKey: undefined,
  peerSignatureScheme: undefined,
  peerOcspResponse: undefined,
  peerScts: undefined,
};

describe('a server that asks for a certificate after the handshake', () => {
  it('says what it takes, under a context that nobody can tell beforehand and that never comes again', () => {
    const client = meetAsking();
    const first = ask(client);
    const second = ask(client);
    const { certificateRequestContext, extensions } = first.message.body;
    assert.deepEqual(first.context, certificateRequestContext);
    assert.equal(first.context.length, 32);
    assert.notDeepEqual(first.context, second.context);
    assert.deepEqual(
      extensions.map(({ name }) => name),
      ['signatureAlgorithms'],
    );
    assertAt(client.peer, 'established');
  });

  it('learns who the client is, and may ask again', () => {
    const client = meetAsking();
    for (let round = 0; round < 3; round++) {
      const asked = ask(client);
      say(client, ...answerTo(client, asked));
      const { context, shown } = answered(client);
      assert.deepEqual(context, asked.context);
      assert.deepEqual(shown.peer?.leaf.der, quickCredential.leaf.der);
      assert.equal(shown.peerSignatureScheme, 'ed25519');
      assertAt(client.peer, 'established');
    }
    assert.equal(factsOf(client).peer, undefined);
  });

  it('takes an answer in one record, and in single bytes', () => {
    const client = meetAsking();
    deliver(client.peer, record(client.peer, 22, concatAll(answerTo(client, ask(client)))));
    assert.ok(answered(client).shown.peer !== undefined);
    const sealed = answerTo(client, ask(client)).map((raw) => record(client.peer, 22, raw));
    deliver(client.peer, ...[...concatAll(sealed)].map((byte) => Uint8Array.of(byte)));
    assert.ok(answered(client).shown.peer !== undefined);
  });

  it('takes a compressed certificate (RFC 8879), and none whose compression was not asked for', () => {
    // What can be told beforehand is the length of the context; in the handshake there is none.
    const compress = (message: Uint8Array) => (message[0] === 32 ? message.slice(1) : undefined);
    const decompress = (compressed: Uint8Array) => concatAll([Uint8Array.of(32), compressed]);
    const certificateCompression = [{ algorithm: 0xff01, compress, decompress }];
    const ours = {
      credentials: [quickCredential],
      postHandshakeAuthentication: true,
      certificateCompression,
    };
    const theirs = quickServerConfig({ ...asking, certificateCompression, trace: 'messages' });
    const run = converse(client(quickClientConfig(ours), bytes(48)), server(theirs, bytes(48, 2)));
    const { serverEffects } = converse({ state: run.client, effects: [] }, requestCertificate(run.server));
    const { shown } = find(serverEffects, 'certificateAnswered') ?? assert.fail('no answer has come');
    assert.deepEqual(shown.peer?.leaf.der, quickCredential.leaf.der);
    const received = serverEffects.flatMap((effect) =>
      effect.kind === 'trace' && effect.event.kind === 'message' ? [effect.event.message] : [],
    );
    assert.ok(received.includes('compressedCertificate'));

    for (const [options, alertName, reason] of [
      [{}, 'unexpected_message', 'unexpected-message'],
      [{ certificateCompression }, 'illegal_parameter', 'unoffered-certificate-compression'],
    ] as const) {
      const plain = meetAsking(options);
      ask(plain);
      const body = { algorithm: 2, uncompressedLength: 4, compressedCertificateMessage: bytes(4) };
      say(plain, encodeHandshake({ kind: 'compressedCertificate', body }));
      assertMisbehaved(plain.peer, alertName, reason);
    }
  });

  it('takes a raw key where that is agreed on (RFC 7250)', () => {
    const rawKey = must(rawKeyCredential(nullCrypto, quickLeafKey));
    const ours = quickClientConfig({ credentials: [rawKey], postHandshakeAuthentication: true });
    const theirs = quickServerConfig({
      postHandshakeAuthentication: { rawKeyAuthenticator: dangerouslyAcceptAnyRawKey, required: true },
    });
    const run = converse(client(ours, bytes(48)), server(theirs, bytes(48, 2)));
    const asked = converse({ state: run.client, effects: [] }, requestCertificate(run.server));
    const { shown } = find(asked.serverEffects, 'certificateAnswered') ?? assert.fail('no answer has come');
    assert.equal(shown.peer, undefined);
    assert.deepEqual(shown.peerRawKey?.der, rawKey.rawKey.der);
  });

  it('lets a client decline, unless a certificate is required', () => {
    const client = meetAsking();
    const asked = ask(client);
    say(client, ...answerTo(client, asked, { chain: [] }));
    assert.deepEqual(answered(client), {
      kind: 'certificateAnswered',
      context: asked.context,
      shown: nobody,
    });
    assertAt(client.peer, 'established');

    const strict = meetAsking(required);
    const [empty = assert.fail()] = answerTo(strict, ask(strict), { chain: [] });
    say(strict, empty);
    assertMisbehaved(strict.peer, 'certificate_required', 'no-client-certificate');
  });

  it('has several requests answered in any order, with data and new keys in between', () => {
    const client = meetAsking();
    const { peer } = client;
    const all = [ask(client), ask(client), ask(client)] as const;
    data(peer, bytes(5));
    assert.deepEqual(dataIn(peer.latest), bytes(5));
    for (const asked of [all[2], all[0], all[1]]) {
      updateKeys(peer, 1);
      follow(peer, send(peer.state, bytes(3)));
      say(client, ...answerTo(client, asked));
      assert.deepEqual(answered(client).context, asked.context);
      data(peer, bytes(6));
      assert.deepEqual(dataIn(peer.latest), bytes(6));
    }
    follow(peer, updateOwnKeys(peer.state, { ask: false }));
    say(client, ...answerTo(client, ask(client)));
    assert.ok(answered(client).shown.peer !== undefined);
  });

  it('waits for eight answers at most, or for as many as its limit says', () => {
    for (const [limits, most] of [
      [{}, 8],
      [{ lateRequests: 2 }, 2],
    ] as const) {
      const client = meetAsking({ limits });
      const all = Array.from({ length: most }, () => ask(client));
      assertMayNotAsk(client);
      say(client, ...answerTo(client, all[1] ?? assert.fail()));
      assert.ok(status(client.peer.state).canRequestCertificate);
      ask(client);
      assertMayNotAsk(client);
    }
  });

  it('counts no answer among the messages that come for nothing', () => {
    const client = meetAsking();
    for (let i = 0; i < 40; i++) say(client, ...answerTo(client, ask(client), { chain: [] }));
    assertAt(client.peer, 'established');
  });

  it('can ask, send and close in the midst of an answer', () => {
    for (const [options, count] of [
      [{}, 1],
      [{}, 2],
      [slow, 2],
    ] as const) {
      const client = meetAsking(options);
      const { peer } = client;
      const messages = answerTo(client, ask(client));
      say(client, ...messages.slice(0, count));
      const other = ask(client);
      follow(peer, send(peer.state, bytes(4)));
      assert.equal(peer.heard.at(-1)?.kind, 'data');
      assert.equal(tlsExporter(peer.state).length, 32);
      follow(peer, close(peer.state));
      if (status(peer.state).phase === 'waiting') accept(client);
      say(client, ...messages.slice(count));
      assert.ok(answered(client).shown.peer !== undefined);
      say(client, ...answerTo(client, other, { chain: [] }).slice(0, 1));
      if (options === slow) assert.equal(find(peer.latest, 'failed')?.failure.kind, 'peerMisbehaved');
      else assertAt(peer, 'awaitLateFinished');
    }
  });

  it('takes a long chain where it has asked, and no message of that size before', () => {
    const chain = [...quickCredential.chain, ...Array.from({ length: 8 }, () => new Uint8Array(5000))];
    const client = meetAsking();
    sayInPieces(client, answerTo(client, ask(client), { chain }));
    assert.ok(answered(client).shown.peer !== undefined);
    const unasked = meetAsking();
    say(unasked, Uint8Array.of(11, 0, 4, 1));
    assertMisbehaved(unasked.peer, 'illegal_parameter', 'message-too-long');
  });
});

describe('an answer to a late request is refused', () => {
  for (const [title, options] of [
    ['under a context of its own', () => ({ context: bytes(32, 9) })],
    ['under no context', () => ({ context: bytes(0) })],
    ['under the beginning of the context', ({ context }: Asked) => ({ context: context.subarray(0, 31) })],
  ] as const) {
    it(title, () => {
      const client = meetAsking();
      const asked = ask(client);
      say(client, ...answerTo(client, asked, options(asked)).slice(0, 1));
      assertMisbehaved(client.peer, 'illegal_parameter', 'unknown-certificate-context');
    });
  }

  it('a second time, while another one is awaited and when none is', () => {
    for (const [others, alertName, reason] of [
      [1, 'illegal_parameter', 'unknown-certificate-context'],
      [0, 'unexpected_message', 'unexpected-message'],
    ] as const) {
      const client = meetAsking();
      const asked = ask(client);
      for (let i = 0; i < others; i++) ask(client);
      say(client, ...answerTo(client, asked));
      say(client, ...answerTo(client, asked).slice(0, 1));
      assertMisbehaved(client.peer, alertName, reason);
    }
  });

  it('when nothing was asked', () => {
    const client = meetAsking();
    const nothing = { context: bytes(0), raw: bytes(0) } as const;
    const { message } = ask(meetAsking());
    say(client, ...answerTo(client, { ...nothing, message }).slice(0, 1));
    assertMisbehaved(client.peer, 'unexpected_message', 'unexpected-message');
  });

  it('when anything comes between its messages', () => {
    const intruders: readonly ((client: ScriptedClient, other: Asked) => void)[] = [
      ({ peer }) => data(peer, bytes(1)),
      ({ peer }) => data(peer, bytes(0)),
      ({ peer }) => updateKeys(peer, 0),
      (client, other) => say(client, ...answerTo(client, other).slice(0, 1)),
      ({ peer }) => deliver(peer, changeCipherSpec),
    ];
    for (const intrude of intruders) {
      for (const said of [1, 2]) {
        const client = meetAsking();
        const asked = ask(client);
        const other = ask(client);
        say(client, ...answerTo(client, asked).slice(0, said));
        intrude(client, other);
        assert.equal(client.peer.heard.at(-1)?.kind, 'alert');
        const last = client.peer.heard.at(-1);
        assert.equal(last?.kind === 'alert' && last.alert, 'unexpected_message');
      }
    }
  });

  it('when it leaves out the signature, or the certificate', () => {
    const client = meetAsking();
    const [certificate = assert.fail(), , finished = assert.fail()] = answerTo(client, ask(client));
    say(client, certificate, finished);
    assertMisbehaved(client.peer, 'unexpected_message', 'unexpected-message');
    const other = meetAsking();
    say(other, ...answerTo(other, ask(other)).slice(1));
    assertMisbehaved(other.peer, 'unexpected_message', 'unexpected-message');
  });

  it('when another key signed, or over anything but this handshake and this request', () => {
    for (const make of [
      () => ({ key: nullCrypto.generateKey({ kind: 'ed25519' }, bytes(32, 77)) }),
      (client: ScriptedClient) => ({ signed: concatAll(handshakeOf(client.peer)) }),
      (client: ScriptedClient, asked: Asked) => ({
        signed: concatAll([...handshakeOf(client.peer), asked.raw]),
      }),
      (_: ScriptedClient, asked: Asked) => ({ signed: asked.raw }),
    ] as const) {
      const client = meetAsking();
      const asked = ask(client);
      say(client, ...answerTo(client, asked, make(client, asked)).slice(0, 2));
      assertMisbehaved(client.peer, 'decrypt_error', 'bad-signature');
    }
  });

  it('when it was made for another request of the connection', () => {
    const client = meetAsking();
    const first = ask(client);
    const second = ask(client);
    // Honest but for the context, which it has from the other request.
    say(client, ...answerTo(client, first, { context: second.context }).slice(0, 2));
    assertMisbehaved(client.peer, 'decrypt_error', 'bad-signature');
  });

  it('when its Finished is wrong, or made with keys that were replaced', () => {
    for (const chain of [[], quickCredential.chain]) {
      const client = meetAsking();
      const before = trafficSecret(client.peer);
      updateKeys(client.peer, 0);
      say(client, ...answerTo(client, ask(client), { chain, finishedSecret: before }));
      assertMisbehaved(client.peer, 'decrypt_error', 'bad-finished');
      assert.equal(find(client.peer.effects, 'certificateAnswered'), undefined);

      const other = meetAsking();
      const messages = [...answerTo(other, ask(other), { chain })];
      const finished = Uint8Array.from(messages.pop() ?? assert.fail());
      finished[finished.length - 1] = (finished.at(-1) ?? 0) ^ 1;
      say(other, ...messages, finished);
      assertMisbehaved(other.peer, 'decrypt_error', 'bad-finished');
    }
  });

  it('when any bit of it was changed', () => {
    const whole = meetAsking();
    const lengths = answerTo(whole, ask(whole)).map(({ length }) => length);
    for (const [index, length] of lengths.entries()) {
      for (let at = 0; at < length; at += 7) {
        const client = meetAsking();
        const messages = answerTo(client, ask(client)).map((raw) => Uint8Array.from(raw));
        const changed = messages[index] ?? assert.fail();
        changed[at] = (changed[at] ?? 0) ^ 0x10;
        deliver(client.peer, record(client.peer, 22, concatAll(messages)));
        assert.equal(find(client.peer.effects, 'certificateAnswered'), undefined, `message ${index}, ${at}`);
      }
    }
  });

  it('with an extension that was not asked for', () => {
    const client = meetAsking();
    const [certData = assert.fail()] = quickCredential.chain;
    const scts = { name: 'signedCertificateTimestamp', value: [bytes(4)] } as const;
    const entries = [{ certData, extensions: [scts] }];
    say(client, ...answerTo(client, ask(client), { entries }).slice(0, 1));
    assertMisbehaved(client.peer, 'unsupported_extension', 'unsolicited-extension');
  });

  it('when the authenticator refuses, even where no certificate is required', () => {
    const authenticator = chainOfTrust({ anchors: [] });
    const client = meetAsking({ postHandshakeAuthentication: { authenticator, required: false } });
    say(client, ...answerTo(client, ask(client)).slice(0, 2));
    assertFailed(client.peer, 'unknown_ca', 'certificate no-anchors');
  });
});

describe('a server that asks its caller about late certificates', () => {
  it('waits for the verdict, keeps what arrives, and goes on with it', () => {
    const client = meetAsking(slow);
    const { peer } = client;
    const messages = answerTo(client, ask(client));
    say(client, ...messages.slice(0, 2));
    const request = find(peer.latest, 'request')?.request;
    assert.ok(request?.kind === 'verdict' && request.presented.purpose === 'clientAuth');
    assert.deepEqual([status(peer.state).phase, status(peer.state).canSend], ['waiting', true]);
    say(client, ...messages.slice(2));
    data(peer, bytes(9));
    assert.deepEqual(peer.latest, []);
    accept(client);
    assert.ok(answered(client).shown.peer !== undefined);
    assert.deepEqual(dataIn(peer.latest), bytes(9));
  });

  it('fails when the caller refuses', () => {
    const client = meetAsking(slow);
    say(client, ...answerTo(client, ask(client)).slice(0, 2));
    follow(client.peer, answer(client.peer.state, { kind: 'refusal', reason: 'no' }));
    assertFailed(client.peer, 'certificate_unknown', 'misuse verdict-refused');
  });
});

describe('a certificate cannot be asked for', () => {
  it('before the handshake is over, and after the end', () => {
    const client = meetAsking();
    alert(client.peer, 'internal_error');
    assertMayNotAsk(client);
    assert.throws(
      () => requestCertificate(meetServer({ server: asking }).peer.state),
      /may not be asked now/,
    );
  });

  it('when either side has closed', () => {
    const closing = meetAsking();
    follow(closing.peer, close(closing.peer.state));
    assertMayNotAsk(closing);
    const closed = meetAsking();
    alert(closed.peer, 'close_notify', 1);
    assertMayNotAsk(closed);
  });

  it('of a client that has not offered it, by a server that is not configured so, and by a client', () => {
    assertMayNotAsk(establishedServer({ server: asking }));
    assertMayNotAsk(establishedServer({ extensions: [postHandshakeAuth] }));
    const { peer } = establishedClient({ client: { postHandshakeAuthentication: true } });
    assert.equal(status(peer.state).canRequestCertificate, false);
    assert.throws(() => requestCertificate(peer.state), /may not be asked now/);
  });

  it('of a client that an external PSK authenticates (§4.4.2)', () => {
    const external = { identity: bytes(8), secret: secret(bytes(32, 2)) };
    const psk = importPsk(nullCrypto, external, 'sha256');
    const client = meetAsking({ externalPsks: [external] }, { psk });
    assert.deepEqual(factsOf(client).externalIdentity, external.identity);
    assertMayNotAsk(client);
  });

  it('of a client that can show nothing but what is not taken here', () => {
    const types = { name: 'clientCertificateType', value: [2] } as const;
    assertMayNotAsk(meetAsking({}, { extensions: [types] }));
  });
});

describe('beside late authentication', () => {
  it('the handshake may ask, too, and its facts stay what they were', () => {
    const both = { ...asking, clientAuthentication: asking.postHandshakeAuthentication } as const;
    const client = meetServer({ server: both, extensions: [postHandshakeAuth] });
    for (const word of ['clientHello', 'certificate', 'certificateVerify', 'finished'] as const) {
      client.say[word]();
    }
    const before = factsOf(client);
    assert.ok(before.peer !== undefined);
    say(client, ...answerTo(client, ask(client), { chain: [] }));
    assert.deepEqual(answered(client).shown, nobody);
    assert.equal(factsOf(client), before);
  });

  it('exported keys stay the same', () => {
    const client = meetAsking();
    const exported = () => exportKeyingMaterial(client.peer.state, 'EXPORTER-test', bytes(2), 32);
    const before = exported();
    const messages = answerTo(client, ask(client));
    say(client, ...messages.slice(0, 1));
    assert.deepEqual(exported(), before);
    say(client, ...messages.slice(1));
    assert.deepEqual(exported(), before);
  });

  it('tickets come with the handshake only, and contexts share no randomness with them', () => {
    const modes = { name: 'pskKeyExchangeModes', value: [1] } as const;
    const client = meetAsking({ ticketKeys }, { extensions: [modes] });
    const tickets = client.peer.heard.filter(
      (heard) => heard.kind === 'message' && heard.message.kind === 'newSessionTicket',
    );
    assert.equal(tickets.length, 2);
    const before = client.peer.heard.length;
    const asked = ask(client);
    say(client, ...answerTo(client, asked));
    assert.ok(answered(client).shown.peer !== undefined);
    assert.equal(client.peer.heard.length, before + 1);
    const said = toHex(concatAll(tickets.map((heard) => (heard.kind === 'message' ? heard.raw : bytes(0)))));
    for (let at = 0; at + 4 <= asked.context.length; at++) {
      assert.ok(!said.includes(toHex(asked.context.subarray(at, at + 4))));
    }
  });

  it('a resumed connection may ask, too: its session knows nothing of what was shown later', () => {
    const ours = quickClientConfig({ credentials: [quickCredential], postHandshakeAuthentication: true });
    const theirs = quickServerConfig({ ...asking, ticketKeys });
    const first = askBoth(converse(client(ours, bytes(48)), server(theirs, bytes(48, 2))));
    const sessions = first.clientEffects.flatMap((effect) =>
      effect.kind === 'ticket' ? [effect.session] : [],
    );
    const again = client(ours, bytes(48, 3), { sessions, now: NOW });
    const second = askBoth(converse(again, server(theirs, bytes(48, 4))));
    const facts = find(second.serverEffects, 'established')?.facts;
    assert.deepEqual([facts?.resumed, facts?.peer], [true, undefined]);

    // RFC 7250: on a resumed connection no other kind is agreed on than X.509, which this client no longer has.
    const rawKey = must(rawKeyCredential(nullCrypto, quickLeafKey));
    const odd = quickClientConfig({ credentials: [rawKey], postHandshakeAuthentication: true });
    const hello = client(odd, bytes(48, 5), { sessions, now: NOW });
    const third = converse(hello, server(theirs, bytes(48, 6)));
    assert.equal(find(third.serverEffects, 'established')?.facts.resumed, true);
    assert.equal(status(third.server).canRequestCertificate, false);
  });

  it('a connection cannot be written down while it is asked for, and can before; then it asks no more', () => {
    const client = meetAsking();
    const before = snapshot(client.peer.state, factsOf(client));
    assert.ok(before.ok && dangerouslyExtractKeys(client.peer.state).ok);
    const restored = restore(client.peer.state.fixed.config, before.value);
    assert.ok(restored.ok);
    assert.equal(status(restored.value.state).canRequestCertificate, false);
    const messages = answerTo(client, ask(client));
    for (const attempt of [
      snapshot(client.peer.state, factsOf(client)),
      dangerouslyExtractKeys(client.peer.state),
    ]) {
      assert.equal(attempt.ok ? '' : attempt.error.kind, 'late-authentication');
    }
    say(client, ...messages);
    assert.ok(snapshot(client.peer.state, factsOf(client)).ok);
  });

  it('nothing is kept of the handshake where nobody may be asked', () => {
    for (const { peer } of [
      establishedServer({ server: asking }),
      establishedServer({ extensions: [postHandshakeAuth] }),
    ]) {
      const { phase } = peer.state;
      assert.ok(phase.kind === 'established' && phase.version === '1.3');
      assert.equal(phase.lateRequests, undefined);
    }
  });
});

test('the option needs TLS 1.3, somebody to judge, and names that fit', () => {
  const options = { crypto: nullCrypto, credentials: [quickCredential], ...asking } as const;
  const problemOf = (more: Partial<ServerOptions>) => {
    const config = serverConfig({ ...options, ...more });
    return config.ok ? undefined : config.error.option;
  };
  assert.equal(problemOf({}), undefined);
  assert.equal(problemOf({ versions: ['1.2'] }), 'postHandshakeAuthentication');
  assert.equal(
    problemOf({ postHandshakeAuthentication: { required: true } }),
    'postHandshakeAuthentication.authenticator',
  );
  assert.equal(
    problemOf({
      postHandshakeAuthentication: {
        ...required.postHandshakeAuthentication,
        certificateAuthorities: [bytes(0)],
      },
    }),
    'postHandshakeAuthentication.certificateAuthorities',
  );
});

function assertMayNotAsk({ peer }: ScriptedClient): void {
  assert.equal(status(peer.state).canRequestCertificate, false);
  assert.throws(() => requestCertificate(peer.state), /may not be asked now/);
}

/** Has the server ask, and the client answer with its certificate. */
function askBoth(run: Run): Run {
  const asked = converse({ state: run.client, effects: [] }, requestCertificate(run.server));
  const { shown } = find(asked.serverEffects, 'certificateAnswered') ?? assert.fail('no answer has come');
  assert.deepEqual(shown.peer?.leaf.der, quickCredential.leaf.der);
  return run;
}

/** Over as many records as it takes. */
function sayInPieces(client: ScriptedClient, messages: readonly Uint8Array[]): void {
  const whole = concatAll(messages);
  for (let from = 0; from < whole.length; from += 16_000) say(client, whole.subarray(from, from + 16_000));
}

/** Accepts the certificate that the caller is asked about. */
function accept({ peer }: ScriptedClient): void {
  const request = find(peer.effects, 'request')?.request;
  assert.ok(request?.kind === 'verdict');
  follow(peer, answer(peer.state, { kind: 'verdict', verdict: quickAuthenticator(request.presented) }));
}
