import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { describeFailure } from '../../src/index.ts';
import { decodeHandshake, encodeHandshake, keyUpdate, serverHello } from '../../src/messages.ts';
import {
  type Codec,
  decode,
  encode,
  opaque,
  opaqueFixed,
  optionalBlock,
  prefixed,
  struct,
  text,
  uint8,
  uint16,
  uint32,
  vector,
} from '../../src/wire/codec.ts';
import { arbitraryOf, messageArbitraries } from './arbitrary-codec.ts';
import { concatAll, hex, must, runs, toHex } from './support.ts';

const types = {
  clientHello: 1,
  serverHello: 2,
  newSessionTicket: 4,
  encryptedExtensions: 8,
  certificate: 11,
  certificateRequest: 13,
  certificateVerify: 15,
  finished: 20,
  keyUpdate: 24,
  compressedCertificate: 25,
};

for (const [kind, arbitrary] of Object.entries(messageArbitraries)) {
  test(`the message ${kind} decodes to what was encoded`, () => {
    fc.assert(
      fc.property(arbitrary, (message) => {
        assert.deepEqual(must(decodeHandshake(encodeHandshake(message))), message);
      }),
      { numRuns: runs(100) },
    );
  });

  test(`a changed message ${kind} is malformed or encodes to the very bytes it was decoded from`, () => {
    fc.assert(
      fc.property(arbitrary, changes, (message, change) => {
        const raw = encodeHandshake(message);
        assertCanonical(raw[0] ?? 0, change(raw.subarray(4)));
      }),
      { numRuns: runs(200) },
    );
  });
}

test('whatever bytes a handshake message holds, it is malformed or encodes to these bytes', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.constantFrom(...Object.values(types)), fc.integer({ min: 0, max: 255 })),
      fc.uint8Array({ maxLength: 200 }),
      assertCanonical,
    ),
    { numRuns: runs(2000) },
  );
});

test('a hello from before extensions were invented reads as one without any', () => {
  const body = hex(`0303 ${'11'.repeat(32)} 00 0002 1301 01 00`);
  const message = must(decodeHandshake(framed(types.clientHello, body)));
  assert.ok(message.kind === 'clientHello');
  assert.deepEqual(message.body.extensions, []);
});

test('a structure reads and writes as the presentation language says', () => {
  assertBothWays(uint8, 'ff', 255);
  assertBothWays(uint16, '8001', 0x8001);
  assertBothWays(uint32, 'fffffffe', 0xfffffffe);
  assertBothWays(opaqueFixed(2), 'abcd', hex('abcd'));
  assertBothWays(opaque(0, 255), '02abcd', hex('abcd'));
  assertBothWays(opaque(0, 256), '0002abcd', hex('abcd'));
  assertBothWays(opaque(0, 0x10000), '000002abcd', hex('abcd'));
  assertBothWays(text(1, 255), '02c3a9', '\u00c3\u00a9');
  assertBothWays(vector(uint16, 0, 0xffff), '000400010002', [1, 2]);
  assertBothWays(prefixed(uint8, 1, 300), '000107', 7);
  assertBothWays(
    struct<{ a: number; b: readonly number[] }>({ a: uint8, b: vector(uint8, 0, 9) }),
    '05020607',
    { a: 5, b: [6, 7] },
  );
  assert.deepEqual(decode(optionalBlock(vector(uint8, 0, 9)), hex('')), { ok: true, value: [] });
});

test('a refusal says where, what was expected and what was found', () => {
  const pair = struct<{ first: number; list: readonly { readonly id: number }[] }>({
    first: uint8,
    list: vector(struct<{ id: number }>({ id: uint16 }), 2, 6),
  });
  const cases: readonly (readonly [string, number, readonly string[], string, string])[] = [
    ['', 0, ['first'], '1 bytes', '0 bytes'],
    ['01', 1, ['list'], '1 bytes', '0 bytes'],
    ['01 01 00', 1, ['list'], 'a length from 2 to 6', '1'],
    ['01 08 0001000200030004', 1, ['list'], 'a length from 2 to 6', '8'],
    ['01 04 0001', 2, ['list'], '4 bytes', '2 bytes'],
    ['01 03 000100', 4, ['list', '1', 'id'], '2 bytes', '1 bytes'],
    ['01 02 0001 ff', 4, [], 'the end of the structure', '1 more bytes'],
  ];
  for (const [digits, offset, path, expected, found] of cases) {
    assert.deepEqual(
      decode(pair, hex(digits)),
      { ok: false, error: { offset, path, expected, found } },
      digits,
    );
  }
});

