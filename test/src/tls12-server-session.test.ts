import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { secret } from '../../nocrypto/index.ts';
import { contentTypes } from '../../src/codepoints.ts';
import { findExtension } from '../../src/extensions.ts';
import { close, type ServerOptions, send } from '../../src/index.ts';
import type { ClientHello } from '../../src/messages.ts';
import { dangerouslyAcceptAnyCertificate } from '../../x509/index.ts';
import { assertAt, assertMisbehaved } from './expect.ts';
import { alert, data, deliver, follow, plainRecord, record } from './peer.ts';
import {
  aSession,
  establishTls12Server,
  factsOf,
  meetTls12Server,
  sayTls12Answer,
  type Tls12ClientOptions,
  ticketKeys,
} from './scripted-tls12-client.ts';
import { bytes, concatAll, find, hex } from './support.ts';

const authenticator = dangerouslyAcceptAnyCertificate;
const askingClients: Partial<ServerOptions> = { clientAuthentication: { authenticator, required: true } };
const CHACHA = 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256';

type HelloEdit = (hello: ClientHello) => ClientHello;

describe('resumption in TLS 1.2, at a server', () => {
  const resumed = (options: Tls12ClientOptions, edit?: HelloEdit) => {
    const client = meetTls12Server({ session: aSession(), ...options });
    client.clientHello(edit);
    return client;
  };

  it('goes by a ticket, and repeats the session id of the hello (RFC 5077 §3.4)', () => {
    const client = resumed({ server: { ticketKeys } });
    assert.deepEqual(client.serverHello().legacySessionIdEcho, bytes(32, 32));
    assert.equal(findExtension(client.serverHello().extensions, 'serverName'), undefined);
    client.changeCipherSpec();
    client.finished();
    assertAt(client.peer, 'established');
    assert.equal(factsOf(client.peer)?.resumed, true);
    data(client.peer, hex('01'));
    assert.deepEqual(find(client.peer.latest, 'data')?.bytes, hex('01'));
  });

  it('is refused to a client that has dropped the extended master secret (RFC 7627 §5.3)', () => {
    const { peer } = resumed({ server: { ticketKeys }, without: ['extendedMasterSecret'] });
    assertMisbehaved(peer, 'handshake_failure', 'extended-master-secret-changed-on-resumption');
  });

  const server = { ticketKeys };
  const declined: readonly (readonly [string, Tls12ClientOptions, HelloEdit?])[] = [
    ['the suite is not offered', { server, suites: [CHACHA] }],
    ['the suite is not configured', { server: { ticketKeys, versions: ['1.2'], cipherSuites: [CHACHA] } }],
    [
      'the name is another (RFC 6066 §3)',
      { server, extensions: [{ name: 'serverName', value: [{ nameType: 0, hostName: 'x.example' }] }] },
    ],
    ['there is no name', { server, without: ['serverName'] }],
    ['the context is another', { server: { ticketKeys, sessionContext: bytes(4) } }],
    [
      'the key is another',
      { server: { ticketKeys: [{ name: bytes(16, 5), secret: secret(bytes(32, 7)) }] } },
    ],
    ['there is no key', { server: { ticketKeys: [] } }],
    ['the client has to show a certificate', { server: { ticketKeys, ...askingClients } }],
  ];
  for (const [title, options, edit] of declined) {
    it(`is passed over when ${title}`, () => {
      const client = resumed(options, edit);
      assert.deepEqual(client.serverHello().legacySessionIdEcho, hex(''));
      const isAsking = options.server?.clientAuthentication !== undefined;
      sayTls12Answer(client, { shows: isAsking });
      assertAt(client.peer, 'established');
      assert.equal(factsOf(client.peer)?.resumed, false);
    });
  }

  it('is passed over with a ticket that was changed anywhere, or cut', () => {
    const session = aSession();
    const { ticket } = session;
    const bent = Array.from(ticket, (_, place) =>
      ticket.map((byte, i) => (i === place ? byte ^ 0x10 : byte)),
    );
    const cut = [
      ticket.subarray(1),
      ticket.subarray(0, -1),
      ticket.subarray(0, 20),
      concatAll([ticket, hex('00')]),
    ];
    for (const damaged of [...bent, ...cut]) {
      const client = resumed({ server, session: { ...session, ticket: damaged } });
      assertAt(client.peer, 'tls12AwaitClientKeyExchange');
    }
  });

  it('needs the secret of the session', () => {
    const client = resumed({ server, session: { ...aSession(), master: secret(bytes(48, 44)) } });
    client.changeCipherSpec();
    client.finished();
    // Neither side can read the other, alerts included.
    const failed = find(client.peer.effects, 'failed')?.failure;
    assert.ok(failed?.kind === 'peerMisbehaved' && failed.reason === 'decryption-failed');
    assert.equal(client.peer.heard.at(-1)?.kind, 'unreadable');
  });

  it('keeps who the client is, and judges it anew', () => {
    const first = establishTls12Server({ server: { ticketKeys, ...askingClients } });
    const client = resumed({ server: { ticketKeys, ...askingClients }, session: first.session() });
    client.changeCipherSpec();
    client.finished();
    assertAt(client.peer, 'established');
    assert.ok(factsOf(client.peer)?.peer !== undefined);
  });
});

