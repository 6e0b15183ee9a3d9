import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import type { ClientHelloExtension } from '../../src/extensions.ts';
import {
  type ClientOptions,
  rotateTicketKeys,
  type ServerOptions,
  send,
  updateKeys,
} from '../../src/index.ts';
import type { Tls12ServerHello } from '../../src/tls12/messages.ts';
import { adding, raw, replacing } from './edits.ts';
import { assertAt, assertMisbehaved } from './expect.ts';
import {
  data,
  deliver,
  follow,
  messagesHeard,
  type Peer,
  updateKeys as peerUpdatesKeys,
  record,
  recordsOf,
} from './peer.ts';
import { quickAuthenticator, quickClientConfig, quickCredential, quickServerConfig } from './quick.ts';
import { meetServer, type ScriptedClient } from './scripted-client.ts';
import { meetClient, type ScriptedServer, type ServerSays } from './scripted-server.ts';
import {
  aSession,
  establishTls12Server,
  meetTls12Server,
  type Tls12ClientOptions,
  ticketKeys,
} from './scripted-tls12-client.ts';
import { meetTls12Client, type ScriptedTls12Server } from './scripted-tls12-server.ts';
import { bytes, data as dataIn, find, handshake, sent } from './support.ts';

// record_size_limit (RFC 8449): how long a record may be that holds content, its type and padding.

const TAG = 16;
const DATA = 23;

for (const [limit, isGood] of [
  [0, false],
  [63, false],
  [64, true],
  [16385, true],
  [16386, false],
  [65535, false],
] as const) {
  test(`a client ${isGood ? 'accepts' : 'refuses'} a limit of ${limit}`, () => {
    const server = meetClient();
    server.say.serverHello();
    sayLimit(server, limit);
    if (isGood) assertAt(server.peer, 'awaitCertificateOrRequest');
    else assertMisbehaved(server.peer, 'illegal_parameter', 'bad-record-size-limit');
  });
}

for (const [limit, isGood] of [
  [0, false],
  [63, false],
  [64, true],
  [65535, true],
] as const) {
  test(`a server ${isGood ? 'accepts' : 'refuses'} a limit of ${limit}`, () => {
    const client = meetServer({ extensions: [{ name: 'recordSizeLimit', value: limit }] });
    client.say.clientHello();
    if (isGood) assertAt(client.peer, 'awaitClientFinished');
    else assertMisbehaved(client.peer, 'illegal_parameter', 'bad-record-size-limit');
  });
}

test('no limit makes records longer than the protocol has them', () => {
  const { peer } = greeted(meetServer({ extensions: [{ name: 'recordSizeLimit', value: 65535 }] }));
  follow(peer, send(peer.state, bytes(40_000)));
  assert.deepEqual(innerLengths(peer), [16385, 16385, 40_000 - 2 * 16384 + 1]);
  assert.deepEqual(find(peer.effects, 'established')?.facts.recordSizes, { sent: 16385, received: 16385 });
});

test('a server that limits a client which has not offered the extension is refused', () => {
  const server = meetClient({ client: { recordSizeLimit: 'none' } });
  server.say.serverHello();
  sayLimit(server, 16385);
  assertMisbehaved(server.peer, 'unsupported_extension', 'unsolicited-extension');
});

test('a limit of one byte or three is malformed', () => {
  for (const content of ['40', '004001']) {
    const server = meetClient();
    server.say.serverHello();
    server.say.encryptedExtensions(() => ({ extensions: [raw(28, content)] }));
    assert.deepEqual(find(server.peer.effects, 'failed')?.failure.kind, 'malformed');
  }
});

