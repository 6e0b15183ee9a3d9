import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decompressed } from '../../src/certificate-compression.ts';
import { findExtension } from '../../src/extensions.ts';
import {
  answer,
  type CertificateCompression,
  type ClientOptions,
  client,
  describeFailure,
  type Effect,
  extensionTypes,
  peekClientHello,
  rawKeyCredential,
  restaple,
  rotateTicketKeys,
  type ServerOptions,
  type Session,
  server,
  TICKET_KEY_ENTROPY,
} from '../../src/index.ts';
import {
  type CompressedCertificate,
  certificate,
  encodeHandshake,
  type HandshakeMessage,
} from '../../src/messages.ts';
import { signedContent } from '../../src/peer-certificate.ts';
import { signatureSchemes } from '../../src/signature-schemes.ts';
import { encode } from '../../src/wire/codec.ts';
import { dangerouslyAcceptAnyRawKey } from '../../x509/index.ts';
import { adding, raw } from './edits.ts';
import { assertAt, assertFailed, assertMisbehaved } from './expect.ts';
import { nullCrypto } from './null-crypto.ts';
import { follow, interject, messagesHeard, type Peer } from './peer.ts';
import {
  externalCredential,
  quickAuthenticator,
  quickClientConfig,
  quickCredential,
  quickLeafKey,
  quickServerConfig,
} from './quick.ts';
import { meetServer } from './scripted-client.ts';
import { meetClient } from './scripted-server.ts';
import { meetTls12Client } from './scripted-tls12-server.ts';
import { SHRINKING, shrinking } from './shrinking.ts';
import { establishedClient } from './stages.ts';
import { bytes, concatAll, converse, find, hex, must, NOW, type Run, runs, sent } from './support.ts';

// RFC 8879. At both ends the Certificate inside is handled as one that came plain, and what is in the transcript is what
// was on the wire: without that no handshake here would come to its end.

const shrinks = { certificateCompression: [shrinking] };
const asking = { authenticator: quickAuthenticator, required: true };

describe('certificates are compressed', () => {
  it('on both sides, when both can', () => {
    const run = meet(
      { ...shrinks, credentials: [quickCredential] },
      { ...shrinks, clientAuthentication: asking },
    );
    assert.deepEqual(established(run.clientEffects).peer?.leaf, quickCredential.leaf);
    assert.deepEqual(established(run.serverEffects).peer?.leaf, quickCredential.leaf);
    const { length } = quickCredential.leaf.der;
    const shown = ['compressedCertificate', { algorithm: '0xff01', uncompressed: `${length + 9} bytes` }];
    assert.deepEqual(certificatesIn(run.clientEffects), [
      ['received', ...shown],
      ['sent', ...shown],
    ]);
  });

  it('on one side, when only the other can decompress', () => {
    const { compress, decompress } = shrinking;
    const sender = { certificateCompression: [{ algorithm: SHRINKING, compress }] };
    const receiver = { certificateCompression: [{ algorithm: SHRINKING, decompress }] };
    const credentials = [quickCredential];
    const both = (ours: Partial<ClientOptions>, theirs: Partial<ServerOptions>) =>
      certificatesIn(
        meet({ ...ours, credentials }, { ...theirs, clientAuthentication: asking }).clientEffects,
      ).map(([direction, kind]) => `${direction} ${kind}`);
    assert.deepEqual(both(receiver, sender), ['received compressedCertificate', 'sent certificate']);
    assert.deepEqual(both(sender, receiver), ['received certificate', 'sent compressedCertificate']);
  });

  it('with what is stapled to them, and so they go into sessions', () => {
    const stapled = must(restaple(quickCredential, [{ ocspResponse: hex('3003020100') }]));
    const ticketKeys = rotateTicketKeys([], bytes(TICKET_KEY_ENTROPY));
    const serverOptions = { ...shrinks, credentials: [stapled], ticketKeys };
    const first = meet(shrinks, serverOptions);
    assert.deepEqual(established(first.clientEffects).peerOcspResponse, hex('3003020100'));
    const again = established(meet(shrinks, serverOptions, sessionsOf(first)).clientEffects);
    assert.deepEqual([again.resumed, again.peerOcspResponse], [true, hex('3003020100')]);
  });

  it('when they are raw keys (§4)', () => {
    const own = must(rawKeyCredential(nullCrypto, quickLeafKey));
    const run = meet(
      { ...shrinks, authenticator: undefined, rawKeyAuthenticator: dangerouslyAcceptAnyRawKey },
      { ...shrinks, credentials: [own] },
    );
    assert.deepEqual(established(run.clientEffects).peerRawKey, own.rawKey);
    assert.deepEqual(certificatesIn(run.clientEffects)[0]?.[1], 'compressedCertificate');
  });

  it('by the first algorithm of the sender’s that the receiver has', () => {
    const other = { ...shrinking, algorithm: 0xff03 };
    const third = { ...shrinking, algorithm: 0xff04 };
    const run = meet(
      { certificateCompression: [shrinking, other] },
      { certificateCompression: [third, other, shrinking] },
    );
    established(run.clientEffects);
    assert.deepEqual(certificatesIn(run.clientEffects)[0]?.[2]['algorithm'], '0xff03');
  });

  it('once for each time that they are shown, whatever comes of it', () => {
    let calls = 0;
    const counting: CertificateCompression = {
      algorithm: SHRINKING,
      compress: (message) => concatAll([Uint8Array.of(calls++), message.slice(2)]),
      decompress: (compressed) => concatAll([hex('0000'), compressed.slice(1)]),
    };
    const ours = { certificateCompression: [counting] };
    const signed = meet(ours, { ...ours, credentials: [externalCredential] });
    const request = find(signed.serverEffects, 'request')?.request ?? assert.fail('no request');
    assert.ok(request.kind === 'signature');
    const signature = must(
      nullCrypto.sign(signatureSchemes.ed25519.algorithm, quickLeafKey, request.message, bytes(32)),
    );
    const rest = converse(
      { state: signed.client, effects: [] },
      answer(signed.server, { kind: 'signature', signature }),
    );
    established(rest.clientEffects);
    assert.equal(calls, 1);
  });
});

