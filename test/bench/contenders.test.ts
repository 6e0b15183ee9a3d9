import assert from 'node:assert/strict';
import { test } from 'node:test';
import { handshake, makeConfigs, makeFixture, NOW, seedOf, sent } from '../../bench/fixtures.ts';
import { withoutCiphers } from '../../bench/no-cipher.ts';
import { hangUp, nodeTls, transfer } from '../../bench/node-tls.ts';
import { handshakePrimitives } from '../../bench/primitives.ts';
import { rehearse } from '../../bench/rehearsed.ts';
import { noble } from '../../nocrypto/index.ts';
import { client, receive, send } from '../../src/index.ts';

const SUITE = 'TLS_AES_128_GCM_SHA256';
const fixture = makeFixture();

test('node:tls agrees on what the engine agrees on, and carries data', async () => {
  const connection = await nodeTls(fixture, SUITE).connect();
  assert.equal(connection.client.authorized, true);
  assert.equal(connection.client.getProtocol(), 'TLSv1.3');
  assert.equal(connection.client.getCipher().name, SUITE);
  assert.deepEqual(connection.client.getEphemeralKeyInfo(), { type: 'ECDH', name: 'X25519', size: 253 });
  await transfer(connection, new Uint8Array(100_000));
  hangUp(connection);
});

test('the engine with rehearsed answers sends what it sent in the rehearsal', () => {
  const shown: Uint8Array[] = [];
  const again = rehearse(noble, (crypto) => {
    const configs = makeConfigs(fixture, SUITE, { crypto });
    return () => {
      const { client } = handshake(configs, seedOf(3));
      shown.push(sent(send(client, new Uint8Array(100)).effects));
    };
  });
  again();
  again();
  assert.equal(shown.length, 3);
  assert.deepEqual(shown[1], shown[0]);
  assert.deepEqual(shown[2], shown[0]);
});

test('a question that was not rehearsed has no answer', () => {
  let asked = 0;
  const again = rehearse(noble, (crypto) => () => {
    for (let i = 0; i <= asked; i++) crypto.hashes.sha256.digest(new Uint8Array(i));
    asked += 1;
  });
  assert.throws(again, /not rehearsed/);
});

test('without a cipher a connection carries data in the clear, in records as long as ever', () => {
  const { client, server } = handshake(
    makeConfigs(fixture, SUITE, { crypto: withoutCiphers(noble) }),
    seedOf(4),
  );
  const data = new Uint8Array(100).fill(7);
  const record = sent(send(client, data).effects);
  assert.deepEqual(record.subarray(5, 105), data);
  assert.equal(record.length, 5 + 100 + 1 + 16);
  const { effects } = receive(server, record, NOW);
  assert.deepEqual(
    effects.flatMap((effect) => (effect.kind === 'data' ? [effect.bytes] : [])),
    [data],
  );
});

test('the primitives of a handshake fit together', () => {
  handshakePrimitives(noble, fixture)();
});

test('different seeds give different hellos', () => {
  const configs = makeConfigs(fixture, SUITE);
  const hello = (n: number): Uint8Array => sent(client(configs.client, seedOf(n)).effects);
  assert.notDeepEqual(hello(1), hello(2));
});
