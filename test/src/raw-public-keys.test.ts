import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noble } from '../../nocrypto/index.ts';
import { extensionTypes } from '../../src/codepoints.ts';
import type { ClientHelloExtension } from '../../src/extensions.ts';
import {
  type AnyCredential,
  answer,
  type ClientOptions,
  certificateTypeCodes,
  client,
  clientConfig,
  decodeSession,
  encodeSession,
  type PeerAuthentication,
  rawKeyCredential,
  restore,
  rotateTicketKeys,
  type ServerOptions,
  type Session,
  server,
  serverConfig,
  snapshot,
  status,
  TICKET_KEY_ENTROPY,
  tlsExporter,
  tlsServerEndPoint,
} from '../../src/index.ts';
import {
  type Authenticator,
  chainOfTrust,
  dangerouslyAcceptAnyCertificate,
  dangerouslyAcceptAnyRawKey,
  encodePublicKey,
  pinnedKey,
  pinnedRawKey,
  type RawKeyAuthenticator,
  trustAnchor,
} from '../../x509/index.ts';
import { adding, raw } from './edits.ts';
import { assertAt, assertFailed, assertIncompatible, assertMisbehaved } from './expect.ts';
import { assertFailedSaying, established, meet, meetAnswering } from './meet.ts';
import { nullCrypto } from './null-crypto.ts';
import { messagesHeard } from './peer.ts';
import { quickAuthenticator, quickCredential, quickLeafKey } from './quick.ts';
import { meetServer, type ScriptedClient } from './scripted-client.ts';
import { meetClient, type ScriptedServer } from './scripted-server.ts';
import {
  authority,
  bytes,
  converse,
  hex,
  makeClientConfig,
  makeCredential,
  makeServerConfig,
  must,
  NOW,
  type Run,
} from './support.ts';

// Keys without certificates (RFC 7250) in TLS 1.3: RFC 9846 §4.4.1, §4.5.1.

const serverKey = noble.generateKey({ kind: 'ec', curve: 'secp256r1' }, bytes(32, 41));
const clientKey = noble.generateKey({ kind: 'ed25519' }, bytes(32, 42));
const rawServer = must(rawKeyCredential(noble, serverKey));
const rawClient = must(rawKeyCredential(noble, clientKey));
const certifiedServer = makeCredential(authority);
const certifiedClient = makeCredential(authority, { names: ['client.example'] });
const trusting: Authenticator = chainOfTrust({ anchors: [trustAnchor(authority.certificate)] });
const knowsServer = pinnedRawKey([noble.hashes.sha256.digest(rawServer.rawKey.der)]);
const knowsClient = pinnedRawKey([noble.hashes.sha256.digest(rawClient.rawKey.der)]);
const rawOnly: PeerAuthentication = { authenticator: undefined, rawKeyAuthenticator: knowsServer };
const either: PeerAuthentication = { authenticator: trusting, rawKeyAuthenticator: knowsServer };

