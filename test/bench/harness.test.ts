import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measure, type Timing } from '../../bench/harness.ts';

const timing: Timing = { clock: 'wall', warmUp: 0, batch: 0, budget: 0 };

test('contenders take turns, and every other round goes backwards', async () => {
  const turns: string[] = [];
  const measured = await measure(
    {
      name: 'turns',
      prepare: async () => ({
        operations: 1,
        ours: { name: 'a', run: () => void turns.push('a') },
        peers: [{ name: 'b', run: () => void turns.push('b') }],
      }),
    },
    timing,
  );
  const inTurn = [
    'a',
    'b',
    ...'abba'.repeat(measured.rounds / 2),
    ...(measured.rounds % 2 === 1 ? 'ab' : ''),
  ];
  assert.deepEqual(turns, inTurn);
});

test('a run that is asynchronous is over before the next begins', async () => {
  let running = 0;
  const run = async (): Promise<void> => {
    assert.equal(running++, 0);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
  };
  const { peers } = await measure(
    {
      name: 'asynchronous',
      prepare: async () => ({ operations: 1, ours: { name: 'a', run }, peers: [{ name: 'b', run }] }),
    },
    timing,
  );
  assert.deepEqual(
    peers.map(({ name }) => name),
    ['b'],
  );
});

test('what was set up is let go even when a contender fails', async () => {
  let closed = false;
  const failing = measure(
    {
      name: 'failing',
      prepare: async () => ({
        operations: 1,
        ours: {
          name: 'a',
          run: () => {
            throw new Error('broken');
          },
        },
        peers: [],
        close: () => {
          closed = true;
        },
      }),
    },
    timing,
  );
  await assert.rejects(failing, /broken/);
  assert.ok(closed);
});
