import assert from 'node:assert/strict';
import { noble } from '../../nocrypto/index.ts';
import type { WrapOptions } from '../../src/flow/index.ts';
import type { AlertName, CommonOptions, Failure } from '../../src/index.ts';
import { encodePem, encodePrivateKey } from '../../x509/index.ts';
import { alertsOf } from '../peers/openssl-messages.ts';
import type { Bench, Case } from '../support/case.ts';
import type { ServerOptionsOfCase } from '../support/exchange.ts';
import { externalCredential, signWith } from '../support/external-signer.ts';
import type { CertificateKind, Identity, Issue } from '../support/identities.ts';
import { failureOf } from '../support/ours.ts';
import { answerClient, askServer, opensslCase } from '../support/with-openssl.ts';

/** Who is refused, by whom, with which alert on the wire and which words. */
export function refusalCases(): readonly Case[] {
  return [...certificateCases, ...wrongKeyCases, ...incompatibleCases];
}

const HOUR = 3_600_000;

/** Certificates that nobody should accept. */
const badCertificates: readonly {
  readonly what: string;
  readonly issue: (bench: Bench) => Promise<Issue>;
  readonly ourAlert: AlertName;
  readonly ourWords: RegExp;
  readonly theirAlert: AlertName;
}[] = [
  {
    what: 'a wrong name',
    issue: async () => ({ name: 'other.example' }),
    ourAlert: 'bad_certificate',
    ourWords: /name-mismatch: .*expected .*server\.example.*found .*other\.example/,
    theirAlert: 'bad_certificate',
  },
  {
    what: 'an expired certificate',
    issue: async () => ({ validity: { notBefore: Date.now() - 2 * HOUR, notAfter: Date.now() - HOUR } }),
    ourAlert: 'certificate_expired',
    ourWords: /: expired: .*expected .*found /,
    theirAlert: 'certificate_expired',
  },
  {
    what: 'a certificate not yet valid',
    issue: async () => ({ validity: { notBefore: Date.now() + HOUR, notAfter: Date.now() + 2 * HOUR } }),
    // RFC 9846 §6.2: "has expired or is not currently valid". OpenSSL says bad_certificate.
    ourAlert: 'certificate_expired',
    ourWords: /: not-yet-valid: .*expected .*found /,
    theirAlert: 'bad_certificate',
  },
  {
    what: 'an unknown CA',
    issue: async ({ identities }) => ({ authority: await identities.makeAuthority('Unknown Root') }),
    ourAlert: 'unknown_ca',
    ourWords: /: unknown-issuer: /,
    theirAlert: 'unknown_ca',
  },
];

const certificateCases: readonly Case[] = badCertificates.flatMap(
  ({ what, issue, ourAlert, ourWords, theirAlert }) => [
    opensslCase('client', `${what}: we refuse with ${ourAlert}`, async (bench) => {
      const identity = await bench.identities.issue(await issue(bench));
      await assertWeRefuse(bench, identity, 'certificate', ourAlert, ourWords);
    }),
    opensslCase('server', `${what}: openssl refuses with ${theirAlert}`, async (bench) => {
      const identity = await bench.identities.issue(await issue(bench));
      await assertTheyRefuse(bench, { credentials: [identity.credential] }, theirAlert);
    }),
  ],
);

