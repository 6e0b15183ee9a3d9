import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHmac, pbkdf2Sync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { decode, encode } from '../../asn1/index.ts';
import { noble, type PrivateKey } from '../../nocrypto/index.ts';
import { buildCrl, type Certificate, encodePem, encodePrivateKey } from '../../x509/index.ts';
import {
  decodePkcs12,
  encodePkcs12,
  type Pkcs12Contents,
  type Pkcs12Options,
  pkcs12Contents,
  pkcs12Credentials,
} from '../../x509/pkcs12.ts';
import { authenticatedSafe, pbmac1Params, pfx } from '../../x509/pkcs12-format.ts';
import { entropy, FC_RUNS, unwrap, unwrapError } from './helpers.ts';
import { openssl, opensslAgrees, skipWithoutOpenssl, withFiles } from './openssl.ts';
import { authority, type Entity, endEntity, keyOf, NOW } from './pki.ts';

const PASSWORD = 'correct horse';
const root = authority('Root');
const intermediate = authority('Intermediate', root);
const leaf = endEntity('www.example.com', intermediate);
const chain: readonly Certificate[] = [leaf, intermediate, root].map(({ certificate }) => certificate);
const CREDENTIAL = { key: leaf.key, chain, friendlyName: 'my server é' };

const file = (overrides: Partial<Pkcs12Options> = {}, contents?: Pkcs12Contents): Uint8Array =>
  encodePkcs12(noble, contents ?? pkcs12Contents(noble, CREDENTIAL), {
    password: PASSWORD,
    entropy: entropy('file'),
    iterations: 100,
    ...overrides,
  });

test('a credential is read back from the file it was written to', () => {
  const contents = unwrap(decodePkcs12(noble, file(), PASSWORD));
  assert.deepEqual(pkcs12Credentials(contents), [CREDENTIAL]);
  assert.deepEqual(file(), file());
  assert.notDeepEqual(file({ entropy: entropy('other') }), file());
});

test('several keys, certificates, CRLs and labels come back in their order', () => {
  const crl = unwrap(
    buildCrl({
      crypto: noble,
      entropy: entropy('crl'),
      signer: root,
      thisUpdate: NOW,
      nextUpdate: NOW + 1000,
      crlNumber: 1n,
      revoked: [],
    }),
  );
  const contents: Pkcs12Contents = {
    keys: [
      { key: leaf.key, friendlyName: 'first', localKeyId: undefined },
      { key: keyOf('other', { kind: 'ed25519' }), friendlyName: undefined, localKeyId: Uint8Array.of(1, 2) },
    ],
    certificates: chain.map((certificate) => ({ certificate, friendlyName: 'x', localKeyId: undefined })),
    crls: [crl],
  };
  assert.deepEqual(unwrap(decodePkcs12(noble, file({}, contents), PASSWORD)), contents);
  const empty: Pkcs12Contents = { keys: [], certificates: [], crls: [] };
  assert.deepEqual(unwrap(decodePkcs12(noble, file({}, empty), PASSWORD)), empty);
});

test('of two certificates for a key, the one with its identifier counts; a key without any has no chain', () => {
  const renewed = endEntity('www.example.com', intermediate, { serialNumber: 77n });
  const localKeyId = Uint8Array.of(7);
  const contents: Pkcs12Contents = {
    keys: [{ key: leaf.key, localKeyId }, { key: keyOf('lonely') }],
    certificates: [
      { certificate: leaf.certificate, localKeyId: Uint8Array.of(8) },
      { certificate: renewed.certificate, localKeyId },
    ],
    crls: [],
  };
  assert.deepEqual(
    pkcs12Credentials(contents).map(({ chain }) => chain),
    [[renewed.certificate], []],
  );
});

test('a wrong password is an error of its own', () => {
  for (const password of ['', 'correct', PASSWORD.toUpperCase()]) {
    assert.equal(unwrapError(decodePkcs12(noble, file(), password)).kind, 'wrong-password');
  }
});

test('what was altered is seen by the MAC, or has no meaning', () => {
  const bytes = file();
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const altered = bytes.slice();
      altered[at] = (altered[at] ?? 0) ^ change;
      const opened = decodePkcs12(noble, altered, PASSWORD, { maximumIterations: 10_000 });
      assert.ok(!opened.ok || isDeepStrictEqual(pkcs12Credentials(opened.value), [CREDENTIAL]));
    }),
    { numRuns: FC_RUNS },
  );
});

