import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import type { WrapOptions } from '../../src/flow/index.ts';
import type { ClientOptions } from '../../src/index.ts';
import { sServer } from '../peers/openssl.ts';
import type { Bench, Case } from '../support/case.ts';
import { lineReader } from '../support/exchange.ts';
import { connectTo, ourClientConfig, valueFrom } from '../support/ours.ts';
import { opensslCase } from '../support/with-openssl.ts';

/** Post-handshake authentication (RFC 9846 §4.7.2): s_server's command `c`. */
export function lateAuthenticationCases(): readonly Case[] {
  return [
    opensslCase('client', 'post-handshake authentication, three times, data in between', async (bench) => {
      const { credential } = await bench.identities.issue({ name: 'client.example' });
      await askedLate(
        bench,
        { credentials: [credential] },
        /depth=0 CN = .*client\.example\s+verify return:1/,
      );
    }),
    opensslCase('client', 'post-handshake authentication, declined', async (bench) => {
      await askedLate(bench, {}, undefined);
    }),
    opensslCase('client', 'post-handshake authentication, the certificate chosen slowly', async (bench) => {
      const { credential } = await bench.identities.issue({ name: 'client.example' });
      const answer: WrapOptions['answer'] = async (request) => {
        assert.equal(request.kind, 'clientCredential');
        await setTimeout(100);
        return { kind: 'clientCredential', credential };
      };
      await askedLate(bench, { credentials: 'ask' }, /depth=0 CN = .*client\.example/, { answer });
    }),
  ];
}

const ROUNDS = 3;

/** An s_server asks for a certificate again and again; `seen` is what it prints of one that it takes. */
async function askedLate(
  { scope, identities }: Bench,
  ours: Partial<ClientOptions>,
  seen: RegExp | undefined,
  options: WrapOptions = {},
): Promise<void> {
  const { chainFile, keyFile } = await identities.usual('P-256');
  const { file } = identities.authority;
  const { port, child } = await sServer(scope, ['-cert', chainFile, '-key', keyFile, '-CAfile', file]);
  const config = ourClientConfig(identities, { postHandshakeAuthentication: true, ...ours });
  const outcome = await connectTo(
    scope,
    port,
    config,
    async (connection) => {
      const readLine = lineReader(connection);
      // Commands it gets before the end of its handshake are lost.
      await child.printed(/^CIPHER is/m);
      for (let round = 1; round <= ROUNDS; round++) {
        await child.write('c\n');
        await child.printed(new RegExp(`(?:SSL_do_handshake -> 1.*?){${round}}`, 's'));
        await child.write(`answer ${round}\n`);
        assert.equal(await readLine(), `answer ${round}`);
        // It reads our answer before this, and would end the connection over a bad one.
        await connection.write(Buffer.from(`question ${round}\n`));
        await child.printed(new RegExp(`question ${round}`));
      }
    },
    options,
  );
  valueFrom(outcome);
  if (seen === undefined) assert.doesNotMatch(child.output(), /depth=0/);
  else assert.match(child.output(), seen);
  const requests = outcome.events.filter(
    (event) => event.kind === 'message' && event.message === 'certificateRequest',
  );
  assert.equal(requests.length, ROUNDS);
}
