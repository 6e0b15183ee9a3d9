import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ffdheParameters } from '../../nocrypto/index.ts';
import { cipherSuites } from '../../src/cipher-suites.ts';
import { contentTypes, helloRetryRequestRandom, tls12CipherSuiteCodes } from '../../src/codepoints.ts';
import { findExtension } from '../../src/extensions.ts';
import {
  answer,
  close,
  describeFailure,
  type Effect,
  exportKeyingMaterial,
  rawKeyCredential,
  type Session,
  send,
  status,
  type Tls12Session,
  tlsExporter,
  tlsServerEndPoint,
  tlsUnique,
  updateKeys,
} from '../../src/index.ts';
import { encodeHandshake } from '../../src/messages.ts';
import { protection } from '../../src/record.ts';
import type { Tls12ServerHello } from '../../src/tls12/messages.ts';
import { dangerouslyAcceptAnyCertificate, dangerouslyAcceptAnyRawKey } from '../../x509/index.ts';
import { assertAt, assertFailed, assertIncompatible, assertMisbehaved } from './expect.ts';
import { nullCrypto } from './null-crypto.ts';
import { alert, changeCipherSpec, data, deliver, follow, messagesHeard, plainRecord } from './peer.ts';
import { externalCredential, quickAuthenticator, quickCredential, quickLeafKey } from './quick.ts';
import {
  establishTls12,
  meetTls12Client,
  type ScriptedTls12Server,
  sayTls12Flight,
  someSecret,
  type Tls12ServerOptions,
} from './scripted-tls12-server.ts';
import { bytes, find, hex, NAME, NOW } from './support.ts';

type HelloEdit = (hello: Tls12ServerHello) => Tls12ServerHello;

