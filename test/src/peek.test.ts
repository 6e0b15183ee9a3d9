import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { client, type EchKey, peekClientHello, receive, server } from '../../src/index.ts';
import { echConfigs, echKey, otherEchKey, PUBLIC_NAME, SECRET_NAME } from './ech.ts';
import { plainRecord } from './peer.ts';
import { quickClientConfig, quickServerConfig } from './quick.ts';
import { bytes, concatAll, find, hex, must, NAME, NOW, sent } from './support.ts';

const config = quickClientConfig({ applicationProtocols: ['h2', 'http/1.1'] });
const flight = sent(client(config, bytes(48)).effects);

describe('peeking at a ClientHello', () => {
  it('tells name, protocols, versions and groups without taking part', () => {
    const peeked = must(peekClientHello(flight));
    assert.equal(peeked?.facts.serverName, NAME);
    assert.deepEqual(peeked?.facts.applicationProtocols, ['h2', 'http/1.1']);
    assert.deepEqual(peeked?.versions, [0x0304]);
    const taken = receive(server(quickServerConfig(), bytes(48, 2)).state, flight, NOW);
    assert.equal(find(taken.effects, 'failed'), undefined);
  });

  it('sees of an encrypted hello what everybody sees, or with the key what is inside', () => {
    const offering = quickClientConfig({
      serverName: SECRET_NAME,
      encryptedClientHello: { configs: echConfigs },
    });
    const hidden = sent(client(offering, bytes(48)).effects);
    const look = (key?: EchKey) => {
      const keys = key && quickServerConfig({ encryptedClientHello: { keys: [key] } });
      const peeked = must(peekClientHello(hidden, keys));
      return [peeked?.facts.serverName, peeked?.encryptedClientHello];
    };
    assert.deepEqual(look(), [PUBLIC_NAME, 'outer']);
    assert.deepEqual(look(otherEchKey), [PUBLIC_NAME, 'outer']);
    assert.deepEqual(look(echKey), [SECRET_NAME, 'inner']);
    assert.equal(must(peekClientHello(flight))?.encryptedClientHello, undefined);
  });

  it('waits for the rest of a hello that is not complete', () => {
    for (let length = 0; length < flight.length; length++) {
      assert.equal(must(peekClientHello(flight.subarray(0, length))), undefined);
    }
  });

  it('puts a hello together that came in many records, and looks no further', () => {
    const message = flight.subarray(5);
    const records = Array.from({ length: Math.ceil(message.length / 3) }, (_, i) =>
      plainRecord(22, message.subarray(i * 3, i * 3 + 3)),
    );
    const peeked = must(peekClientHello(concatAll([...records, hex('ffffffff')])));
    assert.equal(peeked?.facts.serverName, NAME);
  });

  it('refuses what no TLS server would answer', () => {
    const http = new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n');
    const serverHello = plainRecord(22, hex('0200000100'));
    const dataFirst = plainRecord(23, hex('00'));
    const empty = plainRecord(22, hex(''));
    const endless = plainRecord(22, hex('01ffffff'));
    for (const input of [http, serverHello, dataFirst, empty, endless]) {
      assert.equal(peekClientHello(input).ok, false);
    }
  });

  it('answers any bytes without an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(flight.length - 1), (noise, at) => {
        peekClientHello(noise);
        peekClientHello(concatAll([flight.subarray(0, at), noise, flight.subarray(at)]));
      }),
    );
  });
});
