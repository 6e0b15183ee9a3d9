import assert from 'node:assert/strict';
import type { Facts } from '../../src/index.ts';
import { attributeTexts, encodePem } from '../../x509/index.ts';
import { sServer } from '../peers/openssl.ts';
import { alertsOf, changeCipherSpecs, factsOf, offers, sessionIdLength } from '../peers/openssl-messages.ts';
import { type PeerFacts, reversed } from '../peers/peer.ts';
import type { Case } from '../support/case.ts';
import { answerPeer, askLine, askPeer, LINE } from '../support/exchange.ts';
import { type Identity, NAME } from '../support/identities.ts';
import { connectTo, failureOf, ourClientConfig, valueFrom } from '../support/ours.ts';
import { awaitedLater } from '../support/scope.ts';
import { answerClient, askServer, opensslCase, type Seen } from '../support/with-openssl.ts';

/** What the two sides agree on beside the keys: protocols, names, cookies, compatibility, the forms of records. */
export function negotiationCases(): readonly Case[] {
  return [
    ...protocolCases,
    ...otherPeersProtocolCases,
    ...nameCases,
    ...retryCases,
    ...compatibilityCases,
    ...otherCases,
  ];
}

const OTHER_NAME = 'other.example';
const ADDRESS = '127.0.0.1';

const protocolCases: readonly Case[] = [
  opensslCase('client', 'ALPN agreed', async (bench) => {
    const seen = await askServer(bench, { applicationProtocols: ['h2', 'http/1.1'] }, ['-alpn', 'http/1.1']);
    assertProtocol(seen, 'http/1.1');
  }),
  opensslCase('client', 'ALPN not offered to a server that has it', async (bench) => {
    assertProtocol(await askServer(bench, {}, ['-alpn', 'h2']), undefined);
  }),
  opensslCase('client', 'ALPN offered to a server that has none', async (bench) => {
    assertProtocol(await askServer(bench, { applicationProtocols: ['h2'] }), undefined);
  }),
  opensslCase('client', 'ALPN without overlap: the server refuses', async (bench) => {
    const seen = await askServer(bench, { applicationProtocols: ['h2'] }, ['-alpn', 'http/1.1']);
    assert.equal(failureOf(seen.outcome).alert, 'no_application_protocol');
    assert.deepEqual(alertsOf(seen.messages, 'sent'), ['no_application_protocol']);
  }),
  opensslCase('server', "ALPN agreed, in the server's order", async (bench) => {
    const { credential } = await bench.identities.usual('P-256');
    const ours = { credentials: [credential], applicationProtocols: ['h2', 'http/1.1'] };
    assertProtocol(await answerClient(bench, ours, ['-alpn', 'http/1.1,h2']), 'h2');
  }),
  opensslCase('server', 'ALPN not offered by the client', async (bench) => {
    const { credential } = await bench.identities.usual('P-256');
    const ours = { credentials: [credential], applicationProtocols: ['h2'] };
    assertProtocol(await answerClient(bench, ours), undefined);
  }),
  opensslCase('server', 'ALPN offered by the client, none configured', async (bench) => {
    const { credential } = await bench.identities.usual('P-256');
    assertProtocol(await answerClient(bench, { credentials: [credential] }, ['-alpn', 'h2']), undefined);
  }),
  opensslCase('server', 'ALPN without overlap: refused with no_application_protocol', async (bench) => {
    const { credential } = await bench.identities.usual('P-256');
    const ours = { credentials: [credential], applicationProtocols: ['h2'] };
    const seen = await answerClient(bench, ours, ['-alpn', 'http/1.1']);
    const error = failureOf(seen.outcome);
    assert.equal(error.alert, 'no_application_protocol');
    assert.match(error.message, /no-common-application-protocol.*http\/1\.1/);
    assert.deepEqual(alertsOf(seen.messages, 'received'), ['no_application_protocol']);
    assert.match(seen.said, /alert no application protocol/);
  }),
];

