import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeFailure, receive, send, status } from '../../src/index.ts';
import { bytes, data, find, handshake, NOW, sent } from './support.ts';

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
