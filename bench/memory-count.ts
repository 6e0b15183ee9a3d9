/**
 * Makes many connections of one kind, lets them idle, and prints the bytes that each has added to JavaScript's heap and
 * to the process. Started by memory.ts: `node --expose-gc memory-count.js client 500`.
 */
import { handshake, makeConfigs, makeFixture, seedOf } from './fixtures.ts';
import { duplexPair, nodeTls } from './node-tls.ts';

const SUITE = 'TLS_AES_128_GCM_SHA256';
const WARM_UP = 500;

const [subject = '', count = ''] = process.argv.slice(2);
const make = maker(subject);
// What is made once and for all must not count: compiled code for the most part, a megabyte or so.
for (let i = 0; i < WARM_UP; i++) await make(i);
const before = usage();
const kept: unknown[] = [];
for (let i = 0; i < Number(count); i++) kept.push(await make(WARM_UP + i));
const after = usage();
console.log((after.heap - before.heap) / kept.length, (after.resident - before.resident) / kept.length);
process.exit();

function maker(name: string): (n: number) => Promise<unknown> {
  const fixture = makeFixture();
  const configs = makeConfigs(fixture, SUITE);
  switch (name) {
    case 'client':
    case 'server':
      return async (n) => handshake(configs, seedOf(n))[name];
    case 'node': {
      const peer = nodeTls(fixture, SUITE);
      return () => peer.connect();
    }
    case 'streams':
      return async () => duplexPair();
    default:
      throw new Error(`no such connection: ${name}`);
  }
}

function usage(): { readonly heap: number; readonly resident: number } {
  if (gc === undefined) throw new Error('needs --expose-gc');
  gc();
  gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, resident: rss };
}
