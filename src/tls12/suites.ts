import type { AeadName } from '../../nocrypto/index.ts';
import type { SuiteHash } from '../cipher-suites.ts';
import { nameOf, type Tls12CipherSuiteName, tls12CipherSuiteCodes } from '../codepoints.ts';
import type { Limits } from '../limits.ts';
import type { SignatureScheme } from '../signature-schemes.ts';
import type { CbcHash } from './cbc.ts';

/** What a TLS 1.2 cipher suite is made of: unlike in TLS 1.3 it says how keys are exchanged and who may sign, too. */
export interface Tls12Suite {
  readonly name: Tls12CipherSuiteName;
  readonly code: number;
  readonly keyExchange: KeyExchange;
  /** The kind of the server's key; EdDSA signs under the ECDSA suites (RFC 8422 §2.1). */
  readonly authentication: 'ecdsa' | 'rsa';
  readonly cipher: Tls12Cipher;
  /** Of the PRF and of the transcript. */
  readonly hash: SuiteHash;
  /** Which of the limits bounds the records under one key. */
  readonly recordLimit: keyof Limits & ('aesGcmRecords' | 'aesCcmRecords' | 'chaChaRecords');
}

/** What protects records: an AEAD, or AES-CBC (bytes of its key) with the hash of an HMAC, which is for old peers. */
export type Tls12Cipher =
  | { readonly kind: 'aead'; readonly aead: AeadName }
  | { readonly kind: 'cbc'; readonly keyLength: 16 | 32; readonly mac: CbcHash };

/** Ephemeral Diffie-Hellman on curves (RFC 8422 §2) and in finite fields (RFC 7919). */
export type EphemeralExchange = 'ecdhe' | 'dhe';

/** Or key transport under the server's RSA key (RFC 5246 §7.4.7.1), which keeps no secret once that key is out. */
export type KeyExchange = EphemeralExchange | 'rsa';

/**
 * To add a suite: its code in codepoints.ts, a row here, and where it is for everybody its place in defaults.ts. Those with CBC or
 * static RSA are for peers that have nothing better: see `legacyCipherSuites`.
 */
export const tls12Suites: Readonly<Record<Tls12CipherSuiteName, Tls12Suite>> = {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: suite(
    'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
    'ecdhe',
    'ecdsa',
    'aes-128-gcm',
  ),
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: suite(
    'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
    'ecdhe',
    'ecdsa',
    'aes-256-gcm',
  ),
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: suite(
    'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
    'ecdhe',
    'ecdsa',
    'chacha20-poly1305',
  ),
  TLS_ECDHE_ECDSA_WITH_AES_128_CCM: suite(
    'TLS_ECDHE_ECDSA_WITH_AES_128_CCM',
    'ecdhe',
    'ecdsa',
    'aes-128-ccm',
  ),
  TLS_ECDHE_ECDSA_WITH_AES_256_CCM: suite(
    'TLS_ECDHE_ECDSA_WITH_AES_256_CCM',
    'ecdhe',
    'ecdsa',
    'aes-256-ccm',
  ),
  TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8: suite(
    'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8',
    'ecdhe',
    'ecdsa',
    'aes-128-ccm-8',
  ),
  TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8: suite(
    'TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8',
    'ecdhe',
    'ecdsa',
    'aes-256-ccm-8',
  ),
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: suite(
    'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
    'ecdhe',
    'rsa',
    'aes-128-gcm',
  ),
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: suite(
    'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
    'ecdhe',
    'rsa',
    'aes-256-gcm',
  ),
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: suite(
    'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
    'ecdhe',
    'rsa',
    'chacha20-poly1305',
  ),
  TLS_DHE_RSA_WITH_AES_128_GCM_SHA256: suite(
    'TLS_DHE_RSA_WITH_AES_128_GCM_SHA256',
    'dhe',
    'rsa',
    'aes-128-gcm',
  ),
  TLS_DHE_RSA_WITH_AES_256_GCM_SHA384: suite(
    'TLS_DHE_RSA_WITH_AES_256_GCM_SHA384',
    'dhe',
    'rsa',
    'aes-256-gcm',
  ),
  TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256: suite(
    'TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
    'dhe',
    'rsa',
    'chacha20-poly1305',
  ),
  TLS_DHE_RSA_WITH_AES_128_CCM: suite('TLS_DHE_RSA_WITH_AES_128_CCM', 'dhe', 'rsa', 'aes-128-ccm'),
  TLS_DHE_RSA_WITH_AES_256_CCM: suite('TLS_DHE_RSA_WITH_AES_256_CCM', 'dhe', 'rsa', 'aes-256-ccm'),
  TLS_DHE_RSA_WITH_AES_128_CCM_8: suite('TLS_DHE_RSA_WITH_AES_128_CCM_8', 'dhe', 'rsa', 'aes-128-ccm-8'),
  TLS_DHE_RSA_WITH_AES_256_CCM_8: suite('TLS_DHE_RSA_WITH_AES_256_CCM_8', 'dhe', 'rsa', 'aes-256-ccm-8'),
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: cbc(
    'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA',
    'ecdhe',
    'ecdsa',
    16,
    'sha1',
  ),
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: cbc(
    'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA',
    'ecdhe',
    'ecdsa',
    32,
    'sha1',
  ),
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: cbc(
    'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256',
    'ecdhe',
    'ecdsa',
    16,
    'sha256',
  ),
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384: cbc(
    'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384',
    'ecdhe',
    'ecdsa',
    32,
    'sha384',
  ),
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: cbc('TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', 'ecdhe', 'rsa', 16, 'sha1'),
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: cbc('TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA', 'ecdhe', 'rsa', 32, 'sha1'),
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: cbc(
    'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256',
    'ecdhe',
    'rsa',
    16,
    'sha256',
  ),
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384: cbc(
    'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384',
    'ecdhe',
    'rsa',
    32,
    'sha384',
  ),
  TLS_DHE_RSA_WITH_AES_128_CBC_SHA: cbc('TLS_DHE_RSA_WITH_AES_128_CBC_SHA', 'dhe', 'rsa', 16, 'sha1'),
  TLS_DHE_RSA_WITH_AES_256_CBC_SHA: cbc('TLS_DHE_RSA_WITH_AES_256_CBC_SHA', 'dhe', 'rsa', 32, 'sha1'),
  TLS_DHE_RSA_WITH_AES_128_CBC_SHA256: cbc('TLS_DHE_RSA_WITH_AES_128_CBC_SHA256', 'dhe', 'rsa', 16, 'sha256'),
  TLS_DHE_RSA_WITH_AES_256_CBC_SHA256: cbc('TLS_DHE_RSA_WITH_AES_256_CBC_SHA256', 'dhe', 'rsa', 32, 'sha256'),
  TLS_RSA_WITH_AES_128_GCM_SHA256: suite('TLS_RSA_WITH_AES_128_GCM_SHA256', 'rsa', 'rsa', 'aes-128-gcm'),
  TLS_RSA_WITH_AES_256_GCM_SHA384: suite('TLS_RSA_WITH_AES_256_GCM_SHA384', 'rsa', 'rsa', 'aes-256-gcm'),
  TLS_RSA_WITH_AES_128_CBC_SHA: cbc('TLS_RSA_WITH_AES_128_CBC_SHA', 'rsa', 'rsa', 16, 'sha1'),
  TLS_RSA_WITH_AES_256_CBC_SHA: cbc('TLS_RSA_WITH_AES_256_CBC_SHA', 'rsa', 'rsa', 32, 'sha1'),
  TLS_RSA_WITH_AES_128_CBC_SHA256: cbc('TLS_RSA_WITH_AES_128_CBC_SHA256', 'rsa', 'rsa', 16, 'sha256'),
  TLS_RSA_WITH_AES_256_CBC_SHA256: cbc('TLS_RSA_WITH_AES_256_CBC_SHA256', 'rsa', 'rsa', 32, 'sha256'),
};