test('a server says its limit to a client that says one, and to no other', () => {
  const said = (server: Partial<ServerOptions>, ...extensions: readonly ClientHelloExtension[]) => {
    const client = meetServer({ server });
    client.say.clientHello(adding(...extensions));
    const [message] = messagesHeard(client.peer, 'encryptedExtensions');
    assert.ok(message?.kind === 'encryptedExtensions');
    return message.body.extensions.find(({ name }) => name === 'recordSizeLimit');
  };
  const offer = { name: 'recordSizeLimit', value: 1000 } as const;
  assert.deepEqual(said({}, offer), { name: 'recordSizeLimit', value: 16385 });
  assert.deepEqual(said({ recordSizeLimit: 512 }, offer), { name: 'recordSizeLimit', value: 512 });
  assert.equal(said({ recordSizeLimit: 512 }), undefined);
  assert.equal(said({ recordSizeLimit: 'none' }, offer), undefined);
});

test('a second hello with another limit is refused', () => {
  const client = meetServer({
    server: { groups: ['secp256r1'] },
    extensions: [{ name: 'recordSizeLimit', value: 1000 }],
  });
  client.say.clientHello();
  client.say.clientHello(replacing({ name: 'recordSizeLimit', value: 1001 }));
  assertMisbehaved(client.peer, 'illegal_parameter', 'second-client-hello-differs');
});

test('a server keeps to the limit in its whole flight, tickets, data, and under new keys', () => {
  const client = meetServer({
    server: {
      ticketKeys: rotateTicketKeys([], bytes(48, 5)),
      clientAuthentication: { authenticator: quickAuthenticator, required: false },
    },
    extensions: [
      { name: 'recordSizeLimit', value: 64 },
      { name: 'pskKeyExchangeModes', value: [1] },
    ],
  });
  client.say.clientHello();
  client.say.certificate((honest) => ({ ...honest, certificateList: [] }));
  client.say.finished();
  const { peer } = client;
  assert.equal(messagesHeard(peer, 'newSessionTicket').length, 2);
  assertWithin(peer, 64);
  follow(peer, send(peer.state, bytes(200)));
  assert.deepEqual(innerLengths(peer), [64, 64, 64, 12]);
  follow(peer, updateKeys(peer.state, { ask: true }));
  follow(peer, send(peer.state, bytes(100)));
  assert.deepEqual(innerLengths(peer), [64, 38]);
});

test('a client keeps to the limit from EncryptedExtensions on', () => {
  const server = meetClient({ client: { credentials: [quickCredential] } });
  server.say.serverHello();
  sayLimit(server, 64);
  server.play('certificateRequest', 'certificate', 'certificateVerify', 'finished');
  const { peer } = server;
  assertAt(peer, 'established');
  assert.equal(messagesHeard(peer, 'certificateVerify').length, 1);
  assertWithin(peer, 64);
  follow(peer, send(peer.state, bytes(200)));
  assert.deepEqual(innerLengths(peer), [64, 64, 64, 12]);
});

test('the lower of limit and recordPlaintext holds', () => {
  for (const [recordPlaintext, lengths] of [
    [100, [101, 101]],
    [2000, [150, 53]],
  ] as const) {
    const { peer } = greeted(
      meetServer({
        server: { limits: { recordPlaintext } },
        extensions: [{ name: 'recordSizeLimit', value: 150 }],
      }),
    );
    follow(peer, send(peer.state, bytes(recordPlaintext === 100 ? 200 : 201)));
    assert.deepEqual(innerLengths(peer), lengths);
  }
});

const roles: readonly (readonly [string, (limit: number | 'none') => Peer])[] = [
  ['a client', (recordSizeLimit) => limitedClient({ recordSizeLimit })],
  ['a server', (recordSizeLimit) => limitedServer({ recordSizeLimit })],
];

