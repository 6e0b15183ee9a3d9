import { concat } from './bytes.ts';
import {
  decapsulate,
  encapsulate,
  HPKE_KEMS,
  type HpkeKemName,
  type HpkeKeyError,
  type HpkeKeyPair,
} from './hpke-kem.ts';
import { labeledExpand, labeledExtract, uint16 } from './hpke-labels.ts';
import type { AeadKey, AeadName, CryptoProvider, HashName } from './provider.ts';
import { err, ok, type Result } from './result.ts';
import type { Secret } from './secret.ts';

/*
 * Hybrid public key encryption (RFC 9180) on any provider. A context is a value: sealing and opening return the next
 * one and leave this one usable, so whoever seals twice with one context has used a nonce twice.
 */

export interface HpkeSuite {
  readonly kem: HpkeKemName;
  readonly kdf: HpkeKdfName;
  readonly aead: HpkeAeadName;
}

export type HpkeKdfName = 'hkdf-sha256' | 'hkdf-sha384' | 'hkdf-sha512';

/** `export-only` has no cipher: its contexts only export secrets. */
export type HpkeAeadName = 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305' | 'export-only';

/**
 * A secret of 32 bytes or more, with as much entropy, that both sides have; and its name, which is not empty
 * (§5.1.2).
 */
export interface HpkePsk {
  readonly psk: Uint8Array;
  readonly pskId: Uint8Array;
}

export interface HpkeSenderOptions {
  /** The recipient's public key. */
  readonly recipient: Uint8Array;
  /** Fresh random bytes, exactly as many as a private key of the KEM has: 32 for P-256 and X25519. */
  readonly entropy: Uint8Array;
  /** What both sides must agree on. */
  readonly info?: Uint8Array;
  readonly psk?: HpkePsk;
  /** The sender's own key pair, to be authenticated by. */
  readonly sender?: HpkeKeyPair;
}

export interface HpkeRecipientOptions {
  readonly recipient: HpkeKeyPair;
  readonly info?: Uint8Array;
  readonly psk?: HpkePsk;
  /** The public key that the sender must be authenticated by. */
  readonly sender?: Uint8Array;
}

/** What one side of an HPKE connection keeps (§5.2). */
export interface HpkeContext<Role extends 'sender' | 'recipient'> {
  readonly role: Role;
  readonly suite: HpkeSuite;
  readonly crypto: CryptoProvider;
  /** What the KEM gave (§4), for a key log: everything else follows from it. */
  readonly sharedSecret: Secret;
  /** `undefined` for `export-only`. */
  readonly key: AeadKey | undefined;
  readonly baseNonce: Secret;
  readonly exporterSecret: Secret;
  readonly sequence: number;
}

/**
 * SetupS of all four modes (§5.1): which one, PSK and sender's key say. Returns the context, and `enc` for the
 * recipient.
 */
export function hpkeSetupSender(
  crypto: CryptoProvider,
  suite: HpkeSuite,
  options: HpkeSenderOptions,
): Result<{ readonly encapsulated: Uint8Array; readonly context: HpkeContext<'sender'> }, HpkeKeyError> {
  const { recipient, entropy, sender } = options;
  const shared = encapsulate(crypto, suite.kem, recipient, entropy, sender);
  if (!shared.ok) return shared;
  const { encapsulated, sharedSecret } = shared.value;
  return ok({ encapsulated, context: keySchedule(crypto, suite, 'sender', options, sharedSecret) });
}

/** SetupR of all four modes (§5.1). `encapsulated` is the sender's `enc`. */
export function hpkeSetupRecipient(
  crypto: CryptoProvider,
  suite: HpkeSuite,
  encapsulated: Uint8Array,
  options: HpkeRecipientOptions,
): Result<HpkeContext<'recipient'>, HpkeKeyError> {
  const shared = decapsulate(crypto, suite.kem, encapsulated, options.recipient, options.sender);
  return shared.ok ? ok(keySchedule(crypto, suite, 'recipient', options, shared.value)) : shared;
}

/** Context.Seal (§5.2). With `export-only`, or after 2^53 − 1 messages, it is a RangeError. */
export function hpkeSeal(
  context: HpkeContext<'sender'>,
  additionalData: Uint8Array,
  plaintext: Uint8Array,
): { readonly ciphertext: Uint8Array; readonly context: HpkeContext<'sender'> } {
  const ciphertext = new Uint8Array(plaintext.length + TAG_LENGTH);
  cipher(context).seal(nonce(context), additionalData, plaintext, ciphertext, 0);
  return { ciphertext, context: next(context) };
}

/** Context.Open (§5.2). A refused ciphertext does not move the context on. RangeErrors as for {@link hpkeSeal}. */
export function hpkeOpen(
  context: HpkeContext<'recipient'>,
  additionalData: Uint8Array,
  ciphertext: Uint8Array,
): Result<
  { readonly plaintext: Uint8Array; readonly context: HpkeContext<'recipient'> },
  { readonly kind: 'decryption-failed' }
> {
  const plaintext = new Uint8Array(Math.max(ciphertext.length - TAG_LENGTH, 0));
  if (!cipher(context).open(nonce(context), additionalData, ciphertext, plaintext, 0)) {
    return err({ kind: 'decryption-failed' });
  }
  return ok({ plaintext, context: next(context) });
}

/**
 * Context.Export (§5.3): `length` bytes, at most 255 times the KDF's output (else RangeError). Both sides get the
 * same.
 */