describe('a client that is asked later', () => {
  const context = bytes(255, 9);
  const named: CertificateCompression = {
    algorithm: SHRINKING,
    // Without the context, of whose length the first byte tells.
    compress: (message) => message.slice(256),
    decompress: (compressed) => concatAll([hex('ff'), context, compressed]),
  };
  const request: HandshakeMessage = {
    kind: 'certificateRequest',
    body: {
      certificateRequestContext: context,
      extensions: [
        { name: 'signatureAlgorithms', value: [signatureSchemes.ed25519.code] },
        { name: 'compressCertificate', value: [SHRINKING] },
      ],
    },
  };

  it('compresses what it shows, which may be nothing, and with it the context', () => {
    for (const credentials of [[quickCredential], []]) {
      const { peer } = establishedClient({
        client: { certificateCompression: [named], postHandshakeAuthentication: true, credentials },
      });
      const before = peer.heard.length;
      interject(peer, request);
      const [shown] = peer.heard.slice(before);
      assert.ok(shown?.kind === 'message' && shown.message.kind === 'compressedCertificate');
      const expanded = must(
        decompressed(quickClientConfig({ certificateCompression: [named] }), shown.message.body),
      );
      assert.deepEqual(expanded.certificateRequestContext, context);
      assert.deepEqual(
        expanded.certificateList.map(({ certData }) => certData),
        credentials.map(({ leaf }) => leaf.der),
      );
    }
  });

  it('signs what it then sends, compressed once, where the key is elsewhere', () => {
    let calls = 0;
    const counting = { ...named, compress: (message: Uint8Array) => message.slice(256 - calls++) };
    const { peer, suite } = establishedClient({
      client: {
        certificateCompression: [counting],
        postHandshakeAuthentication: true,
        credentials: [externalCredential],
      },
    });
    const before = peer.heard.length;
    interject(peer, request);
    const asked = find(peer.latest, 'request')?.request;
    assert.ok(asked?.kind === 'signature');
    const { algorithm } = signatureSchemes.ed25519;
    const signature = must(nullCrypto.sign(algorithm, quickLeafKey, asked.message, bytes(32)));
    follow(peer, answer(peer.state, { kind: 'signature', signature }));
    const [shown] = peer.heard.slice(before);
    assert.ok(shown?.kind === 'message' && shown.message.kind === 'compressedCertificate');
    const handshake = peer.heard.find((one) => one.kind === 'message' && one.message.kind === 'finished');
    assert.ok(handshake?.kind === 'message');
    const said = concatAll([...peer.transcript, handshake.raw, encodeHandshake(request), shown.raw]);
    const content = signedContent('client', nullCrypto.hashes[suite.hash].digest(said));
    assert.deepEqual([asked.message, calls], [content, 1]);
  });
});

