import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CertificateExtension, findExtension, type UnknownExtension } from '../../src/extensions.ts';
import {
  type AlertName,
  answer,
  type ClientOptions,
  type Credential,
  client,
  credential,
  decodeSession,
  describeFailure,
  type Effect,
  encodeSession,
  restaple,
  rotateTicketKeys,
  type ServerOptions,
  type Session,
  type Staple,
  server,
  TICKET_KEY_ENTROPY,
} from '../../src/index.ts';
import type { CertificateMessage } from '../../src/messages.ts';
import { anyOcspResponder } from '../../src/stapling.ts';
import type { Tls12ServerHello } from '../../src/tls12/messages.ts';
import {
  dangerouslyAcceptAnyCertificate as anybody,
  buildCertificate,
  buildOcspResponse,
  type Certificate,
  type CertStatus,
  chainOfTrust,
  encodeOcspResponse,
  encodeSctList,
  id,
  makeCertId,
  makeExtension,
  type PresentedChain,
  trustAnchor,
} from '../../x509/index.ts';
import { adding, raw } from './edits.ts';
import { assertAt, assertFailed, assertMisbehaved } from './expect.ts';
import { nullCrypto } from './null-crypto.ts';
import { messagesHeard, type Peer } from './peer.ts';
import {
  quickAuthenticator,
  quickAuthority,
  quickClientConfig,
  quickCredential,
  quickLeafKey,
  quickServerConfig,
} from './quick.ts';
import { meetServer } from './scripted-client.ts';
import { meetClient, serverFlight } from './scripted-server.ts';
import { aSession, meetTls12Server, type Tls12ClientOptions, ticketKeys } from './scripted-tls12-client.ts';
import { meetTls12Client } from './scripted-tls12-server.ts';
import { bytes, converse, DAY, find, hex, must, NAME, NOW, type Run } from './support.ts';

// OCSP responses and signed certificate timestamps beside certificates (RFC 9846 §4.5.1.1), at both ends.

const HOUR = 3_600_000;
const anchors = [trustAnchor(quickAuthority.certificate)];

const GOOD: CertStatus = { kind: 'good' };
const REVOKED: CertStatus = { kind: 'revoked', revocationTime: NOW - HOUR, revocationReason: undefined };
const ocspResponse = responseAbout(quickCredential.leaf, GOOD);
const scts = encodeSctList([{ version: 'unknown', bytes: Uint8Array.of(9, 8, 7) }]);
const stapled = must(restaple(quickCredential, [{ ocspResponse, scts }]));

describe('a server with something to staple', () => {
  it('staples what the client asks for: OCSP by itself, timestamps when told to', () => {
    const facts = established(meet({}, { credentials: [stapled] }).clientEffects);
    assert.deepEqual(facts.peerOcspResponse, ocspResponse);
    assert.equal(facts.peerScts, undefined);
    const both = established(meet({ requestScts: true }, { credentials: [stapled] }).clientEffects);
    assert.deepEqual([both.peerOcspResponse, both.peerScts], [ocspResponse, scts]);
  });

  it('staples nothing to a client that does not ask', () => {
    const server = meetServer({ server: { credentials: [stapled] } });
    server.say.clientHello();
    const [message] = certificatesOf(server.peer);
    assert.deepEqual(
      message?.certificateList.map(({ extensions }) => extensions),
      [[]],
    );
  });

  it('staples to each certificate what is about it, and the authenticator gets it in the order of the chain', () => {
    const chain = [...quickCredential.chain, quickAuthority.certificate.der];
    const staples: readonly Staple[] = [{ ocspResponse }, { ocspResponse: hex('3001'), scts }];
    const chained = make(chain, staples);
    const seen: PresentedChain[] = [];
    const run = meet(
      {
        requestScts: true,
        authenticator: (presented) => {
          seen.push(presented);
          return quickAuthenticator(presented);
        },
      },
      { credentials: [chained] },
    );
    assert.deepEqual(seen[0]?.stapled, [ocspResponse, hex('3001')]);
    assert.equal(established(run.clientEffects).peerScts, undefined, 'the leaf has none');
  });

  it('may renew what it staples', () => {
    const newer = responseAbout(quickCredential.leaf, GOOD, NOW - 1000);
    const renewed = must(restaple(stapled, [{ ocspResponse: newer }]));
    const facts = established(meet({ requestScts: true }, { credentials: [renewed] }).clientEffects);
    assert.deepEqual([facts.peerOcspResponse, facts.peerScts], [newer, undefined]);
  });

  it('may have it chosen with the credential, knowing what the client asks for', () => {
    const offer = client(quickClientConfig({ requestScts: true }), bytes(48));
    const asking = converse(offer, server(quickServerConfig({ credentials: 'ask' }), bytes(48, 2)));
    const request = find(asking.serverEffects, 'request')?.request;
    assert.ok(request?.kind === 'credential');
    assert.deepEqual([request.hello.requestsOcsp, request.hello.requestsScts], [true, true]);
    const run = converse(
      { state: asking.client, effects: [] },
      answer(asking.server, { kind: 'credential', credential: stapled }),
    );
    assert.deepEqual(established(run.clientEffects).peerOcspResponse, ocspResponse);
  });
});

