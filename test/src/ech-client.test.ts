import assert from 'node:assert/strict';
import { test } from 'node:test';
import { echConfigList } from '../../src/ech/config.ts';
import { acceptConfirmation } from '../../src/ech/confirmation.ts';
import {
  type ClientHelloExtension,
  findExtension,
  type HelloRetryRequestExtension,
} from '../../src/extensions.ts';
import {
  answer,
  type ClientOptions,
  client,
  describeFailure,
  type Effect,
  encodeEchKey,
  type Facts,
  receive,
  rotateTicketKeys,
  type SecretLabel,
  type Session,
  type State,
  sendEarlyData,
  server,
} from '../../src/index.ts';
import {
  type EncryptedExtensions,
  encodeHandshake,
  type HelloRetryRequest,
  type ServerHello,
} from '../../src/messages.ts';
import { decode } from '../../src/wire/codec.ts';
import { chainOfTrust, trustAnchor } from '../../x509/index.ts';
import {
  echConfigs,
  echKey,
  editedConfig,
  listOf,
  otherEchConfigs,
  otherEchKey,
  PUBLIC_NAME,
  SECRET_NAME,
  typesOf,
} from './ech.ts';
import { assertAt, assertFailed, assertMisbehaved } from './expect.ts';
import { nullCrypto } from './null-crypto.ts';
import { messagesHeard } from './peer.ts';
import { quickAuthority, quickClientConfig, quickCredential, quickServerConfig } from './quick.ts';
import { meetClient, type ScriptedServer, serverFlight } from './scripted-server.ts';
import { bytes, converse, data, find, makeCredential, must, NOW, sent, toHex } from './support.ts';

// A client's part in Encrypted ClientHello (RFC 9849 §6): what it shows, what it hides, and what it makes of the answer.

const offering = { serverName: SECRET_NAME, encryptedClientHello: { configs: echConfigs } } as const;

const secretCredential = makeCredential(quickAuthority, {
  crypto: nullCrypto,
  kind: { kind: 'ed25519' },
  names: [SECRET_NAME],
});

test('on the wire stands the public name, and the true one nowhere', () => {
  const { effects, state } = start(offering);
  const wire = Buffer.from(sent(effects)).toString('latin1');
  assert.ok(wire.includes(PUBLIC_NAME) && !wire.includes(SECRET_NAME));
  const { inner, outer } = pairOf(state);
  assert.equal(nameIn(inner.extensions), SECRET_NAME);
  assert.equal(nameIn(outer.extensions), PUBLIC_NAME);
  assert.deepEqual(inner.legacySessionId, outer.legacySessionId);
  assert.notDeepEqual(inner.random, outer.random);
  assert.deepEqual(findExtension(inner.extensions, 'supportedVersions'), [0x0304]);
  assert.equal(findExtension(inner.extensions, 'encryptedClientHello')?.kind, 'inner');
});

test('names up to the length that the server announces make hellos of one length (§6.1.3)', () => {
  const lengthFor = (options: Partial<ClientOptions>) =>
    sent(start({ ...offering, ...options }).effects).length;
  const expected = lengthFor({});
  for (const serverName of ['a.example', `${'a'.repeat(24)}.example`]) {
    assert.equal(lengthFor({ serverName }), expected);
  }
  assert.equal(lengthFor({ sendServerName: false }), expected);
  assert.equal(lengthFor({ serverName: '192.0.2.1' }), expected);
  assert.equal(lengthFor({ serverName: `${'a'.repeat(60)}.example` }), expected + 32);
});

test('what may tell one server from another stays inside (§10.5)', () => {
  const extensions = [{ type: 0x7777, data: bytes(3) }];
  const applicationProtocols = ['h2'];
  const { inner, outer } = pairOf(
    start({ ...offering, rawExtensions: extensions, applicationProtocols }).state,
  );
  assert.ok(typesOf(inner).includes(0x7777) && !typesOf(outer).includes(0x7777));
  assert.ok(typesOf(inner).includes(16) && typesOf(outer).includes(16));
  const hidden = { configs: echConfigs, hideApplicationProtocols: true };
  const discreet = pairOf(start({ ...offering, applicationProtocols, encryptedClientHello: hidden }).state);
  assert.ok(typesOf(discreet.inner).includes(16) && !typesOf(discreet.outer).includes(16));
});