describe('a raw public key', () => {
  it('authenticates a server to a client that knows it, and both say so', () => {
    const run = meet(rawOnly, { credentials: [rawServer] });
    const atClient = established(run.clientEffects);
    assert.deepEqual(atClient.peerRawKey?.der, encodePublicKey(serverKey.public));
    assert.deepEqual([atClient.peer, atClient.peerSignatureScheme], [undefined, 'ecdsa_secp256r1_sha256']);
    const atServer = established(run.serverEffects);
    assert.deepEqual([atServer.ownRawKey, atServer.ownCertificate], [rawServer.rawKey, undefined]);
  });

  it('authenticates a client to a server that knows it', () => {
    const clientAuthentication = { rawKeyAuthenticator: knowsClient, required: true };
    const run = meet({ credentials: [rawClient] }, { clientAuthentication });
    const atServer = established(run.serverEffects);
    assert.deepEqual(atServer.peerRawKey?.der, encodePublicKey(clientKey.public));
    assert.deepEqual([atServer.peer, atServer.peerSignatureScheme], [undefined, 'ed25519']);
    const atClient = established(run.clientEffects);
    assert.deepEqual([atClient.ownRawKey, atClient.ownCertificate], [rawClient.rawKey, undefined]);
    assert.ok(atClient.peer !== undefined, 'the server showed a certificate meanwhile');
  });

  it('does so at both ends at once, after a HelloRetryRequest too', () => {
    const run = meet(
      { ...rawOnly, credentials: [rawClient], keyShares: ['x25519'] },
      {
        credentials: [rawServer],
        clientAuthentication: { rawKeyAuthenticator: knowsClient, required: true },
        groups: ['secp256r1'],
      },
    );
    const facts = established(run.serverEffects);
    assert.equal(facts.helloRetryRequest, true);
    assert.deepEqual([facts.peerRawKey?.der, facts.ownRawKey], [rawClient.rawKey.der, rawServer.rawKey]);
  });

  it('is refused with bad_certificate where it is not the one that is known', () => {
    const stranger = must(rawKeyCredential(noble, clientKey));
    const run = meet(rawOnly, { credentials: [stranger] });
    assertFailedSaying(run.clientEffects, 'not-pinned', 'a raw key with the SHA-256');
    assertFailedSaying(run.serverEffects, 'bad_certificate');
  });

  it('must be held: a signature by another key is none', () => {
    const impostor = must(
      rawKeyCredential(noble, { label: 'wrong', subjectPublicKeyInfo: rawServer.rawKey.der }),
    );
    const { run } = meetAnswering(rawOnly, { credentials: [impostor] }, (request) => {
      assert.ok(request.kind === 'signature' && request.credential === impostor);
      return { kind: 'signature', signature: bytes(70) };
    });
    assertFailedSaying(run.serverEffects, 'signing-failed');
  });

  it('signs from elsewhere by request', () => {
    const external = must(
      rawKeyCredential(noble, { label: 'card', subjectPublicKeyInfo: rawServer.rawKey.der }),
    );
    const { run } = meetAnswering(rawOnly, { credentials: [external] }, (request) => {
      assert.ok(request.kind === 'signature');
      const algorithm = { kind: 'ecdsa', hash: 'sha256' } as const;
      const signature = must(noble.sign(algorithm, serverKey, request.message, bytes(32)));
      return { kind: 'signature', signature };
    });
    assert.deepEqual(established(run.clientEffects).peerRawKey?.der, rawServer.rawKey.der);
  });

  it('is judged by request at either side, apart from certificates', () => {
    const { run, requests } = meetAnswering(
      { authenticator: undefined, rawKeyAuthenticator: 'ask', credentials: [rawClient] },
      {
        credentials: [rawServer],
        clientAuthentication: { authenticator: 'ask', rawKeyAuthenticator: 'ask', required: true },
      },
      (request) => {
        assert.ok(request.kind === 'rawKeyVerdict');
        const { purpose, identity, now } = request.presented;
        assert.equal(now, NOW);
        const judge = purpose === 'serverAuth' ? knowsServer : knowsClient;
        assert.equal(identity?.kind, purpose === 'serverAuth' ? 'dns' : undefined);
        return { kind: 'rawKeyVerdict', verdict: judge(request.presented) };
      },
    );
    assert.equal(requests.length, 2);
    assert.deepEqual(established(run.serverEffects).peerRawKey?.der, rawClient.rawKey.der);
  });

  it('is not accepted by a verdict on a certificate, nor the other way round: the caller’s bug', () => {
    const asking = makeClientConfig({ authenticator: 'ask', rawKeyAuthenticator: 'ask' });
    for (const own of [rawServer, certifiedServer]) {
      const offer = client(asking, bytes(48));
      const { client: waiting } = converse(
        offer,
        server(makeServerConfig({ credentials: [own] }), bytes(48, 2)),
      );
      assert.equal(status(waiting).phase, 'waiting');
      const wrong =
        own === rawServer
          ? ({ kind: 'verdict', verdict: noVerdict() } as const)
          : ({ kind: 'rawKeyVerdict', verdict: noVerdict() } as const);
      assert.throws(() => answer(waiting, wrong), /the connection awaits a (verdict|rawKeyVerdict), not a/);
    }
  });

  it('leaves no tls-server-end-point to bind to, and the same exporter', () => {
    const run = meet(rawOnly, { credentials: [rawServer] });
    assert.deepEqual([tlsServerEndPoint(run.client), tlsServerEndPoint(run.server)], [undefined, undefined]);
    assert.deepEqual(tlsExporter(run.client), tlsExporter(run.server));
  });

  it('is in a snapshot, at both sides', () => {
    const ours = { ...rawOnly, credentials: [rawClient] };
    const theirs = {
      credentials: [rawServer],
      clientAuthentication: { rawKeyAuthenticator: knowsClient, required: true },
    };
    const run = meet(ours, theirs);
    for (const [state, effects] of [
      [run.client, run.clientEffects],
      [run.server, run.serverEffects],
    ] as const) {
      const facts = established(effects);
      const again = must(restore(state.fixed.config, must(snapshot(state, facts))));
      assert.deepEqual(established(again.effects), facts);
      assert.equal(tlsServerEndPoint(again.state), undefined);
    }
  });

  it('cannot be made of bytes that are no key, nor sign with a scheme that is not its own', () => {
    const broken = rawKeyCredential(noble, { label: '', subjectPublicKeyInfo: bytes(20) });
    assert.ok(!broken.ok && broken.error.kind === 'bad-public-key');
    const unfit = rawKeyCredential(noble, clientKey, { signatureSchemes: ['rsa_pss_rsae_sha256'] });
    assert.ok(!unfit.ok && unfit.error.kind === 'no-scheme-fits-key');
  });
});