describe('certificates stay as they are', () => {
  for (const [title, certificateCompression] of [
    ['when nothing is in common', [{ ...shrinking, algorithm: 1 }]],
    ['when this side cannot compress', [{ ...shrinking, compress: undefined }]],
    [
      'when it would make them longer',
      [{ ...shrinking, compress: (all: Uint8Array) => concatAll([all, hex('00')]) }],
    ],
    ['when it would not make them shorter', [{ ...shrinking, compress: (all: Uint8Array) => all }]],
    ['when it comes to nothing', [{ ...shrinking, compress: () => hex('') }]],
    ['when it does not work', [{ ...shrinking, compress: () => undefined }]],
    ['when nothing is configured', []],
  ] as const) {
    it(title, () => {
      const ours = { certificateCompression };
      const credentials = [quickCredential];
      const server = meet({ ...shrinks, credentials }, { ...ours, clientAuthentication: asking });
      established(server.clientEffects);
      assert.equal(certificatesIn(server.clientEffects)[0]?.[1], 'certificate');
      const client = meet({ ...ours, credentials }, { ...shrinks, clientAuthentication: asking });
      established(client.clientEffects);
      assert.equal(certificatesIn(client.clientEffects)[1]?.[1], 'certificate');
    });
  }

  it('in TLS 1.2, to which the extension says nothing (§3)', () => {
    const both = { ...shrinks, credentials: [quickCredential], versions: ['1.3', '1.2'] } as const;
    const old = { ...both, versions: ['1.2'] } as const;
    for (const run of [
      meet(both, { ...old, clientAuthentication: asking }),
      meet(old, { ...both, clientAuthentication: asking }),
    ]) {
      assert.equal(established(run.clientEffects).version, 'TLS 1.2');
      for (const [, kind] of certificatesIn(run.clientEffects)) assert.equal(kind, 'certificate');
    }
    const server = meetTls12Client({ client: shrinks });
    server.serverHello();
    interject(server.peer, { kind: 'compressedCertificate', body: announcing(12) });
    assertMisbehaved(server.peer, 'unexpected_message', 'unexpected-message');
  });
});

describe('compress_certificate', () => {
  it('names what this side can decompress, in its order', () => {
    const certificateCompression = [
      { ...shrinking, algorithm: 0xff02 },
      { ...shrinking, decompress: undefined },
      { ...shrinking, algorithm: 2 },
    ];
    assert.deepEqual(offered({ certificateCompression }), [0xff02, 2]);
    const { peer, say } = meetServer({ server: { certificateCompression, clientAuthentication: asking } });
    say.clientHello();
    const [request] = messagesHeard(peer, 'certificateRequest');
    assert.ok(request?.kind === 'certificateRequest');
    assert.deepEqual(findExtension(request.body.extensions, 'compressCertificate'), [0xff02, 2]);
  });

  it('is not sent without anything to name, nor by a client that speaks TLS 1.2 alone', () => {
    assert.equal(offered({}), undefined);
    assert.equal(offered({ certificateCompression: [{ ...shrinking, decompress: undefined }] }), undefined);
    assert.equal(offered({ ...shrinks, versions: ['1.2'] }), undefined);
    const { peer, say } = meetServer({ server: { clientAuthentication: asking } });
    say.clientHello();
    const [request] = messagesHeard(peer, 'certificateRequest');
    assert.ok(request?.kind === 'certificateRequest');
    assert.equal(findExtension(request.body.extensions, 'compressCertificate'), undefined);
  });

  it('is told to whoever chooses a certificate', () => {
    const hello = sent(client(quickClientConfig(shrinks), bytes(48)).effects);
    assert.deepEqual(must(peekClientHello(hello))?.facts.certificateCompressionAlgorithms, [SHRINKING]);
    const run = meet({ credentials: 'ask' }, { ...shrinks, clientAuthentication: asking });
    const request = find(run.clientEffects, 'request')?.request;
    assert.ok(request?.kind === 'clientCredential');
    assert.deepEqual(request.certificateRequest.certificateCompressionAlgorithms, [SHRINKING]);
  });

  for (const [title, digits] of [
    ['no algorithm', '00'],
    ['half an algorithm', '0100'],
    ['bytes behind the algorithms', '02ff0100'],
    ['nothing at all', ''],
  ] as const) {
    it(`is malformed with ${title}`, () => {
      const { peer, say } = meetServer();
      say.clientHello(adding(raw(extensionTypes.compressCertificate, digits)));
      assertFailed(peer, 'decode_error', 'malformed clientHello');
    });
  }

  it('has no answer: a server that says it in EncryptedExtensions or beside a certificate is refused', () => {
    const extension = raw(extensionTypes.compressCertificate, '02ff01');
    const inExtensions = meetClient({ client: shrinks });
    inExtensions.say.serverHello();
    inExtensions.say.encryptedExtensions(() => ({ extensions: [extension] }));
    assertMisbehaved(inExtensions.peer, 'illegal_parameter', 'misplaced-extension');
    const beside = meetClient({ client: shrinks });
    beside.play('serverHello', 'encryptedExtensions');
    beside.say.certificate(({ certificateList, ...rest }) => ({
      ...rest,
      certificateList: certificateList.map(({ certData }) => ({ certData, extensions: [extension] })),
    }));
    assertMisbehaved(beside.peer, 'illegal_parameter', 'misplaced-extension');
  });
});

