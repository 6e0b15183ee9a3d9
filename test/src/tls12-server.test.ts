import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type GeneratedKeyKind, secret } from '../../nocrypto/index.ts';
import { contentTypes } from '../../src/codepoints.ts';
import type { ClientHelloExtension } from '../../src/extensions.ts';
import {
  answer,
  type ClientOptions,
  client,
  credential,
  type Effect,
  exportKeyingMaterial,
  type Failure,
  type Response,
  receive,
  type ServerOptions,
  type State,
  type Step,
  send,
  server,
  type Tls12CipherSuiteName,
  type Tls12Session,
  tlsUnique,
} from '../../src/index.ts';
import { type ClientHello, decodeHandshake, encodeHandshake } from '../../src/messages.ts';
import { decodeTls12Handshake, type Tls12Message } from '../../src/tls12/messages.ts';
import { dangerouslyAcceptAnyCertificate } from '../../x509/index.ts';
import { blame } from './expect.ts';
import { nullCrypto } from './null-crypto.ts';
import { changeCipherSpec, messagesOf, plainRecord, recordsOf } from './peer.ts';
import {
  externalCredential,
  quickAuthority,
  quickClientConfig,
  quickCredential,
  quickServerConfig,
} from './quick.ts';
import {
  bytes,
  concatAll,
  converse,
  data,
  find,
  hex,
  makeLeaf,
  must,
  NOW,
  type Run,
  sent,
} from './support.ts';

const both = ['1.3', '1.2'] as const;
const ticketKeys = [{ name: bytes(16, 3), secret: secret(bytes(32, 4)) }];

/** A client and a server, of which one at least speaks nothing newer than TLS 1.2. */
function meet(
  clientOptions: Partial<ClientOptions> = {},
  serverOptions: Partial<ServerOptions> = {},
  sessions: readonly Tls12Session[] = [],
): Run {
  return converse(
    client(quickClientConfig({ versions: ['1.2'], ...clientOptions }), bytes(48, 1), { sessions, now: NOW }),
    // The seed of a second connection is another one: its session id must be, too.
    server(quickServerConfig({ versions: both, ...serverOptions }), bytes(48, 2 + sessions.length)),
  );
}

function factsOf(effects: readonly Effect[]) {
  const failed = find(effects, 'failed');
  assert.equal(failed && blame(failed.failure), undefined);
  const facts = find(effects, 'established')?.facts;
  assert.ok(facts !== undefined);
  return facts;
}

function failureOf(effects: readonly Effect[]): Failure {
  const failure = find(effects, 'failed')?.failure;
  assert.ok(failure !== undefined, 'it has failed');
  return failure;
}

function sessionOf(effects: readonly Effect[]): Tls12Session {
  const session = find(effects, 'ticket')?.session;
  assert.ok(session?.version === 'TLS 1.2');
  return session;
}

function assertTalk(run: Run): void {
  const question = send(run.client, bytes(20_000, 5));
  const heard = receive(run.server, sent(question.effects), NOW);
  assert.deepEqual(data(heard.effects), bytes(20_000, 5));
  const reply = send(heard.state, bytes(3000, 6));
  assert.deepEqual(data(receive(question.state, sent(reply.effects), NOW).effects), bytes(3000, 6));
}

const keys: Readonly<Record<'ecdsa' | 'eddsa' | 'rsa', GeneratedKeyKind>> = {
  ecdsa: { kind: 'ec', curve: 'secp256r1' },
  eddsa: { kind: 'ed25519' },
  rsa: { kind: 'rsa', bits: 2048 },
};

const credentials = {
  ecdsa: quickLeaf(keys.ecdsa),
  eddsa: quickLeaf(keys.eddsa),
  rsa: quickLeaf(keys.rsa),
};

function quickLeaf(kind: GeneratedKeyKind) {
  const leaf = makeLeaf(quickAuthority, { crypto: nullCrypto, kind });
  return must(credential(nullCrypto, [leaf.der], { kind: 'private', key: leaf.key }));
}

