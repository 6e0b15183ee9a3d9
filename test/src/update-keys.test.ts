import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { client, close, receive, type State, send, server, updateKeys } from '../../src/index.ts';
import { bytes, converse, data, makeClientConfig, makeServerConfig, NOW, sent } from './support.ts';

const met = converse(client(makeClientConfig(), bytes(48)), server(makeServerConfig(), bytes(48, 2)));

describe('a key update that the caller wants', () => {
  it('changes this side’s keys and nothing else', () => {
    const updated = updateKeys(met.client, { ask: false });
    const at = receive(met.server, sent(updated.effects), NOW);
    assert.equal(sent(at.effects).length, 0);
    assert.notDeepEqual(trafficSecret(updated.state), trafficSecret(met.client));
    assert.deepEqual(carried(updated.state, at.state), bytes(10));
    assert.deepEqual(carried(at.state, updated.state), bytes(10));
  });

  it('may ask for the other side’s new keys too', () => {
    const updated = updateKeys(met.client, { ask: true });
    const at = receive(met.server, sent(updated.effects), NOW);
    assert.equal(sent(at.effects).length, 0, 'the other side is silent until it has data');
    const answered = send(at.state, bytes(10));
    assert.notDeepEqual(trafficSecret(answered.state), trafficSecret(met.server));
    const back = receive(updated.state, sent(answered.effects), NOW);
    assert.deepEqual(data(back.effects), bytes(10));
    assert.deepEqual(carried(answered.state, back.state), bytes(10));
  });

  it('does not ask twice before an answer', () => {
    const once = updateKeys(met.client, { ask: true });
    const twice = updateKeys(once.state, { ask: true });
    const first = receive(met.server, sent(once.effects), NOW);
    assert.equal(first.state.write.keyUpdateOwed, true);
    const answered = send(first.state, bytes(10));
    assert.equal(answered.state.write.keyUpdateOwed, false);
    const second = receive(answered.state, sent(twice.effects), NOW);
    assert.equal(second.state.write.keyUpdateOwed, false);
  });

  it('is the caller’s bug before the handshake is over, and after closing', () => {
    assert.throws(
      () => updateKeys(client(makeClientConfig(), bytes(48)).state, { ask: false }),
      /not established/,
    );
    assert.throws(() => updateKeys(close(met.client).state, { ask: false }), /closed/);
  });
});

function trafficSecret(state: State) {
  const keys = state.write.protection?.keys;
  return keys?.version === '1.3' ? keys.trafficSecret : undefined;
}

function carried(from: State, to: State): Uint8Array {
  return data(receive(to, sent(send(from, bytes(10)).effects), NOW).effects);
}
