import { secret } from '../../nocrypto/index.ts';
import {
  type ClientConfig,
  type ClientOptions,
  clientConfig,
  credential,
  generateEchKey,
  publishedEchConfigs,
  rawKeyCredential,
  type ServerConfig,
  type ServerOptions,
  serverConfig,
} from '../../src/index.ts';
import { dangerouslyAcceptAnyCertificate, dangerouslyAcceptAnyRawKey } from '../../x509/index.ts';
import { shrinking } from '../src/shrinking.ts';
import { bytes, makeAuthority, makeLeaf, must, NAME } from '../src/support.ts';
import { transparentCrypto as crypto } from './transparent-crypto.ts';

/** A client and a server that get on with each other, and what one of them is fuzzed as. */
export interface Scenario {
  readonly name: string;
  readonly client: ClientConfig;
  readonly server: ServerConfig;
  /** Whether the client goes on from a session of an earlier connection, and offers early data then. */
  readonly resumes: 'no' | 'yes' | 'early';
}

const { key, der } = makeLeaf(makeAuthority({ kind: 'ed25519' }, crypto), {
  crypto,
  kind: { kind: 'ed25519' },
});

export const ownCredential = must(credential(crypto, [der], { kind: 'private', key }));
export const externalCredential = must(credential(crypto, [der], { kind: 'external', label: 'elsewhere' }));

const rawCredential = must(rawKeyCredential(crypto, key));

const stapledCredential = must(
  credential(
    crypto,
    [der],
    { kind: 'private', key },
    { staples: [{ ocspResponse: bytes(40), scts: Uint8Array.of(0, 7, 0, 5, ...bytes(5)) }] },
  ),
);
const echKey = must(generateEchKey(crypto, { publicName: NAME }, bytes(48, 41)));

const ticketKeys = [{ name: bytes(16, 5), secret: secret(bytes(32, 6)) }];
const externalPsk = { identity: bytes(8, 1), secret: secret(bytes(32, 2)) };
const authenticator = dangerouslyAcceptAnyCertificate;

const rsa = makeLeaf(makeAuthority({ kind: 'ed25519' }, crypto), {
  crypto,
  kind: { kind: 'rsa', bits: 2048 },
  keyUsage: ['digitalSignature', 'keyEncipherment'],
});
const rsaCredential = must(credential(crypto, [rsa.der], { kind: 'private', key: rsa.key }));
const old = { versions: ['1.2'] } as const;
const STATIC_RSA = 'TLS_RSA_WITH_AES_128_GCM_SHA256';
const DHE = 'TLS_DHE_RSA_WITH_AES_128_GCM_SHA256';

