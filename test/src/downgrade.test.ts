import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { contentTypes } from '../../src/codepoints.ts';
import type { ClientHelloExtension } from '../../src/extensions.ts';
import { client, receive, type Step, server } from '../../src/index.ts';
import { type ClientHello, decodeHandshake, encodeHandshake } from '../../src/messages.ts';
import { RECORD_HEADER_LENGTH } from '../../src/record.ts';
import { agreementOf, clientChoices, clientOf, serverChoices, serverOf } from './configurations.ts';
import { blame } from './expect.ts';
import { plainRecord, recordsOf } from './peer.ts';
import { bytes, concatAll, converse, find, must, NOW, runs, sent } from './support.ts';

// Somebody in the middle who makes an offer look like less than it is. Whatever that is, and whatever the two could agree on
// without: neither takes what comes of it for a connection.

interface Forgery {
  readonly title: string;
  readonly change: (hello: ClientHello) => ClientHello;
}

const forgeries: readonly Forgery[] = [
  {
    title: 'TLS 1.2 is all that is offered',
    change: replaced({ name: 'supportedVersions', value: [0x0303] }),
  },
  { title: 'no supported_versions', change: without('supportedVersions') },
  { title: 'an older legacy_version', change: (hello) => ({ ...hello, legacyVersion: 0x0302 }) },
  { title: 'no key share', change: replaced({ name: 'keyShare', value: [] }) },
  { title: 'no extended master secret', change: without('extendedMasterSecret') },
  { title: 'no encrypt-then-MAC', change: without('encryptThenMac') },
  { title: 'no renegotiation_info', change: without('renegotiationInfo') },
  { title: 'no application protocols', change: without('applicationLayerProtocolNegotiation') },
  { title: 'no name', change: without('serverName') },
  { title: 'no groups', change: without('supportedGroups') },
  { title: 'no signature_algorithms_cert', change: without('signatureAlgorithmsCert') },
  { title: 'no limit of records', change: without('recordSizeLimit') },
  {
    title: 'the last suite alone',
    change: (hello) => ({ ...hello, cipherSuites: hello.cipherSuites.slice(-1) }),
  },
  {
    title: 'not the first suite',
    change: (hello) => ({ ...hello, cipherSuites: rest(hello.cipherSuites) }),
  },
  { title: 'another random', change: (hello) => ({ ...hello, random: bytes(32, 99) }) },
  ...(['supportedGroups', 'signatureAlgorithms'] as const).map((name) => ({
    title: `not the first of ${name}`,
    change: (hello: ClientHello): ClientHello => ({
      ...hello,
      extensions: hello.extensions.map((extension) =>
        extension.name === name ? { name, value: rest(extension.value) } : extension,
      ),
    }),
  })),
];

test('a changed offer ends in no connection, with the sign of the downgrade in the random and without', () => {
  const seen = { unanswered: 0, refused: 0, sentinel: 0, unchanged: 0 };
  fc.assert(
    fc.property(
      fc.tuple(clientChoices, serverChoices).filter(([a, b]) => agreementOf(a, b) !== undefined),
      fc.shuffledSubarray([...forgeries], { minLength: 1, maxLength: 3 }),
      fc.boolean(),
      ([clientChosen, serverChosen], chosen, erases) => {
        const begun = client(clientOf(clientChosen), bytes(48, 1));
        const honest = helloIn(sent(begun.effects));
        const forged = chosen.reduce((hello, { change }) => change(hello), honest);
        const offer = encodeHandshake({ kind: 'clientHello', body: forged });
        if (Buffer.compare(offer, encodeHandshake({ kind: 'clientHello', body: honest })) === 0) {
          seen.unchanged++;
          return;
        }
        const waiting = server(serverOf(serverChosen), bytes(48, 2));
        const answer = receive(waiting.state, plainRecord(contentTypes.handshake, offer), NOW);
        if (find(answer.effects, 'failed') !== undefined) {
          seen.unanswered++;
          return;
        }
        // Who takes the sign away, too, changes what the server signs.
        const flight = erases ? erased(sent(answer.effects)) : sent(answer.effects);
        const heard = receive(begun.state, flight, NOW);
        const run = converse(heard, { state: answer.state, effects: [] });
        const effects = [...answer.effects, ...run.clientEffects, ...run.serverEffects];
        assert.equal(find(effects, 'established'), undefined, chosen.map(({ title }) => title).join(', '));
        const failures = effects.flatMap((effect) =>
          effect.kind === 'failed' ? [blame(effect.failure)] : [],
        );
        assert.ok(failures.length > 0, 'somebody has noticed');
        seen.refused++;
        if (failures.includes('peerMisbehaved downgrade-sentinel')) seen.sentinel++;
      },
    ),
    { numRuns: runs(300) },
  );
  assert.ok(Math.min(seen.refused, seen.sentinel, seen.unanswered) > 0, JSON.stringify(seen));
});

test('the answer to another offer is no answer to this one', () => {
  let replayed = 0;
  fc.assert(
    fc.property(
      fc.tuple(clientChoices, serverChoices).filter(([a, b]) => agreementOf(a, b) !== undefined),
      ([clientChosen, serverChosen]) => {
        const config = clientOf(clientChosen);
        const meet = (seed: number): Step => client(config, bytes(48, seed));
        const recorded = receive(
          server(serverOf(serverChosen), bytes(48, 2)).state,
          sent(meet(1).effects),
          NOW,
        );
        const flight = sent(recorded.effects);
        const { effects } = receive(meet(7).state, flight, NOW);
        assert.equal(find(effects, 'established'), undefined);
        if (find(effects, 'failed') !== undefined) replayed++;
      },
    ),
    { numRuns: runs(100) },
  );
  assert.ok(replayed > 0);
});

/** The ClientHello in the records of a first flight. */
function helloIn(flight: Uint8Array): ClientHello {
  const parts = recordsOf(flight).filter(([type]) => type === contentTypes.handshake);
  const message = must(decodeHandshake(concatAll(parts.map((part) => part.subarray(RECORD_HEADER_LENGTH)))));
  assert.ok(message.kind === 'clientHello');
  return message.body;
}

/** Without the sign in the server's random. */
function erased(flight: Uint8Array): Uint8Array {
  const text = Buffer.from(flight).toString('hex').replace('444f574e47524401', '0000000000000000');
  return Uint8Array.from(Buffer.from(text, 'hex'));
}

/** All but the first, if there are more. */
function rest<T>(list: readonly T[]): readonly T[] {
  return list.length > 1 ? list.slice(1) : list;
}

function without(name: ClientHelloExtension['name']): Forgery['change'] {
  return (hello) => ({
    ...hello,
    extensions: hello.extensions.filter((extension) => extension.name !== name),
  });
}

/** With this extension, where one of its name stands. */
function replaced(by: ClientHelloExtension): Forgery['change'] {
  return (hello) => ({
    ...hello,
    extensions: hello.extensions.map((extension) => (extension.name === by.name ? by : extension)),
  });
}
