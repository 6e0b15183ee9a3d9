import fc from 'fast-check';
import { extensionTypes } from '../../src/codepoints.ts';
import type { HandshakeMessage } from '../../src/messages.ts';
import * as messages from '../../src/messages.ts';
import type { Codec, Shape } from '../../src/wire/codec.ts';

/** A generator of the values of a structure, in the form `decode` gives them. */
export function arbitraryOf<T>(codec: Codec<T>): fc.Arbitrary<T> {
  // The shape says nothing to the compiler about T. That it is true to T is what the round trips test.
  return valuesOf(codec.shape) as fc.Arbitrary<T>;
}

/** Any handshake message there is a codec for, by its kind. */
export const messageArbitraries: {
  readonly [K in HandshakeMessage['kind']]: fc.Arbitrary<HandshakeMessage>;
} = {
  clientHello: bodies(messages.clientHello, (body) => ({ kind: 'clientHello', body })),
  serverHello: bodies(messages.serverHello, (body) => ({ kind: 'serverHello', body })),
  // Its random is what makes it one.
  helloRetryRequest: bodies(messages.helloRetryRequest, (body) => ({
    kind: 'helloRetryRequest',
    body: { ...body, random: retryRandom },
  })),
  encryptedExtensions: bodies(messages.encryptedExtensionsMessage, (body) => ({
    kind: 'encryptedExtensions',
    body,
  })),
  certificateRequest: bodies(messages.certificateRequest, (body) => ({ kind: 'certificateRequest', body })),
  certificate: bodies(messages.certificate, (body) => ({ kind: 'certificate', body })),
  compressedCertificate: bodies(messages.compressedCertificate, (body) => ({
    kind: 'compressedCertificate',
    body,
  })),
  certificateVerify: bodies(messages.certificateVerify, (body) => ({ kind: 'certificateVerify', body })),
  finished: bodies(messages.finished, (body) => ({ kind: 'finished', body })),
  endOfEarlyData: bodies(messages.endOfEarlyData, (body) => ({ kind: 'endOfEarlyData', body })),
  newSessionTicket: bodies(messages.newSessionTicket, (body) => ({ kind: 'newSessionTicket', body })),
  keyUpdate: bodies(messages.keyUpdate, (body) => ({ kind: 'keyUpdate', body })),
};

/** RFC 9846 §4.2.3, written down a second time. */
const retryRandom = Uint8Array.from(
  Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex'),
);

function bodies<T>(codec: Codec<T>, wrap: (body: T) => HandshakeMessage): fc.Arbitrary<HandshakeMessage> {
  return arbitraryOf(codec).map(wrap);
}

function valuesOf(shape: Shape): fc.Arbitrary<unknown> {
  switch (shape.kind) {
    case 'uint': {
      const max = 256 ** shape.bytes - 1;
      return fc.oneof(fc.integer({ min: 0, max }), fc.constantFrom(0, 1, max));
    }
    case 'opaque':
      return octets(shape.min, shape.max);
    case 'text':
      return octets(shape.min, shape.max).map((bytes) => String.fromCharCode(...bytes));
    case 'vector': {
      const minLength = Math.ceil(shape.min / leastBytes(shape.item));
      return fc.array(valuesOf(shape.item), { minLength, maxLength: minLength + 4 });
    }
    case 'struct':
      return fc.record(Object.fromEntries(shape.fields.map(([name, field]) => [name, valuesOf(field)])), {
        noNullPrototype: true,
      });
    case 'oneOf':
      return fc.constantFrom(...shape.values);
    case 'optional':
      return fc.option(valuesOf(shape.item), { nil: undefined });
    case 'tagged': {
      const known = shape.cases.map((row) =>
        fc.record({ kind: fc.constant(row.kind), value: valuesOf(row.shape) }, { noNullPrototype: true }),
      );
      const taken: readonly unknown[] = shape.cases.map(({ tag }) => tag);
      const unknown = fc.record(
        {
          kind: fc.constant('unknown'),
          tag: valuesOf(shape.tag).filter((tag) => !taken.includes(tag)),
          data: valuesOf(shape.unknown),
        },
        { noNullPrototype: true },
      );
      return fc.oneof(unknown, ...known);
    }
    case 'extension': {
      const known = shape.known.map((row) =>
        fc.record({ name: fc.constant(row.name), value: valuesOf(row.shape) }, { noNullPrototype: true }),
      );
      return fc.oneof(unknownExtensions(shape.known.map(({ name }) => name)), ...known);
    }
  }
}

/** Mostly short; now and then as long as a length in one byte, or the first that needs two, allows. */
function octets(min: number, max: number): fc.Arbitrary<Uint8Array> {
  const upTo = (length: number) =>
    fc.uint8Array({ minLength: min, maxLength: Math.max(min, Math.min(max, length)) });
  return fc.oneof({ arbitrary: upTo(min + 8), weight: 9 }, { arbitrary: upTo(300), weight: 1 });
}

function unknownExtensions(known: readonly string[]): fc.Arbitrary<unknown> {
  const taken = Object.entries(extensionTypes).flatMap(([name, type]) =>
    known.includes(name) ? [type] : [],
  );
  return fc.record(
    {
      name: fc.constant('unknown'),
      type: fc
        .oneof(fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(...Object.values(extensionTypes)))
        .filter((type) => !taken.some((other) => other === type)),
      data: octets(0, 0xffff),
    },
    { noNullPrototype: true },
  );
}

/** The fewest bytes that a value takes. */
function leastBytes(shape: Shape): number {
  switch (shape.kind) {
    case 'uint':
      return shape.bytes;
    case 'opaque':
    case 'text':
    case 'vector':
      return shape.min + (shape.kind === 'opaque' && shape.min === shape.max ? 0 : 1);
    case 'struct':
      return shape.fields.reduce((sum, [, field]) => sum + leastBytes(field), 0);
    case 'oneOf':
    case 'optional':
      return 1;
    case 'tagged':
      return leastBytes(shape.tag) + leastBytes(shape.unknown);
    case 'extension':
      return 4;
  }
}
