import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { describe, it } from 'node:test';
import { noble } from '../../nocrypto/index.ts';
import { demoCredentials } from '../../src/cli/demo-credentials.ts';
import { echCommand } from '../../src/cli/ech.ts';
import { chooseEchConfig, encodeEchKey, generateEchKey } from '../../src/index.ts';
import { folder, pureTls, serve } from './process.ts';

const { pem } = demoCredentials(Date.now());

describe('pure-tls ech', () => {
  it('makes a key that serve takes and a configuration that connect takes', async (t) => {
    const old = ok(generateEchKey(noble, { publicName: 'localhost' }, randomBytes(48)));
    const files = folder(t, {
      'ca.pem': pem.authority,
      'chain.pem': pem.chain,
      'key.pem': pem.key,
      'old.pem': ok(encodeEchKey(noble, old)),
    });
    const make = async (name: string, ...more: readonly string[]) => {
      const args = ['ech', '--out', files(name), '--public-name', 'localhost', '--max-name', '40', ...more];
      const { code, stdout, stderr } = await pureTls(args);
      assert.equal(code, 0, stderr);
      return stdout.trim();
    };
    const current = await make('current.pem', '--beside', files('old.pem'));
    assert.equal(statSync(files('current.pem')).mode & 0o077, 0);
    const { contents } = ok(chooseEchConfig(noble, Buffer.from(current, 'base64')));
    assert.deepEqual([contents.publicName, contents.maximumNameLength], ['localhost', 40]);
    assert.notEqual(contents.keyConfig.configId, old.config[4]);

    const { port, said } = await serve(t, [
      ...['--cert', files('chain.pem'), '--key', files('key.pem'), '--echo'],
      ...['--ech', files('current.pem')],
    ]);
    const connect = (ech: string) =>
      pureTls(['connect', `localhost:${port}`, '--ca', files('ca.pem'), '--ech', ech], { input: 'hello' });
    const inline = await connect(current);
    assert.deepEqual([inline.code, inline.stdout], [0, 'hello'], inline.stderr);
    assert.match(inline.stderr, /Encrypted ClientHello/);
    // An old configuration costs one more connection.
    const corrected = await connect(files('old.pem'));
    assert.deepEqual([corrected.code, corrected.stdout], [0, 'hello'], corrected.stderr);
    assert.match(corrected.stderr, /Encrypted ClientHello/);
    await said(/ech_required/);
  });

  it('refuses what makes no key or no configuration', async (t) => {
    const files = folder(t, { 'ca.pem': pem.authority });
    for (const [args, exitCode, message] of [
      [[], 2, /--out is missing/],
      [['--out', files('k.pem')], 2, /--public-name is missing/],
      [['--out', files('k.pem'), '--public-name', '192.0.2.1'], 2, /publicName must be a DNS name/],
      [['--out', files('k.pem'), '--public-name', 'a.example', '--max-name', '256'], 2, /--max-name/],
      [['--out', files('ca.pem'), '--public-name', 'a.example'], 1, /it exists/],
      [['--out', files('k.pem'), '--public-name', 'a.example', '--beside', files('ca.pem')], 1, /ECHCONFIG/],
    ] as const) {
      await assert.rejects(echCommand.run(args), { exitCode, message }, args.join(' '));
    }
    const refused = await pureTls([
      'connect',
      'localhost:1',
      '--ca',
      files('ca.pem'),
      '--ech',
      files('ca.pem'),
    ]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /holds no PEM ECHCONFIG/);
  });
});

function ok<T>(result: { readonly ok: true; readonly value: T } | { readonly ok: false }): T {
  assert.ok(result.ok);
  return result.value;
}