for (const [role, establish] of roles) {
  test(`${role} takes a record as long as its limit, and none that is longer`, () => {
    const exact = establish(100);
    data(exact, bytes(99));
    data(exact, bytes(50), { padding: 49 });
    assert.equal(dataIn(exact.effects).length, 149);
    const longer = establish(100);
    data(longer, bytes(100));
    assertMisbehaved(longer, 'record_overflow', 'record-too-long');
  });

  test(`${role} counts padding`, () => {
    const peer = establish(100);
    data(peer, bytes(50), { padding: 50 });
    assertMisbehaved(peer, 'record_overflow', 'record-too-long');
  });

  test(`${role} keeps its limit under the peer's new keys`, () => {
    const peer = establish(100);
    peerUpdatesKeys(peer, 0);
    data(peer, bytes(100));
    assertMisbehaved(peer, 'record_overflow', 'record-too-long');
  });

  test(`${role} that has said no limit takes every record`, () => {
    const peer = establish('none');
    data(peer, bytes(16384));
    assert.equal(dataIn(peer.effects).length, 16384);
  });
}

test('a server that does not know the extension is not held to it', () => {
  const server = meetClient({ client: { recordSizeLimit: 64 } });
  server.play(...flight);
  data(server.peer, bytes(16384));
  assert.equal(find(server.peer.effects, 'established')?.facts.recordSizes, undefined);
  assert.equal(dataIn(server.peer.effects).length, 16384);
});

test('the limit holds during the handshake too, for the record that agrees to it as for those behind', () => {
  const behind = meetClient({ client: { recordSizeLimit: 64 } });
  behind.say.serverHello();
  sayLimit(behind, 16385);
  behind.say.certificate();
  assertMisbehaved(behind.peer, 'record_overflow', 'record-too-long');

  const same = meetClient({ client: { recordSizeLimit: 64 } });
  same.say.serverHello();
  const message = same.compose.encryptedExtensions(limiting(16385));
  const padded = record(same.peer, 22, message, { padding: 64 - message.length });
  deliver(same.peer, padded);
  assertMisbehaved(same.peer, 'record_overflow', 'record-too-long');

  const client = meetServer({
    server: {
      recordSizeLimit: 64,
      clientAuthentication: { authenticator: quickAuthenticator, required: true },
    },
    extensions: [{ name: 'recordSizeLimit', value: 16385 }],
  });
  client.say.clientHello();
  client.say.certificate();
  assertMisbehaved(client.peer, 'record_overflow', 'record-too-long');
});

test('our two sides agree, each on the limits of both', () => {
  const run = handshake(
    quickClientConfig({ recordSizeLimit: 64 }),
    quickServerConfig({ recordSizeLimit: 100, groups: ['secp256r1'] }),
  );
  assert.deepEqual(find(run.clientEffects, 'established')?.facts.recordSizes, { sent: 100, received: 64 });
  assert.deepEqual(find(run.serverEffects, 'established')?.facts.recordSizes, { sent: 64, received: 100 });
});

test('in TLS 1.2 the limit is said in ServerHello and counts content alone', () => {
  const { peer } = establishTls12Limiting(64, { recordSizeLimit: 100 });
  assertAt(peer, 'established');
  assert.deepEqual(find(peer.effects, 'established')?.facts.recordSizes, { sent: 64, received: 100 });
  const before = peer.heard.length;
  follow(peer, send(peer.state, bytes(200)));
  const heard = peer.heard.slice(before).flatMap((one) => (one.kind === 'data' ? [one.bytes.length] : []));
  assert.deepEqual(heard, [64, 64, 64, 8]);
  data(peer, bytes(100));
  assert.equal(dataIn(peer.latest).length, 100);
  data(peer, bytes(101));
  assertMisbehaved(peer, 'record_overflow', 'record-too-long');
});

test('in TLS 1.2 every record is one byte shorter than in TLS 1.3', () => {
  const { peer } = establishTls12Limiting(16385);
  const sizes = find(peer.effects, 'established')?.facts.recordSizes;
  assert.deepEqual(sizes, { sent: 16384, received: 16384 });
});

test('a limit of TLS 1.2 that leaves no room for an alert is refused', () => {
  const server = meetTls12Client();
  server.serverHello(limitingTls12(63));
  assertMisbehaved(server.peer, 'illegal_parameter', 'bad-record-size-limit');
});

