import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { noble } from '../../nocrypto/index.ts';
import { type RawKeyCredential, rawKeyCredential, type Session } from '../../src/index.ts';
import { encodePem, pinnedRawKey } from '../../x509/index.ts';
import { gnutlsServer, priority } from '../peers/gnutls.ts';
import { reversed } from '../peers/peer.ts';
import type { Bench, Case } from '../support/case.ts';
import { askLineOf, LINE } from '../support/exchange.ts';
import { certificateKinds, usualScheme } from '../support/identities.ts';
import { must } from '../support/must.ts';
import { connectTo, failureOf, ourClientConfig, valueFrom } from '../support/ours.ts';
import { answerGnutls, askGnutls, gnutlsCase } from '../support/with-gnutls.ts';

/** Keys in place of certificates (RFC 7250), against GnuTLS: at the server, at the client, at both. */
export function rawKeyCases(): readonly Case[] {
  return [...byKind, ...choices, ...refusals, resumption];
}

/** GnuTLS offers and accepts raw keys beside certificates, or alone. */
const EITHER = ['--priority', priority('+CTYPE-SRV-RAWPK', '+CTYPE-CLI-RAWPK')];
const RAW_ONLY = ['--priority', priority('-CTYPE-ALL', '+CTYPE-RAWPK')];

const byKind: readonly Case[] = certificateKinds.flatMap((kind) => [
  gnutlsCase('client', `raw keys of both, ${kind}`, async (bench) => {
    const theirs = await rawKey(bench, kind);
    const ours = await rawKey(bench, 'P-256');
    const args = [...theirs.args, ...RAW_ONLY, '--require-client-cert'];
    const { outcome, said } = await askGnutls(bench, { ...knowing(theirs), credentials: [ours.own] }, args);
    const facts = valueFrom(outcome);
    assert.deepEqual(facts.peerRawKey?.der, theirs.own.rawKey.der);
    assert.deepEqual([facts.peerSignatureScheme, facts.peer], [usualScheme[kind], undefined]);
    assertShown(said, ours.own);
  }),
  gnutlsCase('server', `raw keys of both, ${kind}`, async (bench) => {
    const theirs = await rawKey(bench, kind);
    const ours = await rawKey(bench, 'P-256');
    const clientAuthentication = { ...knowing(theirs), required: true };
    const args = [...theirs.args, ...RAW_ONLY, '--insecure', '--disable-sni'];
    const { outcome, said, reply } = await answerGnutls(
      bench,
      { credentials: [ours.own], clientAuthentication },
      args,
    );
    const facts = valueFrom(outcome);
    assert.deepEqual(facts.peerRawKey?.der, theirs.own.rawKey.der);
    assert.equal(facts.peerSignatureScheme, usualScheme[kind]);
    assertShown(said, ours.own);
    assert.equal(reply, reversed(LINE));
  }),
]);

