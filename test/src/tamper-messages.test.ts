import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Facts, receiveEnd, status } from '../../src/index.ts';
import * as messages from '../../src/messages.ts';
import { type Codec, decode, encode } from '../../src/wire/codec.ts';
import { assertOver } from './expect.ts';
import { follow, type Peer } from './peer.ts';
import { quickAuthenticator } from './quick.ts';
import { meetServer, type ScriptedClient } from './scripted-client.ts';
import { meetClient, type ScriptedServer, type ServerSays, serverFlight } from './scripted-server.ts';
import { shrinking } from './shrinking.ts';
import { find, runs } from './support.ts';

// Changes to handshake messages before they are protected, so that each of their bytes reaches the engine under the
// right keys. Either the peer does not know of the change: then its transcript differs and the handshake must fail. Or
// it stands by the change: then the engine may refuse it, or come to what was agreed, and nothing else.

const scripts: readonly (readonly [string, readonly ServerSays[]])[] = [
  ['a full handshake', serverFlight],
  [
    'a handshake with HelloRetryRequest and CertificateRequest',
    [
      'helloRetryRequest',
      'serverHello',
      'encryptedExtensions',
      'certificateRequest',
      'certificate',
      'certificateVerify',
      'finished',
    ],
  ],
  [
    'a handshake with a compressed certificate',
    ['serverHello', 'encryptedExtensions', 'compressedCertificate', 'certificateVerify', 'finished'],
  ],
];

const shrinks = { certificateCompression: [shrinking] };

for (const [name, script] of scripts) {
  test(`in ${name}, a client notices any byte changed in any message`, () => {
    for (const target of script) {
      eachFlip((flip) => {
        const server = meetClient({ client: shrinks });
        const original = playChanged(server, script, target, flip.change);
        assertNoticed(server.peer, flip, target);
        return original;
      });
    }
  });

  test(`in ${name}, a change that the server stands by is refused, or leads to what was agreed`, () => {
    const honest = meetClient({ client: shrinks });
    honest.play(...script);
    const agreed = factsOf(honest.peer);
    assert.ok(agreed !== undefined);
    fc.assert(
      fc.property(fc.constantFrom(...script), changes, (target, change) => {
        const server = meetClient({ client: shrinks });
        for (const kind of script) {
          if (kind === target) sayChanged[kind](server, change);
          else server.play(kind);
        }
        const facts = factsOf(server.peer);
        if (facts === undefined) assert.ok(isFailed(server.peer));
        else assert.deepEqual(facts, agreed);
      }),
      { numRuns: runs(400) },
    );
  });
}

for (const shows of ['certificate', 'compressedCertificate'] as const) {
  test(`a server notices any byte changed in ${shows}, CertificateVerify and Finished`, () => {
    const clientAuthentication = { authenticator: quickAuthenticator, required: true };
    const script = [shows, 'certificateVerify', 'finished'] as const;
    for (const target of script) {
      eachFlip((flip) => {
        const client = meetServer({ server: { ...shrinks, clientAuthentication } });
        let original: Uint8Array = new Uint8Array(0);
        client.say.clientHello();
        for (const kind of script) {
          client.say[kind](undefined, (raw) => {
            if (kind !== target) return raw;
            original = raw;
            return flip.change(raw);
          });
        }
        assertNoticed(client.peer, flip, target);
        return original;
      });
    }
  });
}

test('a change to ClientHello that the client stands by is refused, or the server goes on', () => {
  fc.assert(
    fc.property(changes, fc.boolean(), (change, retry) => {
      const client = meetServer(retry ? { keyShares: [] } : {});
      if (retry) client.say.clientHello();
      client.say.clientHello((body) => recoded(messages.clientHello, body, change));
      const heard = client.peer.heard.map(({ kind }) => kind);
      if (!isFailed(client.peer)) {
        assert.equal(client.peer.state.phase.kind, retryOrFinished(client));
        assert.ok(!heard.includes('alert'));
      }
    }),
    { numRuns: runs(400) },
  );
});

