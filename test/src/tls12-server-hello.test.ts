import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { downgradeSentinels } from '../../src/codepoints.ts';
import { findExtension } from '../../src/extensions.ts';
import { groupCode } from '../../src/groups.ts';
import { type AlertName, type ServerOptions, send } from '../../src/index.ts';
import type { ClientHello } from '../../src/messages.ts';
import { assertAt, assertFailed } from './expect.ts';
import { data, follow, messagesHeard } from './peer.ts';
import {
  establishTls12Server,
  factsOf,
  meetTls12Server,
  sayTls12Answer,
  type Tls12ClientOptions,
  ticketKeys,
} from './scripted-tls12-client.ts';
import { bytes, find, hex, NAME } from './support.ts';

const GCM = 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256';
const CHACHA = 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256';

type HelloEdit = (hello: ClientHello) => ClientHello;

describe('a server that speaks TLS 1.2', () => {
  it('goes on with a client that speaks nothing newer', () => {
    const { peer } = establishTls12Server();
    assertAt(peer, 'established');
    const facts = factsOf(peer);
    assert.ok(facts?.version === 'TLS 1.2');
    assert.equal(facts.group, 'x25519');
    assert.equal(facts.extendedMasterSecret, true);
    assert.equal(facts.ownSignatureScheme, 'ed25519');
    assert.equal(facts.serverName, NAME);
    assert.equal(facts.resumed, false);
    follow(peer, send(peer.state, hex('0102')));
    assert.deepEqual(peer.heard.at(-1), { kind: 'data', bytes: hex('0102'), protected: true });
    data(peer, hex('03'));
    assert.deepEqual(find(peer.latest, 'data')?.bytes, hex('03'));
  });

  it('says in its random that it could have spoken TLS 1.3, and only then (RFC 9846 §4.2.3)', () => {
    const endOfRandom = (versions: ServerOptions['versions']) => {
      const client = meetTls12Server({ server: { versions } });
      client.clientHello();
      return client.serverHello().random.subarray(24);
    };
    assert.deepEqual(endOfRandom(['1.3', '1.2']), Uint8Array.from(downgradeSentinels.tls12));
    assert.notDeepEqual(endOfRandom(['1.2']), Uint8Array.from(downgradeSentinels.tls12));
  });

  it('answers what was offered, and nothing else', () => {
    const said = (options: Tls12ClientOptions) => {
      const client = meetTls12Server(options);
      client.clientHello();
      return client.serverHello().extensions.map(({ name }) => name);
    };
    assert.deepEqual(said({ server: { ticketKeys } }), [
      'serverName',
      'renegotiationInfo',
      'extendedMasterSecret',
      'ecPointFormats',
      'sessionTicket',
    ]);
    const all = [
      'serverName',
      'ecPointFormats',
      'extendedMasterSecret',
      'sessionTicket',
      'renegotiationInfo',
    ];
    for (const left of all as ['serverName']) {
      assert.ok(!said({ server: { ticketKeys }, without: [left] }).includes(left), left);
    }
    assert.deepEqual(said({ without: all as ['serverName'] }), []);
  });

  it('takes the signaling suite for an empty renegotiation_info (RFC 5746 §3.6)', () => {
    const client = meetTls12Server({ without: ['renegotiationInfo'] });
    client.clientHello((hello) => ({ ...hello, cipherSuites: [...hello.cipherSuites, 0x00ff] }));
    const { extensions } = client.serverHello();
    assert.deepEqual(findExtension(extensions, 'renegotiationInfo'), hex(''));
  });

  it('gives a client without an extended master secret no session, and exports nothing', () => {
    const client = establishTls12Server({ without: ['extendedMasterSecret'], server: { ticketKeys } });
    assertAt(client.peer, 'established');
    assert.equal(messagesHeard(client.peer, 'tls12NewSessionTicket').length, 0);
    const facts = factsOf(client.peer);
    assert.ok(facts?.version === 'TLS 1.2' && !facts.extendedMasterSecret);
  });

  it('takes a client that claims a version from the future', () => {
    const client = meetTls12Server();
    client.clientHello((hello) => ({ ...hello, legacyVersion: 0x0305 }));
    sayTls12Answer(client);
    assertAt(client.peer, 'established');
  });

  it('takes P-256 where the client names no group, and none that it does not name', () => {
    const silent = meetTls12Server({ without: ['supportedGroups'] });
    silent.clientHello();
    sayTls12Answer(silent);
    assert.equal(factsOf(silent.peer)?.group, 'secp256r1');
    const other = meetTls12Server({
      extensions: [{ name: 'supportedGroups', value: [groupCode('secp256r1')] }],
    });
    other.clientHello();
    sayTls12Answer(other);
    assert.equal(factsOf(other.peer)?.group, 'secp256r1');
  });

  it('keeps to its own order of suites', () => {
    const client = establishTls12Server({
      suites: [GCM, CHACHA],
      server: { versions: ['1.2'], cipherSuites: [CHACHA, GCM] },
    });
    assert.equal(factsOf(client.peer)?.cipherSuite, CHACHA);
  });
});

