import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import fc from 'fast-check';
import { noble } from '../../nocrypto/index.ts';
import { node } from '../../nocrypto/node.ts';
import {
  client,
  close,
  dangerouslyExtractKeys,
  type Effect,
  type Facts,
  receive,
  restore,
  rotateTicketKeys,
  type State,
  type Step,
  send,
  server,
  snapshot,
  status,
  TICKET_KEY_ENTROPY,
  tlsExporter,
  tlsServerEndPoint,
  updateKeys,
} from '../../src/index.ts';
import { quickAuthenticator, quickClientConfig, quickCredential, quickServerConfig } from './quick.ts';
import { happenings, type Input, optionPairs, perform, recordConnection, type Side } from './recording.ts';
import { allStages } from './stages.ts';
import {
  bytes,
  concatAll,
  converse,
  data,
  find,
  makeClientConfig,
  makeServerConfig,
  must,
  NOW,
  type Run,
  runs,
  sent,
} from './support.ts';

const ticketKeys = rotateTicketKeys([], bytes(TICKET_KEY_ENTROPY, 3));

describe('a restored connection', () => {
  it('does to every input what the one it was taken from does, wherever it is taken', () => {
    fc.assert(
      fc.property(optionPairs, happenings, (options, script) => {
        const parties = {
          client: quickClientConfig(options.client),
          server: quickServerConfig(options.server),
        };
        const facts = new Map<Side, Facts>();
        let restored = 0;
        recordConnection(parties, script, (state, input) => {
          const { role } = state.fixed.config;
          const known = facts.get(role);
          const step = perform(state, input);
          if (known !== undefined && state.phase.kind === 'established') {
            restored += 1;
            assertSame(state, known, input, step);
          }
          const established = find(step.effects, 'established');
          if (established !== undefined) facts.set(role, established.facts);
          return step;
        });
        assert.ok(restored > 0 || facts.size < 2);
      }),
      { numRuns: runs(100) },
    );
  });

  it('has the facts, the exporters and the channel bindings of before, at both ends', () => {
    const run = meet();
    for (const [state, facts] of ends(run)) {
      const again = restored(state, facts);
      assert.deepEqual(find(again.effects, 'established')?.facts, facts);
      assert.equal(again.effects.length, 1);
      assert.deepEqual(tlsExporter(again.state), tlsExporter(state));
      assert.deepEqual(tlsServerEndPoint(again.state), tlsServerEndPoint(state));
    }
  });

  it('of a server knows the client that a certificate has authenticated', () => {
    const run = converse(
      client(quickClientConfig({ credentials: [quickCredential] }), bytes(48)),
      server(
        quickServerConfig({
          clientAuthentication: {
            authenticator: (presented) =>
              quickAuthenticator({ ...presented, purpose: 'serverAuth', identity: namedServer }),
            required: true,
          },
        }),
        bytes(48, 2),
      ),
    );
    const facts = factsOf(run.serverEffects);
    assert.ok(facts.peer !== undefined);
    assert.deepEqual(find(restored(run.server, facts).effects, 'established')?.facts, facts);
  });

  it('takes tickets that come later, and they resume', () => {
    const clientConfig = makeClientConfig();
    const serverConfig = makeServerConfig({ ticketKeys });
    // The server's tickets are held back until the client has been restored.
    const first = client(clientConfig, bytes(48, 1));
    const flight = receive(server(serverConfig, bytes(48, 2)).state, sent(first.effects), NOW);
    const finished = receive(first.state, sent(flight.effects), NOW);
    const tickets = receive(flight.state, sent(finished.effects), NOW);
    const again = restored(finished.state, factsOf(finished.effects));
    const ticket = find(receive(again.state, sent(tickets.effects), NOW).effects, 'ticket');
    assert.ok(ticket !== undefined);
    const resumption = { sessions: [ticket.session], now: NOW };
    const resumed = converse(
      client(clientConfig, bytes(48, 5), resumption),
      server(serverConfig, bytes(48, 6)),
    );
    assert.equal(factsOf(resumed.serverEffects).resumed, true);
  });

  it('goes on after any number of KeyUpdates, also with one that has not been answered', () => {
    const run = meet();
    const asked = updateKeys(run.client, { ask: true });
    const again = restored(asked.state, factsOf(run.clientEffects));
    assert.equal(again.state.write.keyUpdateAsked, true);
    const heard = receive(run.server, sent(asked.effects), NOW);
    const owing = restored(heard.state, factsOf(run.serverEffects));
    const answered = send(owing.state, bytes(4));
    const renewed = receive(again.state, sent(answered.effects), NOW);
    assert.deepEqual(data(renewed.effects), bytes(4));
    assert.equal(renewed.state.write.keyUpdateAsked, false);
    const told = receive(answered.state, sent(send(renewed.state, bytes(9)).effects), NOW);
    assert.deepEqual(data(told.effects), bytes(9));
  });

  it('stays closed where it was closed', () => {
    const run = meet();
    const closed = close(run.client);
    const speechless = restored(closed.state, factsOf(run.clientEffects));
    assert.equal(status(speechless.state).canSend, false);
    assert.deepEqual(
      data(receive(speechless.state, sent(send(run.server, bytes(3)).effects), NOW).effects),
      bytes(3),
    );
    const heard = receive(run.server, sent(closed.effects), NOW);
    const deaf = restored(heard.state, factsOf(run.serverEffects));
    assert.equal(status(deaf.state).canReceive, false);
    assert.deepEqual(
      deaf.effects.map(({ kind }) => kind),
      ['established', 'peerClosed'],
    );
    assert.ok(find(close(deaf.state).effects, 'closed') !== undefined);
  });

  it('keeps the beginnings of a record and of a handshake message', () => {
    const run = meet();
    const facts = factsOf(run.serverEffects);
    const record = sent(send(run.client, bytes(50)).effects);
    for (const length of [1, 4, 5, 30]) {
      const again = restored(receive(run.server, record.subarray(0, length), NOW).state, facts);
      assert.deepEqual(data(receive(again.state, record.subarray(length), NOW).effects), bytes(50));
    }
  });

  it('keeps none of the bytes it was made from', () => {
    const run = meet();
    const written = must(snapshot(run.client, factsOf(run.clientEffects)));
    const before = must(restore(run.client.fixed.config, written));
    const scratch = Buffer.from(written);
    const after = must(restore(run.client.fixed.config, scratch));
    scratch.fill(0);
    assert.deepEqual(send(after.state, bytes(5)).effects, send(before.state, bytes(5)).effects);
    assert.deepEqual(find(after.effects, 'established')?.facts, factsOf(run.clientEffects));
  });
});

