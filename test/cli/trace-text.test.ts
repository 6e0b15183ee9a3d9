import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noble, secret } from '../../nocrypto/index.ts';
import { factsPage } from '../../src/cli/facts-page.ts';
import { plain } from '../../src/cli/text.ts';
import { traceLine } from '../../src/cli/trace-text.ts';
import type { Facts, TraceEvent } from '../../src/index.ts';

describe('a trace in text', () => {
  it('is one line for each event', () => {
    const lines = (
      [
        {
          kind: 'message',
          direction: 'sent',
          message: 'clientHello',
          length: 1234,
          details: { serverName: 'a', keyShares: '' },
        },
        { kind: 'changeCipherSpec', direction: 'received' },
        { kind: 'alert', direction: 'received', alert: 'unknown_ca' },
        { kind: 'record', direction: 'sent', contentType: 'applicationData', length: 1, protected: true },
        { kind: 'keys', direction: 'sent', epoch: 'handshake' },
        { kind: 'state', from: 'a', to: 'b' },
      ] as const satisfies TraceEvent[]
    ).map((event) => traceLine(event, plain));
    assert.deepEqual(lines, [
      '→ ClientHello  1,234 bytes · server name a',
      '← change_cipher_spec',
      '← alert unknown_ca',
      '→ encrypted record: applicationData, 1 byte',
      '◆ sending under handshake keys',
      '  state: a → b',
    ]);
  });

  it('names secrets without showing them, and obeys no peer', () => {
    const line = traceLine(
      {
        kind: 'secret',
        label: 'EXPORTER_SECRET',
        clientRandom: new Uint8Array(32),
        secret: secret(new Uint8Array(32).fill(0xab)),
      },
      plain,
    );
    assert.match(line, /EXPORTER_SECRET/);
    assert.doesNotMatch(line, /abab/);
    const details = { serverName: '\x1b[2J\n' };
    const hostile = traceLine(
      { kind: 'message', direction: 'received', message: 'clientHello', length: 1, details },
      plain,
    );
    assert.doesNotMatch(hostile, /\p{C}/u);
  });
});

describe('the page', () => {
  it('escapes whatever the visitor chose', () => {
    const facts: Facts = {
      version: 'TLS 1.3',
      role: 'server',
      cipherSuite: 'TLS_AES_128_GCM_SHA256',
      group: 'x25519',
      peerSignatureScheme: undefined,
      ownSignatureScheme: 'ed25519',
      ownCertificate: undefined,
      ownRawKey: undefined,
      resumed: false,
      rawExtensions: [],
      recordSizes: undefined,
      externalIdentity: undefined,
      peerOcspResponse: undefined,
      peerScts: undefined,
      applicationProtocol: '<script>alert(1)</script>',
      serverName: `"'><img>`,
      earlyData: { kind: 'notOffered' },
      encryptedClientHello: false,
      helloRetryRequest: false,
      peer: undefined,
      peerRawKey: undefined,
      clientRandom: noble.hashes.sha256.digest(new Uint8Array()),
    };
    const details = { serverName: '<b>&' };
    const page = factsPage(facts, [
      { at: 0, event: { kind: 'message', direction: 'received', message: '<i>', length: 1, details } },
    ]);
    assert.doesNotMatch(page, /<script|<img|<b>|<i>/i);
    assert.match(page, /&#60;script&#62;/);
    assert.match(page, /e3b0c44298fc1c14/);
  });
});