describe('which kind of certificate is shown', () => {
  it('is what the client accepts, in the order of the server’s credentials', () => {
    const shownTo = (authentication: PeerAuthentication, credentials: readonly AnyCredential[]) => {
      const run = meet({ authenticator: undefined, ...authentication }, { credentials });
      return established(run.serverEffects).ownRawKey === undefined ? 'x509' : 'rawPublicKey';
    };
    assert.equal(shownTo(either, [rawServer, certifiedServer]), 'rawPublicKey');
    assert.equal(shownTo(either, [certifiedServer, rawServer]), 'x509');
    assert.equal(shownTo(rawOnly, [certifiedServer, rawServer]), 'rawPublicKey');
    assert.equal(shownTo({ authenticator: trusting }, [rawServer, certifiedServer]), 'x509');
  });

  it('is what the server accepts of its clients, in its order', () => {
    const shownBy = (peerCertificateTypes: PeerAuthentication['peerCertificateTypes']) => {
      const accepts = { authenticator: trusting, rawKeyAuthenticator: knowsClient, peerCertificateTypes };
      const run = meet(
        { credentials: [certifiedClient, rawClient] },
        { clientAuthentication: { ...accepts, required: true } },
      );
      return established(run.clientEffects).ownRawKey === undefined ? 'x509' : 'rawPublicKey';
    };
    assert.equal(shownBy(undefined), 'rawPublicKey');
    assert.equal(shownBy(['rawPublicKey', 'x509']), 'rawPublicKey');
    assert.equal(shownBy(['x509', 'rawPublicKey']), 'x509');
  });

  it('fails with unsupported_certificate where client and server have none in common', () => {
    const noCertificate = meet(rawOnly, { credentials: [certifiedServer] });
    assertFailedSaying(noCertificate.serverEffects, 'no-common-certificate-type', 'rawPublicKey');
    assertFailedSaying(noCertificate.clientEffects, 'unsupported_certificate');
    const noRawKey = meet({ authenticator: trusting }, { credentials: [rawServer] });
    assertFailedSaying(noRawKey.serverEffects, 'no-common-certificate-type');
    const clientAuthentication = { rawKeyAuthenticator: knowsClient, required: false };
    const noClientKey = meet({ credentials: [certifiedClient] }, { clientAuthentication });
    assertFailedSaying(noClientKey.serverEffects, 'no-common-certificate-type', 'x509');
    assertFailedSaying(noClientKey.clientEffects, 'unsupported_certificate');
  });

  it('is told to whoever chooses it', () => {
    const { run, requests } = meetAnswering(
      { ...either, credentials: 'ask', clientCertificateTypes: ['x509', 'rawPublicKey'] },
      { credentials: 'ask', clientAuthentication: { rawKeyAuthenticator: knowsClient, required: true } },
      (request) => {
        if (request.kind === 'credential') {
          assert.deepEqual(request.hello.serverCertificateTypes, ['rawPublicKey', 'x509']);
          assert.deepEqual(request.hello.clientCertificateTypes, ['x509', 'rawPublicKey']);
          return { kind: 'credential', credential: rawServer };
        }
        assert.ok(request.kind === 'clientCredential');
        assert.equal(request.certificateRequest.certificateType, 'rawPublicKey');
        return { kind: 'clientCredential', credential: rawClient };
      },
    );
    assert.equal(requests.length, 2);
    assert.deepEqual(established(run.serverEffects).peerRawKey?.der, rawClient.rawKey.der);
  });

  it('cannot be another than was agreed on, whoever chose it', () => {
    const atServer = meetAnswering({ authenticator: trusting }, { credentials: 'ask' }, () => ({
      kind: 'credential',
      credential: rawServer,
    }));
    assertFailedSaying(atServer.run.serverEffects, 'no-common-certificate-type');
    const atClient = meetAnswering(
      { credentials: 'ask', clientCertificateTypes: ['rawPublicKey'] },
      { clientAuthentication: { rawKeyAuthenticator: knowsClient, required: true } },
      () => ({ kind: 'clientCredential', credential: certifiedClient }),
    );
    assertFailedSaying(atClient.run.clientEffects, 'credential-does-not-fit', 'rawPublicKey');
  });

  it('does not matter to a server_name, which is acknowledged only where it chose a certificate', () => {
    const strict = { credentials: [rawServer], strictServerName: true };
    assert.ok(established(meet(rawOnly, strict).serverEffects).ownRawKey !== undefined);
    const names = (own: typeof quickCredential | typeof quickRaw) => {
      const client = meetServer({ server: { credentials: [own] }, extensions: [acceptsEither] });
      client.say.clientHello();
      return extensionsOf(client).map(({ name }) => name);
    };
    assert.deepEqual(names(quickRaw), ['serverCertificateType']);
    assert.deepEqual(names(quickCredential), ['serverName', 'serverCertificateType']);
  });
});

