import { randomBytes } from 'node:crypto';
import type { CertificateCompression } from '../../src/index.ts';
import type { Settings } from './flags.ts';

/** What the runner has in the place of compression, in the order of BoringSSL's shim: numbers for private use. */
const algorithms: readonly CertificateCompression[] = [
  prefixed(0xff02, () => Uint8Array.of(1, 2, 3, 4)),
  {
    algorithm: 0xff01,
    // The two bytes that begin every Certificate of the runner's.
    compress: (message) => (message[0] === 0 && message[1] === 0 ? message.slice(2) : undefined),
    decompress: (compressed, length) =>
      compressed.length + 2 === length ? Uint8Array.of(0, 0, ...compressed) : undefined,
  },
  prefixed(0xff03, () => randomBytes(1)),
];

export function shimCompression(settings: Settings): readonly CertificateCompression[] {
  const only = settings.number('-install-one-cert-compression-alg');
  return settings.has('-install-cert-compression-algs')
    ? algorithms
    : algorithms.filter(({ algorithm }) => algorithm === only);
}

/** Only makes longer: this library never sends it. */
function prefixed(algorithm: number, prefix: () => Uint8Array): CertificateCompression {
  const { length } = prefix();
  return {
    algorithm,
    compress: (message) => Uint8Array.of(...prefix(), ...message),
    decompress: (compressed, announced) =>
      compressed.length === length + announced ? compressed.slice(length) : undefined,
  };
}
