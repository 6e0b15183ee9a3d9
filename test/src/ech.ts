import { type HpkeContext, hpkeSeal, hpkeSetupSender } from '../../nocrypto/index.ts';
import {
  chooseEchConfig,
  type EchConfigContents,
  echCipherSuiteOf,
  echInfo,
  encodeEchConfig,
} from '../../src/ech/config.ts';
import type { EchOuter } from '../../src/ech/extension.ts';
import { encodeInner } from '../../src/ech/inner.ts';
import { type EchKey, generateEchKey } from '../../src/ech/key.ts';
import { type ClientHelloExtension, extensionType } from '../../src/extensions.ts';
import { publishedEchConfigs } from '../../src/index.ts';
import { type ClientHello, encodeHandshake } from '../../src/messages.ts';
import { type Edit, unchanged } from './edits.ts';
import { nullCrypto } from './null-crypto.ts';
import { bytes, must, NAME } from './support.ts';

/** The name that everybody sees: the one quick.ts has a certificate for. */
export const PUBLIC_NAME = NAME;
export const SECRET_NAME = 'secret.example';

export const echKey: EchKey = must(
  generateEchKey(nullCrypto, { publicName: PUBLIC_NAME, maximumNameLength: 32 }, bytes(48, 41)),
);
/** One that the server of the tests does not have. */
export const otherEchKey: EchKey = must(
  generateEchKey(nullCrypto, { publicName: PUBLIC_NAME, beside: [echKey] }, bytes(48, 42)),
);
export const echConfigs = publishedEchConfigs([echKey]);
export const otherEchConfigs = publishedEchConfigs([otherEchKey]);

/** The same configuration with something changed. */
export function editedConfig(edit: (contents: EchConfigContents) => EchConfigContents): Uint8Array {
  const { contents } = must(chooseEchConfig(nullCrypto, echConfigs));
  return listOf(encodeEchConfig({ kind: 'ech', value: edit(contents) }));
}

/** An ECHConfigList of serialized configurations. */
export function listOf(...configs: readonly Uint8Array[]): Uint8Array {
  const all = Buffer.concat(configs);
  return Uint8Array.from([all.length >> 8, all.length & 0xff, ...all]);
}

export interface Enclosure {
  /** Extensions that the inner hello only refers to. They must stand one behind the other. */
  readonly compressed?: readonly ClientHelloExtension['name'][];
  readonly inner?: Edit;
  /** EncodedClientHelloInner, before it is encrypted. */
  readonly encoded?: (honest: Uint8Array) => Uint8Array;
  readonly outer?: Edit;
  readonly ech?: (honest: EchOuter) => EchOuter;
  /** After everything, where it breaks the seal. */
  readonly payload?: (honest: Uint8Array) => Uint8Array;
}

/** Encrypts hellos as a client would, or not quite. The second hello it encloses is one after a HelloRetryRequest. */
export function encloser(key: EchKey = echKey): (enclosure?: Enclosure) => Edit {
  const config = must(chooseEchConfig(nullCrypto, publishedEchConfigs([key])));
  const setup = must(
    hpkeSetupSender(nullCrypto, config.suite, {
      recipient: config.contents.keyConfig.publicKey,
      entropy: bytes(32, 43),
      info: echInfo(config.bytes),
    }),
  );
  let context: HpkeContext<'sender'> = setup.context;
  let enc = setup.encapsulated;
  return ({
    compressed = [],
    inner = unchanged,
    encoded = same,
    outer = unchanged,
    ech = same,
    payload = same,
  } = {}) =>
    (honest) => {
      const innerHello = inner({
        ...honest,
        random: bytes(32, 44),
        extensions: [
          ...honest.extensions.map(
            (extension): ClientHelloExtension =>
              extension.name === 'serverName' ? named(SECRET_NAME) : extension,
          ),
          { name: 'encryptedClientHello', value: { kind: 'inner', value: new Uint8Array(0) } },
        ],
      });
      const inOuter = innerHello.extensions.filter(({ name }) => compressed.includes(name));
      const plaintext = encoded(encodeInner(innerHello, inOuter, config.contents.maximumNameLength));
      const withPayload = (sealed: Uint8Array): ClientHello => {
        const value = ech({
          cipherSuite: echCipherSuiteOf(config.suite),
          configId: config.contents.keyConfig.configId,
          enc,
          payload: sealed,
        });
        return outer({
          ...honest,
          extensions: [
            ...honest.extensions,
            { name: 'encryptedClientHello', value: { kind: 'outer', value } },
          ],
        });
      };
      const blank = withPayload(new Uint8Array(plaintext.length + 16));
      const aad = encodeHandshake({ kind: 'clientHello', body: blank }).subarray(4);
      const sealed = hpkeSeal(context, aad, plaintext);
      const whole = withPayload(payload(sealed.ciphertext));
      context = sealed.context;
      enc = new Uint8Array(0);
      return whole;
    };
}

export function named(hostName: string): ClientHelloExtension {
  return { name: 'serverName', value: [{ nameType: 0, hostName }] };
}

/** ech_outer_extensions that refers to these. */
export function references(...types: readonly number[]): ClientHelloExtension {
  const data = [types.length * 2, ...types.flatMap((type) => [type >> 8, type & 0xff])];
  return { name: 'unknown', type: 0xfd00, data: Uint8Array.from(data) };
}

/** The codepoints of a hello's extensions, in order. */
export function typesOf(hello: ClientHello): readonly number[] {
  return hello.extensions.map(extensionType);
}

function same<T>(value: T): T {
  return value;
}
