/**
 * PKCS #12 (RFC 7292): keys, certificates and CRLs in a file under a password. The entry point `pure-tls/x509/pkcs12`, which
 * stands beside x509's because files may be BER, and what reads BER weighs something.
 *
 * @module
 */
import { berToDer } from '../asn1/ber.ts';
import { decode, describeError, err, type Grammar, ok, type Result } from '../asn1/index.ts';
import { type CryptoProvider, type HashName, secret } from '../nocrypto/index.ts';
import { decodeCertificate, describeCertificateError } from './certificate.ts';
import { type Crl, decodeCrl, describeCrlError } from './crl.ts';
import { openPrivateKey, type PasswordLimits } from './encrypted-private-key.ts';
import { PBMAC1_MINIMUM_KEY_LENGTH } from './limits.ts';
import { algorithm, encryption, id } from './oid.ts';
import {
  malformed,
  type PasswordContext,
  type PasswordError,
  passwordContext,
  unsupported,
  wrongPassword,
} from './password.ts';
import { deriveKey, derivePkcs12, hashOfHmac } from './password-kdf.ts';
import { decryptWithPassword } from './pbe.ts';
import {
  authenticatedSafe,
  type ContentInfo,
  friendlyName,
  isEncryptedContent,
  localKeyId,
  type MacData,
  type Pkcs12Attribute,
  type Pkcs12Certificate,
  type Pkcs12Contents,
  type Pkcs12Key,
  type Pkcs12Labels,
  pbmac1Params,
  pfx,
  type SafeBag,
  safeContents,
} from './pkcs12-format.ts';
import { decodePrivateKey } from './private-key.ts';
import type { KeyError } from './public-key.ts';

export {
  encodePkcs12,
  type Pkcs12Credential,
  type Pkcs12Options,
  pkcs12Contents,
  pkcs12Credentials,
} from './pkcs12-build.ts';
export type { Pkcs12Certificate, Pkcs12Contents, Pkcs12Key, Pkcs12Labels } from './pkcs12-format.ts';

export interface Pkcs12ReadOptions extends PasswordLimits {
  /**
   * Read a file that has no MAC. Whoever can write the file can then put any key and certificate into it, also unencrypted, and no
   * password will tell.
   */
  readonly dangerouslyAcceptMissingMac?: boolean;
}

export type Pkcs12Error =
  | PasswordError
  | KeyError
  | { readonly kind: 'no-mac' | 'invalid-certificate' | 'invalid-crl'; readonly detail: string };

/**
 * Reads a PKCS #12 file, in BER or DER, whose integrity and privacy are by password. The MAC is checked first: RFC 7292's own,
 * or PBMAC1 (RFC 9879). Contents may be unencrypted or encrypted by any scheme that `decryptPrivateKey` knows. An empty password
 * also opens what was made with none.
 *
 * Bags of unknown kinds (secrets, SDSI certificates) are skipped. A file protected by somebody's public key is refused.
 */
export function decodePkcs12(
  crypto: CryptoProvider,
  bytes: Uint8Array,
  password: string,
  { dangerouslyAcceptMissingMac = false, maximumIterations }: Pkcs12ReadOptions = {},
): Result<Pkcs12Contents, Pkcs12Error> {
  const decoded = decodeBer(pfx, bytes);
  if (!decoded.ok) {
    return malformed(`PFX ${decoded.error}`);
  }
  const { authSafe, macData } = decoded.value;
  if (authSafe.content.kind !== id.pkcs7.data) {
    return unsupported(`integrity by ${authSafe.contentType}`);
  }
  if (macData === undefined && !dangerouslyAcceptMissingMac) {
    return err({ kind: 'no-mac', detail: 'a MAC was expected, found none' });
  }
  const content = authSafe.content.value;
  const context = passwordContext(crypto, password, maximumIterations);
  const opened = macData === undefined ? ok(context) : authenticate(context, macData, content);
  if (!opened.ok) {
    return opened;
  }
  const safes = decodeBer(authenticatedSafe, content, isEncryptedContent);
  if (!safes.ok) {
    return malformed(`AuthenticatedSafe ${safes.error}`);
  }
  const found: Found = { keys: [], certificates: [], crls: [] };
  for (const safe of safes.value) {
    const bags = openSafe(opened.value, safe);
    const problem = bags.ok ? readBags(opened.value, bags.value, found) : bags.error;
    if (problem !== undefined) {
      return err(problem);
    }
  }
  return ok(found);
}

