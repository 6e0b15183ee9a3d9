import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  type HpkeContext,
  type HpkeKemName,
  type HpkeKeyPair,
  type HpkePsk,
  type HpkeSuite,
  hpkeDeriveKeyPair,
  hpkeExport,
  hpkeIdsOfSuite,
  hpkeKeyPair,
  hpkeOpen,
  hpkeSeal,
  hpkeSetupRecipient,
  hpkeSetupSender,
  hpkeSuiteOfIds,
  noble,
} from '../../nocrypto/index.ts';
import { anyBytes, entropy, flipBit, good, hex, runs, utf8 } from './support.ts';
import { info, plaintext, rfc9180 } from './vectors/rfc9180.ts';

const none = new Uint8Array(0);
const kems: readonly HpkeKemName[] = ['dhkem-p256', 'dhkem-p384', 'dhkem-p521', 'dhkem-x25519', 'dhkem-x448'];

describe('HPKE with the vectors of RFC 9180 appendix A', () => {
  for (const vector of rfc9180.trim().split(/\n(?=suite )/)) {
    const lines = vector.split('\n').map((line) => line.split(' '));
    const field = (name: string): Uint8Array => hex(optional(name) ?? assert.fail(name));
    const optional = (name: string): string | undefined => lines.find(([first]) => first === name)?.[1];
    const many = (name: string) => lines.filter(([first]) => first === name);
    const [[, mode = '', ...ids] = []] = lines;
    const [kemId = 0, kdfId = 0, aeadId = 0] = ids.map(Number);
    const suite = hpkeSuiteOfIds(kemId, kdfId, aeadId) ?? assert.fail('unknown suite');
    const modeName = ['base', 'PSK', 'auth', 'auth and PSK'][Number(mode)];

    it(`${suite.kem}, ${suite.kdf}, ${suite.aead}, ${modeName}`, () => {
      const recipient = hpkeDeriveKeyPair(noble, suite.kem, field('ikmR'));
      assert.deepEqual(recipient, { privateKey: field('skRm'), publicKey: field('pkRm') });
      assert.deepEqual(good(hpkeKeyPair(noble, suite.kem, field('skRm'))), recipient);
      const sender =
        optional('ikmS') === undefined ? undefined : hpkeDeriveKeyPair(noble, suite.kem, field('ikmS'));
      if (sender !== undefined) {
        assert.deepEqual(sender, { privateKey: field('skSm'), publicKey: field('pkSm') });
      }
      const common = {
        info: utf8(info),
        ...(optional('psk') === undefined ? {} : { psk: { psk: field('psk'), pskId: field('psk_id') } }),
      };
      const sending = good(
        hpkeSetupSender(noble, suite, {
          ...common,
          recipient: recipient.publicKey,
          entropy: field('ikmE'),
          ...(sender && { sender }),
        }),
      );
      const { encapsulated } = sending;
      assert.deepEqual(encapsulated, field('enc'));
      let receiving = good(
        hpkeSetupRecipient(noble, suite, encapsulated, {
          ...common,
          recipient,
          ...(sender && { sender: sender.publicKey }),
        }),
      );
      for (const context of [sending.context, receiving]) {
        assert.deepEqual(context.exporterSecret, field('exporter_secret'));
        if (suite.aead !== 'export-only') assert.deepEqual(context.baseNonce, field('base_nonce'));
        for (const [, exporterContext = '', value = ''] of many('exported_value')) {
          const about = exporterContext === '-' ? none : hex(exporterContext);
          assert.deepEqual(hpkeExport(context, about, 32), hex(value));
        }
      }
      const wanted = new Map(many('ct').map(([, number = '', ct = '']) => [Number(number), hex(ct)]));
      assert.equal(wanted.size, suite.aead === 'export-only' ? 0 : 3);
      let context = sending.context;
      for (let i = 0; i <= Math.max(-1, ...wanted.keys()); i++) {
        const sealed = hpkeSeal(context, utf8(`Count-${i}`), utf8(plaintext));
        const opened = good(hpkeOpen(receiving, utf8(`Count-${i}`), sealed.ciphertext));
        assert.deepEqual(opened.plaintext, utf8(plaintext));
        assert.deepEqual(wanted.get(i) ?? sealed.ciphertext, sealed.ciphertext);
        ({ context } = sealed);
        receiving = opened.context;
      }
    });
  }
});