test('a server with the key answers the inner hello, whatever the order of the extensions and after a retry too', () => {
  for (const extensionOrder of ['fixed', 'permuted', ['keyShare', 'serverName', 0xfe0d]] as const) {
    for (const groups of [['x25519'], ['secp256r1']] as const) {
      for (const grease of [false, true]) {
        const options = { ...offering, extensionOrder, grease, applicationProtocols: ['h2'] };
        const run = meet(options, { groups, helloRetryCookie: true });
        const theirs = factsOf(run.serverEffects);
        assert.equal(theirs.serverName, SECRET_NAME);
        assert.ok(theirs.encryptedClientHello && factsOf(run.clientEffects).encryptedClientHello);
        assert.equal(theirs.helloRetryRequest, groups[0] === 'secp256r1');
      }
    }
  }
});

test('a rejected client authenticates the public name, says ech_required, and hands on the configurations', () => {
  const refusing = meetClient({ client: offering });
  refusing.play('serverHello');
  refusing.say.encryptedExtensions(withRetryConfigs);
  refusing.play('certificate', 'certificateVerify', 'finished');
  assertFailed(refusing.peer, 'ech_required', 'echRejected');
  const failure = find(refusing.peer.effects, 'failed')?.failure;
  assert.deepEqual(failure, {
    kind: 'echRejected',
    publicName: PUBLIC_NAME,
    retryConfigs: listOf(otherEchKey.config),
  });
  assert.equal(find(refusing.peer.effects, 'established'), undefined);
  // The handshake was brought to its end, under keys that the alert is under, too.
  assert.equal(messagesHeard(refusing.peer, 'finished').length, 1);
});

test('a rejection without configurations says so: the server has no ECH any more', () => {
  const refusing = meetClient({ client: offering });
  refusing.play(...serverFlight);
  const failure = find(refusing.peer.effects, 'failed')?.failure;
  assert.equal(failure?.kind === 'echRejected' ? failure.retryConfigs : 'no rejection', undefined);
});

test('whoever cannot prove the public name says nothing about configurations (§6.1.6)', () => {
  const configs = editedConfig((contents) => ({ ...contents, publicName: 'other.example' }));
  const impostor = meetClient({ client: { ...offering, encryptedClientHello: { configs } } });
  impostor.play('serverHello');
  impostor.say.encryptedExtensions(withRetryConfigs);
  impostor.play('certificate', 'certificateVerify');
  assertFailed(impostor.peer, 'bad_certificate', 'certificate name-mismatch');
});

test('a certificate for the true name is worth nothing on a rejection', () => {
  const server = meetClient({
    client: offering,
    chain: secretCredential.chain,
    ...(secretCredential.key.kind === 'private' ? { key: secretCredential.key.key } : {}),
  });
  server.play('serverHello', 'encryptedExtensions', 'certificate', 'certificateVerify');
  assertFailed(server.peer, 'bad_certificate', 'certificate name-mismatch');
});

test('whoever answers for the verdict is told the public name after a rejection, the true one otherwise', () => {
  const rejected = meetClient({ client: { ...offering, authenticator: 'ask' } });
  rejected.play('serverHello', 'encryptedExtensions', 'certificate', 'certificateVerify');
  assert.deepEqual(identityAsked(rejected.peer.effects), { kind: 'dns', name: PUBLIC_NAME });
  const accepted = meet({ ...offering, authenticator: 'ask' });
  assert.deepEqual(identityAsked(accepted.clientEffects), { kind: 'dns', name: SECRET_NAME });
});

test('a rejected client shows no certificate, and nobody is asked for one (§6.1.7)', () => {
  for (const credentials of [[quickCredential], 'ask'] as const) {
    const refusing = meetClient({ client: { ...offering, credentials } });
    refusing.play(
      'serverHello',
      'encryptedExtensions',
      'certificateRequest',
      'certificate',
      'certificateVerify',
      'finished',
    );
    assertFailed(refusing.peer, 'ech_required', 'echRejected');
    const [certificate] = messagesHeard(refusing.peer, 'certificate');
    assert.ok(certificate?.kind === 'certificate');
    assert.deepEqual(certificate.body.certificateList, []);
    assert.equal(find(refusing.peer.effects, 'request'), undefined);
  }
});

