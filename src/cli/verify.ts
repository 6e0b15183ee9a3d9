import { noble } from '../../nocrypto/index.ts';
import {
  decodeOcspResponse,
  describeOcspError,
  describeValidationError,
  formatIdentity,
  mailboxIdentity,
  type OcspResponse,
  type PolicyOptions,
  type ReferenceIdentity,
  type RevocationOptions,
  referenceIdentity,
  validatePath,
} from '../../x509/index.ts';
import {
  type Command,
  commandError,
  exitCodes,
  nameFrom,
  onlyPositional,
  parseArguments,
  pointInTime,
  usageError,
} from './command.ts';
import { crlsFromFile, decodedCertificates, readBytes, trustAnchorsFrom } from './files.ts';
import { identityOption } from './identity.ts';
import { timeText } from './text.ts';
import { treeLines, verdictJson } from './verdict-text.ts';

export const verifyCommand: Command = {
  summary: 'check a certificate chain, without a connection',
  help: `usage: pure-tls verify CHAIN (--host NAME | --email ADDRESS | --any-name) [OPTIONS]

Checks a certificate as a TLS peer would: a path to a trusted CA, signatures, validity, purpose,
name, policies, and with --crl or --ocsp revocation. Prints the path that was found, or why there is
none. CHAIN is a PEM file with the certificate first, then others that may help, in any order; or it
is one certificate in DER.

  --ca SOURCE         trust the CA certificates in this file or folder, those of the system (system)
                      or those in Node (node); may be repeated; default node
  --untrusted FILE    further certificates that may be part of the path; may be repeated
  --trust-leaf        accept a certificate that is itself among the trusted ones
  --host NAME         the DNS name or IP address that the certificate must be for
  --email ADDRESS     the e-mail address that the certificate must be for
  --any-name          accept it whoever it is for
  --at TIME           the time to check for, as 2026-01-31T12:00:00Z or 2026-01-31; default now
  --purpose PURPOSE   server or client; default server
  --profile PROFILE   web (RFC 5280 and what browsers demand), rfc5280, or lenient (what RFC 5280
                      makes every reader check and no more); default web
  --policy OID        accept the path under this certificate policy; may be repeated; default any
  --explicit-policy   refuse a path that is valid under no accepted policy
  --inhibit-policy-mapping, --inhibit-any-policy
                      do not let authorities map policies, or say that any will do
  --crl FILE          a CRL, PEM or DER; may be repeated
  --ocsp FILE         an OCSP response in DER; may be repeated
  --revocation HOW    require evidence that nothing is revoked, prefer it but do without, or off;
                      default require if there are --crl or --ocsp, else off
  --revocation-scope  leaf or path: which certificates; default leaf
  --json              print the result as JSON

exit codes: 0 accepted; 1 refused, or a file is no good; 2 the command line makes no sense`,
  run,
};

const OPTIONS = {
  ca: { type: 'string', multiple: true },
  untrusted: { type: 'string', multiple: true },
  'trust-leaf': { type: 'boolean', default: false },
  host: { type: 'string' },
  email: { type: 'string' },
  'any-name': { type: 'boolean', default: false },
  at: { type: 'string' },
  purpose: { type: 'string', default: 'server' },
  profile: { type: 'string', default: 'web' },
  policy: { type: 'string', multiple: true },
  'explicit-policy': { type: 'boolean', default: false },
  'inhibit-policy-mapping': { type: 'boolean', default: false },
  'inhibit-any-policy': { type: 'boolean', default: false },
  crl: { type: 'string', multiple: true },
  ocsp: { type: 'string', multiple: true },
  revocation: { type: 'string' },
  'revocation-scope': { type: 'string', default: 'leaf' },
  json: { type: 'boolean', default: false },
} as const;

type Values = ReturnType<typeof parseArguments<typeof OPTIONS>>['values'];

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, OPTIONS);
  const chainPath = onlyPositional(positionals, 'CHAIN');
  const identity = identityFrom(values);
  const purpose = nameFrom(values.purpose, ['server', 'client'], 'purpose');
  const profile = nameFrom(values.profile, ['web', 'rfc5280', 'lenient'], 'profile');
  const now = values.at === undefined ? Date.now() : pointInTime(values.at, '--at');
  const revocation = await revocationFrom(values);
  const certificates = await eachOf([chainPath, ...(values.untrusted ?? [])], decodedCertificates);
  const anchors = await eachOf(values.ca ?? ['node'], trustAnchorsFrom);
  const validated = validatePath({
    crypto: noble,
    certificates,
    anchors,
    purpose: purpose === 'server' ? 'serverAuth' : 'clientAuth',
    identity,
    now,
    profile,
    policies: policiesFrom(values),
    revocation,
    allowLeafAnchor: values['trust-leaf'],
  });
  const asked = identity === undefined ? 'anybody' : formatIdentity(identity);
  if (values.json) {
    process.stdout.write(`${JSON.stringify(verdictJson(validated, asked, now), undefined, 2)}\n`);
    return validated.ok ? exitCodes.ok : exitCodes.failed;
  }
  if (!validated.ok) {
    throw commandError(`${chainPath} is refused: ${describeValidationError(validated.error)}`);
  }
  const lines = [`accepted for ${asked} at ${timeText(now)}`, ...treeLines(validated.value)];
  process.stdout.write(`${lines.join('\n')}\n`);
  return exitCodes.ok;
}

function identityFrom(values: Values): ReferenceIdentity | undefined {
  const { host, email, 'any-name': anyName } = values;
  const given = [host !== undefined, email !== undefined, anyName].filter((is) => is).length;
  if (given !== 1) throw usageError('one of --host, --email and --any-name is wanted');
  if (host !== undefined) return identityOption(referenceIdentity(host), '--host');
  return email === undefined ? undefined : identityOption(mailboxIdentity(email), '--email');
}

function policiesFrom(values: Values): PolicyOptions {
  const { policy } = values;
  const strange = policy?.find((text) => !/^[0-2](\.(0|[1-9][0-9]*))+$/.test(text));
  if (strange !== undefined) throw usageError(`--policy must be an object identifier, not '${strange}'`);
  return {
    ...(policy === undefined ? {} : { initialPolicySet: policy }),
    initialExplicitPolicy: values['explicit-policy'],
    initialPolicyMappingInhibit: values['inhibit-policy-mapping'],
    initialAnyPolicyInhibit: values['inhibit-any-policy'],
  };
}

async function revocationFrom(values: Values): Promise<RevocationOptions> {
  const { crl = [], ocsp = [] } = values;
  const how = values.revocation ?? (crl.length + ocsp.length > 0 ? 'require' : 'off');
  return {
    policy: nameFrom(how, ['require', 'prefer', 'off'], 'way to treat revocation'),
    scope: nameFrom(values['revocation-scope'], ['leaf', 'path'], 'scope'),
    crls: await eachOf(crl, crlsFromFile),
    ocspResponses: await Promise.all(ocsp.map(readOcspResponse)),
  };
}

/** What all the files hold, in their order. */
async function eachOf<T>(paths: readonly string[], read: (path: string) => Promise<readonly T[]>) {
  return (await Promise.all(paths.map(read))).flat();
}

async function readOcspResponse(path: string): Promise<OcspResponse> {
  const response = decodeOcspResponse(await readBytes(path));
  if (response.ok) return response.value;
  throw commandError(`${path}: ${describeOcspError(response.error)}`);
}