export function hpkeExport(
  context: HpkeContext<'sender' | 'recipient'>,
  exporterContext: Uint8Array,
  length: number,
): Secret {
  const { crypto, suite, exporterSecret } = context;
  const { hash } = KDFS[suite.kdf];
  return labeledExpand(crypto, hash, suiteId(suite), exporterSecret, 'sec', exporterContext, length);
}

/** The suite with these registered numbers (§7), or `undefined` when one of them is none of ours. */
export function hpkeSuiteOfIds(kemId: number, kdfId: number, aeadId: number): HpkeSuite | undefined {
  const kem = nameOf(HPKE_KEMS, kemId);
  const kdf = nameOf(KDFS, kdfId);
  const aead = nameOf(AEADS, aeadId);
  return kem === undefined || kdf === undefined || aead === undefined ? undefined : { kem, kdf, aead };
}

/** The registered numbers of a suite (§7). */
export function hpkeIdsOfSuite(suite: HpkeSuite): {
  readonly kemId: number;
  readonly kdfId: number;
  readonly aeadId: number;
} {
  return { kemId: HPKE_KEMS[suite.kem].id, kdfId: KDFS[suite.kdf].id, aeadId: AEADS[suite.aead].id };
}

/** §7.2. */
const KDFS: Readonly<Record<HpkeKdfName, { readonly id: number; readonly hash: HashName }>> = {
  'hkdf-sha256': { id: 0x0001, hash: 'sha256' },
  'hkdf-sha384': { id: 0x0002, hash: 'sha384' },
  'hkdf-sha512': { id: 0x0003, hash: 'sha512' },
};

/** §7.3. */
const AEADS: Readonly<Record<HpkeAeadName, { readonly id: number; readonly aead: AeadName | undefined }>> = {
  'aes-128-gcm': { id: 0x0001, aead: 'aes-128-gcm' },
  'aes-256-gcm': { id: 0x0002, aead: 'aes-256-gcm' },
  'chacha20-poly1305': { id: 0x0003, aead: 'chacha20-poly1305' },
  'export-only': { id: 0xffff, aead: undefined },
};

/** §5. */
const MODES = { base: 0, psk: 1, auth: 2, authPsk: 3 } as const;

const TAG_LENGTH = 16;
const EMPTY = new Uint8Array(0);

/** KeySchedule (§5.1). */
function keySchedule<Role extends 'sender' | 'recipient'>(
  crypto: CryptoProvider,
  suite: HpkeSuite,
  role: Role,
  { info = EMPTY, psk, sender }: HpkeSenderOptions | HpkeRecipientOptions,
  sharedSecret: Secret,
): HpkeContext<Role> {
  if (psk !== undefined && (psk.psk.length < 32 || psk.pskId.length === 0)) {
    throw new RangeError('a PSK for HPKE has 32 bytes or more, and a name');
  }
  const { hash } = KDFS[suite.kdf];
  const id = suiteId(suite);
  const extract = (salt: Uint8Array, label: string, input: Uint8Array) =>
    labeledExtract(crypto, hash, id, salt, label, input);
  const mode =
    psk === undefined
      ? sender === undefined
        ? MODES.base
        : MODES.auth
      : sender === undefined
        ? MODES.psk
        : MODES.authPsk;
  const context = concat(
    Uint8Array.of(mode),
    extract(EMPTY, 'psk_id_hash', psk?.pskId ?? EMPTY),
    extract(EMPTY, 'info_hash', info),
  );
  const secret = extract(sharedSecret, 'secret', psk?.psk ?? EMPTY);
  const expand = (label: string, length: number) =>
    labeledExpand(crypto, hash, id, secret, label, context, length);
  const { aead: aeadName } = AEADS[suite.aead];
  const aead = aeadName === undefined ? undefined : crypto.aeads[aeadName];
  return {
    role,
    suite,
    crypto,
    sharedSecret,
    key: aead?.prepare(expand('key', aead.keyLength)),
    baseNonce: expand('base_nonce', aead?.nonceLength ?? 0),
    exporterSecret: expand('exp', crypto.hashes[hash].outputLength),
    sequence: 0,
  };
}

function cipher({ key, sequence }: HpkeContext<'sender' | 'recipient'>): AeadKey {
  if (key === undefined) throw new RangeError('an export-only context encrypts nothing');
  if (sequence >= Number.MAX_SAFE_INTEGER) throw new RangeError('the context is used up');
  return key;
}

/** ComputeNonce (§5.2): the sequence number, xor the base nonce. */
function nonce({ baseNonce, sequence }: HpkeContext<'sender' | 'recipient'>): Uint8Array {
  const bytes = baseNonce.slice();
  let rest = sequence;
  for (let i = bytes.length - 1; rest > 0; i--) {
    bytes[i] = (bytes[i] ?? 0) ^ (rest & 0xff);
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

function next<Role extends 'sender' | 'recipient'>(context: HpkeContext<Role>): HpkeContext<Role> {
  return { ...context, sequence: context.sequence + 1 };
}

function suiteId(suite: HpkeSuite): Uint8Array {
  const { kemId, kdfId, aeadId } = hpkeIdsOfSuite(suite);
  return concat(new TextEncoder().encode('HPKE'), uint16(kemId), uint16(kdfId), uint16(aeadId));
}

function nameOf<Name extends string>(
  table: Readonly<Record<Name, { readonly id: number }>>,
  id: number,
): Name | undefined {
  for (const name in table) {
    if (table[name].id === id) return name;
  }
  return undefined;
}