describe('a TLS 1.2 connection at a server', () => {
  it('declines to begin again, in bounds (RFC 5246 §7.2.2)', () => {
    const client = establishTls12Server();
    const { peer } = client;
    client.clientHello();
    assert.deepEqual(peer.heard.at(-1), {
      kind: 'alert',
      level: 1,
      alert: 'no_renegotiation',
      protected: true,
    });
    assertAt(peer, 'established');
    data(peer, hex('01'));
    assert.deepEqual(find(peer.latest, 'data')?.bytes, hex('01'));
    for (let i = 0; i < 16; i++) client.clientHello();
    assertAt(peer, 'established');
    client.clientHello();
    const failed = find(peer.latest, 'failed')?.failure;
    assert.ok(failed?.kind === 'peerMisbehaved' && failed.reason === 'too-many-useless-records');
  });

  it('declines a hello that is long, or behind its own close_notify says nothing', () => {
    const long = establishTls12Server();
    long.clientHello(withExtension({ name: 'unknown', type: 0x7777, data: bytes(3000) }));
    assertAt(long.peer, 'established');
    const closed = establishTls12Server();
    follow(closed.peer, close(closed.peer.state));
    const { length } = closed.peer.heard;
    closed.clientHello();
    assert.equal(closed.peer.heard.length, length);
    assertAt(closed.peer, 'established');
  });

  it('takes nothing any more after close_notify', () => {
    const { peer } = establishTls12Server();
    alert(peer, 'close_notify', 1);
    assert.ok(find(peer.latest, 'peerClosed'));
    data(peer, hex('01'));
    assert.deepEqual(peer.latest, []);
    follow(peer, send(peer.state, hex('02')));
    assert.deepEqual(peer.heard.at(-1), { kind: 'data', bytes: hex('02'), protected: true });
    follow(peer, close(peer.state));
    assert.equal(peer.effects.at(-1)?.kind, 'closed');
  });

  it('ends with a record that was changed, is too long, or comes a second time', () => {
    const changed = establishTls12Server().peer;
    const bad = record(changed, contentTypes.applicationData, bytes(20));
    deliver(
      changed,
      bad.map((byte, i) => (i === 20 ? byte ^ 1 : byte)),
    );
    assertMisbehaved(changed, 'bad_record_mac', 'decryption-failed');
    const again = establishTls12Server().peer;
    const good = record(again, contentTypes.applicationData, bytes(20));
    deliver(again, good, good);
    assertMisbehaved(again, 'bad_record_mac', 'decryption-failed');
    const long = establishTls12Server().peer;
    deliver(long, plainRecord(contentTypes.applicationData, bytes(2 ** 14 + 2049)));
    assertMisbehaved(long, 'record_overflow', 'record-too-long');
  });
});

function without(name: ClientHello['extensions'][number]['name']): HelloEdit {
  return (hello) => ({
    ...hello,
    extensions: hello.extensions.filter((extension) => extension.name !== name),
  });
}

/** With this extension, in place of one of the same name. */
function withExtension(extension: ClientHello['extensions'][number]): HelloEdit {
  return (hello) => ({
    ...hello,
    extensions: [...without(extension.name)(hello).extensions, extension],
  });
}
