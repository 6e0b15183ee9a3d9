import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { receive } from '../../src/index.ts';
import { defaultLimits } from '../../src/limits.ts';
import { encodeHandshake } from '../../src/messages.ts';
import { messageArbitraries } from './arbitrary-codec.ts';
import { assertOver } from './expect.ts';
import { type Peer, plainRecord, record } from './peer.ts';
import { allStages, type Stage } from './stages.ts';
import { concatAll, find, NOW, runs, sent } from './support.ts';

// Input that nobody shaped, or shaped only as far as the next check, into every state there is.

for (const stage of allStages) {
  test(`${stage.title}: no bytes raise an exception, or cost more than they are worth`, () => {
    fc.assert(
      fc.property(fc.array(inputs, { minLength: 1, maxLength: 6 }), (makers) => {
        const peer = stage.reach();
        const parts = makers.map((make) => make(peer));
        assertBounded(peer, stage, parts);
      }),
      { numRuns: runs(60) },
    );
  });
}

/** Something to send: what it is may depend on the keys in force. */
type Input = (peer: Peer) => Uint8Array;

const contents = fc.uint8Array({ maxLength: 120 });
const contentTypes = fc.oneof(fc.constantFrom(20, 21, 22, 23), fc.integer({ min: 0, max: 255 }));
const anyMessage = fc.oneof(...Object.values(messageArbitraries)).map(encodeHandshake);

/** A handshake message whose header is true and whose body is random. */
const roughMessage = fc
  .tuple(fc.constantFrom(1, 2, 4, 5, 8, 11, 13, 15, 20, 24, 254), contents)
  .map(([type, body]) => Uint8Array.of(type, 0, 0, body.length, ...body));

const inputs: fc.Arbitrary<Input> = fc.oneof(
  contents.map((bytes) => () => bytes),
  fc.tuple(contentTypes, contents).map(
    ([type, content]) =>
      () =>
        plainRecord(type, content),
  ),
  fc.tuple(contentTypes, contents, fc.integer({ min: 0, max: 30 })).map(
    ([type, content, padding]): Input =>
      (peer) =>
        record(peer, type, content, { padding }),
  ),
  fc.oneof(anyMessage, roughMessage).map(
    (raw): Input =>
      (peer) =>
        record(peer, 22, raw),
  ),
  fc.array(fc.oneof(anyMessage, roughMessage), { minLength: 2, maxLength: 3 }).map(
    (several): Input =>
      (peer) =>
        record(peer, 22, concatAll(several).subarray(0, 2 ** 14)),
  ),
);

/** What comes out is bounded by what went in and by the limits, and who has failed stays so. */
function assertBounded(peer: Peer, { phase }: Stage, parts: readonly Uint8Array[]): void {
  let { state } = peer;
  for (const part of parts) {
    const step = receive(state, part, NOW);
    const failed = find(step.effects, 'failed');
    if (failed !== undefined || step.state.phase.kind === 'ended') assertOver(step.state);
    assert.ok(sent(step.effects).length <= 2 ** 14, `${sent(step.effects).length} bytes in answer`);
    const { records, handshake } = step.state.incoming;
    assert.ok(records.length <= defaultLimits.pendingBytes);
    assert.ok(handshake.length <= defaultLimits.certificateMessage + 2 ** 14);
    // Nobody who does not know the secrets of a handshake gets to its end.
    if (phase !== 'established') assert.notEqual(step.state.phase.kind, 'established');
    state = step.state;
  }
}
