import assert from 'node:assert/strict';
import { rotateTicketKeys, TICKET_KEY_ENTROPY } from '../../src/index.ts';
import type { PeerName } from '../peers/peer.ts';
import type { Case } from '../support/case.ts';
import { answerPeer, askPeer } from '../support/exchange.ts';

/** Reserved values (RFC 8701), orders drawn anew and extensions of nobody's: peers take no notice. */
export function helloShapeCases(): readonly Case[] {
  return peers.flatMap((peer): readonly Case[] => [
    ...[false, true].map(
      (retry): Case => ({
        peer,
        role: 'client',
        title: `GREASE, permuted and raw extensions${retry ? ', HRR' : ', resumption'}`,
        slow: peer !== 'openssl',
        run: async (bench) => {
          const { chainFile, keyFile } = await bench.identities.usual('P-256');
          const ours = {
            grease: true,
            extensionOrder: 'permuted',
            rawExtensions: [{ type: 0xff42, data: Buffer.from('nobody knows') }],
            groups: ['x25519', 'secp256r1'],
            keyShares: ['x25519'],
            applicationProtocols: ['h2'],
          } as const;
          const theirs = { chainFile, keyFile, groups: [retry ? 'secp256r1' : 'x25519'] } as const;
          const { facts, peer } = await askPeer(bench, ours, { ...theirs, connections: retry ? 1 : 6 });
          assert.deepEqual([facts.helloRetryRequest, facts.resumed], [retry, !retry]);
          assert.deepEqual(facts.rawExtensions, []);
          assert.notEqual(peer.resumed, retry);
        },
      }),
    ),
    {
      peer,
      role: 'server',
      title: 'GREASE in CertificateRequest and tickets',
      slow: peer !== 'openssl',
      run: async (bench) => {
        const { credential } = await bench.identities.usual('P-256');
        const client = await bench.identities.issue({ name: 'client.example' });
        const { authenticator } = bench.identities.authority;
        const ours = {
          grease: true,
          credentials: [credential],
          clientAuthentication: { authenticator, required: true },
          ticketKeys: rotateTicketKeys([], Buffer.alloc(TICKET_KEY_ENTROPY, 1)),
        };
        const theirs = { chainFile: client.chainFile, keyFile: client.keyFile };
        const { facts } = await answerPeer(bench, ours, theirs);
        assert.equal(facts.peer?.leaf.der.length, client.chain[0]?.der.length);
      },
    },
  ]);
}

const peers: readonly PeerName[] = ['openssl', 'go', 'node', 'gnutls'];
