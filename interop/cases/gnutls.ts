import assert from 'node:assert/strict';
import { gnutlsClient } from '../peers/gnutls.ts';
import { reversed } from '../peers/peer.ts';
import type { Case } from '../support/case.ts';
import { answerLines, LINE } from '../support/exchange.ts';
import { NAME } from '../support/identities.ts';
import { failureOf, listenFor, ourServerConfig, valueFrom } from '../support/ours.ts';
import { answerGnutls, askGnutls, gnutlsCase } from '../support/with-gnutls.ts';

/** What GnuTLS's tools can show beside the cases that all peers have. */
export function gnutlsCases(): readonly Case[] {
  return [...names, ...keyUpdates, ...refusals];
}

const OTHER_NAME = 'other.example';

const names: readonly Case[] = [
  gnutlsCase('client', 'SNI is what GnuTLS reads', async (bench) => {
    const { outcome, said } = await askGnutls(bench, {});
    assert.equal(valueFrom(outcome).serverName, NAME);
    assert.match(said, new RegExp(`^- Given server name\\[1\\]: ${NAME}$`, 'm'));
  }),
  gnutlsCase('client', 'SNI unknown to a strict server: it refuses', async (bench) => {
    const args = ['--sni-hostname', OTHER_NAME, '--sni-hostname-fatal'];
    const { outcome } = await askGnutls(bench, {}, args);
    assert.equal(failureOf(outcome).alert, 'unrecognized_name');
  }),
  gnutlsCase('server', 'SNI chooses between two certificates', async (bench) => {
    const usual = await bench.identities.usual('P-256');
    const other = await bench.identities.issue({ name: OTHER_NAME });
    const ours = { credentials: [usual.credential, other.credential] };
    const args = ['--sni-hostname', OTHER_NAME, '--verify-hostname', OTHER_NAME];
    const { outcome, reply } = await answerGnutls(bench, ours, args);
    assert.deepEqual(valueFrom(outcome).ownCertificate?.der, other.credential.leaf.der);
    assert.equal(reply, reversed(LINE));
  }),
  gnutlsCase('server', 'no SNI', async (bench) => {
    const { credential } = await bench.identities.usual('P-256');
    const { outcome, reply } = await answerGnutls(bench, { credentials: [credential] }, ['--disable-sni']);
    assert.equal(valueFrom(outcome).serverName, undefined);
    assert.equal(reply, reversed(LINE));
  }),
];

const keyUpdates: readonly Case[] = (
  [
    ['^rekey1^', "GnuTLS's keys", 1],
    ['^rekey^', 'the keys of both', 2],
  ] as const
).map(([command, whose, sent]) =>
  gnutlsCase('server', `KeyUpdate by GnuTLS, ${whose}`, async ({ scope, identities }) => {
    const { credential } = await identities.usual('P-256');
    const config = ourServerConfig({ credentials: [credential] });
    const { port, outcome } = await listenFor(scope, config, answerLines);
    const trusting = ['--x509cafile', identities.authority.file, '--verify-hostname', NAME];
    const child = gnutlsClient(scope, port, [...trusting, '--inline-commands']);
    await child.printed(/Simple Client Mode/);
    await child.write(`${command}\n`);
    await child.printed(/- Rekey was completed/);
    await child.write(`${LINE}\n`);
    await child.printed(new RegExp(reversed(LINE)));
    child.end();
    const ended = await outcome;
    valueFrom(ended);
    const renewed = (direction: 'received' | 'sent') =>
      ended.events.filter(
        (event) => event.kind === 'keys' && event.direction === direction && event.epoch === 'application',
      ).length;
    assert.deepEqual([renewed('received'), renewed('sent')], [2, sent]);
  }),
);

const refusals: readonly Case[] = [
  gnutlsCase('server', 'a certificate of an unknown CA: GnuTLS refuses', async (bench) => {
    const authority = await bench.identities.makeAuthority('Unknown Root');
    const { credential } = await bench.identities.issue({ authority });
    const { outcome, said } = await answerGnutls(bench, { credentials: [credential] });
    assert.equal(failureOf(outcome).failure.kind, 'peerAlert');
    assert.match(said, /The certificate issuer is unknown/);
  }),
  gnutlsCase('client', 'no common group: GnuTLS refuses with handshake_failure', async (bench) => {
    const args = ['--priority', 'NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-FFDHE2048'];
    const { outcome } = await askGnutls(bench, { groups: ['x25519'], keyShares: ['x25519'] }, args);
    assert.equal(failureOf(outcome).alert, 'handshake_failure');
  }),
];