const otherPeersProtocolCases: readonly Case[] = (['go', 'node', 'gnutls', 'rustls'] as const).flatMap(
  (peer): readonly Case[] => [
    {
      peer,
      role: 'client',
      title: 'ALPN agreed',
      run: async (bench) => {
        const { chainFile, keyFile } = await bench.identities.usual('P-256');
        const theirs = { chainFile, keyFile, applicationProtocols: ['http/1.1'] };
        const exchange = await askPeer(bench, { applicationProtocols: ['h2', 'http/1.1'] }, theirs);
        assert.equal(exchange.facts.applicationProtocol, 'http/1.1');
        assert.equal(exchange.peer.applicationProtocol, 'http/1.1');
      },
    },
    {
      peer,
      role: 'server',
      title: "ALPN agreed, in the server's order",
      run: async (bench) => {
        const { credential } = await bench.identities.usual('P-256');
        const ours = { credentials: [credential], applicationProtocols: ['h2', 'http/1.1'] };
        const exchange = await answerPeer(bench, ours, { applicationProtocols: ['http/1.1', 'h2'] });
        assert.equal(exchange.facts.applicationProtocol, 'h2');
        assert.equal(exchange.peer.applicationProtocol, 'h2');
      },
    },
  ],
);

const nameCases: readonly Case[] = [
  opensslCase('client', 'SNI chooses between two certificates', async (bench) => {
    const usual = await bench.identities.usual('P-256');
    const other = await bench.identities.issue({ name: OTHER_NAME });
    const args = ['-servername', OTHER_NAME, '-cert2', other.chainFile, '-key2', other.keyFile];
    for (const [serverName, { chain }] of [[NAME, usual] as const, [OTHER_NAME, other] as const]) {
      const facts = valueFrom((await askServer(bench, { serverName }, args)).outcome);
      assert.equal(facts.serverName, serverName);
      assert.deepEqual(facts.peer?.leaf.der, chain[0]?.der);
    }
  }),
  opensslCase('client', 'SNI unknown to a strict server: it refuses', async (bench) => {
    const other = await bench.identities.issue({ name: OTHER_NAME });
    const strict = [
      '-servername',
      OTHER_NAME,
      '-cert2',
      other.chainFile,
      '-key2',
      other.keyFile,
      '-servername_fatal',
    ];
    const seen = await askServer(bench, {}, strict);
    assert.equal(failureOf(seen.outcome).alert, 'unrecognized_name');
    assert.deepEqual(alertsOf(seen.messages, 'sent'), ['unrecognized_name']);
  }),
  opensslCase('client', 'an IP address is checked, and not sent as SNI', async (bench) => {
    const { chainFile, keyFile } = await bench.identities.issue({ name: ADDRESS });
    const args = ['-cert', chainFile, '-key', keyFile, '-tlsextdebug'];
    const { outcome, said } = await askServer(bench, { serverName: ADDRESS }, args);
    assert.equal(valueFrom(outcome).serverName, undefined);
    assert.doesNotMatch(said, /server name/);
  }),
  opensslCase('server', 'an IP address is checked, and not sent as SNI', async (bench) => {
    const { credential } = await bench.identities.issue({ name: ADDRESS });
    const args = ['-noservername', '-verify_ip', ADDRESS];
    const { outcome, reply } = await answerClient(bench, { credentials: [credential] }, args);
    assert.equal(valueFrom(outcome).serverName, undefined);
    assert.equal(reply, reversed(LINE));
  }),
  opensslCase('client', 'SNI left out when configured so', async (bench) => {
    const { outcome, said } = await askServer(bench, { sendServerName: false }, ['-tlsextdebug']);
    assert.equal(valueFrom(outcome).serverName, undefined);
    assert.doesNotMatch(said, /server name/);
  }),
  opensslCase('server', 'SNI chooses between two certificates', async (bench) => {
    const usual = await bench.identities.usual('P-256');
    const other = await bench.identities.issue({ name: OTHER_NAME });
    const credentials = [usual.credential, other.credential];
    const asked: readonly (readonly [readonly string[], Identity])[] = [
      [['-servername', NAME], usual],
      [['-servername', OTHER_NAME, '-verify_hostname', OTHER_NAME], other],
      [['-noservername'], usual],
      [['-servername', 'nobody.example'], usual],
    ];
    for (const [args, identity] of asked) {
      const seen = await answerClient(bench, { credentials }, args);
      assert.equal(valueFrom(seen.outcome).serverName, args[0] === '-noservername' ? undefined : args[1]);
      assert.equal(seen.reply, reversed(LINE));
      assert.ok(seen.said.includes(`Peer certificate: CN = ${commonNameOf(identity)}`), seen.said);
    }
  }),
  opensslCase('server', 'SNI unknown, strict: refused with unrecognized_name', async (bench) => {
    const { credential } = await bench.identities.usual('P-256');
    const ours = { credentials: [credential], strictServerName: true };
    const refused = await answerClient(bench, ours, ['-servername', OTHER_NAME]);
    assert.equal(failureOf(refused.outcome).alert, 'unrecognized_name');
    assert.deepEqual(alertsOf(refused.messages, 'received'), ['unrecognized_name']);
    assert.match(refused.said, /unrecognized name/);
    valueFrom((await answerClient(bench, ours)).outcome);
  }),
];