describe('a client that speaks TLS 1.2', () => {
  it('goes on with a server that speaks nothing newer', () => {
    const { peer } = establishTls12();
    assertAt(peer, 'established');
    const facts = find(peer.effects, 'established')?.facts;
    assert.ok(facts?.version === 'TLS 1.2');
    assert.equal(facts.cipherSuite, 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256');
    assert.equal(facts.group, 'x25519');
    assert.equal(facts.extendedMasterSecret, true);
    assert.equal(facts.peerSignatureScheme, 'ed25519');
    assert.equal(facts.serverName, NAME);
    assert.equal(facts.resumed, false);
    follow(peer, send(peer.state, hex('0102')));
    assert.deepEqual(peer.heard.at(-1), { kind: 'data', bytes: hex('0102'), protected: true });
    data(peer, hex('03'));
    assert.deepEqual(find(peer.latest, 'data')?.bytes, hex('03'));
  });

  it('offers both versions in one ClientHello', () => {
    const hello = meetTls12Client().hello();
    assert.deepEqual(findExtension(hello.extensions, 'supportedVersions'), [0x0304, 0x0303]);
    assert.deepEqual(findExtension(hello.extensions, 'extendedMasterSecret'), hex(''));
    assert.deepEqual(findExtension(hello.extensions, 'renegotiationInfo'), hex(''));
    assert.deepEqual(findExtension(hello.extensions, 'ecPointFormats'), hex('00'));
    assert.deepEqual(findExtension(hello.extensions, 'sessionTicket'), hex(''));
    assert.ok(hello.cipherSuites.includes(0x1301));
    assert.ok(hello.cipherSuites.includes(0xc02b));
  });

  it('says nothing of TLS 1.3 when it does not speak it', () => {
    const hello = meetTls12Client({ client: { versions: ['1.2'] } }).hello();
    for (const name of ['supportedVersions', 'keyShare', 'pskKeyExchangeModes'] as const) {
      assert.equal(findExtension(hello.extensions, name), undefined, name);
    }
    assert.deepEqual(hello.legacySessionId, hex(''));
    assert.ok(!hello.cipherSuites.includes(0x1301));
  });

  it('says so when it is a second try', () => {
    const hello = meetTls12Client({ client: { versions: ['1.2'], fallback: true } }).hello();
    assert.equal(hello.cipherSuites.at(-1), 0x5600);
  });

  it('goes on with any of its suites for this kind of key', () => {
    for (const suite of [
      'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
      'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
      'TLS_ECDHE_ECDSA_WITH_AES_128_CCM',
      'TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8',
    ] as const) {
      const { peer } = establishTls12({ suite, client: { versions: ['1.2'], cipherSuites: [suite] } });
      assertAt(peer, 'established');
      data(peer, bytes(100));
      assert.deepEqual(find(peer.latest, 'data')?.bytes, bytes(100));
    }
  });
});

const badHellos: readonly (readonly [
  string,
  HelloEdit,
  'peerMisbehaved' | 'incompatible',
  string,
  string,
])[] = [
  [
    'a suite that was not offered',
    (hello) => ({ ...hello, cipherSuite: 0xc013 }),
    'peerMisbehaved',
    'unoffered-cipher-suite',
    'illegal_parameter',
  ],
  [
    'a suite of TLS 1.3',
    (hello) => ({ ...hello, cipherSuite: 0x1301 }),
    'peerMisbehaved',
    'unoffered-cipher-suite',
    'illegal_parameter',
  ],
  [
    'a suite that is only a signal',
    (hello) => ({ ...hello, cipherSuite: 0x00ff }),
    'peerMisbehaved',
    'unoffered-cipher-suite',
    'illegal_parameter',
  ],
  [
    'compression (CRIME)',
    (hello) => ({ ...hello, legacyCompressionMethod: 1 }),
    'peerMisbehaved',
    'bad-compression-method',
    'illegal_parameter',
  ],
  [
    'TLS 1.1',
    (hello) => ({ ...hello, legacyVersion: 0x0302 }),
    'incompatible',
    'no-common-version',
    'protocol_version',
  ],
  [
    'a version from the future',
    (hello) => ({ ...hello, legacyVersion: 0x0304 }),
    'peerMisbehaved',
    'unoffered-version',
    'illegal_parameter',
  ],
  [
    'the sign that it could have spoken TLS 1.3',
    (hello) => ({ ...hello, random: endingIn('444f574e47524401') }),
    'peerMisbehaved',
    'downgrade-sentinel',
    'illegal_parameter',
  ],
  [
    'the sign that it could have spoken TLS 1.2',
    (hello) => ({ ...hello, random: endingIn('444f574e47524400') }),
    'peerMisbehaved',
    'downgrade-sentinel',
    'illegal_parameter',
  ],
  [
    'no renegotiation_info',
    without('renegotiationInfo'),
    'incompatible',
    'no-secure-renegotiation',
    'handshake_failure',
  ],
  [
    'the renegotiation_info of another handshake',
    (hello) => ({
      ...without('renegotiationInfo')(hello),
      extensions: [{ name: 'renegotiationInfo', value: bytes(24) }],
    }),
    'peerMisbehaved',
    'bad-renegotiation-info',
    'handshake_failure',
  ],
  [
    'compressed points alone',
    withExtension({ name: 'ecPointFormats', value: hex('01') }),
    'peerMisbehaved',
    'bad-point-formats',
    'illegal_parameter',
  ],
  [
    'an extension that was not offered',
    withExtension({ name: 'unknown', type: 0x1234, data: hex('') }),
    'peerMisbehaved',
    'unsolicited-extension',
    'unsupported_extension',
  ],
  [
    'an extension twice',
    withExtension({ name: 'extendedMasterSecret', value: hex('') }),
    'peerMisbehaved',
    'duplicate-extension',
    'illegal_parameter',
  ],
  [
    'a session id that only calms middleboxes',
    // The only one there is: thirty-two bytes that the test's seed has made.
    (hello) => ({ ...hello, legacySessionIdEcho: echo }),
    'peerMisbehaved',
    'session-id-echoed-unasked',
    'illegal_parameter',
  ],
];

const echo = meetTls12Client().hello().legacySessionId;

describe('a client is not satisfied with a ServerHello of TLS 1.2', () => {
  for (const [title, edit, kind, reason, expected] of badHellos) {
    it(`with ${title}`, () => {
      const server = meetTls12Client();
      server.serverHello(edit);
      assertFailed(server.peer, expected as 'illegal_parameter', `${kind} ${reason}`);
    });
  }

  it('after it has offered early data, which such a server could not even drop', () => {
    const earlyData = {
      maxEarlyData: 100,
      cipherSuite: 'TLS_AES_128_GCM_SHA256',
      applicationProtocol: undefined,
    } as const;
    const psk = { identity: hex('01'), secret: someSecret(32), earlyData };
    const server = meetTls12Client({
      client: { externalPsks: [psk] },
      earlyData: true,
    });
    // What it says about this goes under the keys of early data, which such a server cannot have.
    const { crypto } = server.peer;
    server.peer.read = protection(crypto, cipherSuites.TLS_AES_128_GCM_SHA256, someSecret(32));
    server.serverHello();
    const failed = find(server.peer.effects, 'failed')?.failure;
    assert.ok(failed?.kind === 'incompatible' && failed.reason === 'early-data-to-tls12');
  });

  it('as the answer to its second hello', () => {
    const server = meetTls12Client();
    const retry = encodeHandshake({
      kind: 'helloRetryRequest',
      body: {
        legacyVersion: 0x0303,
        random: helloRetryRequestRandom,
        legacySessionIdEcho: server.hello().legacySessionId,
        cipherSuite: 0x1301,
        legacyCompressionMethod: 0,
        extensions: [
          { name: 'supportedVersions', value: 0x0304 },
          { name: 'keyShare', value: 0x0017 },
        ],
      },
    });
    deliver(server.peer, plainRecord(contentTypes.handshake, retry));
    server.serverHello();
    assertMisbehaved(server.peer, 'illegal_parameter', 'version-changed-after-retry');
  });

  it('when it speaks TLS 1.3 only', () => {
    const server = meetTls12Client({ client: { versions: ['1.3'] } });
    server.serverHello();
    assertIncompatible(server.peer, 'protocol_version', 'no-common-version');
  });

  it('without an extended master secret, where that is required', () => {
    const server = meetTls12Client({ client: { requireExtendedMasterSecret: true } });
    server.serverHello(without('extendedMasterSecret'));
    assertIncompatible(server.peer, 'handshake_failure', 'no-extended-master-secret');
  });

  it('that chooses no protocol, or one that was not offered', () => {
    const server = meetTls12Client({ client: { applicationProtocols: ['h2'] } });
    server.serverHello(withExtension({ name: 'applicationLayerProtocolNegotiation', value: ['x'] }));
    assertMisbehaved(server.peer, 'illegal_parameter', 'unoffered-application-protocol');
  });
});

describe('the key exchange of TLS 1.2', () => {
  const flawed = (act: (server: ScriptedTls12Server) => void, options?: Tls12ServerOptions) => {
    const server = meetTls12Client(options);
    server.serverHello();
    server.certificate();
    act(server);
    return server.peer;
  };

  it('is refused on a curve that was not offered', () => {
    const params = hex('03001803010203');
    const peer = flawed((server) => server.serverKeyExchange(undefined, { params }));
    assertMisbehaved(peer, 'illegal_parameter', 'unoffered-group');
  });

  it('is refused on a hybrid, which TLS 1.2 does not have', () => {
    const params = hex('0311ec03010203');
    const peer = flawed((server) => server.serverKeyExchange(undefined, { params }), {
      client: { groups: ['X25519MLKEM768', 'x25519'] },
    });
    assertMisbehaved(peer, 'illegal_parameter', 'unoffered-group');
  });

  it('is refused on a curve in explicit parameters', () => {
    const params = hex('0101020304');
    const peer = flawed((server) => server.serverKeyExchange(undefined, { params }));
    assertMisbehaved(peer, 'illegal_parameter', 'unoffered-group');
  });

  it('is refused with a share that is none', () => {
    const params = hex('03001d0101');
    const server = meetTls12Client();
    server.serverHello();
    server.certificate();
    server.serverKeyExchange(undefined, { params });
    server.serverHelloDone();
    assertMisbehaved(server.peer, 'illegal_parameter', 'bad-key-share');
  });

  it('is refused when the signature is for another connection', () => {
    const content = (signed: Uint8Array) => signed.map((byte, i) => (i === 0 ? byte ^ 1 : byte));
    const peer = flawed((server) => server.serverKeyExchange(undefined, { content }));
    assertMisbehaved(peer, 'decrypt_error', 'bad-signature');
  });

  it('is refused when the signature is by a scheme that was not offered', () => {
    const peer = flawed((server) => server.serverKeyExchange(), {
      client: { signatureSchemes: ['ecdsa_secp256r1_sha256'] },
    });
    assertMisbehaved(peer, 'illegal_parameter', 'unoffered-signature-scheme');
  });

  it('is refused when the suite asks for another kind of key', () => {
    const peer = flawed((server) => server.serverKeyExchange(), {
      suite: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
    });
    assertMisbehaved(peer, 'illegal_parameter', 'certificate-does-not-fit-suite');
  });

  const dhe: Tls12ServerOptions = {
    suite: 'TLS_DHE_RSA_WITH_AES_128_GCM_SHA256',
    client: {
      versions: ['1.2'],
      cipherSuites: ['TLS_DHE_RSA_WITH_AES_128_GCM_SHA256'],
      groups: ['ffdhe2048'],
      keyShares: [],
    },
  };

  it('is refused in a finite field that nobody has named (Logjam)', () => {
    for (const prime of [bytes(64), bytes(128), bytes(256)]) {
      const params = finiteField(prime, hex('02'), bytes(10));
      const peer = flawed((server) => server.serverKeyExchange(undefined, { params }), dhe);
      assertMisbehaved(peer, 'insufficient_security', 'unknown-finite-field');
    }
  });

  it('is refused in a named field with another generator, or with a share that is too long', () => {
    const { prime, generator } = ffdheParameters('ffdhe2048');
    const odd = flawed(
      (server) => server.serverKeyExchange(undefined, { params: finiteField(prime, hex('05'), bytes(10)) }),
      dhe,
    );
    assertMisbehaved(odd, 'insufficient_security', 'unknown-finite-field');
    const long = flawed(
      (server) => server.serverKeyExchange(undefined, { params: finiteField(prime, generator, bytes(300)) }),
      dhe,
    );
    assertMisbehaved(long, 'illegal_parameter', 'bad-key-share');
  });

  it('is refused in a named field that was not offered', () => {
    const { prime, generator } = ffdheParameters('ffdhe3072');
    const peer = flawed(
      (server) => server.serverKeyExchange(undefined, { params: finiteField(prime, generator, bytes(384)) }),
      dhe,
    );
    assertMisbehaved(peer, 'illegal_parameter', 'unoffered-group');
  });

  it('is refused when it is cut short', () => {
    for (const exchange of [hex(''), hex('03'), hex('03001d20'), hex('03001d0101080700')]) {
      const peer = flawed((server) => server.serverKeyExchange(() => ({ exchange })));
      assert.ok(find(peer.effects, 'failed'), 'refused');
      assert.equal(status(peer.state).phase, 'over');
    }
  });

  it('without a certificate is refused', () => {
    const server = meetTls12Client();
    server.serverHello();
    server.certificate(() => ({ certificateList: [] }));
    assertMisbehaved(server.peer, 'decode_error', 'empty-certificate');
  });
});

describe('change_cipher_spec in TLS 1.2', () => {
  const stages: readonly (readonly [string, (server: ScriptedTls12Server) => void])[] = [
    ['after the ServerHello', (server) => server.serverHello()],
    [
      'after the Certificate',
      (server) => {
        server.serverHello();
        server.certificate();
      },
    ],
    [
      'after the ServerKeyExchange',
      (server) => {
        server.serverHello();
        server.certificate();
        server.serverKeyExchange();
      },
    ],
    [
      'instead of a ticket that was announced',
      (server) => {
        server.serverHello(withExtension({ name: 'sessionTicket', value: hex('') }));
        server.certificate();
        server.serverKeyExchange();
        server.serverHelloDone();
      },
    ],
  ];
  for (const [title, act] of stages) {
    it(`${title} is too early (CVE-2014-0224)`, () => {
      const server = meetTls12Client();
      act(server);
      deliver(server.peer, changeCipherSpec);
      assertMisbehaved(server.peer, 'unexpected_message', 'bad-change-cipher-spec');
    });
  }

  it('between parts of a message is refused', () => {
    const server = meetTls12Client();
    sayTls12Flight(server);
    deliver(server.peer, plainRecord(contentTypes.handshake, hex('140000')));
    deliver(server.peer, changeCipherSpec);
    assertMisbehaved(server.peer, 'unexpected_message', 'unread-handshake-bytes-at-key-change');
  });

  it('with another byte, or more of them, is refused', () => {
    for (const content of [hex('02'), hex('0101'), hex('')]) {
      const server = meetTls12Client();
      sayTls12Flight(server);
      deliver(server.peer, plainRecord(contentTypes.changeCipherSpec, content));
      assertMisbehaved(server.peer, 'unexpected_message', 'bad-change-cipher-spec');
    }
  });

  it('must come before Finished', () => {
    const server = meetTls12Client();
    sayTls12Flight(server);
    server.finished();
    assertMisbehaved(server.peer, 'unexpected_message', 'unexpected-message');
  });

  it('must be followed by protected records', () => {
    const server = meetTls12Client();
    sayTls12Flight(server);
    deliver(server.peer, changeCipherSpec);
    deliver(server.peer, plainRecord(contentTypes.handshake, bytes(16)));
    assertMisbehaved(server.peer, 'bad_record_mac', 'decryption-failed');
  });

  it('comes once', () => {
    const server = meetTls12Client();
    sayTls12Flight(server);
    server.changeCipherSpec();
    server.say({ kind: 'serverHelloDone', body: { nothing: hex('') } });
    assertMisbehaved(server.peer, 'unexpected_message', 'unexpected-message');
  });
});

describe('a client in TLS 1.2', () => {
  it('notices a Finished that does not match', () => {
    const server = meetTls12Client();
    sayTls12Flight(server);
    server.changeCipherSpec();
    server.finished(({ verifyData }) => ({ verifyData: verifyData.map((byte) => byte ^ 1) }));
    assertMisbehaved(server.peer, 'decrypt_error', 'bad-finished');
  });

  it('takes no application data before Finished', () => {
    const server = meetTls12Client();
    sayTls12Flight(server);
    server.changeCipherSpec();
    data(server.peer, hex('01'));
    assertMisbehaved(server.peer, 'unexpected_message', 'unexpected-message');
  });

  it('takes messages in their order only', () => {
    for (const act of [
      (server: ScriptedTls12Server) => server.serverKeyExchange(),
      (server: ScriptedTls12Server) => server.serverHelloDone(),
      (server: ScriptedTls12Server) => server.certificateRequest(),
      (server: ScriptedTls12Server) => server.newSessionTicket(),
      (server: ScriptedTls12Server) => server.certificateStatus(),
    ]) {
      const server = meetTls12Client();
      server.serverHello();
      act(server);
      assertMisbehaved(server.peer, 'unexpected_message', 'unexpected-message');
    }
  });

  it('shows a certificate when it is asked, and proves its key', () => {
    const server = meetTls12Client({ client: { credentials: [quickCredential] } });
    server.serverHello();
    server.certificate();
    server.serverKeyExchange();
    server.certificateRequest();
    server.serverHelloDone();
    server.changeCipherSpec();
    server.finished();
    assertAt(server.peer, 'established');
    assert.equal(find(server.peer.effects, 'established')?.facts.ownSignatureScheme, 'ed25519');
    assert.equal(messagesHeard(server.peer, 'certificateVerify').length, 1);
  });

  it('says that it has none when it has none that fits', () => {
    for (const edit of [{ certificateTypes: hex('01') }, { supportedSignatureAlgorithms: [0x0401] }]) {
      const server = meetTls12Client({ client: { credentials: [quickCredential] } });
      server.serverHello();
      server.certificate();
      server.serverKeyExchange();
      server.certificateRequest((honest) => ({ ...honest, ...edit }));
      server.serverHelloDone();
      server.changeCipherSpec();
      server.finished();
      assertAt(server.peer, 'established');
      const [shown] = messagesHeard(server.peer, 'tls12Certificate');
      assert.ok(shown?.kind === 'tls12Certificate');
      assert.deepEqual(shown.body.certificateList, []);
      assert.equal(messagesHeard(server.peer, 'certificateVerify').length, 0);
    }
  });

  it('asks for a verdict, a certificate and a signature when it is configured to', () => {
    const server = meetTls12Client({ client: { authenticator: 'ask', credentials: 'ask' } });
    const { peer } = server;
    server.serverHello();
    server.certificate();
    server.serverKeyExchange();
    server.certificateRequest();
    server.serverHelloDone();
    assertAt(peer, 'tls12AwaitServerVerdict');
    const presented = find(peer.latest, 'request')?.request;
    assert.ok(presented?.kind === 'verdict');
    const verdict = dangerouslyAcceptAnyCertificate(presented.presented);
    follow(peer, answer(peer.state, { kind: 'verdict', verdict }));
    assertAt(peer, 'tls12AwaitOwnCredential');
    follow(peer, answer(peer.state, { kind: 'clientCredential', credential: externalCredential }));
    assertAt(peer, 'tls12AwaitOwnSignature');
    const wanted = find(peer.latest, 'request')?.request;
    assert.ok(wanted?.kind === 'signature');
    const key = quickCredential.key;
    assert.ok(key.kind === 'private');
    const signed = peer.crypto.sign({ kind: 'ed25519' }, key.key, wanted.message, bytes(32));
    assert.ok(signed.ok);
    follow(peer, answer(peer.state, { kind: 'signature', signature: signed.value }));
    server.changeCipherSpec();
    server.finished();
    assertAt(peer, 'established');
  });

  it('ignores a HelloRequest during the handshake, and declines it afterwards, in bounds', () => {
    const server = meetTls12Client();
    server.serverHello();
    server.helloRequest();
    server.certificate();
    server.serverKeyExchange();
    server.serverHelloDone();
    server.changeCipherSpec();
    server.finished();
    assertAt(server.peer, 'established');
    server.helloRequest();
    assert.deepEqual(server.peer.heard.at(-1), {
      kind: 'alert',
      level: 1,
      alert: 'no_renegotiation',
      protected: true,
    });
    for (let i = 0; i < 20; i++) if (status(server.peer.state).phase !== 'over') server.helloRequest();
    assert.equal(status(server.peer.state).phase, 'over');
  });

  it('lets a server warn, in bounds', () => {
    const server = meetTls12Client();
    alert(server.peer, 'unrecognized_name', 1);
    sayTls12Flight(server);
    server.changeCipherSpec();
    server.finished();
    assertAt(server.peer, 'established');
    for (let i = 1; i < 16; i++) alert(server.peer, 'unrecognized_name', 1);
    assertAt(server.peer, 'established');
    alert(server.peer, 'unrecognized_name', 1);
    assertMisbehaved(server.peer, 'unexpected_message', 'too-many-useless-records');
  });

  it('ends a connection whose keys are worn out, for TLS 1.2 has no others', () => {
    const { peer } = establishTls12({ client: { limits: { aesGcmRecords: 10 } } });
    for (let i = 0; i < 7; i++) follow(peer, send(peer.state, hex('01')));
    assertAt(peer, 'established');
    follow(peer, send(peer.state, hex('01')));
    assertFailed(peer, 'close_notify', 'misuse keys-worn-out');
    assert.throws(() => updateKeys(establishTls12().peer.state, { ask: false }), /TLS 1.2/);
  });

  it('closes in order', () => {
    const { peer } = establishTls12();
    follow(peer, close(peer.state));
    alert(peer, 'close_notify', 1);
    assert.equal(peer.effects.at(-1)?.kind, 'closed');
  });

  it('exports the same keys as others, and binds channels', () => {
    const { peer } = establishTls12();
    const without = exportKeyingMaterial(peer.state, 'EXPORTER-test', undefined, 32);
    const empty = exportKeyingMaterial(peer.state, 'EXPORTER-test', hex(''), 32);
    assert.notDeepEqual(without, empty);
    assert.equal(tlsExporter(peer.state).length, 32);
    assert.equal(tlsUnique(peer.state)?.length, 12);
    assert.doesNotThrow(() => tlsServerEndPoint(peer.state));
  });

  it('neither exports nor resumes without an extended master secret', () => {
    const server = meetTls12Client();
    server.serverHello((hello) => ({
      ...without('extendedMasterSecret')(hello),
      legacySessionIdEcho: bytes(32, 4),
    }));
    server.certificate();
    server.serverKeyExchange();
    server.serverHelloDone();
    server.changeCipherSpec();
    server.finished();
    assertAt(server.peer, 'established');
    assert.throws(() => exportKeyingMaterial(server.peer.state, 'label', hex(''), 32), /7627/);
    assert.equal(tlsUnique(server.peer.state), undefined);
    assert.equal(find(server.peer.effects, 'ticket'), undefined);
  });
});

describe('a client that would take raw keys, with a server of TLS 1.2', () => {
  const own = rawKeyCredential(nullCrypto, quickLeafKey);
  assert.ok(own.ok);
  const client = {
    authenticator: quickAuthenticator,
    rawKeyAuthenticator: dangerouslyAcceptAnyRawKey,
    credentials: [own.value, quickCredential],
  };
  const saying = (name: 'clientCertificateType' | 'serverCertificateType', value: number) => {
    const server = meetTls12Client({ client });
    server.serverHello(withExtension({ name, value }));
    return server;
  };

  it('goes on by X.509, whether the server says so (RFC 7250 §4.2) or says nothing', () => {
    assertAt(establishTls12({ client }).peer, 'established');
    for (const name of ['clientCertificateType', 'serverCertificateType'] as const) {
      assertAt(saying(name, 0).peer, 'tls12AwaitCertificate');
    }
  });

  it('refuses a kind that it has not offered, and goes no further with one that it speaks in TLS 1.3 only', () => {
    for (const name of ['clientCertificateType', 'serverCertificateType'] as const) {
      assertMisbehaved(saying(name, 1).peer, 'illegal_parameter', 'unoffered-certificate-type');
      assertIncompatible(saying(name, 2).peer, 'unsupported_certificate', 'no-common-certificate-type');
    }
    const plain = meetTls12Client();
    plain.serverHello(withExtension({ name: 'serverCertificateType', value: 0 }));
    assertMisbehaved(plain.peer, 'unsupported_extension', 'unsolicited-extension');
  });
});

describe('resumption in TLS 1.2, at a client', () => {
  const withTicket = () => {
    const server = meetTls12Client();
    server.serverHello(withExtension({ name: 'sessionTicket', value: hex('') }));
    server.certificate();
    server.serverKeyExchange();
    server.serverHelloDone();
    server.newSessionTicket();
    server.changeCipherSpec();
    server.finished();
    return sessionIn(server.peer.effects);
  };
  const withId = () => {
    const server = meetTls12Client();
    server.serverHello((hello) => ({ ...hello, legacySessionIdEcho: bytes(32, 9) }));
    server.certificate();
    server.serverKeyExchange();
    server.serverHelloDone();
    server.changeCipherSpec();
    server.finished();
    return sessionIn(server.peer.effects);
  };
  const echoing: HelloEdit = (hello) => hello;

  for (const [title, make] of [
    ['a ticket', withTicket],
    ['a session id', withId],
  ] as const) {
    it(`goes by ${title}`, () => {
      const session = make();
      const server = meetTls12Client({ sessions: [session] });
      const { legacySessionId, extensions } = server.hello();
      assert.deepEqual(findExtension(extensions, 'sessionTicket'), session.ticket);
      if (session.ticket.length === 0) assert.deepEqual(legacySessionId, session.sessionId);
      server.serverHello((hello) => ({ ...echoing(hello), legacySessionIdEcho: legacySessionId }));
      server.changeCipherSpec();
      server.finished();
      assertAt(server.peer, 'established');
      const facts = find(server.peer.effects, 'established')?.facts;
      assert.equal(facts?.resumed, true);
      assert.equal(facts?.peerSignatureScheme, 'ed25519');
      assert.ok(facts?.peer !== undefined);
      assert.deepEqual(sessionIn(server.peer.effects), session);
      data(server.peer, hex('01'));
      assert.deepEqual(find(server.peer.latest, 'data')?.bytes, hex('01'));
    });
  }

  it('takes a new ticket in place of the old one', () => {
    const session = withTicket();
    const server = meetTls12Client({ sessions: [session] });
    server.serverHello((hello) => ({
      ...withExtension({ name: 'sessionTicket', value: hex('') })(hello),
      legacySessionIdEcho: server.hello().legacySessionId,
    }));
    server.newSessionTicket((honest) => ({ ...honest, ticket: bytes(50, 99) }));
    server.changeCipherSpec();
    server.finished();
    const next = sessionIn(server.peer.effects);
    assert.deepEqual(next.ticket, bytes(50, 99));
    assert.deepEqual(next.masterSecret, session.masterSecret);
  });

  it('asks about the server of the session, where it asks about servers', () => {
    const session = withTicket();
    const server = meetTls12Client({ sessions: [session], client: { authenticator: 'ask' } });
    const { legacySessionId } = server.hello();
    server.serverHello((hello) => ({ ...hello, legacySessionIdEcho: legacySessionId }));
    assertAt(server.peer, 'tls12AwaitResumedVerdict');
    follow(server.peer, answer(server.peer.state, { kind: 'refusal', reason: 'no' }));
    assertFailed(server.peer, 'certificate_unknown', 'misuse verdict-refused');
  });

  it('does a full handshake when the server would rather', () => {
    const server = establishTls12({ sessions: [{ ...withTicket(), masterSecret: someSecret(48) }] });
    assert.equal(find(server.peer.effects, 'established')?.facts.resumed, false);
  });

  it('holds the server to what the session was made with', () => {
    const session = withTicket();
    const changed = meetTls12Client({ sessions: [session] });
    changed.serverHello((hello) => ({
      ...hello,
      cipherSuite: tls12CipherSuiteCodes.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
      legacySessionIdEcho: changed.hello().legacySessionId,
    }));
    assertMisbehaved(changed.peer, 'illegal_parameter', 'cipher-suite-changed-on-resumption');
    const unbound = meetTls12Client({ sessions: [session] });
    unbound.serverHello((hello) => ({
      ...without('extendedMasterSecret')(hello),
      legacySessionIdEcho: unbound.hello().legacySessionId,
    }));
    assertMisbehaved(unbound.peer, 'handshake_failure', 'extended-master-secret-changed-on-resumption');
  });

  it('offers no session that is stale, for another name, or of a suite that is not wanted', () => {
    const session = withTicket();
    const unusable: readonly Session[] = [
      { ...session, receivedAt: NOW - 3600 * 1000 },
      { ...session, serverName: 'other.example' },
      { ...session, cipherSuite: 'TLS_DHE_RSA_WITH_AES_128_CCM' },
    ];
    const { extensions } = meetTls12Client({ sessions: unusable }).hello();
    assert.deepEqual(findExtension(extensions, 'sessionTicket'), hex(''));
  });

  it('offers no ticket so long that there is no room for it in a ClientHello', () => {
    const session = withTicket();
    const offered = (...sessions: readonly Session[]) =>
      findExtension(meetTls12Client({ sessions }).hello().extensions, 'sessionTicket')?.length;
    const tooLong = { ...session, ticket: bytes(65_500) };
    assert.equal(offered(tooLong), 0);
    assert.equal(offered(tooLong, session), session.ticket.length);
    assert.equal(offered({ ...session, ticket: bytes(16_000) }), 16_000);
  });

  function sessionIn(effects: readonly Effect[]): Tls12Session {
    const session = find(effects, 'ticket')?.session;
    assert.ok(session?.version === 'TLS 1.2');
    return session;
  }
});

describe('a TLS 1.2 flight to a client', () => {
  it('changed in one byte is refused, and nothing is thrown', () => {
    for (let place = 0; place < 400; place += 3) {
      const server = meetTls12Client();
      server.serverHello();
      server.certificate();
      server.serverKeyExchange(({ exchange }) => ({
        exchange: exchange.map((byte, i) => (i === place % exchange.length ? byte ^ 0x40 : byte)),
      }));
      const failed = find(server.peer.effects, 'failed');
      assert.ok(failed !== undefined, 'the signature covers every byte');
      assert.ok(describeFailure(failed.failure).length > 0);
    }
  });
});

function without(name: 'renegotiationInfo' | 'extendedMasterSecret'): HelloEdit {
  return (hello) => ({
    ...hello,
    extensions: hello.extensions.filter((extension) => extension.name !== name),
  });
}

function withExtension(extension: Tls12ServerHello['extensions'][number]): HelloEdit {
  return (hello) => ({ ...hello, extensions: [...hello.extensions, extension] });
}

function endingIn(digits: string): Uint8Array {
  const random = bytes(32, 77);
  random.set(hex(digits), 24);
  return random;
}

function finiteField(p: Uint8Array, g: Uint8Array, ys: Uint8Array): Uint8Array {
  const part = (number: Uint8Array) => [number.length >> 8, number.length & 0xff, ...number];
  return Uint8Array.from([...part(p), ...part(g), ...part(ys)]);
}