/** A receiver under test that awaits certificates, and a peer that can say a CompressedCertificate. */
interface Receiver {
  readonly peer: Peer;
  readonly say: (
    edit?: (honest: CompressedCertificate) => CompressedCertificate,
    tamper?: (raw: Uint8Array) => Uint8Array,
  ) => void;
  readonly next: 'awaitCertificateVerify' | 'awaitClientCertificateVerify';
}

const receivers: readonly (readonly [
  string,
  (options: Partial<ClientOptions & ServerOptions>) => Receiver,
])[] = [
  [
    'a client',
    (options) => {
      const { peer, play, say } = meetClient({ client: options });
      play('serverHello', 'encryptedExtensions');
      return { peer, say: say.compressedCertificate, next: 'awaitCertificateVerify' };
    },
  ],
  [
    'a client that is asked for a certificate',
    (options) => {
      const { peer, play, say } = meetClient({ client: options });
      play('serverHello', 'encryptedExtensions', 'certificateRequest');
      return { peer, say: say.compressedCertificate, next: 'awaitCertificateVerify' };
    },
  ],
  [
    'a server',
    (options) => {
      const { peer, say } = meetServer({ server: { ...options, clientAuthentication: asking } });
      say.clientHello();
      return { peer, say: say.compressedCertificate, next: 'awaitClientCertificateVerify' };
    },
  ],
];

