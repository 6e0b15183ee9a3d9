import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { cipherSuites } from '../../src/cipher-suites.ts';
import { contentTypes } from '../../src/codepoints.ts';
import { findExtension } from '../../src/extensions.ts';
import {
  alertFor,
  answer,
  type ClientOptions,
  client,
  close,
  type Effect,
  exportEarlyKeyingMaterial,
  keyLogLine,
  type Misbehaviour,
  receive,
  rotateTicketKeys,
  type SecretLabel,
  type Session,
  type Step,
  sendEarlyData,
  server,
  TICKET_KEY_ENTROPY,
} from '../../src/index.ts';
import { encodeHandshake } from '../../src/messages.ts';
import { type Protection, protection, sealedLength, sealRecord } from '../../src/record.ts';
import { assertAt, assertMisbehaved } from './expect.ts';
import { nullCrypto } from './null-crypto.ts';
import { follow, interject, messagesHeard, recordsOf } from './peer.ts';
import { quickClientConfig, quickServerConfig } from './quick.ts';
import { meetClient, type ScriptedServer, type ScriptedServerOptions } from './scripted-server.ts';
import { bytes, concatAll, converse, data, find, hex, NOW, sent } from './support.ts';

// What each side refuses, and how it says so, where the other goes wrong about early data (RFC 9846 §4.3.10, §4.6).

const ticketKeys = rotateTicketKeys([], bytes(TICKET_KEY_ENTROPY, 3));
const EARLY = bytes(100, 7);
const earlyExtension = { name: 'earlyData', value: new Uint8Array(0) } as const;

