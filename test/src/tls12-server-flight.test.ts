import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { ffdheParameters, noble } from '../../nocrypto/index.ts';
import { groupCode } from '../../src/groups.ts';
import {
  answer,
  credential,
  type ServerOptions,
  status,
  type Tls12CipherSuiteName,
} from '../../src/index.ts';
import { dangerouslyAcceptAnyCertificate, decodePrivateKey } from '../../x509/index.ts';
import { assertAt, assertFailed, assertMisbehaved } from './expect.ts';
import { follow, messagesHeard } from './peer.ts';
import { externalCredential, quickLeafKey } from './quick.ts';
import {
  after,
  aSession,
  establishTls12Server,
  factsOf,
  type Said,
  sayTls12Answer,
  type Tls12ClientOptions,
  ticketKeys,
} from './scripted-tls12-client.ts';
import { authority, bytes, concatAll, find, hex, makeLeaf, must, ownCredential } from './support.ts';

const authenticator = dangerouslyAcceptAnyCertificate;
const askingClients: Partial<ServerOptions> = { clientAuthentication: { authenticator, required: true } };

describe('the key exchange of TLS 1.2, at a server', () => {
  const real: Partial<ServerOptions> = { crypto: noble, credentials: [ownCredential] };
  const share = (exchange: Uint8Array, options: Tls12ClientOptions = {}) => {
    const client = after(options, 'clientHello');
    client.clientKeyExchange(() => ({ exchange }));
    return client.peer;
  };
  const point = (bytesOfPoint: Uint8Array) => Uint8Array.of(bytesOfPoint.length, ...bytesOfPoint);

  it('is refused with a share of X25519 that leads to zero, or of another length', () => {
    for (const bad of [new Uint8Array(32), Uint8Array.of(1, ...new Uint8Array(31)), bytes(31), bytes(33)]) {
      assertMisbehaved(share(point(bad), { server: real }), 'illegal_parameter', 'bad-key-share');
    }
  });

  it('is refused with a point that is off its curve, compressed, or none', () => {
    const p256: Tls12ClientOptions = {
      server: { ...real, groups: ['secp256r1'] },
      extensions: [{ name: 'supportedGroups', value: [groupCode('secp256r1')] }],
    };
    const off = Uint8Array.of(4, ...bytes(64, 3));
    for (const bad of [off, Uint8Array.of(2, ...bytes(32, 3)), Uint8Array.of(0), bytes(65)]) {
      assertMisbehaved(share(point(bad), p256), 'illegal_parameter', 'bad-key-share');
    }
  });

  it('is refused in finite fields with 0, 1, p - 1, p, or what is longer than p', () => {
    const { prime } = ffdheParameters('ffdhe2048');
    const suite: Tls12CipherSuiteName = 'TLS_DHE_RSA_WITH_AES_128_GCM_SHA256';
    const number = (value: Uint8Array) => Uint8Array.of(value.length >> 8, value.length & 0xff, ...value);
    const lessOne = Uint8Array.from(prime);
    lessOne[lessOne.length - 1] = (lessOne.at(-1) ?? 0) - 1;
    const options: Tls12ClientOptions = {
      suites: [suite],
      server: {
        versions: ['1.2'],
        cipherSuites: [suite],
        crypto: noble,
        credentials: [rsaCredential()],
        groups: ['ffdhe2048'],
      },
      extensions: [{ name: 'supportedGroups', value: [groupCode('ffdhe2048')] }],
    };
    for (const bad of [hex('00'), hex('01'), lessOne, prime, bytes(257, 3)]) {
      assertMisbehaved(share(number(bad), options), 'illegal_parameter', 'bad-key-share');
    }
    assertFailed(share(hex('0000'), options), 'decode_error', 'malformed clientKeyExchange');
  });

  it('is refused when it is cut short, or goes on behind its end', () => {
    for (const exchange of [hex(''), hex('00'), hex('20'), concatAll([point(bytes(32)), hex('00')])]) {
      assertFailed(share(exchange), 'decode_error', 'malformed clientKeyExchange');
    }
  });
});

