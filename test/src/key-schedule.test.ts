import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noble, secret } from '../../nocrypto/index.ts';
import { applicationSecrets, expandLabel, handshakeSecrets } from '../../src/key-schedule.ts';
import { toHex } from './support.ts';

for (const hash of ['sha256', 'sha384'] as const) {
  const { digest, outputLength } = noble.hashes[hash];
  const zeros = new Uint8Array(outputLength);
  const nothing = digest(new Uint8Array(0));
  const transcript = digest(Uint8Array.of(1));
  const sharedSecret = secret(new Uint8Array(32).fill(7));

  test(`with ${hash} the schedule is RFC 9846 §7.1 from its first step, whatever of it is a constant here`, () => {
    const early = noble.hkdfExtract(hash, zeros, zeros);
    const fromEarly = expandLabel(noble, hash, early, 'derived', nothing, outputLength);
    const handshake = noble.hkdfExtract(hash, fromEarly, sharedSecret);
    const fromHandshake = expandLabel(noble, hash, handshake, 'derived', nothing, outputLength);
    const main = noble.hkdfExtract(hash, fromHandshake, zeros);

    const first = handshakeSecrets(noble, hash, sharedSecret, transcript);
    assert.equal(toHex(first.handshake), toHex(handshake));
    const { exporter } = applicationSecrets(noble, hash, first.handshake, transcript);
    const expected = expandLabel(noble, hash, main, 'exp master', transcript, outputLength);
    assert.equal(toHex(exporter), toHex(expected));
  });
}

test('a label is 1 to 249 bytes and a context at most 255: RFC 9846 §7.1 has no room for others', () => {
  const key = secret(new Uint8Array(32));
  const expand = (label: number, context: number) =>
    expandLabel(noble, 'sha256', key, 'x'.repeat(label), new Uint8Array(context), 16);
  assert.equal(expand(249, 255).length, 16);
  assert.throws(() => expand(0, 0), RangeError);
  assert.throws(() => expand(250, 0), RangeError);
  assert.throws(() => expand(1, 256), RangeError);
});
