import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runAll, vectorFolder } from './wycheproof.ts';

const folder = vectorFolder();

describe('Wycheproof', { skip: folder === undefined && 'no vectors beside the project' }, () => {
  // The slow suites in part; `npm run test:wycheproof` runs all of it.
  const SLOW_STEP = 10;

  for (const { file, passed, failures } of folder === undefined ? [] : runAll(folder, SLOW_STEP)) {
    it(`${file}: ${passed} cases go as they must`, () => {
      assert.deepEqual(failures, []);
      assert.ok(passed > 0);
    });
  }
});
