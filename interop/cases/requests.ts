import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import type { ClientHelloFacts } from '../../src/index.ts';
import { alertsOf } from '../peers/openssl-messages.ts';
import { reversed } from '../peers/peer.ts';
import type { Case } from '../support/case.ts';
import { LINE } from '../support/exchange.ts';
import { externalCredential, signWith } from '../support/external-signer.ts';
import { certificateKinds, NAME, usualScheme } from '../support/identities.ts';
import { failureOf, valueFrom } from '../support/ours.ts';
import { answerClient, opensslCase } from '../support/with-openssl.ts';

/** Handshakes that wait for the world: a key that is elsewhere, a certificate chosen while the client waits. */
export function requestCases(): readonly Case[] {
  return [...signatureCases, ...credentialCases];
}

const signatureCases: readonly Case[] = [
  ...certificateKinds.map((kind) =>
    opensslCase('server', `external signature, ${kind}`, async (bench) => {
      const identity = await bench.identities.usual(kind);
      const ours = { credentials: [externalCredential(identity, kind)] };
      const { outcome, reply } = await answerClient(bench, ours, [], { answer: signWith(identity) });
      assert.equal(valueFrom(outcome).ownSignatureScheme, usualScheme[kind]);
      assert.equal(reply, reversed(LINE));
    }),
  ),
  opensslCase('server', 'external signature after HRR, slowly', async (bench) => {
    const identity = await bench.identities.usual('P-256');
    const ours = { credentials: [externalCredential(identity, 'slow')], groups: ['secp256r1'] } as const;
    const { outcome, reply } = await answerClient(bench, ours, ['-groups', 'X25519:P-256'], {
      answer: async (request) => {
        await setTimeout(100);
        return signWith(identity)(request);
      },
    });
    assert.equal(valueFrom(outcome).helloRetryRequest, true);
    assert.equal(reply, reversed(LINE));
  }),
  opensslCase('server', 'external signature refused: internal_error', async (bench) => {
    const identity = await bench.identities.usual('P-256');
    const ours = { credentials: [externalCredential(identity, 'locked')] };
    const seen = await answerClient(bench, ours, [], {
      answer: async () => ({ kind: 'refusal', reason: 'the card is locked' }),
    });
    assert.match(failureOf(seen.outcome).message, /signature-refused.*the card is locked/);
    assert.deepEqual(alertsOf(seen.messages, 'received'), ['internal_error']);
  }),
];

const credentialCases: readonly Case[] = [
  opensslCase('server', 'certificate chosen by what the client says', async (bench) => {
    const asked: ClientHelloFacts[] = [];
    const { credential } = await bench.identities.usual('Ed25519');
    const ours = { credentials: 'ask', applicationProtocols: ['h2'] } as const;
    const args = [
      ...['-tls1_3', '-alpn', 'h2', '-ciphersuites', 'TLS_AES_256_GCM_SHA384', '-groups', 'P-384'],
      ...['-sigalgs', 'ed25519:ecdsa_secp256r1_sha256'],
    ];
    const { outcome, reply } = await answerClient(bench, ours, args, {
      answer: async (request) => {
        if (request.kind !== 'credential') return { kind: 'refusal', reason: request.kind };
        asked.push(request.hello);
        return { kind: 'credential', credential };
      },
    });
    assert.equal(valueFrom(outcome).ownSignatureScheme, 'ed25519');
    assert.equal(reply, reversed(LINE));
    const said = {
      serverName: NAME,
      applicationProtocols: ['h2'],
      cipherSuites: ['TLS_AES_256_GCM_SHA384'],
      groups: ['secp384r1'],
      signatureSchemes: ['ed25519', 'ecdsa_secp256r1_sha256'],
    };
    assert.deepEqual(asked, [{ ...asked[0], ...said }]);
  }),
  opensslCase('server', 'certificate chosen, its key elsewhere: two requests in a row', async (bench) => {
    const identity = await bench.identities.usual('P-384');
    const chosen = externalCredential(identity, 'P-384');
    const { outcome, reply } = await answerClient(bench, { credentials: 'ask' }, [], {
      answer: async (request) =>
        request.kind === 'credential'
          ? { kind: 'credential', credential: chosen }
          : signWith(identity)(request),
    });
    assert.equal(valueFrom(outcome).ownSignatureScheme, 'ecdsa_secp384r1_sha384');
    assert.equal(reply, reversed(LINE));
  }),
  opensslCase('server', 'certificate refused: handshake_failure', async (bench) => {
    const seen = await answerClient(bench, { credentials: 'ask' }, [], {
      answer: async () => ({ kind: 'refusal', reason: 'no such tenant' }),
    });
    assert.match(failureOf(seen.outcome).message, /credential-refused.*no such tenant/);
    assert.deepEqual(alertsOf(seen.messages, 'received'), ['handshake_failure']);
  }),
];