const retryCases: readonly Case[] = [
  opensslCase('client', 'HRR with a cookie', async ({ scope, identities }) => {
    const { chainFile, keyFile } = await identities.usual('P-256');
    // Its echo server cannot do cookies: the answer comes from its standard input.
    const { port, child, messages } = await sServer(scope, [
      '-stateless',
      '-cert',
      chainFile,
      '-key',
      keyFile,
    ]);
    // Nor can it bear a change_cipher_spec between the hellos, not even its own client's (openssl/openssl#18453).
    const config = ourClientConfig(identities, { middleboxCompatibility: false });
    const answered = awaitedLater(
      child.printed(new RegExp(LINE)).then(() => child.write(`${reversed(LINE)}\n`)),
    );
    const outcome = await connectTo(scope, port, config, askLine);
    await answered;
    assert.equal(valueFrom(outcome).helloRetryRequest, true);
    const seen = await messages();
    assert.equal(factsOf(seen).helloRetryRequest, true);
    assert.ok(offers(seen, 'cookie'));
  }),
  opensslCase('server', 'HRR with a cookie', async (bench) => {
    const { credential } = await bench.identities.usual('P-256');
    const ours = { credentials: [credential], helloRetryCookie: true, groups: ['secp256r1'] } as const;
    const seen = await answerClient(bench, ours, ['-groups', 'X25519:P-256']);
    assert.equal(valueFrom(seen.outcome).helloRetryRequest, true);
    assert.equal(seen.reply, reversed(LINE));
    assert.equal(factsOf(seen.messages).helloRetryRequest, true);
    assert.ok(offers(seen.messages, 'cookie'));
  }),
  opensslCase('server', 'HRR for a client whose first groups this server does not take', async (bench) => {
    const { credential } = await bench.identities.usual('P-256');
    const ours = { credentials: [credential], groups: ['x25519', 'secp384r1'] } as const;
    const seen = await answerClient(bench, ours, ['-groups', 'P-521:X448:P-384']);
    const { helloRetryRequest, group } = valueFrom(seen.outcome);
    assert.deepEqual({ helloRetryRequest, group }, { helloRetryRequest: true, group: 'secp384r1' });
    assert.equal(offers(seen.messages, 'cookie'), false);
  }),
];

const compatibilityCases: readonly Case[] = [
  ...[true, false].flatMap((retry) =>
    [true, false].map((middleboxCompatibility) =>
      opensslCase(
        'client',
        `middlebox compatibility ${middleboxCompatibility ? 'on' : 'off'}${retry ? ' HRR' : ''}`,
        async (bench) => {
          const ours = {
            middleboxCompatibility,
            groups: ['x25519', 'secp256r1'],
            keyShares: ['x25519'],
          } as const;
          const seen = await askServer(bench, ours, ['-groups', retry ? 'P-256' : 'X25519']);
          assert.equal(valueFrom(seen.outcome).helloRetryRequest, retry);
          assertCompatibility(seen, middleboxCompatibility);
        },
      ),
    ),
  ),
  ...[true, false].flatMap((retry) =>
    [true, false].map((compatible) =>
      opensslCase(
        'server',
        `middlebox compatibility ${compatible ? 'on' : 'off'}${retry ? ' HRR' : ''}`,
        async (bench) => {
          const { credential } = await bench.identities.usual('P-256');
          const ours = { credentials: [credential], groups: [retry ? 'secp256r1' : 'x25519'] } as const;
          const args = ['-groups', 'X25519:P-256', ...(compatible ? [] : ['-no_middlebox'])];
          const seen = await answerClient(bench, ours, args);
          assert.equal(valueFrom(seen.outcome).helloRetryRequest, retry);
          assertCompatibility(seen, compatible);
        },
      ),
    ),
  ),
];

