import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { type CryptoProvider, noble } from '../../nocrypto/index.ts';
import {
  type ClientOptions,
  type Credential,
  client,
  clientConfig,
  credential,
  receive,
  type ServerOptions,
  server,
  serverConfig,
  status,
} from '../../src/index.ts';
import {
  decodeTransported,
  encodeTransported,
  TRANSPORTED_LENGTH,
  transportedPremaster,
} from '../../src/tls12/key-exchange.ts';
import { dangerouslyAcceptAnyCertificate, decodePrivateKey } from '../../x509/index.ts';
import { assertMisbehaved, blame } from './expect.ts';
import { meetTls12Client } from './scripted-tls12-server.ts';
import { authority, bytes, concatAll, converse, find, makeLeaf, must, NAME, NOW, sent } from './support.ts';

// The static RSA of TLS 1.2: a premaster secret encrypted to the server's certificate, and nothing told about what is wrong
// with one that is (Bleichenbacher 1998, Klíma, Pokorný and Rosa 2003, ROBOT 2017).

const SUITE = 'TLS_RSA_WITH_AES_128_GCM_SHA256';
const { privateKey: pkcs8 } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  publicKeyEncoding: { type: 'spki', format: 'der' },
});
const key = must(decodePrivateKey(noble, Uint8Array.from(pkcs8)));
assert.ok(key.kind === 'rsa' && key.public.kind === 'rsa');
const rsaKey = key;
const publicKey = key.public;
const RSA_LENGTH = 256;

test('both sides agree, prove no signature and keep no session', () => {
  const run = converse(begin(noble), serve(noble, { ticketKeys: [] }));
  const facts = find(run.clientEffects, 'established')?.facts;
  assert.equal(facts?.cipherSuite, SUITE);
  assert.deepEqual([facts?.group, facts?.peerSignatureScheme], [undefined, undefined]);
  assert.equal(find(run.serverEffects, 'established')?.facts.ownSignatureScheme, undefined);
  assert.equal(find(run.clientEffects, 'ticket'), undefined);
});

test('whatever is wrong with an encrypted premaster secret, the server goes on as if nothing was', () => {
  const encrypted = (message: Uint8Array): Uint8Array =>
    must(noble.rsa.encryptPkcs1(publicKey, message, bytes(32, 3)));
  const good = transportedPremaster(bytes(TRANSPORTED_LENGTH, 8));
  const cases: Readonly<Record<string, Uint8Array>> = {
    'another secret': encrypted(good),
    'the version of TLS 1.0': encrypted(good.map((byte, i) => (i === 1 ? 1 : byte))),
    'another major version': encrypted(good.map((byte, i) => (i === 0 ? 2 : byte))),
    'a byte too short': encrypted(good.subarray(1)),
    'a byte too long': encrypted(concatAll([good, bytes(1)])),
    'nothing inside': encrypted(new Uint8Array(0)),
    'no padding at all': bytes(RSA_LENGTH, 9).map((byte, i) => (i === 0 ? 0 : byte)),
    'a number as large as can be': new Uint8Array(RSA_LENGTH).fill(255),
    zero: new Uint8Array(RSA_LENGTH),
  };
  const seen = new Map<string, readonly string[]>();
  for (const [what, ciphertext] of Object.entries(cases)) {
    const { crypto, calls } = countingCalls();
    const { failure, alert } = bringTo(crypto, ciphertext);
    seen.set(what, [failure, alert, ...calls]);
  }
  const [first] = seen.values();
  assert.equal(first?.[0], 'peerMisbehaved decryption-failed');
  for (const [what, outcome] of seen) assert.deepEqual(outcome, first, what);
});

test('a premaster secret of another version or length is as good as none: the random one takes its place', () => {
  const random = bytes(TRANSPORTED_LENGTH, 4);
  const read = (message: Uint8Array, clientVersion = 0x0303): Uint8Array => {
    const exchange = encodeTransported(must(noble.rsa.encryptPkcs1(publicKey, message, bytes(32, 3))));
    return must(decodeTransported(noble, rsaKey, clientVersion, exchange, random, bytes(32, 5)));
  };
  const good = transportedPremaster(bytes(TRANSPORTED_LENGTH, 8));
  assert.deepEqual(read(good), good);
  for (const [major, minor] of [
    [3, 1],
    [3, 4],
    [2, 3],
    [0x83, 3],
    [3, 0x83],
  ] as const) {
    assert.deepEqual(read(Uint8Array.of(major, minor, ...good.subarray(2))), random);
  }
  assert.deepEqual(read(good.subarray(1)), random);
  // What counts is what the client has claimed, not what was chosen.
  const newer = Uint8Array.of(3, 4, ...good.subarray(2));
  assert.deepEqual(read(newer, 0x0304), newer);
  assert.deepEqual(read(good, 0x0304), random);
});

