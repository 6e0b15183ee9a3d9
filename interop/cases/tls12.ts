import assert from 'node:assert/strict';
import type { GroupName } from '../../nocrypto/index.ts';
import type { ClientOptions, Facts, Tls12CipherSuiteName } from '../../src/index.ts';
import { opensslNames } from '../peers/groups.ts';
import { openssl } from '../peers/openssl.ts';
import { reversed } from '../peers/peer.ts';
import type { Bench, Case } from '../support/case.ts';
import { LINE } from '../support/exchange.ts';
import type { CertificateKind, Identity } from '../support/identities.ts';
import { failureOf, valueFrom } from '../support/ours.ts';
import { answerClient, askServer, opensslCase, type Seen } from '../support/with-openssl.ts';
import { answerTwice, askTwice } from './resumption.ts';

/** TLS 1.2 with openssl: every suite with every group and certificate that go with it, in both directions; sessions. */
export function tls12Cases(): readonly Case[] {
  return [
    ...suites.flatMap(([suite, name]) =>
      groupsOf(suite).flatMap((group, i) =>
        certificatesOf(suite).flatMap((certificate, j) => {
          const slow = i > 0 && j > 0;
          const handshake = { suite, name, group, certificate };
          return [handshakeCase('client', handshake, slow), handshakeCase('server', handshake, slow)];
        }),
      ),
    ),
    ...sessions,
    ...others,
  ];
}

interface Handshake {
  readonly suite: Tls12CipherSuiteName;
  /** OpenSSL's. */
  readonly name: string;
  /** Undefined with static RSA. */
  readonly group: GroupName | undefined;
  readonly certificate: CertificateKind;
}