describe('the bytes of a snapshot', () => {
  const run = meet();
  const facts = factsOf(run.clientEffects);
  const partial = receive(run.client, sent(send(run.server, bytes(40)).effects).subarray(0, 20), NOW).state;
  const written = must(snapshot(partial, facts));
  const { config } = partial.fixed;

  it('are refused with any bit changed, and cut off anywhere', () => {
    for (let at = 0; at < written.length; at++) {
      const changed = written.slice();
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      assertRefused(restore(config, changed), 'malformed');
      assertRefused(restore(config, written.subarray(0, at)), 'malformed');
    }
    assertRefused(restore(config, concatAll([written, bytes(1)])), 'malformed');
  });

  it('with a byte changed and the checksum made right are refused, or say what they mean', () => {
    let taken = 0;
    for (let at = 0; at < written.length - 32; at++) {
      for (const value of [0, 1, 0xff, (written[at] ?? 0) ^ 1]) {
        const body = written.slice(0, -32);
        body[at] = value;
        const forged = concatAll([body, config.crypto.hashes.sha256.digest(body)]);
        const restoring = restore(config, forged);
        if (!restoring.ok) continue;
        taken += 1;
        const { state, effects } = restoring.value;
        assert.deepEqual(must(snapshot(state, factsOf(effects))), forged);
        receive(state, bytes(60), NOW);
        if (status(state).canSend) send(state, bytes(10));
        close(state);
      }
    }
    assert.ok(taken > 100);
  });

  it('that hold more than the beginning of a record or message are refused', () => {
    const record = sent(send(run.server, bytes(3)).effects);
    const keyUpdate = Uint8Array.of(24, 0, 0, 1, 0);
    for (const pending of [
      { records: record },
      { records: concatAll([record.subarray(0, 10), record]) },
      { records: bytes(8) },
      { handshake: keyUpdate },
      { handshake: Uint8Array.of(24, 1, 0, 0) },
    ]) {
      assertRefused(restore(config, withPending(run.client, facts, pending)), 'malformed');
    }
    const begun = withPending(run.client, facts, { handshake: keyUpdate.subarray(0, 4) });
    assert.equal(must(restore(config, begun)).state.incoming.messageLength, 5);
  });

  it('of another format are refused as such', () => {
    const body = written.slice(0, -32);
    body[0] = 200;
    const other = concatAll([body, config.crypto.hashes.sha256.digest(body)]);
    assertRefused(restore(config, other), 'other-format');
  });

  it('fit only a configuration of the same role, suite, server name and session context', () => {
    const atServer = must(snapshot(run.server, factsOf(run.serverEffects)));
    assertRefused(restore(quickServerConfig(), written), 'other-configuration');
    assertRefused(restore(quickClientConfig(), atServer), 'other-configuration');
    for (const options of [
      { serverName: 'other.example' },
      { serverName: undefined },
      { cipherSuites: ['TLS_CHACHA20_POLY1305_SHA256'] },
    ] as const) {
      assertRefused(restore(quickClientConfig(options), written), 'other-configuration');
    }
    assertRefused(restore(quickServerConfig({ sessionContext: bytes(2) }), atServer), 'other-configuration');
    assert.ok(restore(quickServerConfig({ strictServerName: true, ticketKeys }), atServer).ok);
  });

  it('may be read with another provider', () => {
    const real = converse(client(makeClientConfig(), bytes(48)), server(makeServerConfig(), bytes(48, 2)));
    const same = makeClientConfig({ crypto: node });
    const again = must(restore(same, must(snapshot(real.client, factsOf(real.clientEffects)))));
    assert.deepEqual(send(again.state, bytes(5)).effects, send(real.client, bytes(5)).effects);
  });
});

