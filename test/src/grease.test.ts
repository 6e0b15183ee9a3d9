import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findExtension } from '../../src/extensions.ts';
import { greaseCode, greasePskMode, isGrease } from '../../src/grease.ts';
import { rotateTicketKeys } from '../../src/index.ts';
import type { ClientHello } from '../../src/messages.ts';
import { assertAt, assertMisbehaved } from './expect.ts';
import { interject, messagesHeard } from './peer.ts';
import { quickAuthenticator, quickClientConfig, quickCredential, quickServerConfig } from './quick.ts';
import { meetServer } from './scripted-client.ts';
import { meetClient, type ScriptedServer, serverFlight } from './scripted-server.ts';
import { bytes, find, handshake, runs } from './support.ts';

// RFC 8701: values that mean nothing, so that peers stay able to ignore what they do not know.

const all = Array.from({ length: 16 }, (_, n) => n * 0x1010 + 0x0a0a);
const modes = [0x0b, 0x2a, 0x49, 0x68, 0x87, 0xa6, 0xc5, 0xe4];

test('the reserved values are those of RFC 8701 §2', () => {
  const codes = Array.from({ length: 0x10000 }, (_, code) => code);
  assert.deepEqual(codes.filter(isGrease), all);
  const random = Array.from({ length: 256 }, (_, byte) => byte);
  assert.deepEqual([...new Set(random.map(greaseCode))], all);
  assert.deepEqual([...new Set(random.map(greasePskMode))], modes);
});

test('by default nothing reserved is offered', () => {
  const { hello } = meetClient({ client: { applicationProtocols: ['h2'] } });
  assert.deepEqual(greaseIn(hello()), [0, 0, 0, 0, 0, 0, 0]);
});

test('a client with GREASE offers one reserved value wherever a list allows it, and two extensions', () => {
  const { hello } = meetClient({ client: { grease: true } });
  assert.deepEqual(greaseIn(hello()), [1, 1, 1, 1, 1, 1, 2]);
  const [group] = findExtension(hello().extensions, 'supportedGroups') ?? [];
  const [share] = findExtension(hello().extensions, 'keyShare') ?? [];
  assert.equal(share?.group, group);
  assert.deepEqual(share?.keyExchange, new Uint8Array(1));
  const [first, last] = [hello().extensions.at(0), hello().extensions.at(-1)];
  assert.ok(first?.name === 'unknown' && last?.name === 'unknown');
  assert.deepEqual([first.data.length, last.data.length], [0, 1]);
});

test('the values differ between connections, and no extension ever stands twice', () => {
  const seen = new Set<number>();
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e9 }), (seed) => {
      const { hello } = meetClient({ client: { grease: true }, seed });
      const types = hello().extensions.flatMap((each) => (each.name === 'unknown' ? [each.type] : []));
      assert.equal(new Set(types).size, 2);
      assert.ok(types.every(isGrease));
      for (const type of types) seen.add(type);
    }),
    { numRuns: runs(200) },
  );
  assert.equal(seen.size, 16);
});

test('a hello after a HelloRetryRequest has the same reserved values, and one key share that is none', () => {
  const server = meetClient({ client: { grease: true } });
  const first = server.hello();
  server.say.helloRetryRequest();
  const second = server.hello();
  assert.deepEqual(greaseIn(second), [1, 1, 1, 0, 1, 1, 2]);
  assert.equal(findExtension(second.extensions, 'keyShare')?.length, 1);
  const fixed = (hello: ClientHello) => ({
    ...hello,
    extensions: hello.extensions.filter(({ name }) => name !== 'keyShare'),
  });
  assert.deepEqual(fixed(second), fixed(first));
});

