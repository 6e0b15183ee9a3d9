import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { noble, type RunningHash, secret } from '../../nocrypto/index.ts';
import { cipherSuites } from '../../src/cipher-suites.ts';
import { contentTypes } from '../../src/codepoints.ts';
import { findExtension } from '../../src/extensions.ts';
import { groupOfCode } from '../../src/groups.ts';
import {
  applicationSecrets,
  earlySecret,
  earlySecrets,
  expandLabel,
  finishedVerifyData,
  handshakeSecrets,
  resumptionSecret,
  ticketPsk,
  trafficKeys,
} from '../../src/key-schedule.ts';
import {
  decodeHandshake,
  encodeHandshake,
  type HandshakeMessage,
  type NewSessionTicket,
} from '../../src/messages.ts';
import { signedContent } from '../../src/peer-certificate.ts';
import { binder, bindersLength } from '../../src/psk.ts';
import {
  nextRecord,
  openRecord,
  type Protection,
  protection,
  sealedLength,
  sealRecord,
} from '../../src/record.ts';
import { signatureSchemeOfCode } from '../../src/signature-schemes.ts';
import { startRetryTranscript, startTranscript } from '../../src/transcript.ts';
import { certificatePublicKey, decodeCertificate } from '../../x509/index.ts';
import { messagesOf } from './peer.ts';
import { concatAll, hex, must, toHex } from './support.ts';
import {
  clientAuthentication,
  compatibilityMode,
  earlyData,
  helloRetryRequest,
  simpleHandshake,
  type Trace,
  type TracedRecord,
} from './vectors/rfc8448.ts';

const suite = cipherSuites.TLS_AES_128_GCM_SHA256;

