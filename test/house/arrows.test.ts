/** The arrows between rooms and the purity rule: seen to refuse what they must, and to accept the real tree. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { describe, test } from 'node:test';
import { checkHouse } from './check.ts';
import { ROOM_FOLDERS } from './rooms.ts';
import type { SourceFile, Violation } from './source.ts';

const root = new URL('../../../', import.meta.url);

test('every file of the rooms keeps the rules of the house', () => {
  const files = shippedFiles();
  assert.ok(files.length > 0);
  assert.equal(checkHouse(files).map(render).join('\n'), '');
});

test('the rooms hold TypeScript files only', () => {
  const foreign = ROOM_FOLDERS.flatMap(namesIn).filter(
    (name) => name.endsWith('.d.ts') || !['.ts', ''].includes(extname(name)),
  );
  assert.deepEqual(foreign, []);
});

describe('a planted violation is reported', () => {
  const asn1 = 'asn1/x.ts';
  const nocrypto = 'nocrypto/x.ts';
  const x509 = 'x509/x.ts';
  const src = 'src/x.ts';
  const flow = 'src/flow/x.ts';
  const node = 'src/flow/node/x.ts';
  const cli = 'src/cli/x.ts';

  // Each row: the file, its text, and what must be reported: everything, and nothing else.
  const planted: readonly (readonly [path: string, text: string, ...reports: readonly string[]])[] = [
    [asn1, `import {`, 'syntax'],
    ['lib/x.ts', `export const x = 1;`, 'arrow'],

    [asn1, `import { noble } from '../nocrypto/index.ts'; export { noble };`, 'arrow'],
    [asn1, `import { fromBER } from 'asn1js'; export { fromBER };`, 'arrow'],
    [asn1, `import { toDer } from './ber.ts'; export { toDer };`, 'arrow'],
    [asn1, `export * from '../x509/index.ts';`, 'arrow'],
    [asn1, `export { x } from '../test/x.ts';`, 'arrow'],
    ['asn1/ber.ts', `export { ml_kem768 } from '@noble/post-quantum/ml-kem.js';`, 'arrow'],
    ['asn1/ber.ts', `export { x } from 'asn1jss';`, 'arrow'],
    [nocrypto, `import { createHash } from 'node:crypto'; export { createHash };`, 'arrow'],
    [nocrypto, `export { fromBER } from 'asn1js';`, 'arrow'],
    [nocrypto, `export { integer } from '../asn1/index.ts';`, 'arrow'],
    [nocrypto, `export { node } from './node.ts';`, 'arrow'],
    [nocrypto, `export { hashes } from './node/hash.ts';`, 'arrow'],
    ['nocrypto/node.ts', `export { connect } from 'node:net';`, 'arrow'],
    ['nocrypto/node/x.ts', `export { connect } from 'node:net';`, 'arrow'],
    ['src/flow/node/x.ts', `export { hashes } from '../../../nocrypto/node/hash.ts';`, 'arrow'],
    [x509, `export { sha256 } from '@noble/hashes/sha2.js';`, 'arrow'],
    [x509, `export { client } from '../src/index.ts';`, 'arrow'],
    [x509, `export { node } from '../nocrypto/node.ts';`, 'arrow'],
    [x509, `export { toDer } from '../asn1/ber.ts';`, 'arrow'],
    [x509, `export { decodePkcs12 } from './pkcs12.ts';`, 'arrow'],
    [x509, `export { decode } from '../asn1/decode.ts';`, 'arrow'],
    [x509, `import type { Cursor } from '../asn1/cursor.ts'; export type X = Cursor;`, 'arrow'],
    [x509, `export type X = import('../asn1/cursor.ts').Cursor;`, 'arrow'],
    [src, `export { integer } from '../asn1/index.ts';`, 'arrow'],
    [src, `export { toDer } from '../asn1/ber.ts';`, 'arrow'],
    [src, `export { decodePkcs12 } from '../x509/pkcs12.ts';`, 'arrow'],
    [src, `export { wrapClient } from './flow/index.ts';`, 'arrow'],
    [src, `export { main } from './cli/main.ts';`, 'arrow'],
    ['src/deep/x.ts', `export { connect } from '../flow/node/index.ts';`, 'arrow'],
    [flow, `export { Duplex } from 'node:stream';`, 'arrow'],
    [flow, `export { Duplex } from 'stream';`, 'arrow'],
    [flow, `export { fromSocket } from './node/index.ts';`, 'arrow'],
    [flow, `export { state } from '../client/state.ts';`, 'arrow'],
    [node, `export { state } from '../../client/state.ts';`, 'arrow'],
    [flow, `export const x = () => import('node:net');`, 'arrow'],
    [flow, `export const x = (name: string) => import(name);`, 'arrow'],
    [node, `export { main } from '../../cli/main.ts';`, 'arrow'],
    [node, `export { Duplex } from 'stream';`, 'arrow'],
    [cli, `export { state } from '../client/state.ts';`, 'arrow'],
    [cli, `export { fromBER } from 'asn1js';`, 'arrow'],

    [src, `export const now = (): number => Date.now();`, 'purity'],
    [src, `export type Step = { readonly now: Date };`, 'purity'],
    [src, `export const at = (year: number): number => Date.UTC(year);`, 'purity'],
    [src, `export const x = (): number => Math.random();`, 'purity'],
    [src, `export const x = (): number => Math['random']();`, 'purity'],
    [src, `export const x = (name: 'abs'): unknown => Math[name];`, 'purity'],
    [src, `export const x = () => { const m = Math; return m; };`, 'purity'],
    [src, `export const x = () => { const { random } = Math; return random; };`, 'purity'],
    [src, `export const x = (b: Uint8Array) => crypto.getRandomValues(b);`, 'purity'],
    [src, `export const x = (b: Uint8Array) => globalThis.crypto.getRandomValues(b);`, 'purity'],
    [src, `export const x = (c: typeof crypto) => c;`, 'purity'],
    [src, `export const x = (crypto: string) => crypto; export const y = () => crypto;`, 'purity'],
    [src, `export const x = () => console.log('x');`, 'purity'],
    [src, `export const x = () => process.env;`, 'purity'],
    [src, `export const x = () => { process = 1; };`, 'purity'],
    [src, `export const x = () => { [process] = []; };`, 'purity'],
    [src, `export const x = () => { ({ a: process } = { a: 1 }); };`, 'purity'],
    [src, `export const x = () => { process++; };`, 'purity'],
    [src, `export const x = () => ({ process });`, 'purity'],
    [src, `export const x = (a = process) => a;`, 'purity'],
    [src, `export const x = () => process as unknown;`, 'purity'],
    ...[
      'setTimeout',
      'setInterval',
      'setImmediate',
      'queueMicrotask',
      'requestAnimationFrame',
      'performance',
      'fetch',
      'eval',
      'Function',
      'require',
      'Buffer',
      'WeakRef',
      'Intl',
      'Proxy',
      'somethingNobodyThoughtOf',
    ].map((name) => [src, `export const x = () => ${name};`, 'purity'] as const),
    [src, `export async function x() {}`, 'purity'],
    [src, `export const x = { async y() {} };`, 'purity'],
    [src, `export const x = async () => { await 1; };`, 'purity', 'purity'],
    [src, `export const x = () => Promise.resolve(1);`, 'purity'],
    [src, `export type X = Promise<number>;`, 'purity'],
    [src, `export interface X extends PromiseLike<number> {}`, 'purity'],
    [src, `export const x = () => import('./y.ts');`, 'purity'],
    [src, `export const x = () => import.meta.url;`, 'purity'],
    [src, `export class X {}`, 'purity'],
    [src, `export const X = class {};`, 'purity'],
    [src, `export const x = (s: string) => s.localeCompare('b');`, 'purity'],
    [src, `export const x = () => (() => 1).constructor('return process')();`, 'purity'],
    [
      nocrypto,
      `import { randomBytes } from '@noble/hashes/utils.js'; export const x = () => randomBytes(1);`,
      'purity',
    ],
    [
      nocrypto,
      `import { p256 } from '@noble/curves/nist.js'; export const x = () => p256.utils.randomSecretKey();`,
      'purity',
    ],
    [
      nocrypto,
      `import { x25519 } from '@noble/curves/ed25519.js'; export const x = () => x25519.keygen();`,
      'purity',
    ],
    [
      nocrypto,
      `import { kem } from '@noble/x.js'; export const x = (k: Uint8Array) => kem.encapsulate(k);`,
      'purity',
    ],
    ['asn1/ber.ts', `export const x = () => Date.now();`, 'purity'],
    [flow, `export const x = () => process.stdout;`, 'purity'],
    [flow, `export const x = () => Buffer.alloc(1);`, 'purity'],

    [src, `let count = 0; export const x = () => count;`, 'module-state'],
    [src, `export let count = 0;`, 'module-state'],
    [src, `var count = 0; export const x = () => count;`, 'module-state'],
    [src, `export const list = [1];`, 'module-state'],
    [src, `export const list: number[] = [1];`, 'module-state'],
    [src, `export const list = [1] as number[];`, 'module-state'],
    [src, `export const map = new Map<string, number>();`, 'module-state'],
    [src, `export const map: Map<string, number> = new Map();`, 'module-state'],
    [src, `const map = new Set([1]); export const has = (n: number) => map.has(n);`, 'module-state'],
    [
      src,
      `const seen: ReadonlySet<number> = new Set(); export const x = () => (seen as Set<number>).add(1);`,
      'module-state',
    ],
    [src, `const t = { n: 0 }; export const x = () => { t.n = 1; };`, 'module-state'],
    [src, `const t = { n: 0 }; export const x = () => t.n++;`, 'module-state'],
    [src, `const t = { n: 0 }; export const x = () => { [t.n] = [1]; };`, 'module-state'],
    [src, `const t = { n: 0 }; export const x = () => { for (t.n of [1]) {} };`, 'module-state'],
    [src, `const t: { n?: number } = {}; export const x = () => delete t.n;`, 'module-state'],
    [src, `const t = { l: [0] }; export const x = () => t.l.push(1);`, 'module-state'],
    [src, `const t = {}; export const x = () => Object.assign(t, { a: 1 });`, 'module-state'],
    [src, `const scratch = new Uint8Array(4); export const x = () => { scratch[0] = 1; };`, 'module-state'],
    [
      src,
      `const scratch = new Uint8Array(4); export const x = (b: Uint8Array) => scratch.set(b);`,
      'module-state',
    ],
    [src, `const scratch = Uint8Array.of(1, 2); export const x = () => scratch.fill(0);`, 'module-state'],
    [src, `export function x() { x.calls = 1; }`, 'module-state'],
    [src, `import { table } from './y.ts'; export const x = () => { table.n = 1; };`, 'module-state'],
    [src, `import { table } from './y.ts'; export const x = () => table.sort();`, 'module-state'],
    [src, `Object.freeze({});`, 'module-state'],
    [src, `for (const x of 'ab') { x; }`, 'module-state'],
    [src, `import './y.ts';`, 'module-state'],

    ...[asn1, x509, src, flow, node, cli].flatMap((path) => [
      [path, `export const x = (y: any): number => y;`, 'language'] as const,
      [path, `export const x = (y: unknown) => y as any;`, 'language'] as const,
      [path, `export const x = (y?: string) => y!;`, 'language'] as const,
    ]),
    [flow, `export const x = () => { let y!: number; return y; };`, 'language'],
    [flow, `export enum E { A }`, 'language'],
    [flow, `export namespace N { export const a = 1; }`, 'language'],
    [flow, `declare global { interface Window {} }`, 'language'],
    [flow, `export class X { constructor(public y: string) {} }`, 'language'],
    [flow, `// @ts-ignore\nexport const x = 1;`, 'language'],
    [flow, `/* @ts-expect-error */ export const x = 1;`, 'language'],
  ];

  for (const [path, text, ...reports] of planted) {
    test(`${reports.join(', ')}: ${path}: ${text.replaceAll('\n', ' ')}`, () => {
      const rules = checkHouse([{ path, text }]).map((violation) => violation.rule);
      assert.deepEqual(rules, reports);
    });
  }
});

describe('a cycle', () => {
  const ring = (last: string): readonly SourceFile[] => [
    { path: 'src/a.ts', text: `import { b } from './b.ts'; export const a = () => b;` },
    { path: 'src/b.ts', text: `export { c as b } from './c.ts';` },
    { path: 'src/c.ts', text: last },
  ];

  test('of three files is reported at each of them', () => {
    const violations = checkHouse(ring(`import { type A, a } from './a.ts'; export const c = (): A => a;`));
    assert.deepEqual(violations.map(render), [
      'src/a.ts:1 cycle: src/a.ts → src/b.ts → src/c.ts → src/a.ts',
      'src/b.ts:1 cycle: src/b.ts → src/c.ts → src/a.ts → src/b.ts',
      'src/c.ts:1 cycle: src/c.ts → src/a.ts → src/b.ts → src/c.ts',
    ]);
  });

  test('closed by a type import only is none', () => {
    assert.deepEqual(checkHouse(ring(`import type { A } from './a.ts'; export const c = (a: A) => a;`)), []);
  });

  test('closed by an inline type import is one, since the import itself remains', () => {
    assert.equal(
      checkHouse(ring(`import { type A } from './a.ts'; export const c = (a: A) => a;`)).length,
      3,
    );
  });

  test('is reported once by a file that imports itself', () => {
    const self = { path: 'src/a.ts', text: `export { x as y } from './a.ts'; export const x = 1;` };
    assert.equal(checkHouse([self]).length, 1);
  });
});

describe('what the house is built of is accepted', () => {
  const accepted: readonly (readonly [path: string, text: string])[] = [
    [
      'asn1/ber.ts',
      `import * as asn1js from 'asn1js'; import { ok } from './result.ts'; export const x = () => ok(asn1js);`,
    ],
    [
      'nocrypto/node.ts',
      `import { createHash } from 'node:crypto'; import { x } from './x.ts'; export const y = () => createHash(x);`,
    ],
    [
      'nocrypto/node/x.ts',
      `import { createHash } from 'node:crypto'; import { x } from '../x.ts'; export const y = () => createHash(x);`,
    ],
    [
      'nocrypto/x.ts',
      `import { x25519 } from '@noble/curves/ed25519.js'; export const x = (s: Uint8Array) => x25519.keygen(s);`,
    ],
    [
      'nocrypto/x.ts',
      `import { sha256 } from '@noble/hashes/sha2.js'; export const x = (m: Uint8Array): Uint8Array => sha256(m);`,
    ],
    ['x509/x.ts', `export * as asn1 from '../asn1/index.ts';`],
    [
      'x509/pkcs12.ts',
      `export { toDer } from '../asn1/ber.ts'; export * as asn1 from '../asn1/index.ts'; export * from './x.ts';`,
    ],
    [
      'src/deep/x.ts',
      `import type { CryptoProvider } from '../../nocrypto/index.ts'; export const x = (crypto: CryptoProvider) => crypto.name;`,
    ],
    [
      'src/flow/x.ts',
      `import { client } from '../index.ts'; export class X extends Error { readonly x = client; }`,
    ],
    [
      'src/flow/node/x.ts',
      `import { Duplex } from 'node:stream'; import { wrap } from '../wrap.ts'; export const x = async (d: Duplex) => wrap(d, Date.now());`,
    ],
    [
      'src/cli/main.ts',
      `#!/usr/bin/env node\nimport { connect } from 'node:net'; import { x } from '../flow/node/index.ts'; x(connect);`,
    ],
    [
      'src/x.ts',
      `declare const brand: unique symbol; export type Secret = Uint8Array & { readonly [brand]: true };`,
    ],
    ['src/x.ts', `export const list = [1, 2] as const satisfies readonly number[];`],
    ['src/x.ts', `export const byName: ReadonlyMap<string, number> = new Map([['a', 1]]);`],
    ['src/x.ts', `export const rows: readonly { readonly a: number }[] = [{ a: 1 }];`],
    ['src/x.ts', `export const table = { a: 1, b: [2] }; export const zeros = new Uint8Array(2);`],
    [
      'src/x.ts',
      `export function x(n: number): Uint8Array { const out = new Uint8Array(n); out[0] = Math.max(n, 1); out.set([1]); return out; }`,
    ],
    [
      'src/x.ts',
      `export const x = (n: number) => { const seen = new Set<number>(); let i = n; seen.add(i++); return [...seen].sort(); };`,
    ],
    [
      'src/x.ts',
      `import * as grammar from './y.ts'; export const x = grammar.set({ add: grammar.integer });`,
    ],
    [
      'src/x.ts',
      `export type X<T> = { readonly [K in keyof T]: T[K] extends readonly (infer U)[] ? U : Record<string, never> };`,
    ],
    ['src/x.ts', `export const x = (hello: { readonly random: Uint8Array }) => hello.random;`],
    [
      'src/x.ts',
      `export type X = { readonly any: string; readonly process: number }; export const x = (p: X) => p.process;`,
    ],
    [
      'src/x.ts',
      `export function x(v: unknown): asserts v is string { if (typeof v !== 'string') { throw new TypeError('v'); } }`,
    ],
    [
      'src/x.ts',
      `export const x = <const T extends string>(fetch: T): T => fetch; export const text = new TextEncoder();`,
    ],
    [
      'src/x.ts',
      `export type X = ReturnType<typeof make>['a']; const make = () => ({ a: Object.freeze([1]) });`,
    ],
  ];

  for (const [path, text] of accepted) {
    test(`${path}: ${text.replaceAll('\n', ' ')}`, () => {
      assert.deepEqual(checkHouse([{ path, text }]).map(render), []);
    });
  }
});

function shippedFiles(): readonly SourceFile[] {
  return ROOM_FOLDERS.flatMap(namesIn)
    .filter((path) => path.endsWith('.ts'))
    .map((path) => ({ path, text: readFileSync(new URL(path, root), 'utf8') }));
}

function namesIn(room: string): readonly string[] {
  return readdirSync(new URL(room, root), { recursive: true, encoding: 'utf8' }).map(
    (name) => `${room}/${name.replaceAll('\\', '/')}`,
  );
}

function render({ path, line, rule, what }: Violation): string {
  return `${path}:${line} ${rule}: ${what}`;
}