const choices: readonly (readonly [
  string,
  (server: ScriptedServer) => void,
  Parameters<typeof refused>[1],
])[] = [
  [
    'the suite',
    ({ say, hello }) =>
      say.serverHello((honest) => ({ ...honest, cipherSuite: hello().cipherSuites[0] ?? 0 })),
    'unoffered-cipher-suite',
  ],
  [
    'the version',
    ({ say, hello }) => {
      const [value = 0] = findExtension(hello().extensions, 'supportedVersions') ?? [];
      say.serverHello((honest) => ({
        ...honest,
        extensions: honest.extensions.map((each) =>
          each.name === 'supportedVersions' ? { name: 'supportedVersions', value } : each,
        ),
      }));
    },
    'unoffered-version',
  ],
  [
    'the group',
    ({ say, hello }) => {
      const [group = 0] = findExtension(hello().extensions, 'supportedGroups') ?? [];
      say.serverHello((honest) => ({
        ...honest,
        extensions: honest.extensions.map((each) =>
          each.name === 'keyShare'
            ? { name: 'keyShare', value: { group, keyExchange: new Uint8Array(1) } }
            : each,
        ),
      }));
    },
    'unoffered-group',
  ],
  [
    'the group to ask again for',
    ({ say, hello }) => {
      const [value = 0] = findExtension(hello().extensions, 'supportedGroups') ?? [];
      say.helloRetryRequest((honest) => ({
        ...honest,
        extensions: honest.extensions.map((each) =>
          each.name === 'keyShare' ? { name: 'keyShare', value } : each,
        ),
      }));
    },
    'retry-for-unoffered-group',
  ],
];

for (const [what, choose, reason] of choices) {
  test(`a server that chooses the reserved value of ${what} is refused`, () => {
    const server = meetClient({ client: { grease: true } });
    choose(server);
    assertMisbehaved(server.peer, 'illegal_parameter', reason);
  });
}

test('a server that signs with the reserved scheme is refused', () => {
  const server = meetClient({ client: { grease: true } });
  const [algorithm = 0] = findExtension(server.hello().extensions, 'signatureAlgorithms') ?? [];
  server.play('serverHello', 'encryptedExtensions', 'certificate');
  server.say.certificateVerify((honest) => ({ ...honest, algorithm }));
  refused(server, 'unoffered-signature-scheme');
});

for (const place of ['serverHello', 'helloRetryRequest', 'encryptedExtensions', 'certificate'] as const) {
  test(`a server that answers a reserved extension in ${place} is refused`, () => {
    const server = meetClient({ client: { grease: true } });
    const offer = server.hello().extensions.find((each) => each.name === 'unknown');
    assert.ok(offer?.name === 'unknown');
    const adding = <M extends { readonly extensions: readonly unknown[] }>(honest: M): M => ({
      ...honest,
      extensions: [...honest.extensions, offer],
    });
    if (place === 'serverHello') server.say.serverHello(adding);
    if (place === 'helloRetryRequest') server.say.helloRetryRequest(adding);
    if (place === 'encryptedExtensions') {
      server.play('serverHello');
      server.say.encryptedExtensions(adding);
    }
    if (place === 'certificate') {
      server.play('serverHello', 'encryptedExtensions');
      server.say.certificate((honest) => ({
        ...honest,
        certificateList: honest.certificateList.map(adding),
      }));
    }
    assertMisbehaved(server.peer, 'unsupported_extension', 'unsolicited-extension');
  });
}

test('GREASE on both sides hinders nobody: certificates, tickets, a second hello, resumption', () => {
  const serverOptions = quickServerConfig({
    grease: true,
    clientAuthentication: { authenticator: quickAuthenticator, required: true },
    ticketKeys: rotateTicketKeys([], bytes(48, 5)),
    groups: ['secp256r1'],
  });
  const clientOptions = quickClientConfig({
    grease: true,
    extensionOrder: 'permuted',
    credentials: [quickCredential],
    groups: ['x25519', 'secp256r1'],
  });
  const run = handshake(clientOptions, serverOptions);
  assert.equal(find(run.clientEffects, 'established')?.facts.helloRetryRequest, true);
  assert.equal(
    find(run.serverEffects, 'established')?.facts.peer?.leaf.der.length,
    quickCredential.leaf.der.length,
  );
  const ticket = find(run.clientEffects, 'ticket');
  assert.ok(ticket !== undefined);
  const again = handshake(clientOptions, serverOptions, [3, 4], {
    sessions: [ticket.session],
    now: ticket.session.receivedAt,
  });
  assert.equal(find(again.serverEffects, 'established')?.facts.resumed, true);
});

