import assert from 'node:assert/strict';
import type { TlsConnection } from '../../src/flow/index.ts';
import type { TraceEvent } from '../../src/index.ts';
import { sClient, sServer } from '../peers/openssl.ts';
import { closings, keyUpdates } from '../peers/openssl-messages.ts';
import { reversed } from '../peers/peer.ts';
import type { Case } from '../support/case.ts';
import {
  answerLate,
  answerLines,
  answerPeer,
  askAndCloseHalf,
  askLine,
  askPeer,
  LINE,
  lineReader,
  readAll,
} from '../support/exchange.ts';
import {
  connectTo,
  failureOf,
  listenFor,
  ourClientConfig,
  ourServerConfig,
  valueFrom,
} from '../support/ours.ts';
import type { Child } from '../support/process.ts';
import { answerClient, askServer, opensslCase } from '../support/with-openssl.ts';

/** New keys, orderly ends and disorderly ones. */
export function afterHandshakeCases(): readonly Case[] {
  return [...theirKeyUpdates, ...ourKeyUpdates, ...orderlyEnds, ...disorderlyEnds];
}

/** How often keys are renewed in a case. */
const ROUNDS = 3;

/** The commands of s_client and s_server: `k` renews openssl's keys, `K` also asks for ours. */
const theirKeyUpdates: readonly Case[] = (['k', 'K'] as const).flatMap((command) => {
  const title = `KeyUpdate by openssl${command === 'K' ? ' that asks for ours' : ''}`;
  const ours = command === 'K' ? ROUNDS : 0;
  return [
    opensslCase('client', title, async ({ scope, identities }) => {
      const { chainFile, keyFile } = await identities.usual('P-256');
      const { port, child, messages } = await sServer(scope, ['-cert', chainFile, '-key', keyFile]);
      const outcome = await connectTo(scope, port, ourClientConfig(identities), async (connection) => {
        const readLine = lineReader(connection);
        // Commands it gets before the end of its handshake are lost.
        await child.printed(/^CIPHER is/m);
        for (let round = 1; round <= ROUNDS; round++) {
          // It looks at its standard input first, so the command is done before the question is read.
          await child.write(`${command}\n`);
          await connection.write(Buffer.from(`question ${round}\n`));
          await child.printed(new RegExp(`question ${round}`));
          await child.write(`answer ${round}\n`);
          assert.equal(await readLine(), `answer ${round}`);
          // Whether the question was written before the command was heard of or not: by now our keys are new.
          await connection.write(Buffer.from(`thanks ${round}\n`));
          await child.printed(new RegExp(`thanks ${round}`));
        }
      });
      valueFrom(outcome);
      const seen = await messages();
      assert.deepEqual([keyUpdates(seen, 'sent'), keyUpdates(seen, 'received')], [ROUNDS, ours]);
      assert.deepEqual(renewals(outcome.events), { received: ROUNDS, sent: ours });
    }),
    opensslCase('server', title, async ({ scope, identities }) => {
      const { credential } = await identities.usual('P-256');
      const config = ourServerConfig({ credentials: [credential] });
      const { port, outcome } = await listenFor(scope, config, answerLines);
      const { child, messages } = sClient(scope, port, ['-brief', '-CAfile', identities.authority.file]);
      for (let round = 1; round <= ROUNDS; round++) {
        await child.write(`${command}\n`);
        await printedTimes(child, 'KEYUPDATE', round);
        await child.write(`question ${round}\n`);
        await child.printed(new RegExp(reversed(`question ${round}`)), 'stdout');
      }
      child.end();
      const ended = await outcome;
      valueFrom(ended);
      const seen = await messages();
      assert.deepEqual([keyUpdates(seen, 'sent'), keyUpdates(seen, 'received')], [ROUNDS, ours]);
      assert.deepEqual(renewals(ended.events), { received: ROUNDS, sent: ours });
    }),
  ];
});

/** So few records per key that this side has to renew its keys again and again. */
const HASTY = { cipherSuites: ['TLS_AES_128_GCM_SHA256'], limits: { aesGcmRecords: 8 } } as const;
const LINES = 40;
const RENEWALS = 6;

