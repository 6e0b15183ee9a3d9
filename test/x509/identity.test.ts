import assert from 'node:assert/strict';
import { isIP, SocketAddress } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { encode, octetString, utf8String } from '../../asn1/index.ts';
import {
  formatIdentity,
  formatIpAddress,
  type GeneralName,
  type IdentityError,
  id,
  identityNames,
  mailboxIdentity,
  parseIpAddress,
  presentsIdentity,
  referenceIdentity,
} from '../../x509/index.ts';
import { FC_RUNS, unwrap, unwrapError } from './helpers.ts';

test('hosts are read as what they are, and shown canonically', () => {
  const rows: readonly (readonly [host: string, kind: 'dns' | 'ip', shown: string])[] = [
    ['example.com', 'dns', 'example.com'],
    ['EXAMPLE.Com', 'dns', 'example.com'],
    ['example.com.', 'dns', 'example.com'],
    ['localhost', 'dns', 'localhost'],
    ['xn--bcher-kva.example', 'dns', 'xn--bcher-kva.example'],
    ['1.2.3.4.example', 'dns', '1.2.3.4.example'],
    [`${'a'.repeat(63)}.example`, 'dns', `${'a'.repeat(63)}.example`],
    ['192.0.2.1', 'ip', '192.0.2.1'],
    ['::1', 'ip', '::1'],
    ['[2001:DB8::1]', 'ip', '2001:db8::1'],
    ['::ffff:192.0.2.1', 'ip', '::ffff:c000:201'],
  ];
  for (const [host, kind, shown] of rows) {
    const identity = unwrap(referenceIdentity(host));
    assert.deepEqual([identity.kind, formatIdentity(identity)], [kind, shown]);
  }
});

test('what is neither a DNS name nor an address is refused', () => {
  const rows: readonly (readonly [host: string, kind: IdentityError['kind']])[] = [
    ['', 'not-ascii'],
    ['bücher.example', 'not-ascii'],
    ['example.com\0.evil.org', 'not-ascii'],
    ['exam ple.com', 'not-ascii'],
    ['.', 'invalid-dns-name'],
    ['example..com', 'invalid-dns-name'],
    ['example.com..', 'invalid-dns-name'],
    ['.example.com', 'invalid-dns-name'],
    ['-a.example', 'invalid-dns-name'],
    ['a-.example', 'invalid-dns-name'],
    ['foo_bar.example', 'invalid-dns-name'],
    ['*.example.com', 'invalid-dns-name'],
    ['user@example.com', 'invalid-dns-name'],
    [`${'a'.repeat(64)}.example`, 'invalid-dns-name'],
    [`${'a.'.repeat(127)}a`.slice(0, 255), 'invalid-dns-name'],
    ['192.0.2.01', 'invalid-ip-address'],
    ['192.0.2', 'invalid-ip-address'],
    ['127.1', 'invalid-ip-address'],
    ['192.0.2.256', 'invalid-ip-address'],
    ['2130706433', 'invalid-ip-address'],
    ['0x7f000001', 'invalid-ip-address'],
    ['0x7f.1', 'invalid-ip-address'],
    ['fe80::1%eth0', 'invalid-ip-address'],
    ['[192.0.2.1]', 'invalid-ip-address'],
    ['[::1', 'invalid-ip-address'],
    ['example.com:443', 'invalid-ip-address'],
  ];
  for (const [host, kind] of rows) {
    assert.equal(unwrapError(referenceIdentity(host)).kind, kind, host);
  }
});

const dns = (value: string): GeneralName => ({ kind: 'dNSName', value });
const presents = (host: string, ...names: readonly GeneralName[]) =>
  presentsIdentity(names, unwrap(referenceIdentity(host)));

test('DNS names match label by label, without regard to case', () => {
  assert.ok(presents('www.example.com', dns('example.org'), dns('WWW.Example.COM')));
  assert.ok(!presents('www.example.com', dns('example.com')));
  assert.ok(!presents('example.com', dns('www.example.com')));
  assert.ok(!presents('www.example.com', dns('www.example.com.')));
  assert.ok(!presents('www.example.com'));
});

test('a wildcard is the whole leftmost label and stands for one label (RFC 9525 §6.3)', () => {
  assert.ok(presents('www.example.com', dns('*.example.com')));
  assert.ok(presents('xn--bcher-kva.example.com', dns('*.EXAMPLE.com')));
  const refused: readonly (readonly [host: string, presented: string])[] = [
    ['example.com', '*.example.com'],
    ['a.b.example.com', '*.example.com'],
    ['www.example.com', 'w*.example.com'],
    ['www.example.com', '*w.example.com'],
    ['www.example.com', 'www.*.com'],
    ['www.example.com', '*.*.com'],
    ['a.b.example.com', '*.*.example.com'],
    ['example.com', '*.com'],
    ['com', '*'],
    ['example.com', '*'],
    ['xn--bliss-1b3c148a.example.com', 'xn--*-1b3c148a.example.com'],
  ];
  for (const [host, presented] of refused) {
    assert.ok(!presents(host, dns(presented)), `${host} against ${presented}`);
  }
});