test('more iterations than are allowed are refused, those of all parts counted together', () => {
  assert.ok(decodePkcs12(noble, file(), PASSWORD, { maximumIterations: 300 }).ok);
  const error = unwrapError(decodePkcs12(noble, file(), PASSWORD, { maximumIterations: 299 }));
  assert.equal(error.kind, 'too-costly');
  const early = unwrapError(decodePkcs12(noble, file(), PASSWORD, { maximumIterations: 99 }));
  assert.equal(early.kind, 'too-costly');
});

const withoutMac = (bytes: Uint8Array) => encode(pfx, { ...unwrap(decode(pfx, bytes)), macData: undefined });

test('a file without a MAC is refused, unless the caller says otherwise', () => {
  const bare = withoutMac(file());
  assert.equal(unwrapError(decodePkcs12(noble, bare, PASSWORD)).kind, 'no-mac');
  const lenient = { dangerouslyAcceptMissingMac: true };
  assert.deepEqual(pkcs12Credentials(unwrap(decodePkcs12(noble, bare, PASSWORD, lenient))), [CREDENTIAL]);
  assert.equal(unwrapError(decodePkcs12(noble, bare, 'wrong', lenient)).kind, 'wrong-password');
});

test('what is no PKCS #12 file is malformed, and one protected by a public key unsupported', () => {
  for (const bytes of [new Uint8Array(0), Uint8Array.of(0x30, 0x80), leaf.certificate.der]) {
    assert.equal(unwrapError(decodePkcs12(noble, bytes, PASSWORD)).kind, 'malformed');
  }
  const signed = encode(pfx, {
    version: 'v3',
    authSafe: {
      contentType: '1.2.840.113549.1.7.2',
      content: { kind: 'otherwise', value: Uint8Array.of(0xa0, 0) },
    },
    macData: undefined,
  });
  assert.equal(unwrapError(decodePkcs12(noble, signed, PASSWORD)).kind, 'unsupported-encryption');
});

/** The same values in BER: indefinite lengths, and OCTET STRINGs in pieces, also those under an implicit tag. */
function toBer(
  der: Uint8Array,
  isContent: (depth: number, tag: number) => boolean = () => false,
): Uint8Array {
  const pieces = (tag: number, octets: Uint8Array) => {
    const half = octets.length >> 1;
    const piece = (part: Uint8Array) => tlv(0x04, part);
    return Buffer.concat([
      Uint8Array.of(tag | 0x20, 0x80),
      piece(octets.subarray(0, half)),
      piece(octets.subarray(half)),
      Uint8Array.of(0, 0),
    ]);
  };
  const convert = (bytes: Uint8Array, depth: number): Uint8Array => {
    const parts: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; ) {
      const { tag, contents, end } = elementAt(bytes, at);
      const element = bytes.subarray(at, end);
      if (tag === 0x04 || isContent(depth, tag)) parts.push(pieces(tag, contents));
      else if ((tag & 0x20) === 0) parts.push(element);
      else parts.push(Uint8Array.of(tag, 0x80), convert(contents, depth + 1), Uint8Array.of(0, 0));
      at = end;
    }
    return Buffer.concat(parts);
  };
  return new Uint8Array(convert(der, 0));
}

function elementAt(bytes: Uint8Array, at: number) {
  const first = bytes[at + 1] ?? 0;
  const extra = first < 0x80 ? 0 : first & 0x7f;
  const length =
    extra === 0
      ? first
      : [...bytes.subarray(at + 2, at + 2 + extra)].reduce((n, octet) => 256 * n + octet, 0);
  const start = at + 2 + extra;
  return { tag: bytes[at] ?? 0, contents: bytes.subarray(start, start + length), end: start + length };
}

function tlv(tag: number, contents: Uint8Array): Uint8Array {
  const { length } = contents;
  return Buffer.concat([
    Uint8Array.of(tag, 0x83, length >> 16, (length >> 8) & 0xff, length & 0xff),
    contents,
  ]);
}

test('a file in BER is read, in all its layers', () => {
  const outer = toBer(file());
  assert.deepEqual(pkcs12Credentials(unwrap(decodePkcs12(noble, outer, PASSWORD))), [CREDENTIAL]);
  // The layers within are covered by the MAC, so this one has none.
  const parts = unwrap(decode(pfx, file()));
  const { content } = parts.authSafe;
  assert.ok(content.kind === '1.2.840.113549.1.7.1');
  const safes = unwrap(decode(authenticatedSafe, content.value)).map((safe) =>
    safe.content.kind === '1.2.840.113549.1.7.1'
      ? { ...safe, content: { ...safe.content, value: toBer(safe.content.value) } }
      : safe,
  );
  const inner = toBer(encode(authenticatedSafe, safes), (depth, tag) => depth === 5 && tag === 0x80);
  const all = toBer(
    encode(pfx, {
      ...parts,
      authSafe: { ...parts.authSafe, content: { ...content, value: inner } },
      macData: undefined,
    }),
  );
  const opened = decodePkcs12(noble, all, PASSWORD, { dangerouslyAcceptMissingMac: true });
  assert.deepEqual(pkcs12Credentials(unwrap(opened)), [CREDENTIAL]);
});

