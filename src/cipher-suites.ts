import type { AeadName, HashName } from '../nocrypto/index.ts';
import { type CipherSuiteName, cipherSuiteCodes, nameOf } from './codepoints.ts';
import type { Limits } from './limits.ts';

/** What a TLS 1.3 cipher suite is made of (RFC 9846 §B.4). */
export interface CipherSuite {
  readonly name: CipherSuiteName;
  readonly code: number;
  readonly aead: AeadName;
  readonly hash: HashName;
  /** Which of the limits bounds the records under one key. */
  readonly recordLimit: 'aesGcmRecords' | 'chaChaRecords';
}

/** To add a suite: its code in codepoints.ts, a row here, its place in the order of defaults.ts. */
export const cipherSuites: Readonly<Record<CipherSuiteName, CipherSuite>> = {
  TLS_AES_128_GCM_SHA256: suite('TLS_AES_128_GCM_SHA256', 'aes-128-gcm', 'sha256', 'aesGcmRecords'),
  TLS_AES_256_GCM_SHA384: suite('TLS_AES_256_GCM_SHA384', 'aes-256-gcm', 'sha384', 'aesGcmRecords'),
  TLS_CHACHA20_POLY1305_SHA256: suite(
    'TLS_CHACHA20_POLY1305_SHA256',
    'chacha20-poly1305',
    'sha256',
    'chaChaRecords',
  ),
};

/** The suite with this code, or undefined when it is none of ours. */
export function cipherSuiteOfCode(code: number): CipherSuite | undefined {
  const name = nameOf(cipherSuiteCodes, code);
  return name === undefined ? undefined : cipherSuites[name];
}

function suite(
  name: CipherSuiteName,
  aead: AeadName,
  hash: HashName,
  recordLimit: keyof Limits & CipherSuite['recordLimit'],
): CipherSuite {
  return { name, code: cipherSuiteCodes[name], aead, hash, recordLimit };
}