test('an answer to the outer hello may only use what stood in it', () => {
  const options = { ...offering, applicationProtocols: ['h2'] };
  const hidden = { configs: echConfigs, hideApplicationProtocols: true };
  const refusing = meetClient({
    client: { ...options, encryptedClientHello: hidden },
    applicationProtocol: 'h2',
  });
  refusing.play('serverHello', 'encryptedExtensions');
  assertMisbehaved(refusing.peer, 'unsupported_extension', 'unsolicited-extension');
});

test('configurations that do not parse are malformed, from whatever server', () => {
  for (const encryptedClientHello of [{ configs: echConfigs }, 'grease'] as const) {
    const garbled = meetClient({ client: { ...offering, serverName: PUBLIC_NAME, encryptedClientHello } });
    garbled.play('serverHello');
    garbled.say.encryptedExtensions((body) => ({
      ...body,
      extensions: [{ name: 'unknown', type: 0xfe0d, data: Uint8Array.of(0, 4, 0xfe, 0x0d, 0, 9) }],
    }));
    assertFailed(garbled.peer, 'decode_error', 'malformed encryptedExtensions');
  }
});

test('a server that has read the inner hello sends no configurations', () => {
  const accepting = acceptedBy(meetClient({ client: offering }));
  accepting.say.encryptedExtensions(withRetryConfigs);
  assertMisbehaved(accepting.peer, 'unsupported_extension', 'unsolicited-extension');
});

test('one byte of the signal wrong is a rejection', () => {
  const almost = acceptedBy(meetClient({ client: offering }), (signal) =>
    signal.fill((signal[7] ?? 0) ^ 1, 7),
  );
  assert.equal(outcomeOf(almost), 'rejected');
  assert.equal(outcomeOf(acceptedBy(meetClient({ client: offering }))), 'accepted');
});

test('a HelloRetryRequest with random bytes for a signal, or with none, is a rejection', () => {
  for (const extensions of [[], [signal(bytes(8))]]) {
    const refusing = meetClient({ client: offering });
    const before = refusing.hello();
    refusing.say.helloRetryRequest(adding(...extensions));
    // What looked encrypted stays as it was.
    assert.deepEqual(
      findExtension(refusing.hello().extensions, 'encryptedClientHello'),
      findExtension(before.extensions, 'encryptedClientHello'),
    );
    refusing.play(...serverFlight);
    assertFailed(refusing.peer, 'ech_required', 'echRejected');
  }
});

test('a signal of another length is malformed, and one that nobody asked for is refused', () => {
  const short = meetClient({ client: offering });
  short.say.helloRetryRequest(adding({ name: 'unknown', type: 0xfe0d, data: bytes(7) }));
  assertFailed(short.peer, 'decode_error', 'malformed helloRetryRequest');
  const unasked = meetClient();
  unasked.say.helloRetryRequest(adding(signal(bytes(8))));
  assertMisbehaved(unasked.peer, 'unsupported_extension', 'unsolicited-extension');
});

test('who has accepted in HelloRetryRequest must accept in ServerHello (§6.1.5)', () => {
  const config = quickClientConfig(offering);
  const serving = quickServerConfig({
    groups: ['secp256r1'],
    encryptedClientHello: { keys: [echKey] },
    credentials: [quickCredential],
  });
  const hello = client(config, bytes(48));
  const asked = receive(server(serving, bytes(48, 2)).state, sent(hello.effects), NOW);
  const again = receive(hello.state, sent(asked.effects), NOW);
  const flight = sent(receive(asked.state, sent(again.effects), NOW).effects);
  // The last byte of the random, behind the headers of record and message and legacy_version.
  const last = 5 + 4 + 2 + 31;
  flight[last] = (flight[last] ?? 0) ^ 1;
  const end = receive(again.state, flight, NOW).effects.at(-1);
  assert.ok(end?.kind === 'failed' && end.failure.kind === 'peerMisbehaved');
  assert.equal(end.failure.reason, 'ech-not-confirmed-after-retry');
});

