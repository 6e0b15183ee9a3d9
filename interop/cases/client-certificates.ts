import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { TlsConnection, WrapOptions } from '../../src/flow/index.ts';
import type { AlertName, ClientAuthentication, ClientOptions, Facts } from '../../src/index.ts';
import { encodePem, encodePrivateKey } from '../../x509/index.ts';
import { alertsOf, namesAuthorities } from '../peers/openssl-messages.ts';
import { reversed } from '../peers/peer.ts';
import type { Bench, Case } from '../support/case.ts';
import { answerPeer, askPeer, LINE, type ServerOptionsOfCase } from '../support/exchange.ts';
import { externalCredential, signWith } from '../support/external-signer.ts';
import { certificateKinds, type Identity, type Issue, usualScheme } from '../support/identities.ts';
import { failureOf, type Use, valueFrom } from '../support/ours.ts';
import { answerClient, askServer, opensslCase, type Seen } from '../support/with-openssl.ts';

/** Clients that show who they are: every kind of key, who is let in without, who is refused and with which alert. */
export function clientCertificateCases(): readonly Case[] {
  return [...shownByUs, ...shownByOpenssl, ...refused, ...withOthers];
}

const CLIENT = 'client.example';
const HOUR = 3_600_000;
/** RFC 5280 §4.2.1.12 */
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

const shownByUs: readonly Case[] = [
  ...certificateKinds.map((kind) =>
    opensslCase('client', `client certificate, ${kind}`, async (bench) => {
      const { credential } = await clientIdentity(bench, { kind });
      const { outcome, said } = await askStrictServer(bench, { credentials: [credential] });
      const facts = valueFrom(outcome);
      assert.equal(facts.ownSignatureScheme, usualScheme[kind]);
      assert.deepEqual(facts.ownCertificate?.der, credential.leaf.der);
      assert.match(said, new RegExp(`Peer certificate: CN = ${kind} for ${CLIENT}`));
    }),
  ),
  opensslCase('client', 'client certificate through an intermediate, after HRR', async (bench) => {
    const { credential } = await clientIdentity(bench, { intermediate: true });
    const ours = { credentials: [credential], keyShares: ['x25519'] } as const;
    const { outcome, said } = await askStrictServer(bench, ours, ['-groups', 'P-256']);
    assert.equal(valueFrom(outcome).helloRetryRequest, true);
    assert.match(said, /Peer certificate: CN = /);
  }),
  opensslCase('client', 'client certificate, its key elsewhere and slow', async (bench) => {
    const identity = await clientIdentity(bench, { kind: 'P-384' });
    const ours = { credentials: [externalCredential(identity, 'card')] };
    const answer: WrapOptions['answer'] = async (request) => {
      await setTimeout(100);
      return signWith(identity)(request);
    };
    const { outcome } = await askStrictServer(bench, ours, [], { answer });
    assert.equal(valueFrom(outcome).ownSignatureScheme, 'ecdsa_secp384r1_sha384');
  }),
  opensslCase('client', 'client certificate chosen by what the server says', async (bench) => {
    const identity = await clientIdentity(bench, {});
    const { signer } = bench.identities.authority;
    const answer: WrapOptions['answer'] = async (request) => {
      assert.ok(request.kind === 'clientCredential');
      const { certificateAuthorities, signatureSchemes } = request.certificateRequest;
      assert.deepEqual(certificateAuthorities, [signer.certificate.subject.raw]);
      assert.deepEqual(signatureSchemes, ['ecdsa_secp256r1_sha256', 'ed25519']);
      return { kind: 'clientCredential', credential: identity.credential };
    };
    const args = ['-client_sigalgs', 'ecdsa_secp256r1_sha256:ed25519'];
    const { outcome } = await askStrictServer(bench, { credentials: 'ask' }, args, { answer });
    assert.deepEqual(valueFrom(outcome).ownCertificate?.der, identity.credential.leaf.der);
  }),
  opensslCase('client', 'client certificate that the server can verify, out of two', async (bench) => {
    const first = await clientIdentity(bench, { kind: 'Ed25519' });
    const second = await clientIdentity(bench, { kind: 'P-384' });
    const ours = { credentials: [first.credential, second.credential] };
    const { outcome } = await askStrictServer(bench, ours, ['-client_sigalgs', 'ecdsa_secp384r1_sha384']);
    assert.equal(valueFrom(outcome).ownSignatureScheme, 'ecdsa_secp384r1_sha384');
  }),
  opensslCase('client', 'client certificate asked for and none to show', async (bench) => {
    const { outcome, said } = await askServer(bench, {}, ['-verify', '2']);
    assert.equal(valueFrom(outcome).ownCertificate, undefined);
    assert.doesNotMatch(said, /Peer certificate/);
  }),
  opensslCase('client', 'client certificate kept back from a server that does not ask', async (bench) => {
    const { credential } = await clientIdentity(bench, {});
    const { outcome } = await askServer(bench, { credentials: [credential] });
    assert.equal(valueFrom(outcome).ownCertificate, undefined);
  }),
];