const otherCases: readonly Case[] = [
  opensslCase('client', 'the defaults of both sides', async (bench) => {
    const { outcome, messages } = await askServer(bench, {});
    const facts = valueFrom(outcome);
    assert.equal(facts.helloRetryRequest, false);
    assert.deepEqual(groupAndSuite(factsOf(messages)), groupAndSuite(facts));
  }),
  opensslCase('server', 'the defaults of both sides', async (bench) => {
    const { credential } = await bench.identities.usual('P-256');
    const { outcome, messages } = await answerClient(bench, { credentials: [credential] });
    const facts = valueFrom(outcome);
    assert.equal(facts.helloRetryRequest, false);
    assert.equal(facts.cipherSuite, 'TLS_AES_128_GCM_SHA256');
    assert.deepEqual(groupAndSuite(factsOf(messages)), groupAndSuite(facts));
  }),
  ...(['rsa_pss_rsae_sha256', 'rsa_pss_rsae_sha384', 'rsa_pss_rsae_sha512'] as const).flatMap((scheme) => [
    opensslCase('client', `RSA-2048 signs with ${scheme}`, async (bench) => {
      const { chainFile, keyFile } = await bench.identities.usual('RSA-2048');
      // The second is for the signature inside the certificate.
      const ours = { signatureSchemes: [scheme, 'ecdsa_secp256r1_sha256'] } as const;
      const { outcome } = await askServer(bench, ours, ['-cert', chainFile, '-key', keyFile]);
      assert.equal(valueFrom(outcome).peerSignatureScheme, scheme);
    }),
    opensslCase('server', `RSA-2048 signs with ${scheme}`, async (bench) => {
      const { credential } = await bench.identities.usual('RSA-2048');
      const args = ['-sigalgs', `${scheme}:ecdsa_secp256r1_sha256`];
      const { outcome, reply } = await answerClient(bench, { credentials: [credential] }, args);
      assert.equal(valueFrom(outcome).ownSignatureScheme, scheme);
      assert.equal(reply, reversed(LINE));
    }),
  ]),
  opensslCase('client', 'a chain with an intermediate', async (bench) => {
    const { chain, chainFile, keyFile } = await bench.identities.issue({ intermediate: true });
    const [, between] = chain.map(({ der }) => encodePem('CERTIFICATE', der));
    const rest = await bench.identities.write('intermediate.pem', between ?? '');
    const args = ['-cert', chainFile, '-cert_chain', rest, '-key', keyFile];
    assert.equal(valueFrom((await askServer(bench, {}, args)).outcome).peer?.path.length, 2);
  }),
  opensslCase('server', 'a chain with an intermediate', async (bench) => {
    const { credential } = await bench.identities.issue({ intermediate: true });
    const { outcome, reply } = await answerClient(bench, { credentials: [credential] });
    valueFrom(outcome);
    assert.equal(reply, reversed(LINE));
  }),
  ...[
    { what: 'records padded to 4,096 bytes', args: ['-record_padding', '4096'] },
    { what: 'messages in records of 512 bytes', args: ['-max_send_frag', '512'] },
  ].flatMap(({ what, args }) => [
    opensslCase('client', what, async (bench) => {
      const { chainFile, keyFile } = await bench.identities.usual('RSA-2048');
      valueFrom((await askServer(bench, {}, ['-cert', chainFile, '-key', keyFile, ...args])).outcome);
    }),
    opensslCase('server', what, async (bench) => {
      const { credential } = await bench.identities.usual('RSA-2048');
      // Enough protocols to fill several records.
      const alpn = Array.from({ length: 100 }, (_, i) => `protocol-${i}`).join(',');
      const { outcome, reply } = await answerClient(bench, { credentials: [credential] }, [
        '-alpn',
        alpn,
        ...args,
      ]);
      valueFrom(outcome);
      assert.equal(reply, reversed(LINE));
    }),
  ]),
];

function assertProtocol({ outcome, messages }: Seen, protocol: string | undefined): void {
  assert.equal(valueFrom(outcome).applicationProtocol, protocol);
  assert.equal(factsOf(messages).applicationProtocol, protocol ?? '');
}

/** RFC 9846 §E.4: with it a session id of 32 bytes, and one change_cipher_spec from us; without it none. */
function assertCompatibility({ messages }: Seen, on: boolean): void {
  assert.equal(sessionIdLength(messages), on ? 32 : 0);
  assert.equal(changeCipherSpecs(messages, 'received'), on ? 1 : 0);
}

function commonNameOf({ chain: [leaf] }: Identity): string | undefined {
  return leaf && attributeTexts(leaf.subject.value, 'commonName')[0];
}

function groupAndSuite({ group, cipherSuite }: PeerFacts | Facts): unknown {
  return { group, cipherSuite };
}
