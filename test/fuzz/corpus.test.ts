import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execute, executeThoroughly, record, scenarioCount } from './execute.ts';
import { dice, mutate } from './mutate.ts';
import { formatProgram, type Program, parseProgram } from './program.ts';

// What fuzzing has found worth keeping, and a little fuzzing without the guidance.

const lines = readFileSync(fileURLToPath(new URL('../../../test/fuzz/corpus.txt', import.meta.url)), 'utf8')
  .split('\n')
  .filter(Boolean);
const seeds: readonly Program[] = Array.from({ length: scenarioCount }, (_, index) => record(index)).flat();

test('both ends of each scenario get as far as application data, and close', () => {
  for (const seed of seeds) {
    const kinds = execute(seed).effects.map(({ kind }) => kind);
    const expected = ['established', 'data', 'peerClosed', 'closed'];
    assert.deepEqual(
      expected.filter((kind) => !kinds.some((seen) => seen === kind)),
      [],
      formatProgram(seed),
    );
  }
});

test('every input kept from fuzzing is answered as any input must be', () => {
  assert.ok(lines.length > 100);
  for (const line of lines) executeThoroughly(parseProgram(line));
});

test('a program survives being written as a line', () => {
  for (const seed of seeds) assert.deepEqual(parseProgram(formatProgram(seed)), seed);
});

test('a few thousand changed connections are answered as any input must be', () => {
  const chance = dice(11);
  for (let i = 0; i < 4000; i++) {
    const seed = seeds[chance.roll(seeds.length)];
    if (seed !== undefined) execute(mutate(seed, seeds, chance));
  }
});
