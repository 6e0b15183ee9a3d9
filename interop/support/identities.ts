import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { noble, type PrivateKey, SIGNING_ENTROPY_LENGTH } from '../../nocrypto/index.ts';
import { type Credential, credential, type SignatureSchemeName } from '../../src/index.ts';
import {
  type Authenticator,
  buildCertificate,
  type Certificate,
  type CertificateOptions,
  chainOfTrust,
  decodePrivateKey,
  encodePem,
  encodePrivateKey,
  identityNames,
  referenceIdentity,
  type Signer,
  trustAnchor,
  type Validity,
} from '../../x509/index.ts';
import { must } from './must.ts';

/** The kinds of certificate that are issued, by their keys. */
export type CertificateKind = (typeof certificateKinds)[number] | (typeof rareCertificateKinds)[number];

/** Those that every peer is tried with. */
export const certificateKinds = ['P-256', 'P-384', 'RSA-2048', 'Ed25519'] as const;

/** Those that few have. By default we sign and verify with no P-521 and no Ed448. */
export const rareCertificateKinds = ['P-521', 'Ed448'] as const;

/** What the key of each certificate signs a TLS 1.3 handshake with when nobody is choosy. */
export const usualScheme: Readonly<Record<CertificateKind, SignatureSchemeName>> = {
  'P-256': 'ecdsa_secp256r1_sha256',
  'P-384': 'ecdsa_secp384r1_sha384',
  'RSA-2048': 'rsa_pss_rsae_sha256',
  Ed25519: 'ed25519',
  'P-521': 'ecdsa_secp521r1_sha512',
  Ed448: 'ed448',
};

/** The name in the usual certificates. */
export const NAME = 'server.example';

/** A server's certificate chain and key, as our configuration takes it and as files for everybody else. */
export interface Identity {
  readonly credential: Credential;
  readonly key: PrivateKey;
  readonly chain: readonly Certificate[];
  /** PEM: the whole chain, the leaf first. */
  readonly chainFile: string;
  /** PEM of PKCS #8. */
  readonly keyFile: string;
}

/** A certification authority: what its clients trust, and what its certificates are signed with. */
export interface Authority {
  readonly signer: Required<Signer>;
  readonly authenticator: Authenticator;
  /** PEM of the certificate. */
  readonly file: string;
}

export interface Issue {
  readonly kind?: CertificateKind;
  /** A DNS name or an IP address. */
  readonly name?: string;
  readonly validity?: Validity;
  /** Default: the usual authority. */
  readonly authority?: Authority;
  /** Whether an intermediate authority stands between the root and the leaf. */
  readonly intermediate?: boolean;
  /** OIDs of what the certificate is for. Default: servers and clients. */
  readonly extKeyUsage?: readonly string[];
  /** Default: to sign. */
  readonly keyUsage?: CertificateOptions['keyUsage'];
}

/** The certificates of one run, in one folder. */
export interface Identities {
  readonly folder: string;
  readonly authority: Authority;
  /** The usual certificate of a kind, made when it is first wanted. */
  readonly usual: (kind: CertificateKind) => Promise<Identity>;
  readonly issue: (wanted: Issue) => Promise<Identity>;
  readonly makeAuthority: (commonName: string) => Promise<Authority>;
  /** A path for a new file of the run. */
  readonly path: (name: string) => string;
  /** Writes a new file and gives its path. */
  readonly write: (name: string, text: string) => Promise<string>;
}

const HOUR = 3_600_000;

export async function makeIdentities(folder: string): Promise<Identities> {
  const now = Date.now();
  const current: Validity = { notBefore: now - HOUR, notAfter: now + 24 * HOUR };
  const usual = new Map<CertificateKind, Promise<Identity>>();
  let files = 0;

  function path(name: string): string {
    files += 1;
    return join(folder, `${files}-${name}`);
  }

  async function write(name: string, text: string): Promise<string> {
    const file = path(name);
    await writeFile(file, text, { mode: 0o600 });
    return file;
  }

  function makeSigner(commonName: string, by: Signer | undefined): Required<Signer> {
    const key = newKey('P-256');
    const certificate = must(
      buildCertificate({
        crypto: noble,
        entropy: entropy(),
        subject: [['commonName', commonName]],
        publicKey: key.public,
        signer: by ?? { key },
        validity: current,
        authority: { pathLenConstraint: undefined },
      }),
    );
    return { key, certificate };
  }

  async function makeAuthority(commonName: string): Promise<Authority> {
    const signer = makeSigner(commonName, undefined);
    const anchors = [trustAnchor(signer.certificate)];
    const file = await write('authority.pem', encodePem('CERTIFICATE', signer.certificate.der));
    return { signer, authenticator: chainOfTrust({ anchors }), file };
  }

  const authority = await makeAuthority('Interop Root');

  async function issue(wanted: Issue): Promise<Identity> {
    const { kind = 'P-256', name = NAME, validity = current } = wanted;
    const root = (wanted.authority ?? authority).signer;
    const between = wanted.intermediate ? [makeSigner('Interop Intermediate', root)] : [];
    const key = newKey(kind);
    const leaf = must(
      buildCertificate({
        crypto: noble,
        entropy: entropy(),
        subject: [['commonName', `${kind} for ${name}`]],
        publicKey: key.public,
        signer: between[0] ?? root,
        validity,
        subjectAltName: identityNames([must(referenceIdentity(name))]),
        ...(wanted.extKeyUsage === undefined ? {} : { extKeyUsage: wanted.extKeyUsage }),
        ...(wanted.keyUsage === undefined ? {} : { keyUsage: wanted.keyUsage }),
      }),
    );
    const chain = [leaf, ...between.map(({ certificate }) => certificate)];
    const ders = chain.map(({ der }) => der);
    return {
      credential: must(credential(noble, ders, { kind: 'private', key })),
      key,
      chain,
      chainFile: await write('chain.pem', ders.map((der) => encodePem('CERTIFICATE', der)).join('')),
      keyFile: await write('key.pem', encodePem('PRIVATE KEY', encodePrivateKey(key))),
    };
  }

  return {
    folder,
    authority,
    usual: (kind) => {
      const identity = usual.get(kind) ?? issue({ kind });
      usual.set(kind, identity);
      return identity;
    },
    issue,
    makeAuthority,
    path,
    write,
  };
}

function newKey(kind: CertificateKind): PrivateKey {
  switch (kind) {
    case 'P-256':
      return noble.generateKey({ kind: 'ec', curve: 'secp256r1' }, entropy());
    case 'P-384':
      return noble.generateKey({ kind: 'ec', curve: 'secp384r1' }, entropy());
    case 'P-521':
      return noble.generateKey({ kind: 'ec', curve: 'secp521r1' }, entropy());
    case 'Ed25519':
      return noble.generateKey({ kind: 'ed25519' }, entropy());
    case 'Ed448':
      return noble.generateKey({ kind: 'ed448' }, entropy());
    case 'RSA-2048': {
      // Searching for primes in JavaScript takes seconds.
      const { privateKey } = generateKeyPairSync('rsa', {
        modulusLength: 2048,
        publicKeyEncoding: { type: 'spki', format: 'der' },
        privateKeyEncoding: { type: 'pkcs8', format: 'der' },
      });
      return must(decodePrivateKey(noble, privateKey));
    }
  }
}

function entropy(): Uint8Array {
  return randomBytes(SIGNING_ENTROPY_LENGTH);
}