test('what is not an established connection has no snapshot', () => {
  const { clientEffects } = meet();
  const facts = factsOf(clientEffects);
  for (const { role, phase, reach } of allStages) {
    if (phase === 'established' && role === 'server') continue;
    const { state } = reach();
    const attempt = snapshot(state, facts);
    if (phase === 'established') assert.ok(attempt.ok);
    else assertRefused(attempt, 'not-established');
    const over = receive(state, bytes(9), NOW).state;
    if (status(over).phase === 'over') assertRefused(snapshot(over, facts), 'not-established');
  }
});

test('the facts of another connection are a mistake of the caller', () => {
  const run = meet();
  assert.throws(() => snapshot(run.client, factsOf(run.serverEffects)), /the facts of another connection/);
});

describe('extracted keys', () => {
  it('are those that each direction goes on with', () => {
    const run = meet();
    const atClient = must(dangerouslyExtractKeys(send(run.client, bytes(3)).state));
    const atServer = must(dangerouslyExtractKeys(run.server));
    assert.ok(atClient.send !== undefined && atClient.receive !== undefined);
    assert.deepEqual({ ...atClient.send, sequence: 0 }, atServer.receive);
    assert.equal(atClient.send.sequence, 1);
    assert.deepEqual(atClient.receive, atServer.send);
    assert.equal(atClient.cipherSuite, factsOf(run.clientEffects).cipherSuite);
  });

  it('open a record with the AEAD alone (RFC 9846 §5.2, §5.3)', () => {
    const real = converse(client(makeClientConfig(), bytes(48)), server(makeServerConfig(), bytes(48, 2)));
    const { send: keys } = must(dangerouslyExtractKeys(real.client));
    assert.ok(keys !== undefined);
    const record = sent(send(real.client, bytes(20)).effects);
    const aead = noble.aeads['aes-128-gcm'].prepare(keys.key);
    const out = new Uint8Array(21);
    // The first record under these keys: its nonce is the iv itself.
    assert.equal(keys.sequence, 0);
    assert.ok(aead.open(Uint8Array.from(keys.iv), record.subarray(0, 5), record.subarray(5), out, 0));
    assert.deepEqual(out, concatAll([bytes(20), Uint8Array.of(23)]));
  });

  it('leave out a direction that is closed', () => {
    const run = meet();
    const closed = close(run.client);
    assert.equal(must(dangerouslyExtractKeys(closed.state)).send, undefined);
    const heard = receive(run.server, sent(closed.effects), NOW);
    const extracted = must(dangerouslyExtractKeys(heard.state));
    assert.equal(extracted.receive, undefined);
    assert.ok(extracted.send !== undefined);
  });

  it('are not given away before the handshake is over, nor while part of a record is here', () => {
    assertRefused(dangerouslyExtractKeys(client(quickClientConfig(), bytes(48)).state), 'not-established');
    const run = meet();
    const record = sent(send(run.client, bytes(50)).effects);
    const begun = receive(run.server, record.subarray(0, 9), NOW).state;
    assertRefused(dangerouslyExtractKeys(begun), 'bytes-pending');
    assert.ok(dangerouslyExtractKeys(receive(begun, record.subarray(9), NOW).state).ok);
  });
});

const namedServer = { kind: 'dns', name: 'server.example' } as const;

function meet(): Run {
  return converse(client(quickClientConfig(), bytes(48)), server(quickServerConfig(), bytes(48, 2)));
}

function ends(run: Run): readonly (readonly [State, Facts])[] {
  return [
    [run.client, factsOf(run.clientEffects)],
    [run.server, factsOf(run.serverEffects)],
  ];
}

function factsOf(effects: readonly Effect[]): Facts {
  return find(effects, 'established')?.facts ?? assert.fail('not established');
}

function restored(state: State, facts: Facts): Step {
  return must(restore(state.fixed.config, must(snapshot(state, facts))));
}

/** The restored connection takes the input as the one before does, and both then write the same snapshot, or none. */
function assertSame(state: State, facts: Facts, input: Input, step: Step): void {
  const again = perform(restored(state, facts).state, input);
  assert.deepEqual(again.effects, step.effects);
  assert.deepEqual(snapshot(again.state, facts), snapshot(step.state, facts));
}

function assertRefused(
  result: { readonly ok: true } | { readonly ok: false; readonly error: { readonly kind: string } },
  kind: string,
): void {
  assert.equal(result.ok ? 'accepted' : result.error.kind, kind);
}

/** A snapshot that says something else has arrived. */
function withPending(
  state: State,
  facts: Facts,
  { records = bytes(0), handshake = bytes(0) }: { records?: Uint8Array; handshake?: Uint8Array },
): Uint8Array {
  const queue = (pending: Uint8Array) => ({
    length: pending.length,
    last: pending.length === 0 ? undefined : { bytes: pending, before: undefined },
  });
  const incoming = { ...state.incoming, records: queue(records), handshake: queue(handshake) };
  return must(snapshot({ ...state, incoming }, facts));
}