describe('a credential', () => {
  for (const [what, staple, detail] of [
    ['a list of timestamps that is empty', [{ scts: hex('0000') }], /SignedCertificateTimestampList/],
    ['a timestamp that is empty', [{ scts: hex('00020000') }], /SignedCertificateTimestampList/],
    ['a timestamp of version 1 cut short', [{ scts: hex('0004000200ff') }], /SignedCertificateTimestampList/],
    ['bytes after the timestamps', [{ scts: Uint8Array.of(...scts, 0) }], /SignedCertificateTimestampList/],
    ['an empty OCSP response', [{ ocspResponse: hex('') }], /not empty/],
    ['more than fits beside a certificate', [{ ocspResponse: bytes(65_524 - scts.length), scts }], /65523/],
    ['something for a certificate that is not there', [{}, { ocspResponse }], /1 certificates/],
  ] as const) {
    it(`is refused with ${what}`, () => {
      for (const made of [restaple(quickCredential, staple), tryToMake(staple)]) {
        assert.ok(!made.ok && made.error.kind === 'bad-staple');
        assert.match(made.error.detail, detail);
        assert.equal(made.error.index, staple.length - 1);
      }
    });
  }

  it('may staple as much as fits', () => {
    const most = must(restaple(quickCredential, [{ ocspResponse: bytes(65_523 - scts.length), scts }]));
    const facts = established(
      meet({ requestScts: true, authenticator: anybody }, { credentials: [most] }).clientEffects,
    );
    assert.equal(facts.peerOcspResponse?.length, 65_523 - scts.length);
  });
});