/** Says each message of the script with its body changed by the server itself. One that no longer parses stays as it was. */
const sayChanged: {
  readonly [K in ServerSays]: (server: ScriptedServer, change: (raw: Uint8Array) => Uint8Array) => void;
} = {
  helloRetryRequest: ({ say }, change) =>
    say.helloRetryRequest((body) => recoded(messages.helloRetryRequest, body, change)),
  serverHello: ({ say }, change) => say.serverHello((body) => recoded(messages.serverHello, body, change)),
  encryptedExtensions: ({ say }, change) =>
    say.encryptedExtensions((body) => recoded(messages.encryptedExtensionsMessage, body, change)),
  certificateRequest: ({ say }, change) =>
    say.certificateRequest((body) => recoded(messages.certificateRequest, body, change)),
  certificate: ({ say }, change) => say.certificate((body) => recoded(messages.certificate, body, change)),
  compressedCertificate: ({ say }, change) =>
    say.compressedCertificate((body) => recoded(messages.compressedCertificate, body, change)),
  certificateVerify: ({ say }, change) =>
    say.certificateVerify((body) => recoded(messages.certificateVerify, body, change)),
  finished: ({ say }, change) => say.finished((body) => recoded(messages.finished, body, change)),
};

function recoded<T>(codec: Codec<T>, body: T, change: (raw: Uint8Array) => Uint8Array): T {
  const changed = decode(codec, change(encode(codec, body)));
  return changed.ok ? changed.value : body;
}

/** One to three bytes changed anywhere. */
const changes: fc.Arbitrary<(raw: Uint8Array) => Uint8Array> = fc
  .array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 3 })
  .map((places) => (raw) => {
    const changed = raw.slice();
    for (const [place, mask] of places) {
      const at = raw.length === 0 ? 0 : place % raw.length;
      changed[at] = (changed[at] ?? 0) ^ mask;
    }
    return changed;
  });

interface Flip {
  readonly at: number;
  readonly mask: number;
  readonly change: (raw: Uint8Array) => Uint8Array;
}

/** Tries a change of each byte of a message; `attempt` answers the message, so that its length is known. */
function eachFlip(attempt: (flip: Flip) => Uint8Array): void {
  const masksForEach = Math.min(255, runs(2));
  let length = 1;
  for (let at = 0; at < length; at++) {
    for (let i = 0; i < masksForEach; i++) {
      const mask = 1 + ((at * 37 + i * 101 + 127) % 255);
      const change = (raw: Uint8Array) => raw.map((byte, place) => (place === at ? byte ^ mask : byte));
      length = attempt({ at, mask, change }).length;
    }
  }
}

/** Plays a script in which one message is changed on its way. Answers that message as it was. */
function playChanged(
  server: ScriptedServer,
  script: readonly ServerSays[],
  target: ServerSays,
  change: (raw: Uint8Array) => Uint8Array,
): Uint8Array {
  let original: Uint8Array = new Uint8Array(0);
  for (const kind of script) {
    if (kind === target) {
      server.say[kind](undefined, (raw) => {
        original = raw;
        return change(raw);
      });
    } else {
      server.play(kind);
    }
  }
  return original;
}

/** The engine has failed; or a longer length in the header makes it wait for what never comes. */
function assertNoticed(peer: Peer, { at, mask }: Flip, kind: string): void {
  const where = `byte ${at} of ${kind}, xor ${mask}`;
  if (isFailed(peer)) return;
  assert.ok(at >= 1 && at <= 3, `unnoticed: ${where}`);
  assert.equal(status(peer.state).phase, 'handshaking', where);
  follow(peer, receiveEnd(peer.state));
  assertOver(peer.state);
}

/** Whether the engine has failed; then it has said so, and nothing is left of it. */
function isFailed(peer: Peer): boolean {
  if (find(peer.effects, 'failed') === undefined) return false;
  assert.equal(peer.effects.at(-1)?.kind, 'failed');
  assert.equal(peer.heard.filter(({ kind }) => kind === 'alert' || kind === 'unreadable').length, 1);
  assertOver(peer.state);
  return true;
}

function factsOf(peer: Peer): Facts | undefined {
  return find(peer.effects, 'established')?.facts;
}

function retryOrFinished({ peer }: ScriptedClient): string {
  assert.equal(status(peer.state).phase, 'handshaking');
  const last = peer.heard.at(-1);
  const askedAgain = peer.heard.some(
    (heard) => heard.kind === 'message' && heard.message.kind === 'helloRetryRequest',
  );
  return last?.protected === true
    ? 'awaitClientFinished'
    : askedAgain
      ? 'awaitSecondClientHello'
      : 'awaitClientHello';
}