describe('a chain authenticator', () => {
  it('is never asked about a raw key', () => {
    const asked: string[] = [];
    const everybody: Authenticator = (presented) => {
      asked.push('certificate');
      return dangerouslyAcceptAnyCertificate(presented);
    };
    // Not offered, hence not to be had; and where it is offered, it is for the other authenticator.
    assertFailedSaying(
      meet({ authenticator: everybody }, { credentials: [rawServer] }).serverEffects,
      'no-common-certificate-type',
    );
    established(
      meet({ authenticator: everybody, rawKeyAuthenticator: knowsServer }, { credentials: [rawServer] })
        .clientEffects,
    );
    assert.deepEqual(asked, []);
  });

  it('refuses a raw key that a server shows where certificates were agreed on', () => {
    const server = meetClient({ chain: [encodePublicKey(quickLeafKey.public)] });
    server.play('serverHello', 'encryptedExtensions', 'certificate');
    assertMisbehaved(server.peer, 'bad_certificate', 'undecodable-certificate');
  });
});

describe('a session with a raw key', () => {
  const ticketKeys = rotateTicketKeys([], bytes(TICKET_KEY_ENTROPY, 3));
  const knownClients: ServerOptions['clientAuthentication'] = {
    authenticator: trusting,
    rawKeyAuthenticator: knowsClient,
    required: true,
  };

  it('is resumed with the keys of both sides, which are judged anew', () => {
    const judged: string[] = [];
    const counting =
      (inner: RawKeyAuthenticator): RawKeyAuthenticator =>
      (presented) => {
        judged.push(presented.purpose);
        return inner(presented);
      };
    const ours = {
      authenticator: undefined,
      rawKeyAuthenticator: counting(knowsServer),
      credentials: [rawClient],
    };
    const theirs = {
      credentials: [rawServer],
      clientAuthentication: { rawKeyAuthenticator: counting(knowsClient), required: true },
    };
    const again = resume(ours, theirs, ours, theirs);
    const atClient = established(again.clientEffects);
    assert.deepEqual([atClient.resumed, atClient.peerRawKey?.der], [true, rawServer.rawKey.der]);
    const atServer = established(again.serverEffects);
    assert.deepEqual([atServer.resumed, atServer.peerRawKey?.der], [true, rawClient.rawKey.der]);
    assert.deepEqual(judged, ['serverAuth', 'clientAuth', 'serverAuth', 'clientAuth']);
  });

  it('tells the client again what the server showed, which saying nothing would deny', () => {
    const theirs = { credentials: [certifiedServer, rawServer], ticketKeys, trace: 'messages' } as const;
    const accepting = (types: readonly string[]): PeerAuthentication => ({
      authenticator: types.includes('x509') ? trusting : undefined,
      rawKeyAuthenticator: types.includes('rawPublicKey') ? knowsServer : undefined,
    });
    const toldAgain = (first: readonly string[], second: readonly string[]) => {
      const run = resume(accepting(first), theirs, accepting(second), theirs);
      assert.equal(established(run.serverEffects).resumed, true);
      return run.serverEffects.flatMap((effect) =>
        effect.kind === 'trace' &&
        effect.event.kind === 'message' &&
        effect.event.message === 'encryptedExtensions'
          ? [effect.event.details['extensions']?.includes('serverCertificateType')]
          : [],
      );
    };
    assert.deepEqual(toldAgain(['rawPublicKey'], ['rawPublicKey']), [true]);
    assert.deepEqual(toldAgain(['rawPublicKey', 'x509'], ['rawPublicKey', 'x509']), [true]);
    assert.deepEqual(toldAgain(['x509'], ['x509']), [false]);
  });

  it('is not offered by a client that accepts the key no more, or certificates only', () => {
    const theirs = { credentials: [rawServer, certifiedServer] };
    for (const later of [
      { rawKeyAuthenticator: pinnedRawKey([bytes(32)]), peerCertificateTypes: ['x509', 'rawPublicKey'] },
      { authenticator: trusting },
    ] satisfies Partial<ClientOptions>[]) {
      const own = { credentials: [certifiedServer] };
      const again = resume(rawOnly, theirs, { authenticator: trusting, ...later }, own);
      const facts = established(again.clientEffects);
      assert.deepEqual([facts.resumed, facts.peerRawKey], [false, undefined]);
    }
  });

  it('is not accepted by a server that knows the client no more: a full handshake tells', () => {
    const ours = { credentials: [rawClient, certifiedClient] };
    const later = { ...knownClients, rawKeyAuthenticator: undefined };
    const again = resume(ours, { clientAuthentication: knownClients }, ours, { clientAuthentication: later });
    const facts = established(again.serverEffects);
    assert.deepEqual([facts.resumed, facts.peerRawKey], [false, undefined]);
    assert.deepEqual(facts.peer?.leaf.der, certifiedClient.leaf.der);
  });

  it('keeps the key through bytes', () => {
    const [session] = sessionsOf(meet(rawOnly, { credentials: [rawServer], ticketKeys }));
    assert.ok(session !== undefined);
    const stored = must(decodeSession(encodeSession(session)));
    assert.deepEqual(stored, session);
    assert.deepEqual([stored.certificateType, stored.certificates], ['rawPublicKey', [rawServer.rawKey.der]]);
  });

  function resume(
    firstClient: Partial<ClientOptions>,
    firstServer: Partial<ServerOptions>,
    secondClient: Partial<ClientOptions>,
    secondServer: Partial<ServerOptions>,
  ): Run {
    const first = meet(firstClient, { ...firstServer, ticketKeys });
    established(first.clientEffects);
    const [session] = sessionsOf(first);
    assert.ok(session !== undefined);
    const resumption = { sessions: [session], now: NOW };
    return converse(
      client(makeClientConfig(secondClient), bytes(48, 5), resumption),
      server(makeServerConfig({ ...secondServer, ticketKeys }), bytes(48, 6)),
    );
  }
});