describe('a client’s certificate', () => {
  const asking = { authenticator: quickAuthenticator, required: true, requestOcsp: true, requestScts: true };

  it('comes with what the server asks for', () => {
    const run = meet({ credentials: [stapled] }, { clientAuthentication: asking });
    const facts = established(run.serverEffects);
    assert.deepEqual([facts.peerOcspResponse, facts.peerScts], [ocspResponse, scts]);
  });

  it('comes with nothing that the server does not ask for', () => {
    const { requestOcsp: _, requestScts: __, ...quiet } = asking;
    const facts = established(
      meet({ credentials: [stapled] }, { clientAuthentication: quiet }).serverEffects,
    );
    assert.ok(facts.peer !== undefined);
    assert.deepEqual([facts.peerOcspResponse, facts.peerScts], [undefined, undefined]);
  });

  it('may be chosen by what the server asks for', () => {
    const start = client(quickClientConfig({ credentials: 'ask' }), bytes(48));
    const waiting = converse(
      start,
      server(quickServerConfig({ clientAuthentication: asking }), bytes(48, 2)),
    );
    const request = find(waiting.clientEffects, 'request')?.request;
    assert.ok(request?.kind === 'clientCredential');
    const { requestsOcsp, requestsScts } = request.certificateRequest;
    assert.deepEqual([requestsOcsp, requestsScts], [true, true]);
    const step = answer(waiting.client, { kind: 'clientCredential', credential: stapled });
    const run = converse(step, { state: waiting.server, effects: [] });
    assert.deepEqual(established(run.serverEffects).peerOcspResponse, ocspResponse);
  });

  it('is judged by what came with it, at once and when its session is resumed', () => {
    const authenticator = chainOfTrust({ anchors, revocation: { policy: 'require' } });
    const ticketKeys = rotateTicketKeys([], bytes(TICKET_KEY_ENTROPY, 3));
    const strict = { ticketKeys, clientAuthentication: { ...asking, authenticator } };
    const first = meet({ credentials: [stapled] }, strict);
    const again = meet({ credentials: [stapled] }, strict, sessionsOf(first));
    const facts = established(again.serverEffects);
    assert.equal(facts.resumed, true);
    assert.deepEqual([facts.peerOcspResponse, facts.peerScts], [ocspResponse, scts]);
    const bare = meet({ credentials: [quickCredential] }, strict);
    assertEnded(bare.serverEffects, 'revocation-unknown');
  });

  for (const [title, extension] of [
    ['an OCSP response', raw(5, '010000023000')],
    ['timestamps', raw(18, '000400020102')],
  ] as const) {
    it(`is refused with ${title} that nobody asked for`, () => {
      const unasked = { authenticator: quickAuthenticator, required: true };
      const refused = meetServer({ server: { clientAuthentication: unasked } });
      refused.say.clientHello();
      refused.say.certificate(beside(extension));
      assertMisbehaved(refused.peer, 'unsupported_extension', 'unsolicited-extension');
      const asked = meetServer({ server: { clientAuthentication: asking } });
      asked.say.clientHello();
      asked.say.certificate(beside(extension));
      assertAt(asked.peer, 'awaitClientCertificateVerify');
    });
  }
});

describe('the authenticator', () => {
  const careful: Partial<ClientOptions> = {
    authenticator: chainOfTrust({ anchors, revocation: { policy: 'prefer' } }),
  };
  const strict: Partial<ClientOptions> = {
    authenticator: chainOfTrust({ anchors, revocation: { policy: 'require' } }),
  };
  const mustStaple = promisingCredential();
  const [other] = [responseAbout(mustStaple.leaf, GOOD)];
  const cases: readonly (readonly [
    string,
    Partial<ClientOptions>,
    Credential,
    Uint8Array | undefined,
    AlertName | undefined,
  ])[] = [
    ['accepts what a stapled response says is good', strict, quickCredential, ocspResponse, undefined],
    [
      'refuses what a stapled response says is revoked',
      careful,
      quickCredential,
      responseAbout(quickCredential.leaf, REVOKED),
      'certificate_revoked',
    ],
    ['refuses nothing stapled where it wants to know', strict, quickCredential, undefined, 'bad_certificate'],
    [
      'refuses a response about another certificate where it wants to know',
      strict,
      quickCredential,
      other,
      'bad_certificate_status_response',
    ],
    [
      'refuses what is no OCSP response where it wants to know',
      strict,
      quickCredential,
      hex('3000'),
      'bad_certificate_status_response',
    ],
    [
      'refuses an old response where it wants to know',
      strict,
      quickCredential,
      responseAbout(quickCredential.leaf, GOOD, NOW - DAY),
      'bad_certificate_status_response',
    ],
    [
      'keeps a certificate to its promise of a response (RFC 7633)',
      careful,
      mustStaple,
      undefined,
      'bad_certificate',
    ],
    ['accepts a promise that is kept', careful, mustStaple, responseAbout(mustStaple.leaf, GOOD), undefined],
    [
      'cannot keep it to a promise that nobody called in',
      { ...careful, requestOcsp: false },
      mustStaple,
      undefined,
      undefined,
    ],
    ['that does not look for revocation looks at nothing stapled', {}, mustStaple, hex('3000'), undefined],
  ];
  for (const [title, options, own, response, alert] of cases) {
    it(title, () => {
      const credentials = [must(restaple(own, [{ ocspResponse: response }]))];
      const run = meet(options, { credentials });
      if (alert === undefined) established(run.clientEffects);
      else assertEnded(run.serverEffects, `alert ${alert}`);
    });
  }

  it('is given what was stapled also when it is the caller', () => {
    const ask = { authenticator: 'ask', requestScts: true } as const;
    const request = find(meet(ask, { credentials: [stapled] }).clientEffects, 'request')?.request;
    assert.ok(request?.kind === 'verdict');
    assert.deepEqual([request.presented.stapled, request.presented.scts], [[ocspResponse], scts]);
    const incurious = find(meet({ ...ask, requestOcsp: false }, {}).clientEffects, 'request')?.request;
    assert.ok(incurious?.kind === 'verdict');
    assert.deepEqual([incurious.presented.stapled, incurious.presented.scts], [undefined, undefined]);
  });
});

