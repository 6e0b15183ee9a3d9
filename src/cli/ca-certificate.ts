import {
  type CertificateOptions,
  type Extension,
  formatIdentity,
  type GeneralName,
  id,
  identityNames,
  mailboxIdentity,
  makeExtension,
  referenceIdentity,
} from '../../x509/index.ts';
import { chainBelow, readIssuer, validityFrom, writeIssuer } from './ca-files.ts';
import { subjectOf } from './certificate-text.ts';
import {
  exitCodes,
  nameFrom,
  noPositionals,
  parseArguments,
  required,
  usageError,
  wholeNumber,
} from './command.ts';
import { identityOption } from './identity.ts';
import { issue, KEY_KIND_NAMES, newKey } from './issue.ts';
import { timeText } from './text.ts';

export type CertificateKind = 'root' | 'intermediate' | 'server' | 'client' | 'responder';

/** `pure-tls ca root` and its like: makes a key and a certificate, and writes them. */
export async function makeCertificate(kind: CertificateKind, args: readonly string[]): Promise<number> {
  const values = readValues(kind, args);
  const out = required(values.out, '--out');
  const key = newKey(nameFrom(values.key ?? 'p256', KEY_KIND_NAMES, 'kind of key'));
  const details = detailsOf(kind, values);
  const validity = validityFrom(values, DEFAULT_DAYS[kind]);
  const issuer = kind === 'root' ? undefined : await readIssuer(required(values.issuer, '--issuer'));
  const certificate = issue({ publicKey: key.public, signer: issuer ?? { key }, validity, ...details });
  const above = issuer === undefined ? [] : chainBelow(issuer);
  await writeIssuer(out, { certificate, key, above }, values.force === true);
  const until = timeText(certificate.validity.notAfter);
  process.stdout.write(`${out}.pem and ${out}.key: ${subjectOf(certificate)}, until ${until}\n`);
  return exitCodes.ok;
}

const OPTIONS = {
  out: { type: 'string' },
  issuer: { type: 'string' },
  name: { type: 'string' },
  host: { type: 'string', multiple: true },
  email: { type: 'string', multiple: true },
  key: { type: 'string' },
  days: { type: 'string' },
  from: { type: 'string' },
  'path-length': { type: 'string' },
  permit: { type: 'string', multiple: true },
  policy: { type: 'string', multiple: true },
  'crl-url': { type: 'string' },
  'ocsp-url': { type: 'string' },
  'must-staple': { type: 'boolean' },
  force: { type: 'boolean' },
} as const;

const EVERY_KIND = ['out', 'key', 'days', 'from', 'policy', 'crl-url', 'ocsp-url', 'force'] as const;

/** The options that a kind of certificate takes. */
const OPTIONS_OF: Readonly<Record<CertificateKind, readonly string[]>> = {
  root: [...EVERY_KIND, 'name', 'path-length', 'permit'],
  intermediate: [...EVERY_KIND, 'name', 'issuer', 'path-length', 'permit'],
  server: [...EVERY_KIND, 'issuer', 'host', 'must-staple'],
  client: [...EVERY_KIND, 'name', 'issuer', 'email'],
  responder: [...EVERY_KIND, 'name', 'issuer'],
};

const DEFAULT_DAYS: Readonly<Record<CertificateKind, number>> = {
  root: 3650,
  intermediate: 1825,
  server: 90,
  client: 90,
  responder: 90,
};

type Values = ReturnType<typeof parseArguments<typeof OPTIONS>>['values'];

function readValues(kind: CertificateKind, args: readonly string[]): Values {
  const { values, positionals } = parseArguments(args, OPTIONS);
  noPositionals(positionals);
  const foreign = Object.keys(values).find((option) => !OPTIONS_OF[kind].includes(option));
  if (foreign !== undefined) throw usageError(`--${foreign} does not go with ${kind}`);
  return values;
}

type Details = Pick<
  CertificateOptions,
  'subject' | 'authority' | 'extKeyUsage' | 'subjectAltName' | 'extensions'
>;

