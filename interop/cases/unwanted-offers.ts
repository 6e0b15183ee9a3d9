import assert from 'node:assert/strict';
import { sClient, sServer } from '../peers/openssl.ts';
import { factsOf, offers } from '../peers/openssl-messages.ts';
import { reversed } from '../peers/peer.ts';
import type { Bench, Case } from '../support/case.ts';
import { LINE } from '../support/exchange.ts';
import { NAME } from '../support/identities.ts';
import { valueFrom } from '../support/ours.ts';
import { answerClient, opensslCase } from '../support/with-openssl.ts';

/** What a client may offer and this server does not take: the handshake goes on as if it had not been offered. */
export function unwantedOfferCases(): readonly Case[] {
  return [
    opensslCase('server', 'an external PSK is passed over', async (bench) => {
      const psk = ['-psk_identity', 'someone', '-psk', '00112233445566778899aabbccddeeff'];
      await assertFullHandshake(bench, 'preSharedKey', psk);
    }),
    opensslCase('server', "another server's ticket is passed over", async (bench) => {
      await assertFullHandshake(bench, 'preSharedKey', ['-sess_in', await sessionOfAnother(bench)]);
    }),
    ...[false, true].map((retry) =>
      opensslCase('server', `early data is skipped${retry ? ' HRR' : ''}`, async (bench) => {
        const early = await bench.identities.write('early', 'early data '.repeat(1000));
        const session = await sessionOfAnother(bench);
        await assertFullHandshake(bench, 'earlyData', ['-sess_in', session, '-early_data', early], retry);
      }),
    ),
  ];
}

/** A file with a session that openssl's client has from openssl's server, good for early data. */
async function sessionOfAnother({ scope, identities }: Bench): Promise<string> {
  const { chainFile, keyFile } = await identities.usual('P-256');
  const session = identities.path('session.pem');
  const server = await sServer(scope, [
    '-rev',
    '-max_early_data',
    '16384',
    '-cert',
    chainFile,
    '-key',
    keyFile,
  ]);
  const { child } = sClient(scope, server.port, [
    ...['-brief', '-CAfile', identities.authority.file, '-servername', NAME, '-sess_out', session],
  ]);
  // Tickets come before the answer.
  await child.write(`${LINE}\n`);
  await child.printed(new RegExp(reversed(LINE)), 'stdout');
  child.end();
  await child.exited;
  return session;
}

async function assertFullHandshake(
  bench: Bench,
  offer: 'preSharedKey' | 'earlyData',
  args: readonly string[],
  retry = false,
): Promise<void> {
  const { credential } = await bench.identities.usual('P-256');
  const ours = { credentials: [credential], groups: [retry ? 'secp256r1' : 'x25519'] } as const;
  const seen = await answerClient(bench, ours, [...args, '-groups', 'X25519:P-256']);
  assert.ok(offers(seen.messages, offer));
  const { ownSignatureScheme, helloRetryRequest } = valueFrom(seen.outcome);
  assert.equal(ownSignatureScheme, 'ecdsa_secp256r1_sha256');
  assert.equal(helloRetryRequest, retry);
  assert.equal(factsOf(seen.messages).helloRetryRequest, retry);
  assert.equal(seen.reply, reversed(LINE));
}