const choices: readonly Case[] = [
  gnutlsCase('client', 'raw key of the server, certificate of the client', async (bench) => {
    const theirs = await rawKey(bench, 'P-256');
    const { credential } = await bench.identities.issue({ name: 'client.example' });
    const trusting = ['--require-client-cert', '--verify-client-cert'];
    const args = [...theirs.args, ...EITHER, ...trusting, '--x509cafile', bench.identities.authority.file];
    const { outcome, said } = await askGnutls(bench, { ...knowing(theirs), credentials: [credential] }, args);
    const facts = valueFrom(outcome);
    assert.deepEqual([facts.peerRawKey?.der, facts.ownCertificate], [theirs.own.rawKey.der, credential.leaf]);
    assert.match(said, /The certificate is trusted/);
  }),
  gnutlsCase('client', 'certificate of the server, raw key of the client', async (bench) => {
    const ours = await rawKey(bench, 'Ed25519');
    const args = [...EITHER, '--require-client-cert'];
    const { outcome, said } = await askGnutls(bench, { credentials: [ours.own] }, args);
    const facts = valueFrom(outcome);
    assert.deepEqual([facts.ownRawKey, facts.peerRawKey], [ours.own.rawKey, undefined]);
    assert.ok(facts.peer !== undefined);
    assertShown(said, ours.own);
  }),
  gnutlsCase('client', 'raw keys offered to a server that has certificates only', async (bench) => {
    const unheardOf = await rawKey(bench, 'P-256');
    const { rawKeyAuthenticator } = knowing(unheardOf);
    const facts = valueFrom((await askGnutls(bench, { rawKeyAuthenticator })).outcome);
    assert.deepEqual([facts.peerRawKey, facts.peer === undefined], [undefined, false]);
  }),
  gnutlsCase('server', 'certificate for a client that accepts both and prefers it', async (bench) => {
    const { credential } = await bench.identities.usual('P-256');
    const raw = await rawKey(bench, 'P-256');
    const { outcome } = await answerGnutls(bench, { credentials: [credential, raw.own] }, EITHER);
    assert.deepEqual(valueFrom(outcome).ownCertificate, credential.leaf);
  }),
  gnutlsCase('server', 'raw key for a client that accepts nothing else', async (bench) => {
    const { credential } = await bench.identities.usual('P-256');
    const raw = await rawKey(bench, 'P-256');
    const args = [...RAW_ONLY, '--insecure'];
    const { outcome, said } = await answerGnutls(bench, { credentials: [credential, raw.own] }, args);
    assert.deepEqual(valueFrom(outcome).ownRawKey, raw.own.rawKey);
    assertShown(said, raw.own);
  }),
];

const refusals: readonly Case[] = [
  gnutlsCase(
    'client',
    'a raw key that is not the pinned one: we refuse with bad_certificate',
    async (bench) => {
      const theirs = await rawKey(bench, 'P-256');
      const other = await rawKey(bench, 'P-256');
      const { outcome } = await askGnutls(bench, knowing(other), [...theirs.args, ...RAW_ONLY]);
      assert.equal(failureOf(outcome).alert, 'bad_certificate');
      assert.match(failureOf(outcome).message, /not-pinned/);
    },
  ),
  gnutlsCase('server', 'raw keys wanted, certificates had: unsupported_certificate', async (bench) => {
    const { credential } = await bench.identities.usual('P-256');
    const seen = await answerGnutls(bench, { credentials: [credential] }, [...RAW_ONLY, '--insecure']);
    assert.equal(failureOf(seen.outcome).alert, 'unsupported_certificate');
    assert.match(seen.said, /[Uu]nsupported certificate|\[43\]/);
  }),
];

const resumption: Case = gnutlsCase('client', 'raw key of the server, resumed', async (bench) => {
  const theirs = await rawKey(bench, 'P-256');
  const { scope, identities, peer } = bench;
  const { port } = await gnutlsServer(scope, [...theirs.args, ...RAW_ONLY]);
  const config = ourClientConfig(identities, knowing(theirs));
  const sessions: Session[] = [];
  const onTicket = (session: Session) => void sessions.push(session);
  valueFrom(await connectTo(scope, port, config, askLineOf(peer), { onTicket }));
  const again = valueFrom(await connectTo(scope, port, config, askLineOf(peer), { sessions }));
  assert.deepEqual([again.resumed, again.peerRawKey?.der], [true, theirs.own.rawKey.der]);
});

interface RawKey {
  readonly own: RawKeyCredential;
  /** Arguments of GnuTLS's tools. */
  readonly args: readonly string[];
}

/** A new key, as ours and as files. */
async function rawKey({ identities }: Bench, kind: (typeof certificateKinds)[number]): Promise<RawKey> {
  const { key, keyFile } = await identities.issue({ kind });
  const own = must(rawKeyCredential(noble, key));
  const file = await identities.write('public.pem', encodePem('PUBLIC KEY', own.rawKey.der));
  return { own, args: ['--rawpkkeyfile', keyFile, '--rawpkfile', file] };
}

function knowing({ own }: RawKey) {
  return { authenticator: undefined, rawKeyAuthenticator: pinnedRawKey([sha256(own.rawKey.der)]) };
}

/** GnuTLS prints the key that it was shown, as PEM. */
function assertShown(said: string, { rawKey: { der } }: RawKeyCredential): void {
  assert.ok(said.replaceAll('\n', '').includes(Buffer.from(der).toString('base64')), said);
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
