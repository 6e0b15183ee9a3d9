import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isTlsError, memoryPair, type TlsConnection, wrapClient, wrapServer } from '../../src/flow/index.ts';
import type { ClientOptions, Response } from '../../src/index.ts';
import { chainOfTrust, trustAnchor } from '../../x509/index.ts';
import { authority, leaf, serverCredential, testClient, testServer, world } from './parties.ts';

// Post-handshake authentication (RFC 9846 §4.7.2) between two connections.

describe('a server connection that asks for a certificate later', () => {
  it('is told who the client is, while data goes on both ways', async () => {
    const [client, server] = await connected({ credentials: [serverCredential] });
    assert.ok(server.canRequestCertificate());
    const [first, second] = await Promise.all([server.requestCertificate(), server.requestCertificate()]);
    for (const shown of [first, second]) assert.deepEqual(shown.peer?.leaf.der, leaf.certificate.der);
    await client.write(Buffer.from('there'));
    assert.equal(text(await server.read()), 'there');
    await server.write(Buffer.from('back'));
    assert.equal(text(await client.read()), 'back');
    assert.equal(server.facts.peer, undefined);
    await Promise.all([client.close(), server.close()]);
  });

  it('is told nothing by a client that declines', async () => {
    const [client, server] = await connected({});
    assert.equal((await server.requestCertificate()).peer, undefined);
    await Promise.all([client.close(), server.close()]);
  });

  it('waits for a client whose user takes time, and takes its data meanwhile', async () => {
    let decide: (response: Response) => void = () => {};
    const answer = () => new Promise<Response>((resolve) => (decide = resolve));
    const [client, server] = await connected({ credentials: 'ask' }, answer);
    const asked = server.requestCertificate();
    await client.write(Buffer.from('thinking'));
    assert.equal(text(await server.read()), 'thinking');
    decide({ kind: 'clientCredential', credential: serverCredential });
    assert.deepEqual((await asked).peer?.leaf.der, leaf.certificate.der);
    await Promise.all([client.close(), server.close()]);
  });

  it('gives up when the client closes its half, when it does itself, and when the connection fails', async () => {
    const [client, server] = await connected({ credentials: 'ask' }, () => new Promise(() => {}));
    const asked = assert.rejects(server.requestCertificate());
    await client.closeWrite();
    await asked;
    await server.close();

    const [, other] = await connected({ credentials: 'ask' }, () => new Promise(() => {}));
    const abandoned = assert.rejects(other.requestCertificate());
    await other.close();
    await abandoned;

    const refusing = () => Promise.resolve({ kind: 'refusal', reason: 'no' } as const);
    const [, failing] = await connected({ credentials: 'ask' }, refusing);
    await assert.rejects(
      failing.requestCertificate(),
      (thrown) => isTlsError(thrown) && thrown.failure.kind === 'peerAlert',
    );
  });

  it('refuses with a TypeError where it may not ask', async () => {
    const [client, server] = await connected({ postHandshakeAuthentication: false });
    for (const connection of [client, server]) {
      assert.equal(connection.canRequestCertificate(), false);
      await assert.rejects(connection.requestCertificate(), TypeError);
    }
    await Promise.all([client.close(), server.close()]);
  });
});

async function connected(
  client: Partial<ClientOptions>,
  answer?: () => Promise<Response>,
): Promise<readonly [TlsConnection, TlsConnection]> {
  const [near, far] = memoryPair();
  const authenticator = chainOfTrust({ anchors: [trustAnchor(authority)] });
  const asking = testServer({ postHandshakeAuthentication: { authenticator, required: false } });
  return Promise.all([
    wrapClient(near, testClient({ postHandshakeAuthentication: true, ...client }), { ...world(1), answer }),
    wrapServer(far, asking, world(2)),
  ]);
}

function text(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString();
}
