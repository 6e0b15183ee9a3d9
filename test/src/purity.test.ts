import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Effect, status } from '../../src/index.ts';
import { quickClientConfig, quickServerConfig } from './quick.ts';
import {
  type Call,
  effectsOf,
  happenings,
  type Input,
  type OptionPair,
  optionPairs,
  type Parties,
  perform,
  recordConnection,
  type Side,
  start,
} from './recording.ts';
import { concatAll, makeClientConfig, makeServerConfig, runs, sent } from './support.ts';

const connections = fc.tuple(optionPairs, happenings);

test('equal inputs give equal outputs: a recorded connection replays byte for byte', () => {
  fc.assert(
    fc.property(connections, ([options, script]) => {
      const parties = quickParties(options);
      const calls = recordConnection(parties, script);
      assertReplays(parties, calls);
    }),
    { numRuns: runs(100) },
  );
});

test('a connection over real cryptography replays byte for byte too', () => {
  const parties = { client: makeClientConfig(), server: makeServerConfig({ groups: ['secp256r1'] }) };
  const calls = recordConnection(parties, [
    ...Array.from({ length: 4 }, (_, i) => ({
      kind: 'deliver' as const,
      to: i % 2 === 0 ? ('server' as const) : ('client' as const),
      length: 5000,
    })),
    { kind: 'send', side: 'client', length: 20_000 },
    { kind: 'close', side: 'client' },
  ]);
  assert.ok(effectsOf(calls, 'client').some(({ kind }) => kind === 'established'));
  assertReplays(parties, calls);
  for (const { before, input, step } of [...calls].reverse()) assertSameStep(perform(before, input), step);
});

test('the earlier state stays usable: it answers as it did, whatever was done with it since', () => {
  fc.assert(
    fc.property(connections, fc.uint8Array({ minLength: 1, maxLength: 40 }), ([options, script], junk) => {
      const calls = recordConnection(quickParties(options), script);
      for (const { before, input, step } of [...calls].reverse()) {
        perform(before, { kind: 'receive', bytes: junk });
        perform(before, { kind: 'close' });
        assertSameStep(perform(before, input), step);
      }
    }),
    { numRuns: runs(50) },
  );
});

test('no call changes a value it was given, nor one it has returned', () => {
  fc.assert(
    fc.property(connections, ([options, script]) => {
      const seen: { readonly bytes: Uint8Array; readonly copy: Uint8Array }[] = [];
      recordConnection(quickParties(options), script, (state, input) => {
        const step = perform(freeze(state, seen), freeze(input, seen));
        return freeze(step, seen);
      });
      for (const { bytes: now, copy } of seen) assert.deepEqual(now, copy);
    }),
    { numRuns: runs(30) },
  );
});

test('the caller may reuse its buffers, and those it was given, as soon as a call is over', () => {
  fc.assert(
    fc.property(connections, ([options, script]) => {
      const parties = quickParties(options);
      const untouched = recordConnection(parties, script);
      const kept: Effect[][] = [];
      recordConnection(parties, script, (state, input) => {
        const scratch = bufferOf(input);
        const step = perform(state, scratch);
        if ('bytes' in scratch) scratch.bytes.fill(0xaa);
        kept.push([...step.effects].map(copyOfEffect));
        const effects = step.effects.map(copyOfEffect);
        for (const effect of step.effects) {
          if (effect.kind === 'send' || effect.kind === 'data') effect.bytes.fill(0xaa);
        }
        return { state: step.state, effects };
      });
      assert.deepEqual(
        kept,
        untouched.map(({ step }) => step.effects),
      );
    }),
    { numRuns: runs(30) },
  );
});

test('any split of the input gives the same bytes out, the same data and the same end', () => {
  fc.assert(
    fc.property(
      connections,
      fc.infiniteStream(fc.integer({ min: 1, max: 700 })),
      ([options, script], sizes) => {
        const parties = quickParties(options);
        assertSplits(parties, recordConnection(parties, script), () => sizes.next().value ?? 1);
      },
    ),
    { numRuns: runs(50) },
  );
});