describe('a session', () => {
  const ticketKeys = rotateTicketKeys([], bytes(TICKET_KEY_ENTROPY, 4));
  const strict = {
    authenticator: chainOfTrust({ anchors, revocation: { policy: 'require' } }),
    requestScts: true,
  } as const;

  it('keeps what the server stapled, also as bytes', () => {
    const [session = assert.fail()] = sessionsOf(meet(strict, { credentials: [stapled], ticketKeys }));
    assert.deepEqual(must(decodeSession(encodeSession(session))), session);
    const again = meet(strict, { credentials: [stapled], ticketKeys }, [session]);
    const facts = established(again.clientEffects);
    assert.equal(facts.resumed, true);
    assert.deepEqual([facts.peerOcspResponse, facts.peerScts], [ocspResponse, scts]);
  });

  it('is not resumed on a response that has grown old', () => {
    const sessions = sessionsOf(meet(strict, { credentials: [stapled], ticketKeys }));
    const later = NOW + 1.5 * HOUR;
    const newer = responseAbout(quickCredential.leaf, GOOD, later);
    const renewed = must(restaple(quickCredential, [{ ocspResponse: newer }]));
    const again = established(
      meet(strict, { credentials: [renewed], ticketKeys }, sessions, later).clientEffects,
    );
    assert.deepEqual([again.resumed, again.peerOcspResponse], [false, newer]);
  });

  it('made without asking for a response does not do for a client that asks', () => {
    const promising = promisingCredential();
    const response = responseAbout(promising.leaf, GOOD);
    const careful = { authenticator: chainOfTrust({ anchors, revocation: { policy: 'prefer' } }) } as const;
    const credentials = [must(restaple(promising, [{ ocspResponse: response }]))];
    const sessions = sessionsOf(meet({ ...careful, requestOcsp: false }, { credentials, ticketKeys }));
    const again = established(meet(careful, { credentials, ticketKeys }, sessions).clientEffects);
    assert.deepEqual([again.resumed, again.peerOcspResponse], [false, response]);
  });
});

describe('beside a server’s certificate', () => {
  for (const [title, extension, alert, reason] of [
    ['an empty OCSP response', raw(5, '01000000'), 'decode_error', 'malformed certificate'],
    ['an OCSP response cut short', raw(5, '0100000330'), 'decode_error', 'malformed certificate'],
    ['an OCSP response and more', raw(5, '010000023000ff'), 'decode_error', 'malformed certificate'],
    ['a status of nothing', raw(5), 'decode_error', 'malformed certificate'],
    [
      'a status of another type',
      raw(5, '020000023000'),
      'illegal_parameter',
      'peerMisbehaved unoffered-status-type',
    ],
    ['an empty list of timestamps', raw(18, '0000'), 'decode_error', 'malformed certificate'],
    ['an empty timestamp', raw(18, '00060002010200' + '00'), 'decode_error', 'malformed certificate'],
    ['no list of timestamps', raw(18), 'decode_error', 'malformed certificate'],
  ] as const) {
    it(`${title} is refused`, () => {
      const server = meetClient({ client: { requestScts: true } });
      server.play('serverHello', 'encryptedExtensions');
      server.say.certificate(beside(extension));
      assertFailed(server.peer, alert, reason);
    });
  }

  for (const [title, options, extension] of [
    ['an OCSP response', { requestOcsp: false }, raw(5, '010000023000')],
    ['timestamps', {}, raw(18, '000400020102')],
  ] as const) {
    it(`${title} that nobody asked for are refused`, () => {
      const server = meetClient({ client: options });
      server.play('serverHello', 'encryptedExtensions');
      server.say.certificate(beside(extension));
      assertMisbehaved(server.peer, 'unsupported_extension', 'unsolicited-extension');
    });
  }

  it('what has its place there has none in EncryptedExtensions, nor does status_request_v2', () => {
    for (const [extension, alert, reason] of [
      [raw(5), 'illegal_parameter', 'misplaced-extension'],
      [raw(18), 'illegal_parameter', 'misplaced-extension'],
      [raw(17), 'unsupported_extension', 'unsolicited-extension'],
    ] as const) {
      const server = meetClient({ client: { requestScts: true } });
      server.play('serverHello');
      server.say.encryptedExtensions(() => ({ extensions: [extension] }));
      assertMisbehaved(server.peer, alert, reason);
    }
  });
});

