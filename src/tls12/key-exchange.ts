import {
  type CryptoProvider,
  ffdheParameters,
  type GroupName,
  type RsaPrivateKey,
  type RsaPublicKey,
  type Secret,
  secret,
} from '../../nocrypto/index.ts';
import { err, ok, type Result } from '../../x509/index.ts';
import { concat, isSame } from '../bytes.ts';
import { protocolVersions } from '../codepoints.ts';
import { type Failure, misbehaved } from '../failure.ts';
import { groupCode, groupOfCode } from '../groups.ts';
import type { CertificateVerify } from '../messages.ts';
import { type Codec, decode, encode, opaque, struct, uint8, uint16 } from '../wire/codec.ts';
import { finiteFields, groupFitsSuite, isFiniteField } from './groups.ts';
import type { Randoms } from './key-schedule.ts';
import type { EphemeralExchange } from './suites.ts';

// What ServerKeyExchange and ClientKeyExchange hold: RFC 8422 §5.4 and §5.7 for curves, RFC 5246 §7.4.3 and §7.4.7.2 for
// finite fields, of which only the groups of RFC 7919 are taken, known by their prime.

/** A ServerKeyExchange: the server's ephemeral key under its signature. */
export interface SignedShare {
  readonly group: GroupName;
  /** As a KeyExchangeGroup of the provider takes it. */
  readonly share: Uint8Array;
  /** The bytes that are signed, together with the randoms. */
  readonly params: Uint8Array;
  readonly signed: CertificateVerify;
}

/** What a client's key exchange answers: the server's share, or with key transport the key of its certificate. */
export type ServerOffer =
  | { readonly kind: 'ephemeral'; readonly keyExchange: EphemeralExchange; readonly share: SignedShare }
  | { readonly kind: 'transport'; readonly key: RsaPublicKey };

/** Reads ServerKeyExchange.exchange. Whether the group was offered is for the caller to see. */
export function decodeSignedShare(
  crypto: CryptoProvider,
  keyExchange: EphemeralExchange,
  exchange: Uint8Array,
): Result<SignedShare, Failure> {
  switch (keyExchange) {
    case 'ecdhe':
      return decodeEcdhe(exchange);
    case 'dhe':
      return decodeDhe(crypto, exchange);
  }
}

/** ServerKeyExchange's params for this side's share. */
export function encodeParams(group: GroupName, share: Uint8Array): Uint8Array {
  if (!isFiniteField(group)) {
    return encode(ecdhParams, { curveType: NAMED_CURVE, namedCurve: groupCode(group), public: share });
  }
  const { prime, generator } = ffdheParameters(group);
  return encode(dhParams, { p: prime, g: generator, ys: share });
}

/** ServerKeyExchange.exchange: the params and the signature over them. */
export function encodeSignedShare(params: Uint8Array, signed: CertificateVerify): Uint8Array {
  return concat([params, encode(signature, signed)]);
}

/** What the signature of a ServerKeyExchange covers (RFC 5246 §7.4.3). */
export function signedParams({ client, server }: Randoms, params: Uint8Array): Uint8Array {
  return concat([client, server, params]);
}

/** ClientKeyExchange.exchange of a client that has answered with this share. */
export function encodeClientShare(keyExchange: EphemeralExchange, share: Uint8Array): Uint8Array {
  return encode(clientShare[keyExchange], { share });
}

/** The client's share in a ClientKeyExchange, as a KeyExchangeGroup of the provider takes it. */
export function decodeClientShare(
  crypto: CryptoProvider,
  keyExchange: EphemeralExchange,
  group: GroupName,
  exchange: Uint8Array,
): Result<Uint8Array, Failure> {
  const decoded = decode(clientShare[keyExchange], exchange);
  if (!decoded.ok) return err({ kind: 'malformed', structure: 'clientKeyExchange', ...decoded.error });
  return keyExchange === 'dhe' ? padded(crypto, group, decoded.value.share) : ok(decoded.value.share);
}

/**
 * The premaster secret: the shared secret, without its leading zeros where it is a number (RFC 5246 §8.1.2; a coordinate
 * keeps them, RFC 8422 §5.10). Its length then tells a little about a secret that is used once (Raccoon).
 */
export function premasterSecret(keyExchange: EphemeralExchange, sharedSecret: Secret): Secret {
  return keyExchange === 'dhe' ? secret(withoutZeros(sharedSecret).slice()) : sharedSecret;
}

/** Bytes of the premaster secret of key transport (RFC 5246 §7.4.7.1). */
export const TRANSPORTED_LENGTH = 48;

/**
 * The premaster secret that a client transports: the version it has offered, against those who make it offer less, then
 * randomness; TRANSPORTED_LENGTH bytes of entropy.
 */
export function transportedPremaster(entropy: Uint8Array): Secret {
  const premaster = secret(entropy.slice());
  premaster.set([protocolVersions.tls12 >> 8, protocolVersions.tls12 & 0xff]);
  return premaster;
}

/** EncryptedPreMasterSecret (RFC 5246 §7.4.7.1), as ClientKeyExchange.exchange. */
export function encodeTransported(ciphertext: Uint8Array): Uint8Array {
  return encode(transported, { ciphertext });
}

/**
 * The premaster secret in ClientKeyExchange.exchange, or a random one: which of the two nobody may learn (Bleichenbacher, ROBOT,
 * Klíma-Pokorný-Rosa). So it is drawn before anything is read, the decryption answers with it where the padding is bad, the
 * version is compared without a branch, and the handshake goes on to a Finished that will not fit. `clientVersion` is what the
 * ClientHello claims, whatever was chosen; `random` has TRANSPORTED_LENGTH bytes, `blinding` SIGNING_ENTROPY_LENGTH.
 */