test('a server with GREASE strews it into CertificateRequest and tickets, one without does not', () => {
  for (const grease of [true, false]) {
    const client = meetServer({
      server: {
        grease,
        clientAuthentication: { authenticator: quickAuthenticator, required: false },
        ticketKeys: rotateTicketKeys([], bytes(48, 5)),
      },
      extensions: [{ name: 'pskKeyExchangeModes', value: [1] }],
    });
    client.say.clientHello();
    const [request] = messagesHeard(client.peer, 'certificateRequest');
    assert.ok(request?.kind === 'certificateRequest');
    const schemes = findExtension(request.body.extensions, 'signatureAlgorithms') ?? [];
    const count = grease ? 1 : 0;
    assert.equal(schemes.filter(isGrease).length, count);
    assert.equal(request.body.extensions.filter(({ name }) => name === 'unknown').length, count);
    client.say.certificate((honest) => ({ ...honest, certificateList: [] }));
    client.say.finished();
    const tickets = messagesHeard(client.peer, 'newSessionTicket');
    assert.equal(tickets.length, 2);
    for (const ticket of tickets) {
      assert.ok(ticket.kind === 'newSessionTicket');
      const types = ticket.body.extensions.flatMap((each) => (each.name === 'unknown' ? [each.type] : []));
      assert.deepEqual(types.map(isGrease), grease ? [true] : []);
    }
  }
});

test('a client that answers the reserved extension of a CertificateRequest, or signs with its scheme, is refused', () => {
  const asking = {
    server: { grease: true, clientAuthentication: { authenticator: quickAuthenticator, required: true } },
  };
  const answering = meetServer(asking);
  answering.say.clientHello();
  const [request] = messagesHeard(answering.peer, 'certificateRequest');
  assert.ok(request?.kind === 'certificateRequest');
  const offer = request.body.extensions.find((each) => each.name === 'unknown');
  assert.ok(offer?.name === 'unknown');
  answering.say.certificate((honest) => ({
    ...honest,
    certificateList: honest.certificateList.map((entry) => ({ ...entry, extensions: [offer] })),
  }));
  assertMisbehaved(answering.peer, 'unsupported_extension', 'unsolicited-extension');

  const signing = meetServer(asking);
  signing.say.clientHello();
  signing.say.certificate();
  signing.say.certificateVerify((honest) => ({ ...honest, algorithm: 0x0a0a }));
  assertMisbehaved(signing.peer, 'illegal_parameter', 'unoffered-signature-scheme');
});

test('a client ignores reserved values in CertificateRequest and NewSessionTicket', () => {
  const server = meetClient();
  server.play('serverHello', 'encryptedExtensions');
  const reserved = { name: 'unknown', type: 0xbaba, data: bytes(3) } as const;
  server.say.certificateRequest((honest) => ({ ...honest, extensions: [...honest.extensions, reserved] }));
  server.play(...serverFlight.slice(2));
  interject(server.peer, {
    kind: 'newSessionTicket',
    body: {
      ticketLifetime: 60,
      ticketAgeAdd: 0,
      ticketNonce: bytes(1),
      ticket: bytes(9),
      extensions: [reserved],
    },
  });
  assertAt(server.peer, 'established');
  assert.ok(find(server.peer.effects, 'ticket') !== undefined);
});

/** How often something reserved stands among suites, versions, groups, shares, schemes, PSK modes and extensions. */
function greaseIn({ cipherSuites, extensions }: ClientHello): readonly number[] {
  return [
    cipherSuites,
    findExtension(extensions, 'supportedVersions') ?? [],
    findExtension(extensions, 'supportedGroups') ?? [],
    (findExtension(extensions, 'keyShare') ?? []).map(({ group }) => group),
    findExtension(extensions, 'signatureAlgorithms') ?? [],
    (findExtension(extensions, 'pskKeyExchangeModes') ?? []).map((mode) =>
      modes.includes(mode) ? 0x0a0a : mode,
    ),
    extensions.flatMap((each) => (each.name === 'unknown' ? [each.type] : [])),
  ].map((codes) => codes.filter(isGrease).length);
}

function refused({ peer }: ScriptedServer, reason: Parameters<typeof assertMisbehaved>[2]): void {
  assertMisbehaved(peer, 'illegal_parameter', reason);
}