const shownByOpenssl: readonly Case[] = [
  ...certificateKinds.map((kind) =>
    opensslCase('server', `client certificate, ${kind}`, async (bench) => {
      const identity = await clientIdentity(bench, { kind });
      const { outcome, reply } = await answerStranger(bench, {}, showing(identity));
      const facts = valueFrom(outcome);
      assert.equal(facts.peerSignatureScheme, usualScheme[kind]);
      assert.deepEqual(facts.peer?.leaf.der, identity.credential.leaf.der);
      assert.equal(reply, reversed(LINE));
    }),
  ),
  opensslCase('server', 'client certificate through an intermediate, after HRR', async (bench) => {
    const identity = await clientIdentity(bench, { intermediate: true });
    const others = identity.chain.slice(1).map(({ der }) => encodePem('CERTIFICATE', der));
    const rest = await bench.identities.write('intermediate.pem', others.join(''));
    const args = [...showing(identity), '-cert_chain', rest, '-groups', 'X25519:P-256'];
    const { outcome } = await answerStranger(bench, {}, args, { groups: ['secp256r1'] });
    const facts = valueFrom(outcome);
    assert.equal(facts.helloRetryRequest, true);
    assert.equal(facts.peer?.path.length, 2);
  }),
  opensslCase('server', 'client certificate asked for, none shown and none required', async (bench) => {
    const { outcome, reply } = await answerStranger(bench, { required: false }, []);
    const facts = valueFrom(outcome);
    assert.deepEqual([facts.peer, facts.peerSignatureScheme], [undefined, undefined]);
    assert.equal(reply, reversed(LINE));
  }),
  opensslCase('server', 'client certificate of the authorities named', async (bench) => {
    const identity = await clientIdentity(bench, {});
    const other = await bench.identities.makeAuthority('Another Root');
    const names = [bench.identities.authority, other].map(({ signer }) => signer.certificate.subject.raw);
    const seen = await answerStranger(bench, { certificateAuthorities: names }, showing(identity));
    assert.deepEqual(valueFrom(seen.outcome).peer?.leaf.der, identity.credential.leaf.der);
    assert.ok(namesAuthorities(seen.messages, names));
  }),
  opensslCase('server', 'client certificate judged by request, slowly', async (bench) => {
    const identity = await clientIdentity(bench, {});
    const answer: WrapOptions['answer'] = async (request) => {
      assert.ok(request.kind === 'verdict' && request.presented.purpose === 'clientAuth');
      await setTimeout(100);
      return { kind: 'verdict', verdict: bench.identities.authority.authenticator(request.presented) };
    };
    const seen = await answerStranger(bench, { authenticator: 'ask' }, showing(identity), {}, { answer });
    assert.deepEqual(valueFrom(seen.outcome).peer?.leaf.der, identity.credential.leaf.der);
    assert.equal(seen.reply, reversed(LINE));
  }),
  opensslCase('server', 'client certificate without a verdict: certificate_unknown', async (bench) => {
    const answer: WrapOptions['answer'] = async () => ({ kind: 'refusal', reason: 'the directory is down' });
    const args = showing(await clientIdentity(bench, {}));
    const seen = await answerStranger(bench, { authenticator: 'ask' }, args, {}, { answer });
    assert.match(failureOf(seen.outcome).message, /verdict-refused.*the directory is down/);
    assert.deepEqual(alertsOf(seen.messages, 'received'), ['certificate_unknown']);
  }),
];

/** Clients that nobody should let in. */
const unwelcome: readonly {
  readonly what: string;
  /** Undefined: it shows no certificate. */
  readonly issue: ((bench: Bench) => Promise<Issue>) | undefined;
  readonly alert: AlertName;
  readonly ourWords: RegExp;
}[] = [
  {
    what: 'no client certificate where one is required',
    issue: undefined,
    alert: 'certificate_required',
    ourWords: /no-client-certificate/,
  },
  {
    what: 'a client certificate of an unknown CA',
    issue: async ({ identities }) => ({ authority: await identities.makeAuthority('Unknown Root') }),
    alert: 'unknown_ca',
    ourWords: /: unknown-issuer: /,
  },
  {
    what: 'a client certificate that is for servers',
    issue: async () => ({ extKeyUsage: [SERVER_AUTH] }),
    alert: 'unsupported_certificate',
    ourWords: /: wrong-extended-key-usage: /,
  },
  {
    what: 'an expired client certificate',
    issue: async () => ({ validity: { notBefore: Date.now() - 2 * HOUR, notAfter: Date.now() - HOUR } }),
    alert: 'certificate_expired',
    ourWords: /: expired: /,
  },
];

