import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  clientSessions,
  memoryPair,
  memorySessionStore,
  type SessionStore,
  type TlsConnection,
  type WrapOptions,
  wrapClient,
  wrapServer,
} from '../../src/flow/index.ts';
import { NOW, testClient, testServer, world } from './parties.ts';

describe('sessions between connections', () => {
  it('are kept by the client and stored by the server, and each is used once', async () => {
    const sessions = clientSessions();
    const sessionStore = memorySessionStore({ now: () => NOW });
    const resumed: boolean[] = [];
    for (let i = 0; i < 4; i++) resumed.push(await meet({ sessions }, { sessionStore }));
    assert.deepEqual(resumed, [false, true, true, true]);
    // Two tickets for each connection, and one used for each but the first.
    let left = 0;
    while (sessions.take('localhost', NOW) !== undefined) left++;
    assert.equal(left, 5);
  });

  it('that the store has lost give way to a full handshake', async () => {
    const sessions = clientSessions();
    await meet({ sessions }, { sessionStore: memorySessionStore() });
    assert.equal(await meet({ sessions }, { sessionStore: memorySessionStore() }), false);
  });

  it('do without a store that fails', async () => {
    const sessions = clientSessions();
    const broken: SessionStore = {
      put: () => Promise.reject(new Error('no room')),
      take: () => {
        throw new Error('no connection');
      },
    };
    assert.equal(await meet({ sessions }, { sessionStore: broken }), false);
    assert.equal(await meet({ sessions }, { sessionStore: broken }), false);
  });
});

it('sessions that cannot be taken reject the connection, and its flow is closed', async () => {
  const [left, right] = memoryPair();
  const take = () => {
    throw new Error('no sessions today');
  };
  const connecting = wrapClient(left, testClient(), { ...world(1), sessions: { keep: () => {}, take } });
  await assert.rejects(connecting, /no sessions today/);
  await assert.rejects(right.read(), /the peer closed the flow/);
});

describe('the store in memory', () => {
  const session = Uint8Array.of(1, 2, 3);

  it('gives a session once', () => {
    const store = memorySessionStore();
    store.put(id(1), session, 60);
    assert.equal(store.take(id(1)), session);
    assert.equal(store.take(id(1)), undefined);
    assert.equal(store.take(id(2)), undefined);
  });

  it('forgets what is too old, and the oldest of too many', () => {
    let now = NOW;
    const store = memorySessionStore({ capacity: 2, now: () => now });
    for (const n of [1, 2, 3]) store.put(id(n), session, 60);
    assert.equal(store.take(id(1)), undefined);
    assert.equal(store.take(id(2)), session);
    now += 60_000;
    assert.equal(store.take(id(3)), undefined);
  });

  function id(n: number): Uint8Array {
    return new Uint8Array(32).fill(n);
  }
});

let worlds = 0;

/** A connection, and data both ways, so that the tickets have come. Answers whether it was a resumption. */
async function meet(clientOptions: WrapOptions, serverOptions: WrapOptions): Promise<boolean> {
  const [left, right] = memoryPair();
  const [client, server] = await Promise.all([
    wrapClient(left, testClient(), { ...world(++worlds), ...clientOptions }),
    wrapServer(right, testServer({ storedSessions: true }), { ...world(++worlds), ...serverOptions }),
  ]);
  await server.write(Uint8Array.of(1));
  await client.read();
  await Promise.all([close(client), close(server)]);
  assert.equal(client.facts.resumed, server.facts.resumed);
  return server.facts.resumed;
}

function close(connection: TlsConnection): Promise<void> {
  return connection.close();
}
