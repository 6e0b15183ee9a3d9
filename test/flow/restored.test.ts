import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Flow, memoryPair, type TlsConnection, wrapRestored } from '../../src/flow/index.ts';
import { client, type Effect, receive, type Step, server, snapshot } from '../../src/index.ts';
import { entropyFrom, must, NOW, readAll, testClient, testServer } from './parties.ts';

test('two restored connections over a flow talk, and end in order', async () => {
  const [left, right] = memoryPair();
  const written = snapshots();
  const one = await wrapRestored(left, testClient(), written.client);
  const other = await wrapRestored(right, testServer(), written.server);
  assert.equal(one.facts.role, 'client');
  assert.deepEqual(one.tlsExporter(), other.tlsExporter());
  await one.write(Buffer.from('there'));
  assert.deepEqual(await other.read(), new Uint8Array(Buffer.from('there')));
  await other.write(Buffer.from('back'));
  await Promise.all([one.closeWrite(), other.closeWrite()]);
  assert.equal((await readAll(one)).toString(), 'back');
  assert.equal((await readAll(other)).toString(), '');
});

test('bytes that are no snapshot are refused, and the flow is closed', async () => {
  const closed: string[] = [];
  const flow: Flow = {
    read: () => assert.fail('nothing is read'),
    write: () => assert.fail('nothing is written'),
    closeWrite: async () => {},
    close: async () => void closed.push('closed'),
  };
  const refused = (attempt: Promise<TlsConnection>, why: RegExp) => assert.rejects(attempt, why);
  await refused(wrapRestored(flow, testClient(), new Uint8Array(100)), /cannot be restored \(malformed\)/);
  await refused(
    wrapRestored(flow, testServer(), snapshots().client),
    /cannot be restored \(other-configuration\): the connection of a client/,
  );
  assert.deepEqual(closed, ['closed', 'closed']);
});

/** Both ends of a connection. */
function snapshots(): { readonly client: Uint8Array; readonly server: Uint8Array } {
  const hello = client(testClient(), entropyFrom(1)(48));
  const flight = receive(server(testServer(), entropyFrom(2)(48)).state, sent(hello), NOW);
  const atClient = receive(hello.state, sent(flight), NOW);
  const atServer = receive(flight.state, sent(atClient), NOW);
  return { client: written(atClient), server: written(atServer) };
}

function written({ state, effects }: Step): Uint8Array {
  const established = effects.find((effect) => effect.kind === 'established');
  return must(snapshot(state, factsIn(established)));
}

function factsIn(effect: Effect | undefined) {
  return effect?.kind === 'established' ? effect.facts : assert.fail('not established');
}

function sent({ effects }: Step): Uint8Array {
  return Buffer.concat(effects.flatMap((effect) => (effect.kind === 'send' ? [effect.bytes] : [])));
}