describe('a server in TLS 1.2', () => {
  const offering = (...extensions: readonly ClientHelloExtension[]) => ({ extensions });
  const limit = (value: number) => ({ name: 'recordSizeLimit', value }) as const;
  const fragment = (value: number) => ({ name: 'maxFragmentLength', value }) as const;
  /** The lengths of the records that a whole handshake and so much data come in. */
  const recordLengths = (options: Tls12ClientOptions, length: number) => {
    const { peer } = establishTls12Server(options);
    assertAt(peer, 'established');
    const before = peer.effects.length;
    const overhead = 24;
    follow(peer, send(peer.state, bytes(length)));
    const lengths = (effects: Peer['effects']) => recordsOf(sent(effects)).map((one) => one.length - 5);
    return {
      peer,
      handshake: lengths(peer.effects.slice(0, before)),
      data: lengths(peer.effects.slice(before)).map((one) => one - overhead),
    };
  };

  it('keeps to the limit of the client as soon as records are protected, and holds it to its own', () => {
    const {
      peer,
      handshake,
      data: heard,
    } = recordLengths({ ...offering(limit(64)), server: { recordSizeLimit: 100 } }, 200);
    assert.deepEqual(find(peer.effects, 'established')?.facts.recordSizes, { sent: 64, received: 100 });
    assert.ok(Math.max(...handshake) > 200, 'what is in the clear is not under the limit');
    assert.deepEqual(heard, [64, 64, 64, 8]);
    data(peer, bytes(100));
    assert.equal(dataIn(peer.latest).length, 100);
    data(peer, bytes(101));
    assertMisbehaved(peer, 'record_overflow', 'record-too-long');
  });

  it('says its limit to a client that says one, and to no other', () => {
    const said = (options: Tls12ClientOptions) => {
      const client = meetTls12Server(options);
      client.clientHello();
      return client
        .serverHello()
        .extensions.filter(({ name }) => name === 'recordSizeLimit' || name === 'maxFragmentLength');
    };
    assert.deepEqual(said(offering(limit(65535))), [limit(16384)]);
    assert.deepEqual(said({ ...offering(limit(1000)), server: { recordSizeLimit: 512 } }), [limit(512)]);
    assert.deepEqual(said({ ...offering(limit(1000)), server: { recordSizeLimit: 'none' } }), []);
    assert.deepEqual(said({}), []);
    // RFC 8449 §5: the older extension is passed over beside the newer one, whatever it says.
    assert.deepEqual(said(offering(limit(1000), fragment(1))), [limit(16384)]);
    assert.deepEqual(said(offering(limit(1000), fragment(9))), [limit(16384)]);
    assert.deepEqual(said({ ...offering(limit(1000), fragment(1)), server: { recordSizeLimit: 'none' } }), [
      fragment(1),
    ]);
  });

  it('refuses a limit that leaves no room for an alert', () => {
    const client = meetTls12Server(offering(limit(63)));
    client.clientHello();
    assertMisbehaved(client.peer, 'illegal_parameter', 'bad-record-size-limit');
  });

  for (const [code, length] of [
    [1, 512],
    [2, 1024],
    [3, 2048],
    [4, 4096],
  ] as const) {
    it(`keeps every fragment to ${length} bytes for a client that asks for it (RFC 6066 §4)`, () => {
      const {
        peer,
        handshake,
        data: heard,
      } = recordLengths(
        { ...offering(fragment(code)), server: { clientAuthentication: longRequest } },
        2 * length + 1,
      );
      assert.ok(Math.max(...handshake) <= length, `${handshake}`);
      assert.ok(handshake.includes(length), 'the flight is longer than one record');
      assert.deepEqual(heard, [length, length, 1]);
      data(peer, bytes(length));
      data(peer, bytes(length + 1));
      assertMisbehaved(peer, 'record_overflow', 'record-too-long');
    });
  }

  it('refuses a fragment length that there is not', () => {
    for (const code of [0, 5, 255]) {
      const client = meetTls12Server(offering(fragment(code)));
      client.clientHello();
      assertMisbehaved(client.peer, 'illegal_parameter', 'bad-max-fragment-length');
    }
  });

  it('keeps to what is agreed on anew when a session goes on', () => {
    const client = meetTls12Server({
      ...offering(fragment(1)),
      server: { ticketKeys },
      session: aSession(),
    });
    client.clientHello();
    client.changeCipherSpec();
    client.finished();
    assertAt(client.peer, 'established');
    assert.equal(find(client.peer.effects, 'established')?.facts.resumed, true);
    assert.equal(find(client.peer.effects, 'established')?.facts.recordSizes?.sent, 512);
  });
});