const suites: readonly (readonly [Tls12CipherSuiteName, keyof typeof keys])[] = [
  ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'ecdsa'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'eddsa'],
  ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'ecdsa'],
  ['TLS_ECDHE_ECDSA_WITH_AES_128_CCM', 'ecdsa'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_CCM', 'ecdsa'],
  ['TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8', 'ecdsa'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8', 'eddsa'],
  ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'rsa'],
  ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 'rsa'],
  ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'rsa'],
  ['TLS_DHE_RSA_WITH_AES_128_GCM_SHA256', 'rsa'],
  ['TLS_DHE_RSA_WITH_AES_256_GCM_SHA384', 'rsa'],
  ['TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'rsa'],
  ['TLS_DHE_RSA_WITH_AES_128_CCM', 'rsa'],
  ['TLS_DHE_RSA_WITH_AES_256_CCM', 'rsa'],
  ['TLS_DHE_RSA_WITH_AES_128_CCM_8', 'rsa'],
  ['TLS_DHE_RSA_WITH_AES_256_CCM_8', 'rsa'],
];

describe('both roles in TLS 1.2', () => {
  for (const [suite, key] of suites) {
    it(`agree under ${suite} with a key of kind ${key}, and resume`, () => {
      const options: Partial<ClientOptions & ServerOptions> = {
        cipherSuites: [suite],
        groups: suite.includes('_DHE_') ? ['ffdhe2048'] : ['x25519', 'secp256r1'],
        keyShares: undefined,
      };
      const serverOptions = {
        ...options,
        versions: ['1.2'] as const,
        credentials: [credentials[key]],
        ticketKeys,
      };
      const first = meet(options, serverOptions);
      const facts = factsOf(first.clientEffects);
      assert.equal(facts.version, 'TLS 1.2');
      assert.equal(facts.cipherSuite, suite);
      assert.deepEqual(factsOf(first.serverEffects).cipherSuite, suite);
      assertTalk(first);
      const session = sessionOf(first.clientEffects);
      const again = meet(options, serverOptions, [session]);
      assert.equal(factsOf(again.clientEffects).resumed, true);
      assert.equal(factsOf(again.serverEffects).resumed, true);
      assert.equal(factsOf(again.serverEffects).group, facts.group);
      assertTalk(again);
      for (const run of [first, again]) {
        const exported = (state: State) => exportKeyingMaterial(state, 'EXPORTER-x', hex('0102'), 40);
        assert.deepEqual(exported(run.client), exported(run.server));
        assert.deepEqual(tlsUnique(run.client), tlsUnique(run.server));
        assert.equal(tlsUnique(run.client)?.length, 12);
      }
    });
  }

  it('prefer TLS 1.3 where both speak it', () => {
    const run = meet({ versions: both });
    assert.equal(factsOf(run.clientEffects).version, 'TLS 1.3');
  });

  it('find TLS 1.2 where a server speaks nothing newer', () => {
    const run = meet({ versions: both }, { versions: ['1.2'] });
    assert.equal(factsOf(run.clientEffects).version, 'TLS 1.2');
    assertTalk(run);
  });

  it('say the same however their bytes are cut', () => {
    const config = quickClientConfig({ versions: ['1.2'] });
    const whole = meet();
    const end = server(quickServerConfig({ versions: both }), bytes(48, 2));
    const begun = client(config, bytes(48, 1));
    const inPieces = (state: State, stream: Uint8Array) => {
      const effects: Effect[] = [];
      let at = state;
      for (const byte of stream) {
        const step = receive(at, Uint8Array.of(byte), NOW);
        at = step.state;
        effects.push(...step.effects);
      }
      return { state: at, effects };
    };
    let left: Step = begun;
    let right: Step = end;
    let said = concatAll([]);
    for (let turn = 0; turn < 3; turn++) {
      right = inPieces(right.state, sent(left.effects));
      said = concatAll([said, sent(right.effects)]);
      left = inPieces(left.state, sent(right.effects));
    }
    assert.deepEqual(said, sent(whole.serverEffects));
  });

  it('are answered by an alert when one byte of a handshake changes, and never agree', () => {
    const begun = client(quickClientConfig({ versions: ['1.2'] }), bytes(48, 1));
    const serverStart = server(quickServerConfig({ versions: both, ticketKeys }), bytes(48, 2)).state;
    const hello = sent(begun.effects);
    const answered = receive(serverStart, hello, NOW);
    const flight = sent(answered.effects);
    for (let place = 0; place < flight.length; place += 7) {
      const changed = flight.map((byte, i) => (i === place ? byte ^ 0x20 : byte));
      const reply = receive(begun.state, changed, NOW);
      const next = receive(answered.state, sent(reply.effects), NOW);
      const last = receive(reply.state, sent(next.effects), NOW);
      for (const effects of [reply.effects, next.effects, last.effects]) {
        assert.equal(find(effects, 'established'), undefined, `byte ${place}`);
      }
    }
  });
});