/* PBMAC1 (RFC 9879), computed by node:crypto. */

function withPbmac1(keyLength: number | undefined, hash = 'sha256', derivedBy = PASSWORD): Uint8Array {
  const parts = unwrap(decode(pfx, file()));
  const { content } = parts.authSafe;
  assert.ok(content.kind === '1.2.840.113549.1.7.1');
  const salt = Buffer.from('a salt of 16 b..');
  const key = pbkdf2Sync(derivedBy, salt, 50, keyLength ?? 32, hash);
  const hmacs: Readonly<Record<string, string>> = { sha256: '2a864886f70d0209', sha512: '2a864886f70d020b' };
  const identifier = Buffer.from(`300c0608${hmacs[hash]}0500`, 'hex');
  const length = keyLength === undefined ? Buffer.alloc(0) : Buffer.of(2, 1, keyLength);
  const parameters = Buffer.concat([tlvShort(0x04, salt), Buffer.of(2, 1, 50), length, identifier]);
  const keyDerivationFunc = tlvShort(
    0x30,
    Buffer.concat([Buffer.from('06092a864886f70d01050c', 'hex'), tlvShort(0x30, parameters)]),
  );
  const encoded = tlvShort(0x30, Buffer.concat([keyDerivationFunc, identifier]));
  assert.ok(decode(pbmac1Params, encoded).ok);
  return encode(pfx, {
    ...parts,
    macData: {
      mac: {
        digestAlgorithm: { algorithm: '1.2.840.113549.1.5.14', parameters: encoded },
        digest: createHmac(hash, key).update(content.value).digest(),
      },
      macSalt: Buffer.from('NOT USED'),
      iterations: 1,
    },
  });
}

function tlvShort(tag: number, contents: Uint8Array): Buffer {
  return Buffer.concat([Uint8Array.of(tag, contents.length), contents]);
}

test('a file under PBMAC1 is read', () => {
  for (const [length, hash] of [
    [32, 'sha256'],
    [20, 'sha256'],
    [64, 'sha512'],
  ] as const) {
    assert.ok(decodePkcs12(noble, withPbmac1(length, hash), PASSWORD).ok);
  }
  const forged = withPbmac1(32, 'sha256', 'another password');
  assert.equal(unwrapError(decodePkcs12(noble, forged, PASSWORD)).kind, 'wrong-password');
});

test('a PBMAC1 key of no stated length, or one that can be guessed, is refused', () => {
  assert.equal(unwrapError(decodePkcs12(noble, withPbmac1(undefined), PASSWORD)).kind, 'malformed');
  for (const length of [1, 19]) {
    assert.match(unwrapError(decodePkcs12(noble, withPbmac1(length), PASSWORD)).detail, /20 octets/);
  }
});

/* Against software that nobody here wrote. */

const LEGACY = ['-provider', 'legacy', '-provider', 'default'];
const skipWithoutLegacy =
  skipWithoutOpenssl === false && opensslAgrees(['list', '-providers', ...LEGACY])
    ? false
    : 'openssl has no legacy provider';

/** Makes a file with openssl from the leaf, its key and its authorities. */
function opensslFile(args: readonly string[], password = PASSWORD, entity: Entity = leaf): Uint8Array {
  const files = {
    key: encodePem('PRIVATE KEY', encodePrivateKey(entity.key)),
    leaf: encodePem('CERTIFICATE', entity.certificate.der),
    others: chain
      .slice(1)
      .map(({ der }) => encodePem('CERTIFICATE', der))
      .join(''),
  };
  return withFiles(files, (path) => {
    openssl([
      ...['pkcs12', '-export', '-inkey', path('key'), '-in', path('leaf'), '-certfile', path('others')],
      ...['-name', 'my server', '-passout', `pass:${password}`, '-out', path('out'), ...args],
    ]);
    return readFileSync(path('out'));
  });
}

