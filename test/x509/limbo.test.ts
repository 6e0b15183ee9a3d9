import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { noble } from '../../nocrypto/index.ts';
import {
  type Certificate,
  decodeCertificate,
  decodePem,
  describeCertificateError,
  describeValidationError,
  err,
  KEY_USAGE_NAMES,
  type KeyUsageName,
  ok,
  type Result,
  referenceIdentity,
  trustAnchor,
  validatePath,
} from '../../x509/index.ts';

/** C2SP x509-limbo, where it lies beside the project; its full run has a harness of its own. */
const LIMBO = fileURLToPath(new URL('../../../../shared/vectors/limbo.json', import.meta.url));

interface Case {
  readonly id: string;
  readonly trusted_certs: readonly string[];
  readonly untrusted_intermediates: readonly string[];
  readonly peer_certificate: string;
  readonly validation_time: string | null;
  readonly validation_kind: 'SERVER' | 'CLIENT';
  readonly expected_peer_name: { readonly value: string } | null;
  readonly key_usage: readonly string[];
  readonly max_chain_depth: number | null;
  readonly crls: readonly string[];
  readonly expected_result: 'SUCCESS' | 'FAILURE';
}

const skip = existsSync(LIMBO) ? false : 'no ../shared/vectors/limbo.json';

test('x509-limbo: what must be refused is refused, what is good is accepted, revocation apart', {
  skip,
}, () => {
  const { testcases }: { readonly testcases: readonly Case[] } = JSON.parse(readFileSync(LIMBO, 'utf8'));
  const deviations = testcases
    .filter(({ crls }) => crls.length === 0)
    .map((testcase) => ({ testcase, outcome: validateCase(testcase) }))
    .filter(({ testcase, outcome }) => outcome.ok !== (testcase.expected_result === 'SUCCESS'))
    .map(({ testcase, outcome }) => `${testcase.id}: ${outcome.ok ? 'accepted' : outcome.error}`);
  assert.deepEqual(deviations, []);
});

/** The `webpki` and `online` cases state the web's rules, all others those of RFC 5280. */
function validateCase(testcase: Case): Result<undefined, string> {
  const leaf = decodeOne(testcase.peer_certificate);
  const others = testcase.untrusted_intermediates.map(decodeOne);
  const identity =
    testcase.expected_peer_name === null ? undefined : referenceIdentity(testcase.expected_peer_name.value);
  if (!leaf.ok) {
    return leaf;
  }
  if (identity?.ok === false) {
    return err(`identity: expected ${identity.error.expected}`);
  }
  const result = validatePath({
    crypto: noble,
    certificates: [leaf.value, ...others.flatMap((decoded) => (decoded.ok ? [decoded.value] : []))],
    anchors: testcase.trusted_certs
      .map(decodeOne)
      .flatMap((decoded) => (decoded.ok ? [trustAnchor(decoded.value)] : [])),
    purpose: testcase.validation_kind === 'SERVER' ? 'serverAuth' : 'clientAuth',
    identity: identity?.value,
    now: testcase.validation_time === null ? Date.now() : Date.parse(testcase.validation_time),
    profile: /^(webpki|online)::/.test(testcase.id) ? 'web' : 'rfc5280',
    keyUsage: testcase.key_usage.filter(isKeyUsageName),
    limits: testcase.max_chain_depth === null ? {} : { intermediates: testcase.max_chain_depth },
  });
  return result.ok ? ok(undefined) : err(describeValidationError(result.error));
}

function decodeOne(pem: string): Result<Certificate, string> {
  const blocks = decodePem(pem);
  const decoded = decodeCertificate((blocks.ok && blocks.value[0]?.bytes) || new Uint8Array());
  return decoded.ok ? decoded : err(describeCertificateError(decoded.error));
}

function isKeyUsageName(text: string): text is KeyUsageName {
  return KEY_USAGE_NAMES.some((name) => name === text);
}