for (const [name, reach] of receivers) {
  describe(`${name} that gets a CompressedCertificate`, () => {
    it('goes on as with the Certificate inside', () => {
      const { peer, say, next } = reach(shrinks);
      say();
      assertAt(peer, next);
    });

    it('refuses one where it has offered nothing', () => {
      const sendsOnly = { certificateCompression: [{ ...shrinking, decompress: undefined }] };
      for (const options of [{}, sendsOnly]) {
        const { peer, say } = reach(options);
        say();
        assertMisbehaved(peer, 'unexpected_message', 'unexpected-message');
      }
    });

    it('refuses an algorithm that it has not offered (§4)', () => {
      const sendsAnother = [shrinking, { ...shrinking, algorithm: 2, decompress: undefined }];
      for (const algorithm of [0, 1, 2, 0xffff]) {
        const { peer, say } = reach({ certificateCompression: sendsAnother });
        say((honest) => ({ ...honest, algorithm }));
        assertMisbehaved(peer, 'illegal_parameter', 'unoffered-certificate-compression');
      }
    });

    it('refuses one that does not decompress (§4)', () => {
      const { peer, say } = reach({
        certificateCompression: [{ ...shrinking, decompress: () => undefined }],
      });
      say();
      assertMisbehaved(peer, 'bad_certificate', 'bad-compressed-certificate');
    });

    it('refuses one that is longer or shorter than it says (§4)', () => {
      for (const difference of [-1, 1]) {
        const { peer, say } = reach(shrinks);
        say(({ uncompressedLength, ...rest }) => ({
          ...rest,
          uncompressedLength: uncompressedLength + difference,
        }));
        assertMisbehaved(peer, 'bad_certificate', 'bad-compressed-certificate');
      }
    });

    it('decompresses nothing that would be longer than a Certificate may be (§5)', () => {
      const lengths: number[] = [];
      const watching = {
        ...shrinking,
        decompress: (compressed: Uint8Array, length: number) => {
          lengths.push(length);
          return shrinking.decompress(compressed);
        },
      };
      const options = { certificateCompression: [watching], limits: { certificateMessage: 1000 } };
      for (const [length, alert, reason] of [
        [997, 'illegal_parameter', 'message-too-long'],
        [0xffffff, 'illegal_parameter', 'message-too-long'],
        [996, 'bad_certificate', 'bad-compressed-certificate'],
        // No Certificate is empty: an implementation of `decompress` need not think of it.
        [0, 'bad_certificate', 'bad-compressed-certificate'],
      ] as const) {
        const { peer, say } = reach(options);
        say(() => announcing(length));
        assertMisbehaved(peer, alert, reason);
      }
      assert.deepEqual(lengths, [996]);
    });

    it('takes as long a one as it would take plain, and no longer', () => {
      const certificateList = quickCredential.chain.map((certData) => ({ certData, extensions: [] }));
      const plain = encode(certificate, { certificateRequestContext: hex(''), certificateList });
      const certificateCompression = [{ ...shrinking, decompress: () => plain }];
      for (const [room, isEnough] of [
        [plain.length + 4, true],
        [plain.length + 3, false],
      ] as const) {
        const { peer, say, next } = reach({ certificateCompression, limits: { certificateMessage: room } });
        say(() => announcing(plain.length));
        if (isEnough) assertAt(peer, next);
        else assertMisbehaved(peer, 'illegal_parameter', 'message-too-long');
      }
    });

    it('does not wait for a message longer than that', () => {
      const { peer, say } = reach({ ...shrinks, limits: { certificateMessage: 100 } });
      say(undefined, () => hex('19 000061'));
      assertMisbehaved(peer, 'illegal_parameter', 'message-too-long');
    });

    it('refuses what inside is no Certificate, as it would plain (§5)', () => {
      const inside = (digits: string) => ({
        algorithm: SHRINKING,
        uncompressedLength: 2 + hex(digits).length,
        compressedCertificateMessage: hex(digits),
      });
      for (const [digits, alert, reason] of [
        ['0001', 'decode_error', 'malformed certificate'],
        ['000000', 'decode_error', 'malformed certificate'],
        ['0006000001000000', 'bad_certificate', 'peerMisbehaved undecodable-certificate'],
      ] as const) {
        const { peer, say } = reach(shrinks);
        say(() => inside(digits));
        assertFailed(peer, alert, reason);
      }
      const { peer, say } = reach({
        certificateCompression: [{ ...shrinking, decompress: () => hex('0100000000') }],
      });
      say((honest) => ({ ...honest, uncompressedLength: 5 }));
      assertMisbehaved(peer, 'illegal_parameter', 'certificate-context-not-empty');
    });

    it('refuses one that is malformed itself', () => {
      for (const digits of [
        '19 000008 ff01 000004 000000',
        '19 000007 ff01 000004 0000',
        '19 00000a ff01 000004 000001 0000',
        '19 000009 ff01 000004 000002 00',
      ]) {
        const { peer, say } = reach(shrinks);
        say(undefined, () => hex(digits));
        assertFailed(peer, 'decode_error', 'malformed compressedCertificate');
      }
    });

    it('takes no second one', () => {
      const { peer, say } = reach(shrinks);
      say();
      say();
      assertMisbehaved(peer, 'unexpected_message', 'unexpected-message');
    });

    it('keeps nothing of what it was decompressed to', () => {
      const memory = Buffer.alloc(2 + 7 + quickCredential.leaf.der.length);
      const reusing = {
        ...shrinking,
        decompress: (compressed: Uint8Array) => {
          memory.fill(0);
          memory.set(compressed, 2);
          return memory;
        },
      };
      const { peer, say, next } = reach({ certificateCompression: [reusing] });
      say();
      assertAt(peer, next);
      memory.fill(0xff);
      const { phase } = peer.state;
      assert.ok(phase.kind === 'awaitCertificateVerify' || phase.kind === 'awaitClientCertificateVerify');
      assert.ok(phase.shown.certificateType === 'x509');
      assert.deepEqual(phase.shown.certificates[0]?.der, quickCredential.leaf.der);
    });

    it('fails cleanly or goes on, whatever is in it', () => {
      const anything = fc.record({
        algorithm: fc.constantFrom(SHRINKING, 1),
        uncompressedLength: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 0xffffff })),
        compressedCertificateMessage: fc.uint8Array({ minLength: 1, maxLength: 300 }),
      });
      fc.assert(
        fc.property(anything, (body) => {
          const { peer, say } = reach(shrinks);
          say(() => body);
          assert.equal(peer.state.phase.kind, 'ended');
        }),
        { numRuns: runs(100) },
      );
    });
  });
}