describe('the certificate of a TLS 1.2 client', () => {
  const asked = (...said: readonly Said[]) => after({ server: askingClients }, 'clientHello', ...said);

  it('is asked for, verified over the whole handshake, and judged', () => {
    const { peer } = establishTls12Server({ server: askingClients });
    assertAt(peer, 'established');
    assert.equal(factsOf(peer)?.peerSignatureScheme, 'ed25519');
    const [request] = messagesHeard(peer, 'tls12CertificateRequest');
    assert.ok(request?.kind === 'tls12CertificateRequest');
    assert.deepEqual([...request.body.certificateTypes].sort(), [1, 64]);
    assert.ok(request.body.supportedSignatureAlgorithms.includes(0x0807));
    // SHA-1 and MD5 (RFC 9155).
    assert.ok(
      !request.body.supportedSignatureAlgorithms.some((code) => [0x0201, 0x0203, 0x0101].includes(code)),
    );
  });

  it('may be missing where it is not required', () => {
    const server = { clientAuthentication: { authenticator, required: false } };
    const client = after({ server }, 'clientHello');
    client.certificate(() => ({ certificateList: [] }));
    sayTls12Answer(client);
    assertAt(client.peer, 'established');
    assert.equal(factsOf(client.peer)?.peer, undefined);
  });

  it('must not be missing where it is required', () => {
    const client = asked();
    client.certificate(() => ({ certificateList: [] }));
    assertMisbehaved(client.peer, 'handshake_failure', 'no-tls12-client-certificate');
  });

  it('must decode', () => {
    const client = asked();
    client.certificate(() => ({ certificateList: [bytes(30)] }));
    assertMisbehaved(client.peer, 'bad_certificate', 'undecodable-certificate');
  });

  it('must not come in a chain without an end', () => {
    const client = asked();
    client.certificate(({ certificateList }) => ({
      certificateList: Array.from({ length: 17 }, () => certificateList[0] ?? hex('')),
    }));
    assertMisbehaved(client.peer, 'bad_certificate', 'too-many-certificates');
  });

  it('is not believed when the signature is over anything else', () => {
    const client = asked('certificate', 'clientKeyExchange');
    client.certificateVerify(undefined, { content: (honest) => honest.subarray(1) });
    assertMisbehaved(client.peer, 'decrypt_error', 'bad-signature');
    const bent = asked('certificate', 'clientKeyExchange');
    bent.certificateVerify((body) => ({ ...body, signature: body.signature.map((byte) => byte ^ 1) }));
    assertMisbehaved(bent.peer, 'decrypt_error', 'bad-signature');
  });

  it('is not believed when it is signed by a scheme that was not offered, or with SHA-1', () => {
    for (const algorithm of [0x0201, 0x0203, 0x0101, 0x0000, 0xffff]) {
      const client = asked('certificate', 'clientKeyExchange');
      client.certificateVerify((body) => ({ ...body, algorithm }));
      assertMisbehaved(client.peer, 'illegal_parameter', 'unoffered-signature-scheme');
    }
    const narrow: Partial<ServerOptions> = { ...askingClients, signatureSchemes: ['ecdsa_secp256r1_sha256'] };
    const client = after({ server: narrow }, 'clientHello', 'certificate', 'clientKeyExchange');
    client.certificateVerify();
    assertMisbehaved(client.peer, 'illegal_parameter', 'unoffered-signature-scheme');
  });

  it('is not believed when the scheme is for another kind of key', () => {
    const client = asked('certificate', 'clientKeyExchange');
    client.certificateVerify((body) => ({ ...body, algorithm: 0x0403 }));
    assertMisbehaved(client.peer, 'illegal_parameter', 'signature-scheme-does-not-fit-key');
  });

  it('may be signed with PKCS #1 v1.5, which TLS 1.3 does not take', () => {
    const { der, key } = rsaLeaf();
    const options = {
      chain: [der],
      server: { ...askingClients, crypto: noble, credentials: [ownCredential] },
    };
    const client = after(options, 'clientHello', 'certificate', 'clientKeyExchange');
    client.certificateVerify(undefined, { scheme: 'rsa_pkcs1_sha256', key });
    client.changeCipherSpec();
    client.finished();
    assertAt(client.peer, 'established');
    assert.equal(factsOf(client.peer)?.peerSignatureScheme, 'rsa_pkcs1_sha256');
  });

  it('is asked about, where somebody else decides, and what comes meanwhile waits', () => {
    for (const verdict of ['accepted', 'refused'] as const) {
      const server = { clientAuthentication: { authenticator: 'ask', required: true } } as const;
      const client = after(
        { server },
        'clientHello',
        'certificate',
        'clientKeyExchange',
        'certificateVerify',
      );
      const { peer } = client;
      assertAt(peer, 'tls12AwaitClientVerdict');
      assert.equal(status(peer.state).phase, 'waiting');
      client.changeCipherSpec();
      client.finished();
      assertAt(peer, 'tls12AwaitClientVerdict');
      const request = find(peer.effects, 'request')?.request;
      assert.ok(request?.kind === 'verdict');
      if (verdict === 'accepted') {
        follow(peer, answer(peer.state, { kind: 'verdict', verdict: authenticator(request.presented) }));
        assertAt(peer, 'established');
        assert.ok(factsOf(peer)?.peer !== undefined);
      } else {
        follow(peer, answer(peer.state, { kind: 'refusal', reason: 'no' }));
        assertFailed(peer, 'certificate_unknown', 'misuse verdict-refused');
      }
    }
  });
});

