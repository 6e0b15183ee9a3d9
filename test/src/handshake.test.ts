import assert from 'node:assert/strict';
import { test } from 'node:test';
import { client, describeFailure, receive, send, server, status } from '../../src/index.ts';
import { quickClientConfig, quickCredential, quickServerConfig } from './quick.ts';
import { bytes, concatAll, data, find, handshake, NOW, sent } from './support.ts';

test('a client and a server establish a connection and carry data both ways', () => {
  const run = handshake();
  const failure = find(run.clientEffects, 'failed') ?? find(run.serverEffects, 'failed');
  assert.equal(failure && describeFailure(failure.failure), undefined);
  assert.equal(status(run.client).phase, 'established');
  assert.equal(status(run.server).phase, 'established');
  const up = send(run.client, bytes(40_000));
  assert.deepEqual(data(receive(run.server, sent(up.effects), NOW).effects), bytes(40_000));
  const down = send(run.server, bytes(40_000, 5));
  assert.deepEqual(data(receive(run.client, sent(down.effects), NOW).effects), bytes(40_000, 5));
});

test('both ends report the same facts, each from its own side', () => {
  for (const [groups, protocols, helloRetryRequest] of [
    [['x25519'], undefined, false],
    [['secp256r1'], ['http/1.1'], true],
  ] as const) {
    const run = handshake(
      quickClientConfig({ applicationProtocols: ['h2', 'http/1.1'] }),
      quickServerConfig({ groups, applicationProtocols: protocols }),
    );
    const client = find(run.clientEffects, 'established')?.facts;
    const server = find(run.serverEffects, 'established')?.facts;
    assert.ok(client !== undefined && server !== undefined);
    const shared = {
      version: 'TLS 1.3',
      cipherSuite: 'TLS_AES_128_GCM_SHA256',
      group: groups[0],
      applicationProtocol: protocols?.[0],
      serverName: 'server.example',
      helloRetryRequest,
    };
    for (const [name, value] of Object.entries(shared)) {
      assert.deepEqual(Object.entries(client).find(([key]) => key === name)?.[1], value, name);
      assert.deepEqual(Object.entries(server).find(([key]) => key === name)?.[1], value, name);
    }
    assert.deepEqual([client.role, server.role], ['client', 'server']);
    assert.equal(client.peerSignatureScheme, 'ed25519');
    assert.equal(server.ownSignatureScheme, 'ed25519');
    assert.deepEqual(client.peer?.leaf.der, quickCredential.leaf.der);
    assert.equal(server.peer, undefined);
    assert.deepEqual(client.clientRandom, server.clientRandom);
  }
});

test('a server may not send before the client has finished, nor a client before the server has', () => {
  const start = client(quickClientConfig(), bytes(48));
  const answered = receive(server(quickServerConfig(), bytes(48, 2)).state, sent(start.effects), NOW);
  for (const { state } of [start, answered]) {
    assert.deepEqual(status(state), {
      phase: 'handshaking',
      canSend: false,
      canRequestCertificate: false,
      earlyData: undefined,
      canReceive: true,
    });
    assert.throws(() => send(state, bytes(1)), /not established/);
  }
});

test('data may come in the same bytes as the end of the handshake', () => {
  const start = client(quickClientConfig(), bytes(48));
  const answered = receive(server(quickServerConfig(), bytes(48, 2)).state, sent(start.effects), NOW);
  const finished = receive(start.state, sent(answered.effects), NOW);
  const first = send(finished.state, bytes(5));
  const both = concatAll([sent(finished.effects), sent(first.effects)]);
  const { effects } = receive(answered.state, both, NOW);
  assert.deepEqual(
    effects.map(({ kind }) => kind),
    ['established', 'data'],
  );
});
