import { generate, type Rng } from '../../nocrypto/index.ts';
import type { ClientConfig } from '../config.ts';
import { type ClientHelloExtension, extensionType, type UnknownExtension } from '../extensions.ts';
import { greaseCode, greasePskMode } from '../grease.ts';
import type { ClientHello } from '../messages.ts';

// How a ClientHello looks, beyond what it says: reserved values strewn in, and the order of its extensions.

/**
 * The hello with GREASE and in the order that the configuration asks for. pre_shared_key is not among its extensions yet:
 * it goes behind all others (RFC 9846 §4.3.11).
 */
export function shapeHello(
  { grease, extensionOrder }: ClientConfig,
  hello: ClientHello,
  rng: Rng,
): { readonly hello: ClientHello; readonly rng: Rng } {
  const greased = grease ? withGrease(hello, rng) : { hello, rng };
  if (extensionOrder !== 'permuted') {
    return { hello: inConfiguredOrder(extensionOrder, greased.hello), rng: greased.rng };
  }
  const { extensions } = greased.hello;
  const drawn = generate(greased.rng, extensions.length * WORD);
  return {
    hello: { ...greased.hello, extensions: permuted(extensions, drawn.bytes) },
    rng: drawn.rng,
  };
}

/** Stands the extensions that the configuration lists in its order, before those it does not list. */
export function inConfiguredOrder(order: ClientConfig['extensionOrder'], hello: ClientHello): ClientHello {
  if (order === 'fixed' || order === 'permuted') return hello;
  const place = (extension: ClientHelloExtension): number => {
    const index = order.indexOf(extensionType(extension));
    return index === -1 ? order.length : index;
  };
  return { ...hello, extensions: [...hello.extensions].sort((a, b) => place(a) - place(b)) };
}

/**
 * RFC 8701 §3.1: one reserved value, in front, wherever a list allows it, and two extensions: an empty one and one that is
 * not. ALPN is left alone: its names choose among applications, which is more than TLS.
 */
function withGrease(hello: ClientHello, rng: Rng): { readonly hello: ClientHello; readonly rng: Rng } {
  const drawn = generate(rng, 7);
  const [suite = 0, version = 0, group = 0, scheme = 0, mode = 0, first = 0, second = 0] = drawn.bytes;
  const greased = hello.extensions.map((extension): ClientHelloExtension => {
    switch (extension.name) {
      case 'supportedVersions':
        return { name: 'supportedVersions', value: [greaseCode(version), ...extension.value] };
      case 'supportedGroups':
        return { name: 'supportedGroups', value: [greaseCode(group), ...extension.value] };
      case 'signatureAlgorithms':
        return { name: 'signatureAlgorithms', value: [greaseCode(scheme), ...extension.value] };
      case 'pskKeyExchangeModes':
        return { name: 'pskKeyExchangeModes', value: [greasePskMode(mode), ...extension.value] };
      case 'keyShare': {
        const share = { group: greaseCode(group), keyExchange: new Uint8Array(1) };
        return { name: 'keyShare', value: [share, ...extension.value] };
      }
      default:
        return extension;
    }
  });
  const front = greaseCode(first);
  // No extension may stand twice (RFC 9846 §4.3).
  const back = greaseCode(second) === front ? front ^ 0x1010 : greaseCode(second);
  return {
    hello: {
      ...hello,
      cipherSuites: [greaseCode(suite), ...hello.cipherSuites],
      extensions: [unknown(front, new Uint8Array(0)), ...greased, unknown(back, new Uint8Array(1))],
    },
    rng: drawn.rng,
  };
}

function unknown(type: number, data: Uint8Array): UnknownExtension {
  return { name: 'unknown', type, data };
}

/** Bytes of randomness for each choice: enough that no order is noticeably likelier than another. */
const WORD = 4;

/** Fisher and Yates. `random` holds a word for each extension. */
function permuted(
  extensions: readonly ClientHelloExtension[],
  random: Uint8Array,
): readonly ClientHelloExtension[] {
  const words = new DataView(random.buffer, random.byteOffset, random.byteLength);
  const rest = [...extensions];
  return extensions.flatMap((_, i) => rest.splice(words.getUint32(i * WORD) % rest.length, 1));
}