describe('a TLS 1.2 server that asks', () => {
  it('for its certificate and for a signature goes on with the answers', () => {
    const client = after({ server: { credentials: 'ask' } }, 'clientHello');
    const { peer } = client;
    assertAt(peer, 'tls12AwaitCredential');
    assert.equal(status(peer.state).phase, 'waiting');
    follow(peer, answer(peer.state, { kind: 'credential', credential: externalCredential }));
    assertAt(peer, 'tls12AwaitSignature');
    assert.equal(status(peer.state).phase, 'waiting');
    const request = find(peer.latest, 'request')?.request;
    assert.ok(request?.kind === 'signature');
    const signed = peer.crypto.sign({ kind: 'ed25519' }, quickLeafKey, request.message, bytes(32));
    assert.ok(signed.ok);
    follow(peer, answer(peer.state, { kind: 'signature', signature: signed.value }));
    sayTls12Answer(client);
    assertAt(peer, 'established');
  });

  it('sends no signature that its own certificate does not bear out', () => {
    const { peer } = after({ server: { credentials: [externalCredential] } }, 'clientHello');
    follow(peer, answer(peer.state, { kind: 'signature', signature: bytes(64) }));
    assertFailed(peer, 'internal_error', 'misuse signing-failed');
  });

  it('ends the connection when it is refused', () => {
    const { peer } = after({ server: { credentials: 'ask' } }, 'clientHello');
    follow(peer, answer(peer.state, { kind: 'refusal', reason: 'no' }));
    assertFailed(peer, 'handshake_failure', 'misuse credential-refused');
  });
});

describe('the Finished of a TLS 1.2 client', () => {
  it('must fit', () => {
    const edits: readonly ((honest: Uint8Array) => Uint8Array)[] = [
      (honest) => honest.map((byte, i) => (i === 11 ? byte ^ 1 : byte)),
      (honest) => honest.subarray(0, 11),
      (honest) => concatAll([honest, hex('00')]),
      () => hex(''),
    ];
    for (const edit of edits) {
      const client = after({}, 'clientHello', 'clientKeyExchange', 'changeCipherSpec');
      client.finished(({ verifyData }) => ({ verifyData: edit(verifyData) }));
      assertMisbehaved(client.peer, 'decrypt_error', 'bad-finished');
    }
  });

  it('must fit in a resumed handshake, too', () => {
    const client = after({ server: { ticketKeys }, session: aSession() }, 'clientHello', 'changeCipherSpec');
    client.finished(({ verifyData }) => ({ verifyData: verifyData.map((byte) => byte ^ 1) }));
    assertMisbehaved(client.peer, 'decrypt_error', 'bad-finished');
  });
});

function rsaLeaf() {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
    publicKeyEncoding: { type: 'spki', format: 'der' },
  });
  const key = must(decodePrivateKey(noble, Uint8Array.from(privateKey)));
  return { key, der: makeLeaf(authority, { publicKey: key.public }).der };
}

function rsaCredential() {
  const { key, der } = rsaLeaf();
  return must(credential(noble, [der], { kind: 'private', key }));
}
