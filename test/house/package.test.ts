/** What package.json promises: exact pins, the five dependencies, entry points that exist and stand alone. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { evaluate } from './evaluate.ts';

const root = new URL('../../../', import.meta.url);
const compiled = new URL('../../', import.meta.url);
const manifest = readJson('package.json');
const lock = readJson('package-lock.json');
const entries = Object.entries(record(manifest['exports'])).filter(([name]) => name !== './package.json');

test('the dependencies of a user are the five allowed ones', () => {
  assert.deepEqual(Object.keys(record(manifest['dependencies'])), [
    '@noble/ciphers',
    '@noble/curves',
    '@noble/hashes',
    '@noble/post-quantum',
    'asn1js',
  ]);
  for (const kind of ['peerDependencies', 'optionalDependencies', 'bundleDependencies']) {
    assert.equal(manifest[kind], undefined);
  }
});

test('every dependency is pinned to one version', () => {
  for (const kind of ['dependencies', 'devDependencies']) {
    for (const [name, version] of Object.entries(record(manifest[kind]))) {
      assert.match(String(version), /^\d+\.\d+\.\d+$/, name);
    }
  }
});

test('the package is ESM without side effects', () => {
  assert.equal(manifest['type'], 'module');
  assert.equal(manifest['sideEffects'], false);
});

describe('the entry point', () => {
  for (const [name, targets] of entries) {
    test(`${name} has its code and its declarations`, () => {
      const { types, default: code } = record(targets);
      assert.deepEqual(Object.keys(record(targets)), ['types', 'default']);
      assert.ok(existsSync(inCompiled(code)), String(code));
      assert.ok(existsSync(inCompiled(types)), String(types));
    });

    test(`${name} imports alone and exports something`, () => {
      const { default: code } = record(targets);
      const script = `import * as entry from ${JSON.stringify(inCompiled(code))};
        console.log(Object.keys(entry).length);`;
      assert.ok(Number(evaluate(script)) > 0);
    });
  }
});

test('the command starts with the line that makes it one', () => {
  const { 'pure-tls': command } = record(manifest['bin']);
  const [first] = readFileSync(inCompiled(command), 'utf8').split('\n');
  assert.equal(first, '#!/usr/bin/env node');
});

test('the lock file holds every optional dependency, whatever platform it is for', () => {
  const packages = record(lock['packages']);
  const missing = Object.entries(packages).flatMap(([place, entry]) =>
    Object.keys(record(record(entry)['optionalDependencies'] ?? {}))
      .filter((name) => packages[`node_modules/${name}`] === undefined)
      .map((name) => `${name} of ${place}`),
  );
  assert.deepEqual(missing, []);
});

test('the lock file pins the content of every package and names no host to fetch it from', () => {
  for (const [place, entry] of Object.entries(record(lock['packages']))) {
    const { integrity, resolved } = record(entry);
    assert.equal(resolved, undefined, place);
    assert.equal(typeof integrity, place === '' ? 'undefined' : 'string', place);
  }
});

// The tests may have been compiled to another folder than dist.
function inCompiled(target: unknown): URL {
  return new URL(String(target).replace(/^(\.\/)?dist\//, ''), compiled);
}

function readJson(path: string): Readonly<Record<string, unknown>> {
  return record(JSON.parse(readFileSync(new URL(path, root), 'utf8')));
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  assert.ok(typeof value === 'object' && value !== null);
  return Object.fromEntries(Object.entries(value));
}