const wrongKeyCases: readonly Case[] = [
  opensslCase('client', 'a wrong key: we refuse with decrypt_error', async (bench) => {
    const identity = await bench.identities.issue({});
    const stranger = await bench.identities.issue({});
    // A key file whose public half is the certificate's: openssl compares only that before it signs with the other.
    const lie = { ...stranger.key, public: identity.key.public };
    const keyFile = await bench.identities.write('lie.pem', encodePem('PRIVATE KEY', encodePrivateKey(lie)));
    await assertWeRefuse(bench, { ...identity, keyFile }, 'peerMisbehaved', 'decrypt_error', /bad-signature/);
  }),
  opensslCase('server', 'a wrong key: openssl refuses with decrypt_error', async (bench) => {
    const identity = await bench.identities.issue({});
    const stranger = await bench.identities.issue({});
    // Our engine checks what an external key signs; its provider has to be made to believe the lie.
    const ours = {
      crypto: { ...noble, verify: () => true },
      credentials: [externalCredential(identity, 'liar')],
    };
    await assertTheyRefuse(bench, ours, 'decrypt_error', signWith(stranger));
  }),
  opensslCase('server', 'a wrong key behind a signature request: stopped before it leaves', async (bench) => {
    const identity = await bench.identities.issue({});
    const stranger = await bench.identities.issue({});
    const ours = { credentials: [externalCredential(identity, 'wrong')] };
    const seen = await answerClient(bench, ours, [], { answer: signWith(stranger) });
    const error = failureOf(seen.outcome);
    assert.equal(error.failure.kind, 'misuse');
    assert.match(error.message, /signing-failed.*does not verify under the certificate's key/);
    assert.deepEqual(alertsOf(seen.messages, 'received'), ['internal_error']);
  }),
];

/** What two honest sides can fail to share. */
const incompatible: readonly {
  readonly what: string;
  readonly certificate: CertificateKind;
  readonly ours: Partial<CommonOptions>;
  readonly theirs: readonly string[];
  readonly alert: AlertName;
  readonly ourWords: RegExp;
}[] = [
  {
    what: 'TLS 1.2 at most, to a side that speaks TLS 1.3 alone',
    certificate: 'P-256',
    ours: { versions: ['1.3'] },
    theirs: ['-tls1_2'],
    alert: 'protocol_version',
    ourWords: /no-common-version.*the client does not speak TLS 1\.3/,
  },
  {
    what: 'TLS 1.1 at most',
    certificate: 'P-256',
    ours: {},
    theirs: ['-tls1_1', '-cipher', 'ALL:@SECLEVEL=0'],
    alert: 'protocol_version',
    ourWords: /no-common-version.*the client does not speak TLS 1\.3 or TLS 1\.2/,
  },
  {
    what: 'no common cipher suite',
    certificate: 'P-256',
    ours: { cipherSuites: ['TLS_CHACHA20_POLY1305_SHA256'] },
    theirs: ['-ciphersuites', 'TLS_AES_128_GCM_SHA256'],
    alert: 'handshake_failure',
    ourWords: /no-common-cipher-suite/,
  },
  {
    what: 'no common group',
    certificate: 'P-256',
    ours: { groups: ['secp384r1'] },
    theirs: ['-groups', 'X25519'],
    alert: 'handshake_failure',
    ourWords: /no-common-group/,
  },
  {
    what: 'no common signature scheme',
    certificate: 'Ed25519',
    ours: { signatureSchemes: ['ecdsa_secp256r1_sha256', 'ed25519'] },
    theirs: ['-sigalgs', 'ecdsa_secp256r1_sha256'],
    alert: 'handshake_failure',
    ourWords: /no-common-signature-scheme/,
  },
];

const incompatibleCases: readonly Case[] = incompatible.flatMap(
  ({ what, certificate, ours, theirs, alert, ourWords }) => [
    opensslCase('client', `${what}: openssl refuses with ${alert}`, async (bench) => {
      const { chainFile, keyFile } = await bench.identities.usual(certificate);
      const seen = await askServer(bench, ours, ['-cert', chainFile, '-key', keyFile, ...theirs]);
      assert.equal(failureOf(seen.outcome).failure.kind, 'peerAlert');
      assert.equal(failureOf(seen.outcome).alert, alert);
      assert.deepEqual(alertsOf(seen.messages, 'sent'), [alert]);
    }),
    opensslCase('server', `${what}: we refuse with ${alert}`, async (bench) => {
      const { credential } = await bench.identities.usual(certificate);
      const seen = await answerClient(bench, { credentials: [credential], ...ours }, theirs);
      const error = failureOf(seen.outcome);
      assert.equal(error.failure.kind, 'incompatible');
      assert.match(error.message, ourWords);
      assert.deepEqual(alertsOf(seen.messages, 'received'), [alert]);
      assert.match(seen.said, new RegExp(`alert ${alert.replaceAll('_', ' ')}`));
    }),
  ],
);

/** Our client and an s_server with this certificate and key. */
async function assertWeRefuse(
  bench: Bench,
  { chainFile, keyFile }: Identity,
  blame: Failure['kind'],
  alert: AlertName,
  words: RegExp,
): Promise<void> {
  const seen = await askServer(bench, {}, ['-cert', chainFile, '-key', keyFile]);
  const error = failureOf(seen.outcome);
  assert.equal(error.failure.kind, blame);
  assert.equal(error.alert, alert);
  assert.match(error.message, words);
  assert.deepEqual(alertsOf(seen.messages, 'received'), [alert]);
  assert.match(seen.said, new RegExp(`alert ${alert.replaceAll('_', ' ')}`));
}

/** An s_client that finds fault with our server. */
async function assertTheyRefuse(
  bench: Bench,
  ours: ServerOptionsOfCase,
  alert: AlertName,
  answer?: WrapOptions['answer'],
): Promise<void> {
  const seen = await answerClient(bench, ours, [], { answer });
  const error = failureOf(seen.outcome);
  assert.equal(error.failure.kind, 'peerAlert');
  assert.equal(error.alert, alert);
  assert.match(error.message, new RegExp(`the peer ended the connection with the alert ${alert}`));
  assert.deepEqual(alertsOf(seen.messages, 'sent'), [alert]);
  assert.equal(seen.reply, undefined);
}
