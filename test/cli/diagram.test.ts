import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Conversation, diagram, type TimedEvent } from '../../src/cli/diagram.ts';
import { coloured } from '../../src/cli/text.ts';
import type { TraceEvent } from '../../src/index.ts';

const runs = Number(process.env['FC_RUNS'] ?? 100);

const names = { clientName: 'client', serverName: 'server' };

const hello = { serverName: 'a.example', extensions: 'keyShare' };

/** What two peers would trace. */
const conversation: Conversation = {
  client: [
    timed(0, message('clientHello', 'sent', hello)),
    timed(3, message('serverHello', 'received')),
    timed(3, keys('received', 'handshake')),
    timed(3, keys('sent', 'handshake')),
    timed(3, message('finished', 'received')),
    timed(3, keys('received', 'application')),
    timed(3, { kind: 'changeCipherSpec', direction: 'sent' }),
    timed(3, message('finished', 'sent')),
    timed(3, keys('sent', 'application')),
    timed(4, data('sent', 1)),
    timed(6, { kind: 'alert', direction: 'received', alert: 'close_notify' }),
  ],
  server: [
    timed(1, { kind: 'state', from: 'a', to: 'b' }),
    timed(1, message('clientHello', 'received', hello)),
    timed(2, message('serverHello', 'sent')),
    timed(2, keys('received', 'handshake')),
    timed(2, keys('sent', 'handshake')),
    timed(2, message('finished', 'sent')),
    timed(2, keys('sent', 'application')),
    timed(5, { kind: 'changeCipherSpec', direction: 'received' }),
    timed(5, message('finished', 'received')),
    timed(5, keys('received', 'application')),
    timed(5, data('received', 1)),
    timed(5, { kind: 'alert', direction: 'sent', alert: 'close_notify' }),
  ],
};

describe('the sequence diagram', () => {
  it('draws messages where they were sent, in the clear or encrypted, and notes where keys change', () => {
    assert.deepEqual(diagram(conversation, { ...names, width: 95 }), [
      '             client                                                                      server',
      '             │                                                                                │',
      '     0.0 ms  │── ClientHello ──────────────────────────────────────────────────── 10 bytes ──▶│',
      '             │   server name a.example                                                        │',
      '     2.0 ms  │◀── 10 bytes ──────────────────────────────────────────────────── ServerHello ──│',
      '             │                                       sends and receives under handshake keys ◆│',
      '             │◀══ 10 bytes ═══════════════════════════════════════════════════════ Finished ══│',
      '             │◆ sends and receives under handshake keys         sends under application keys ◆│',
      '             │◆ receives under application keys                                               │',
      '     3.0 ms  │── change_cipher_spec ─────────────────────────────────────────────────────────▶│',
      '             │══ Finished ═══════════════════════════════════════════════════════ 10 bytes ══▶│',
      '             │◆ sends under application keys                                                  │',
      '     4.0 ms  │══ application data ═════════════════════════════════════════════════ 1 byte ══▶│',
      '             │                                               receives under application keys ◆│',
      '     5.0 ms  │◀════════════════════════════════════════════════════════ alert: close_notify ══│',
      '             │                                                                                │',
      '             ─── in the clear    ═══ encrypted    ◆ change of keys',
    ]);
  });

  it('needs only one side for the arrows', () => {
    const whole = arrows(diagram(conversation, names));
    assert.deepEqual(arrows(diagram({ ...conversation, server: [] }, names)), whole);
    assert.deepEqual(arrows(diagram({ ...conversation, client: [] }, names)), whole);
  });

  it('counts time from where it is told to', () => {
    assert.match(diagram(conversation, { ...names, start: -10 })[2] ?? '', /^ {4}10\.0 ms/);
  });

  it('draws the same arrows in an order that each side would agree with, whatever the clocks say', () => {
    const times = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(times, times, (clientTimes, serverTimes) => {
        const drawn = diagram(
          { client: at(conversation.client, clientTimes), server: at(conversation.server, serverTimes) },
          names,
        );
        const sides = [/[─═]▶/, /◀[─═]/].map((arrow) => arrows(drawn).filter((line) => arrow.test(line)));
        const expected = [/[─═]▶/, /◀[─═]/].map((arrow) =>
          arrows(diagram(conversation, names)).filter((line) => arrow.test(line)),
        );
        assert.deepEqual(sides, expected);
      }),
      { numRuns: runs },
    );
  });

  it('is as wide as it is told at every width, whatever a peer put into a message, and holds no control character', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 60, max: 140 }),
        fc.dictionary(
          fc.stringMatching(/^[a-z]{1,12}$/),
          fc.string({ unit: 'grapheme-ascii', maxLength: 300 }),
        ),
        (width, details) => {
          const hostile = { name: '\x1b[2J\n\u202e', ...details };
          const drawn = diagram(
            { ...conversation, server: [timed(0, message('clientHello', 'received', hostile))] },
            { ...names, width },
          );
          for (const line of drawn.slice(0, -1)) {
            assert.equal(line.length, width);
            assert.doesNotMatch(line, /\p{C}/u);
          }
        },
      ),
      { numRuns: runs },
    );
  });

  it('says the same in colour', () => {
    const painted = diagram(conversation, { ...names, paint: coloured });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is taken away
    const bare = painted.map((line) => line.replace(/\x1b\[\d+m/g, ''));
    assert.deepEqual(bare, diagram(conversation, names));
    assert.notDeepEqual(bare, painted);
  });

  it('draws nothing for nothing', () => {
    assert.equal(diagram({ client: [], server: [] }, names).length, 4);
  });
});

function arrows(lines: readonly string[]): readonly string[] {
  return lines.slice(2, -2).flatMap((line) => (/[▶◀]/.test(line) ? [line.slice(13)] : []));
}

function at(events: readonly TimedEvent[], times: readonly number[]): readonly TimedEvent[] {
  const sorted = [...times].sort((a, b) => a - b);
  return events.map(({ event }, i) => timed(sorted[i] ?? 0, event));
}

function timed(time: number, event: TraceEvent): TimedEvent {
  return { at: time, event };
}

function message(
  name: string,
  direction: 'sent' | 'received',
  details: Readonly<Record<string, string>> = {},
): TraceEvent {
  return { kind: 'message', direction, message: name, length: 10, details };
}

function keys(direction: 'sent' | 'received', epoch: 'handshake' | 'application'): TraceEvent {
  return { kind: 'keys', direction, epoch };
}

function data(direction: 'sent' | 'received', length: number): TraceEvent {
  return { kind: 'record', direction, contentType: 'applicationData', length, protected: true };
}
