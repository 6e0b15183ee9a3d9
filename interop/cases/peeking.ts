import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { type Peeked, peekClientHello } from '../../src/index.ts';
import { sClient, sServer } from '../peers/openssl.ts';
import type { Bench, Case } from '../support/case.ts';
import { LINE } from '../support/exchange.ts';
import { NAME } from '../support/identities.ts';
import { must } from '../support/must.ts';
import { opensslCase } from '../support/with-openssl.ts';

// Reading a first flight without taking part: openssl on both sides, and between them somebody who looks and passes on.

export function peekingCases(): readonly Case[] {
  return [
    opensslCase('server', 'peeked at, and passed on to another server', (bench) => passOn(bench, [])),
    opensslCase('server', 'peeked at, and passed on, TLS 1.2', (bench) => passOn(bench, ['-tls1_2'])),
  ];
}

async function passOn({ scope, identities }: Bench, args: readonly string[]): Promise<void> {
  const { chainFile, keyFile } = await identities.usual('P-256');
  const { port } = await sServer(scope, ['-rev', '-cert', chainFile, '-key', keyFile]);
  const seen: Peeked[] = [];
  const front = createServer((client) => {
    scope.defer(() => void client.destroy());
    let flight = Buffer.alloc(0);
    client.on('data', function look(piece) {
      flight = Buffer.concat([flight, piece]);
      const peeked = must(peekClientHello(flight));
      if (peeked === undefined) return;
      seen.push(peeked);
      client.off('data', look);
      const server = connect(port, '127.0.0.1', () => server.write(flight));
      scope.defer(() => void server.destroy());
      client.pipe(server).pipe(client);
    });
  }).listen(0, '127.0.0.1');
  scope.defer(() => void front.close());
  await once(front, 'listening');
  const { child } = sClient(scope, (front.address() as AddressInfo).port, [
    ...['-brief', '-nocommands', '-CAfile', identities.authority.file, '-verify_return_error'],
    ...['-servername', NAME, '-verify_hostname', NAME, '-alpn', 'h2'],
    ...args,
  ]);
  void child.write(`${LINE}\n`);
  const [, reply] = await child.printed(/^(.*)\n/, 'stdout');
  assert.equal(reply, [...LINE].reverse().join(''));
  const [{ facts, versions } = assert.fail('nothing was seen')] = seen;
  assert.equal(facts.serverName, NAME);
  assert.deepEqual(facts.applicationProtocols, ['h2']);
  assert.equal(versions.includes(0x0304), args.length === 0);
}