describe('a server that speaks TLS 1.2 alone', () => {
  const announcing = (hello: Tls12ServerHello): Tls12ServerHello => ({
    ...hello,
    extensions: [...hello.extensions, raw(5), raw(18, '000400020102')],
  });

  it('announces in its hello what follows the certificate, or does not follow', () => {
    for (const isSent of [true, false]) {
      const server = meetTls12Client({ client: { requestScts: true } });
      server.serverHello(announcing);
      server.certificate();
      if (isSent) server.certificateStatus((status) => ({ ...status, response: ocspResponse }));
      server.serverKeyExchange();
      server.serverHelloDone();
      server.changeCipherSpec();
      server.finished();
      const facts = established(server.peer.effects);
      assert.equal(facts.version, 'TLS 1.2');
      assert.deepEqual(facts.peerOcspResponse, isSent ? ocspResponse : undefined);
      assert.deepEqual(facts.peerScts, hex('000400020102'));
    }
  });

  it('is judged by it', () => {
    const authenticator = chainOfTrust({ anchors, revocation: { policy: 'prefer' } });
    const server = meetTls12Client({ client: { authenticator, requestScts: true } });
    server.serverHello(announcing);
    server.certificate();
    const response = responseAbout(quickCredential.leaf, REVOKED);
    server.certificateStatus((status) => ({ ...status, response }));
    server.serverKeyExchange();
    server.serverHelloDone();
    assertFailed(server.peer, 'certificate_revoked', 'certificate revoked');
  });

  it('sends no status that it has not announced, none twice and none of another type', () => {
    const unannounced = meetTls12Client();
    unannounced.serverHello();
    unannounced.certificate();
    unannounced.certificateStatus();
    assertMisbehaved(unannounced.peer, 'unexpected_message', 'unexpected-message');
    const [twice, other] = [0, 1].map(() => {
      const server = meetTls12Client({ client: { requestScts: true } });
      server.serverHello(announcing);
      server.certificate();
      return server;
    });
    twice?.certificateStatus();
    twice?.certificateStatus();
    assertMisbehaved(twice?.peer ?? assert.fail(), 'unexpected_message', 'unexpected-message');
    other?.certificateStatus((status) => ({ ...status, statusType: 2 }));
    assertMisbehaved(other?.peer ?? assert.fail(), 'illegal_parameter', 'unoffered-status-type');
  });

  it('announces nothing that was not asked for', () => {
    const server = meetTls12Client({ client: { requestOcsp: false } });
    server.serverHello((hello) => ({ ...hello, extensions: [...hello.extensions, raw(5)] }));
    assertMisbehaved(server.peer, 'unsupported_extension', 'unsolicited-extension');
  });
});

