import { concat, requireWhole } from './bytes.ts';
import type { CryptoProvider, HashName } from './provider.ts';
import { type Secret, secret } from './secret.ts';

/** The PRF of TLS 1.2 (RFC 5246 §5), by an HMAC of the provider: P_hash over label ‖ seed. */
export function tls12Prf(
  hmac: CryptoProvider['hmac'],
  hash: HashName,
  key: Uint8Array,
  label: string,
  seed: Uint8Array,
  length: number,
): Secret {
  requireWhole('the length of an output', length);
  const { mac, length: block } = hmac(hash, key);
  const labelled = concat(new TextEncoder().encode(label), seed);
  const output = new Uint8Array(length);
  let a = labelled;
  for (let offset = 0; offset < length; offset += block) {
    a = mac(a);
    output.set(mac(concat(a, labelled)).subarray(0, length - offset), offset);
  }
  return secret(output);
}
