import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { secret } from '../../nocrypto/index.ts';
import {
  client,
  close,
  type Padding,
  receive,
  rotateTicketKeys,
  type ServerOptions,
  type State,
  send,
  sendEarlyData,
  updateKeys,
} from '../../src/index.ts';
import { assertAt } from './expect.ts';
import { interject, messagesHeard, recordsOf } from './peer.ts';
import { quickAuthenticator, quickClientConfig, quickCredential, quickServerConfig } from './quick.ts';
import { meetServer } from './scripted-client.ts';
import { establishedClient, establishedServer } from './stages.ts';
import { bytes, data, handshake, NOW, runs, sent } from './support.ts';

// What the lengths of records give away (RFC 9846 §5.4). Lengths are those of content and padding together.

const TAG = 16;

describe('records padded to a multiple', () => {
  const state = established({ padding: { kind: 'toMultiple', of: 100 } });

  it('have the length of the next one, whatever is in them', () => {
    const seen = new Set<number>();
    for (let length = 1; length <= 300; length++) {
      const [only, ...others] = lengthsOf(state, length);
      assert.deepEqual([only, others], [Math.ceil(length / 100) * 100, []]);
      seen.add(only ?? 0);
    }
    assert.deepEqual([...seen], [100, 200, 300]);
  });

  it('are full at the greatest multiple that a record can hold', () => {
    assert.deepEqual(lengthsOf(state, 40_000), [16300, 16300, 7400]);
    assert.deepEqual(lengthsOf(state, 16_300), [16300]);
    assert.deepEqual(lengthsOf(state, 16_301), [16300, 100]);
  });

  it('are as long as can be where the multiple is longer than that', () => {
    const small = established({
      padding: { kind: 'toMultiple', of: 1000 },
      limits: { recordPlaintext: 300 },
    });
    assert.deepEqual(lengthsOf(small, 1), [300]);
    assert.deepEqual(lengthsOf(small, 301), [300, 300]);
  });
});

describe('records padded to a length', () => {
  const padding = { kind: 'toLength', length: 500 } as const;

  it('are all alike, and there are as many as the content takes', () => {
    const state = established({ padding });
    for (const [length, count] of [
      [1, 1],
      [499, 1],
      [500, 1],
      [501, 2],
      [5000, 10],
    ] as const) {
      assert.deepEqual(
        lengthsOf(state, length),
        Array.from({ length: count }, () => 500),
      );
    }
  });

  it('do not tell data from tickets, KeyUpdates and alerts', () => {
    const server = establishedServer({
      server: { padding, ticketKeys: rotateTicketKeys([], bytes(48, 5)) },
      extensions: [{ name: 'pskKeyExchangeModes', value: [1] }],
    });
    assert.equal(messagesHeard(server.peer, 'newSessionTicket').length, 2);
    const tickets = protectedLengths(sent(server.peer.latest));
    assert.ok(tickets.length > 0);
    const updated = updateKeys(server.peer.state, { ask: false });
    const spoken = [...tickets, ...lengthsIn(updated.effects), ...lengthsOf(updated.state, 1)];
    const closed = close(server.peer.state);
    assert.deepEqual([...new Set([...spoken, ...lengthsIn(closed.effects)])], [500]);
  });

  it('are shorter where the peer takes no longer ones', () => {
    const { peer } = establishedServer({
      server: { padding },
      extensions: [{ name: 'recordSizeLimit', value: 101 }],
    });
    assert.deepEqual(lengthsOf(peer.state, 150), [100, 100]);
  });
});

describe('records with random padding', () => {
  it('have any of the lengths allowed, each drawn anew', () => {
    let state = established({ padding: { kind: 'random', most: 7 } });
    const counts = new Map<number, number>();
    for (let i = 0; i < 800; i++) {
      const step = send(state, bytes(20));
      const [length = 0] = lengthsIn(step.effects);
      counts.set(length, (counts.get(length) ?? 0) + 1);
      state = step.state;
    }
    assert.deepEqual([...counts.keys()].sort(), [20, 21, 22, 23, 24, 25, 26, 27]);
    // Each comes 100 times of 800 on average; one of 50 or 150 would be five deviations away.
    for (const [length, count] of counts) assert.ok(count > 50 && count < 150, `${length}: ${count}`);
  });

  it('are the same from the same state', () => {
    const state = established({ padding: { kind: 'random', most: 10_000 } });
    assert.deepEqual(send(state, bytes(20)).effects, send(state, bytes(20)).effects);
  });

  it('are not longer than a record can be', () => {
    const state = established({ padding: { kind: 'random', most: 16_384 } });
    for (const length of [1, 16_000, 16_383, 16_384, 40_000]) {
      const lengths = lengthsOf(state, length);
      assert.ok(lengths.every((one) => one <= 16_384));
      assert.equal(lengths.length, Math.ceil(length / 16_384));
    }
  });
});

