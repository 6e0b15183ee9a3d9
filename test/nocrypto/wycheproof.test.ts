import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noble } from '../../nocrypto/index.ts';
import { node } from '../../nocrypto/node.ts';
import { runAll, unusedFiles, vectorFolder } from './wycheproof.ts';

const folder = vectorFolder();

describe('Wycheproof', { skip: folder === undefined && 'no vectors beside the project' }, () => {
  if (folder === undefined) return;
  // The slow suites in part; `npm run test:wycheproof` runs all of it.
  const steps = [
    [noble, 150],
    [node, 30],
  ] as const;
  for (const [crypto, slowStep] of steps) {
    for (const { file, passed, failures } of runAll(crypto, folder, slowStep)) {
      it(`${crypto.name}, ${file}: ${passed} cases go as they must`, () => assert.deepEqual(failures, []));
    }
  }

  it('has no file that is not used', () => assert.deepEqual(unusedFiles(folder), []));
});
