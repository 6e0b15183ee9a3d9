/** The part of `npm run interop` that every change should show: against OpenSSL, without its slow cases. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { allCases } from '../../interop/cases/index.ts';
import { openWorld, runCase } from '../../interop/support/runner.ts';

const world = await openWorld();
after(world.end);

const openssl = await world.find('openssl');
if (openssl.kind === 'present') {
  describe(`with ${openssl.peer.version}`, () => {
    for (const entry of allCases().filter(({ peer, slow }) => peer === 'openssl' && !slow)) {
      test(`our ${entry.role}: ${entry.title}`, async (t) => {
        const verdict = await runCase(world, entry);
        if (verdict.kind === 'skipped') t.skip(verdict.reason);
        if (verdict.kind === 'failed') {
          for (const note of verdict.notes) t.diagnostic(note);
          throw verdict.error;
        }
      });
    }
  });
} else if (process.env['CI'] === 'true') {
  test('openssl is there', () => assert.fail(openssl.reason));
} else {
  test('with OpenSSL', { skip: openssl.reason }, () => {});
}
