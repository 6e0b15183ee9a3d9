/**
 * Cryptographic primitives as values and functions: the entry point `pure-tls/nocrypto`.
 *
 * @module
 */
export { padPkcs7, unpadPkcs7 } from './cbc.ts';
export { equal } from './constant-time.ts';
export { ffdheParameters } from './ffdhe.ts';
export {
  FORTUNA_EVENT_LIMIT,
  FORTUNA_GENERATE_LIMIT,
  FORTUNA_POOLS,
  type Fortuna,
  type FortunaPool,
  fortunaAdd,
  fortunaGenerate,
  fortunaIsSeeded,
  fortunaReseed,
  fortunaStart,
} from './fortuna.ts';
export {
  type HpkeAeadName,
  type HpkeContext,
  type HpkeKdfName,
  type HpkePsk,
  type HpkeRecipientOptions,
  type HpkeSenderOptions,
  type HpkeSuite,
  hpkeExport,
  hpkeIdsOfSuite,
  hpkeOpen,
  hpkeSeal,
  hpkeSetupRecipient,
  hpkeSetupSender,
  hpkeSuiteOfIds,
} from './hpke.ts';
export {
  type HpkeKemName,
  type HpkeKeyError,
  type HpkeKeyPair,
  hpkeDeriveKeyPair,
  hpkeKeyPair,
  hpkePrivateKeyLength,
} from './hpke-kem.ts';
export { legacy } from './legacy.ts';
export { noble } from './noble.ts';
export type {
  Aead,
  AeadKey,
  AeadName,
  CbcKey,
  ClassicalName,
  CryptoProvider,
  CurveName,
  EdwardsName,
  FfdheName,
  GeneratedKeyKind,
  GroupName,
  Hash,
  HashName,
  HybridName,
  KeyError,
  KeyExchangeError,
  KeyExchangeGroup,
  MacKey,
  MlDsaName,
  Primitive,
  PrivateKey,
  PrivateKeyInput,
  PublicKey,
  PublicKeyInput,
  RsaEncryption,
  RsaEncryptionError,
  RsaPrivateKey,
  RsaPublicKey,
  RunningHash,
  SignatureAlgorithm,
  SignatureHash,
  SignError,
  Xof,
  XofName,
} from './provider.ts';
export { SIGNING_ENTROPY_LENGTH } from './provider.ts';
export { err, ok, type Result } from './result.ts';
export { GENERATE_LIMIT, generate, RESEED_LENGTH, type Rng, reseed, SEED_LENGTH, seedRng } from './rng.ts';
export { scrypt } from './scrypt.ts';
export { type Secret, secret } from './secret.ts';
