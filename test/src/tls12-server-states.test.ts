import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { contentTypes } from '../../src/codepoints.ts';
import type { ServerOptions } from '../../src/index.ts';
import { encodeTls12Handshake, type Tls12Message } from '../../src/tls12/messages.ts';
import { dangerouslyAcceptAnyCertificate } from '../../x509/index.ts';
import { assertAt, assertFailed, assertMisbehaved } from './expect.ts';
import { changeCipherSpec, deliver, type Peer, plainRecord, record } from './peer.ts';
import {
  after,
  aSession,
  establishTls12Server,
  type ScriptedTls12Client,
  ticketKeys,
} from './scripted-tls12-client.ts';
import { bytes, hex } from './support.ts';

const authenticator = dangerouslyAcceptAnyCertificate;
const askingClients: Partial<ServerOptions> = { clientAuthentication: { authenticator, required: true } };

/** A server in each state in which TLS 1.2 awaits something of the client, and what that is. */
interface Stage {
  readonly phase: Peer['state']['phase']['kind'];
  readonly awaits: Tls12Message['kind'] | 'changeCipherSpec';
  readonly reach: () => ScriptedTls12Client;
}

const stages: readonly Stage[] = [
  {
    phase: 'tls12AwaitClientCertificate',
    awaits: 'tls12Certificate',
    reach: () => after({ server: askingClients }, 'clientHello'),
  },
  {
    phase: 'tls12AwaitClientKeyExchange',
    awaits: 'clientKeyExchange',
    reach: () => after({}, 'clientHello'),
  },
  {
    phase: 'tls12AwaitClientKeyExchange',
    awaits: 'clientKeyExchange',
    reach: () => after({ server: askingClients }, 'clientHello', 'certificate'),
  },
  {
    phase: 'tls12AwaitClientCertificateVerify',
    awaits: 'certificateVerify',
    reach: () => after({ server: askingClients }, 'clientHello', 'certificate', 'clientKeyExchange'),
  },
  {
    phase: 'tls12AwaitClientChangeCipherSpec',
    awaits: 'changeCipherSpec',
    reach: () => after({}, 'clientHello', 'clientKeyExchange'),
  },
  {
    phase: 'tls12AwaitClientChangeCipherSpec',
    awaits: 'changeCipherSpec',
    reach: () => after({ server: { ticketKeys }, session: aSession() }, 'clientHello'),
  },
  {
    phase: 'tls12AwaitClientFinished',
    awaits: 'finished',
    reach: () => after({}, 'clientHello', 'clientKeyExchange', 'changeCipherSpec'),
  },
  {
    phase: 'established',
    awaits: 'clientHello',
    reach: () => establishTls12Server(),
  },
];

describe('every state of a TLS 1.2 server', () => {
  for (const { phase, awaits, reach } of stages) {
    it(`refuses what it does not await: ${phase}, for ${awaits}`, () => {
      for (const message of wellFormed()) {
        if (message.kind === awaits) continue;
        const { peer } = reach();
        assertAt(peer, phase);
        deliver(peer, record(peer, contentTypes.handshake, encodeTls12Handshake(message)));
        assertMisbehaved(peer, 'unexpected_message', 'unexpected-message');
      }
      for (const raw of [hex('08 000002 0000'), hex('18 000001 00'), hex('ff 000000')]) {
        const { peer } = reach();
        deliver(peer, record(peer, contentTypes.handshake, raw));
        assertMisbehaved(peer, 'unexpected_message', 'unexpected-message');
      }
    });

    it(`refuses change_cipher_spec that comes too early or too late (CVE-2014-0224): ${phase}, for ${awaits}`, () => {
      const { peer } = reach();
      if (awaits === 'changeCipherSpec') {
        // What follows is protected, or it is nothing.
        deliver(peer, changeCipherSpec, changeCipherSpec);
        assertMisbehaved(peer, 'bad_record_mac', 'decryption-failed');
        return;
      }
      deliver(peer, record(peer, contentTypes.changeCipherSpec, hex('01')));
      const isProtected = phase === 'tls12AwaitClientFinished' || phase === 'established';
      assertMisbehaved(
        peer,
        'unexpected_message',
        isProtected ? 'unexpected-message' : 'bad-change-cipher-spec',
      );
    });

    if (phase !== 'established') {
      it(`refuses application data: ${phase}, for ${awaits}`, () => {
        const { peer } = reach();
        deliver(peer, record(peer, contentTypes.applicationData, hex('00')));
        assertMisbehaved(peer, 'unexpected_message', 'unexpected-message');
      });
    }

    it(`refuses a part of a message with something else behind it: ${phase}, for ${awaits}`, () => {
      const { peer } = reach();
      deliver(peer, record(peer, contentTypes.handshake, hex('100000')));
      if (phase === 'tls12AwaitClientFinished' || phase === 'established') {
        deliver(peer, record(peer, contentTypes.alert, hex('0100')));
        assertFailed(
          peer,
          phase === 'established' ? 'unexpected_message' : 'close_notify',
          phase === 'established' ? 'peerMisbehaved interleaved-handshake-message' : 'peerAlert close_notify',
        );
        return;
      }
      deliver(peer, changeCipherSpec);
      assertMisbehaved(peer, 'unexpected_message', 'unread-handshake-bytes-at-key-change');
    });
  }

  it('refuses a change_cipher_spec that says something else', () => {
    for (const content of [hex('02'), hex('0101'), hex('')]) {
      const { peer } = after({}, 'clientHello', 'clientKeyExchange');
      deliver(peer, plainRecord(contentTypes.changeCipherSpec, content));
      assertMisbehaved(peer, 'unexpected_message', 'bad-change-cipher-spec');
    }
  });

  it('refuses a Finished in the record of the ClientKeyExchange, under no keys', () => {
    const client = after({}, 'clientHello');
    const { peer } = client;
    const finished = encodeTls12Handshake({ kind: 'finished', body: { verifyData: bytes(12) } });
    client.clientKeyExchange(({ exchange }) => ({ exchange }));
    deliver(peer, plainRecord(contentTypes.handshake, finished));
    assertMisbehaved(peer, 'unexpected_message', 'unexpected-message');
  });
});

/** A message of each kind there is in TLS 1.2. */
function wellFormed(): readonly Tls12Message[] {
  const said: Tls12Message[] = [
    { kind: 'helloRequest', body: { nothing: hex('') } },
    { kind: 'serverHelloDone', body: { nothing: hex('') } },
    { kind: 'certificateStatus', body: { statusType: 1, response: hex('00') } },
    { kind: 'certificateVerify', body: { algorithm: 0x0807, signature: bytes(64) } },
    { kind: 'clientKeyExchange', body: { exchange: bytes(33) } },
    { kind: 'finished', body: { verifyData: bytes(12) } },
    { kind: 'tls12NewSessionTicket', body: { ticketLifetimeHint: 0, ticket: bytes(9) } },
    {
      kind: 'clientHello',
      body: {
        legacyVersion: 0x0303,
        random: bytes(32),
        legacySessionId: hex(''),
        cipherSuites: [0xc02b],
        legacyCompressionMethods: hex('00'),
        extensions: [],
      },
    },
  ];
  const { heard } = establishTls12Server({ server: askingClients }).peer;
  for (const one of heard) {
    if (one.kind === 'message' && !said.some(({ kind }) => kind === one.message.kind)) {
      said.push(one.message as Tls12Message);
    }
  }
  assert.equal(said.length, 12);
  return said;
}