it('a server takes an empty Certificate compressed, as it would plain', () => {
  const { peer, say } = meetServer({
    server: { ...shrinks, clientAuthentication: { ...asking, required: false } },
  });
  say.clientHello();
  say.compressedCertificate(() => ({
    algorithm: SHRINKING,
    uncompressedLength: 4,
    compressedCertificateMessage: hex('0000'),
  }));
  assertAt(peer, 'awaitClientFinished');
});

it('a client refuses an empty Certificate compressed, as it would plain', () => {
  const { peer, play, say } = meetClient({ client: shrinks });
  play('serverHello', 'encryptedExtensions');
  say.compressedCertificate(() => ({
    algorithm: SHRINKING,
    uncompressedLength: 4,
    compressedCertificateMessage: hex('0000'),
  }));
  assertMisbehaved(peer, 'decode_error', 'empty-certificate');
});

it('the ends do not agree when the transcript holds another message than was sent', () => {
  const { peer, play, say } = meetClient({ client: shrinks });
  play('serverHello', 'encryptedExtensions', 'compressedCertificate');
  // As if the Certificate inside had been said: to whoever hashes that, this signature is good.
  const certificateList = quickCredential.chain.map((certData) => ({ certData, extensions: [] }));
  const body = { certificateRequestContext: hex(''), certificateList };
  peer.transcript.splice(-1, 1, encodeHandshake({ kind: 'certificate', body }));
  say.certificateVerify();
  assertMisbehaved(peer, 'decrypt_error', 'bad-signature');
});

function announcing(uncompressedLength: number): CompressedCertificate {
  return { algorithm: SHRINKING, uncompressedLength, compressedCertificateMessage: hex('00') };
}

function meet(
  clientOptions: Partial<ClientOptions>,
  serverOptions: Partial<ServerOptions>,
  sessions: readonly Session[] = [],
): Run {
  return converse(
    client(quickClientConfig({ trace: 'messages', ...clientOptions }), bytes(48), { sessions, now: NOW }),
    server(quickServerConfig(serverOptions), bytes(48, 2)),
  );
}

function offered(options: Partial<ClientOptions>): readonly number[] | undefined {
  const { hello } = meetClient({ client: options });
  return findExtension(hello().extensions, 'compressCertificate');
}

/** The messages that show certificates: which way, under which name, and what the trace says of them. */
function certificatesIn(
  effects: readonly Effect[],
): readonly (readonly [string, string, Readonly<Record<string, string>>])[] {
  return effects.flatMap((effect) => {
    if (effect.kind !== 'trace' || effect.event.kind !== 'message') return [];
    const { direction, message, details } = effect.event;
    return message === 'certificate' || message === 'compressedCertificate'
      ? [[direction, message, details] as const]
      : [];
  });
}

function sessionsOf({ clientEffects }: Run): readonly Session[] {
  return clientEffects.flatMap((effect) => (effect.kind === 'ticket' ? [effect.session] : []));
}

function established(effects: readonly Effect[]) {
  const failed = find(effects, 'failed');
  assert.equal(failed && describeFailure(failed.failure), undefined);
  return find(effects, 'established')?.facts ?? assert.fail('not established');
}
