import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { noble } from '../../nocrypto/index.ts';
import { restaple, type Staple } from '../../src/index.ts';
import {
  type Authenticator,
  buildOcspResponse,
  type CertStatus,
  chainOfTrust,
  encodeOcspResponse,
  encodeSctList,
  makeCertId,
  trustAnchor,
} from '../../x509/index.ts';
import { sClient } from '../peers/openssl.ts';
import { alertsOf } from '../peers/openssl-messages.ts';
import type { Bench, Case } from '../support/case.ts';
import { answerLines, answerPeer, askPeer } from '../support/exchange.ts';
import { type Identities, NAME } from '../support/identities.ts';
import { must } from '../support/must.ts';
import { failureOf, listenFor, ourServerConfig, valueFrom } from '../support/ours.ts';
import { askServer, opensslCase } from '../support/with-openssl.ts';

/** OCSP responses stapled to certificates (RFC 9846 §4.5.1.1, RFC 6066 §8). */
export function staplingCases(): readonly Case[] {
  return [
    ...(['1.3', '1.2'] as const).map((version) =>
      opensslCase('client', `stapled OCSP response, required, TLS ${version}`, async (bench) => {
        const response = await responseFor(bench, GOOD);
        const options = { authenticator: strict(bench.identities), versions: [version] };
        const args = ['-status_file', await asFile(bench, response)];
        const { outcome } = await askServer(bench, options, args);
        assert.deepEqual(Buffer.from(valueFrom(outcome).peerOcspResponse ?? []), Buffer.from(response));
      }),
    ),
    opensslCase(
      'client',
      'stapled OCSP response of a revoked certificate: certificate_revoked',
      async (bench) => {
        const response = await responseFor(bench, REVOKED);
        const args = ['-status_file', await asFile(bench, response)];
        const seen = await askServer(bench, { authenticator: strict(bench.identities) }, args);
        assert.match(failureOf(seen.outcome).message, /refused: revoked/);
        assert.deepEqual(alertsOf(seen.messages, 'received'), ['certificate_revoked']);
      },
    ),
    opensslCase('client', 'OCSP response wanted, none stapled', async (bench) => {
      const seen = await askServer(bench, { authenticator: strict(bench.identities) });
      assert.match(failureOf(seen.outcome).message, /refused: revocation-unknown/);
    }),
    opensslCase('server', 'stapled OCSP response', async (bench) => {
      const ocspResponse = await responseFor(bench, GOOD);
      const said = await whatIsStapled(bench, { ocspResponse });
      assert.match(said, /OCSP Response Status: successful \(0x0\)[\s\S]*Cert Status: good/);
    }),
    opensslCase('server', 'OCSP response asked for, none to staple', async (bench) => {
      assert.match(await whatIsStapled(bench, {}), /OCSP response: no response sent/);
    }),
    {
      peer: 'go',
      role: 'client',
      title: 'stapled OCSP response and timestamp',
      run: async (bench) => {
        const { chainFile, keyFile } = await bench.identities.usual('P-256');
        const ocspResponse = await responseFor(bench, GOOD);
        const ours = { authenticator: strict(bench.identities), requestScts: true };
        const { facts } = await askPeer(bench, ours, { chainFile, keyFile, ocspResponse, sct: TIMESTAMP });
        assert.deepEqual(Buffer.from(facts.peerOcspResponse ?? []), Buffer.from(ocspResponse));
        assert.deepEqual(Buffer.from(facts.peerScts ?? []), Buffer.from(TIMESTAMPS));
      },
    },
    {
      peer: 'go',
      role: 'server',
      title: 'stapled OCSP response and timestamp',
      run: async (bench) => {
        const { credential } = await bench.identities.usual('P-256');
        const ocspResponse = await responseFor(bench, GOOD);
        const credentials = [must(restaple(credential, [{ ocspResponse, scts: TIMESTAMPS }]))];
        const { peer } = await answerPeer(bench, { credentials }, {});
        assert.equal(peer.ocspResponse, Buffer.from(ocspResponse).toString('base64'));
        assert.equal(peer.sct, Buffer.from(TIMESTAMP).toString('base64'));
      },
    },
  ];
}

/** Of a version nobody knows, so that nothing about it is verified. */
const TIMESTAMP = Uint8Array.of(9, 8, 7);
const TIMESTAMPS = encodeSctList([{ version: 'unknown', bytes: TIMESTAMP }]);

const HOUR = 3_600_000;
const GOOD: CertStatus = { kind: 'good' };
const REVOKED: CertStatus = {
  kind: 'revoked',
  revocationTime: Date.now() - HOUR,
  revocationReason: 'keyCompromise',
};

function strict({ authority }: Identities): Authenticator {
  return chainOfTrust({
    anchors: [trustAnchor(authority.signer.certificate)],
    revocation: { policy: 'require' },
  });
}

/** What the authority says of the usual certificate. */
async function responseFor({ identities }: Bench, certStatus: CertStatus): Promise<Uint8Array> {
  const { signer } = identities.authority;
  const { credential } = await identities.usual('P-256');
  const thisUpdate = Date.now() - 1000;
  const answer = {
    certID: makeCertId(noble, credential.leaf, signer.certificate),
    certStatus,
    thisUpdate,
    nextUpdate: thisUpdate + HOUR,
  };
  const options = { crypto: noble, entropy: randomBytes(32), signer, certs: [] };
  return encodeOcspResponse(
    must(buildOcspResponse({ ...options, producedAt: thisUpdate, responses: [answer] })),
  );
}

/** What an s_client that asks says of our server's OCSP response. */
async function whatIsStapled({ scope, identities }: Bench, staple: Staple): Promise<string> {
  const { credential } = await identities.usual('P-256');
  const config = ourServerConfig({ credentials: [must(restaple(credential, [staple]))] });
  const { port, outcome } = await listenFor(scope, config, answerLines);
  const { child } = sClient(scope, port, [
    '-status',
    '-CAfile',
    identities.authority.file,
    '-servername',
    NAME,
  ]);
  await child.printed(/Verify return code/);
  child.end();
  valueFrom(await outcome);
  return child.output();
}

async function asFile({ identities }: Bench, der: Uint8Array): Promise<string> {
  const file = identities.path('ocsp.der');
  await writeFile(file, der);
  return file;
}
