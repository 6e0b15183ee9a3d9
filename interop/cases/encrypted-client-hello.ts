import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { noble } from '../../nocrypto/index.ts';
import {
  ECH_KEY_ENTROPY,
  type EchKey,
  generateEchKey,
  publishedEchConfigs,
  rotateTicketKeys,
  TICKET_KEY_ENTROPY,
} from '../../src/index.ts';
import type { PeerName } from '../peers/peer.ts';
import type { Case } from '../support/case.ts';
import { answerLines, answerPeer, askLine, askPeer, LINE } from '../support/exchange.ts';
import { NAME } from '../support/identities.ts';
import { must } from '../support/must.ts';
import { connectTo, failureOf, listenFor, ourClientConfig, ourServerConfig } from '../support/ours.ts';

/** Encrypted ClientHello (RFC 9849), and what comes of configurations that are out of date. */
export function encryptedClientHelloCases(): readonly Case[] {
  // A rustls that is rejected asks for the inner name's certificate, and hears of no configuration.
  const rustls = serverCases('rustls').filter(({ title }) => !title.includes('rejected'));
  return [...clientCases('go'), ...serverCases('go'), ...rustls];
}

/** The name that everybody sees, and the one that nobody should. */
const PUBLIC_NAME = 'public.example';

function clientCases(peer: PeerName): readonly Case[] {
  return [
    ...([['x25519'], ['secp256r1']] as const).map(
      (groups): Case => ({
        peer,
        role: 'client',
        title: `ECH${groups[0] === 'x25519' ? ', resumption' : ', HRR'}`,
        run: async (bench) => {
          const key = freshKey(PUBLIC_NAME);
          const { chainFile, keyFile } = await bench.identities.usual('P-256');
          const ours = {
            encryptedClientHello: { configs: publishedEchConfigs([key]) },
            groups: ['x25519', 'secp256r1'],
            keyShares: ['x25519'],
          } as const;
          const connections = groups[0] === 'x25519' ? 2 : 1;
          const exchange = await askPeer(bench, ours, {
            chainFile,
            keyFile,
            groups,
            connections,
            echKeys: [key],
          });
          assert.deepEqual(exchange.facts.serverName, NAME);
          assert.ok(exchange.facts.encryptedClientHello && exchange.peer.encryptedClientHello);
          assert.equal(exchange.facts.resumed, connections > 1);
          assert.equal(exchange.facts.helloRetryRequest, connections === 1);
        },
      }),
    ),
    {
      peer,
      role: 'client',
      title: 'ECH with an old configuration: rejected, with a new one',
      run: async (bench) => {
        const [old, current] = [freshKey(NAME), freshKey(NAME)];
        const { chainFile, keyFile } = await bench.identities.usual('P-256');
        const { port, report } = await bench.peer.serve(bench.scope, {
          chainFile,
          keyFile,
          echKeys: [current],
        });
        const config = ourClientConfig(bench.identities, {
          serverName: 'secret.example',
          encryptedClientHello: { configs: publishedEchConfigs([old]) },
        });
        const { failure } = failureOf(await connectTo(bench.scope, port, config, askLine));
        assert.deepEqual(failure, {
          kind: 'echRejected',
          publicName: NAME,
          retryConfigs: publishedEchConfigs([current]),
        });
        await assert.rejects(report, /encrypted client hello required|ECH required/i);
      },
    },
    {
      peer,
      role: 'client',
      title: 'GREASE ECH',
      run: async (bench) => {
        const { chainFile, keyFile } = await bench.identities.usual('P-256');
        const theirs = { chainFile, keyFile, echKeys: [freshKey(PUBLIC_NAME)] };
        const { facts, peer } = await askPeer(bench, { encryptedClientHello: 'grease' }, theirs);
        assert.ok(!facts.encryptedClientHello && peer.encryptedClientHello === false);
      },
    },
  ];
}

function serverCases(peer: PeerName): readonly Case[] {
  return [
    ...([['x25519'], ['secp256r1']] as const).map(
      (groups): Case => ({
        peer,
        role: 'server',
        title: `ECH${groups[0] === 'x25519' ? ', resumption' : ', HRR'}`,
        run: async (bench) => {
          const key = freshKey(PUBLIC_NAME);
          const { credential } = await bench.identities.usual('P-256');
          const ours = {
            credentials: [credential],
            groups,
            encryptedClientHello: { keys: [key] },
            ticketKeys: rotateTicketKeys([], randomBytes(TICKET_KEY_ENTROPY)),
          } as const;
          const connections = groups[0] === 'x25519' ? 2 : 1;
          const echConfigs = publishedEchConfigs([key]);
          const { facts, peer } = await answerPeer(bench, ours, { connections, echConfigs });
          assert.equal(facts.serverName, NAME);
          assert.ok(facts.encryptedClientHello && peer.encryptedClientHello);
          assert.equal(facts.helloRetryRequest, connections === 1);
          assert.equal(facts.resumed, connections > 1);
        },
      }),
    ),
    {
      peer,
      role: 'server',
      title: 'ECH with an old configuration: rejected, with a new one',
      run: async ({ identities, scope, peer }) => {
        const [old, current] = [freshKey(NAME), freshKey(NAME)];
        const { credential } = await identities.usual('P-256');
        const config = ourServerConfig({
          credentials: [credential],
          encryptedClientHello: { keys: [current] },
        });
        const { port, outcome } = await listenFor(scope, config, answerLines);
        const configs = Buffer.from(publishedEchConfigs([current])).toString('base64');
        await assert.rejects(
          peer.connect(scope, port, {
            anchorFile: identities.authority.file,
            serverName: 'secret.example',
            line: LINE,
            echConfigs: publishedEchConfigs([old]),
          }),
          (error: Error) => error.message.includes(`rejected ECH, retry with ${configs}`),
        );
        const { failure } = failureOf(await outcome);
        assert.deepEqual(failure, { kind: 'peerAlert', alert: 'ech_required', code: 121 });
      },
    },
  ];
}

function freshKey(publicName: string): EchKey {
  return must(generateEchKey(noble, { publicName }, randomBytes(ECH_KEY_ENTROPY)));
}