test('GREASE looks like an encrypted hello, stays as it is after a retry, and ignores what comes of it', () => {
  const greasing = { serverName: PUBLIC_NAME, encryptedClientHello: 'grease' } as const;
  const { state } = start(greasing);
  assert.equal(state.phase.kind === 'awaitServerHello' && state.phase.ech, undefined);
  const scripted = meetClient({ client: greasing });
  const ech = findExtension(scripted.hello().extensions, 'encryptedClientHello');
  assert.ok(ech?.kind === 'outer');
  assert.deepEqual([ech.value.enc.length, ech.value.payload.length % 32], [32, 16]);
  scripted.say.helloRetryRequest(adding(signal(bytes(8))));
  assert.deepEqual(findExtension(scripted.hello().extensions, 'encryptedClientHello'), ech);
  scripted.play('serverHello');
  scripted.say.encryptedExtensions(withRetryConfigs);
  scripted.play('certificate', 'certificateVerify', 'finished');
  assertAt(scripted.peer, 'established');
  assert.equal(factsOf(scripted.peer.effects).encryptedClientHello, false);
});

test('GREASE and the real thing have the same extensions in the same order', () => {
  const real = pairOf(start(offering).state).outer;
  const { state } = start({ serverName: PUBLIC_NAME, encryptedClientHello: 'grease' });
  assert.ok(state.phase.kind === 'awaitServerHello');
  assert.deepEqual(typesOf(state.phase.sent.hello), typesOf(real));
});

test('a session is resumed inside, and outside stands something that looks like it (§6.1.2)', () => {
  const ticketKeys = rotateTicketKeys([], bytes(48, 50));
  const session = sessionFrom(meet(offering, { ticketKeys }).clientEffects);
  const resumption = { sessions: [session], now: NOW };
  const config = quickClientConfig(offering);
  const begun = client(config, bytes(48, 7), resumption);
  const { inner, outer } = pairOf(begun.state);
  const [innerPsks, outerPsks] = [inner, outer].map((hello) =>
    findExtension(hello.extensions, 'preSharedKey'),
  );
  assert.ok(innerPsks !== undefined && outerPsks !== undefined);
  assert.deepEqual(innerPsks.identities[0]?.identity, session.ticket);
  assert.equal(outerPsks.identities[0]?.identity.length, session.ticket.length);
  assert.notDeepEqual(outerPsks.identities[0]?.identity, session.ticket);
  assert.equal(outerPsks.binders[0]?.length, innerPsks.binders[0]?.length);
  assert.equal(outer.extensions.at(-1)?.name, 'preSharedKey');
  for (const groups of [['x25519'], ['secp256r1']] as const) {
    const again = converse(begun, server(servingConfig({ ticketKeys, groups }), bytes(48, 8)));
    const facts = factsOf(again.clientEffects);
    assert.ok(facts.resumed && facts.encryptedClientHello);
  }
});

test('tickets as long as a server likes make no hello that cannot be written', () => {
  const ticketKeys = rotateTicketKeys([], bytes(48, 50));
  const session = sessionFrom(meet(offering, { ticketKeys }).clientEffects);
  const sessions = [16_000, 16_001, 3_000, 3_001].map((length) => ({ ...session, ticket: bytes(length) }));
  for (const options of [offering, { serverName: SECRET_NAME }]) {
    const { state } = client(quickClientConfig(options), bytes(48), { sessions, now: NOW });
    assert.ok(state.phase.kind === 'awaitServerHello');
    const hello = (state.phase.ech?.inner ?? state.phase.sent).hello;
    const identities = findExtension(hello.extensions, 'preSharedKey')?.identities ?? [];
    assert.deepEqual(
      identities.map(({ identity }) => identity.length),
      [16_000, 3_000],
    );
  }
});

test('a server that takes the PSK of the outer hello has made that up (§6.1.2)', () => {
  const ticketKeys = rotateTicketKeys([], bytes(48, 50));
  const session = sessionFrom(meet(offering, { ticketKeys }).clientEffects);
  const scripted = meetClient({
    client: offering,
    resumption: { sessions: [session], now: NOW },
    selected: -1,
  });
  scripted.say.serverHello((hello) => ({
    ...hello,
    extensions: [...hello.extensions, { name: 'preSharedKey', value: 0 }],
  }));
  assertMisbehaved(scripted.peer, 'illegal_parameter', 'unoffered-psk');
});