const ourKeyUpdates: readonly Case[] = [
  opensslCase('client', 'KeyUpdate by us, before the AEAD limit', async ({ scope, identities }) => {
    const { chainFile, keyFile } = await identities.usual('P-256');
    const { port, child, messages } = await sServer(scope, ['-cert', chainFile, '-key', keyFile]);
    const outcome = await connectTo(scope, port, ourClientConfig(identities, HASTY), async (connection) => {
      await writeLines(connection);
      await child.printed(new RegExp(`line ${LINES}\n`));
      await child.write('enough\n');
      assert.equal(await lineReader(connection)(), 'enough');
    });
    valueFrom(outcome);
    assert.equal(keyUpdates(await messages(), 'received'), RENEWALS);
    assert.deepEqual(renewals(outcome.events), { received: 0, sent: RENEWALS });
  }),
  opensslCase('server', 'KeyUpdate by us, before the AEAD limit', async ({ scope, identities }) => {
    const { credential } = await identities.usual('P-256');
    const config = ourServerConfig({ credentials: [credential], ...HASTY });
    const { port, outcome } = await listenFor(scope, config, writeLines);
    const { child, messages } = sClient(scope, port, ['-brief', '-CAfile', identities.authority.file]);
    await child.printed(new RegExp(`line ${LINES}\n`), 'stdout');
    const { events } = await outcome;
    assert.equal(keyUpdates(await messages(), 'received'), RENEWALS);
    assert.deepEqual(renewals(events), { received: 0, sent: RENEWALS });
  }),
  ...(['go', 'node', 'gnutls'] as const).map(
    (peer): Case => ({
      peer,
      role: 'client',
      title: 'KeyUpdate by us, before the AEAD limit',
      run: async (bench) => {
        const { chainFile, keyFile } = await bench.identities.usual('P-256');
        await askPeer(bench, HASTY, { chainFile, keyFile }, async (connection) => {
          const line = 'x'.repeat(LINES);
          for (const character of line) await connection.write(Buffer.from(character));
          await connection.write(Buffer.from('\n'));
          assert.equal(await lineReader(connection)(), line);
          return connection.facts;
        });
      },
    }),
  ),
];

const orderlyEnds: readonly Case[] = [
  opensslCase('client', 'close_notify by us first', async (bench) => {
    const { outcome, messages } = await askServer(bench, {});
    valueFrom(outcome);
    assert.deepEqual([closings(messages, 'received'), closings(messages, 'sent')], [1, 1]);
  }),
  opensslCase('server', 'close_notify by us first', async ({ scope, identities }) => {
    const { credential } = await identities.usual('P-256');
    const config = ourServerConfig({ credentials: [credential] });
    const { port, outcome } = await listenFor(scope, config, async (connection) =>
      connection.write(LAST_WORDS),
    );
    const { child, messages } = sClient(scope, port, ['-brief', '-CAfile', identities.authority.file]);
    await child.printed(/last words/, 'stdout');
    valueFrom(await outcome);
    assert.equal(await child.exited, 0);
    const seen = await messages();
    assert.deepEqual([closings(seen, 'received'), closings(seen, 'sent')], [1, 1]);
  }),
  opensslCase('client', 'close_notify by openssl first', async ({ scope, identities }) => {
    const { chainFile, keyFile } = await identities.usual('P-256');
    // Of all that s_server can do, only its web page ends like this.
    const { port, messages } = await sServer(scope, ['-www', '-cert', chainFile, '-key', keyFile]);
    const outcome = await connectTo(scope, port, ourClientConfig(identities), async (connection) => {
      await connection.write(Buffer.from('GET / HTTP/1.0\r\n\r\n'));
      return readAll(connection);
    });
    assert.match(valueFrom(outcome), /^HTTP\/1\.0 200 ok.*<\/html>\s*$/is);
    assert.equal(closings(await messages(), 'sent'), 1);
  }),
  opensslCase('server', 'close_notify by openssl first', async (bench) => {
    const { credential } = await bench.identities.usual('P-256');
    const { outcome, messages } = await answerClient(bench, { credentials: [credential] });
    valueFrom(outcome);
    // It does not wait for ours.
    assert.equal(closings(messages, 'sent'), 1);
  }),
  ...(['go', 'node'] as const).flatMap((peer): readonly Case[] => [
    {
      peer,
      role: 'client',
      title: 'half-close: the answer comes after our close_notify',
      run: async (bench) => {
        const { chainFile, keyFile } = await bench.identities.usual('P-256');
        await askPeer(bench, {}, { chainFile, keyFile, halfClose: true }, askAndCloseHalf);
      },
    },
    {
      peer,
      role: 'server',
      title: "half-close: the answer goes out after the peer's close_notify",
      run: async (bench) => {
        const { credential } = await bench.identities.usual('P-256');
        await answerPeer(bench, { credentials: [credential] }, { halfClose: true }, answerLate);
      },
    },
  ]),
];