describe('a client that offers early data', () => {
  it('says so in its first hello, with a PSK, and then speaks under other keys (§E.4)', () => {
    const { peer, hello } = facing();
    assert.ok(findExtension(hello().extensions, 'earlyData') !== undefined);
    assert.ok(findExtension(hello().extensions, 'preSharedKey') !== undefined);
    follow(peer, sendEarlyData(peer.state, EARLY));
    assert.deepEqual(
      peer.heard.map(({ kind }) => kind),
      ['message', 'changeCipherSpec', 'data'],
    );
  });

  it('ends it by EndOfEarlyData once it is accepted, and says change_cipher_spec only once', () => {
    const { peer, play } = facing({ acceptsEarlyData: true });
    follow(peer, sendEarlyData(peer.state, EARLY));
    play('serverHello', 'encryptedExtensions');
    follow(peer, sendEarlyData(peer.state, EARLY));
    play('finished');
    assertAt(peer, 'established');
    assert.deepEqual(
      peer.heard.map((heard) => (heard.kind === 'message' ? heard.message.kind : heard.kind)),
      ['clientHello', 'changeCipherSpec', 'data', 'data', 'endOfEarlyData', 'finished'],
    );
  });

  it('exports from it later on, also while its caller is asked for a certificate', () => {
    const { peer, play } = facing({
      acceptsEarlyData: true,
      client: { postHandshakeAuthentication: true, credentials: 'ask' },
    });
    play('serverHello', 'encryptedExtensions', 'finished');
    const exported = () => exportEarlyKeyingMaterial(peer.state, 'EXPORTER-test', bytes(3), 40);
    const before = exported();
    const extensions = [{ name: 'signatureAlgorithms', value: [0x0807] }] as const;
    const body = { certificateRequestContext: bytes(8), extensions };
    interject(peer, { kind: 'certificateRequest', body });
    assertAt(peer, 'awaitLateCredential');
    assert.deepEqual(exported(), before);
  });

  it('does not say EndOfEarlyData when it is rejected', () => {
    const { peer, play } = facing();
    follow(peer, sendEarlyData(peer.state, EARLY));
    play('serverHello', 'encryptedExtensions');
    assert.throws(() => sendEarlyData(peer.state, EARLY), /not open/);
    play('finished');
    assertAt(peer, 'established');
    assert.equal(messagesHeard(peer, 'endOfEarlyData').length, 0);
    assert.deepEqual(find(peer.effects, 'established')?.facts.earlyData, {
      kind: 'rejected',
      reason: 'declined',
    });
  });

  it('sends no more of it as soon as the server goes on without the PSK', () => {
    const { peer, play } = facing({ selected: -1 });
    follow(peer, sendEarlyData(peer.state, EARLY));
    play('serverHello');
    assert.throws(() => sendEarlyData(peer.state, EARLY), /not open/);
    play('encryptedExtensions', 'certificate', 'certificateVerify', 'finished');
    assertAt(peer, 'established');
  });

  it('takes it back after a HelloRetryRequest, whose answer is in the clear (§4.2.2)', () => {
    const { peer, play, hello } = facing();
    follow(peer, sendEarlyData(peer.state, EARLY));
    play('helloRetryRequest');
    assert.equal(findExtension(hello().extensions, 'earlyData'), undefined);
    assert.throws(() => sendEarlyData(peer.state, EARLY), /not open/);
    const [, , , second] = peer.heard;
    assert.ok(second?.kind === 'message' && !second.protected);
    assert.equal(peer.heard.filter(({ kind }) => kind === 'changeCipherSpec').length, 1);
  });

  const refusals: readonly (readonly [string, ScriptedServerOptions, Misbehaviour])[] = [
    ['goes on from another PSK', { selected: 1 }, 'early-data-without-first-psk'],
    ['goes on without a PSK', { selected: -1 }, 'early-data-without-first-psk'],
    [
      'chooses another suite',
      { acceptsEarlyData: true, suite: 'TLS_CHACHA20_POLY1305_SHA256' },
      'early-data-under-another-suite',
    ],
    [
      'chooses another protocol',
      { acceptsEarlyData: true, client: { applicationProtocols: ['a'] }, applicationProtocol: 'a' },
      'early-data-under-another-protocol',
    ],
  ];
  for (const [what, options, reason] of refusals) {
    it(`refuses a server that takes it and ${what}`, () => {
      const { peer, play } = facing(
        options.acceptsEarlyData === true ? options : { ...options, heardUnder: 'handshake' },
      );
      play('serverHello', 'encryptedExtensions');
      assertMisbehaved(peer, 'illegal_parameter', reason);
    });
  }

  it('refuses a server that takes it after its HelloRetryRequest', () => {
    const { peer, play } = facing({ heardUnder: 'handshake' });
    play('helloRetryRequest', 'serverHello', 'encryptedExtensions');
    assertMisbehaved(peer, 'unsupported_extension', 'unsolicited-extension');
  });

  it('gives up under the keys that the server can read', () => {
    const undecided = facing();
    undecided.play('serverHello');
    undecided.say.encryptedExtensions((body) => ({
      extensions: [...body.extensions, ...body.extensions, earlyExtension, earlyExtension],
    }));
    assertMisbehaved(undecided.peer, 'illegal_parameter', 'duplicate-extension');
    const accepted = facing({ acceptsEarlyData: true });
    accepted.play('serverHello', 'encryptedExtensions');
    accepted.say.finished(undefined, (raw) => raw.map((byte, i) => (i === raw.length - 1 ? byte ^ 1 : byte)));
    assertMisbehaved(accepted.peer, 'decrypt_error', 'bad-finished');
  });

  it('may be told to stop before the server has answered', () => {
    const { peer, play } = facing();
    play('serverHello');
    follow(peer, close(peer.state));
    assert.deepEqual(
      peer.heard.flatMap((heard) => (heard.kind === 'alert' ? [heard.alert] : [])),
      ['user_canceled', 'close_notify'],
    );
  });
});

