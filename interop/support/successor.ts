/**
 * The process that a connection moves to: `node successor.js client|server QUESTIONS RECORDS-PER-KEY`. Standard input is the length of a snapshot
 * (4 bytes), the snapshot, then what the peer sends; standard output is for the peer. As a client it asks a line again
 * and again, as a server it answers lines; what it saw goes to standard error as one line of JSON.
 */
import { once } from 'node:events';
import { noble } from '../../nocrypto/index.ts';
import { type Flow, type WrapOptions, wrapRestored } from '../../src/flow/index.ts';
import { clientConfig, serverConfig, type TraceEvent } from '../../src/index.ts';
import { dangerouslyAcceptAnyCertificate } from '../../x509/index.ts';
import { answerLines, askLine } from './exchange.ts';
import { NAME } from './identities.ts';
import { must } from './must.ts';

/** What a successor says at its end. */
export interface Report {
  readonly tickets: number;
  /** Key changes in each direction. */
  readonly received: number;
  readonly sent: number;
}

const [, , role, questions, recordsPerKey] = process.argv;
const events: TraceEvent[] = [];
let tickets = 0;
const options: WrapOptions = {
  onTrace: (event) => void events.push(event),
  onTicket: () => {
    tickets += 1;
  },
};

const input = process.stdin.iterator();
const [snapshot, rest] = await firstMessage();
const common = {
  crypto: noble,
  trace: 'messages',
  limits: { aesGcmRecords: Number(recordsPerKey) },
  cipherSuites: ['TLS_AES_128_GCM_SHA256'],
} as const;
const isClient = role === 'client';
const config = isClient
  ? must(clientConfig({ ...common, authenticator: dangerouslyAcceptAnyCertificate, serverName: NAME }))
  : must(serverConfig({ ...common, credentials: 'ask' }));
const connection = await wrapRestored(pipes(rest), config, snapshot, options);
if (isClient) for (let i = 0; i < Number(questions); i++) await askLine(connection);
else await answerLines(connection);
await connection.close();
const report: Report = { tickets, received: keyChanges('received'), sent: keyChanges('sent') };
console.error(JSON.stringify(report));
process.exit();

function keyChanges(direction: 'sent' | 'received'): number {
  return events.filter((event) => event.kind === 'keys' && event.direction === direction).length;
}

async function firstMessage(): Promise<readonly [Buffer, Buffer]> {
  let bytes: Buffer = Buffer.alloc(0);
  while (bytes.length < 4 || bytes.length < 4 + bytes.readUInt32BE()) {
    const { value, done } = await input.next();
    if (done === true) throw new Error('the snapshot was cut off');
    bytes = Buffer.concat([bytes, value]);
  }
  const end = 4 + bytes.readUInt32BE();
  return [bytes.subarray(4, end), bytes.subarray(end)];
}

function pipes(first: Buffer): Flow {
  let begun: Buffer | undefined = first;
  return {
    read: async () => {
      if (begun !== undefined && begun.length > 0) {
        const bytes = begun;
        begun = undefined;
        return bytes;
      }
      const { value, done } = await input.next();
      return done === true ? undefined : value;
    },
    write: async (bytes) => {
      if (!process.stdout.write(bytes)) await once(process.stdout, 'drain');
    },
    closeWrite: async () => {},
    close: async () => {},
  };
}
