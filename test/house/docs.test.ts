/** What the documents say about the tree is true of it. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const manifest = read('package.json');

test('every place that CONTRIBUTING and SECURITY send a reader to exists', () => {
  const places = [
    ...`${read('CONTRIBUTING.md')}${read('SECURITY.md')}`.matchAll(/`((?:\.ci|[a-z0-9]+)\/[\w./-]+)`/g),
  ]
    .map(([, place]) => String(place))
    .filter((place) => !place.startsWith('pure-tls/') && !place.startsWith('dist'));
  assert.ok(places.length > 20);
  assert.deepEqual(
    places.filter((place) => !existsSync(new URL(place, root))),
    [],
  );
});

test('every script that the documents name is in package.json', () => {
  const named = ['README.md', 'CONTRIBUTING.md', '.ci/run']
    .flatMap((file) => [...read(file).matchAll(/npm run ([\w:]+)/g)])
    .map(([, script]) => String(script));
  assert.ok(named.length > 0);
  assert.deepEqual(
    named.filter((script) => !manifest.includes(`"${script}": `)),
    [],
  );
});

test('every entry point that the README imports is exported', () => {
  const imported = [...read('README.md').matchAll(/from '(pure-tls[\w/]*)'/g)].map(([, entry]) =>
    String(entry),
  );
  assert.ok(imported.length > 0);
  assert.deepEqual(
    imported.filter((entry) => !manifest.includes(`"${entry.replace('pure-tls', '.')}": {`)),
    [],
  );
});