describe('a server that speaks TLS 1.2', () => {
  it('says in its random that it could have spoken TLS 1.3', () => {
    const run = meet();
    const hello = firstMessage(sent(run.serverEffects));
    assert.ok(hello.kind === 'tls12ServerHello');
    assert.deepEqual(hello.body.random.slice(24), hex('444f574e47524401'));
    const only = firstMessage(sent(meet({}, { versions: ['1.2'] }).serverEffects));
    assert.ok(only.kind === 'tls12ServerHello');
    assert.notDeepEqual(only.body.random.slice(24), hex('444f574e47524401'));
  });

  it('refuses a second try with less than both could speak (RFC 7507)', () => {
    const run = meet({ fallback: true });
    assert.equal(blame(failureOf(run.serverEffects)), 'incompatible inappropriate-fallback');
    assert.equal(blame(failureOf(run.clientEffects)), 'peerAlert inappropriate_fallback');
    factsOf(meet({ fallback: true }, { versions: ['1.2'] }).clientEffects);
  });

  it('refuses what is older than TLS 1.2', () => {
    const failure = answerTo((hello) => ({ ...hello, legacyVersion: 0x0302 }));
    assert.equal(blame(failure), 'incompatible no-common-version');
  });

  it('refuses a client of TLS 1.2 when it speaks TLS 1.3 only', () => {
    const run = meet({}, { versions: ['1.3'] });
    assert.equal(blame(failureOf(run.serverEffects)), 'incompatible no-common-version');
  });

  const refusals: readonly (readonly [string, (hello: ClientHello) => ClientHello, string])[] = [
    [
      'compression alone',
      (hello) => ({ ...hello, legacyCompressionMethods: hex('01') }),
      'peerMisbehaved bad-compression-method',
    ],
    [
      'a renegotiation of nothing',
      replacing({ name: 'renegotiationInfo', value: bytes(12) }),
      'peerMisbehaved bad-renegotiation-info',
    ],
    [
      'compressed points alone',
      replacing({ name: 'ecPointFormats', value: hex('01') }),
      'peerMisbehaved bad-point-formats',
    ],
    [
      'suites of TLS 1.3 alone',
      (hello) => ({ ...hello, cipherSuites: [0x1301] }),
      'incompatible no-common-cipher-suite',
    ],
    [
      'groups that we do not have',
      replacing({ name: 'supportedGroups', value: [0x0019] }),
      'incompatible no-common-group',
    ],
    [
      'no signature schemes, which would mean SHA-1 (RFC 9155)',
      (hello) => ({
        ...hello,
        extensions: hello.extensions.filter(({ name }) => name !== 'signatureAlgorithms'),
      }),
      'incompatible no-common-signature-scheme',
    ],
  ];
  for (const [title, edit, expected] of refusals) {
    it(`refuses a client that offers ${title}`, () => {
      assert.equal(blame(answerTo(edit)), expected);
    });
  }

  it('takes the null method from among others', () => {
    const step = helloStep((hello) => ({ ...hello, legacyCompressionMethods: hex('0100') }));
    assert.equal(step.state.phase.kind, 'tls12AwaitClientKeyExchange');
  });

  it('refuses a client without an extended master secret, where that is required', () => {
    const edit = (hello: ClientHello): ClientHello => ({
      ...hello,
      extensions: hello.extensions.filter(({ name }) => name !== 'extendedMasterSecret'),
    });
    const options = { requireExtendedMasterSecret: true };
    assert.equal(blame(answerTo(edit, options)), 'incompatible no-extended-master-secret');
  });

  it('takes P-256 for a client that names no groups, as everybody does', () => {
    const edit = (hello: ClientHello): ClientHello => ({
      ...hello,
      extensions: hello.extensions.filter(({ name }) => name !== 'supportedGroups'),
    });
    const step = helloStep(edit);
    assert.ok(step.state.phase.kind === 'tls12AwaitClientKeyExchange');
    const { exchange } = step.state.phase.agreed;
    assert.equal(exchange.kind === 'ephemeral' && exchange.group, 'secp256r1');
  });

  it('shows an ECDSA key on no curve that the client does not take', () => {
    const run = meet({ groups: ['x25519'] }, { credentials: [credentials.ecdsa] });
    assert.equal(blame(failureOf(run.serverEffects)), 'incompatible no-common-signature-scheme');
  });

  it('chooses the suite by the certificate, and the certificate by the suites', () => {
    const cipherSuites: readonly Tls12CipherSuiteName[] = [
      'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
      'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
    ];
    const options: Partial<ServerOptions> = { versions: ['1.2'], cipherSuites };
    const rsaOnly = meet({ cipherSuites }, { ...options, credentials: [credentials.rsa] });
    assert.equal(factsOf(rsaOnly.clientEffects).cipherSuite, cipherSuites[1]);
    const forRsa = meet(
      { cipherSuites: cipherSuites.slice(1) },
      { ...options, credentials: [credentials.ecdsa, credentials.rsa] },
    );
    assert.equal(factsOf(forRsa.clientEffects).peerSignatureScheme, 'rsa_pss_rsae_sha256');
  });

  it('agrees on an application protocol, or refuses', () => {
    const run = meet({ applicationProtocols: ['h2'] }, { applicationProtocols: ['x', 'h2'] });
    assert.equal(factsOf(run.clientEffects).applicationProtocol, 'h2');
    assert.equal(factsOf(run.serverEffects).applicationProtocol, 'h2');
    const none = meet({ applicationProtocols: ['h2'] }, { applicationProtocols: ['x'] });
    assert.equal(blame(failureOf(none.serverEffects)), 'incompatible no-common-application-protocol');
  });

  it('asks for a certificate and for a signature when it is configured to', () => {
    const run = meet({}, { credentials: 'ask' });
    assert.equal(run.server.phase.kind, 'tls12AwaitCredential');
    const given = answer(run.server, { kind: 'credential', credential: externalCredential });
    const request = find(given.effects, 'request')?.request;
    assert.ok(request?.kind === 'signature');
    const { key } = quickCredential;
    assert.ok(key.kind === 'private');
    const signature = must(nullCrypto.sign({ kind: 'ed25519' }, key.key, request.message, bytes(32)));
    const signed = answer(given.state, { kind: 'signature', signature });
    const left = receive(run.client, concatAll([sent(given.effects), sent(signed.effects)]), NOW);
    const done = converse(left, { state: signed.state, effects: [] });
    factsOf(done.clientEffects);
  });

  it('refuses the certificate and the signature of somebody else', () => {
    const run = meet({ signatureSchemes: ['ed25519'] }, { credentials: 'ask' });
    const wrong = answer(run.server, { kind: 'credential', credential: credentials.rsa });
    assert.equal(blame(failureOf(wrong.effects)), 'incompatible no-common-signature-scheme');
    const given = answer(run.server, { kind: 'credential', credential: externalCredential });
    const forged = answer(given.state, { kind: 'signature', signature: bytes(64) });
    assert.equal(blame(failureOf(forged.effects)), 'misuse signing-failed');
  });
});