/** New ones go to the end: the kept inputs name theirs by its place. */
export const scenarios: readonly Scenario[] = [
  scenario('plain', {}, {}),
  scenario(
    'another key share, with a cookie',
    { groups: ['x25519', 'secp256r1'], keyShares: ['x25519'] },
    { groups: ['secp256r1'], helloRetryCookie: true },
  ),
  scenario(
    'client certificate',
    { credentials: [ownCredential] },
    { clientAuthentication: { authenticator, required: true } },
  ),
  scenario(
    'everything asked',
    { credentials: 'ask', authenticator: 'ask' },
    { credentials: 'ask', clientAuthentication: { authenticator: 'ask', required: false } },
  ),
  scenario('external key', { externalPsks: [externalPsk] }, { externalPsks: [externalPsk] }),
  scenario('tickets', {}, { ticketKeys }, 'yes'),
  scenario(
    'low limits',
    { limits: { recordPlaintext: 64, aesGcmRecords: 4, pendingBytes: 4096 } },
    {
      limits: { recordPlaintext: 64, aesGcmRecords: 4, pendingBytes: 4096 },
      clientAuthentication: undefined,
    },
  ),
  scenario(
    'every trace, all suites and protocols',
    {
      trace: 'secrets',
      applicationProtocols: ['h2', 'http/1.1'],
      cipherSuites: ['TLS_AES_128_CCM_SHA256', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_256_GCM_SHA384'],
      middleboxCompatibility: false,
    },
    {
      trace: 'secrets',
      applicationProtocols: ['http/1.1'],
      cipherSuites: ['TLS_CHACHA20_POLY1305_SHA256'],
      strictServerName: true,
    },
  ),
  scenario('early data', {}, { ticketKeys, maxEarlyData: 500 }, 'early'),
  scenario(
    'early data that comes to nothing',
    { groups: ['x25519', 'secp256r1'], keyShares: ['x25519'] },
    { ticketKeys, maxEarlyData: 500, groups: ['secp256r1'], grease: true },
    'early',
  ),
  scenario(
    'raw keys',
    { rawKeyAuthenticator: dangerouslyAcceptAnyRawKey, credentials: [rawCredential, ownCredential] },
    {
      credentials: [rawCredential],
      clientAuthentication: { rawKeyAuthenticator: 'ask', authenticator, required: true },
    },
  ),
  scenario(
    'a hello of another shape',
    {
      grease: true,
      extensionOrder: 'permuted',
      rawExtensions: [{ type: 0xff77, data: bytes(5) }],
    },
    { rawExtensions: [{ type: 0xff77, data: bytes(3) }] },
  ),
  scenario(
    'small records, padded',
    { recordSizeLimit: 200, padding: { kind: 'toMultiple', of: 64 }, padHandshake: true },
    { recordSizeLimit: 300, padding: { kind: 'random', most: 100 } },
  ),
  scenario(
    'staples both ways',
    { requestOcsp: true, requestScts: true, credentials: [stapledCredential] },
    {
      credentials: [stapledCredential],
      clientAuthentication: { authenticator, required: true, requestOcsp: true, requestScts: true },
    },
  ),
  scenario(
    'external key without a key exchange',
    { externalPsks: [externalPsk], pskKeyExchangeModes: ['psk_ke'] },
    { externalPsks: [externalPsk], pskKeyExchangeModes: ['psk_ke', 'psk_dhe_ke'] },
  ),
  scenario('stored sessions', {}, { storedSessions: true }, 'yes'),
  scenario(
    'encrypted hello',
    { encryptedClientHello: { configs: publishedEchConfigs([echKey]) } },
    { encryptedClientHello: { keys: [echKey] } },
  ),
  scenario(
    'encrypted hello, with another key share',
    {
      encryptedClientHello: { configs: publishedEchConfigs([echKey]) },
      groups: ['x25519', 'secp256r1'],
      keyShares: ['x25519'],
    },
    { encryptedClientHello: { keys: [echKey] }, groups: ['secp256r1'] },
  ),
  scenario(
    'certificates after the handshake',
    { postHandshakeAuthentication: true, credentials: 'ask' },
    { clientAuthentication: undefined },
  ),
  scenario(
    'TLS 1.2',
    {
      credentials: [ownCredential],
      requestOcsp: true,
      cipherSuites: ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'],
    },
    { ticketKeys, clientAuthentication: { authenticator, required: true } },
  ),
  scenario('TLS 1.2, resumed', { versions: ['1.2'] }, { ticketKeys }, 'yes'),
  scenario(
    'TLS 1.2, everything asked, under CBC',
    {
      versions: ['1.2'],
      credentials: 'ask',
      authenticator: 'ask',
      cipherSuites: ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA'],
    },
    {
      storedSessions: true,
      credentials: 'ask',
      cipherSuites: ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA'],
      clientAuthentication: { authenticator: 'ask', required: false },
    },
  ),
  scenario(
    'compressed certificates',
    { certificateCompression: [shrinking], credentials: [ownCredential] },
    { certificateCompression: [shrinking], clientAuthentication: { authenticator, required: true } },
  ),
  scenario(
    'TLS 1.2 alone at the server, with small records',
    { recordSizeLimit: 200 },
    { ...old, recordSizeLimit: 300 },
  ),
  scenario(
    'TLS 1.2, with staples',
    { ...old, requestScts: true },
    { ...old, credentials: [stapledCredential], applicationProtocols: ['h2'] },
  ),
  scenario(
    'TLS 1.2, static RSA',
    { ...old, cipherSuites: [STATIC_RSA] },
    { ...old, cipherSuites: [STATIC_RSA], credentials: [rsaCredential] },
  ),
  scenario(
    'TLS 1.2, finite fields',
    { ...old, cipherSuites: [DHE], groups: ['ffdhe2048'], keyShares: [] },
    { ...old, cipherSuites: [DHE], groups: ['ffdhe2048'], credentials: [rsaCredential] },
  ),
];

function scenario(
  name: string,
  client: Partial<ClientOptions>,
  server: Partial<ServerOptions>,
  resumes: Scenario['resumes'] = 'no',
): Scenario {
  return {
    name,
    client: must(clientConfig({ crypto, authenticator, serverName: NAME, groups: ['x25519'], ...client })),
    server: must(serverConfig({ crypto, credentials: [ownCredential], groups: ['x25519'], ...server })),
    resumes,
  };
}