const suites: readonly (readonly [Tls12CipherSuiteName, string])[] = [
  ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
  ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-ECDSA-CHACHA20-POLY1305'],
  ['TLS_ECDHE_ECDSA_WITH_AES_128_CCM', 'ECDHE-ECDSA-AES128-CCM'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_CCM', 'ECDHE-ECDSA-AES256-CCM'],
  ['TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8', 'ECDHE-ECDSA-AES128-CCM8'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8', 'ECDHE-ECDSA-AES256-CCM8'],
  ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
  ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-RSA-CHACHA20-POLY1305'],
  ['TLS_DHE_RSA_WITH_AES_128_GCM_SHA256', 'DHE-RSA-AES128-GCM-SHA256'],
  ['TLS_DHE_RSA_WITH_AES_256_GCM_SHA384', 'DHE-RSA-AES256-GCM-SHA384'],
  ['TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'DHE-RSA-CHACHA20-POLY1305'],
  ['TLS_DHE_RSA_WITH_AES_128_CCM', 'DHE-RSA-AES128-CCM'],
  ['TLS_DHE_RSA_WITH_AES_256_CCM', 'DHE-RSA-AES256-CCM'],
  ['TLS_DHE_RSA_WITH_AES_128_CCM_8', 'DHE-RSA-AES128-CCM8'],
  ['TLS_DHE_RSA_WITH_AES_256_CCM_8', 'DHE-RSA-AES256-CCM8'],
  ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA', 'ECDHE-ECDSA-AES128-SHA'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA', 'ECDHE-ECDSA-AES256-SHA'],
  ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256', 'ECDHE-ECDSA-AES128-SHA256'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384', 'ECDHE-ECDSA-AES256-SHA384'],
  ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', 'ECDHE-RSA-AES128-SHA'],
  ['TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA', 'ECDHE-RSA-AES256-SHA'],
  ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256', 'ECDHE-RSA-AES128-SHA256'],
  ['TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384', 'ECDHE-RSA-AES256-SHA384'],
  ['TLS_DHE_RSA_WITH_AES_128_CBC_SHA', 'DHE-RSA-AES128-SHA'],
  ['TLS_DHE_RSA_WITH_AES_256_CBC_SHA', 'DHE-RSA-AES256-SHA'],
  ['TLS_DHE_RSA_WITH_AES_128_CBC_SHA256', 'DHE-RSA-AES128-SHA256'],
  ['TLS_DHE_RSA_WITH_AES_256_CBC_SHA256', 'DHE-RSA-AES256-SHA256'],
  ['TLS_RSA_WITH_AES_128_GCM_SHA256', 'AES128-GCM-SHA256'],
  ['TLS_RSA_WITH_AES_256_GCM_SHA384', 'AES256-GCM-SHA384'],
  ['TLS_RSA_WITH_AES_128_CBC_SHA', 'AES128-SHA'],
  ['TLS_RSA_WITH_AES_256_CBC_SHA', 'AES256-SHA'],
  ['TLS_RSA_WITH_AES_128_CBC_SHA256', 'AES128-SHA256'],
  ['TLS_RSA_WITH_AES_256_CBC_SHA256', 'AES256-SHA256'],
];

function groupsOf(suite: Tls12CipherSuiteName): readonly (GroupName | undefined)[] {
  if (suite.startsWith('TLS_RSA_')) return [undefined];
  return suite.startsWith('TLS_DHE_')
    ? ['ffdhe2048', 'ffdhe3072']
    : ['x25519', 'secp256r1', 'secp384r1', 'secp521r1', 'x448'];
}

function certificatesOf(suite: Tls12CipherSuiteName): readonly CertificateKind[] {
  return suite.includes('_ECDSA_') ? ['P-256', 'P-384', 'Ed25519'] : ['RSA-2048'];
}

function handshakeCase(role: Case['role'], handshake: Handshake, slow: boolean): Case {
  const { suite, group, certificate } = handshake;
  const title = `TLS 1.2 ${suite} ${group ?? 'key transport'} ${certificate}`;
  return opensslCase(
    role,
    title,
    async (bench) => {
      const seen = await (role === 'client' ? ourClient(bench, handshake) : ourServer(bench, handshake));
      const facts = valueFrom(seen.outcome);
      assert.deepEqual(
        [facts.version, facts.cipherSuite, facts.group, facts.resumed],
        ['TLS 1.2', suite, group, false],
      );
      assertSaid(seen, handshake);
    },
    { slow },
  );
}

function assertSaid({ said }: Seen, { name }: Handshake): void {
  assert.match(said, /Protocol version: TLSv1\.2/);
  assert.match(said, new RegExp(`Ciphersuite: ${name}\n`));
}

async function ourClient(bench: Bench, handshake: Handshake): Promise<Seen> {
  const { suite, name, group, certificate } = handshake;
  const { chainFile, keyFile } = await identityFor(bench, handshake);
  const parameters = group?.startsWith('ffdhe') ? ['-dhparam', await finiteField(bench, group)] : [];
  const ours: Partial<ClientOptions> = {
    versions: ['1.2'],
    cipherSuites: [suite],
    groups: groupsWith(group, certificate),
  };
  return askServer(bench, ours, [
    ...['-cert', chainFile, '-key', keyFile, '-tls1_2', '-cipher', `${name}:@SECLEVEL=0`],
    ...parameters,
  ]);
}

async function ourServer(bench: Bench, handshake: Handshake): Promise<Seen> {
  const { suite, name, group, certificate } = handshake;
  const { credential } = await identityFor(bench, handshake);
  const groups = groupsWith(group, certificate);
  const seen = await answerClient(
    bench,
    { credentials: [credential], versions: ['1.3', '1.2'], cipherSuites: [...TLS13, suite], groups },
    [
      ...['-tls1_2', '-cipher', `${name}:@SECLEVEL=0`],
      ...['-groups', groups.map((one) => opensslNames[one]).join(':')],
    ],
  );
  assert.equal(seen.reply, reversed(LINE));
  return seen;
}

const TLS13 = ['TLS_AES_128_GCM_SHA256'] as const;

/** The group that is to be taken, and the curve of the certificate, which the client has to know, too. */
function groupsWith(group: GroupName | undefined, certificate: CertificateKind): readonly GroupName[] {
  const curve: GroupName = certificate === 'P-384' ? 'secp384r1' : 'secp256r1';
  return [...new Set([group ?? curve, curve])];
}

/** Key transport needs a certificate whose key may encrypt. */
function identityFor({ identities }: Bench, { suite, certificate }: Handshake): Promise<Identity> {
  return suite.startsWith('TLS_RSA_')
    ? identities.issue({ kind: certificate, keyUsage: ['digitalSignature', 'keyEncipherment'] })
    : identities.usual(certificate);
}

/** A server of openssl's takes its finite field from a file. */
async function finiteField({ scope }: Bench, group: string): Promise<string> {
  const file = `${scope.folder}/${group}.pem`;
  await openssl('genpkey', '-genparam', '-algorithm', 'DH', '-pkeyopt', `group:${group}`, '-out', file);
  return file;
}

const only = { versions: ['1.2'] } as const;

const sessions: readonly Case[] = [
  opensslCase('client', 'TLS 1.2 resumption from a ticket', async (bench) => {
    const { first, again, sessions: kept } = await askTwice(bench, { first: only, args: ['-tls1_2'] });
    assertResumed(first, again);
    assert.ok(kept.every((session) => session.ticket.length > 0));
  }),
  opensslCase('client', 'TLS 1.2 resumption by a session id', async (bench) => {
    const args = ['-tls1_2', '-no_ticket'];
    const { first, again, sessions: kept } = await askTwice(bench, { first: only, args });
    assertResumed(first, again);
    assert.ok(kept.every((session) => session.ticket.length === 0));
  }),
  opensslCase('client', 'TLS 1.2 resumption offered beside TLS 1.3', async (bench) => {
    const both = { versions: ['1.3', '1.2'] } as const;
    const { first, again } = await askTwice(bench, { first: both, args: ['-tls1_2'] });
    assertResumed(first, again);
  }),
  opensslCase('server', 'TLS 1.2 resumption from a ticket', async (bench) => {
    const { first, again } = await answerTwice(bench, { first: only, args: ['-tls1_2'] });
    assertResumed(first, again);
  }),
];

function assertResumed(first: Facts, again: Facts): void {
  assert.deepEqual([first.resumed, again.resumed], [false, true]);
  assert.equal(again.version, 'TLS 1.2');
  assert.equal(again.cipherSuite, first.cipherSuite);
  assert.equal(again.group, first.group);
}

const others: readonly Case[] = [
  opensslCase('client', 'both versions offered, the server speaks TLS 1.2 at most', async (bench) => {
    const { outcome } = await askServer(bench, { versions: ['1.3', '1.2'] }, ['-tls1_2']);
    assert.equal(valueFrom(outcome).version, 'TLS 1.2');
  }),
  opensslCase('client', 'TLS 1.2 with a client certificate', async (bench) => {
    const identity = await bench.identities.issue({ name: 'client.example' });
    const args = [
      '-tls1_2',
      '-Verify',
      '2',
      '-verify_return_error',
      '-CAfile',
      bench.identities.authority.file,
    ];
    const { outcome, said } = await askServer(bench, { ...only, credentials: [identity.credential] }, args);
    assert.ok(valueFrom(outcome).ownSignatureScheme !== undefined);
    assert.match(said, /client\.example/);
  }),
  opensslCase('server', 'a second try with TLS 1.2 is refused: inappropriate_fallback', async (bench) => {
    const { credential } = await bench.identities.usual('P-256');
    const both = { credentials: [credential], versions: ['1.3', '1.2'] } as const;
    const { outcome, said } = await answerClient(bench, both, ['-tls1_2', '-fallback_scsv']);
    assert.match(failureOf(outcome).message, /inappropriate-fallback/);
    assert.match(said, /inappropriate fallback/);
  }),
];