const quickRaw = must(rawKeyCredential(nullCrypto, quickLeafKey));
const quickRawAuthentication: PeerAuthentication = {
  authenticator: undefined,
  rawKeyAuthenticator: dangerouslyAcceptAnyRawKey,
};
const acceptsEither = { name: 'serverCertificateType', value: [2, 0] } as const;
const acceptsRaw = { name: 'serverCertificateType', value: [2] } as const;

describe('a client that offers raw keys', () => {
  it('names what it accepts and what it has, in its order, and nothing where that is X.509 alone', () => {
    const offers = (options: Partial<ClientOptions>) => {
      const { extensions } = meetClient({ client: options }).hello();
      return extensions.flatMap(({ name, ...rest }) =>
        (name === 'serverCertificateType' || name === 'clientCertificateType') && 'value' in rest
          ? [[name, rest.value]]
          : [],
      );
    };
    assert.deepEqual(offers({}), []);
    assert.deepEqual(offers({ credentials: [quickCredential] }), []);
    assert.deepEqual(offers(quickRawAuthentication), [['serverCertificateType', [2]]]);
    const both = { rawKeyAuthenticator: dangerouslyAcceptAnyRawKey };
    assert.deepEqual(offers(both), [['serverCertificateType', [2, 0]]]);
    assert.deepEqual(offers({ ...both, peerCertificateTypes: ['x509', 'rawPublicKey'] }), [
      ['serverCertificateType', [0, 2]],
    ]);
    assert.deepEqual(offers({ credentials: [quickRaw] }), [['clientCertificateType', [2]]]);
    assert.deepEqual(offers({ credentials: [quickCredential, quickRaw, quickRaw] }), [
      ['clientCertificateType', [0, 2]],
    ]);
    assert.deepEqual(offers({ credentials: [quickRaw], clientCertificateTypes: ['x509'] }), []);
  });

  for (const [title, type] of [
    ['that it does not accept', 0],
    ['that nobody knows', 7],
  ] as const) {
    it(`refuses a kind of server certificate ${title}`, () => {
      const server = choosing({ name: 'serverCertificateType', value: type });
      assertMisbehaved(server.peer, 'illegal_parameter', 'unoffered-certificate-type');
    });

    it(`refuses to be asked for a kind of certificate ${title.replace('accept', 'have')}`, () => {
      const server = choosing({ name: 'clientCertificateType', value: type }, { credentials: [quickRaw] });
      assertMisbehaved(server.peer, 'illegal_parameter', 'unoffered-certificate-type');
    });
  }

  it('refuses a server that does not know raw keys, when it accepts no other', () => {
    const server = meetClient({ client: quickRawAuthentication });
    server.play('serverHello', 'encryptedExtensions');
    assertIncompatible(server.peer, 'unsupported_certificate', 'no-common-certificate-type');
  });

  it('refuses an answer that it has not asked for, or in another message', () => {
    const unasked = meetClient();
    unasked.play('serverHello');
    unasked.say.encryptedExtensions(() => ({
      extensions: [{ name: 'serverCertificateType', value: 2 }],
    }));
    assertMisbehaved(unasked.peer, 'unsupported_extension', 'unsolicited-extension');
    const misplaced = meetClient({ client: quickRawAuthentication });
    misplaced.say.serverHello((honest) => ({
      ...honest,
      extensions: [...honest.extensions, raw(20, '02')],
    }));
    assertMisbehaved(misplaced.peer, 'illegal_parameter', 'misplaced-extension');
  });

  it('takes one key, signed for', () => {
    const server = showing([quickRaw.rawKey.der]);
    assertAt(server.peer, 'awaitCertificateVerify');
    server.play('certificateVerify', 'finished');
    assertAt(server.peer, 'established');
  });

  it('takes no second key beside it', () => {
    const der = quickRaw.rawKey.der;
    assertMisbehaved(showing([der, der]).peer, 'illegal_parameter', 'several-raw-public-keys');
  });

  it('takes no certificate in its place, no key that does not parse and none that cannot sign', () => {
    const [certificate = new Uint8Array(0)] = quickCredential.chain;
    assertMisbehaved(showing([certificate]).peer, 'bad_certificate', 'undecodable-raw-public-key');
    assertMisbehaved(
      showing([quickRaw.rawKey.der.subarray(1)]).peer,
      'bad_certificate',
      'undecodable-raw-public-key',
    );
    // X25519 (RFC 8410 §3), which agrees on keys and signs nothing.
    const x25519 = hex(`302a300506032b656e032100${'09'.repeat(32)}`);
    assertMisbehaved(showing([x25519]).peer, 'unsupported_certificate', 'unsupported-certificate-key');
    assertMisbehaved(showing([]).peer, 'decode_error', 'empty-certificate');
  });

  it('shows nothing to a server that asks for certificates, which it has none of', () => {
    const server = meetClient({ client: { credentials: [quickRaw] } });
    server.play(
      'serverHello',
      'encryptedExtensions',
      'certificateRequest',
      'certificate',
      'certificateVerify',
      'finished',
    );
    assertAt(server.peer, 'established');
    const [message] = messagesHeard(server.peer, 'certificate');
    assert.ok(message?.kind === 'certificate');
    assert.deepEqual(message.body.certificateList, []);
  });

  /** Up to EncryptedExtensions with this in it. */
  function choosing(
    extension: { name: 'serverCertificateType' | 'clientCertificateType'; value: number },
    options: Partial<ClientOptions> = quickRawAuthentication,
  ): ScriptedServer {
    const server = meetClient({ client: options });
    server.play('serverHello');
    server.say.encryptedExtensions(() => ({ extensions: [extension] }));
    return server;
  }

  /** Up to a Certificate with these entries, raw keys agreed on. */
  function showing(chain: readonly Uint8Array[]): ScriptedServer {
    const server = meetClient({ client: quickRawAuthentication, chain });
    server.play('serverHello');
    const value = certificateTypeCodes.rawPublicKey;
    server.say.encryptedExtensions(() => ({ extensions: [{ name: 'serverCertificateType', value }] }));
    server.say.certificate();
    return server;
  }
});