test('a null byte does not end a presented name (CVE-2009-2408)', () => {
  assert.ok(!presents('www.bank.example', dns('www.bank.example\0.evil.org')));
  assert.ok(!presents('www.bank.example', dns('*\0.bank.example')));
});

test('addresses match octets, and never a DNS name that looks like one', () => {
  const address = Uint8Array.of(192, 0, 2, 1);
  assert.ok(presents('192.0.2.1', { kind: 'iPAddress', value: address }));
  assert.ok(!presents('192.0.2.2', { kind: 'iPAddress', value: address }));
  assert.ok(!presents('192.0.2.1', dns('192.0.2.1')));
  assert.ok(!presents('192.0.2.1', dns('*.0.2.1')));
  const mapped = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1);
  assert.ok(!presents('192.0.2.1', { kind: 'iPAddress', value: mapped }));
  assert.ok(
    !presents('192.0.2.1', { kind: 'iPAddress', value: Uint8Array.of(192, 0, 2, 1, 255, 255, 255, 255) }),
  );
});

test('names of other kinds present nothing', () => {
  const value = 'www.example.com';
  assert.ok(!presents(value, { kind: 'uniformResourceIdentifier', value }, { kind: 'rfc822Name', value }));
});

test('addresses are read and written as node:net does', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[0-9a-f:.]{0,24}$/)), (text) => {
      const address = parseIpAddress(text);
      assert.equal(address === undefined ? 0 : address.length === 4 ? 4 : 6, isIP(text));
      if (address !== undefined) {
        const family = address.length === 4 ? 'ipv4' : 'ipv6';
        const shown = formatIpAddress(address);
        assert.deepEqual(parseIpAddress(shown), address);
        // The platform shows the last 32 bits of some IPv6 addresses in decimal.
        const { address: expected } = new SocketAddress({ address: text, family });
        assert.deepEqual(parseIpAddress(expected), address);
        assert.ok(
          expected.includes('.') !== (family === 'ipv4') || shown === expected,
          `${shown} ${expected}`,
        );
      }
    }),
    { numRuns: FC_RUNS * 3 },
  );
});

test('IPv6 is shown as RFC 5952 §4 says', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['2001:db8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:0DB8::0001', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['1:0:0:0:0:0:0:0', '1::'],
  ];
  for (const [text, shown] of rows) {
    assert.equal(formatIpAddress(parseIpAddress(text) ?? new Uint8Array()), shown);
  }
});

test('an e-mail address is presented by its own name alone, in its own case but for the host', () => {
  const identity = unwrap(mailboxIdentity('Jo.Doe@Example.com'));
  assert.equal(formatIdentity(identity), 'Jo.Doe@example.com');
  const presents = (...names: readonly GeneralName[]) => presentsIdentity(names, identity);
  assert.ok(presents(...identityNames([identity])));
  assert.ok(presents({ kind: 'rfc822Name', value: 'Jo.Doe@EXAMPLE.COM' }));
  for (const value of ['jo.doe@example.com', '*@example.com', 'example.com', 'Jo.Doe@example.com.', '']) {
    assert.ok(!presents({ kind: 'rfc822Name', value }), value);
  }
  assert.ok(!presents({ kind: 'dNSName', value: 'Jo.Doe@example.com' }));
  assert.ok(!presents());
});

test('an e-mail address beyond ASCII is presented by an otherName (RFC 9598)', () => {
  const address = 'jö@example.com';
  const presents = (value: Uint8Array) =>
    presentsIdentity(
      [{ kind: 'otherName', value: { typeId: id.on.smtpUTF8Mailbox, value } }],
      unwrap(mailboxIdentity(address)),
    );
  assert.ok(presents(encode(utf8String, address)));
  assert.ok(!presents(encode(utf8String, 'JÖ@example.com')));
  assert.ok(!presents(encode(octetString, new TextEncoder().encode(address))));
});

test('what is no e-mail address is refused', () => {
  for (const text of ['', 'jo', '@example.com', 'jo@', 'jo@-.example', 'a@b@example.com']) {
    assert.equal(unwrapError(mailboxIdentity(text)).kind, 'invalid-mailbox', text);
  }
});