describe('client certificates in TLS 1.2', () => {
  const wanted = (required: boolean): Partial<ServerOptions> => ({
    clientAuthentication: { authenticator: dangerouslyAcceptAnyCertificate, required },
  });

  it('are shown, proven, and remembered by sessions', () => {
    const options = { ...wanted(true), ticketKeys };
    const run = meet({ credentials: [credentials.ecdsa] }, options);
    assert.equal(factsOf(run.serverEffects).peerSignatureScheme, 'ecdsa_secp256r1_sha256');
    const again = meet({ credentials: [credentials.ecdsa] }, options, [sessionOf(run.clientEffects)]);
    const facts = factsOf(again.serverEffects);
    assert.equal(facts.resumed, true);
    assert.deepEqual(facts.peer?.leaf.der, credentials.ecdsa.leaf.der);
  });

  it('are missed where they are required', () => {
    const run = meet({}, wanted(true));
    assert.equal(blame(failureOf(run.serverEffects)), 'peerMisbehaved no-tls12-client-certificate');
    assert.equal(blame(failureOf(run.clientEffects)), 'peerAlert handshake_failure');
    assert.equal(factsOf(meet({}, wanted(false)).serverEffects).peer, undefined);
  });

  it('are judged by request, in full and resumed handshakes', () => {
    const options: Partial<ServerOptions> = {
      clientAuthentication: { authenticator: 'ask', required: true },
      ticketKeys,
    };
    const verdictFor = (run: Run): Response => {
      const request = find(run.serverEffects, 'request')?.request;
      assert.ok(request?.kind === 'verdict');
      return { kind: 'verdict', verdict: dangerouslyAcceptAnyCertificate(request.presented) };
    };
    const run = meet({ credentials: [quickCredential] }, options);
    assert.equal(run.server.phase.kind, 'tls12AwaitClientVerdict');
    const done = converse({ state: run.client, effects: [] }, answer(run.server, verdictFor(run)));
    factsOf(done.serverEffects);
    const again = meet({ credentials: [quickCredential] }, options, [sessionOf(done.clientEffects)]);
    assert.equal(again.server.phase.kind, 'tls12AwaitSessionVerdict');
    const resumed = converse({ state: again.client, effects: [] }, answer(again.server, verdictFor(again)));
    assert.equal(factsOf(resumed.serverEffects).resumed, true);
    const refused = answer(again.server, { kind: 'refusal', reason: 'gone' });
    assert.equal(blame(failureOf(refused.effects)), 'misuse verdict-refused');
  });
});