describe('a server that is offered raw keys', () => {
  const rawClients: ServerOptions['clientAuthentication'] = {
    rawKeyAuthenticator: dangerouslyAcceptAnyRawKey,
    required: true,
  };

  for (const type of ['serverCertificateType', 'clientCertificateType'] as const) {
    it(`refuses a ${type} that names the default alone, and one that names nothing`, () => {
      const named = (digits: string) => {
        const client = meetServer();
        client.say.clientHello(adding(raw(extensionTypes[type], digits)));
        return client.peer;
      };
      assertMisbehaved(named('0100'), 'illegal_parameter', 'only-default-certificate-type');
      assertFailed(named('00'), 'decode_error', 'malformed clientHello');
      // What is not known here is passed over.
      assertAt(named('020007'), 'awaitClientFinished');
    });
  }

  it('answers the client that names kinds, and no other', () => {
    const answers = (...extensions: readonly ClientHelloExtension[]) => {
      const client = meetServer({
        server: {
          credentials: [quickRaw, quickCredential],
          clientAuthentication: { ...rawClients, authenticator: quickAuthenticator },
        },
      });
      client.say.clientHello(adding(...extensions));
      return extensionsOf(client).filter(({ name }) => name !== 'serverName');
    };
    assert.deepEqual(answers(), []);
    assert.deepEqual(answers(acceptsRaw), [{ name: 'serverCertificateType', value: 2 }]);
    assert.deepEqual(answers({ name: 'serverCertificateType', value: [0, 7] }), [
      { name: 'serverCertificateType', value: 0 },
    ]);
    assert.deepEqual(answers({ name: 'clientCertificateType', value: [0, 2] }), [
      { name: 'clientCertificateType', value: 2 },
    ]);
  });

  it('says nothing of certificates that it does not ask for', () => {
    const client = meetServer();
    client.say.clientHello(adding({ name: 'clientCertificateType', value: [2] }));
    assert.deepEqual(
      extensionsOf(client).map(({ name }) => name),
      ['serverName'],
    );
  });

  it('refuses a client that has nothing it accepts', () => {
    const client = meetServer({ server: { clientAuthentication: rawClients } });
    client.say.clientHello(adding({ name: 'clientCertificateType', value: [0, 7] }));
    assertIncompatible(client.peer, 'unsupported_certificate', 'no-common-certificate-type');
  });

  it('takes one key of a client, signed for, and what is no key not', () => {
    const met = (chain: readonly Uint8Array[]) => {
      const client = meetServer({ server: { clientAuthentication: rawClients }, chain });
      client.say.clientHello(adding({ name: 'clientCertificateType', value: [2] }));
      client.say.certificate();
      return client;
    };
    const good = met([quickRaw.rawKey.der]);
    good.say.certificateVerify();
    good.say.finished();
    assertAt(good.peer, 'established');
    assertMisbehaved(met(quickCredential.chain).peer, 'bad_certificate', 'undecodable-raw-public-key');
    const twice = [quickRaw.rawKey.der, quickRaw.rawKey.der];
    assertMisbehaved(met(twice).peer, 'illegal_parameter', 'several-raw-public-keys');
    assertMisbehaved(met([]).peer, 'certificate_required', 'no-client-certificate');
  });
});