test('early data goes with the inner hello, and is dropped by whoever reads only the outer one', () => {
  const ticketKeys = rotateTicketKeys([], bytes(48, 50));
  const generous = { ticketKeys, maxEarlyData: 100 };
  const sessions = [sessionFrom(meet(offering, generous).clientEffects)];
  for (const [serving, fact] of [
    [{}, 'accepted'],
    [{ groups: ['secp256r1'] }, 'rejected'],
    [{ encryptedClientHello: { keys: [otherEchKey] } }, undefined],
  ] as const) {
    const begun = client(quickClientConfig(offering), bytes(48, 7), { sessions, now: NOW, earlyData: true });
    const { outer } = pairOf(begun.state);
    assert.ok(typesOf(outer).includes(42), 'the outer hello says that early data follows (§6.1)');
    const early = sendEarlyData(begun.state, bytes(20));
    const both = { state: early.state, effects: [...begun.effects, ...early.effects] };
    const serverConfig = servingConfig({ ...generous, ...serving });
    const taken = receive(server(serverConfig, bytes(48, 8)).state, sent(both.effects), NOW);
    const asked = find(taken.effects, 'request')?.request.kind;
    assert.equal(asked, fact === 'accepted' ? 'replayCheck' : undefined);
    const answered = asked === undefined ? taken : answer(taken.state, { kind: 'replayCheck', isNew: true });
    const run = converse({ state: both.state, effects: [] }, answered);
    assert.deepEqual(data(run.serverEffects), fact === 'accepted' ? bytes(20) : new Uint8Array(0));
    if (fact === undefined) {
      assert.equal(find(run.clientEffects, 'failed')?.failure.kind, 'echRejected');
    } else {
      assert.equal(factsOf(run.clientEffects).earlyData.kind, fact);
      assert.ok(factsOf(run.clientEffects).encryptedClientHello);
    }
  }
});

test('the key log names the secret of ECH at both ends, under the random on the wire (RFC 9850 §2.3)', () => {
  const run = meet({ ...offering, trace: 'secrets' }, { trace: 'secrets' });
  for (const label of ['ECH_SECRET', 'ECH_CONFIG'] as const) {
    const [ours, theirs] = [run.clientEffects, run.serverEffects].map((effects) => secretIn(effects, label));
    assert.ok(ours !== undefined);
    assert.deepEqual(theirs, ours);
  }
  assert.equal(secretIn(run.clientEffects, 'ECH_CONFIG')?.secret, toHex(echKey.config));
  const handshakeSecret = secretIn(run.clientEffects, 'CLIENT_HANDSHAKE_TRAFFIC_SECRET');
  assert.notEqual(handshakeSecret?.random, secretIn(run.clientEffects, 'ECH_SECRET')?.random);
  assert.equal(handshakeSecret?.random, toHex(factsOf(run.clientEffects).clientRandom));
});

test('the trace says what was inside, and what became of it', () => {
  const run = meet({ ...offering, trace: 'messages' }, { trace: 'messages' });
  const events = (effects: readonly Effect[]) =>
    effects.flatMap((effect) =>
      effect.kind === 'trace' && effect.event.kind === 'encryptedClientHello'
        ? [[effect.event.status, effect.event.details['serverName']]]
        : [],
    );
  assert.deepEqual(events(run.clientEffects), [
    ['offered', SECRET_NAME],
    ['accepted', SECRET_NAME],
  ]);
  assert.deepEqual(events(run.serverEffects), [['accepted', SECRET_NAME]]);
  const stranger = meet(
    { ...offering, trace: 'messages' },
    { encryptedClientHello: { keys: [otherEchKey] }, trace: 'messages' },
  );
  assert.deepEqual(events(stranger.clientEffects).at(-1), ['rejected', undefined]);
  assert.deepEqual(events(stranger.serverEffects), [['rejected', undefined]]);
});