describe('a request for staples', () => {
  const hellos: readonly (readonly [string, UnknownExtension, boolean])[] = [
    ['for OCSP by responders of its choice', raw(5, '01' + '00040002aabb' + '0001cc'), true],
    ['for a status of another type', raw(5, '02'), false],
    ['for status_request_v2', raw(17, '000701000400000000'), false],
  ];
  for (const [title, extension, isAnswered] of hellos) {
    it(`${title} is ${isAnswered ? 'answered' : 'passed over'}`, () => {
      const peer = meetServer({ server: { credentials: [stapled] } });
      peer.say.clientHello(adding(extension));
      const [message] = certificatesOf(peer.peer);
      const expected: readonly CertificateExtension[] = isAnswered
        ? [{ name: 'statusRequest', value: { statusType: 1, response: ocspResponse } }]
        : [];
      assert.deepEqual(message?.certificateList[0]?.extensions, expected);
    });
  }

  for (const [title, extension, structure] of [
    ['for OCSP and nothing more', raw(5, '01'), 'ocspStatusRequest'],
    ['with an empty responder', raw(5, '01' + '00020000' + '0000'), 'ocspStatusRequest'],
    ['with more than it says', raw(5, '01' + '0000' + '0000' + '00'), 'ocspStatusRequest'],
    ['for no status at all', raw(5), 'clientHello'],
    ['for timestamps, with some', raw(18, '00'), 'clientHello'],
  ] as const) {
    it(`${title} is refused`, () => {
      const peer = meetServer();
      peer.say.clientHello(adding(extension));
      assertFailed(peer.peer, 'decode_error', `malformed ${structure}`);
    });
  }

  it('stands empty in a CertificateRequest', () => {
    for (const type of [5, 18]) {
      const asked = meetClient();
      asked.play('serverHello', 'encryptedExtensions');
      asked.say.certificateRequest(({ extensions, ...rest }) => ({
        ...rest,
        extensions: [...extensions, raw(type, '0100000000')],
      }));
      assertFailed(asked.peer, 'decode_error', 'malformed certificateRequest');
      const fine = meetClient();
      fine.play('serverHello', 'encryptedExtensions');
      fine.say.certificateRequest(({ extensions, ...rest }) => ({
        ...rest,
        extensions: [...extensions, raw(type)],
      }));
      fine.play('certificate', 'certificateVerify', 'finished');
      assertAt(fine.peer, 'established');
    }
  });

  it('is not made by a client that was told not to', () => {
    const names = meetClient({ client: { requestOcsp: false } })
      .hello()
      .extensions.map(({ name }) => name);
    assert.ok(!names.includes('statusRequest') && !names.includes('signedCertificateTimestamp'));
    const honest = meetClient();
    honest.play(...serverFlight);
    assertAt(honest.peer, 'established');
  });
});

function responseAbout(
  certificate: Certificate,
  certStatus: CertStatus,
  thisUpdate = NOW - HOUR,
): Uint8Array {
  return encodeOcspResponse(
    must(
      buildOcspResponse({
        crypto: nullCrypto,
        entropy: bytes(32, 5),
        signer: quickAuthority,
        certs: [],
        producedAt: thisUpdate,
        responses: [
          {
            certID: makeCertId(nullCrypto, certificate, quickAuthority.certificate),
            certStatus,
            thisUpdate,
            nextUpdate: thisUpdate + 2 * HOUR,
          },
        ],
      }),
    ),
  );
}

/** A certificate that promises a stapled response. */
function promisingCredential(): Credential {
  const leaf = must(
    buildCertificate({
      crypto: nullCrypto,
      entropy: bytes(32, 12),
      subject: [],
      publicKey: quickLeafKey.public,
      signer: quickAuthority,
      validity: { notBefore: NOW - DAY, notAfter: NOW + DAY },
      subjectAltName: [{ kind: 'dNSName', value: NAME }],
      extensions: [makeExtension({ kind: id.pe.tlsFeature, value: [5] })],
    }),
  );
  return make([leaf.der]);
}

function make(chain: readonly Uint8Array[], staples: readonly Staple[] = []): Credential {
  return must(credential(nullCrypto, chain, { kind: 'private', key: quickLeafKey }, { staples }));
}

function tryToMake(staples: readonly Staple[]): ReturnType<typeof credential> {
  return credential(nullCrypto, quickCredential.chain, { kind: 'private', key: quickLeafKey }, { staples });
}

/** The same Certificate message with an extension beside its leaf. */
function beside(extension: UnknownExtension) {
  return <M extends { readonly certificateList: readonly { readonly certData: Uint8Array }[] }>(
    message: M,
  ) => ({
    ...message,
    certificateList: message.certificateList.map(({ certData }) => ({ certData, extensions: [extension] })),
  });
}

/** The Certificate messages that the engine has sent. */
function certificatesOf({ heard }: Peer): readonly CertificateMessage[] {
  return heard.flatMap((one) =>
    one.kind === 'message' && one.message.kind === 'certificate' ? [one.message.body] : [],
  );
}