describe('a server that has accepted early data', () => {
  it('refuses any other message under its keys', () => {
    const { step, seal } = accepting();
    const finished = encodeHandshake({ kind: 'finished', body: { verifyData: bytes(32) } });
    assertRefused(receive(step.state, seal(contentTypes.handshake, finished), NOW), 'unexpected-message');
  });

  it('refuses bytes behind EndOfEarlyData in its record', () => {
    const { step, seal } = accepting();
    const messages = hex('05 000000 14');
    assertRefused(
      receive(step.state, seal(contentTypes.handshake, messages), NOW),
      'unread-handshake-bytes-at-key-change',
    );
  });

  it('refuses an EndOfEarlyData with something in it', () => {
    const { step, seal } = accepting();
    const { effects } = receive(step.state, seal(contentTypes.handshake, hex('05 000001 00')), NOW);
    assert.equal(find(effects, 'failed')?.failure.kind, 'malformed');
  });

  it('refuses data between the parts of EndOfEarlyData', () => {
    const { step, seal } = accepting();
    const records = [seal(contentTypes.handshake, hex('05 00')), seal(contentTypes.applicationData, EARLY)];
    assertRefused(receive(step.state, concatAll(records), NOW), 'interleaved-handshake-message');
  });

  it('refuses a client that leaves EndOfEarlyData out', () => {
    const { step, opened } = accepting();
    const over = receive(opened.state, sent(step.effects), NOW);
    const [, finished] = recordsOf(sent(over.effects));
    assertRefused(receive(step.state, finished ?? bytes(0), NOW), 'decryption-failed');
  });

  it('counts empty records, which are worth nothing', () => {
    const { step, seal } = accepting();
    const empty = Array.from({ length: 17 }, () => seal(contentTypes.applicationData, bytes(0)));
    assertRefused(receive(step.state, concatAll(empty), NOW), 'too-many-useless-records');
  });

  it('hears of a client that gives up', () => {
    const { step, seal } = accepting();
    const { effects } = receive(step.state, seal(contentTypes.alert, hex('02 2f')), NOW);
    const failure = find(effects, 'failed')?.failure;
    assert.ok(failure?.kind === 'peerAlert' && failure.alert === 'illegal_parameter');
  });
});

test('a server drops early data that it rejects, and alerts among it', () => {
  const opened = opening();
  const spoiled = sent(opened.effects);
  const waiting = receive(server(takingEarlyData(), bytes(48, 2)).state, spoiled, NOW);
  const refused = answer(waiting.state, { kind: 'refusal', reason: 'no store' });
  assert.equal(data(refused.effects).length, 0);
  const over = receive(opened.state, sent(refused.effects), NOW);
  const established = receive(refused.state, sent(over.effects), NOW);
  assert.deepEqual(find(established.effects, 'established')?.facts.earlyData, {
    kind: 'rejected',
    reason: 'replay',
  });
});

test('the key log has the early secrets under their names, the same at both ends', () => {
  const { step, opened } = accepting();
  const lines = (effects: readonly Effect[]) =>
    effects.flatMap((effect) => {
      const line = effect.kind === 'trace' ? keyLogLine(effect.event) : undefined;
      return line !== undefined && /EARLY/.test(line) ? [line] : [];
    });
  assert.equal(lines(opened.effects).length, 2);
  assert.match(lines(opened.effects)[0] ?? '', /^CLIENT_EARLY_TRAFFIC_SECRET [0-9a-f]{64} [0-9a-f]{64}$/);
  assert.match(lines(opened.effects)[1] ?? '', /^EARLY_EXPORTER_SECRET /);
  assert.deepEqual(lines(step.effects), lines(opened.effects));
});

test('how a first flight with early data is cut makes no difference', () => {
  const first = sent(opening().effects);
  const outcome = (pieces: readonly Uint8Array[]) => {
    let { state } = server(takingEarlyData(), bytes(48, 2));
    const effects: Effect[] = [];
    for (const piece of pieces) {
      const step = receive(state, piece, NOW);
      state = step.state;
      effects.push(...step.effects);
    }
    const last = answer(state, { kind: 'replayCheck', isNew: true });
    effects.push(...last.effects);
    const { phase, read } = last.state;
    return {
      out: sent(effects),
      early: data(effects),
      phase: phase.kind,
      sequence: read.protection?.sequence,
    };
  };
  const whole = outcome([first]);
  assert.deepEqual(whole.early, EARLY);
  for (let at = 1; at < first.length; at++) {
    assert.deepEqual(outcome([first.subarray(0, at), first.subarray(at)]), whole, `cut at ${at}`);
  }
  assert.deepEqual(outcome(Array.from(first, (byte) => Uint8Array.of(byte))), whole);
});