test('input in single bytes gives the same bytes out, the same data and the same end', () => {
  fc.assert(
    fc.property(connections, ([options, script]) => {
      const parties = quickParties(options);
      assertSplits(parties, recordConnection(parties, script), () => 1);
    }),
    { numRuns: runs(5) },
  );
});

function quickParties({ client, server }: OptionPair): Parties {
  return { client: quickClientConfig(client), server: quickServerConfig(server) };
}

function assertReplays(parties: Parties, calls: readonly Call[]): void {
  const again = start(parties);
  const states = { client: again.client.state, server: again.server.state };
  for (const { side, input, step } of calls) {
    const replayed = perform(states[side], input);
    assertSameStep(replayed, step);
    states[side] = replayed.state;
  }
}

/** States hold prepared keys, which are functions; all that can be seen of two equal ones is what they answer. */
function assertSameStep(actual: Call['step'], expected: Call['step']): void {
  assert.deepEqual(actual.effects, expected.effects);
  assert.deepEqual(status(actual.state), status(expected.state));
}

/** Freezes what can be frozen and keeps a copy of what cannot, which is byte strings. */
function freeze<T>(value: T, seen: { readonly bytes: Uint8Array; readonly copy: Uint8Array }[]): T {
  if (value instanceof Uint8Array) {
    seen.push({ bytes: value, copy: value.slice() });
  } else if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freeze(inner, seen);
  }
  return value;
}

/** What a caller on Node hands over: a Buffer, whose slices are views. */
function bufferOf(input: Input): Input {
  return 'bytes' in input ? { ...input, bytes: Buffer.from(input.bytes) } : input;
}

function copyOfEffect(effect: Effect): Effect {
  return effect.kind === 'send' || effect.kind === 'data'
    ? { ...effect, bytes: effect.bytes.slice() }
    : effect;
}

/** Plays the calls again with every input cut as `next` says, and compares what each side did in all. */
function assertSplits(parties: Parties, calls: readonly Call[], next: () => number): void {
  for (const side of ['client', 'server'] as const) {
    let { state } = start(parties)[side];
    const effects: Effect[] = [];
    for (const { input } of calls.filter((call) => call.side === side)) {
      for (const part of pieces(input, next)) {
        const step = perform(state, part);
        effects.push(...step.effects);
        state = step.state;
      }
    }
    assertSameInAll(effects, effectsOf(calls, side), side);
  }
}

function pieces(input: Input, next: () => number): readonly Input[] {
  if (input.kind !== 'receive') return [input];
  const parts: Input[] = [];
  for (let from = 0; from < input.bytes.length; ) {
    const until = from + next();
    parts.push({ kind: 'receive', bytes: input.bytes.slice(from, until) });
    from = until;
  }
  return parts;
}

/**
 * Where a step ends, a `send` and a `data` end, and messages that wait to share a record are sealed: so the bytes sent are
 * the same in all, the records traced as sent are the same among themselves, and all else is the same one by one, data
 * that nothing stands between taken together.
 */
function assertSameInAll(actual: readonly Effect[], expected: readonly Effect[], side: Side): void {
  assert.deepEqual(sent(actual), sent(expected), side);
  assert.deepEqual(actual.filter(isSentRecord), expected.filter(isSentRecord), side);
  const rest = (effects: readonly Effect[]) =>
    joinData(effects.filter((effect) => effect.kind !== 'send' && !isSentRecord(effect)));
  assert.deepEqual(rest(actual), rest(expected), side);
}

function isSentRecord(effect: Effect): boolean {
  return effect.kind === 'trace' && effect.event.kind === 'record' && effect.event.direction === 'sent';
}

function joinData(effects: readonly Effect[]): readonly Effect[] {
  const joined: Effect[] = [];
  for (const effect of effects) {
    const last = joined.at(-1);
    if (effect.kind === 'data' && last?.kind === 'data' && last.early === effect.early) {
      joined[joined.length - 1] = { ...effect, bytes: concatAll([last.bytes, effect.bytes]) };
    } else {
      joined.push(effect);
    }
  }
  return joined;
}
