import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { noble } from '../../nocrypto/index.ts';
import {
  client,
  exportKeyingMaterial,
  rotateTicketKeys,
  type State,
  server,
  TICKET_KEY_ENTROPY,
  tlsExporter,
  tlsServerEndPoint,
} from '../../src/index.ts';
import { dangerouslyAcceptAnyCertificate } from '../../x509/index.ts';
import {
  authority,
  bytes,
  converse,
  find,
  handshake,
  makeAuthority,
  makeClientConfig,
  makeCredential,
  makeServerConfig,
  NOW,
  ownCredential,
  runs,
} from './support.ts';

const none = new Uint8Array(0);
const run = handshake(makeClientConfig({ trace: 'secrets' }));

describe('an exporter', () => {
  it('gives both ends the same bytes, as many as asked for', () => {
    const lengths = fc.integer({ min: 0, max: 300 });
    const labels = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 249 });
    fc.assert(
      fc.property(labels, fc.uint8Array({ maxLength: 300 }), lengths, (label, context, length) => {
        const atClient = exportKeyingMaterial(run.client, label, context, length);
        assert.equal(atClient.length, length);
        assert.deepEqual(exportKeyingMaterial(run.server, label, context, length), atClient);
      }),
      { numRuns: runs(50) },
    );
  });

  it('gives other bytes for another label, context, length or connection', () => {
    const other = handshake(undefined, undefined, [3, 4]);
    const exported = [
      exportKeyingMaterial(run.client, 'label', none, 32),
      exportKeyingMaterial(run.client, 'Label', none, 32),
      exportKeyingMaterial(run.client, 'label', Uint8Array.of(0), 32),
      // The length stands in HkdfLabel (RFC 9846 §7.1): the longer one does not begin with the shorter one.
      exportKeyingMaterial(run.client, 'label', none, 33).subarray(0, 32),
      exportKeyingMaterial(other.client, 'label', none, 32),
    ];
    assert.equal(new Set(exported.map((secret) => Buffer.from(secret).toString('hex'))).size, 5);
  });

  it('is what RFC 9846 §7.5 makes of exporter_secret, computed here with HMAC alone', () => {
    for (const [cipherSuite, hash] of [
      ['TLS_AES_128_GCM_SHA256', 'sha256'],
      ['TLS_AES_256_GCM_SHA384', 'sha384'],
    ] as const) {
      const met = handshake(makeClientConfig({ cipherSuites: [cipherSuite], trace: 'secrets' }));
      const secret = met.clientEffects.flatMap((effect) =>
        effect.kind === 'trace' && effect.event.kind === 'secret' && effect.event.label === 'EXPORTER_SECRET'
          ? [effect.event.secret]
          : [],
      )[0];
      assert.ok(secret !== undefined);
      const digest = noble.hashes[hash].digest;
      const derived = expandLabel(hash, secret, 'EXPERIMENTAL test', digest(none), digest(none).length);
      assert.deepEqual(
        Buffer.from(exportKeyingMaterial(met.client, 'EXPERIMENTAL test', bytes(5), 20)),
        expandLabel(hash, derived, 'exporter', digest(bytes(5)), 20),
      );
    }
  });

  it('is another one when the session is resumed', () => {
    const ticketKeys = rotateTicketKeys([], bytes(TICKET_KEY_ENTROPY, 3));
    const serverConfig = makeServerConfig({ ticketKeys });
    const first = converse(client(makeClientConfig(), bytes(48)), server(serverConfig, bytes(48, 2)));
    const ticket = find(first.clientEffects, 'ticket');
    assert.ok(ticket !== undefined);
    const again = converse(
      client(makeClientConfig(), bytes(48, 5), { sessions: [ticket.session], now: NOW }),
      server(serverConfig, bytes(48, 6)),
    );
    assert.equal(find(again.serverEffects, 'established')?.facts.resumed, true);
    assert.deepEqual(tlsExporter(again.client), tlsExporter(again.server));
    assert.notDeepEqual(tlsExporter(again.client), tlsExporter(first.client));
    // The certificate is still that of the session, and only the client has it.
    assert.deepEqual(tlsServerEndPoint(again.client), tlsServerEndPoint(first.client));
    assert.equal(tlsServerEndPoint(again.server), undefined);
  });

  it('refuses what no HkdfLabel can say, and more than HKDF can give', () => {
    for (const [label, length] of [
      ['', 32],
      ['x'.repeat(250), 32],
      ['é', 32],
      ['label', 255 * 32 + 1],
    ] as const) {
      assert.throws(() => exportKeyingMaterial(run.client, label, none, length), RangeError);
    }
  });

  it('cannot be had before the connection is established', () => {
    const waiting = client(makeClientConfig(), bytes(48)).state;
    for (const early of [
      () => exportKeyingMaterial(waiting, 'label', none, 32),
      () => tlsExporter(waiting),
      () => tlsServerEndPoint(waiting),
    ]) {
      assert.throws(early, /needs an established connection/);
    }
  });
});

describe('the channel binding', () => {
  it('tls-exporter is 32 bytes under the label of RFC 9266 §2, without a context', () => {
    const expected = exportKeyingMaterial(run.server, 'EXPORTER-Channel-Binding', none, 32);
    assert.deepEqual(tlsExporter(run.client), expected);
    assert.deepEqual(tlsExporter(run.server), expected);
  });

  it('tls-server-end-point is the certificate under the hash of its signature, at both ends', () => {
    assertEndPoint(run, noble.hashes.sha256.digest(ownCredential.leaf.der));
    const strong = makeAuthority({ kind: 'ec', curve: 'secp384r1' });
    const credential = makeCredential(strong);
    assertEndPoint(meet(credential), noble.hashes.sha384.digest(credential.leaf.der));
  });

  it('tls-server-end-point goes by the hash of the signature, whatever the key', () => {
    const credential = makeCredential(authority, { kind: { kind: 'ed25519' } });
    assertEndPoint(meet(credential), noble.hashes.sha256.digest(credential.leaf.der));
  });

  it('tls-server-end-point is undefined under Ed25519, which has no hash of its own (RFC 5929 §4.1)', () => {
    assertEndPoint(meet(makeCredential(makeAuthority({ kind: 'ed25519' }))), undefined);
  });
});

/** A handshake with this certificate, whoever signed it. */
function meet(credential: typeof ownCredential) {
  return handshake(
    makeClientConfig({ authenticator: dangerouslyAcceptAnyCertificate }),
    makeServerConfig({ credentials: [credential] }),
  );
}

function assertEndPoint(
  ends: { readonly client: State; readonly server: State },
  expected: Uint8Array | undefined,
): void {
  assert.deepEqual(tlsServerEndPoint(ends.client), expected);
  assert.deepEqual(tlsServerEndPoint(ends.server), expected);
}

/** RFC 9846 §7.1 over RFC 5869, for an output no longer than the hash. */
function expandLabel(
  hash: string,
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = [0, length, name.length, ...name, context.length, ...context];
  return createHmac(hash, secret)
    .update(Uint8Array.of(...info, 1))
    .digest()
    .subarray(0, length);
}
