/** Client certificates, shared keys and sessions on the command line. */
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { commands } from '../../src/cli/commands.ts';
import { demoCredentials } from '../../src/cli/demo-credentials.ts';
import { folder, type Outcome, pureTls, serve } from './process.ts';

const { pem } = demoCredentials(Date.now());
const stranger = demoCredentials(Date.now()).pem;
const KEY = '00112233445566778899aabbccddeeff';

describe('pure-tls connect --resume', () => {
  it('keeps the newest ticket in a file of its own, and goes on from it', async (t) => {
    const files = certificates(t);
    const { port, said } = await serve(t, serverArgs(files, '--echo'));
    const path = files('new-session');
    const connectOnce = () =>
      pureTls(['connect', `localhost:${port}`, '--ca', files('ca.pem'), '--resume', path], {
        input: 'hello',
      });

    const first = await connectOnce();
    assert.deepEqual([first.code, first.stdout], [0, 'hello'], first.stderr);
    assert.doesNotMatch(first.stderr, /resumed/);
    const stored = readFileSync(path);
    // Whatever the mode of the file before, its next content is the owner's alone.
    chmodSync(path, 0o644);

    const again = await connectOnce();
    assert.deepEqual([again.code, again.stdout], [0, 'hello'], again.stderr);
    assert.match(again.stderr, /^connected: .*, resumed, peer CN=pure-tls demo server\n$/);
    await said(/connected: .*, resumed\n/);
    assert.notDeepEqual(readFileSync(path), stored);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('sends a file early where the session allows it, and else before all other', async (t) => {
    const files = certificates(t);
    const { port, said } = await serve(t, [...serverArgs(files, '--echo'), '--early-data', '100']);
    const early = files('early');
    writeFileSync(early, 'early, ');
    const args = ['--ca', files('ca.pem'), '--resume', files('new-session'), '--early-data', early];
    const connectOnce = () => pureTls(['connect', `localhost:${port}`, ...args], { input: 'hello' });

    const first = await connectOnce();
    assert.deepEqual([first.code, first.stdout], [0, 'early, hello'], first.stderr);
    const again = await connectOnce();
    assert.deepEqual([again.code, again.stdout], [0, 'early, hello'], again.stderr);
    assert.match(again.stderr, /, resumed, early data accepted, /);
    await said(/connected: .*, resumed, early data accepted\n/);
    writeFileSync(early, 'x'.repeat(101));
    const long = await connectOnce();
    assert.deepEqual([long.code, long.stdout.length], [0, 106], long.stderr);
    await failsWith(['localhost:1', '--ca', files('ca.pem'), '--early-data', early], 2, /needs --resume/);
  });

  it('refuses a file that holds something else, before it connects', async (t) => {
    const files = certificates(t);
    const args = ['localhost:1', '--ca', files('ca.pem'), '--resume'];
    await failsWith([...args, files('ca.pem')], 1, /ca\.pem is not a stored session: .*remove it/);
    await failsWith([...args, files('.')], 1, /it is a directory/);
  });
});

describe('pure-tls serve --client-ca', () => {
  it('asks for a certificate and says who the client is, on the page too', async (t) => {
    const files = certificates(t);
    const { port, said } = await serve(t, serverArgs(files, '--client-ca', files('ca.pem')));
    const args = ['connect', `localhost:${port}`, '--ca', files('ca.pem')];
    const input = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';

    const known = await pureTls([...args, '--cert', files('chain.pem'), '--key', files('key.pem')], {
      input,
    });
    assert.equal(known.code, 0, known.stderr);
    assert.match(known.stdout, /<th>peer<\/th><td>CN=pure-tls demo server<\/td>/);
    await said(/connected: .*, peer CN=pure-tls demo server\n/);

    const anonymous = await pureTls(args, { input });
    assert.equal(anonymous.code, 0, anonymous.stderr);
    assert.match(anonymous.stdout, /<th>peer<\/th><td>anonymous<\/td>/);
  });

  it('refuses with --require-client-cert who shows none, or one of somebody else', async (t) => {
    const files = certificates(t);
    const { port, said } = await serve(
      t,
      serverArgs(files, '--echo', '--client-ca', files('ca.pem'), '--require-client-cert'),
    );
    const args = ['connect', `localhost:${port}`, '--ca', files('ca.pem')];
    assertRefused(
      await pureTls(args),
      /alert certificate_required \(116\); give a client certificate with --cert/,
    );
    await said(/failed: .*no-client-certificate/);
    assertRefused(
      await pureTls([...args, '--cert', files('stranger.pem'), '--key', files('stranger.key')]),
      /alert (unknown_ca|bad_certificate)/,
    );
  });
});

describe('pure-tls --psk', () => {
  it('takes the place of certificates where both sides know the key', async (t) => {
    const files = certificates(t);
    const { port, said } = await serve(t, serverArgs(files, '--echo', '--psk', `door:7:${KEY}`));
    const args = ['connect', `localhost:${port}`, '--ca', files('ca.pem'), '--psk'];
    const { code, stderr } = await pureTls([...args, `door:7:${KEY.toUpperCase()}`]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^connected: .*, PSK door:7\n$/);
    await said(/connected: .*, PSK door:7\n/);

    const other = await pureTls([...args, `window:${KEY}`]);
    assert.match(other.stderr, /^connected: .*, peer CN=pure-tls demo server\n$/);

    const wrong = await pureTls([...args, `door:7:${KEY}00`]);
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /alert decrypt_error/);
  });

  it('is never repeated in an error', async () => {
    for (const psk of [KEY, `:${KEY}`, 'door:', `door:${KEY}0`, `door:${KEY.slice(2)}`]) {
      const thrown = await commands.connect
        .run(['localhost:1', '--psk', psk])
        .catch((error: unknown) => error);
      assert.ok(thrown instanceof Error && 'exitCode' in thrown && thrown.exitCode === 2);
      assert.match(thrown.message, /psk/i);
      assert.ok(!thrown.message.includes(KEY.slice(2, 30)));
    }
  });
});

describe('a command line', () => {
  it('chooses the signature schemes', async (t) => {
    const files = certificates(t);
    const { port, said } = await serve(t, serverArgs(files, '--echo'));
    const args = ['connect', `localhost:${port}`, '--ca', files('ca.pem'), '--sigalgs'];
    const { code, stderr } = await pureTls([...args, 'ed25519']);
    assert.equal(code, 1);
    assert.match(stderr, /alert handshake_failure/);
    await said(/no-common-signature-scheme/);
    assert.equal((await pureTls([...args, 'ed25519,ECDSA_SECP256R1_SHA256'])).code, 0);
  });

  it('chooses the versions', async (t) => {
    const files = certificates(t);
    const { port } = await serve(t, serverArgs(files, '--echo', '--tls', '1.3'));
    const args = ['connect', `localhost:${port}`, '--ca', files('ca.pem'), '--tls'];
    for (const versions of ['1.3', '1.2,1.3', '1.3,1.2']) {
      const { code, stderr } = await pureTls([...args, versions]);
      assert.equal(code, 0);
      assert.match(stderr, /connected: TLS 1\.3/);
    }
    const older = await pureTls([...args, '1.2']);
    assert.equal(older.code, 1);
    assert.match(older.stderr, /alert protocol_version/);
    await failsWith(['localhost:1', '--tls', '1.1'], 2, /'1\.1' is no version; there are 1\.3, 1\.2/);
    await failsWith(['localhost:1', '--tls', '1.3,1.3'], 2, /versions must not name one twice/);
  });

  it('limits the records of the other side', async (t) => {
    const files = certificates(t);
    const { port, said } = await serve(t, serverArgs(files, '--echo', '--record-size-limit', '500'));
    const args = ['connect', `localhost:${port}`, '--ca', files('ca.pem'), '--record-size-limit'];
    const limited = await pureTls([...args, '64', '--trace'], { input: 'x'.repeat(2000) });
    assert.equal(limited.code, 0);
    assert.equal(limited.stdout, 'x'.repeat(2000));
    assert.match(limited.stderr, /connected: .*, records of at most 500 bytes,/);
    await said(/connected: .*, records of at most 64 bytes\n/);
    const silent = await pureTls([...args, 'none']);
    assert.doesNotMatch(silent.stderr, /records of at most/);
    await failsWith(['localhost:1', '--record-size-limit', '63'], 2, /64 to 16385/);
    await failsWith(['localhost:1', '--record-size-limit', 'few'], 2, /--record-size-limit/);
  });

  it('pads what either side sends', async (t) => {
    const files = certificates(t);
    const { port } = await serve(t, serverArgs(files, '--echo', '--padding', 'random:99', '--pad-handshake'));
    const args = ['connect', `localhost:${port}`, '--ca', files('ca.pem'), '--padding'];
    for (const padding of ['none', 'multiple:100', 'length:64', 'random:16384']) {
      const { code, stdout } = await pureTls([...args, padding], { input: 'x'.repeat(2000) });
      assert.deepEqual([code, stdout], [0, 'x'.repeat(2000)]);
    }
    await failsWith(['localhost:1', '--padding', 'much'], 2, /wants multiple:BYTES/);
    await failsWith(['localhost:1', '--padding', 'length:63'], 2, /64 to 16384/);
    await failsWith(['localhost:1', '--padding', 'random:-1'], 2, /--padding must be a number/);
    await failsWith(['localhost:1', '--pad-handshake'], 2, /padHandshake/);
  });

  it('compresses certificates where both sides say so', async (t) => {
    const files = certificates(t);
    const { port } = await serve(t, serverArgs(files, '--echo', '--compress-certificates'));
    const args = ['connect', `localhost:${port}`, '--ca', files('ca.pem'), '--trace'];
    const compressed = await pureTls([...args, '--compress-certificates']);
    assert.equal(compressed.code, 0);
    assert.match(compressed.stderr, /← CompressedCertificate .* algorithm brotli · uncompressed \d+ bytes/);
    const plain = await pureTls(args);
    assert.equal(plain.code, 0);
    assert.match(plain.stderr, /← Certificate /);
  });

  it('is refused where an option lacks its other half', async () => {
    await failsWith(['localhost:1', '--cert', 'chain.pem'], 2, /--key is missing/);
    await failsWith(['localhost:1', '--key', 'key.pem'], 2, /--cert is missing/);
    await failsWith(['localhost:1', '--sigalgs', 'md5'], 2, /'md5' is no signature scheme/);
  });

  it('is refused where clients must show certificates of nobody', async (t) => {
    const files = certificates(t);
    const args = [...serverArgs(files), '--port', '0', '--require-client-cert'];
    await assert.rejects(commands.serve.run(args), { exitCode: 2, message: /needs --client-ca/ });
  });
});

function assertRefused({ code, stderr }: Outcome, message: RegExp): void {
  assert.equal(code, 1, stderr);
  assert.match(stderr, message);
}

async function failsWith(args: readonly string[], exitCode: 1 | 2, message: RegExp): Promise<void> {
  await assert.rejects(commands.connect.run(args), { exitCode, message });
}

function certificates(t: TestContext): (name: string) => string {
  return folder(t, {
    'ca.pem': pem.authority,
    'chain.pem': pem.chain,
    'key.pem': pem.key,
    'stranger.pem': stranger.chain,
    'stranger.key': stranger.key,
  });
}

function serverArgs(files: (name: string) => string, ...more: readonly string[]): readonly string[] {
  return ['--cert', files('chain.pem'), '--key', files('key.pem'), ...more];
}