/** What makes a certificate one of its kind. */
function detailsOf(kind: CertificateKind, values: Values): Details {
  const extensions = [...policies(values), ...places(values)];
  switch (kind) {
    case 'root':
    case 'intermediate': {
      const length = values['path-length'];
      return {
        subject: [['commonName', required(values.name, '--name')]],
        authority: {
          pathLenConstraint: length === undefined ? undefined : wholeNumber(length, '--path-length', 100),
        },
        extensions: [...extensions, ...permitted(values)],
      };
    }
    case 'server': {
      const hosts = (values.host ?? []).map(hostName);
      const first = required(hosts[0]?.text, '--host');
      return {
        // The longest common name there may be (RFC 5280 appendix A, ub-common-name).
        subject: first.length > 64 ? [] : [['commonName', first]],
        extKeyUsage: [id.kp.serverAuth],
        subjectAltName: hosts.map(({ name }) => name),
        extensions: values['must-staple'] === true ? [...extensions, MUST_STAPLE] : extensions,
      };
    }
    case 'client': {
      const mailboxes = (values.email ?? []).map((text) => identityOption(mailboxIdentity(text), '--email'));
      return {
        subject: [['commonName', required(values.name, '--name')]],
        extKeyUsage: [id.kp.clientAuth],
        subjectAltName: identityNames(mailboxes),
        extensions,
      };
    }
    case 'responder':
      return {
        subject: [['commonName', values.name ?? 'OCSP responder']],
        extKeyUsage: [id.kp.OCSPSigning],
        extensions: [...extensions, makeExtension({ kind: id.pkixOcsp.nocheck, value: null })],
      };
  }
}

/** RFC 7633: the TLS extension status_request, by its number. */
const MUST_STAPLE = makeExtension({ kind: id.pe.tlsFeature, value: [5] });

/** A host as a certificate names it, or with `*.` all hosts whose names have one label more; and as text. */
function hostName(host: string): { readonly name: GeneralName; readonly text: string } {
  const wildcard = host.startsWith('*.') ? '*.' : '';
  const identity = identityOption(referenceIdentity(host.slice(wildcard.length)), '--host');
  const text = `${wildcard}${formatIdentity(identity)}`;
  const [name] = identityNames([identity]);
  return { name: name === undefined || wildcard !== '' ? { kind: 'dNSName', value: text } : name, text };
}

/** A policy is for people to tell what a certificate is good for (RFC 5280 §4.2.1.4). */
function policies({ policy = [] }: Values): readonly Extension[] {
  const value = policy.map((policyIdentifier) => ({ policyIdentifier, policyQualifiers: undefined }));
  return value.length === 0 ? [] : [makeExtension({ kind: id.ce.certificatePolicies, value })];
}

/** Where to ask whether the certificate is revoked. */
function places(values: Values): readonly Extension[] {
  const uri = (value: string): GeneralName => ({ kind: 'uniformResourceIdentifier', value });
  const { 'crl-url': crl, 'ocsp-url': ocsp } = values;
  const extensions: Extension[] = [];
  if (crl !== undefined) {
    const fullName = { kind: 'fullName', value: [uri(crl)] } as const;
    const point = { distributionPoint: fullName, reasons: undefined, cRLIssuer: undefined };
    extensions.push(makeExtension({ kind: id.ce.cRLDistributionPoints, value: [point] }));
  }
  if (ocsp !== undefined) {
    const access = { accessMethod: id.ad.ocsp, accessLocation: uri(ocsp) };
    extensions.push(makeExtension({ kind: id.pe.authorityInfoAccess, value: [access] }));
  }
  return extensions;
}

/** Names of other forms stay free, as on the web: addresses and the like are what a host is seldom called by. */
function permitted({ permit = [] }: Values): readonly Extension[] {
  if (permit.length === 0) return [];
  const permittedSubtrees = permit.map((value) => ({
    base: { kind: 'dNSName' as const, value },
    minimum: 0,
    maximum: undefined,
  }));
  const value = { permittedSubtrees, excludedSubtrees: undefined };
  return [makeExtension({ kind: id.ce.nameConstraints, value }, { critical: true })];
}
