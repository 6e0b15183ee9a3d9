import type { GeneratedKeyKind, PrivateKey } from '../../nocrypto/index.ts';
import { noble } from '../../nocrypto/index.ts';
import {
  buildCertificate,
  type Certificate,
  type CertificateOptions,
  defaultSignatureAlgorithm,
  type Extension,
  id,
  identityNames,
  type PathOptions,
  referenceIdentity,
  type Signer,
  signCertificate,
  type Tbs,
  trustAnchor,
  validatePath,
} from '../../x509/index.ts';
import { entropy, unwrap } from './helpers.ts';

/** 2026-06-01T12:00:00Z: when these tests take place. */
export const NOW = 1_780_315_200_000;
const DAY = 86_400_000;
export const VALIDITY = { notBefore: NOW - 30 * DAY, notAfter: NOW + 30 * DAY };

/** A certificate with the key it certifies: who can sign others. */
export interface Entity extends Signer {
  readonly certificate: Certificate;
}

const keys = new Map<string, PrivateKey>();

/** The key of a name, the same each time. P-256 unless said otherwise. */
export function keyOf(name: string, kind: GeneratedKeyKind = { kind: 'ec', curve: 'secp256r1' }): PrivateKey {
  const label = `${name} ${JSON.stringify(kind)}`;
  const key = keys.get(label) ?? noble.generateKey(kind, entropy(label));
  keys.set(label, key);
  return key;
}

type Overrides = Partial<CertificateOptions>;

/** A certificate for the key of `name`, signed by `signer` or by itself. */
function issue(name: string, signer: Signer | undefined, overrides: Overrides): Entity {
  const key = signer?.certificate === undefined ? (signer?.key ?? keyOf(name)) : keyOf(name);
  const certificate = unwrap(
    buildCertificate({
      crypto: noble,
      entropy: entropy(`${name} signed by ${signer === undefined ? 'itself' : 'another'}`),
      subject: [['commonName', name]],
      publicKey: key.public,
      signer: signer ?? { key },
      validity: VALIDITY,
      ...overrides,
    }),
  );
  return { certificate, key };
}

/** A root, or with a signer an intermediate. */
export function authority(name: string, signer?: Entity, overrides: Overrides = {}): Entity {
  return issue(name, signer, { authority: { pathLenConstraint: undefined }, ...overrides });
}

/** A self-issued certificate by which an authority vouches for its next key. */
export function rollover(old: Entity, name: string, overrides: Overrides = {}): Entity {
  const key = keyOf(`${name}, next key`);
  return { key, certificate: authority(name, old, { publicKey: key.public, ...overrides }).certificate };
}

/** An end entity for the host that is its name. */
export function endEntity(host: string, signer: Entity, overrides: Overrides = {}): Entity {
  const subjectAltName = identityNames([unwrap(referenceIdentity(host))]);
  return issue(host, signer, { subjectAltName, ...overrides });
}

/** The same certificate with other fields, signed anew by `key`. */
export function resigned({ certificate, key }: Entity, signer: Signer, changes: Partial<Tbs>): Entity {
  const algorithm = defaultSignatureAlgorithm(signer.key);
  return {
    certificate: unwrap(
      signCertificate(noble, { ...certificate, ...changes }, signer.key, algorithm, entropy('resigned')),
    ),
    key,
  };
}

/** The extensions of a certificate without those of an identifier, and with the given ones. */
export function withExtensions(
  { extensions }: Certificate,
  removed: string,
  ...added: readonly Extension[]
): readonly Extension[] {
  return [...extensions.filter(({ extnID }) => extnID !== removed), ...added];
}

/** The same extensions, with the critical flag of one turned over. */
export function withFlippedCritical({ extensions }: Certificate, extnID: string): readonly Extension[] {
  return extensions.map((extension) =>
    extension.extnID === extnID ? { ...extension, critical: !extension.critical } : extension,
  );
}

/** An extension that nobody here knows. */
export function unknownExtension(critical: boolean): Extension {
  return {
    extnID: '1.3.6.1.4.1.55555.1',
    critical,
    extnValue: { kind: 'otherwise', value: Uint8Array.of(5, 0) },
  };
}

export function nameConstraints(
  permitted: readonly Base[],
  excluded: readonly Base[] = [],
  critical = true,
): Extension {
  const subtrees = (bases: readonly Base[]) =>
    bases.length === 0 ? undefined : bases.map((base) => ({ base, minimum: 0, maximum: undefined }));
  return {
    extnID: id.ce.nameConstraints,
    critical,
    extnValue: {
      kind: id.ce.nameConstraints,
      value: { permittedSubtrees: subtrees(permitted), excludedSubtrees: subtrees(excluded) },
    },
  };
}

type Base = NonNullable<CertificateOptions['subjectAltName']>[number];

/** Validates with what most tests have in common: a server, at {@link NOW}, called as its leaf is. */
export function validate(
  chain: readonly Entity[],
  anchors: readonly Entity[],
  overrides: Partial<PathOptions> = {},
): ReturnType<typeof validatePath> {
  return validatePath({
    crypto: noble,
    certificates: chain.map(({ certificate }) => certificate),
    anchors: anchors.map(({ certificate }) => trustAnchor(certificate)),
    purpose: 'serverAuth',
    identity: undefined,
    now: NOW,
    ...overrides,
  });
}
