import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noble } from '../../nocrypto/index.ts';
import {
  connectWithEch,
  type EchRetryOptions,
  type Flow,
  isTlsError,
  memoryPair,
  type TlsConnection,
  wrapServer,
} from '../../src/flow/index.ts';
import {
  type ClientOptions,
  credential,
  type EchKey,
  generateEchKey,
  publishedEchConfigs,
  type ServerOptions,
} from '../../src/index.ts';
import { chainOfTrust, trustAnchor } from '../../x509/index.ts';
import { authority, entropyFrom, must, newLeaf, testServer, world } from './parties.ts';

const [first, second, third] = [1, 2, 3].map((seed) => keyFor('public.example', seed));

const leaf = newLeaf({ names: ['public.example', 'secret.example'] });
const credentials = [must(credential(noble, [leaf.certificate.der], { kind: 'private', key: leaf.key }))];

test('a configuration that the server has is used at once', async () => {
  const { connection, attempts } = await meet([withKeys(first)]);
  assert.ok(connection?.facts.encryptedClientHello);
  assert.equal(attempts, 1);
});

test('a server that rejects the configuration is tried again with its own', async () => {
  const { connection, attempts, names } = await meet([withKeys(second), withKeys(second)]);
  assert.ok(connection?.facts.encryptedClientHello);
  assert.equal(attempts, 2);
  // The first server has seen a handshake through: the client's alert comes behind it.
  assert.deepEqual(names, ['public.example', 'secret.example']);
});

test('a second rejection is final', async () => {
  const { failure, attempts } = await meet([withKeys(second), withKeys(third), withKeys(third)]);
  assert.equal(failure, 'echRejected');
  assert.equal(attempts, 2);
});

test('without configurations the name goes in the clear only where the caller lets it', async () => {
  const refused = await meet([{}, {}]);
  assert.deepEqual([refused.failure, refused.attempts], ['echRejected', 1]);
  const { connection, attempts } = await meet([{}, {}], { withoutEch: true });
  assert.equal(connection?.facts.encryptedClientHello, false);
  assert.equal(attempts, 2);
});

test('another failure is not a reason to try again', async () => {
  const stranger = [must(credential(noble, [newLeaf().certificate.der], { kind: 'external', label: '' }))];
  const { failure, attempts } = await meet([{ ...withKeys(second), credentials: stranger }], {
    withoutEch: true,
  });
  assert.equal(failure, 'peerAlert');
  assert.equal(attempts, 1);
});

test('options that make no configuration are the caller’s bug, found before anybody is called', async () => {
  const unheard = async (): Promise<Flow> => assert.fail('dialled');
  const options = clientOptions({ encryptedClientHello: { configs: Uint8Array.of(0, 0) } });
  await assert.rejects(connectWithEch(unheard, options), /TypeError: encryptedClientHello must hold/);
});

/** Lets a client connect to servers with these options, one for each attempt. */
async function meet(servers: readonly Partial<ServerOptions>[], retry: EchRetryOptions = {}) {
  let attempts = 0;
  const names: (string | undefined)[] = [];
  const dial = async (): Promise<Flow> => {
    const [ours, theirs] = memoryPair();
    const config = testServer({ credentials, ...servers[attempts++] });
    wrapServer(theirs, config, world(70 + attempts)).then(
      ({ facts }) => names.push(facts.serverName),
      // What becomes of the server is told by the client's end.
      () => {},
    );
    return ours;
  };
  let connection: TlsConnection | undefined;
  let failure: string | undefined;
  try {
    connection = await connectWithEch(dial, clientOptions(), { ...retry, ...world(60), closeTimeout: 50 });
    await connection.closeWrite();
  } catch (thrown) {
    assert.ok(isTlsError(thrown), String(thrown));
    failure = thrown.failure.kind;
  }
  return { connection, failure, attempts, names };
}

function clientOptions(options: Partial<ClientOptions> = {}): ClientOptions {
  return {
    crypto: noble,
    groups: ['x25519'],
    authenticator: chainOfTrust({ anchors: [trustAnchor(authority)] }),
    serverName: 'secret.example',
    encryptedClientHello: { configs: publishedEchConfigs(first === undefined ? [] : [first]) },
    ...options,
  };
}

function withKeys(key: EchKey | undefined): Partial<ServerOptions> {
  return key === undefined ? {} : { encryptedClientHello: { keys: [key] } };
}

function keyFor(publicName: string, seed: number): EchKey {
  return must(generateEchKey(noble, { publicName }, entropyFrom(900 + seed)(48)));
}