/** Authorities enough for a CertificateRequest of more than 4096 bytes. */
const longRequest: ServerOptions['clientAuthentication'] = {
  authenticator: quickAuthenticator,
  required: true,
  certificateAuthorities: Array.from({ length: 200 }, (_, i) => commonName(`Authority number ${i}`)),
};

/** A distinguished name of one common name, in DER. */
function commonName(text: string): Uint8Array {
  const within = (tag: number, content: Uint8Array) => Uint8Array.of(tag, content.length, ...content);
  const value = within(0x0c, new TextEncoder().encode(text));
  return within(0x30, within(0x31, within(0x30, Uint8Array.of(6, 3, 0x55, 4, 3, ...value))));
}

function limitingTls12(value: number) {
  return (hello: Tls12ServerHello): Tls12ServerHello => ({
    ...hello,
    extensions: [...hello.extensions, { name: 'recordSizeLimit', value }],
  });
}

function establishTls12Limiting(value: number, client: Partial<ClientOptions> = {}): ScriptedTls12Server {
  const server = meetTls12Client({ client });
  server.serverHello(limitingTls12(value));
  server.certificate();
  server.serverKeyExchange();
  server.serverHelloDone();
  server.changeCipherSpec();
  server.finished();
  return server;
}

const flight: readonly ServerSays[] = [
  'serverHello',
  'encryptedExtensions',
  'certificate',
  'certificateVerify',
  'finished',
];

function limiting(value: number) {
  return () => ({ extensions: [{ name: 'recordSizeLimit', value } as const] });
}

function sayLimit(server: ScriptedServer, value: number): void {
  server.say.encryptedExtensions(limiting(value));
}

/** A client behind a handshake whose messages keep to any limit but the shortest. */
function limitedClient(client: Partial<ClientOptions>): Peer {
  const server = meetClient({ client });
  server.say.serverHello();
  if (client.recordSizeLimit === 'none') server.say.encryptedExtensions();
  else sayLimit(server, 16385);
  for (const kind of flight.slice(2)) {
    const message = server.compose[kind]();
    for (let from = 0; from < message.length; from += 90) {
      deliver(server.peer, record(server.peer, 22, message.subarray(from, from + 90)));
    }
  }
  server.changeKeys('application');
  assertAt(server.peer, 'established');
  return server.peer;
}

function limitedServer(server: Partial<ServerOptions>): Peer {
  return greeted(meetServer({ server, extensions: [{ name: 'recordSizeLimit', value: 16385 }] })).peer;
}

function greeted(client: ScriptedClient): ScriptedClient {
  client.say.clientHello();
  client.say.finished();
  assertAt(client.peer, 'established');
  return client;
}

/** Bytes of TLSInnerPlaintext in each protected record of the engine's last step. */
function innerLengths(peer: Peer): readonly number[] {
  return protectedLengths(sent(peer.latest));
}

function assertWithin(peer: Peer, limit: number): void {
  const lengths = protectedLengths(sent(peer.effects));
  assert.ok(lengths.length > 4);
  assert.ok(
    lengths.every((length) => length <= limit),
    lengths.join(),
  );
}

function protectedLengths(stream: Uint8Array): readonly number[] {
  return recordsOf(stream).flatMap((one) => (one[0] === DATA ? [one.length - 5 - TAG] : []));
}