/** Decodes BER by a grammar; the error is one line. */
function decodeBer<T>(
  grammar: Grammar<T>,
  bytes: Uint8Array,
  isOctetString: (place: readonly number[]) => boolean = () => false,
): Result<T, string> {
  const typeAt = (place: readonly number[]) => (isOctetString(place) ? 'OCTET STRING' : undefined);
  const der = berToDer(bytes, { typeAt });
  const decoded = der.ok ? decode(grammar, der.value) : der;
  return decoded.ok ? decoded : err(describeError(decoded.error));
}

/** The context whose password the MAC agrees with: of no password there are two forms, and nobody knows which was meant. */
function authenticate(
  context: PasswordContext,
  macData: MacData,
  content: Uint8Array,
): Result<PasswordContext, PasswordError> {
  const { password } = context;
  const without = { ...context, password: { ...password, bmp: secret(new Uint8Array(0)) } };
  const candidates = password.utf8.length === 0 ? [context, without] : [context];
  for (const candidate of candidates) {
    const mac = macOf(candidate, macData, content);
    if (!mac.ok) {
      return mac;
    }
    if (context.crypto.equal(mac.value, macData.mac.digest)) {
      return ok(candidate);
    }
  }
  return wrongPassword();
}

function macOf(
  context: PasswordContext,
  { mac, macSalt, iterations = 1 }: MacData,
  content: Uint8Array,
): Result<Uint8Array, PasswordError> {
  const { crypto } = context;
  if (mac.digestAlgorithm.algorithm === encryption.pbmac1) {
    return pbmac1Of(context, mac.digestAlgorithm.parameters, content);
  }
  const hash = DIGESTS.get(mac.digestAlgorithm.algorithm);
  if (hash === undefined) {
    return unsupported(`MAC with ${mac.digestAlgorithm.algorithm}`);
  }
  if (iterations < 1) {
    return malformed('a MAC with iterations was expected, found none');
  }
  const { outputLength } = crypto.hashes[hash];
  const key = derivePkcs12(context, crypto.hashes[hash], 'mac', macSalt, iterations, outputLength);
  return key.ok ? ok(crypto.hmac(hash, key.value).mac(content)) : key;
}

/** RFC 9879 §4: salt and iterations of MacData are not used, and the key's length must be stated. */
function pbmac1Of(
  context: PasswordContext,
  parameters: Uint8Array | undefined,
  content: Uint8Array,
): Result<Uint8Array, PasswordError> {
  const decoded = parameters === undefined ? undefined : decode(pbmac1Params, parameters);
  if (decoded?.ok !== true) {
    return malformed('PBMAC1 parameters were expected');
  }
  const { keyDerivationFunc, messageAuthScheme } = decoded.value;
  const hash = hashOfHmac(messageAuthScheme);
  if (hash === undefined) {
    return unsupported(`PBMAC1 with ${messageAuthScheme.algorithm}`);
  }
  const key = deriveKey(context, keyDerivationFunc, undefined);
  if (key.ok && key.value.length < PBMAC1_MINIMUM_KEY_LENGTH) {
    return malformed(
      `a MAC key of ${PBMAC1_MINIMUM_KEY_LENGTH} octets was expected, found ${key.value.length}`,
    );
  }
  return key.ok ? ok(context.crypto.hmac(hash, key.value).mac(content)) : key;
}