test('the premaster secret that a client transports begins with the version it has offered', () => {
  assert.deepEqual([...transportedPremaster(bytes(TRANSPORTED_LENGTH, 8)).subarray(0, 2)], [3, 3]);
});

test('a certificate whose key does not go with key transport is refused', () => {
  const scripted = meetTls12Client({ client: { versions: ['1.2'], cipherSuites: [SUITE] }, suite: SUITE });
  scripted.serverHello();
  scripted.certificate();
  assertMisbehaved(scripted.peer, 'illegal_parameter', 'certificate-does-not-fit-suite');
});

test('a key that is elsewhere, or may not encrypt, is not offered for key transport', () => {
  const { der } = leaf({});
  const elsewhere = must(credential(noble, [der], { kind: 'external', label: 'elsewhere' }));
  const signsOnly = leaf({ keyUsage: ['digitalSignature'] });
  for (const unfit of [elsewhere, credentialOf(signsOnly.der)]) {
    const { serverEffects } = converse(begin(noble), serve(noble, { credentials: [unfit] }));
    const failed = find(serverEffects, 'failed');
    assert.equal(failed && blame(failed.failure), 'incompatible no-common-signature-scheme');
  }
});

/** Puts this ciphertext in the place of the client's own, and says how it ended. */
function bringTo(
  crypto: CryptoProvider,
  ciphertext: Uint8Array,
): { readonly failure: string; readonly alert: string } {
  const hello = begin(noble);
  const flight = receive(serve(crypto).state, sent(hello.effects), NOW);
  const answer = sent(receive(hello.state, sent(flight.effects), NOW).effects);
  const header = 5 + 4 + 2;
  const forged = concatAll([
    answer.subarray(0, header),
    ciphertext,
    answer.subarray(header + ciphertext.length),
  ]);
  // A ciphertext as long as the key's modulus takes the place of another; that a shorter one is none, anybody can see.
  assert.equal(ciphertext.length, RSA_LENGTH);
  const step = receive(flight.state, forged, NOW);
  assert.equal(status(step.state).phase, 'over');
  const failed = find(step.effects, 'failed');
  assert.ok(failed !== undefined);
  return { failure: blame(failed.failure), alert: Buffer.from(sent(step.effects)).toString('hex') };
}

/** noble, with a note of each call that the secret goes into. */
function countingCalls(): { readonly crypto: CryptoProvider; readonly calls: string[] } {
  const calls: string[] = [];
  const crypto: CryptoProvider = {
    ...noble,
    tls12Prf: (hash, secret, label, seed, length) => {
      calls.push(`${label} ${secret.length} ${seed.length} ${length}`);
      return noble.tls12Prf(hash, secret, label, seed, length);
    },
    rsa: {
      ...noble.rsa,
      decryptPkcs1: (...parts) => {
        calls.push('decrypt');
        return noble.rsa.decryptPkcs1(...parts);
      },
    },
  };
  return { crypto, calls };
}

function begin(crypto: CryptoProvider, options: Partial<ClientOptions> = {}) {
  const config = must(
    clientConfig({
      crypto,
      versions: ['1.2'],
      cipherSuites: [SUITE],
      authenticator: dangerouslyAcceptAnyCertificate,
      serverName: NAME,
      ...options,
    }),
  );
  return client(config, bytes(48, 1));
}

function serve(crypto: CryptoProvider, options: Partial<ServerOptions> = {}) {
  const config = must(
    serverConfig({
      crypto,
      versions: ['1.2'],
      cipherSuites: [SUITE],
      credentials: [credentialOf(leaf({}).der)],
      ...options,
    }),
  );
  return server(config, bytes(48, 2));
}

function leaf(options: Parameters<typeof makeLeaf>[1]) {
  return makeLeaf(authority, {
    keyUsage: ['digitalSignature', 'keyEncipherment'],
    ...options,
    publicKey,
  });
}

function credentialOf(der: Uint8Array): Credential {
  return must(credential(noble, [der], { kind: 'private', key }));
}
