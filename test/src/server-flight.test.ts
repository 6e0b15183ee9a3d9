import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PublicKey } from '../../nocrypto/index.ts';
import type { UnknownExtension } from '../../src/extensions.ts';
import type { AlertName, Misbehaviour, SignatureSchemeName } from '../../src/index.ts';
import { decodeHandshake } from '../../src/messages.ts';
import { signedContent } from '../../src/peer-certificate.ts';
import { signatureSchemes } from '../../src/signature-schemes.ts';
import {
  type CertifiedKey,
  chainOfTrust,
  dangerouslyAcceptAnyCertificate,
  trustAnchor,
} from '../../x509/index.ts';
import { raw } from './edits.ts';
import { assertAt, assertFailed, assertMisbehaved } from './expect.ts';
import { nullCrypto } from './null-crypto.ts';
import { messagesHeard, messagesOf, transcriptHash } from './peer.ts';
import { quickAuthority, quickCredential, quickLeafKey } from './quick.ts';
import {
  meetClient,
  type ScriptedServer,
  type ScriptedServerOptions,
  serverFlight,
} from './scripted-server.ts';
import {
  bytes,
  DAY,
  find,
  hex,
  type LeafOptions,
  makeAuthority,
  makeLeaf,
  must,
  NOW,
  toHex,
} from './support.ts';
import { simpleHandshake } from './vectors/rfc8448.ts';

// What a client checks behind ServerHello: EncryptedExtensions (RFC 9846 §4.4.1), CertificateRequest (§4.4.2),
// Certificate (§4.5.1), CertificateVerify (§4.5.2) and Finished (§4.5.3).

const badExtensions: readonly (readonly [string, UnknownExtension, AlertName, Misbehaviour])[] = [
  ['nobody knows', raw(0xfafa), 'unsupported_extension', 'unsolicited-extension'],
  ['was not asked for, early_data', raw(42), 'unsupported_extension', 'unsolicited-extension'],
  ['was not asked for, ALPN', raw(16, '0003026832'), 'unsupported_extension', 'unsolicited-extension'],
  ['has no place here, key_share', raw(51, '001d0000'), 'illegal_parameter', 'misplaced-extension'],
  ['has no place here, supported_versions', raw(43, '0304'), 'illegal_parameter', 'misplaced-extension'],
  ['has no place here, cookie', raw(44, '000101'), 'illegal_parameter', 'misplaced-extension'],
  [
    'has no place here, signature_algorithms',
    raw(13, '00020403'),
    'illegal_parameter',
    'misplaced-extension',
  ],
];

for (const [title, extension, alert, reason] of badExtensions) {
  test(`EncryptedExtensions with an extension that ${title}, is refused`, () => {
    const server = meetClient();
    server.play('serverHello');
    server.say.encryptedExtensions(({ extensions }) => ({ extensions: [...extensions, extension] }));
    assertMisbehaved(server.peer, alert, reason);
  });
}

test('EncryptedExtensions with an extension twice is refused', () => {
  const server = meetClient({ client: { applicationProtocols: ['h2'] }, applicationProtocol: 'h2' });
  server.play('serverHello');
  server.say.encryptedExtensions(({ extensions }) => ({ extensions: [...extensions, ...extensions] }));
  assertMisbehaved(server.peer, 'illegal_parameter', 'duplicate-extension');
});

test('server_name is acknowledged with nothing in it, and only where it was sent', () => {
  const acknowledge = (content: string, sendServerName: boolean): ScriptedServer => {
    const server = meetClient({ client: { sendServerName } });
    server.play('serverHello');
    server.say.encryptedExtensions(() => ({ extensions: [raw(0, content)] }));
    return server;
  };
  assertAt(acknowledge('', true).peer, 'awaitCertificateOrRequest');
  assertFailed(acknowledge('00', true).peer, 'decode_error', 'malformed encryptedExtensions');
  assertMisbehaved(acknowledge('', false).peer, 'unsupported_extension', 'unsolicited-extension');
});