for (const trace of [simpleHandshake, helloRetryRequest, clientAuthentication, compatibilityMode]) {
  const said = saidIn(trace);

  test(`RFC 8448 ${trace.title}: every message decodes, and encodes to the same bytes`, () => {
    for (const { raw, message } of said)
      assert.equal(toHex(encodeHandshake(message)), toHex(raw), message.kind);
  });

  test(`RFC 8448 ${trace.title}: the private keys and the shares in the hellos give the shared secret`, () => {
    const clientHello = theOnly(said, 'clientHello', -1);
    const serverHello = theOnly(said, 'serverHello');
    assert.ok(clientHello.kind === 'clientHello' && serverHello.kind === 'serverHello');
    const server = findExtension(serverHello.body.extensions, 'keyShare');
    const client = findExtension(clientHello.body.extensions, 'keyShare')?.[0];
    const group = noble.groups[groupOfCode(server?.group ?? 0) ?? assert.fail('no group')];
    for (const [key, share] of [
      [trace.clientPrivateKey, server?.keyExchange],
      [trace.serverPrivateKey, client?.keyExchange],
    ] as const) {
      const shared = must(group.decapsulate(secret(hex(key)), share ?? assert.fail('no share')));
      assert.equal(toHex(shared), trace.sharedSecret);
    }
  });

  test(`RFC 8448 ${trace.title}: the key schedule gives its secrets, keys and ivs`, () => {
    const { afterServerHello, afterServerFinished } = transcripts(said);
    const first = handshakeSecrets(
      noble,
      'sha256',
      secret(hex(trace.sharedSecret)),
      afterServerHello.digest(),
    );
    const then = applicationSecrets(noble, 'sha256', first.handshake, afterServerFinished.digest());
    const zeros = new Uint8Array(32);
    const empty = noble.hashes.sha256.digest(new Uint8Array(0));
    const derived = expandLabel(noble, 'sha256', first.handshake, 'derived', empty, 32);
    assert.equal(toHex(noble.hkdfExtract('sha256', zeros, zeros)), trace.early);
    assert.equal(toHex(first.handshake), trace.handshake);
    assert.equal(toHex(noble.hkdfExtract('sha256', derived, zeros)), trace.main);
    assert.equal(toHex(then.exporter), trace.exporter);
    for (const [name, value] of [
      ['clientHandshake', first.clientHandshakeTraffic],
      ['serverHandshake', first.serverHandshakeTraffic],
      ['clientApplication', then.clientApplicationTraffic],
      ['serverApplication', then.serverApplicationTraffic],
    ] as const) {
      assert.equal(toHex(value), trace[`${name}Traffic`], name);
      const { key, iv } = trafficKeys(noble, suite, value);
      assert.deepEqual({ key: toHex(key), iv: toHex(iv) }, trace.keys[name], name);
    }
  });

  test(`RFC 8448 ${trace.title}: both Finished are those of the transcript`, () => {
    for (const [sender, base] of [
      ['server', trace.serverHandshakeTraffic],
      ['client', trace.clientHandshakeTraffic],
    ] as const) {
      const place = said.findIndex(({ from, message }) => from === sender && message.kind === 'finished');
      const finished = said[place]?.message;
      const expected = finishedVerifyData(
        noble,
        'sha256',
        secret(hex(base)),
        transcriptOf(said.slice(0, place)).digest(),
      );
      assert.ok(finished?.kind === 'finished');
      assert.equal(toHex(finished.body.verifyData), toHex(expected), sender);
    }
  });

  test(`RFC 8448 ${trace.title}: every record is sealed to the same bytes, and opens to its content`, () => {
    const next: Record<'client' | 'server', Protection | undefined> = {
      client: undefined,
      server: undefined,
    };
    for (const { from, type, content, record } of trace.records) {
      const protectedBy = type === 'change_cipher_spec' ? undefined : next[from];
      const bytes = hex(record);
      const sealed = new Uint8Array(sealedLength(protectedBy, content.length / 2));
      const version = ((bytes[1] ?? 0) << 8) | (bytes[2] ?? 0);
      sealRecord(protectedBy, contentTypeOf(type), version, hex(content), sealed, 0);
      assert.equal(toHex(sealed), record);
      if (protectedBy !== undefined) {
        assert.deepEqual(must(openRecord(protectedBy, bytes, new Uint8Array(bytes.length), 0)), {
          type: contentTypeOf(type),
          bytes: hex(content),
        });
        next[from] = nextRecord(protectedBy);
      }
      if (type !== 'handshake') continue;
      const kinds = messagesOf(hex(content)).map((raw) => must(decodeHandshake(raw)).kind);
      if (kinds.includes('serverHello')) {
        next.server = protection(noble, suite, secret(hex(trace.serverHandshakeTraffic)));
        next.client = protection(noble, suite, secret(hex(trace.clientHandshakeTraffic)));
      }
      if (kinds.includes('finished')) {
        next[from] = protection(noble, suite, secret(hex(trace[`${from}ApplicationTraffic`])));
      }
    }
  });
}

test('RFC 8448 §6: the P-256 CertificateVerify of the server verifies over the transcript before it', () => {
  const said = saidIn(clientAuthentication);
  const place = said.findIndex(({ message }) => message.kind === 'certificateVerify');
  const verify = said[place]?.message;
  const certificate = theOnly(said.slice(0, place), 'certificate');
  assert.ok(verify?.kind === 'certificateVerify' && certificate.kind === 'certificate');
  const leaf = must(decodeCertificate(certificate.body.certificateList[0]?.certData ?? new Uint8Array(0)));
  const { key } = must(certificatePublicKey(noble, leaf));
  const scheme = signatureSchemeOfCode(verify.body.algorithm);
  assert.equal(scheme?.name, 'ecdsa_secp256r1_sha256');
  const content = signedContent('server', transcriptOf(said.slice(0, place)).digest());
  assert.ok(noble.verify(scheme.algorithm, key, content, verify.body.signature));
});

