import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeHandshake, encodeHandshake, type HandshakeMessage } from '../../src/messages.ts';
import { assertFailed, assertMisbehaved } from './expect.ts';
import { deliver, record } from './peer.ts';
import { meetServer } from './scripted-client.ts';
import { meetClient } from './scripted-server.ts';
import { SHRINKING } from './shrinking.ts';
import { clientStages, halfClosedStages, type Stage, serverStages } from './stages.ts';
import { hex, must } from './support.ts';

// RFC 9846 §A and §4: every state of both roles × every handshake message. A state takes what it awaits; all else is
// unexpected_message.

/** What each state takes. What is taken may still be refused for what stands in it. */
const awaited: Readonly<Record<string, readonly string[]>> = {
  awaitServerHello: ['serverHello', 'helloRetryRequest'],
  // A second HelloRetryRequest is unexpected under a name of its own (server-hello.test.ts).
  awaitSecondServerHello: ['serverHello', 'helloRetryRequest'],
  awaitEncryptedExtensions: ['encryptedExtensions'],
  awaitCertificateOrRequest: ['certificateRequest', 'certificate'],
  awaitCertificate: ['certificate'],
  awaitCertificateVerify: ['certificateVerify'],
  awaitServerFinished: ['finished'],
  awaitClientHello: ['clientHello'],
  awaitSecondClientHello: ['clientHello'],
  awaitClientCertificate: ['certificate'],
  awaitClientCertificateVerify: ['certificateVerify'],
  awaitEndOfEarlyData: ['endOfEarlyData'],
  awaitClientFinished: ['finished'],
  awaitLateCertificateVerify: ['certificateVerify'],
  awaitLateFinished: ['finished'],
};

const afterHandshake = { client: ['keyUpdate', 'newSessionTicket'], server: ['keyUpdate'] } as const;

/** A well-formed message of every kind. */
const messages: readonly HandshakeMessage[] = wellFormed();

/** Messages that TLS 1.3 has no use for here, or no more: their bodies are never looked at. */
const strangers: readonly (readonly [string, Uint8Array])[] = [
  ['hello_request of TLS 1.2', hex('00 000000')],
  ['server_key_exchange of TLS 1.2', hex('0c 000001 00')],
  ['server_hello_done of TLS 1.2', hex('0e 000000')],
  ['client_key_exchange of TLS 1.2', hex('10 000001 00')],
  ['message_hash, which is never sent', hex('fe 000020' + '00'.repeat(32))],
  ['an unknown message', hex('ff 000000')],
];

for (const stage of [...clientStages, ...serverStages]) {
  const taken = stage.phase === 'established' ? afterHandshake[stage.role] : (awaited[stage.phase] ?? []);

  for (const message of messages.filter(({ kind }) => !taken.some((name) => name === kind))) {
    test(`${message.kind} is unexpected by ${stage.title}`, () => {
      assertUnexpected(stage, encodeHandshake(message));
    });
  }

  test(`messages of no use in TLS 1.3 are unexpected by ${stage.title}`, () => {
    for (const [, raw] of strangers) assertUnexpected(stage, raw);
  });

  if (stage.phase !== 'established' && stage.phase !== 'awaitEndOfEarlyData') {
    test(`application data is unexpected by ${stage.title}`, () => {
      const peer = stage.reach();
      deliver(peer, record(peer, 23, hex('00')));
      assertMisbehaved(peer, 'unexpected_message', 'unexpected-message');
    });
  }

  test(`content of a type nobody knows is unexpected by ${stage.title}`, () => {
    for (const type of [0x18, 0x1f, 0xff]) {
      const peer = stage.reach();
      deliver(peer, record(peer, type, hex('0100')));
      assertMisbehaved(peer, 'unexpected_message', 'unexpected-message');
    }
  });
}

test('each state does take what it awaits', () => {
  for (const stage of [...clientStages, ...serverStages]) {
    const peer = stage.reach();
    assert.equal(peer.state.phase.kind, stage.phase);
  }
});

test('a client that has closed its side takes what comes behind the handshake, and nothing else', () => {
  const [halfClosed = assert.fail()] = halfClosedStages;
  for (const message of messages) {
    if (afterHandshake.client.some((kind) => kind === message.kind)) continue;
    const peer = halfClosed.reach();
    deliver(peer, record(peer, 22, encodeHandshake(message)));
    // It cannot say so any more: its last word was close_notify.
    assertFailed(peer, 'close_notify', 'peerMisbehaved unexpected-message');
  }
});

function assertUnexpected(stage: Stage, raw: Uint8Array): void {
  const peer = stage.reach();
  deliver(peer, record(peer, 22, raw));
  assertMisbehaved(peer, 'unexpected_message', 'unexpected-message');
}

function wellFormed(): readonly HandshakeMessage[] {
  const client = meetServer();
  const server = meetClient();
  server.play('serverHello', 'encryptedExtensions', 'certificate', 'certificateVerify', 'finished');
  client.say.clientHello();
  const said = [...client.peer.heard, ...server.peer.heard].flatMap((heard) =>
    heard.kind === 'message' ? [must(decodeHandshake(heard.raw))] : [],
  );
  const retry = meetServer({ keyShares: [] });
  retry.say.clientHello();
  const asked = retry.peer.heard.flatMap((heard) =>
    heard.kind === 'message' ? [must(decodeHandshake(heard.raw))] : [],
  );
  const others: readonly HandshakeMessage[] = [
    {
      kind: 'certificateRequest',
      body: {
        certificateRequestContext: hex(''),
        extensions: [{ name: 'signatureAlgorithms', value: [0x0403] }],
      },
    },
    {
      kind: 'newSessionTicket',
      body: { ticketLifetime: 1, ticketAgeAdd: 2, ticketNonce: hex('00'), ticket: hex('01'), extensions: [] },
    },
    { kind: 'keyUpdate', body: { requestUpdate: 0 } },
    { kind: 'endOfEarlyData', body: {} },
    {
      kind: 'compressedCertificate',
      body: {
        algorithm: SHRINKING,
        uncompressedLength: 4,
        compressedCertificateMessage: hex('0000'),
      },
    },
  ];
  const byKind = new Map([...said, ...asked, ...others].map((message) => [message.kind, message]));
  assert.equal(byKind.size, 12);
  return [...byKind.values()];
}
