import assert from 'node:assert/strict';
import type { TlsConnection } from '../../src/flow/index.ts';
import { type Facts, rotateTicketKeys, TICKET_KEY_ENTROPY } from '../../src/index.ts';
import { type PeerName, reversed } from '../peers/peer.ts';
import type { Case } from '../support/case.ts';
import { answerPeer, askPeer, LINE, lineReader } from '../support/exchange.ts';
import { type Outcome, valueFrom } from '../support/ours.ts';
import { answerGnutls, askGnutls, gnutlsCase } from '../support/with-gnutls.ts';

/** How long records are: padding, and record_size_limit (RFC 8449), which of the peers GnuTLS alone has. */
export function recordSizeCases(): readonly Case[] {
  return [
    ...peers.flatMap(paddedCases),
    gnutlsCase('client', 'record_size_limit kept by both sides', async (bench) => {
      const ours = { recordSizeLimit: 600, trace: 'records' } as const;
      const { outcome } = await askGnutls(bench, ours, ['--recordsize', '512'], {}, askLongLine);
      assert.deepEqual(valueFrom(outcome).recordSizes, { sent: 513, received: 600 });
      assertLongest(outcome, { sent: 512, received: 599 });
    }),
    gnutlsCase('client', 'record_size_limit kept by both sides, TLS 1.2', async (bench) => {
      const ours = { versions: ['1.2'], recordSizeLimit: 600, trace: 'records' } as const;
      const theirs = ['--recordsize', '512', '--priority', 'NORMAL:-VERS-ALL:+VERS-TLS1.2'];
      const { outcome } = await askGnutls(bench, ours, theirs, {}, askLongLine);
      assert.deepEqual(valueFrom(outcome).recordSizes, { sent: 512, received: 600 });
      assertLongest(outcome, { sent: 512, received: 600 });
    }),
    gnutlsCase('client', 'record_size_limit of every record', async (bench) => {
      const { outcome } = await askGnutls(bench, {}, [], {}, askLongLine);
      assert.deepEqual(valueFrom(outcome).recordSizes, { sent: 16385, received: 16385 });
    }),
    gnutlsCase('server', 'record_size_limit kept by both sides', async (bench) => {
      const { credential } = await bench.identities.usual('P-256');
      const ours = { credentials: [credential], recordSizeLimit: 600, trace: 'records' } as const;
      const { outcome, reply } = await answerGnutls(bench, ours, ['--recordsize', '512']);
      assert.equal(reply, reversed(LINE));
      assert.deepEqual(valueFrom(outcome).recordSizes, { sent: 513, received: 600 });
      // Our flight is longer than a record, and so is the certificate in it.
      assertLongest(outcome, { sent: 512 });
    }),
  ];
}

const peers: readonly PeerName[] = ['openssl', 'go', 'node', 'gnutls'];

/** Both roles, everything padded, with a line that takes several records. */
function paddedCases(peer: PeerName): readonly Case[] {
  const padded = { padding: { kind: 'toLength', length: 300 }, padHandshake: true } as const;
  const ticketKeys = rotateTicketKeys([], Buffer.alloc(TICKET_KEY_ENTROPY, 1));
  return [
    {
      peer,
      role: 'client',
      title: 'every record padded',
      slow: peer !== 'openssl',
      run: async (bench) => {
        const { chainFile, keyFile } = await bench.identities.usual('P-256');
        const { facts } = await askPeer(bench, padded, { chainFile, keyFile, connections: 2 });
        assert.equal(facts.resumed, true);
      },
    },
    {
      peer,
      role: 'server',
      title: 'every record padded',
      slow: peer !== 'openssl',
      run: async (bench) => {
        const { credential } = await bench.identities.usual('P-256');
        const ours = { ...padded, ticketKeys, credentials: [credential] };
        const { peer } = await answerPeer(bench, ours, { connections: 2 });
        assert.notEqual(peer.resumed, false);
      },
    },
  ];
}

const LONG_LINE = LINE.repeat(60);

async function askLongLine(connection: TlsConnection): Promise<Facts> {
  await connection.write(Buffer.from(`${LONG_LINE}\n`));
  assert.equal((await lineReader(connection)())?.length, LONG_LINE.length);
  return connection.facts;
}

/** How much content the longest protected record of a direction held. */
function assertLongest(
  { events }: Outcome<Facts>,
  expected: Readonly<Partial<Record<'sent' | 'received', number>>>,
): void {
  for (const [direction, length] of Object.entries(expected)) {
    const lengths = events.flatMap((event) =>
      event.kind === 'record' && event.protected && event.direction === direction ? [event.length] : [],
    );
    assert.equal(Math.max(...lengths), length, direction);
  }
}