/**
 * What nobody gets who does not ask for it: suites with CBC, which has been broken time and again (Vaudenay, Lucky 13), and
 * those without forward secrecy (static RSA: Bleichenbacher, ROBOT). Care alone keeps them together. For `cipherSuites`,
 * behind all others, where a peer has nothing better.
 */
export const legacyCipherSuites: readonly Tls12CipherSuiteName[] = Object.values(tls12Suites)
  .filter(({ cipher, keyExchange }) => cipher.kind === 'cbc' || keyExchange === 'rsa')
  .map(({ name }) => name);

/** The suite with this code, or undefined when it is none of ours for TLS 1.2. */
export function tls12SuiteOfCode(code: number): Tls12Suite | undefined {
  const name = nameOf(tls12CipherSuiteCodes, code);
  return name === undefined ? undefined : tls12Suites[name];
}

/** Whether a key that signs by this scheme is one that the suite asks of the server (RFC 5246 §7.4.3, RFC 8422 §2). */
export function schemeFitsSuite(
  { keyType }: SignatureScheme,
  { authentication }: Pick<Tls12Suite, 'authentication'>,
): boolean {
  return authentication === (keyType === 'rsa' || keyType === 'rsa-pss' ? 'rsa' : 'ecdsa');
}

function suite(
  name: Tls12CipherSuiteName,
  keyExchange: KeyExchange,
  authentication: Tls12Suite['authentication'],
  aead: AeadName,
): Tls12Suite {
  return {
    name,
    code: tls12CipherSuiteCodes[name],
    keyExchange,
    authentication,
    cipher: { kind: 'aead', aead },
    // RFC 5288 §3, RFC 5289 §3.2: SHA-384 goes with AES-256-GCM; RFC 6655 §3 and RFC 7905 §2 know SHA-256 only.
    hash: aead === 'aes-256-gcm' ? 'sha384' : 'sha256',
    recordLimit: recordLimit(aead),
  };
}

function cbc(
  name: Tls12CipherSuiteName,
  keyExchange: KeyExchange,
  authentication: Tls12Suite['authentication'],
  keyLength: 16 | 32,
  mac: CbcHash,
): Tls12Suite {
  return {
    name,
    code: tls12CipherSuiteCodes[name],
    keyExchange,
    authentication,
    cipher: { kind: 'cbc', keyLength, mac },
    // RFC 5289 §3.1
    hash: mac === 'sha384' ? 'sha384' : 'sha256',
    // Two blocks of 2^24 full records are equal with a chance of some 2^-60.
    recordLimit: 'aesGcmRecords',
  };
}

function recordLimit(aead: AeadName): Tls12Suite['recordLimit'] {
  switch (aead) {
    case 'aes-128-gcm':
    case 'aes-256-gcm':
      return 'aesGcmRecords';
    case 'chacha20-poly1305':
      return 'chaChaRecords';
    default:
      return 'aesCcmRecords';
  }
}
