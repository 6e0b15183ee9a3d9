import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { noble } from '../../nocrypto/index.ts';
import { credential, type SignatureSchemeName } from '../../src/index.ts';
import { chainOfTrust, decodePem, decodePrivateKey, trustAnchorsFromPem } from '../../x509/index.ts';
import { openssl } from '../peers/openssl.ts';
import { reversed } from '../peers/peer.ts';
import type { Case } from '../support/case.ts';
import { LINE } from '../support/exchange.ts';
import { type Identities, NAME } from '../support/identities.ts';
import { must } from '../support/must.ts';
import { valueFrom } from '../support/ours.ts';
import { answerClient, askServer, opensslCase } from '../support/with-openssl.ts';

/** Keys, certificates and their files made by openssl, read and validated by us. */
export function foreignCertificateCases(): readonly Case[] {
  return rows.flatMap((row) => [
    opensslCase('client', `certificate made by openssl: ${row.what}`, async (bench) => {
      const made = await make(bench.identities, row);
      const anchors = must(trustAnchorsFromPem(await readFile(made.rootFile, 'utf8')));
      const ours = { authenticator: chainOfTrust({ anchors }) };
      const { outcome } = await askServer(bench, ours, ['-cert', made.chainFile, '-key', made.keyFile]);
      assert.equal(valueFrom(outcome).peerSignatureScheme, row.scheme);
    }),
    opensslCase('server', `certificate and key file made by openssl: ${row.what}`, async (bench) => {
      const made = await make(bench.identities, row);
      const chain = must(decodePem(await readFile(made.chainFile, 'utf8'))).map(({ bytes }) => bytes);
      const key = must(decodePrivateKey(noble, await readFile(made.keyFile, 'utf8')));
      const ours = { credentials: [must(credential(noble, chain, { kind: 'private', key }))] };
      const { outcome, reply } = await answerClient(bench, ours, ['-CAfile', made.rootFile]);
      assert.equal(valueFrom(outcome).ownSignatureScheme, row.scheme);
      assert.equal(reply, reversed(LINE));
    }),
  ]);
}

interface Row {
  readonly what: string;
  /** Arguments of `openssl genpkey`, for the root's and the server's key. */
  readonly root: readonly string[];
  readonly leaf: readonly string[];
  /** The command that writes the key once more in its older form, if any. */
  readonly rewrite?: readonly string[];
  /** Arguments for signing. */
  readonly signing?: readonly string[];
  readonly scheme: SignatureSchemeName;
}

const P256 = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'];
const P384 = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'];
const RSA = ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'];
const RSA_PSS = ['-algorithm', 'RSA-PSS', '-pkeyopt', 'rsa_keygen_bits:2048'];
const ED25519 = ['-algorithm', 'ED25519'];

const rows: readonly Row[] = [
  { what: 'P-256 in SEC 1', root: P256, leaf: P256, rewrite: ['ec'], scheme: 'ecdsa_secp256r1_sha256' },
  {
    what: 'P-384 in PKCS #8',
    root: P384,
    leaf: P384,
    signing: ['-sha384'],
    scheme: 'ecdsa_secp384r1_sha384',
  },
  {
    what: 'RSA in PKCS #1',
    root: RSA,
    leaf: RSA,
    rewrite: ['rsa', '-traditional'],
    scheme: 'rsa_pss_rsae_sha256',
  },
  {
    what: 'RSA under a PSS signature',
    root: RSA,
    leaf: RSA,
    signing: ['-sha384', '-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest'],
    scheme: 'rsa_pss_rsae_sha256',
  },
  { what: 'RSA key for PSS only', root: P256, leaf: RSA_PSS, scheme: 'rsa_pss_pss_sha256' },
  { what: 'Ed25519', root: ED25519, leaf: ED25519, scheme: 'ed25519' },
];

const CONFIG = `[req]
distinguished_name = empty
[empty]
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[leaf]
subjectAltName = DNS:${NAME}
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
`;

interface Files {
  readonly rootFile: string;
  readonly chainFile: string;
  readonly keyFile: string;
}

async function make({ path, write }: Identities, row: Row): Promise<Files> {
  const config = await write('openssl.cnf', CONFIG);
  const signing = row.signing ?? [];

  const rootKey = path('root-key.pem');
  const rootFile = path('root.pem');
  await openssl('genpkey', ...row.root, '-out', rootKey);
  await openssl(
    ...['req', '-x509', '-new', '-key', rootKey, '-subj', '/CN=Foreign Root', '-days', '2'],
    ...['-config', config, '-extensions', 'root', '-out', rootFile, ...signing],
  );

  const newKey = path('key.pem');
  const request = path('request.pem');
  const chainFile = path('chain.pem');
  await openssl('genpkey', ...row.leaf, '-out', newKey);
  await openssl('req', '-new', '-key', newKey, '-subj', `/CN=${NAME}`, '-config', config, '-out', request);
  await openssl(
    ...['x509', '-req', '-in', request, '-CA', rootFile, '-CAkey', rootKey, '-days', '1', '-CAcreateserial'],
    ...['-extfile', config, '-extensions', 'leaf', '-out', chainFile, ...signing],
  );
  if (row.rewrite === undefined) return { rootFile, chainFile, keyFile: newKey };

  const keyFile = path('old-key.pem');
  await openssl(...row.rewrite, '-in', newKey, '-out', keyFile);
  return { rootFile, chainFile, keyFile };
}