test('any byte of early data changed on the way ends the connection', () => {
  const first = sent(opening().effects);
  const [, , record] = recordsOf(first);
  assert.ok(record !== undefined);
  for (let at = 0; at < record.length; at++) {
    // The version of a record is ignored (§5.1), but it is authenticated.
    const changed = first.slice();
    const place = first.length - record.length + at;
    changed[place] = (changed[place] ?? 0) ^ 1;
    const waiting = receive(server(takingEarlyData(), bytes(48, 2)).state, changed, NOW);
    const { effects } =
      find(waiting.effects, 'request') === undefined
        ? waiting
        : answer(waiting.state, { kind: 'replayCheck', isNew: true });
    assert.equal(data(effects).length, 0, `byte ${at}`);
    assert.equal(find(effects, 'established'), undefined);
  }
});

/** A client that has sessions which allow early data, and offers it. */
function facing(
  options: ScriptedServerOptions & {
    /** Under which keys a server listens that says it takes early data. */
    readonly heardUnder?: 'handshake';
  } = {},
): ScriptedServer {
  const { heardUnder, ...rest } = options;
  const resumption = { sessions: sessions(rest.client), now: NOW, earlyData: true };
  const scripted = meetClient({ ...rest, resumption });
  if (heardUnder === undefined) return scripted;
  return {
    ...scripted,
    play: (...kinds) => {
      for (const kind of kinds) {
        if (kind === 'encryptedExtensions') {
          scripted.say.encryptedExtensions((body) => ({ extensions: [...body.extensions, earlyExtension] }));
        } else scripted.play(kind);
      }
    },
  };
}

function takingEarlyData() {
  return quickServerConfig({ ticketKeys, maxEarlyData: 1000, trace: 'secrets' });
}

function sessions(options: Partial<ClientOptions> = {}): readonly Session[] {
  const { applicationProtocols: _, ...plain } = options;
  const first = converse(
    client(quickClientConfig(plain), bytes(48, 11)),
    server(takingEarlyData(), bytes(48, 12)),
  );
  return first.clientEffects.flatMap((effect) => (effect.kind === 'ticket' ? [effect.session] : []));
}

/** A client's first flight with early data. */
function opening(): Step {
  const config = quickClientConfig({ trace: 'secrets' });
  const first = client(config, bytes(48, 21), { sessions: sessions(), now: NOW, earlyData: true });
  const early = sendEarlyData(first.state, EARLY);
  return { state: early.state, effects: [...first.effects, ...early.effects] };
}

/** A server that has accepted it, and a way to say something else under the client's early keys. */
function accepting(): {
  readonly step: Step;
  readonly opened: Step;
  readonly seal: (type: number, content: Uint8Array) => Uint8Array;
} {
  const opened = opening();
  const waiting = receive(server(takingEarlyData(), bytes(48, 2)).state, sent(opened.effects), NOW);
  const step = answer(waiting.state, { kind: 'replayCheck', isNew: true });
  assert.equal(step.state.phase.kind, 'awaitEndOfEarlyData');
  // One record has been sent under these keys.
  let current: Protection = { ...earlyProtection(opened.effects), sequence: 1 };
  return {
    step,
    opened,
    seal: (type, content) => {
      const out = new Uint8Array(sealedLength(current, content.length));
      sealRecord(current, type, 0x0303, content, out, 0);
      current = { ...current, sequence: current.sequence + 1 };
      return out;
    },
  };
}

function earlyProtection(effects: readonly Effect[]): Protection {
  const label: SecretLabel = 'CLIENT_EARLY_TRAFFIC_SECRET';
  for (const effect of effects) {
    if (effect.kind === 'trace' && effect.event.kind === 'secret' && effect.event.label === label) {
      return protection(nullCrypto, cipherSuites.TLS_AES_128_GCM_SHA256, effect.event.secret);
    }
  }
  return assert.fail('no early secret');
}

function assertRefused({ effects }: Step, reason: Misbehaviour): void {
  const failure = find(effects, 'failed')?.failure;
  assert.ok(failure?.kind === 'peerMisbehaved', failure?.kind);
  assert.equal(failure.reason, reason);
  assert.ok(alertFor(failure) !== undefined);
}