const CHOICES: readonly (readonly [what: string, args: readonly string[], skip: string | false])[] = [
  ['its defaults', [], skipWithoutOpenssl],
  ...['aes-128-cbc', 'aes-192-cbc', 'aes-256-cbc', 'des-ede3-cbc'].map(
    (cipher) => [cipher, ['-keypbe', cipher, '-certpbe', cipher], skipWithoutOpenssl] as const,
  ),
  ...['sha1', 'sha224', 'sha256', 'sha384', 'sha512'].map(
    (hash) => [`a MAC with ${hash}`, ['-macalg', hash], skipWithoutOpenssl] as const,
  ),
  ['one iteration', ['-noiter', '-nomaciter'], skipWithoutOpenssl],
  ['many iterations', ['-iter', '5000'], skipWithoutOpenssl],
  ['nothing encrypted', ['-keypbe', 'NONE', '-certpbe', 'NONE'], skipWithoutOpenssl],
  ['the defaults of old', ['-legacy'], skipWithoutLegacy],
  ...[
    'PBE-SHA1-3DES',
    'PBE-SHA1-2DES',
    'PBE-SHA1-RC2-128',
    'PBE-SHA1-RC2-40',
    'PBE-SHA1-RC4-128',
    'PBE-SHA1-RC4-40',
    'PBE-MD5-DES',
    'PBE-SHA1-RC2-64',
    'rc2-cbc',
    'des-cbc',
  ].map((scheme) => [scheme, ['-keypbe', scheme, '-certpbe', scheme, ...LEGACY], skipWithoutLegacy] as const),
];

for (const [what, args, skip] of CHOICES) {
  test(`a file of openssl is read: ${what}`, { skip }, () => {
    for (const password of [PASSWORD, '']) {
      const bytes = opensslFile(args, password);
      const contents = unwrap(decodePkcs12(noble, bytes, password));
      assert.deepEqual(pkcs12Credentials(contents), [{ ...CREDENTIAL, friendlyName: 'my server' }]);
      assert.equal(unwrapError(decodePkcs12(noble, bytes, 'wrong')).kind, 'wrong-password');
    }
  });
}

test('a file of openssl without a MAC is read when the caller wants it', { skip: skipWithoutOpenssl }, () => {
  const options = { dangerouslyAcceptMissingMac: true };
  assert.ok(decodePkcs12(noble, opensslFile(['-nomac']), PASSWORD, options).ok);
});

test('a password beyond ASCII is the same to openssl', { skip: skipWithoutOpenssl }, () => {
  assert.ok(decodePkcs12(noble, opensslFile([], 'pässwörd 試'), 'pässwörd 試').ok);
});

test('openssl reads our files, whatever the cipher, hash and key', { skip: skipWithoutOpenssl }, () => {
  const kinds: readonly PrivateKey[] = [leaf.key, keyOf('leaf', { kind: 'ed25519' })];
  for (const [i, key] of kinds.entries()) {
    for (const options of [{}, { cipher: 'aes-128-cbc', prf: 'sha512' }, { iterations: 1 }] as const) {
      const { certificate } = endEntity('www.example.com', intermediate, { publicKey: key.public });
      const contents = pkcs12Contents(noble, { ...CREDENTIAL, key, chain: [certificate, ...chain.slice(1)] });
      withFiles({ in: file(options, contents) }, (path) => {
        const read = (...args: readonly string[]) =>
          openssl(['pkcs12', '-in', path('in'), '-passin', `pass:${PASSWORD}`, ...args]).toString();
        const keyText = read('-nocerts', '-noenc');
        assert.ok(keyText.includes(encodePem('PRIVATE KEY', encodePrivateKey(key)).slice(0, 90)), `key ${i}`);
        const certificates = read('-nokeys');
        assert.equal(certificates.match(/BEGIN CERTIFICATE/g)?.length, 3);
        assert.match(certificates, /friendlyName: my server/);
      });
    }
  }
});

/** It starts two JVMs, which takes longer than all the rest. */
const skipWithoutKeytool =
  FC_RUNS <= 100
    ? 'in the long run only'
    : spawnSync('keytool', ['-help']).error === undefined
      ? false
      : 'keytool is not installed';

test('keytool reads our file, and its own is read', { skip: skipWithoutKeytool }, () => {
  withFiles({ ours: file() }, (path) => {
    const keytool = (...args: readonly string[]) => {
      const { status, stdout } = spawnSync('keytool', [...args, '-storepass', PASSWORD], {
        encoding: 'utf8',
      });
      assert.equal(status, 0, stdout);
      return stdout;
    };
    assert.match(keytool('-list', '-keystore', path('ours'), '-storetype', 'PKCS12'), /PrivateKeyEntry/);
    keytool(
      ...[
        '-genkeypair',
        '-keyalg',
        'EC',
        '-groupname',
        'secp256r1',
        '-alias',
        'theirs',
        '-dname',
        'CN=theirs',
      ],
      ...['-keystore', path('theirs'), '-storetype', 'PKCS12'],
    );
    const [credential] = pkcs12Credentials(
      unwrap(decodePkcs12(noble, readFileSync(path('theirs')), PASSWORD)),
    );
    assert.deepEqual([credential?.friendlyName, credential?.chain.length], ['theirs', 1]);
  });
});