describe('HPKE', () => {
  const suite: HpkeSuite = { kem: 'dhkem-x25519', kdf: 'hkdf-sha256', aead: 'chacha20-poly1305' };
  const recipient = hpkeDeriveKeyPair(noble, 'dhkem-x25519', entropy(32));
  const sender = hpkeDeriveKeyPair(noble, 'dhkem-x25519', entropy(32, 2));
  const psk: HpkePsk = { psk: entropy(32, 3), pskId: utf8('name') };

  for (const kem of kems) {
    it(`${kem} gives both sides the same context in every mode, with any KDF`, () => {
      const [mine, theirs] = [pair(kem, 1), pair(kem, 2)];
      for (const kdf of ['hkdf-sha256', 'hkdf-sha384', 'hkdf-sha512'] as const) {
        for (const options of [{}, { psk }]) {
          for (const authenticated of kdf === 'hkdf-sha256' ? [false, true] : [false]) {
            const full: HpkeSuite = { kem, kdf, aead: 'aes-256-gcm' };
            const { context, encapsulated } = good(
              hpkeSetupSender(noble, full, {
                ...options,
                recipient: mine.publicKey,
                entropy: entropy(mine.privateKey.length, 3),
                ...(authenticated && { sender: theirs }),
              }),
            );
            const other = good(
              hpkeSetupRecipient(noble, full, encapsulated, {
                ...options,
                recipient: mine,
                ...(authenticated && { sender: theirs.publicKey }),
              }),
            );
            assert.deepEqual(hpkeExport(context, utf8('x'), 40), hpkeExport(other, utf8('x'), 40));
          }
        }
      }
    });

    it(`${kem} refuses public keys that are none, and private keys that are none`, () => {
      const { privateKey, publicKey } = pair(kem, 1);
      for (const bad of [none, new Uint8Array(publicKey.length), publicKey.subarray(1)]) {
        const sent = hpkeSetupSender(
          noble,
          { ...suite, kem },
          { recipient: bad, entropy: entropy(privateKey.length) },
        );
        assert.deepEqual(sent, {
          ok: false,
          error: { kind: 'invalid-key', detail: `not a usable public key for ${kem}` },
        });
        const received = hpkeSetupRecipient(noble, { ...suite, kem }, bad, { recipient: pair(kem, 1) });
        assert.equal(received.ok, false);
      }
      assert.equal(hpkeKeyPair(noble, kem, privateKey.subarray(1)).ok, false);
      const isCurve = publicKey[0] === 4;
      assert.equal(hpkeKeyPair(noble, kem, new Uint8Array(privateKey.length)).ok, !isCurve);
    });
  }

  it('tells messages, senders, infos and PSKs apart', () => {
    const open = (context: HpkeContext<'recipient'>, sealed: Uint8Array) =>
      hpkeOpen(context, utf8('data'), sealed).ok;
    const options = { info: utf8('info'), psk, sender };
    const sent = good(
      hpkeSetupSender(noble, suite, { ...options, recipient: recipient.publicKey, entropy: entropy(32, 4) }),
    );
    const { ciphertext } = hpkeSeal(sent.context, utf8('data'), utf8('message'));
    const receive = (changed: object): HpkeContext<'recipient'> =>
      good(
        hpkeSetupRecipient(noble, suite, sent.encapsulated, {
          ...options,
          recipient,
          sender: sender.publicKey,
          ...changed,
        }),
      );
    assert.ok(open(receive({}), ciphertext));
    assert.equal(open(receive({ info: utf8('other') }), ciphertext), false);
    assert.equal(open(receive({ psk: { ...psk, pskId: utf8('other') } }), ciphertext), false);
    assert.equal(open(receive({ psk: { ...psk, psk: entropy(32, 9) } }), ciphertext), false);
    assert.equal(open(receive({ psk: undefined }), ciphertext), false);
    assert.equal(open(receive({ sender: undefined }), ciphertext), false);
    assert.equal(open(receive({ sender: recipient.publicKey }), ciphertext), false);
    const another = good(
      hpkeSetupRecipient(noble, { ...suite, kdf: 'hkdf-sha512' }, sent.encapsulated, {
        ...options,
        recipient,
        sender: sender.publicKey,
      }),
    );
    assert.equal(open(another, ciphertext), false, 'another suite');
  });

  it('stays where it is after a message that does not open', () => {
    fc.assert(
      fc.property(anyBytes(0, 60), fc.nat(), (message, anywhere) => {
        const [mine, theirs] = contexts();
        const { ciphertext } = hpkeSeal(mine, none, message);
        const failed = { ok: false, error: { kind: 'decryption-failed' } };
        assert.deepEqual(
          hpkeOpen(theirs, none, flipBit(ciphertext, anywhere % (8 * ciphertext.length))),
          failed,
        );
        assert.deepEqual(hpkeOpen(theirs, none, ciphertext.subarray(0, 15)), failed);
        assert.deepEqual(good(hpkeOpen(theirs, none, ciphertext)).plaintext, message);
      }),
      runs(10),
    );
  });

  it('never uses a nonce twice along its successors, and opens in the same order', () => {
    let [mine, theirs] = contexts();
    const seen = new Set<string>();
    for (let i = 0; i < 300; i++) {
      const sealed = hpkeSeal(mine, none, utf8('same'));
      const opened = good(hpkeOpen(theirs, none, sealed.ciphertext));
      seen.add(Buffer.from(sealed.ciphertext).toString('hex'));
      [mine, theirs] = [sealed.context, opened.context];
    }
    assert.equal(seen.size, 300);
  });

  it('stops before the sequence number is no longer exact', () => {
    const [mine] = contexts();
    const last = { ...mine, sequence: Number.MAX_SAFE_INTEGER };
    assert.throws(() => hpkeSeal(last, none, none), RangeError);
    assert.ok(hpkeSeal({ ...mine, sequence: Number.MAX_SAFE_INTEGER - 1 }, none, none));
  });

  it('holds its caller to a PSK of 32 bytes with a name, to the entropy, and to suites that encrypt', () => {
    const setup = (options: object, full = suite) =>
      hpkeSetupSender(noble, full, { recipient: recipient.publicKey, entropy: entropy(32), ...options });
    assert.throws(() => setup({ psk: { psk: entropy(31), pskId: utf8('x') } }), RangeError);
    assert.throws(() => setup({ psk: { psk: entropy(32), pskId: none } }), RangeError);
    assert.throws(() => setup({ entropy: entropy(31) }), RangeError);
    assert.throws(() => hpkeDeriveKeyPair(noble, 'dhkem-p256', entropy(31)), RangeError);
    const { context } = good(setup({}, { ...suite, aead: 'export-only' }));
    assert.throws(() => hpkeSeal(context, none, none), RangeError);
    assert.throws(() => hpkeExport(context, none, 255 * 32 + 1), RangeError);
  });

  it('knows the registered numbers of its suites, and no others', () => {
    for (const kem of kems) {
      const { kemId, kdfId, aeadId } = hpkeIdsOfSuite({ ...suite, kem });
      assert.deepEqual(hpkeSuiteOfIds(kemId, kdfId, aeadId), { ...suite, kem });
    }
    assert.deepEqual(hpkeIdsOfSuite(suite), { kemId: 0x20, kdfId: 1, aeadId: 3 });
    for (const [kemId, kdfId, aeadId] of [
      [0x13, 1, 1],
      [0x20, 0, 1],
      [0x20, 1, 0],
    ] as const) {
      assert.equal(hpkeSuiteOfIds(kemId, kdfId, aeadId), undefined);
    }
  });

  function contexts(): [HpkeContext<'sender'>, HpkeContext<'recipient'>] {
    const { context, encapsulated } = good(
      hpkeSetupSender(noble, suite, { recipient: recipient.publicKey, entropy: entropy(32, 4) }),
    );
    return [context, good(hpkeSetupRecipient(noble, suite, encapsulated, { recipient }))];
  }

  function pair(kem: HpkeKemName, seed: number): HpkeKeyPair {
    return hpkeDeriveKeyPair(noble, kem, entropy(66, seed));
  }
});
