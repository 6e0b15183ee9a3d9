import assert from 'node:assert/strict';
import { on, once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import {
  client,
  describeFailure,
  type Facts,
  receive,
  type State,
  type Step,
  server,
  snapshot,
} from '../../src/index.ts';
import { sClient, sServer } from '../peers/openssl.ts';
import { closings, keyUpdates } from '../peers/openssl-messages.ts';
import { reversed } from '../peers/peer.ts';
import type { Case } from '../support/case.ts';
import { must } from '../support/must.ts';
import { ourClientConfig, ourServerConfig } from '../support/ours.ts';
import { type Child, start } from '../support/process.ts';
import type { Scope } from '../support/scope.ts';
import type { Report } from '../support/successor.ts';
import { opensslCase } from '../support/with-openssl.ts';

/** A connection that begins in this process and goes on in another one, which knows nothing but a snapshot of it. */
export function snapshotCases(): readonly Case[] {
  return [
    opensslCase('client', 'snapshot, restored in another process', async ({ scope, identities }) => {
      const { chainFile, keyFile } = await identities.usual('P-256');
      const { port, messages } = await sServer(scope, ['-rev', '-cert', chainFile, '-key', keyFile]);
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      const config = ourClientConfig(identities, { cipherSuites: ['TLS_AES_128_GCM_SHA256'] });
      const report = await reportOf(await handOver(scope, socket, client(config, seed())));
      const renewals = Math.floor(QUESTIONS / (RECORDS_PER_KEY - 2));
      assert.equal(report.tickets, 2);
      // It reads as many records as we write, and so we also ask for its keys to be renewed.
      assert.ok(report.sent >= renewals && report.received >= 1, JSON.stringify(report));
      const seen = await messages();
      assert.deepEqual(
        [keyUpdates(seen, 'received'), keyUpdates(seen, 'sent')],
        [report.sent, report.received],
      );
      assert.deepEqual([closings(seen, 'received'), closings(seen, 'sent')], [1, 1]);
    }),
    opensslCase('server', 'snapshot, restored in another process', async ({ scope, identities }) => {
      const { credential } = await identities.usual('P-256');
      const config = ourServerConfig({
        credentials: [credential],
        cipherSuites: ['TLS_AES_128_GCM_SHA256'],
      });
      const listener = createServer().listen(0, '127.0.0.1');
      scope.defer(() => void listener.close());
      await once(listener, 'listening');
      const { port } = listener.address() as AddressInfo;
      const { child, messages } = sClient(scope, port, ['-brief', '-CAfile', identities.authority.file]);
      const socket: Socket = (await once(listener, 'connection'))[0];
      const successor = await handOver(scope, socket, server(config, seed()));
      for (let round = 1; round <= ROUNDS; round++) {
        // It renews its keys and asks for ours.
        await child.write('K\n');
        await child.printed(new RegExp(`(?:KEYUPDATE.*?){${round}}`, 's'));
        await child.write(`question ${round}\n`);
        await child.printed(new RegExp(reversed(`question ${round}`)), 'stdout');
      }
      child.end();
      assert.deepEqual(await reportOf(successor), { tickets: 0, received: ROUNDS, sent: ROUNDS });
      const seen = await messages();
      assert.deepEqual([keyUpdates(seen, 'received'), keyUpdates(seen, 'sent')], [ROUNDS, ROUNDS]);
    }),
  ];
}

const ROUNDS = 3;
/** Lines that our client asks, with so few records under one key that it is renewed meanwhile. */
const QUESTIONS = 20;
const RECORDS_PER_KEY = 8;

/** Does the handshake here, then starts a successor and from there on only carries bytes between it and the peer. */
async function handOver(scope: Scope, socket: Socket, first: Step): Promise<Child> {
  scope.defer(() => void socket.destroy());
  socket.on('error', () => {});
  const { role } = first.state.fixed.config;
  const chunks = on(socket, 'data', { close: ['end'] });
  let step = first;
  for (;;) {
    for (const effect of step.effects) {
      if (effect.kind === 'send') socket.write(effect.bytes);
      if (effect.kind === 'failed') throw new Error(describeFailure(effect.failure));
    }
    const established = step.effects.find((effect) => effect.kind === 'established');
    if (established?.kind === 'established') {
      const successor = startSuccessor(scope, socket, role);
      void successor.write(framed(step.state, established.facts));
      void relay(chunks, successor);
      return successor;
    }
    const { value, done } = await chunks.next();
    if (done === true) throw new Error('the peer has gone before the handshake was over');
    step = receive(step.state, value[0], Date.now());
  }
}

async function relay(chunks: AsyncIterable<readonly Buffer[]>, successor: Child): Promise<void> {
  for await (const [bytes] of chunks) {
    if (bytes !== undefined) await successor.write(bytes);
  }
  successor.end();
}

function startSuccessor(scope: Scope, socket: Socket, role: 'client' | 'server'): Child {
  const script = fileURLToPath(new URL('../support/successor.js', import.meta.url));
  const successor = start(scope, process.execPath, [script, role, `${QUESTIONS}`, `${RECORDS_PER_KEY}`], {
    onOutput: (bytes) => void socket.write(bytes),
  });
  void successor.exited.then(() => socket.end());
  return successor;
}

function framed(state: State, facts: Facts): Buffer {
  const bytes = must(snapshot(state, facts));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

async function reportOf(successor: Child): Promise<Report> {
  const [line] = await successor.printed(/^\{.*\}$/m);
  const report: Report = JSON.parse(line);
  return report;
}

function seed(): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(48));
}