export function decodeTransported(
  crypto: CryptoProvider,
  key: RsaPrivateKey,
  clientVersion: number,
  exchange: Uint8Array,
  random: Uint8Array,
  blinding: Uint8Array,
): Result<Secret, Failure> {
  const decoded = decode(transported, exchange);
  if (!decoded.ok) return err({ kind: 'malformed', structure: 'clientKeyExchange', ...decoded.error });
  const found = crypto.rsa.decryptPkcs1(key, decoded.value.ciphertext, random, blinding);
  const [major = 0, minor = 0] = found;
  const difference = ((major << 8) | minor) ^ clientVersion;
  // All ones where the version is another: of a difference of at most 16 bits, the sign of what is below zero.
  const other = -difference >> 31;
  return ok(secret(found.map((byte, i) => byte ^ (other & (byte ^ (random[i] ?? 0))))));
}

/** ECCurveType */
const NAMED_CURVE = 3;

interface EcdhParams {
  readonly curveType: number;
  readonly namedCurve: number;
  readonly public: Uint8Array;
}

interface DhParams {
  readonly p: Uint8Array;
  readonly g: Uint8Array;
  readonly ys: Uint8Array;
}

const ecdhFields = { curveType: uint8, namedCurve: uint16, public: opaque(1, 255) };
const dhFields = { p: opaque(1, 0xffff), g: opaque(1, 0xffff), ys: opaque(1, 0xffff) };
const transported = struct<{ readonly ciphertext: Uint8Array }>({ ciphertext: opaque(0, 0xffff) });
const signatureFields = { algorithm: uint16, signature: opaque(0, 0xffff) };

const ecdhParams = struct<EcdhParams>(ecdhFields);
const dhParams = struct<DhParams>(dhFields);
const signature = struct<CertificateVerify>(signatureFields);
const signedEcdh = struct<EcdhParams & CertificateVerify>({ ...ecdhFields, ...signatureFields });
const signedDh = struct<DhParams & CertificateVerify>({ ...dhFields, ...signatureFields });

const clientShare: Readonly<Record<EphemeralExchange, Codec<{ readonly share: Uint8Array }>>> = {
  ecdhe: struct<{ readonly share: Uint8Array }>({ share: opaque(1, 255) }),
  dhe: struct<{ readonly share: Uint8Array }>({ share: opaque(1, 0xffff) }),
};

function decodeEcdhe(exchange: Uint8Array): Result<SignedShare, Failure> {
  // A curve in explicit parameters can be any curve at all (CVE-2020-0601); RFC 8422 §5.4 has done away with them.
  if (exchange[0] !== NAMED_CURVE) {
    return err(
      misbehaved('unoffered-group', `a curve of type ${exchange[0] ?? 'none'} in ServerKeyExchange`),
    );
  }
  const decoded = decode(signedEcdh, exchange);
  if (!decoded.ok) return err({ kind: 'malformed', structure: 'serverKeyExchange', ...decoded.error });
  const { namedCurve, public: share, algorithm, signature: bytes } = decoded.value;
  const group = groupOfCode(namedCurve);
  if (group === undefined || !groupFitsSuite(group, { keyExchange: 'ecdhe' })) {
    return err(misbehaved('unoffered-group', `0x${namedCurve.toString(16)} in ServerKeyExchange`));
  }
  return ok({ group, share, params: paramsOf(exchange, bytes), signed: { algorithm, signature: bytes } });
}

function decodeDhe(crypto: CryptoProvider, exchange: Uint8Array): Result<SignedShare, Failure> {
  const decoded = decode(signedDh, exchange);
  if (!decoded.ok) return err({ kind: 'malformed', structure: 'serverKeyExchange', ...decoded.error });
  const { p, g, ys, algorithm, signature: bytes } = decoded.value;
  const group = finiteFieldOf(p, g);
  if (group === undefined) {
    const bits = withoutZeros(p).length * 8;
    // Nobody can tell here whether its prime is one (Logjam, and backdoors): RFC 7919 §1.
    return err(
      misbehaved('unknown-finite-field', `a prime of some ${bits} bits that RFC 7919 does not have`),
    );
  }
  const share = padded(crypto, group, ys);
  if (!share.ok) return share;
  return ok({
    group,
    share: share.value,
    params: paramsOf(exchange, bytes),
    signed: { algorithm, signature: bytes },
  });
}

/** All of `exchange` but the algorithm and the signature at its end. */
function paramsOf(exchange: Uint8Array, signatureBytes: Uint8Array): Uint8Array {
  return exchange.subarray(0, exchange.length - 2 - 2 - signatureBytes.length);
}

function finiteFieldOf(p: Uint8Array, g: Uint8Array): GroupName | undefined {
  const prime = withoutZeros(p);
  return finiteFields.find(({ name, bits }) => {
    if (prime.length * 8 !== bits) return false;
    const known = ffdheParameters(name);
    return isSame(known.prime, prime) && isSame(known.generator, withoutZeros(g));
  })?.name;
}

/** A number as long as the group's prime: here senders may leave out leading zeros, TLS 1.3 has them. */
function padded(crypto: CryptoProvider, group: GroupName, number: Uint8Array): Result<Uint8Array, Failure> {
  const { initiatorShareLength } = crypto.groups[group];
  const digits = withoutZeros(number);
  if (digits.length > initiatorShareLength) {
    return err(misbehaved('bad-key-share', `${group}: a number of ${digits.length} bytes`));
  }
  const share = new Uint8Array(initiatorShareLength);
  share.set(digits, initiatorShareLength - digits.length);
  return ok(share);
}

function withoutZeros(number: Uint8Array): Uint8Array {
  let start = 0;
  while (start < number.length && number[start] === 0) start++;
  return number.subarray(start);
}
