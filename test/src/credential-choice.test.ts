import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noble, secret } from '../../nocrypto/index.ts';
import {
  type CertificateCredentialOptions,
  type ClientOptions,
  type Credential,
  clientConfig,
  credential,
  rawKeyCredential,
  type ServerOptions,
  type SignatureSchemeName,
  serverConfig,
} from '../../src/index.ts';
import { type Authenticator, chainOfTrust, pinnedRawKey, trustAnchor } from '../../x509/index.ts';
import { assertFailedSaying, established, meet, meetAnswering } from './meet.ts';
import { bytes, type LeafOptions, makeAuthority, makeLeaf, must } from './support.ts';

// Which of several certificates is shown: RFC 9846 §4.3.3, §4.3.4, §4.5.1.2.

const first = makeAuthority(undefined, noble, 'First Root');
const second = makeAuthority(undefined, noble, 'Second');
const trusting: Authenticator = chainOfTrust({
  anchors: [first, second].map(({ certificate }) => trustAnchor(certificate)),
});
const nameOfFirst = first.certificate.subject.raw;
const nameOfSecond = second.certificate.subject.raw;
/** The name of nobody. */
const stranger = Uint8Array.of(0x30, 0);

function issued(
  by: typeof first,
  options: CertificateCredentialOptions = {},
  leaf: LeafOptions = {},
): Credential {
  const { der, key } = makeLeaf(by, leaf);
  return must(credential(noble, [der], { kind: 'private', key }, options));
}

const ofFirst = issued(first);
const ofSecond = issued(second);
const strictOfFirst = issued(first, { mustMatchIssuer: true });
const strictOfSecond = issued(second, { mustMatchIssuer: true });

describe('a server with certificates of two authorities', () => {
  const shown = (credentials: ServerOptions['credentials'], ...named: readonly Uint8Array[]) => {
    const run = meet({ authenticator: trusting, certificateAuthorities: named }, { credentials });
    return established(run.clientEffects).peer?.leaf.der;
  };

  it('shows the one of an authority that the client names', () => {
    assert.deepEqual(shown([ofFirst, ofSecond], nameOfSecond), ofSecond.leaf.der);
    assert.deepEqual(shown([ofFirst, ofSecond], nameOfSecond, nameOfFirst), ofFirst.leaf.der);
  });

  it('shows the first where the client names none, or others', () => {
    assert.deepEqual(shown([ofFirst, ofSecond]), ofFirst.leaf.der);
    assert.deepEqual(shown([ofFirst, ofSecond], stranger), ofFirst.leaf.der);
  });

  it('keeps back what is only for those who name its issuer', () => {
    assert.deepEqual(shown([strictOfFirst, ofSecond]), ofSecond.leaf.der);
    assert.deepEqual(shown([strictOfFirst, strictOfSecond], nameOfSecond), strictOfSecond.leaf.der);
    const run = meet(
      { authenticator: trusting, certificateAuthorities: [nameOfSecond] },
      { credentials: [strictOfFirst] },
    );
    assertFailedSaying(run.serverEffects, 'no-matching-issuer');
    assertFailedSaying(run.clientEffects, 'handshake_failure');
  });

  it('tells whoever chooses for it what the client names', () => {
    const { run } = meetAnswering(
      { authenticator: trusting, certificateAuthorities: [nameOfSecond] },
      { credentials: 'ask' },
      (request) => {
        assert.ok(request.kind === 'credential');
        assert.deepEqual(request.hello.certificateAuthorities, [nameOfSecond]);
        return { kind: 'credential', credential: ofSecond };
      },
    );
    assert.deepEqual(established(run.clientEffects).peer?.leaf.der, ofSecond.leaf.der);
  });

  it('puts the name of the server before its authority', () => {
    const elsewhere = issued(second, {}, { names: ['other.example'] });
    assert.deepEqual(shown([elsewhere, ofFirst], nameOfSecond), ofFirst.leaf.der);
  });

  it('counts every issuer in a chain', () => {
    const { der, key } = makeLeaf(first);
    const options = { mustMatchIssuer: true };
    const long = must(credential(noble, [der, second.certificate.der], { kind: 'private', key }, options));
    assert.deepEqual(shown([long], nameOfSecond), der);
  });

  it('takes a raw key to be of no authority, so that no list speaks against it', () => {
    const raw = must(rawKeyCredential(noble, noble.generateKey({ kind: 'ed25519' }, bytes(32, 7))));
    const knows = pinnedRawKey([noble.hashes.sha256.digest(raw.rawKey.der)]);
    const run = meet(
      { authenticator: trusting, rawKeyAuthenticator: knows, certificateAuthorities: [nameOfSecond] },
      { credentials: [ofFirst, raw] },
    );
    assert.deepEqual(established(run.clientEffects).peerRawKey?.der, raw.rawKey.der);
  });
});