describe(`RFC 8448 ${earlyData.title}`, () => {
  const prefix = hex(earlyData.clientHelloPrefix);
  const whole = concatAll([prefix, hex(`002120${earlyData.binder}`)]);
  const psk = secret(hex(earlyData.psk));

  it('begins with a hello that decodes, and encodes to the same bytes', () => {
    assert.equal(toHex(encodeHandshake(must(decodeHandshake(whole)))), toHex(whole));
    assert.equal(whole.length - bindersLength([hex(earlyData.binder)]), prefix.length);
  });

  it('offers the ticket of §3 and its PSK', () => {
    const said = saidIn(simpleHandshake);
    const { ticket, ticketNonce } = ticketIn(said);
    const hello = must(decodeHandshake(whole));
    assert.ok(hello.kind === 'clientHello');
    const [offered] = findExtension(hello.body.extensions, 'preSharedKey')?.identities ?? [];
    assert.deepEqual(offered?.identity, ticket);
    const place = said.map(({ message }) => message.kind).lastIndexOf('finished');
    const upToFinished = transcriptOf(said.slice(0, place + 1)).digest();
    const main = secret(hex(simpleHandshake.main));
    const resumption = resumptionSecret(noble, 'sha256', main, upToFinished);
    assert.equal(toHex(ticketPsk(noble, 'sha256', resumption, ticketNonce)), earlyData.psk);
  });

  it('binds the PSK to the hello before its binders', () => {
    const transcript = noble.hashes.sha256.start().update(prefix);
    const made = binder(noble, { secret: psk, hash: 'sha256', binderLabel: 'res binder' }, transcript);
    assert.equal(toHex(made), earlyData.binder);
  });

  it('derives the early secrets, and seals the early data to the same bytes', () => {
    assert.equal(toHex(earlySecret(noble, 'sha256', psk)), earlyData.early);
    const hash = noble.hashes.sha256.digest(whole);
    const { clientEarlyTraffic, earlyExporter } = earlySecrets(noble, 'sha256', psk, hash);
    assert.equal(toHex(clientEarlyTraffic), earlyData.clientEarlyTraffic);
    assert.equal(toHex(earlyExporter), earlyData.earlyExporter);
    const { key, iv } = trafficKeys(noble, suite, clientEarlyTraffic);
    assert.deepEqual({ key: toHex(key), iv: toHex(iv) }, earlyData.keys);
    const early = protection(noble, suite, clientEarlyTraffic);
    const sealed = new Uint8Array(sealedLength(early, 6));
    sealRecord(early, contentTypes.applicationData, 0x0303, hex(earlyData.data), sealed, 0);
    assert.equal(toHex(sealed), earlyData.record);
  });
});

function ticketIn(said: readonly Said[]): NewSessionTicket {
  const message = theOnly(said, 'newSessionTicket');
  return message.kind === 'newSessionTicket' ? message.body : assert.fail('no ticket');
}

interface Said {
  readonly from: 'client' | 'server';
  readonly raw: Uint8Array;
  readonly message: HandshakeMessage;
}

/** The handshake messages of a trace, in order. */
function saidIn({ records }: Trace): readonly Said[] {
  return records
    .filter(({ type }) => type === 'handshake')
    .flatMap(({ from, content }) =>
      messagesOf(hex(content)).map((raw) => ({ from, raw, message: must(decodeHandshake(raw)) })),
    );
}

function theOnly(said: readonly Said[], kind: HandshakeMessage['kind'], which = 0): HandshakeMessage {
  return said.filter(({ message }) => message.kind === kind).at(which)?.message ?? assert.fail(`no ${kind}`);
}

/** The transcript after the messages given, which begin with ClientHello. */
function transcriptOf(said: readonly Said[]): RunningHash {
  const [hello, second, ...others] = said.map(({ raw }) => raw);
  assert.ok(hello !== undefined && second !== undefined);
  const start =
    said[1]?.message.kind === 'helloRetryRequest'
      ? startRetryTranscript(noble, 'sha256', hello, second)
      : startTranscript(noble, 'sha256', hello).update(second);
  return others.reduce((running, raw) => running.update(raw), start);
}

function transcripts(said: readonly Said[]): {
  readonly afterServerHello: RunningHash;
  readonly afterServerFinished: RunningHash;
} {
  const end = (kind: HandshakeMessage['kind']) => 1 + said.findIndex(({ message }) => message.kind === kind);
  return {
    afterServerHello: transcriptOf(said.slice(0, end('serverHello'))),
    afterServerFinished: transcriptOf(said.slice(0, end('finished'))),
  };
}

function contentTypeOf(type: TracedRecord['type']): number {
  switch (type) {
    case 'handshake':
      return contentTypes.handshake;
    case 'application_data':
      return contentTypes.applicationData;
    case 'alert':
      return contentTypes.alert;
    case 'change_cipher_spec':
      return contentTypes.changeCipherSpec;
  }
}
