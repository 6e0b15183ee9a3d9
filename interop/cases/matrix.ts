import assert from 'node:assert/strict';
import type { GroupName } from '../../nocrypto/index.ts';
import type { CipherSuiteName, SignatureSchemeName } from '../../src/index.ts';
import type { PeerName } from '../peers/peer.ts';
import type { Bench, Case } from '../support/case.ts';
import { answerPeer, askPeer, type Exchange } from '../support/exchange.ts';
import {
  type CertificateKind,
  certificateKinds,
  NAME,
  rareCertificateKinds,
  usualScheme,
} from '../support/identities.ts';

/**
 * Every suite with every classical group and every certificate, straight and after a HelloRetryRequest; the hybrid; what
 * only GnuTLS has beside us.
 */
export function matrixCases(): readonly Case[] {
  const everything = suites.flatMap((suite) =>
    classicalGroups.flatMap((group) =>
      certificateKinds.flatMap((certificate) =>
        [false, true].map((retry): Handshake => ({ suite, group, certificate, retry })),
      ),
    ),
  );
  return roles.flatMap((role) => [
    ...everything.map((handshake) => handshakeCase('openssl', role, handshake, !isIn(sample, handshake))),
    ...[hybrid(false), hybrid(true)].map((handshake) => handshakeCase('openssl', role, handshake)),
    ...(['go', 'node', 'rustls'] as const).flatMap((peer) =>
      [...sample, hybrid(false), hybrid(true)]
        .filter((handshake) => isPossible(peer, role, handshake))
        .map((handshake) => handshakeCase(peer, role, handshake)),
    ),
    ...[...sample, ...rareSample].map((handshake) => handshakeCase('gnutls', role, handshake)),
  ]);
}

interface Handshake {
  readonly suite: CipherSuiteName;
  readonly group: GroupName;
  readonly certificate: CertificateKind;
  /** Whether the client's first key share is for another group, so that the server has to ask again. */
  readonly retry: boolean;
}

const suites: readonly CipherSuiteName[] = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
];
const classicalGroups: readonly GroupName[] = ['x25519', 'secp256r1', 'secp384r1'];
const roles = ['client', 'server'] as const;

/** Every suite, group and certificate at least once with and once without a retry. */
const sample: readonly Handshake[] = [0, 1, 2, 3].flatMap((i) =>
  [false, true].map((retry) => ({
    suite: pick(suites, i + (retry ? 1 : 0)),
    group: pick(classicalGroups, i + (retry ? 1 : 0)),
    certificate: pick(certificateKinds, i + (retry ? 2 : 0)),
    retry,
  })),
);

const rareSuites: readonly CipherSuiteName[] = ['TLS_AES_128_CCM_SHA256', 'TLS_AES_128_CCM_8_SHA256'];
const rareGroups: readonly GroupName[] = ['secp521r1', 'x448', 'ffdhe2048', 'ffdhe3072'];

/** The same with what is not on by default, at this end or at the other. */
const rareSample: readonly Handshake[] = rareGroups.flatMap((group, i) =>
  [false, true].map((retry) => ({
    suite: pick(rareSuites, i + (retry ? 1 : 0)),
    group,
    certificate: pick(rareCertificateKinds, (i >> 1) + (retry ? 1 : 0)),
    retry,
  })),
);

function hybrid(retry: boolean): Handshake {
  return { suite: 'TLS_AES_128_GCM_SHA256', group: 'X25519MLKEM768', certificate: 'P-256', retry };
}

/** A client of Go's orders its groups itself, these two first: it has sent a share for them and is not asked again. */
function isPossible(peer: PeerName, role: Case['role'], { group, retry }: Handshake): boolean {
  // The peer made of rustls does not tell which certificate it was shown.
  if (peer === 'rustls' && role === 'server') return false;
  return !(peer === 'go' && role === 'server' && retry && (group === 'X25519MLKEM768' || group === 'x25519'));
}

function handshakeCase(peer: PeerName, role: Case['role'], handshake: Handshake, slow = false): Case {
  const { suite, group, certificate, retry } = handshake;
  return {
    peer,
    role,
    title: `${suite} ${group} ${certificate}${retry ? ' HRR' : ''}`,
    needs: group,
    slow,
    run: async (bench) => {
      const exchange = await (role === 'client' ? ourClient(bench, handshake) : ourServer(bench, handshake));
      assertNegotiated(exchange, role, handshake);
    },
  };
}

async function ourClient(bench: Bench, { suite, group, certificate, retry }: Handshake): Promise<Exchange> {
  const { chainFile, keyFile } = await bench.identities.usual(certificate);
  return askPeer(
    bench,
    {
      cipherSuites: [suite],
      groups: retry ? [other(group), group] : [group],
      keyShares: [retry ? other(group) : group],
      signatureSchemes: schemesFor(certificate),
    },
    { chainFile, keyFile, cipherSuites: [suite], groups: [group] },
  );
}

async function ourServer(bench: Bench, { suite, group, certificate, retry }: Handshake): Promise<Exchange> {
  const { credential } = await bench.identities.usual(certificate);
  return answerPeer(
    bench,
    {
      credentials: [credential],
      cipherSuites: [suite],
      groups: [group],
      signatureSchemes: schemesFor(certificate),
    },
    { cipherSuites: [suite], groups: retry ? [other(group), group] : [group] },
  );
}

function assertNegotiated(
  { facts, peer }: Exchange,
  role: Case['role'],
  { suite, group, certificate, retry }: Handshake,
): void {
  const { cipherSuite, helloRetryRequest, serverName } = facts;
  const scheme = role === 'client' ? facts.peerSignatureScheme : facts.ownSignatureScheme;
  assert.deepEqual(
    { role: facts.role, cipherSuite, group: facts.group, helloRetryRequest, serverName, scheme },
    {
      role,
      cipherSuite: suite,
      group,
      helloRetryRequest: retry,
      serverName: NAME,
      scheme: usualScheme[certificate],
    },
  );
  const expected = {
    cipherSuite: suite,
    group,
    helloRetryRequest: retry,
    applicationProtocol: '',
    resumed: false,
    encryptedClientHello: false,
    ocspResponse: null,
    sct: null,
  };
  const { fingerprint, exported, ...seen } = told(peer);
  assert.deepEqual({ ...expected, ...seen }, expected);
}

/** What the peer told, without what it left out. */
function told(facts: Exchange['peer']): Exchange['peer'] {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}

/** The authority signs with P-256. */
function schemesFor(certificate: CertificateKind): readonly SignatureSchemeName[] {
  return [...new Set([usualScheme[certificate], usualScheme['P-256']])];
}

function other(group: GroupName): GroupName {
  return group === 'x25519' ? 'secp256r1' : 'x25519';
}

function pick<T>(list: readonly T[], index: number): T {
  const item = list[index % list.length];
  if (item === undefined) throw new RangeError('an empty list');
  return item;
}

function isIn(list: readonly Handshake[], handshake: Handshake): boolean {
  return list.some(
    ({ suite, group, certificate, retry }) =>
      suite === handshake.suite &&
      group === handshake.group &&
      certificate === handshake.certificate &&
      retry === handshake.retry,
  );
}