function meet(
  clientOptions: Partial<ClientOptions>,
  serverOptions: Partial<ServerOptions>,
  sessions: readonly Session[] = [],
  now = NOW,
): Run {
  return converse(
    client(quickClientConfig(clientOptions), bytes(48), { sessions, now }),
    server(quickServerConfig(serverOptions), bytes(48, 2)),
    now,
  );
}

function sessionsOf({ clientEffects }: Run): readonly Session[] {
  return clientEffects.flatMap((effect) => (effect.kind === 'ticket' ? [effect.session] : []));
}

function established(effects: readonly Effect[]) {
  const failed = find(effects, 'failed');
  assert.equal(failed && describeFailure(failed.failure), undefined);
  return find(effects, 'established')?.facts ?? assert.fail('not established');
}

function assertEnded(effects: readonly Effect[], words: string): void {
  const failed = find(effects, 'failed') ?? assert.fail('it went well');
  assert.ok(describeFailure(failed.failure).includes(words), describeFailure(failed.failure));
}

describe('a server with something to staple, in TLS 1.2', () => {
  const asking: Tls12ClientOptions['extensions'] = [
    { name: 'statusRequest', value: anyOcspResponder },
    { name: 'signedCertificateTimestamp', value: hex('') },
  ];
  const greeted = (options: Tls12ClientOptions) => {
    const scripted = meetTls12Server(options);
    scripted.clientHello();
    const { extensions } = scripted.serverHello();
    return { scripted, extensions };
  };

  it('says so in its hello, and sends the response behind its certificate', () => {
    const { scripted, extensions } = greeted({ server: { credentials: [stapled] }, extensions: asking });
    assert.deepEqual(findExtension(extensions, 'statusRequest'), hex(''));
    assert.deepEqual(findExtension(extensions, 'signedCertificateTimestamp')?.length, 1);
    const said = scripted.peer.heard.flatMap((one) => (one.kind === 'message' ? [one.message] : []));
    assert.deepEqual(
      said.map(({ kind }) => kind),
      ['tls12ServerHello', 'tls12Certificate', 'certificateStatus', 'serverKeyExchange', 'serverHelloDone'],
    );
    const status = said.find(({ kind }) => kind === 'certificateStatus');
    assert.deepEqual(status?.body, { statusType: 1, response: ocspResponse });
  });

  it('staples nothing that it is not asked for, or does not have', () => {
    const none = (options: Tls12ClientOptions) => {
      const { scripted, extensions } = greeted(options);
      assert.equal(findExtension(extensions, 'statusRequest'), undefined);
      assert.equal(findExtension(extensions, 'signedCertificateTimestamp'), undefined);
      assert.equal(messagesHeard(scripted.peer, 'certificateStatus').length, 0);
    };
    none({ server: { credentials: [stapled] } });
    none({ extensions: asking });
    const other = { name: 'statusRequest', value: { statusType: 2, request: hex('00') } } as const;
    none({ server: { credentials: [stapled] }, extensions: [other] });
  });

  it('says nothing of it when a session goes on', () => {
    const { extensions } = greeted({
      server: { credentials: [stapled], ticketKeys },
      extensions: asking,
      session: aSession(),
    });
    assert.equal(findExtension(extensions, 'statusRequest'), undefined);
    assert.equal(findExtension(extensions, 'signedCertificateTimestamp'), undefined);
  });

  it('refuses a request that is none', () => {
    const scripted = meetTls12Server({
      extensions: [{ name: 'statusRequest', value: { statusType: 1, request: hex('0001') } }],
    });
    scripted.clientHello();
    assertFailed(scripted.peer, 'decode_error', 'malformed ocspStatusRequest');
  });

  it('is understood by our client', () => {
    const versions = ['1.2'] as const;
    const run = meet({ requestScts: true, versions }, { credentials: [stapled], versions });
    const facts = established(run.clientEffects);
    assert.equal(facts.version, 'TLS 1.2');
    assert.deepEqual([facts.peerOcspResponse, facts.peerScts], [ocspResponse, scts]);
  });
});