describe('resumption in TLS 1.2, at a server', () => {
  it('keeps to the name, the context, the time, the suite and the keys', () => {
    const session = sessionOf(meet({}, { ticketKeys }).clientEffects);
    const changes: readonly (readonly [Partial<ClientOptions>, Partial<ServerOptions>])[] = [
      [{}, { ticketKeys, sessionContext: hex('01') }],
      [{}, { ticketKeys: [{ name: bytes(16, 3), secret: secret(bytes(32, 99)) }] }],
      [{}, { ticketKeys: [] }],
      [{}, { ticketKeys, versions: ['1.2'], cipherSuites: ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'] }],
      [{}, { ticketKeys, ticketLifetime: 1 }],
    ];
    for (const [clientOptions, serverOptions] of changes) {
      const aged = { ...session, receivedAt: NOW };
      const run = converse(
        client(quickClientConfig({ versions: ['1.2'], ...clientOptions }), bytes(48, 1), {
          sessions: [aged],
          now: NOW,
        }),
        server(quickServerConfig({ versions: both, ...serverOptions }), bytes(48, 2)),
        NOW + 5000,
      );
      assert.equal(factsOf(run.serverEffects).resumed, false);
    }
  });

  it('refuses a session whose client has lost the extended master secret (RFC 7627)', () => {
    const session = sessionOf(meet({}, { ticketKeys }).clientEffects);
    const failure = answerTo(
      (hello) => ({
        ...hello,
        extensions: hello.extensions.flatMap((extension): readonly ClientHelloExtension[] =>
          extension.name === 'extendedMasterSecret'
            ? []
            : extension.name === 'sessionTicket'
              ? [{ name: 'sessionTicket', value: session.ticket }]
              : [extension],
        ),
      }),
      { ticketKeys },
    );
    assert.equal(blame(failure), 'peerMisbehaved extended-master-secret-changed-on-resumption');
  });

  it('goes by the store where sessions are stored, and gives no tickets', () => {
    const run = meet({}, { storedSessions: true });
    const stored = find(run.serverEffects, 'storeSession');
    assert.ok(stored !== undefined);
    const session = sessionOf(run.clientEffects);
    assert.deepEqual(session.sessionId, stored.id);
    assert.equal(session.ticket.length, 0);
    const again = meet({}, { storedSessions: true }, [session]);
    const request = find(again.serverEffects, 'request')?.request;
    assert.ok(request?.kind === 'sessionLookup');
    assert.deepEqual(request.id, stored.id);
    const answered = (found: Uint8Array | undefined): Run =>
      converse(
        { state: again.client, effects: [] },
        answer(again.server, { kind: 'sessionLookup', session: found }),
      );
    const resumed = answered(stored.session);
    assert.equal(factsOf(resumed.clientEffects).resumed, true);
    assert.deepEqual(find(resumed.serverEffects, 'storeSession')?.id, stored.id);
    assert.equal(factsOf(answered(undefined).clientEffects).resumed, false);
    assert.equal(factsOf(answered(bytes(50)).clientEffects).resumed, false);
  });

  it('goes on from a session until it has expired', () => {
    const session = sessionOf(meet({}, { ticketKeys }).clientEffects);
    const next = sessionOf(meet({}, { ticketKeys }, [session]).clientEffects);
    assert.deepEqual(next, session);
    assert.equal(factsOf(meet({}, { ticketKeys }, [next]).clientEffects).resumed, true);
  });
});

describe('a server in TLS 1.2 is not taken in', () => {
  /** A server that awaits the client's share, and what an honest client says then. */
  const awaiting = () => {
    const begun = client(quickClientConfig({ versions: ['1.2'] }), bytes(48, 1));
    const step = receive(
      server(quickServerConfig({ versions: both }), bytes(48, 2)).state,
      sent(begun.effects),
      NOW,
    );
    const reply = receive(begun.state, sent(step.effects), NOW);
    return { state: step.state, records: recordsOf(sent(reply.effects)) };
  };

  it('by change_cipher_spec before the key exchange (CVE-2014-0224)', () => {
    const { state } = awaiting();
    const failure = failureOf(receive(state, changeCipherSpec, NOW).effects);
    assert.equal(blame(failure), 'peerMisbehaved bad-change-cipher-spec');
  });

  it('by Finished without change_cipher_spec, or in the clear behind it', () => {
    const { state, records } = awaiting();
    const exchanged = receive(state, records[0] ?? hex(''), NOW).state;
    const finished = plainRecord(contentTypes.handshake, hex('1400000c000102030405060708090a0b'));
    const early = failureOf(receive(exchanged, finished, NOW).effects);
    assert.equal(blame(early), 'peerMisbehaved unexpected-message');
    const changed = receive(exchanged, changeCipherSpec, NOW).state;
    const clear = failureOf(receive(changed, finished, NOW).effects);
    assert.equal(blame(clear), 'peerMisbehaved decryption-failed');
  });

  it('by application data before Finished', () => {
    const { state, records } = awaiting();
    const exchanged = receive(state, concatAll(records.slice(0, 2)), NOW).state;
    const failure = failureOf(
      receive(exchanged, plainRecord(contentTypes.applicationData, bytes(40)), NOW).effects,
    );
    assert.equal(blame(failure), 'peerMisbehaved decryption-failed');
  });

  it('by a share that is none', () => {
    const { state } = awaiting();
    for (const [body, expected] of [
      ['', 'malformed clientKeyExchange'],
      ['05', 'malformed clientKeyExchange'],
      ['0100', 'peerMisbehaved bad-key-share'],
    ] as const) {
      const raw = concatAll([Uint8Array.of(16, 0, 0, body.length / 2), hex(body)]);
      const failure = failureOf(receive(state, plainRecord(contentTypes.handshake, raw), NOW).effects);
      assert.equal(blame(failure), expected);
    }
  });
});

/** What a server makes of an honest ClientHello that was changed. */
function helloStep(edit: (hello: ClientHello) => ClientHello, options: Partial<ServerOptions> = {}): Step {
  const raw = encodeHandshake({ kind: 'clientHello', body: edit(honestHello()) });
  const { state } = server(quickServerConfig({ versions: both, ...options }), bytes(48, 2));
  return receive(state, plainRecord(contentTypes.handshake, raw), NOW);
}

function honestHello(): ClientHello {
  const begun = client(quickClientConfig({ versions: ['1.2'] }), bytes(48, 1));
  const [record = hex('')] = recordsOf(sent(begun.effects));
  const decoded = must(decodeHandshake(record.subarray(5)));
  assert.ok(decoded.kind === 'clientHello');
  return decoded.body;
}

function answerTo(edit: (hello: ClientHello) => ClientHello, options: Partial<ServerOptions> = {}): Failure {
  return failureOf(helloStep(edit, options).effects);
}

function replacing(replacement: ClientHelloExtension): (hello: ClientHello) => ClientHello {
  return (hello) => ({
    ...hello,
    extensions: [...hello.extensions.filter(({ name }) => name !== replacement.name), replacement],
  });
}

function firstMessage(stream: Uint8Array): Tls12Message {
  const [record = hex('')] = recordsOf(stream);
  const [raw = hex('')] = messagesOf(record.subarray(5));
  return must(decodeTls12Handshake(raw));
}