const LAST_WORDS = Buffer.from('last words\n');

const disorderlyEnds: readonly Case[] = [
  opensslCase(
    'client',
    'truncation: openssl dies, what it sent before is delivered',
    async ({ scope, identities }) => {
      const { chainFile, keyFile } = await identities.usual('P-256');
      const { port, child } = await sServer(scope, ['-rev', '-cert', chainFile, '-key', keyFile]);
      const outcome = await connectTo(scope, port, ourClientConfig(identities), async (connection) => {
        await askLine(connection);
        child.kill();
        await connection.read();
      });
      assert.equal(failureOf(outcome).failure.kind, 'truncated');
      assert.match(failureOf(outcome).message, /without close_notify/);
    },
  ),
  opensslCase(
    'server',
    'truncation: openssl dies, what it sent before is delivered',
    async ({ scope, identities }) => {
      const { credential } = await identities.usual('P-256');
      const config = ourServerConfig({ credentials: [credential] });
      const { port, outcome } = await listenFor(scope, config, async (connection) => {
        const readLine = lineReader(connection);
        assert.equal(await readLine(), LINE);
        child.kill();
        await readLine();
      });
      const { child } = sClient(scope, port, ['-brief', '-CAfile', identities.authority.file]);
      await child.write(`${LINE}\n`);
      assert.equal(failureOf(await outcome).failure.kind, 'truncated');
    },
  ),
  opensslCase('client', 'truncation: openssl notices ours', async ({ scope, identities }) => {
    const { chainFile, keyFile } = await identities.usual('P-256');
    const { port, child } = await sServer(scope, ['-cert', chainFile, '-key', keyFile]);
    await connectTo(scope, port, ourClientConfig(identities), async (connection, socket) => {
      await connection.write(LAST_WORDS);
      await child.printed(/last words/);
      socket.destroy();
    });
    await child.printed(/unexpected eof while reading/);
  }),
  opensslCase('server', 'truncation: openssl notices ours', async ({ scope, identities }) => {
    const { credential } = await identities.usual('P-256');
    const config = ourServerConfig({ credentials: [credential] });
    const { port, outcome } = await listenFor(scope, config, async (connection, socket) => {
      await lineReader(connection)();
      socket.destroy();
    });
    const { child } = sClient(scope, port, ['-brief', '-CAfile', identities.authority.file]);
    await child.write(`${LINE}\n`);
    await child.printed(/unexpected eof while reading/);
    await outcome;
  }),
];

async function writeLines(connection: TlsConnection): Promise<void> {
  for (let i = 1; i <= LINES; i++) await connection.write(Buffer.from(`line ${i}\n`));
}

/** Waits until a text has been printed so many times. */
function printedTimes(child: Child, text: string, times: number): Promise<unknown> {
  return child.printed(new RegExp(`(?:${text}.*?){${times}}`, 's'));
}

/** How often each direction went over to new keys after the handshake had given it its first application keys. */
function renewals(events: readonly TraceEvent[]): { readonly received: number; readonly sent: number } {
  const count = (direction: 'received' | 'sent') =>
    events.filter(
      (event) => event.kind === 'keys' && event.direction === direction && event.epoch === 'application',
    ).length - 1;
  return { received: count('received'), sent: count('sent') };
}
