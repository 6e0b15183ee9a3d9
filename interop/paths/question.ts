import { noble } from '../../nocrypto/index.ts';
import {
  buildCertificate,
  defaultSignatureAlgorithm,
  type Extension,
  encodeCertificate,
  type GeneralName,
  id,
  type KeyUsageName,
  keyIdentifier,
  makeExtension,
  makeKeyUsage,
  makeName,
  type SubjectPublicKeyInfo,
  signCertificate,
  type Validity,
} from '../../x509/index.ts';
import { must } from '../support/must.ts';
import { AUTHORITIES, type AuthorityPlan, type LeafPlan, type Plan } from './plan.ts';

/** What is put before every implementation: certificates as DER, and what is asked about the first of `chain`. */
export interface Question {
  readonly chain: readonly [Uint8Array, ...Uint8Array[]];
  readonly anchors: readonly Uint8Array[];
  readonly purpose: 'serverAuth' | 'clientAuth';
  readonly host: string | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Signs what a plan describes. */
export function makeQuestion({
  certificates,
  leaf,
  anchors,
  presented,
  damage,
  purpose,
  host,
}: Plan): Question {
  const pool = certificates.map((authority, i) => signed(authority, `authority ${i}`));
  const pick = (indices: readonly number[]) => indices.flatMap((i) => pool[i] ?? []);
  const others = pick(presented);
  const damaged = damage === undefined ? -1 : damage.presented % (others.length + 1);
  const chain = [signed(leaf, 'leaf'), ...others].map((der, i) =>
    i === damaged ? withBitTurned(der, damage?.place ?? 0) : der,
  );
  const [first = new Uint8Array(), ...rest] = chain;
  return { chain: [first, ...rest], anchors: pick(anchors), purpose, host, now: NOW };
}

/** 2026-06-01T12:00:00Z. */
const NOW = 1_780_315_200_000;
const SECOND = 1000;
const DAY = 86_400 * SECOND;

const VALIDITY_OF: Readonly<Record<LeafPlan['validity'], Validity>> = {
  within: { notBefore: NOW - 30 * DAY, notAfter: NOW + 30 * DAY },
  'first second': { notBefore: NOW, notAfter: NOW + 30 * DAY },
  'last second': { notBefore: NOW - 30 * DAY, notAfter: NOW },
  after: { notBefore: NOW - 30 * DAY, notAfter: NOW - SECOND },
  before: { notBefore: NOW + SECOND, notAfter: NOW + 30 * DAY },
};

/** A name and a key, of an authority or of the leaf. */
const partyOf = (name: string, key: string) => {
  const secret = noble.generateKey({ kind: 'ec', curve: 'secp256r1' }, entropy(`key ${key}`));
  const subject = makeName([['commonName', name]]);
  const { subjectPublicKeyInfo } = must(
    buildCertificate({
      crypto: noble,
      entropy: entropy('self'),
      subject,
      publicKey: secret.public,
      signer: { key: secret },
      validity: VALIDITY_OF.within,
    }),
  );
  return { name: subject, key: secret, subjectPublicKeyInfo };
};

const PARTIES = AUTHORITIES.map(({ name, key }) => partyOf(`Authority ${name}`, `${key}`));
const LEAF = partyOf('Leaf', 'leaf');

function signed(plan: AuthorityPlan | LeafPlan, label: string): Uint8Array {
  const subject = 'subject' in plan ? (PARTIES[plan.subject] ?? LEAF) : LEAF;
  const issuer = PARTIES[plan.issuer] ?? LEAF;
  const extensions = [
    ...('subject' in plan ? authorityExtensions(plan) : leafExtensions(plan)),
    ...commonExtensions(plan, subject.subjectPublicKeyInfo, issuer.subjectPublicKeyInfo),
  ];
  const certificate = must(
    signCertificate(
      noble,
      {
        version: 'v3',
        serialNumber: serialNumberOf(label),
        issuer: issuer.name,
        validity: VALIDITY_OF[plan.validity],
        subject: subject.name,
        subjectPublicKeyInfo: subject.subjectPublicKeyInfo,
        issuerUniqueID: undefined,
        subjectUniqueID: undefined,
        extensions,
      },
      issuer.key,
      defaultSignatureAlgorithm(issuer.key),
      entropy(label),
    ),
  );
  if (plan.signature === 'right') return certificate.der;
  // The last byte belongs to s.
  const signature = withBitTurned(certificate.signature, certificate.signature.length * 8 - 1);
  return encodeCertificate({ ...certificate, signature });
}

function authorityExtensions(plan: AuthorityPlan): readonly Extension[] {
  const { cA, pathLenConstraint, permitted, excluded } = plan;
  const subtrees = (domain: string | undefined) =>
    domain === undefined
      ? undefined
      : [{ base: { kind: 'dNSName' as const, value: domain }, minimum: 0, maximum: undefined }];
  return [
    ...when(cA, (value) =>
      makeExtension(
        {
          kind: id.ce.basicConstraints,
          value: { cA: value, pathLenConstraint: value ? pathLenConstraint : undefined },
        },
        CRITICAL,
      ),
    ),
    ...keyUsage(plan, ['keyCertSign', 'cRLSign'], ['cRLSign']),
    ...when(permitted ?? excluded, () =>
      makeExtension(
        {
          kind: id.ce.nameConstraints,
          value: { permittedSubtrees: subtrees(permitted), excludedSubtrees: subtrees(excluded) },
        },
        CRITICAL,
      ),
    ),
  ];
}

function leafExtensions(plan: LeafPlan): readonly Extension[] {
  const value = plan.names.map((name): GeneralName => ({ kind: 'dNSName', value: name }));
  return [
    makeExtension({ kind: id.ce.subjectAltName, value }),
    ...keyUsage(plan, ['digitalSignature'], ['nonRepudiation']),
  ];
}

function commonExtensions(
  plan: AuthorityPlan | LeafPlan,
  subjectKey: SubjectPublicKeyInfo,
  issuerKey: SubjectPublicKeyInfo,
): readonly Extension[] {
  const purposes = { ...id.kp, any: id.ce.anyExtendedKeyUsage };
  return [
    makeExtension({ kind: id.ce.subjectKeyIdentifier, value: keyIdentifier(noble, subjectKey) }),
    ...when(plan.authorityKeyIdentifier, (which) => {
      const right = keyIdentifier(noble, issuerKey);
      const value = {
        keyIdentifier: which === 'right' ? right : withBitTurned(right, 0),
        authorityCertIssuer: undefined,
        authorityCertSerialNumber: undefined,
      };
      return makeExtension({ kind: id.ce.authorityKeyIdentifier, value });
    }),
    ...when(plan.extKeyUsage, (names) =>
      makeExtension({ kind: id.ce.extKeyUsage, value: names.map((name) => purposes[name]) }),
    ),
    ...when(plan.policies, (policies) =>
      makeExtension({
        kind: id.ce.certificatePolicies,
        value: policies.map((policyIdentifier) => ({ policyIdentifier, policyQualifiers: undefined })),
      }),
    ),
    ...when(plan.requireExplicitPolicy, (requireExplicitPolicy) =>
      makeExtension(
        {
          kind: id.ce.policyConstraints,
          value: { requireExplicitPolicy, inhibitPolicyMapping: undefined },
        },
        CRITICAL,
      ),
    ),
    ...when(
      plan.strangeExtension,
      (which): Extension => ({
        extnID: '1.3.6.1.4.1.55555.1',
        critical: which === 'critical',
        extnValue: { kind: 'otherwise', value: Uint8Array.of(5, 0) },
      }),
    ),
  ];
}

const CRITICAL = { critical: true };

function keyUsage(
  { keyUsage: which }: AuthorityPlan | LeafPlan,
  proper: readonly KeyUsageName[],
  other: readonly KeyUsageName[],
): readonly Extension[] {
  return when(which, () =>
    makeExtension(
      { kind: id.ce.keyUsage, value: makeKeyUsage(which === 'proper' ? proper : other) },
      CRITICAL,
    ),
  );
}

function when<T>(value: T | undefined, make: (value: T) => Extension): readonly Extension[] {
  return value === undefined ? [] : [make(value)];
}

function withBitTurned(bytes: Uint8Array, place: number): Uint8Array {
  const turned = bytes.slice();
  const at = place % (bytes.length * 8);
  turned[at >> 3] = (turned[at >> 3] ?? 0) ^ (0x80 >> (at & 7));
  return turned;
}

function entropy(label: string): Uint8Array {
  return noble.hashes.sha256.digest(new TextEncoder().encode(label));
}

function serialNumberOf(label: string): bigint {
  return entropy(label)
    .subarray(0, 8)
    .reduce((value, octet) => (value << 8n) | BigInt(octet), 1n);
}
