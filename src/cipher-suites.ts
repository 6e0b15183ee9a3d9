import type { AeadName } from '../nocrypto/index.ts';
import { nameOf, type Tls13CipherSuiteName, tls13CipherSuiteCodes } from './codepoints.ts';
import type { Limits } from './limits.ts';

/** What a TLS 1.3 cipher suite is made of (RFC 9846 §B.4). */
export interface CipherSuite {
  readonly name: Tls13CipherSuiteName;
  readonly code: number;
  readonly aead: AeadName;
  readonly hash: SuiteHash;
  /** Which of the limits bounds the records under one key. */
  readonly recordLimit: 'aesGcmRecords' | 'aesCcmRecords' | 'chaChaRecords';
}

/** A hash that the key schedule of a suite runs on. */
export type SuiteHash = 'sha256' | 'sha384';

/** To add a suite: its code in codepoints.ts, a row here, its place in the order of defaults.ts. */
export const cipherSuites: Readonly<Record<Tls13CipherSuiteName, CipherSuite>> = {
  TLS_AES_128_GCM_SHA256: suite('TLS_AES_128_GCM_SHA256', 'aes-128-gcm', 'sha256', 'aesGcmRecords'),
  TLS_AES_256_GCM_SHA384: suite('TLS_AES_256_GCM_SHA384', 'aes-256-gcm', 'sha384', 'aesGcmRecords'),
  TLS_CHACHA20_POLY1305_SHA256: suite(
    'TLS_CHACHA20_POLY1305_SHA256',
    'chacha20-poly1305',
    'sha256',
    'chaChaRecords',
  ),
  TLS_AES_128_CCM_SHA256: suite('TLS_AES_128_CCM_SHA256', 'aes-128-ccm', 'sha256', 'aesCcmRecords'),
  // A tag of 8 bytes lets one forgery in 2^64 pass: for devices that count every byte, and only when asked for.
  TLS_AES_128_CCM_8_SHA256: suite('TLS_AES_128_CCM_8_SHA256', 'aes-128-ccm-8', 'sha256', 'aesCcmRecords'),
};

/** The suite with this code, or undefined when it is none of ours for TLS 1.3. */
export function cipherSuiteOfCode(code: number): CipherSuite | undefined {
  const name = nameOf(tls13CipherSuiteCodes, code);
  return name === undefined ? undefined : cipherSuites[name];
}

function suite(
  name: Tls13CipherSuiteName,
  aead: AeadName,
  hash: SuiteHash,
  recordLimit: keyof Limits & CipherSuite['recordLimit'],
): CipherSuite {
  return { name, code: tls13CipherSuiteCodes[name], aead, hash, recordLimit };
}