describe('a client with certificates of two authorities', () => {
  const shown = (
    credentials: NonNullable<ClientOptions['credentials']>,
    ...certificateAuthorities: readonly Uint8Array[]
  ): Uint8Array | undefined => {
    const clientAuthentication = { authenticator: trusting, required: false, certificateAuthorities };
    const ours = { authenticator: trusting, credentials };
    const run = meet(ours, { credentials: [ofFirst], clientAuthentication });
    return established(run.serverEffects).peer?.leaf.der;
  };

  it('shows the one of an authority that the server names, else the first', () => {
    assert.deepEqual(shown([ofFirst, ofSecond], nameOfSecond), ofSecond.leaf.der);
    assert.deepEqual(shown([ofFirst, ofSecond]), ofFirst.leaf.der);
    assert.deepEqual(shown([ofFirst, ofSecond], stranger), ofFirst.leaf.der);
  });

  it('shows none rather than one that is only for those who name its issuer', () => {
    assert.equal(shown([strictOfFirst]), undefined);
    assert.equal(shown([strictOfFirst], nameOfSecond), undefined);
    assert.deepEqual(shown([strictOfFirst], nameOfFirst), strictOfFirst.leaf.der);
  });
});

describe('a credential', () => {
  it('signs with whatever its key can, whatever the configuration accepts from others', () => {
    const rare = issued(first, {}, { kind: { kind: 'ec', curve: 'secp521r1' } });
    const accepting: readonly SignatureSchemeName[] = ['ecdsa_secp521r1_sha512', 'ecdsa_secp256r1_sha256'];
    const run = meet(
      { authenticator: trusting, signatureSchemes: accepting },
      { credentials: [rare], signatureSchemes: ['ed25519'] },
    );
    assert.equal(established(run.serverEffects).ownSignatureScheme, 'ecdsa_secp521r1_sha512');
  });

  it('prefers what TLS 1.3 takes, and keeps to a list of its own', () => {
    const { signatureSchemes } = issued(first, {}, { kind: { kind: 'ec', curve: 'secp384r1' } });
    assert.deepEqual(signatureSchemes, [
      'ecdsa_secp384r1_sha384',
      'ecdsa_secp256r1_sha256',
      'ecdsa_secp521r1_sha512',
    ]);
    const own = ['ed25519', 'ecdsa_secp256r1_sha256'] as const;
    assert.deepEqual(issued(first, { signatureSchemes: own }).signatureSchemes, own);
  });
});

describe('a server without certificates', () => {
  it('says of a client without its PSK that this is what is missing', () => {
    const known = { identity: bytes(4), secret: secret(bytes(32)) };
    const run = meet({ authenticator: trusting }, { credentials: [], externalPsks: [known] });
    assertFailedSaying(run.serverEffects, 'no-common-psk');
    assertFailedSaying(run.clientEffects, 'handshake_failure');
  });
});

describe('a configuration', () => {
  it('names authorities that fit into the extension', () => {
    const tooMany = Array.from({ length: 9 }, () => bytes(4096));
    for (const certificateAuthorities of [[new Uint8Array(0)], tooMany]) {
      const atClient = clientConfig({ crypto: noble, authenticator: trusting, certificateAuthorities });
      assert.equal(atClient.ok ? undefined : atClient.error.option, 'certificateAuthorities');
      const clientAuthentication = { authenticator: trusting, required: true, certificateAuthorities };
      const atServer = serverConfig({ crypto: noble, credentials: [ofFirst], clientAuthentication });
      const option = 'clientAuthentication.certificateAuthorities';
      assert.equal(atServer.ok ? undefined : atServer.error.option, option);
    }
  });
});