describe('a configuration with raw keys', () => {
  const crypto = noble;

  it('needs somebody who judges, at a client and of a server’s clients', () => {
    assertRefused(clientConfig({ crypto }), 'authenticator', /must be given, unless/);
    const nobody = { required: true };
    assertRefused(
      serverConfig({ crypto, credentials: [rawServer], clientAuthentication: nobody }),
      'clientAuthentication.authenticator',
      /must be given, unless/,
    );
  });

  it('accepts exactly what can be judged', () => {
    for (const peerCertificateTypes of [['x509'], ['rawPublicKey', 'x509'], []] as const) {
      const options = { crypto, rawKeyAuthenticator: knowsServer, peerCertificateTypes };
      assertRefused(clientConfig(options), 'peerCertificateTypes', /must/);
    }
    const twice = { peerCertificateTypes: ['rawPublicKey', 'rawPublicKey'] } as const;
    const options = { crypto, rawKeyAuthenticator: knowsServer, ...twice };
    assertRefused(clientConfig(options), 'peerCertificateTypes', /twice/);
  });

  it('offers kinds of certificate that there are', () => {
    const options = { crypto, authenticator: trusting };
    assertRefused(
      clientConfig({ ...options, clientCertificateTypes: [] }),
      'clientCertificateTypes',
      /at least one/,
    );
    const openPgp = ['openPgp'] as unknown as readonly 'x509'[];
    assertRefused(
      clientConfig({ ...options, clientCertificateTypes: openPgp }),
      'clientCertificateTypes',
      /names out of x509, rawPublicKey/,
    );
  });

  function assertRefused(
    result: ReturnType<typeof clientConfig | typeof serverConfig>,
    option: string,
    problem: RegExp,
  ): void {
    assert.ok(!result.ok);
    assert.equal(result.error.option, option);
    assert.match(result.error.problem, problem);
  }
});

