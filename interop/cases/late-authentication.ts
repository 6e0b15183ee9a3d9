import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import type { WrapOptions } from '../../src/flow/index.ts';
import type { ClientOptions, Facts, ServerOptions } from '../../src/index.ts';
import { gnutlsClient } from '../peers/gnutls.ts';
import { sClient, sServer } from '../peers/openssl.ts';
import type { Bench, Case } from '../support/case.ts';
import { lineReader } from '../support/exchange.ts';
import type { Identity } from '../support/identities.ts';
import {
  connectTo,
  listenFor,
  type Outcome,
  ourClientConfig,
  ourServerConfig,
  type Use,
  valueFrom,
} from '../support/ours.ts';
import type { Child } from '../support/process.ts';
import type { Scope } from '../support/scope.ts';
import { askGnutls, gnutlsCase } from '../support/with-gnutls.ts';
import { opensslCase } from '../support/with-openssl.ts';

/** Post-handshake authentication (RFC 9846 §4.7.2), both ways. */
export function lateAuthenticationCases(): readonly Case[] {
  return [...askedByOpenssl(), ...askedByGnutls(), ...askedByUs()];
}

/** s_server's command `c`. */
function askedByOpenssl(): readonly Case[] {
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

/** gnutls-serv asks whoever sends it these lines. */
function askedByGnutls(): readonly Case[] {
  const ask: Use<Facts> = async (connection) => {
    const readLine = lineReader(connection);
    for (let round = 1; round <= ROUNDS; round++) {
      await connection.write(Buffer.from('**REAUTH**\n'));
      await readLine();
      await connection.write(Buffer.from(`question ${round}\n`));
      assert.equal(await readLine(), `question ${round}`);
    }
    return connection.facts;
  };
  return [
    gnutlsCase('client', 'post-handshake authentication, three times, data in between', async (bench) => {
      const { credential } = await bench.identities.issue({ name: 'client.example' });
      const ours = { credentials: [credential], postHandshakeAuthentication: true };
      const args = ['--disable-client-cert', '--x509cafile', bench.identities.authority.file];
      const { outcome } = await askGnutls(bench, ours, args, {}, ask);
      valueFrom(outcome);
      assert.equal(countOf(outcome, 'received', 'certificateRequest'), ROUNDS);
      assert.equal(countOf(outcome, 'sent', 'certificateVerify'), ROUNDS);
    }),
  ];
}

/** Our server asks, between lines that it reverses. */
function askedByUs(): readonly Case[] {
  const title = 'post-handshake authentication, three times, data in between';
  const shows = async ({ identities }: Bench): Promise<Identity> =>
    identities.issue({ name: 'client.example' });
  const openssl = (args: readonly string[]) => (scope: Scope, port: number) =>
    sClient(scope, port, ['-brief', '-nocommands', '-enable_pha', ...args]).child;
  const gnutls = (args: readonly string[]) => (scope: Scope, port: number) =>
    gnutlsClient(scope, port, ['--insecure', '--post-handshake-auth', ...args]);
  return [
    opensslCase('server', title, async (bench) => {
      const identity = await shows(bench);
      await askLate(bench, openssl(['-cert', identity.chainFile, '-key', identity.keyFile]), identity);
    }),
    opensslCase('server', 'post-handshake authentication, declined', async (bench) => {
      await askLate(bench, openssl([]), undefined);
    }),
    opensslCase('server', 'post-handshake authentication, not offered', async ({ scope, identities }) => {
      const { credential } = await identities.usual('P-256');
      const may: Use<boolean> = async (connection) => connection.canRequestCertificate();
      const config = ourServerConfig({ credentials: [credential], ...askingLate(identities) });
      const { port, outcome } = await listenFor(scope, config, may);
      sClient(scope, port, ['-brief']);
      assert.equal(valueFrom(await outcome), false);
    }),
    gnutlsCase('server', title, async (bench) => {
      const identity = await shows(bench);
      const files = ['--x509certfile', identity.chainFile, '--x509keyfile', identity.keyFile];
      await askLate(bench, gnutls(files), identity);
    }),
    gnutlsCase('server', 'post-handshake authentication, declined', async (bench) => {
      await askLate(bench, gnutls([]), undefined);
    }),
  ];
}

function askingLate({ authority }: Bench['identities']): Partial<ServerOptions> {
  const { authenticator } = authority;
  return { postHandshakeAuthentication: { authenticator, required: false } };
}

/** Our server asks the client that `start` starts; `identity` is what it should show. */
async function askLate(
  { scope, identities }: Bench,
  startClient: (scope: Scope, port: number) => Child,
  identity: Identity | undefined,
): Promise<void> {
  const { credential } = await identities.usual('P-256');
  const config = ourServerConfig({ credentials: [credential], ...askingLate(identities) });
  const ask: Use<void> = async (connection) => {
    const readLine = lineReader(connection);
    assert.equal(await readLine(), 'question 1');
    for (let round = 1; round <= ROUNDS; round++) {
      const { peer } = await connection.requestCertificate();
      assert.deepEqual(peer?.leaf.der, identity?.credential.leaf.der);
      await connection.write(Buffer.from(`answer ${round}\n`));
      assert.equal(await readLine(), `question ${round + 1}`);
    }
  };
  const { port, outcome } = await listenFor(scope, config, ask);
  const child = startClient(scope, port);
  await child.write('question 1\n');
  for (let round = 1; round <= ROUNDS; round++) {
    await Promise.race([child.printed(new RegExp(`answer ${round}`)), outcome.then(valueFrom)]);
    await child.write(`question ${round + 1}\n`);
  }
  const ended = await outcome;
  valueFrom(ended);
  assert.equal(countOf(ended, 'received', 'certificateVerify'), identity === undefined ? 0 : ROUNDS);
}

function countOf({ events }: Outcome<unknown>, direction: 'sent' | 'received', message: string): number {
  return events.filter(
    (event) => event.kind === 'message' && event.direction === direction && event.message === message,
  ).length;
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
  assert.equal(countOf(outcome, 'received', 'certificateRequest'), ROUNDS);
}