test('the groups a server would have preferred are read and not acted upon', () => {
  const server = meetClient();
  server.play('serverHello');
  server.say.encryptedExtensions(() => ({
    extensions: [{ name: 'supportedGroups', value: [0x11ec, 0x17] }],
  }));
  server.play('certificate', 'certificateVerify', 'finished');
  assertAt(server.peer, 'established');
});

for (const [title, chosen, reason] of [
  ['that was not offered', ['smtp'], 'unoffered-application-protocol'],
  ['that only begins like an offered one', ['http/1'], 'unoffered-application-protocol'],
  ['and another', ['h2', 'http/1.1'], 'several-application-protocols'],
] as const) {
  test(`a server that chooses an application protocol ${title} is refused (ALPACA)`, () => {
    const server = meetClient({ client: { applicationProtocols: ['h2', 'http/1.1'] } });
    server.play('serverHello');
    server.say.encryptedExtensions(() => ({
      extensions: [{ name: 'applicationLayerProtocolNegotiation', value: chosen }],
    }));
    assertMisbehaved(server.peer, 'illegal_parameter', reason);
  });
}

test('a server may choose one of the offered protocols, or none', () => {
  for (const applicationProtocol of ['http/1.1', undefined]) {
    const server = meetClient({
      client: { applicationProtocols: ['h2', 'http/1.1'] },
      ...(applicationProtocol === undefined ? {} : { applicationProtocol }),
    });
    server.play(...serverFlight);
    const facts = find(server.peer.effects, 'established')?.facts;
    assert.equal(facts?.applicationProtocol, applicationProtocol);
  }
});

test('a client without a certificate answers CertificateRequest with an empty Certificate', () => {
  const server = meetClient();
  server.say.serverHello();
  server.say.encryptedExtensions();
  server.say.certificateRequest(({ extensions, ...rest }) => ({
    ...rest,
    extensions: [...extensions, raw(0xfafa), raw(47, '0006 0004 3002 3000')],
  }));
  server.play('certificate', 'certificateVerify', 'finished');
  assertAt(server.peer, 'established');
  const [certificate] = messagesHeard(server.peer, 'certificate');
  assert.deepEqual(certificate?.body, {
    certificateRequestContext: hex(''),
    certificateList: [],
  });
});

const badRequests: readonly (readonly [
  string,
  string,
  readonly UnknownExtension[],
  AlertName,
  Misbehaviour,
])[] = [
  ['a context', '01', [raw(13, '00020403')], 'illegal_parameter', 'certificate-request-context-not-empty'],
  ['no extensions', '', [], 'missing_extension', 'missing-extension'],
  ['no signature_algorithms', '', [raw(0xfafa)], 'missing_extension', 'missing-extension'],
  [
    'an extension twice',
    '',
    [raw(13, '00020403'), raw(13, '00020403')],
    'illegal_parameter',
    'duplicate-extension',
  ],
  ['key_share', '', [raw(13, '00020403'), raw(51, '001d')], 'illegal_parameter', 'misplaced-extension'],
];

for (const [title, context, extensions, alert, reason] of badRequests) {
  test(`a CertificateRequest with ${title} is refused`, () => {
    const server = meetClient();
    server.play('serverHello', 'encryptedExtensions');
    server.say.certificateRequest(() => ({ certificateRequestContext: hex(context), extensions }));
    assertMisbehaved(server.peer, alert, reason);
  });
}

test('an empty Certificate of a server is refused as the standard says, with decode_error', () => {
  const server = atCertificate();
  server.say.certificate((message) => ({ ...message, certificateList: [] }));
  assertMisbehaved(server.peer, 'decode_error', 'empty-certificate');
});

test('a Certificate with a context is refused', () => {
  const server = atCertificate();
  server.say.certificate((message) => ({ ...message, certificateRequestContext: hex('00') }));
  assertMisbehaved(server.peer, 'illegal_parameter', 'certificate-context-not-empty');
});