it('a pin is the same for a raw key and for a certificate with that key', () => {
  const pin = noble.hashes.sha256.digest(encodePublicKey(serverKey.public));
  const { leaf } = certifiedServer;
  const certified = noble.hashes.sha256.digest(leaf.subjectPublicKeyInfo.raw);
  const presented = { crypto: noble, purpose: 'serverAuth', identity: undefined, now: NOW } as const;
  assert.ok(pinnedKey([certified])({ ...presented, certificates: [leaf] }).ok);
  assert.ok(pinnedRawKey([pin])({ ...presented, rawKey: rawServer.rawKey }).ok);
  assert.throws(() => pinnedRawKey([]), RangeError);
  assert.throws(() => pinnedRawKey([bytes(20)]), RangeError);
});

function noVerdict() {
  return {
    ok: false,
    error: { reason: 'not-pinned', certificate: undefined, expected: '', found: '' },
  } as const;
}

function sessionsOf(run: Run): readonly Session[] {
  return run.clientEffects.flatMap((effect) => (effect.kind === 'ticket' ? [effect.session] : []));
}

function extensionsOf({ peer }: ScriptedClient) {
  const [message] = messagesHeard(peer, 'encryptedExtensions');
  assert.ok(message?.kind === 'encryptedExtensions');
  return message.body.extensions;
}