const refused: readonly Case[] = [
  ...unwelcome.flatMap(({ what, issue, alert, ourWords }) => [
    opensslCase('client', `${what}: openssl refuses with ${alert}`, async (bench) => {
      const identity = issue && (await clientIdentity(bench, await issue(bench)));
      await assertTheyRefuse(bench, { credentials: identity ? [identity.credential] : [] }, alert);
    }),
    opensslCase('server', `${what}: we refuse with ${alert}`, async (bench) => {
      const identity = issue && (await clientIdentity(bench, await issue(bench)));
      await assertWeRefuse(bench, identity ? showing(identity) : [], alert, ourWords);
    }),
  ]),
  opensslCase('server', "a client that has not its certificate's key: decrypt_error", async (bench) => {
    const identity = await clientIdentity(bench, {});
    const stranger = await clientIdentity(bench, {});
    // A key file whose public half is the certificate's: openssl compares only that before it signs with the other.
    const lie = { ...stranger.key, public: identity.key.public };
    const keyFile = await bench.identities.write('lie.pem', encodePem('PRIVATE KEY', encodePrivateKey(lie)));
    await assertWeRefuse(bench, showing({ ...identity, keyFile }), 'decrypt_error', /bad-signature/);
  }),
];

const withOthers: readonly Case[] = (['go', 'node', 'gnutls'] as const).flatMap((peer): readonly Case[] =>
  (['P-256', 'RSA-2048', 'Ed25519'] as const).flatMap((kind) => [
    {
      peer,
      role: 'client',
      title: `client certificate, ${kind}`,
      run: async (bench) => {
        const { chainFile, keyFile } = await bench.identities.usual('P-256');
        const { credential } = await clientIdentity(bench, { kind });
        const theirs = { chainFile, keyFile, clientAnchorFile: bench.identities.authority.file };
        const exchange = await askPeer(bench, { credentials: [credential] }, theirs);
        assert.equal(exchange.facts.ownSignatureScheme, usualScheme[kind]);
        assert.equal(exchange.peer.fingerprint, fingerprint(credential.leaf.der));
      },
    },
    {
      peer,
      role: 'server',
      title: `client certificate, ${kind}`,
      run: async (bench) => {
        const { credential } = await bench.identities.usual('P-256');
        const { chainFile, keyFile, credential: theirs } = await clientIdentity(bench, { kind });
        const { authenticator } = bench.identities.authority;
        const ours = { credentials: [credential], clientAuthentication: { authenticator, required: true } };
        const { facts } = await answerPeer(bench, ours, { chainFile, keyFile });
        assert.deepEqual(facts.peer?.leaf.der, theirs.leaf.der);
        assert.equal(facts.peerSignatureScheme, usualScheme[kind]);
      },
    },
  ]),
);

function clientIdentity({ identities }: Bench, issue: Issue): Promise<Identity> {
  return identities.issue({ name: CLIENT, ...issue });
}

/** Arguments of s_client. */
function showing({ chainFile, keyFile }: Identity): readonly string[] {
  return ['-cert', chainFile, '-key', keyFile];
}

/** Our client and an s_server that insists on a certificate of the usual authority. */
function askStrictServer(
  bench: Bench,
  ours: Partial<ClientOptions>,
  args: readonly string[] = [],
  options: WrapOptions = {},
  use?: Use<Facts>,
): Promise<Seen> {
  const strict = ['-Verify', '2', '-verify_return_error', '-CAfile', bench.identities.authority.file];
  return askServer(bench, ours, [...strict, ...args], options, use);
}

/** An s_client and our server, which insists on a certificate of the usual authority unless told otherwise. */
async function answerStranger(
  bench: Bench,
  authentication: Partial<ClientAuthentication>,
  args: readonly string[],
  ours: Partial<ServerOptionsOfCase> = {},
  options: WrapOptions = {},
): ReturnType<typeof answerClient> {
  const { credential } = await bench.identities.usual('P-256');
  const { authenticator } = bench.identities.authority;
  const clientAuthentication = { authenticator, required: true, ...authentication };
  return answerClient(bench, { credentials: [credential], clientAuthentication, ...ours }, args, options);
}

async function assertTheyRefuse(bench: Bench, ours: Partial<ClientOptions>, alert: AlertName): Promise<void> {
  // The handshake is over for us when the server has not even seen the certificate: its refusal comes to who reads.
  const seen = await askStrictServer(bench, ours, [], {}, readNothing);
  const error = failureOf(seen.outcome);
  assert.equal(error.failure.kind, 'peerAlert');
  assert.equal(error.alert, alert);
  assert.deepEqual(alertsOf(seen.messages, 'sent'), [alert]);
}

async function readNothing(connection: TlsConnection): Promise<Facts> {
  assert.equal(await connection.read(), undefined);
  return connection.facts;
}

async function assertWeRefuse(
  bench: Bench,
  args: readonly string[],
  alert: AlertName,
  words: RegExp,
): Promise<void> {
  const seen = await answerStranger(bench, {}, args);
  const error = failureOf(seen.outcome);
  assert.equal(error.alert, alert);
  assert.match(error.message, words);
  assert.deepEqual(alertsOf(seen.messages, 'received'), [alert]);
  assert.match(seen.said, new RegExp(`alert ${alert.replaceAll('_', ' ')}`));
}

function fingerprint(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex');
}