for (const [title, extensions, alert, reason] of [
  ['nobody asked for', [raw(18, '000400020102')], 'unsupported_extension', 'unsolicited-extension'],
  ['nobody knows', [raw(0xfafa)], 'unsupported_extension', 'unsolicited-extension'],
  ['that stands twice', [raw(0xfafa), raw(0xfafa)], 'illegal_parameter', 'duplicate-extension'],
  ['that has no place here', [raw(51, '001d')], 'illegal_parameter', 'misplaced-extension'],
] as const) {
  test(`a certificate with an extension ${title} is refused`, () => {
    const server = atCertificate();
    server.say.certificate((message) => ({
      ...message,
      certificateList: message.certificateList.map((entry) => ({ ...entry, extensions })),
    }));
    assertMisbehaved(server.peer, alert, reason);
  });
}

test('a leaf that does not decode is a bad certificate; one that nobody needs is passed over', () => {
  const garbage = meetClient({ chain: [hex('3000'), ...quickCredential.chain] });
  garbage.play('serverHello', 'encryptedExtensions', 'certificate');
  assertMisbehaved(garbage.peer, 'bad_certificate', 'undecodable-certificate');
  const superfluous = meetClient({ chain: [...quickCredential.chain, bytes(100)] });
  superfluous.play('serverHello', 'encryptedExtensions', 'certificate', 'certificateVerify');
  assertAt(superfluous.peer, 'awaitServerFinished');
});

test('more certificates than the limit are refused before any is decoded', () => {
  for (const length of [3, 4]) {
    const chain = Array.from({ length }, () => quickCredential.chain[0] ?? assert.fail());
    const server = meetClient({ client: { limits: { certificates: 3 } }, chain });
    server.play('serverHello', 'encryptedExtensions', 'certificate');
    if (length === 3) assertAt(server.peer, 'awaitCertificateVerify');
    else assertMisbehaved(server.peer, 'bad_certificate', 'too-many-certificates');
  }
});

test('a key that no signature scheme of ours can use is refused', () => {
  // The RSA key of RFC 8448 has 1024 bits.
  const flight = messagesOf(hex(simpleHandshake.records[2]?.content ?? ''))[1] ?? assert.fail();
  const certificate = must(decodeHandshake(flight));
  assert.ok(certificate.kind === 'certificate');
  const server = meetClient({ chain: certificate.body.certificateList.map(({ certData }) => certData) });
  server.play('serverHello', 'encryptedExtensions', 'certificate', 'certificateVerify');
  assertMisbehaved(server.peer, 'unsupported_certificate', 'unsupported-certificate-key');
});

const otherAuthority = makeAuthority({ kind: 'ed25519' }, nullCrypto, 'Another Root');

const badCertificates: readonly (readonly [string, LeafOptions, AlertName])[] = [
  ['name-mismatch', { names: ['other.example'] }, 'bad_certificate'],
  ['expired', { validity: { notBefore: NOW - 2 * DAY, notAfter: NOW - DAY } }, 'certificate_expired'],
  ['not-yet-valid', { validity: { notBefore: NOW + DAY, notAfter: NOW + 2 * DAY } }, 'certificate_expired'],
  ['wrong-key-usage', { keyUsage: ['keyEncipherment'] }, 'unsupported_certificate'],
  ['wrong-extended-key-usage', { extKeyUsage: ['1.3.6.1.5.5.7.3.2'] }, 'unsupported_certificate'],
];

for (const [reason, leaf, alert] of badCertificates) {
  test(`a certificate refused for ${reason} is answered with ${alert}`, () => {
    const { der, key } = makeLeaf(quickAuthority, { crypto: nullCrypto, kind: { kind: 'ed25519' }, ...leaf });
    const server = meetClient({ chain: [der], key });
    server.play('serverHello', 'encryptedExtensions', 'certificate', 'certificateVerify');
    assertFailed(server.peer, alert, `certificate ${reason}`);
  });
}

test('a key that may not sign is refused, whatever the authenticator makes of its certificate', () => {
  const options = { crypto: nullCrypto, kind: { kind: 'ed25519' }, keyUsage: ['keyEncipherment'] } as const;
  const { der, key } = makeLeaf(quickAuthority, options);
  const server = meetClient({
    client: { authenticator: dangerouslyAcceptAnyCertificate },
    chain: [der],
    key,
  });
  server.play('serverHello', 'encryptedExtensions', 'certificate', 'certificateVerify');
  assertMisbehaved(server.peer, 'unsupported_certificate', 'certificate-key-may-not-sign');
});

