import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { noble } from '../../nocrypto/index.ts';
import {
  type Certificate,
  type CtLog,
  type CtLogFacts,
  ctLog,
  type SignedCertificateTimestamp,
} from '../../x509/index.ts';
import { unwrap } from './helpers.ts';
import { NOW } from './pki.ts';

export const HOUR = 3_600_000;

/** A log of node:crypto's making: it signs whatever it is given. */
export interface Operator {
  readonly privateKey: KeyObject;
  readonly spki: Uint8Array;
}

const operator = (pair: { readonly privateKey: KeyObject; readonly publicKey: KeyObject }): Operator => ({
  privateKey: pair.privateKey,
  spki: pair.publicKey.export({ format: 'der', type: 'spki' }),
});
export const ECDSA = operator(generateKeyPairSync('ec', { namedCurve: 'P-256' }));
export const RSA = operator(generateKeyPairSync('rsa', { modulusLength: 2048 }));
export const logOf = ({ spki }: Operator, facts: CtLogFacts = {}): CtLog => unwrap(ctLog(noble, spki, facts));

const uint = (value: number, length: number) => {
  const octets = Buffer.alloc(8);
  octets.writeBigUInt64BE(BigInt(value));
  return octets.subarray(8 - length);
};
const vector = (length: number, bytes: Uint8Array) => Buffer.concat([uint(bytes.length, length), bytes]);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

export const wholeEntry = ({ der }: Certificate) => Buffer.concat([uint(0, 2), vector(3, der)]);
export const precertEntry = (tbs: Uint8Array, issuer: Certificate) =>
  Buffer.concat([uint(1, 2), sha256(issuer.subjectPublicKeyInfo.raw), vector(3, tbs)]);

export function promise(
  { privateKey, spki }: Operator,
  entry: Uint8Array,
  timestamp = NOW - HOUR,
  extensions: Uint8Array = Uint8Array.of(1, 2, 3),
): SignedCertificateTimestamp {
  const signed = Buffer.concat([Buffer.of(0, 0), uint(timestamp, 8), entry, vector(2, extensions)]);
  return {
    version: 'v1',
    logId: new Uint8Array(sha256(spki)),
    timestamp,
    extensions,
    hashAlgorithm: 4,
    signatureAlgorithm: privateKey.asymmetricKeyType === 'rsa' ? 1 : 3,
    signature: new Uint8Array(sign('sha256', signed, privateKey)),
  };
}
