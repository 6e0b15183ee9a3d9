import { test } from 'node:test';
import type { UnknownExtension } from '../../src/extensions.ts';
import type { AlertName, Misbehaviour } from '../../src/index.ts';
import type { CertificateMessage } from '../../src/messages.ts';
import { signedContent } from '../../src/peer-certificate.ts';
import { signatureSchemes } from '../../src/signature-schemes.ts';
import { chainOfTrust } from '../../x509/index.ts';
import { assertAt, assertFailed, assertMisbehaved } from './expect.ts';
import { nullCrypto } from './null-crypto.ts';
import { transcriptHash } from './peer.ts';
import { quickAuthenticator, quickAuthority, quickLeafKey } from './quick.ts';
import { meetServer, type ScriptedClient } from './scripted-client.ts';
import { bytes, DAY, hex, makeLeaf, must, NOW } from './support.ts';

// What a server checks behind its Finished: Certificate (RFC 9846 §4.5.1), CertificateVerify (§4.5.2) and Finished (§4.5.3)
// of the client.

const required = { authenticator: quickAuthenticator, required: true };

test('a client that shows its certificate and proves its key is let in', () => {
  const client = beforeCertificate();
  client.say.certificate();
  client.say.certificateVerify();
  client.say.finished();
  assertAt(client.peer, 'established');
});

const none: CertificateMessage = { certificateRequestContext: hex(''), certificateList: [] };

test('a client without a certificate is refused where one is required, and let in where none is', () => {
  const refused = beforeCertificate();
  refused.say.certificate(() => none);
  assertMisbehaved(refused.peer, 'certificate_required', 'no-client-certificate');
  const admitted = beforeCertificate({ ...required, required: false });
  admitted.say.certificate(() => none);
  admitted.say.finished();
  assertAt(admitted.peer, 'established');
});

test('a client that was not asked for a certificate may not show one', () => {
  const client = meetServer();
  client.say.clientHello();
  client.say.certificate(() => none);
  assertMisbehaved(client.peer, 'unexpected_message', 'unexpected-message');
});

test('a client that was asked may not leave Certificate out, nor CertificateVerify behind one', () => {
  const silent = beforeCertificate({ ...required, required: false });
  silent.say.finished();
  assertMisbehaved(silent.peer, 'unexpected_message', 'unexpected-message');
  const unproven = beforeCertificate();
  unproven.say.certificate();
  unproven.say.finished();
  assertMisbehaved(unproven.peer, 'unexpected_message', 'unexpected-message');
});

test('a client without a certificate has nothing to verify', () => {
  const client = beforeCertificate({ ...required, required: false });
  client.say.certificate(() => none);
  client.say.certificateVerify();
  assertMisbehaved(client.peer, 'unexpected_message', 'unexpected-message');
});

const badCertificates: readonly (readonly [
  string,
  (honest: CertificateMessage) => CertificateMessage,
  AlertName,
  Misbehaviour,
])[] = [
  [
    'another context',
    (message) => ({ ...message, certificateRequestContext: hex('01') }),
    'illegal_parameter',
    'certificate-context-not-empty',
  ],
  ['an extension nobody asked for', extended(0xfafa), 'unsupported_extension', 'unsolicited-extension'],
  ['an extension twice', extended(0xfafa, 0xfafa), 'illegal_parameter', 'duplicate-extension'],
  ['an extension that has no place here', extended(51), 'illegal_parameter', 'misplaced-extension'],
  [
    'a leaf that does not decode',
    (message) => ({ ...message, certificateList: [{ certData: hex('3000'), extensions: [] }] }),
    'bad_certificate',
    'undecodable-certificate',
  ],
];

for (const [title, edit, alert, reason] of badCertificates) {
  test(`a client's Certificate with ${title} is refused`, () => {
    const client = beforeCertificate();
    client.say.certificate(edit);
    assertMisbehaved(client.peer, alert, reason);
  });
}

const badProofs: readonly (readonly [
  string,
  number,
  (transcriptHash: Uint8Array) => Uint8Array,
  AlertName,
  Misbehaviour,
])[] = [
  [
    "under the server's context string",
    signatureSchemes.ed25519.code,
    (hash) => sign(signedContent('server', hash)),
    'decrypt_error',
    'bad-signature',
  ],
  [
    'over another transcript',
    signatureSchemes.ed25519.code,
    () => sign(signedContent('client', bytes(32))),
    'decrypt_error',
    'bad-signature',
  ],
  [
    'of a scheme that does not fit the key',
    signatureSchemes.ecdsa_secp256r1_sha256.code,
    () => bytes(64),
    'illegal_parameter',
    'signature-scheme-does-not-fit-key',
  ],
  ['of PKCS #1', 0x0401, () => bytes(64), 'illegal_parameter', 'signature-scheme-does-not-fit-key'],
  ['of SHA-1', 0x0201, () => bytes(64), 'illegal_parameter', 'unoffered-signature-scheme'],
];

for (const [title, algorithm, signature, alert, reason] of badProofs) {
  test(`a client's signature ${title} is refused`, () => {
    const client = beforeCertificate();
    client.say.certificate();
    const hash = transcriptHash(client.peer, client.suite());
    client.say.certificateVerify(() => ({ algorithm, signature: signature(hash) }));
    assertMisbehaved(client.peer, alert, reason);
  });
}

test('a client whose certificate is not accepted is told why', () => {
  const stranger = beforeCertificate({ authenticator: chainOfTrust({ anchors: [] }), required: true });
  stranger.say.certificate();
  stranger.say.certificateVerify();
  assertFailed(stranger.peer, 'unknown_ca', 'certificate no-anchors');
  const { der } = makeLeaf(quickAuthority, {
    crypto: nullCrypto,
    kind: { kind: 'ed25519' },
    validity: { notBefore: NOW - 2 * DAY, notAfter: NOW - DAY },
  });
  const late = beforeCertificate(required, [der]);
  late.say.certificate();
  late.say.certificateVerify();
  assertFailed(late.peer, 'certificate_expired', 'certificate expired');
});

test('a Finished of the client that does not match is refused', () => {
  for (const change of [
    (data: Uint8Array) => data.map((byte, i) => (i === 0 ? byte ^ 1 : byte)),
    () => hex(''),
  ]) {
    const client = meetServer();
    client.say.clientHello();
    client.say.finished(({ verifyData }) => ({ verifyData: change(verifyData) }));
    assertMisbehaved(client.peer, 'decrypt_error', 'bad-finished');
  }
});

/** A client that has been asked for its certificate. */
function beforeCertificate(clientAuthentication = required, chain?: readonly Uint8Array[]): ScriptedClient {
  const client = meetServer({ server: { clientAuthentication }, ...(chain === undefined ? {} : { chain }) });
  client.say.clientHello();
  return client;
}

function sign(content: Uint8Array): Uint8Array {
  return must(nullCrypto.sign({ kind: 'ed25519' }, quickLeafKey, content, bytes(32)));
}

function extended(...types: readonly number[]) {
  const extensions = types.map((type): UnknownExtension => ({ name: 'unknown', type, data: hex('') }));
  return (message: CertificateMessage): CertificateMessage => ({
    ...message,
    certificateList: message.certificateList.map((entry) => ({ ...entry, extensions })),
  });
}