type Refusal = readonly [
  title: string,
  edit: HelloEdit,
  alert: AlertName,
  blame: string,
  options?: Tls12ClientOptions,
];

const badHellos: readonly Refusal[] = [
  [
    'without the null compression method',
    (hello) => ({ ...hello, legacyCompressionMethods: hex('01') }),
    'illegal_parameter',
    'peerMisbehaved bad-compression-method',
  ],
  [
    'with point formats but the uncompressed one (RFC 8422 §5.1.2)',
    withExtension({ name: 'ecPointFormats', value: hex('0102') }),
    'illegal_parameter',
    'peerMisbehaved bad-point-formats',
  ],
  [
    'with the renegotiation_info of another handshake (RFC 5746 §3.6)',
    withExtension({ name: 'renegotiationInfo', value: bytes(12) }),
    'handshake_failure',
    'peerMisbehaved bad-renegotiation-info',
  ],
  [
    'with one extension twice',
    (hello) => ({
      ...hello,
      extensions: [...hello.extensions, { name: 'extendedMasterSecret', value: hex('') }],
    }),
    'illegal_parameter',
    'peerMisbehaved duplicate-extension',
  ],
  [
    'with two host names',
    withExtension({
      name: 'serverName',
      value: [
        { nameType: 0, hostName: 'a.example' },
        { nameType: 0, hostName: 'b.example' },
      ],
    }),
    'illegal_parameter',
    'peerMisbehaved several-server-names',
  ],
  [
    'of TLS 1.1',
    (hello) => ({ ...hello, legacyVersion: 0x0302 }),
    'protocol_version',
    'incompatible no-common-version',
  ],
  [
    'that has come down from a version this server speaks (RFC 7507 §3)',
    (hello) => ({ ...hello, cipherSuites: [...hello.cipherSuites, 0x5600] }),
    'inappropriate_fallback',
    'incompatible inappropriate-fallback',
  ],
  [
    'with nothing but suites that are not configured',
    (hello) => ({ ...hello, cipherSuites: [0x002f, 0xc009, 0x00ff] }),
    'handshake_failure',
    'incompatible no-common-cipher-suite',
  ],
  [
    'with suites of TLS 1.3 alone',
    (hello) => ({ ...hello, cipherSuites: [0x1301, 0x1302] }),
    'handshake_failure',
    'incompatible no-common-cipher-suite',
  ],
  [
    'with curves that nobody knows here (RFC 8422 §5.1)',
    withExtension({ name: 'supportedGroups', value: [0x001a] }),
    'handshake_failure',
    'incompatible no-common-group',
    { suites: [GCM] },
  ],
  [
    'with finite fields that nobody knows here, where nothing else would do (RFC 7919 §4)',
    withExtension({ name: 'supportedGroups', value: [0x01f0] }),
    'insufficient_security',
    'incompatible no-common-finite-field',
    {
      suites: ['TLS_DHE_RSA_WITH_AES_128_GCM_SHA256'],
      server: {
        versions: ['1.2'],
        cipherSuites: ['TLS_DHE_RSA_WITH_AES_128_GCM_SHA256'],
        groups: ['x25519', 'ffdhe2048'],
      },
    },
  ],
  [
    'that accepts no signature of this server’s key',
    withExtension({ name: 'signatureAlgorithms', value: [0x0401, 0x0403] }),
    'handshake_failure',
    'incompatible no-common-signature-scheme',
  ],
  [
    'that accepts SHA-1 alone, or says nothing, which means the same (RFC 9155 §2)',
    (hello) => without('signatureAlgorithms')(hello),
    'handshake_failure',
    'incompatible no-common-signature-scheme',
  ],
  [
    'without an extended master secret, where that is required (RFC 7627 §5.2)',
    without('extendedMasterSecret'),
    'handshake_failure',
    'incompatible no-extended-master-secret',
    { server: { requireExtendedMasterSecret: true } },
  ],
  [
    'with application protocols that are all others (RFC 7301 §3.2)',
    withExtension({ name: 'applicationLayerProtocolNegotiation', value: ['x'] }),
    'no_application_protocol',
    'incompatible no-common-application-protocol',
    { server: { applicationProtocols: ['h2'] } },
  ],
];

describe('a server is not satisfied with a ClientHello of TLS 1.2', () => {
  for (const [title, edit, alertName, blamed, options] of badHellos) {
    it(title, () => {
      const client = meetTls12Server(options);
      client.clientHello(edit);
      assertFailed(client.peer, alertName, blamed);
    });
  }
});

function without(name: ClientHello['extensions'][number]['name']): HelloEdit {
  return (hello) => ({
    ...hello,
    extensions: hello.extensions.filter((extension) => extension.name !== name),
  });
}

/** With this extension, in place of one of the same name. */
function withExtension(extension: ClientHello['extensions'][number]): HelloEdit {
  return (hello) => ({
    ...hello,
    extensions: [...without(extension.name)(hello).extensions, extension],
  });
}
