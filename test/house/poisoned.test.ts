/**
 * The purity rule, shown rather than read: the pure rooms do their work in a world where every clock, every
 * source of randomness, every timer and the console throw. This also covers the packages they import.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { evaluate } from './evaluate.ts';

const compiled = new URL('../../', import.meta.url);
const at = (path: string): string => JSON.stringify(new URL(path, compiled).href);

/** Replaces each way out by one that throws, keeping `report` to answer with. */
const POISON = `
  const write = process.stdout.write.bind(process.stdout);
  const report = (text) => write(text);
  const refuse = (name) => () => { throw new Error('touched ' + name); };
  Math.random = refuse('Math.random');
  Date.now = refuse('Date.now');
  globalThis.Date = new Proxy(Date, { construct: refuse('new Date'), apply: refuse('Date()') });
  performance.now = refuse('performance.now');
  Object.defineProperty(globalThis, 'crypto', { get: refuse('crypto') });
  for (const timer of ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']) {
    globalThis[timer] = refuse(timer);
  }
  for (const method of ['log', 'info', 'warn', 'error', 'debug']) {
    console[method] = refuse('console.' + method);
  }
`;

describe('with clocks, randomness, timers and console poisoned', () => {
  for (const effect of ['Math.random()', 'Date.now()', 'new Date()', 'crypto', 'setTimeout(() => {})']) {
    test(`${effect} throws`, () => {
      const attempt = `try { ${effect}; report('allowed'); } catch (error) { report(error.message); }`;
      assert.match(evaluate(`${POISON} ${attempt}`), /^touched /);
    });
  }

  for (const entry of [
    'asn1/index.js',
    'asn1/ber.js',
    'nocrypto/index.js',
    'x509/index.js',
    'x509/pkcs12.js',
    'src/index.js',
  ]) {
    test(`${entry} is imported`, () => {
      assert.equal(evaluate(`${POISON} await import(${at(entry)}); report('imported');`), 'imported');
    });
  }

  for (const group of ['x25519', 'secp256r1', 'secp384r1', 'X25519MLKEM768']) {
    test(`certificates are made and a handshake with ${group} is completed, twice alike`, () => {
      const outcome = evaluate(`${POISON}
        const { handshake, makeClientConfig, makeServerConfig, sent } = await import(${at('test/src/support.js')});
        const { send, status } = await import(${at('src/index.js')});
        const groups = [${JSON.stringify(group)}];
        const once = () => {
          const run = handshake(makeClientConfig({ groups, keyShares: groups }), makeServerConfig({ groups }));
          const last = send(run.client, Uint8Array.of(1, 2, 3));
          const bytes = [run.clientEffects, run.serverEffects, last.effects].map((effects) => sent(effects).join());
          return [status(run.client).phase, status(run.server).phase, bytes.join(';')];
        };
        const [first, second] = [once(), once()];
        report([first[0], first[1], first[2] === second[2]].join(' '));`);
      assert.equal(outcome, 'established established true');
    });
  }
});