describe('padding of any kind', () => {
  const paddings: fc.Arbitrary<Padding> = fc.oneof(
    fc.record({ kind: fc.constant('none' as const) }),
    fc.record({ kind: fc.constant('toMultiple' as const), of: fc.integer({ min: 1, max: 16_384 }) }),
    fc.record({ kind: fc.constant('toLength' as const), length: fc.integer({ min: 64, max: 16_384 }) }),
    fc.record({ kind: fc.constant('random' as const), most: fc.integer({ min: 1, max: 16_384 }) }),
  );

  it('changes nothing of what arrives, keeps every limit, and costs a constant for each byte', () => {
    fc.assert(
      fc.property(
        paddings,
        fc.boolean(),
        fc.integer({ min: 64, max: 16_384 }),
        fc.integer({ min: 64, max: 16_385 }),
        fc.integer({ min: 1, max: 50_000 }),
        (padding, padHandshake, recordPlaintext, recordSizeLimit, length) => {
          const run = handshake(
            quickClientConfig({ recordSizeLimit }),
            quickServerConfig({
              padding,
              padHandshake: padHandshake && padding.kind !== 'none',
              limits: { recordPlaintext },
            }),
          );
          const most = Math.min(recordPlaintext, recordSizeLimit - 1);
          const step = send(run.server, bytes(length));
          const flight = [...protectedLengths(sent(run.serverEffects)), ...lengthsIn(step.effects)];
          assert.ok(flight.every((one) => one <= most));
          assert.deepEqual(data(receive(run.client, sent(step.effects), NOW).effects), bytes(length));
          // Full records are more than half full of what a record may hold, or as full as was asked for.
          const least = padding.kind === 'toLength' ? Math.min(padding.length, most) : most / 2;
          assert.ok(lengthsIn(step.effects).length <= Math.ceil(length / least));
        },
      ),
      { numRuns: runs(100) },
    );
  });

  it('leaves the handshake alone unless it is told not to', () => {
    const padding = { kind: 'toMultiple', of: 1000 } as const;
    const flightOf = (options: Partial<ServerOptions>) => {
      const { peer, say } = meetServer({
        server: {
          ...options,
          clientAuthentication: { authenticator: quickAuthenticator, required: true },
        },
      });
      say.clientHello();
      say.certificate((honest) => ({ ...honest, certificateList: [] }));
      return protectedLengths(sent(peer.effects));
    };
    const [plain = 0, alert] = flightOf({ padding });
    assert.ok(plain % 1000 !== 0);
    assert.equal(alert, 2);
    assert.deepEqual(flightOf({ padding, padHandshake: true }), [Math.ceil(plain / 1000) * 1000, 1000]);
  });

  it('goes on while a certificate is asked for after the handshake', () => {
    const { peer } = establishedClient({
      client: {
        padding: { kind: 'toLength', length: 500 },
        postHandshakeAuthentication: true,
        credentials: 'ask',
      },
    });
    const extensions = [{ name: 'signatureAlgorithms', value: [0x0807] }] as const;
    const body = { certificateRequestContext: bytes(8), extensions };
    interject(peer, { kind: 'certificateRequest', body });
    assertAt(peer, 'awaitLateCredential');
    const updated = updateKeys(peer.state, { ask: false });
    const spoken = [...lengthsOf(peer.state, 1), ...lengthsIn(updated.effects)];
    assert.deepEqual(spoken, [500, 500]);
    assert.deepEqual(lengthsIn(close(peer.state).effects), [500]);
  });

  it('is for the handshake of a client, too', () => {
    const run = handshake(
      quickClientConfig({
        credentials: [quickCredential],
        padding: { kind: 'toLength', length: 2000 },
        padHandshake: true,
      }),
      quickServerConfig({ clientAuthentication: { authenticator: quickAuthenticator, required: true } }),
    );
    assert.deepEqual([...new Set(protectedLengths(sent(run.clientEffects)))], [2000]);
  });

  it('is not for early data, of which a server that drops it unread counts every byte', () => {
    const key = {
      identity: bytes(5),
      secret: secret(bytes(32)),
      earlyData: { maxEarlyData: 100, cipherSuite: 'TLS_AES_128_GCM_SHA256', applicationProtocol: undefined },
    } as const;
    const config = quickClientConfig({
      externalPsks: [key],
      padding: { kind: 'toLength', length: 2000 },
      padHandshake: true,
    });
    const begun = client(config, bytes(48), { sessions: [], now: NOW, earlyData: true });
    assert.deepEqual(lengthsIn(sendEarlyData(begun.state, bytes(50)).effects), [50]);
  });
});

function established(server: Partial<ServerOptions>): State {
  return establishedServer({ server }).peer.state;
}

/** Content and padding of each record that so many bytes of data are sent in. */
function lengthsOf(state: State, length: number): readonly number[] {
  return lengthsIn(send(state, bytes(length)).effects);
}

function lengthsIn(effects: Parameters<typeof sent>[0]): readonly number[] {
  return protectedLengths(sent(effects));
}

function protectedLengths(stream: Uint8Array): readonly number[] {
  return recordsOf(stream).flatMap((one) => (one[0] === 23 ? [one.length - 5 - TAG - 1] : []));
}