test('the configurations of a rejection are the ones to come back with', () => {
  const keys = { keys: [otherEchKey] };
  const first = meet(offering, { encryptedClientHello: keys });
  const failure = find(first.clientEffects, 'failed')?.failure;
  assert.ok(failure?.kind === 'echRejected' && failure.retryConfigs !== undefined);
  assert.deepEqual(failure.retryConfigs, otherEchConfigs);
  const configs = failure.retryConfigs;
  const second = meet({ ...offering, encryptedClientHello: { configs } }, { encryptedClientHello: keys });
  assert.ok(factsOf(second.clientEffects).encryptedClientHello);
  assert.equal(must(encodeEchKey(nullCrypto, otherEchKey)).includes('ECHCONFIG'), true);
});

function start(options: Partial<ClientOptions>) {
  return client(quickClientConfig(options), bytes(48));
}

function servingConfig(options: Parameters<typeof quickServerConfig>[0] = {}) {
  return quickServerConfig({
    encryptedClientHello: { keys: [echKey] },
    credentials: [secretCredential, quickCredential],
    applicationProtocols: ['h2'],
    ...options,
  });
}

function meet(options: Partial<ClientOptions>, serving: Parameters<typeof quickServerConfig>[0] = {}) {
  const authenticator = chainOfTrust({ anchors: [trustAnchor(quickAuthority.certificate)] });
  return converse(
    client(quickClientConfig({ authenticator, ...options }), bytes(48)),
    server(servingConfig(serving), bytes(48, 2)),
  );
}

function pairOf({ phase }: State) {
  assert.ok(phase.kind === 'awaitServerHello' && phase.ech !== undefined);
  return { inner: phase.ech.inner.hello, outer: phase.sent.hello };
}

function nameIn(extensions: readonly ClientHelloExtension[]): string | undefined {
  return findExtension(extensions, 'serverName')?.[0]?.hostName;
}

/** Lets a scripted server say a ServerHello as if it had read the inner hello. */
function acceptedBy(
  scripted: ScriptedServer,
  spoil: (signal: Uint8Array) => Uint8Array = (signal) => signal,
): ScriptedServer {
  const { peer, suite } = scripted;
  const { phase } = peer.state;
  assert.ok(phase.kind === 'awaitServerHello' && phase.ech !== undefined);
  const { hello, raw } = phase.ech.inner;
  peer.transcript.splice(0, 1, raw);
  scripted.say.serverHello((body: ServerHello) => {
    const before = nullCrypto.hashes[suite.hash].start().update(raw);
    const draft = encodeHandshake({ kind: 'serverHello', body });
    const random = Uint8Array.from(body.random);
    random.set(spoil(acceptConfirmation(nullCrypto, suite.hash, hello.random, before, draft)), 24);
    return { ...body, random };
  });
  return scripted;
}

function outcomeOf({ peer }: ScriptedServer): string {
  const { phase } = peer.state;
  return phase.kind === 'awaitEncryptedExtensions' ? phase.agreed.ech.kind : phase.kind;
}

/** With configurations to retry with. */
function withRetryConfigs(body: EncryptedExtensions): EncryptedExtensions {
  const value = must(decode(echConfigList, listOf(otherEchKey.config)));
  return { extensions: [...body.extensions, { name: 'encryptedClientHello', value }] };
}

function signal(value: Uint8Array): HelloRetryRequestExtension {
  return { name: 'encryptedClientHello', value };
}

function adding(...more: readonly HelloRetryRequestExtension[]) {
  return (retry: HelloRetryRequest): HelloRetryRequest => ({
    ...retry,
    extensions: [...retry.extensions, ...more],
  });
}

function factsOf(effects: readonly Effect[]): Facts {
  const failure = find(effects, 'failed')?.failure;
  assert.equal(failure && describeFailure(failure), undefined);
  return find(effects, 'established')?.facts ?? assert.fail('not established');
}

function sessionFrom(effects: readonly Effect[]): Session {
  return find(effects, 'ticket')?.session ?? assert.fail('no ticket');
}

function identityAsked(effects: readonly Effect[]) {
  const request = find(effects, 'request')?.request;
  return request?.kind === 'verdict' ? request.presented.identity : undefined;
}

function secretIn(effects: readonly Effect[], label: SecretLabel) {
  for (const effect of effects) {
    if (effect.kind === 'trace' && effect.event.kind === 'secret' && effect.event.label === label) {
      return { random: toHex(effect.event.clientRandom), secret: toHex(effect.event.secret) };
    }
  }
  return undefined;
}
