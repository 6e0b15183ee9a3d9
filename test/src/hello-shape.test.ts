import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secret } from '../../nocrypto/index.ts';
import { extensionTypes } from '../../src/codepoints.ts';
import { extensionType } from '../../src/extensions.ts';
import type { ClientOptions, ExternalPsk, RawExtension } from '../../src/index.ts';
import type { ClientHello } from '../../src/messages.ts';
import { raw } from './edits.ts';
import { assertAt, assertMisbehaved } from './expect.ts';
import { quickClientConfig, quickServerConfig } from './quick.ts';
import { meetClient, type ScriptedServer, serverFlight } from './scripted-server.ts';
import { bytes, find, handshake, hex } from './support.ts';

// A ClientHello as data: which extensions stand in it beside those that the library knows, and in which order.

const psk: ExternalPsk = { identity: bytes(5), secret: secret(bytes(32)) };
const own: readonly RawExtension[] = [
  { type: 0xff42, data: hex('010203') },
  { type: 21, data: hex('0000') },
];

test('extensions stand in the listed order, those not listed behind them, pre_shared_key last', () => {
  const server = meetClient({
    client: {
      applicationProtocols: ['h2'],
      externalPsks: [psk],
      rawExtensions: own,
      extensionOrder: [
        'keyShare',
        0xff42,
        'applicationLayerProtocolNegotiation',
        'cookie',
        'supportedVersions',
        9999,
      ],
    },
  });
  const expected = ['keyShare', 0xff42, 'applicationLayerProtocolNegotiation', 'supportedVersions'];
  const rest = [
    'serverName',
    'supportedGroups',
    'signatureAlgorithms',
    'statusRequest',
    'pskKeyExchangeModes',
    'recordSizeLimit',
    'padding',
    'preSharedKey',
  ];
  assert.deepEqual(namesIn(server.hello()), [...expected, ...rest]);

  server.say.helloRetryRequest((honest) => ({
    ...honest,
    extensions: [...honest.extensions, { name: 'cookie', value: hex('0c') }],
  }));
  const withCookie = [...expected.slice(0, 3), 'cookie', 'supportedVersions'];
  assert.deepEqual(namesIn(server.hello()), [...withCookie, ...rest]);
});

test('permuted extensions stand in another order each time, and pre_shared_key last', () => {
  const orders = new Set<string>();
  const firsts = new Set<unknown>();
  for (let seed = 1; seed <= 100; seed++) {
    const { hello } = meetClient({
      client: { extensionOrder: 'permuted', externalPsks: [psk], rawExtensions: own },
      seed,
    });
    const names = namesIn(hello());
    orders.add(names.join());
    firsts.add(names[0]);
    assert.equal(names.at(-1), 'preSharedKey');
    assert.deepEqual(
      [...names].sort(),
      [...namesIn(meetClient({ client: { externalPsks: [psk], rawExtensions: own } }).hello())].sort(),
    );
  }
  assert.ok(orders.size > 95, `${orders.size} orders of 100`);
  assert.equal(firsts.size, 10, 'every extension but one comes first some time');
});

test('a hello after a HelloRetryRequest keeps the order that was drawn', () => {
  for (const grease of [false, true]) {
    const server = meetClient({
      client: { extensionOrder: 'permuted', externalPsks: [psk], grease },
      seed: 77,
    });
    const first = namesIn(server.hello());
    server.say.helloRetryRequest();
    assert.deepEqual(namesIn(server.hello()), first);
  }
});

test('the same seed gives the same hello', () => {
  const options: Partial<ClientOptions> = { extensionOrder: 'permuted', grease: true, rawExtensions: own };
  assert.deepEqual(
    meetClient({ client: options, seed: 5 }).hello(),
    meetClient({ client: options, seed: 5 }).hello(),
  );
});

test('a server answers the raw extensions it has, of those that the client offers, and both learn of them', () => {
  const run = handshake(
    quickClientConfig({ rawExtensions: own }),
    quickServerConfig({
      rawExtensions: [
        { type: 0xff42, data: hex('aabb') },
        { type: 0xff43, data: hex('cc') },
      ],
    }),
  );
  assert.deepEqual(find(run.clientEffects, 'established')?.facts.rawExtensions, [
    { type: 0xff42, data: hex('aabb') },
  ]);
  assert.deepEqual(find(run.serverEffects, 'established')?.facts.rawExtensions, [
    { type: 0xff42, data: hex('010203') },
  ]);
});

test('what nobody configured is no fact: a server passes over raw extensions it does not have', () => {
  const run = handshake(quickClientConfig({ rawExtensions: own }), quickServerConfig());
  assert.deepEqual(find(run.clientEffects, 'established')?.facts.rawExtensions, []);
  assert.deepEqual(find(run.serverEffects, 'established')?.facts.rawExtensions, []);
});

test('answers to raw extensions may come in ServerHello too', () => {
  const server = meetClient({ client: { rawExtensions: own } });
  server.say.serverHello((honest) => ({ ...honest, extensions: [...honest.extensions, raw(0xff42, '09')] }));
  server.play(...serverFlight.slice(1));
  assertAt(server.peer, 'established');
  assert.deepEqual(find(server.peer.effects, 'established')?.facts.rawExtensions, [
    { type: 0xff42, data: hex('09') },
  ]);
});

const places: readonly (readonly [string, (server: ScriptedServer) => void])[] = [
  [
    'ServerHello',
    ({ say }) =>
      say.serverHello((honest) => ({ ...honest, extensions: [...honest.extensions, raw(0xff43)] })),
  ],
  [
    'EncryptedExtensions',
    ({ say }) => {
      say.serverHello();
      say.encryptedExtensions((honest) => ({ extensions: [...honest.extensions, raw(0xff43)] }));
    },
  ],
];

for (const [place, answer] of places) {
  test(`an answer in ${place} to a raw extension that was not offered is refused`, () => {
    const server = meetClient({ client: { rawExtensions: own } });
    answer(server);
    assertMisbehaved(server.peer, 'unsupported_extension', 'unsolicited-extension');
  });
}

test('an answer that stands twice is refused', () => {
  const server = meetClient({ client: { rawExtensions: own } });
  server.say.serverHello();
  server.say.encryptedExtensions(() => ({ extensions: [raw(0xff42), raw(0xff42)] }));
  assertMisbehaved(server.peer, 'illegal_parameter', 'duplicate-extension');
});

function namesIn({ extensions }: ClientHello): readonly (string | number)[] {
  return extensions.map((each) => {
    const type = extensionType(each);
    const [name] = Object.entries(extensionTypes).find(([, code]) => code === type) ?? [type];
    return name;
  });
}
