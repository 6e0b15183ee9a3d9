import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { encodeSctList } from '../../x509/index.ts';
import { folder, type Outcome, pureTls, serve } from './process.ts';

describe('pure-tls serve staples', () => {
  it('an OCSP response and timestamps, and connect --status prints them', async (t) => {
    const file = await certificates(t, 'good');
    writeFileSync(file('scts'), encodeSctList([{ version: 'unknown', bytes: Uint8Array.of(9) }]));
    const { code, stderr } = await ask(t, file, '--ocsp', file('answer'), '--sct', file('scts'));
    assert.equal(code, 0, stderr);
    assert.match(stderr, /OCSP response: successful\n.*\n[\s\S]* {2}status +good\n/);
    assert.match(stderr, /signed certificate timestamps\n {2}list +one of an unknown version\n/);
  });

  it('nothing, and connect --status says so', async (t) => {
    const { code, stderr } = await ask(t, await certificates(t, 'good'));
    assert.equal(code, 0, stderr);
    assert.match(stderr, /no OCSP response is stapled\nno signed certificate timestamps/);
  });

  it('that it is revoked, and connect refuses it', async (t) => {
    const file = await certificates(t, 'revoked');
    const { code, stderr } = await ask(t, file, '--ocsp', file('answer'));
    assert.equal(code, 1);
    assert.match(stderr, /revoked: CN=localhost/);
  });

  it('no response where the certificate promises one, and connect refuses it', async (t) => {
    const file = await certificates(t, 'good', '--must-staple');
    assert.match(
      (await ask(t, file)).stderr,
      /revocation-unknown: CN=localhost.*which the certificate promises/,
    );
    assert.equal((await ask(t, file, '--ocsp', file('answer'))).code, 0);
  });

  it('no file that is no OCSP response', async (t) => {
    const file = await certificates(t, 'good');
    const args = ['--cert', file('server.pem'), '--key', file('server.key'), '--ocsp', file('server.pem')];
    const { code, stderr } = await pureTls(['serve', '--port', '0', ...args]);
    assert.equal(code, 1);
    assert.match(stderr, /server\.pem: .*OCSP/);
  });
});

/** A server's certificate, and an answer about it. */
async function certificates(
  t: TestContext,
  status: string,
  ...options: readonly string[]
): Promise<(name: string) => string> {
  const file = folder(t, {});
  const root = ['--issuer', file('root')];
  for (const args of [
    ['root', '--out', file('root'), '--name', 'Root'],
    ['server', '--out', file('server'), ...root, '--host', 'localhost', ...options],
    ['ocsp', '--out', file('answer'), ...root, '--certificate', file('server.pem'), '--status', status],
  ]) {
    const { code, stderr } = await pureTls(['ca', ...args]);
    assert.equal(code, 0, stderr);
  }
  return file;
}

async function ask(
  t: TestContext,
  file: (name: string) => string,
  ...stapling: readonly string[]
): Promise<Outcome> {
  const own = ['--cert', file('server.pem'), '--key', file('server.key'), '--echo', ...stapling];
  const { port } = await serve(t, own);
  return pureTls(['connect', `localhost:${port}`, '--ca', file('root.pem'), '--status']);
}
