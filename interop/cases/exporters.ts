import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { TlsConnection } from '../../src/flow/index.ts';
import { type CipherSuiteName, keyLogLine, type TraceEvent } from '../../src/index.ts';
import { sClient, sServer } from '../peers/openssl.ts';
import { EXPORTER } from '../peers/peer.ts';
import type { Case } from '../support/case.ts';
import { answerLines, answerPeer, askLineOf, askPeer } from '../support/exchange.ts';
import { connectTo, listenFor, ourClientConfig, ourServerConfig, valueFrom } from '../support/ours.ts';
import { opensslCase } from '../support/with-openssl.ts';

/** Secrets that leave a connection, which must be the same at both ends: exported keys and key logs. */
export function exporterCases(): readonly Case[] {
  return [...suites.flatMap(withOpenssl), ...withOthers];
}

const suites: readonly CipherSuiteName[] = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384'];

/** OpenSSL's tools export without a context, which in TLS 1.3 is the same as an empty one. */
const LABEL = 'EXPORTER-openssl';
const LENGTH = 77;
const exporting = ['-keymatexport', LABEL, '-keymatexportlen', `${LENGTH}`];
const EXPORTED = /Keying material: ([0-9A-F]+)/;

function withOpenssl(suite: CipherSuiteName): readonly Case[] {
  const ours = { cipherSuites: [suite], trace: 'secrets' } as const;
  return [
    opensslCase('client', `exported keys and key log, ${suite}`, async ({ scope, identities }) => {
      const { chainFile, keyFile } = await identities.usual('P-256');
      const keyLog = identities.path('keys');
      const usual = ['-cert', chainFile, '-key', keyFile, '-keylogfile', keyLog];
      const { port, child } = await sServer(scope, [...usual, ...exporting]);
      const outcome = await connectTo(scope, port, ourClientConfig(identities, ours), async (connection) => {
        const [, theirs] = await child.printed(EXPORTED);
        assert.equal(exported(connection), theirs);
      });
      valueFrom(outcome);
      await child.exited;
      await assertSameKeyLog(outcome.events, keyLog);
    }),
    opensslCase('server', `exported keys and key log, ${suite}`, async ({ scope, identities }) => {
      const { credential } = await identities.usual('P-256');
      const config = ourServerConfig({ credentials: [credential], ...ours });
      const keyLog = identities.path('keys');
      const { port, outcome } = await listenFor(scope, config, async (connection) => {
        await answerLines(connection);
        return exported(connection);
      });
      const usual = ['-nocommands', '-CAfile', identities.authority.file, '-keylogfile', keyLog];
      const { child } = sClient(scope, port, [...usual, ...exporting]);
      const [, theirs] = await child.printed(EXPORTED);
      child.end();
      const ended = await outcome;
      assert.equal(valueFrom(ended), theirs);
      await assertSameKeyLog(ended.events, keyLog);
    }),
  ];
}

const withOthers: readonly Case[] = (
  [
    ['go', EXPORTER.context],
    ['node', EXPORTER.context],
    ['gnutls', new Uint8Array(0)],
  ] as const
).flatMap(([peer, context]): readonly Case[] => [
  {
    peer,
    role: 'client',
    title: `exported keys, with${context.length === 0 ? 'out' : ''} a context`,
    run: async (bench) => {
      const { chainFile, keyFile } = await bench.identities.usual('P-256');
      let ours = '';
      const exchange = await askPeer(bench, {}, { chainFile, keyFile }, async (connection) => {
        ours = exportedAsPeersDo(connection, context);
        return askLineOf(bench.peer)(connection);
      });
      assert.equal(exchange.peer.exported, ours);
    },
  },
  {
    peer,
    role: 'server',
    title: `exported keys, with${context.length === 0 ? 'out' : ''} a context`,
    run: async (bench) => {
      const { credential } = await bench.identities.usual('P-256');
      let ours = '';
      const exchange = await answerPeer(bench, { credentials: [credential] }, {}, async (connection) => {
        ours = exportedAsPeersDo(connection, context);
        return answerLines(connection);
      });
      assert.equal(exchange.peer.exported, ours);
    },
  },
]);

function exported(connection: TlsConnection): string {
  const secret = connection.exportKeyingMaterial(LABEL, new Uint8Array(0), LENGTH);
  return Buffer.from(secret).toString('hex').toUpperCase();
}

function exportedAsPeersDo(connection: TlsConnection, context: Uint8Array): string {
  const secret = connection.exportKeyingMaterial(EXPORTER.label, context, EXPORTER.length);
  return Buffer.from(secret).toString('hex');
}

/** The same secrets under the same labels, in whatever order. */
async function assertSameKeyLog(events: readonly TraceEvent[], file: string): Promise<void> {
  const ours = events.map(keyLogLine).filter((line) => line !== undefined);
  const theirs = (await readFile(file, 'latin1')).split('\n').filter((line) => /^[A-Z]/.test(line));
  assert.equal(ours.length, 5);
  assert.deepEqual([...ours].sort(), [...theirs].sort());
}
