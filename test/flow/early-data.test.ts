import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  memoryPair,
  type ReplayGuard,
  replayGuard,
  type TlsConnection,
  type WrapOptions,
  wrapClient,
  wrapServer,
} from '../../src/flow/index.ts';
import {
  type ClientOptions,
  rotateTicketKeys,
  type ServerOptions,
  type Session,
  TICKET_KEY_ENTROPY,
} from '../../src/index.ts';
import { entropyFrom, NOW, readAll, testClient, testServer, world } from './parties.ts';

const ticketKeys = rotateTicketKeys([], entropyFrom(9)(TICKET_KEY_ENTROPY));
const EARLY = Buffer.from('GET / HTTP/1.1\r\n\r\n');

describe('early data through the wrapper', () => {
  it('is read like all other data once the handshake is over', async () => {
    const { client, server } = await met({ client: { earlyData: () => EARLY } });
    assert.deepEqual(client.facts.earlyData, { kind: 'accepted' });
    assert.deepEqual(server.facts.earlyData, { kind: 'accepted' });
    await client.write(Buffer.from('more'));
    await client.closeWrite();
    assert.equal((await readAll(server)).toString(), `${EARLY}more`);
    await server.write(Buffer.from('back'));
    assert.equal((await client.read())?.length, 4);
    const exported = client.exportEarlyKeyingMaterial('EXPORTER-x', new Uint8Array(0), 32);
    assert.deepEqual(server.exportEarlyKeyingMaterial('EXPORTER-x', new Uint8Array(0), 32), exported);
  });

  it('may be more than is read ahead', async () => {
    const much = Buffer.alloc(300_000, 7);
    const { server, client } = await met({
      serverOptions: { maxEarlyData: 400_000 },
      client: { earlyData: () => much },
      server: { readAhead: 1000 },
    });
    await client.closeWrite();
    assert.deepEqual(await readAll(server), much);
  });

  it('is given away and answered at once where that is asked for', async () => {
    let early = '';
    const { client, server } = await met({
      client: { earlyData: () => EARLY },
      server: {
        onEarlyData: (bytes, reply) => {
          early += Buffer.from(bytes);
          void reply(Buffer.from('200 OK'));
        },
      },
    });
    assert.equal(early, EARLY.toString());
    assert.equal(Buffer.from((await client.read()) ?? []).toString(), '200 OK');
    await client.closeWrite();
    assert.equal((await readAll(server)).length, 0);
  });

  it('is told how much it may be, and for which protocol', async () => {
    const asked: unknown[] = [];
    const protocols = { applicationProtocols: ['a'] };
    const { client } = await met({
      clientOptions: protocols,
      serverOptions: protocols,
      client: {
        earlyData: (open) => {
          asked.push(open);
          return undefined;
        },
      },
    });
    assert.deepEqual(asked, [{ left: 1000, applicationProtocol: 'a' }]);
    assert.deepEqual(client.facts.earlyData, { kind: 'accepted' });
  });

  it('is rejected where nobody can say that it is new', async () => {
    const guards: readonly (ReplayGuard | undefined)[] = [
      undefined,
      () => false,
      () => Promise.reject(new Error('the store is down')),
    ];
    for (const guard of guards) {
      const { client, server } = await met({
        client: { earlyData: () => EARLY },
        server: { replayGuard: guard },
      });
      assert.deepEqual(server.facts.earlyData, { kind: 'rejected', reason: 'replay' });
      assert.equal(client.earlyDataResent, false);
      await client.closeWrite();
      assert.equal((await readAll(server)).length, 0);
    }
  });

  it('is sent again only where that is asked for', async () => {
    const { client, server } = await met({
      client: { earlyData: () => EARLY, resendEarlyData: true },
      server: { replayGuard: () => false },
    });
    assert.equal(client.earlyDataResent, true);
    await client.write(Buffer.from('more'));
    await client.closeWrite();
    assert.equal((await readAll(server)).toString(), `${EARLY}more`);
  });

  it('is never sent again under another application protocol', async () => {
    const { client, server } = await met({
      clientOptions: { applicationProtocols: ['a', 'b'] },
      serverOptions: { applicationProtocols: ['a'] },
      again: { applicationProtocols: ['b'] },
      client: { earlyData: () => EARLY, resendEarlyData: true },
    });
    assert.equal(client.facts.applicationProtocol, 'b');
    assert.equal(client.earlyDataResent, false);
    await client.closeWrite();
    assert.equal((await readAll(server)).length, 0);
  });

  it('ends the connection when it is more than allowed', async () => {
    await assert.rejects(
      met({ client: { earlyData: () => Buffer.alloc(1001) } }),
      /sendEarlyData: early data is not open, or not for so much/,
    );
  });
});

describe('a replay guard in memory', () => {
  it('takes each first flight once, from the time on that it can know of', () => {
    const guard = replayGuard({ now: () => NOW });
    const check = (key: number, from: number) =>
      guard({ kind: 'replayCheck', key: new Uint8Array(32).fill(key), from, until: from + 20_000 });
    assert.equal(check(1, NOW), true);
    assert.equal(check(1, NOW), false);
    assert.equal(check(2, NOW), true);
    assert.equal(check(3, NOW - 1), false);
  });
});

interface Meeting {
  readonly clientOptions?: Partial<ClientOptions>;
  readonly serverOptions?: Partial<ServerOptions>;
  /** What the server has otherwise in the second connection. */
  readonly again?: Partial<ServerOptions>;
  readonly client?: WrapOptions;
  readonly server?: WrapOptions;
}

/** The second connection of two, which goes on from the first. */
async function met({
  clientOptions = {},
  serverOptions = {},
  again = {},
  client: ofClient = {},
  server: ofServer = {},
}: Meeting): Promise<{ readonly client: TlsConnection; readonly server: TlsConnection }> {
  const options = { ticketKeys, maxEarlyData: 1000, ...serverOptions };
  const clientConfig = testClient(clientOptions);
  const sessions = await sessionsFrom(clientConfig, testServer(options));
  const [left, right] = memoryPair();
  const wrapped = [
    wrapClient(left, clientConfig, { ...world(3), sessions, ...ofClient }),
    wrapServer(right, testServer({ ...options, ...again }), {
      ...world(4),
      replayGuard: replayGuard({ since: 0, now: () => NOW }),
      ...ofServer,
    }),
  ];
  const [client, server] = await Promise.all(wrapped);
  assert.ok(client !== undefined && server !== undefined);
  assert.equal(client.facts.resumed, true);
  return { client, server };
}

async function sessionsFrom(
  clientConfig: ReturnType<typeof testClient>,
  serverConfig: ReturnType<typeof testServer>,
): Promise<readonly Session[]> {
  const [left, right] = memoryPair();
  const sessions: Session[] = [];
  const onTicket = (session: Session) => void sessions.push(session);
  const [client, server] = await Promise.all([
    wrapClient(left, clientConfig, { ...world(1), onTicket }),
    wrapServer(right, serverConfig, world(2)),
  ]);
  await Promise.all([client.close(), server.close()]);
  return sessions;
}