test('a length inside a message never reaches beyond what encloses it (Heartbleed)', () => {
  const nested = vector(opaque(0, 0xffff), 0, 0xffff);
  // The inner length fits the message, but not the vector.
  const result = decode(
    struct<{ list: readonly Uint8Array[]; rest: Uint8Array }>({ list: nested, rest: opaqueFixed(4) }),
    hex('0003 000401 02030405'),
  );
  assert.deepEqual(result.ok ? undefined : [result.error.offset, result.error.path], [4, ['list', '0']]);
  const extension = framed(types.encryptedExtensions, hex('0006 0010 0004 0002'));
  const message = decodeHandshake(extension);
  assert.ok(!message.ok);
  assert.equal(
    describeFailure(message.error),
    'the peer sent a malformed encryptedExtensions.extensions.0.applicationLayerProtocolNegotiation (byte 6): expected 4 bytes, found 2 bytes',
  );
});

test('bytes left over inside an extension are malformed (RFC 9846 §4.3)', () => {
  const hello = hex(
    `0303 ${'11'.repeat(32)} 00 1301 00 000e 002b 0003 0304ff 0033 0003 001d00`.replaceAll(' ', ''),
  );
  const refused = decode(serverHello, hello);
  assert.deepEqual(refused.ok ? undefined : refused.error.path, ['extensions', '0', 'supportedVersions']);
});

test('a value outside its bounds is the caller’s bug and is not written', () => {
  assert.throws(() => encode(uint8, 256), RangeError);
  assert.throws(() => encode(uint16, -1), RangeError);
  assert.throws(() => encode(uint32, 2 ** 32), RangeError);
  assert.throws(() => encode(uint8, 0.5), RangeError);
  assert.throws(() => encode(opaqueFixed(2), hex('ab')), RangeError);
  assert.throws(() => encode(opaque(1, 255), hex('')), RangeError);
  assert.throws(() => encode(opaque(0, 255), new Uint8Array(256)), RangeError);
  assert.throws(() => encode(vector(uint16, 2, 4), []), RangeError);
  assert.throws(() => encode(vector(uint16, 2, 4), [1, 2, 3]), RangeError);
  assert.throws(() => encode(keyUpdate, { requestUpdate: 256 }), RangeError);
});

test('a long structure is written whole, however often its buffer grew', () => {
  const long = vector(opaque(0, 0xffff), 0, 0xffffff);
  fc.assert(
    fc.property(arbitraryOf(vector(opaque(250, 900), 0, 0xffffff)), (items) => {
      assert.deepEqual(decode(long, encode(long, items)), { ok: true, value: items });
    }),
    { numRuns: runs(20) },
  );
});

/** A change to the bytes of a body: one byte other, bytes cut off, one added, one gone. */
const changes: fc.Arbitrary<(body: Uint8Array) => Uint8Array> = fc
  .record({
    kind: fc.constantFrom('flip', 'cut', 'insert', 'remove'),
    at: fc.nat(),
    byte: fc.integer({ min: 1, max: 255 }),
  })
  .map(({ kind, at, byte }) => (body) => {
    const place = body.length === 0 ? 0 : at % body.length;
    const before = body.subarray(0, place);
    switch (kind) {
      case 'flip':
        return body.map((old, i) => (i === place ? old ^ byte : old));
      case 'cut':
        return before;
      case 'insert':
        return concatAll([before, Uint8Array.of(byte), body.subarray(place)]);
      default:
        return concatAll([before, body.subarray(place + 1)]);
    }
  });

function framed(type: number, body: Uint8Array): Uint8Array {
  const { length } = body;
  return concatAll([Uint8Array.of(type, length >> 16, length >> 8, length), body]);
}

function assertCanonical(type: number, body: Uint8Array): void {
  const raw = framed(type, body);
  const message = decodeHandshake(raw);
  if (!message.ok) {
    assert.ok(['malformed', 'peerMisbehaved'].includes(message.error.kind));
    return;
  }
  const again = toHex(encodeHandshake(message.value));
  // Without a block of extensions, as in TLS 1.1, it comes back with an empty one.
  const withEmptyBlock = toHex(framed(type, concatAll([body, hex('0000')])));
  assert.ok(again === toHex(raw) || again === withEmptyBlock, `${toHex(raw)} became ${again}`);
}

function assertBothWays<T>(codec: Codec<T>, digits: string, value: T): void {
  assert.deepEqual(decode(codec, hex(digits)), { ok: true, value });
  assert.equal(toHex(encode(codec, value)), digits);
}