for (const [title, anchors, reason] of [
  ['of an authority nobody knows', [trustAnchor(otherAuthority.certificate)], 'unknown-issuer'],
  ['that nothing could make trusted', [], 'no-anchors'],
] as const) {
  test(`a certificate ${title} is answered with unknown_ca`, () => {
    const server = meetClient({ client: { authenticator: chainOfTrust({ anchors }) } });
    server.play('serverHello', 'encryptedExtensions', 'certificate', 'certificateVerify');
    assertFailed(server.peer, 'unknown_ca', `certificate ${reason}`);
  });
}

test('a certificate signed with an algorithm we do not know is a bad one', () => {
  // Ed25519 becomes 1.3.101.1 where the certificate names its signature, and stays what it is in the key.
  const changed = toHex(quickCredential.chain[0] ?? assert.fail())
    .replaceAll('06032b6570', '06032b6501')
    .replace('302a300506032b6501', '302a300506032b6570');
  const server = meetClient({ chain: [hex(changed)] });
  server.play('serverHello', 'encryptedExtensions', 'certificate', 'certificateVerify');
  assertFailed(server.peer, 'bad_certificate', 'certificate unsupported-algorithm');
});

// A modulus nobody has factored, because it is none: the null provider verifies by equality.
const rsaKey = must(nullCrypto.publicKey({ kind: 'rsa', modulus: 2n ** 2047n + 1n, publicExponent: 65537n }));
const p256Key = nullCrypto.generateKey({ kind: 'ec', curve: 'secp256r1' }, bytes(32, 40)).public;
const p384Key = nullCrypto.generateKey({ kind: 'ec', curve: 'secp384r1' }, bytes(32, 41)).public;
const pssKey: CertifiedKey = { keyType: 'rsa-pss', key: rsaKey, parameters: undefined } as const;
const pss384Key: CertifiedKey = { ...pssKey, parameters: { hash: 'sha384', saltLength: 48 } } as const;

const schemesAndKeys: readonly (readonly [
  key: string,
  PublicKey | CertifiedKey,
  fitting: readonly SignatureSchemeName[],
])[] = [
  ['P-256', p256Key, ['ecdsa_secp256r1_sha256']],
  ['P-384', p384Key, ['ecdsa_secp384r1_sha384']],
  ['Ed25519', quickLeafKey.public, ['ed25519']],
  ['RSA', rsaKey, ['rsa_pss_rsae_sha256', 'rsa_pss_rsae_sha384', 'rsa_pss_rsae_sha512']],
  ['RSASSA-PSS', pssKey, ['rsa_pss_pss_sha256', 'rsa_pss_pss_sha384', 'rsa_pss_pss_sha512']],
  ['RSASSA-PSS restricted to SHA-384', pss384Key, ['rsa_pss_pss_sha384']],
];

for (const [title, publicKey, fitting] of schemesAndKeys) {
  test(`a ${title} key goes with ${fitting.join(', ')} in CertificateVerify, and with no other scheme`, () => {
    const { der } = makeLeaf(quickAuthority, { crypto: nullCrypto, kind: { kind: 'ed25519' }, publicKey });
    const names = Object.values(signatureSchemes).map(({ name }) => name);
    for (const { name, code } of Object.values(signatureSchemes)) {
      const server = verifyWith({ client: { signatureSchemes: names }, chain: [der] }, code, bytes(64));
      // Behind a scheme that fits, the signature itself is looked at.
      if (fitting.includes(name)) assertMisbehaved(server.peer, 'decrypt_error', 'bad-signature');
      else assertMisbehaved(server.peer, 'illegal_parameter', 'signature-scheme-does-not-fit-key');
    }
  });
}

for (const [title, code] of [
  ['that was not offered', signatureSchemes.ed25519.code],
  ['of SHA-1 (SLOTH)', 0x0201],
  ['of MD5 (SLOTH)', 0x0101],
  ['nobody knows', 0xfafa],
] as const) {
  test(`a CertificateVerify with a scheme ${title} is refused`, () => {
    const server = verifyWith({ client: { signatureSchemes: ['ecdsa_secp256r1_sha256'] } }, code);
    assertMisbehaved(server.peer, 'illegal_parameter', 'unoffered-signature-scheme');
  });
}