function openSafe(
  context: PasswordContext,
  { contentType, content }: ContentInfo,
): Result<readonly SafeBag[], PasswordError> {
  switch (content.kind) {
    case id.pkcs7.data: {
      const bags = decodeBer(safeContents, content.value);
      return bags.ok ? bags : malformed(`SafeContents ${bags.error}`);
    }
    case id.pkcs7.encryptedData: {
      const { contentEncryptionAlgorithm, encryptedContent } = content.value.encryptedContentInfo;
      const decrypted = decryptWithPassword(context, contentEncryptionAlgorithm, encryptedContent);
      if (!decrypted.ok) {
        return decrypted;
      }
      const bags = decodeBer(safeContents, decrypted.value);
      return bags.ok ? bags : wrongPassword();
    }
    case 'otherwise':
      return unsupported(`privacy by ${contentType}`);
  }
}

/** What has been read so far. */
interface Found {
  readonly keys: Pkcs12Key[];
  readonly certificates: Pkcs12Certificate[];
  readonly crls: Crl[];
}

function readBags(context: PasswordContext, bags: readonly SafeBag[], found: Found): Pkcs12Error | undefined {
  for (const bag of bags) {
    const problem = readBag(context, bag, found);
    if (problem !== undefined) {
      return problem;
    }
  }
  return undefined;
}

function readBag(
  context: PasswordContext,
  { bagValue, bagAttributes = [] }: SafeBag,
  found: Found,
): Pkcs12Error | undefined {
  const labels = labelsOf(bagAttributes);
  switch (bagValue.kind) {
    case id.pkcs12.keyBag:
    case id.pkcs12.pkcs8ShroudedKeyBag: {
      const isPlain = bagValue.kind === id.pkcs12.keyBag;
      const key = isPlain
        ? decodePrivateKey(context.crypto, bagValue.value)
        : openPrivateKey(context, bagValue.value);
      if (!key.ok) {
        return key.error;
      }
      found.keys.push({ key: key.value, ...labels });
      return undefined;
    }
    case id.pkcs12.certBag: {
      const { certValue } = bagValue.value;
      const certificate = certValue.kind === 'otherwise' ? undefined : decodeCertificate(certValue.value);
      if (certificate?.ok === false) {
        return { kind: 'invalid-certificate', detail: describeCertificateError(certificate.error) };
      }
      found.certificates.push(
        ...(certificate === undefined ? [] : [{ certificate: certificate.value, ...labels }]),
      );
      return undefined;
    }
    case id.pkcs12.crlBag: {
      const { crlValue } = bagValue.value;
      const crl = crlValue.kind === 'otherwise' ? undefined : decodeCrl(crlValue.value);
      if (crl?.ok === false) {
        return { kind: 'invalid-crl', detail: describeCrlError(crl.error) };
      }
      found.crls.push(...(crl === undefined ? [] : [crl.value]));
      return undefined;
    }
    case id.pkcs12.safeContentsBag: {
      const bags = decode(safeContents, bagValue.value);
      return bags.ok
        ? readBags(context, bags.value, found)
        : { kind: 'malformed', detail: `SafeContents ${describeError(bags.error)}` };
    }
    case 'otherwise':
      return undefined;
  }
}

/** Labels of another form than the standard's are for nobody to rely on, and left out. */
function labelsOf(attributes: readonly Pkcs12Attribute[]): Pkcs12Labels {
  const labelOf = <T>(type: string, grammar: Grammar<T>): T | undefined => {
    const [first] = attributes.find(({ attrId }) => attrId === type)?.attrValues ?? [];
    const decoded = first === undefined ? undefined : decode(grammar, first);
    return decoded?.ok === true ? decoded.value : undefined;
  };
  return {
    friendlyName: labelOf(id.pkcs9.friendlyName, friendlyName),
    localKeyId: labelOf(id.pkcs9.localKeyId, localKeyId),
  };
}

const DIGESTS: ReadonlyMap<string, HashName> = new Map([
  [algorithm.sha1, 'sha1'],
  [algorithm.sha224, 'sha224'],
  [algorithm.sha256, 'sha256'],
  [algorithm.sha384, 'sha384'],
  [algorithm.sha512, 'sha512'],
]);