const signatures: readonly (readonly [string, (server: ScriptedServer) => Uint8Array])[] = [
  ["under the client's context string", (server) => sign(signedContent('client', hashOf(server)))],
  ['over another transcript', () => sign(signedContent('server', bytes(32)))],
  ['over the bare transcript hash', (server) => sign(hashOf(server))],
  ['that is empty', () => hex('')],
  ['cut short', (server) => sign(signedContent('server', hashOf(server))).subarray(1)],
];

for (const [title, signature] of signatures) {
  test(`a signature ${title} does not verify`, () => {
    const server = verifyWith({}, signatureSchemes.ed25519.code, signature);
    assertMisbehaved(server.peer, 'decrypt_error', 'bad-signature');
  });
}

test('the signature is checked before the chain: only who holds the key can make us build paths', () => {
  let asked = 0;
  const authenticator = chainOfTrust({ anchors: [trustAnchor(quickAuthority.certificate)] });
  const options: ScriptedServerOptions = {
    client: {
      authenticator: (presented) => {
        asked += 1;
        return authenticator(presented);
      },
    },
  };
  verifyWith(options, signatureSchemes.ed25519.code, bytes(64));
  assert.equal(asked, 0);
  meetClient(options).play('serverHello', 'encryptedExtensions', 'certificate', 'certificateVerify');
  assert.equal(asked, 1);
});

test('the authenticator is given the chain, the name, the purpose and the time', () => {
  const server = meetClient({
    client: {
      authenticator: ({ certificates, identity, purpose, now, crypto }) => {
        assert.deepEqual(
          certificates.map(({ der }) => der),
          quickCredential.chain,
        );
        assert.deepEqual(identity, { kind: 'dns', name: 'server.example' });
        assert.deepEqual([purpose, now, crypto], ['serverAuth', NOW, nullCrypto]);
        const [leaf = assert.fail()] = certificates;
        return { ok: true, value: { leaf, path: certificates, key: quickCredential.publicKey } };
      },
    },
  });
  server.play(...serverFlight);
  assertAt(server.peer, 'established');
});

for (const [title, change] of [
  ['with one bit changed', (data) => data.map((byte, i) => (i === 31 ? byte ^ 1 : byte))],
  ['cut short', (data) => data.subarray(0, 31)],
  ['with a byte too many', (data) => Uint8Array.of(...data, 0)],
  ['that is empty', () => hex('')],
  ['of zeros', () => new Uint8Array(32)],
] as const satisfies readonly (readonly [string, (data: Uint8Array) => Uint8Array])[]) {
  test(`a Finished ${title} is refused`, () => {
    const server = meetClient();
    server.play('serverHello', 'encryptedExtensions', 'certificate', 'certificateVerify');
    server.say.finished(({ verifyData }) => ({ verifyData: change(verifyData) }));
    assertMisbehaved(server.peer, 'decrypt_error', 'bad-finished');
  });
}

function atCertificate(options: ScriptedServerOptions = {}): ScriptedServer {
  const server = meetClient(options);
  server.play('serverHello', 'encryptedExtensions');
  return server;
}

/** A CertificateVerify of this scheme and signature behind an honest Certificate. */
function verifyWith(
  options: ScriptedServerOptions,
  algorithm: number,
  signature: Uint8Array | ((server: ScriptedServer) => Uint8Array) = bytes(64),
): ScriptedServer {
  const server = atCertificate(options);
  server.play('certificate');
  server.say.certificateVerify(() => ({
    algorithm,
    signature: typeof signature === 'function' ? signature(server) : signature,
  }));
  return server;
}

function sign(content: Uint8Array): Uint8Array {
  return must(nullCrypto.sign({ kind: 'ed25519' }, quickLeafKey, content, bytes(32)));
}

function hashOf({ peer, suite }: ScriptedServer): Uint8Array {
  return transcriptHash(peer, suite);
}
