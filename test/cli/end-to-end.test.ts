import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { describe, it, type TestContext } from 'node:test';
import { noble } from '../../nocrypto/index.ts';
import type { Command } from '../../src/cli/command.ts';
import { commands } from '../../src/cli/commands.ts';
import { demoCredentials } from '../../src/cli/demo-credentials.ts';
import { wrapServer } from '../../src/flow/index.ts';
import { flowFromSocket } from '../../src/flow/node/index.ts';
import { serverConfig } from '../../src/index.ts';
import { folder, type Outcome, pureTls, serve } from './process.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const goodCredentials = demoCredentials(Date.now());
const good = goodCredentials.pem;
const expired = demoCredentials(Date.now() - DAY).pem;

describe('pure-tls connect and serve', () => {
  it('carry standard input there and back, and half-close at its end', async (t) => {
    const files = certificates(t);
    const { port, said } = await serve(t, serverArgs(files, '--echo'));
    const input = 'over and out\n'.repeat(20_000);
    const { code, stdout, stderr } = await pureTls(
      ['connect', `localhost:${port}`, '--ca', files('ca.pem')],
      { input },
    );
    assert.equal(stdout, input);
    assert.match(
      stderr,
      /^connected: TLS 1\.3, TLS_AES_128_GCM_SHA256, X25519MLKEM768, .*CN=pure-tls demo server\n$/,
    );
    assert.equal(code, 0);
    await said(/connected: TLS 1\.3.*\n.* closed\n/);
  });

  it('show the page, over HTTP/1.1, with what was agreed on', async (t) => {
    const files = certificates(t);
    const { port } = await serve(t, serverArgs(files));
    const { code, stdout } = await pureTls(
      [
        'connect',
        `127.0.0.1:${port}`,
        '--ca',
        files('ca.pem'),
        '--alpn',
        'http/1.1',
        '--groups',
        'secp256r1',
      ],
      { input: 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n' },
    );
    assert.equal(code, 0);
    assert.match(stdout, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(stdout, /<td>secp256r1<\/td>/);
    assert.match(stdout, /── ClientHello ──/);
  });

  it('end when the peer closes, though the input stays open', async (t) => {
    const files = certificates(t);
    const config = serverConfig({ crypto: noble, credentials: [goodCredentials.server] });
    assert.ok(config.ok);
    const { port } = await listening(t, async (socket) => {
      const connection = await wrapServer(flowFromSocket(socket), config.value);
      await connection.write(Buffer.from('bye'));
      await connection.close();
    });
    const args = ['connect', `localhost:${port}`, '--ca', files('ca.pem')];
    const { code, stdout } = await pureTls(args, { input: undefined });
    assert.equal(stdout, 'bye');
    assert.equal(code, 0);
  });

  it('say when the peer hangs up without a word, and keep what came before', async (t) => {
    const files = certificates(t);
    const config = serverConfig({ crypto: noble, credentials: [goodCredentials.server] });
    assert.ok(config.ok);
    const { port } = await listening(t, async (socket) => {
      const connection = await wrapServer(flowFromSocket(socket), config.value);
      await connection.write(Buffer.from('but'));
      socket.end();
    });
    const args = ['connect', `localhost:${port}`, '--ca', files('ca.pem')];
    const { code, stdout, stderr } = await pureTls(args, { input: undefined });
    assert.equal(stdout, 'but');
    assert.match(stderr, /truncation/);
    assert.equal(code, 1);
  });

  it('trace the handshake and log its keys, on request only', async (t) => {
    const files = certificates(t);
    const { port, stderr: heard } = await serve(t, serverArgs(files, '--echo'));
    const keylog = files('keys.txt');
    const args = ['connect', `localhost:${port}`, '--ca', files('ca.pem'), '--trace', '--keylog', keylog];
    const { code, stderr } = await pureTls(args);
    assert.equal(code, 0);
    assert.match(stderr, /^→ ClientHello {2}/m);
    assert.match(stderr, /^◆ receiving under application keys$/m);
    const lines = readFileSync(keylog, 'utf8').trimEnd().split('\n');
    // RFC 9850 §2: label, client random, secret.
    for (const line of lines) assert.match(line, /^[A-Z_0-9]+ [0-9a-f]{64} [0-9a-f]{64}$/);
    assert.ok(lines.some((line) => line.startsWith('SERVER_TRAFFIC_SECRET_0 ')));
    for (const line of lines) assert.ok(!stderr.includes(line.split(' ')[2] ?? ''));
    assert.equal(statSync(keylog).mode & 0o077, 0);
    assert.doesNotMatch(heard(), /ClientHello/);
  });

  it('refuse a server that is not who it should be, in one line that says what to do', async (t) => {
    const files = certificates(t);
    const { port, said } = await serve(t, serverArgs(files, '--echo'));
    const late = await serve(t, ['--cert', files('expired.pem'), '--key', files('expired.key'), '--echo']);

    const cases: readonly (readonly [args: readonly string[], reason: RegExp, alert: string])[] = [
      [
        [`localhost:${port}`, '--ca', files('ca.pem'), '--servername', 'other.example'],
        /name-mismatch.*other\.example.*--servername/,
        'bad_certificate',
      ],
      [[`localhost:${port}`], /unknown-issuer.*--ca/, 'unknown_ca'],
      [
        [`localhost:${port}`, '--ca', files('namesake.pem')],
        /(unknown-issuer|bad-signature)/,
        '(unknown_ca|bad_certificate)',
      ],
    ];
    for (const [args, reason, alert] of cases) {
      failedWith(await pureTls(['connect', ...args]), 1, reason);
      await said(new RegExp(`failed: the peer ended the connection with the alert ${alert}`));
    }
    failedWith(
      await pureTls(['connect', `localhost:${late.port}`, '--ca', files('expired-ca.pem')]),
      1,
      /expired/,
    );
    await late.said(/alert certificate_expired/);
    // Only --insecure, loudly, accepts it.
    const insecure = await pureTls(['connect', `localhost:${late.port}`, '--insecure']);
    assert.equal(insecure.code, 0);
    assert.match(insecure.stderr, /^WARNING: --insecure/);
  });

  it('agree by a pinned key alone, whatever the name, and by no other one', async (t) => {
    const files = certificates(t);
    const { port } = await serve(t, serverArgs(files, '--echo'));
    const { stdout } = await pureTls(['inspect', files('chain.pem')]);
    const digest = /key SHA-256 +([0-9a-f:]+)\n/.exec(stdout)?.[1] ?? assert.fail(stdout);
    const args = ['connect', `localhost:${port}`, '--servername', 'other.example', '--pin'];
    assert.equal((await pureTls([...args, `key:sha256:${digest}`])).code, 0);
    failedWith(await pureTls([...args, `certificate:sha256:${digest}`]), 1, /not-pinned/);
    failedWith(await pureTls([...args, 'key:sha256:00']), 2, /64 hexadecimal digits/);
  });

  it('agree by raw keys at both ends, and by no other ones', async (t) => {
    const files = certificates(t);
    const rawKey = ['--raw-key', files('key.pem')];
    const { stdout } = await pureTls(['inspect', files('chain.pem')]);
    const digest = /key SHA-256 +([0-9a-f:]+)\n/.exec(stdout)?.[1] ?? assert.fail(stdout);
    const pin = `key:sha256:${digest.replaceAll(':', '')}`;
    const { port, said } = await serve(t, [...rawKey, '--echo', '--client-raw-pin', pin]);
    await said(new RegExp(`the raw key is ${pin}\n`));
    const args = ['connect', `localhost:${port}`, '--raw-pin'];
    const agreed = await pureTls([...args, pin, ...rawKey], { input: 'over' });
    assert.deepEqual([agreed.code, agreed.stdout], [0, 'over']);
    assert.match(agreed.stderr, new RegExp(`^connected: .*peer ${pin}\n$`));
    await said(new RegExp(`connected: .*peer ${pin}\n`));
    failedWith(await pureTls([...args, pin]), 1, /unsupported_certificate/);
    failedWith(await pureTls([...args, `key:sha256:${'00'.repeat(32)}`, ...rawKey]), 1, /not-pinned/);
    failedWith(await pureTls([...args, 'certificate:sha256:00']), 2, /begins with key:sha256:/);
  });

  it('go on serving after any bad client', async (t) => {
    const files = certificates(t);
    const { port, said, stderr } = await serve(t, serverArgs(files, '--echo'));
    const hello = Buffer.from([22, 3, 1, 0, 4, 1, 0, 0, 0]);
    for (const bytes of [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.alloc(70_000, 22),
      hello,
      Buffer.alloc(0),
    ]) {
      const socket = connect(port, '127.0.0.1').on('error', () => {});
      socket.end(bytes).resume();
      await once(socket, 'close');
    }
    const reset = connect(port, '127.0.0.1');
    await once(reset, 'connect');
    reset.resetAndDestroy();
    await said(/(failed: .*\n.*){5}/);
    const { code, stdout } = await pureTls(['connect', `localhost:${port}`, '--ca', files('ca.pem')], {
      input: 'still there?',
    });
    assert.equal(stdout, 'still there?');
    assert.equal(code, 0);
    assert.doesNotMatch(stderr(), /^ +at /m);
  });
});

describe('pure-tls on the command line', () => {
  it('fails in one line with an exit code of its own for a senseless command line', async () => {
    failedWith(
      await pureTls(['connect', 'localhost:1', '--nope']),
      2,
      /Unknown option '--nope'; try 'pure-tls connect --help'/,
    );
    failedWith(await pureTls(['frobnicate']), 2, /'frobnicate' is no command/);
    failedWith(await pureTls([]), 2, /--help/);
  });

  it('explains itself', async () => {
    const { code, stdout, stderr } = await pureTls(['--help']);
    assert.equal(code, 0);
    assert.equal(stderr, '');
    assert.match((await pureTls(['serve', '--help'])).stdout, /^usage: pure-tls serve /);
    assert.match((await pureTls(['--version'])).stdout, /^pure-tls \d+\.\d+\.\d+\n$/);
    const helps = Object.entries(commands).map(([name, { help }]) => {
      assert.match(help, new RegExp(`^usage: pure-tls ${name}`));
      assert.match(stdout, new RegExp(`^  ${name} `, 'm'));
      return help;
    });
    for (const help of [stdout, ...helps]) {
      assert.match(help, /exit codes: /);
      assert.ok(help.split('\n').every((line) => line.length <= 100));
    }
  });

  it('verifies chains', async (t) => {
    const files = certificates(t);
    const args = (...more: readonly string[]) => ['--ca', files('ca.pem'), ...more, files('chain.pem')];
    const accepted = await pureTls(['verify', ...args('--host', 'LOCALHOST.')]);
    assert.equal(accepted.code, 0);
    assert.match(
      accepted.stdout,
      /^accepted for localhost at .*\nCN=pure-tls demo CA \(trusted\)\n└─ CN=pure-tls demo server\n$/,
    );
    failedWith(await pureTls(['verify', ...args('--host', 'example.com')]), 1, /name-mismatch/);
    const refused = (message: RegExp, ...more: readonly string[]) =>
      assert.rejects(commands.verify.run(args(...more)), { exitCode: 1, message });
    await refused(/name-mismatch/, '--host', '127.0.0.2');
    await refused(/not-yet-valid.*2020-01-31T00:00:00Z/, '--host', 'localhost', '--at', '2020-01-31');
    const later = new Date(Date.now() + DAY).toISOString().replace(/\.\d+Z/, 'Z');
    await refused(/expired/, '--host', 'localhost', '--at', later);
  });

  it('inspects certificates, keys and other DER, and shows no private key', async (t) => {
    const files = certificates(t, { 'tree.der': Uint8Array.of(0x30, 3, 2, 1, 5), noise: 'just text' });
    const certificate = await pureTls(['inspect', files('chain.pem')]);
    assert.equal(certificate.code, 0);
    assert.match(
      certificate.stdout,
      /subject +CN=pure-tls demo server[\s\S]*subjectAltName +DNS:localhost\n +IP:127\.0\.0\.1/,
    );
    const key = await pureTls(['inspect', files('key.pem')]);
    assert.equal(key.stdout.split('\n').length, 4);
    assert.match(
      key.stdout,
      /^private key\n {2}EC on secp256r1\n {2}SHA-256 of its public key ([0-9a-f]{2}:){31}[0-9a-f]{2}\n$/,
    );
    assert.match((await pureTls(['inspect', files('tree.der')])).stdout, /SEQUENCE\n.*INTEGER 5\n$/);
    failedWith(await pureTls(['inspect', files('noise')]), 1, /neither PEM nor DER/);
  });

  it('shows the demo, without openssl too', async () => {
    const folders = () => readdirSync(tmpdir()).filter((name) => /^pure-tls-[^-]+$/.test(name));
    const before = folders();
    const [full, alone] = await inPairs([process.env, { ...process.env, PATH: '' }], (environment) =>
      pureTls(['demo'], { input: '', environment }),
    );
    assert.equal(full?.code, 0, full?.stderr);
    assert.match(
      full.stdout,
      /── ClientHello ─[\s\S]*══ Finished ═[\s\S]*alert: close_notify[\s\S]*X25519MLKEM768/,
    );
    assert.ok(full.stdout.split('\n').every((line) => line.length <= 100));
    assert.doesNotMatch(full.stdout, /\p{Cc}(?<!\n)/u);
    assert.deepEqual(folders(), before);
    assert.equal(alone?.code, 0, alone?.stderr);
    assert.match(alone.stdout, /openssl was not found/);
    if (!full.stdout.includes('openssl was not found'))
      assert.match(full.stdout, /openssl on: Verification +OK/);
  });
});

describe('a command', () => {
  it('refuses what it cannot work with, and says why', async (t) => {
    const files = certificates(t, {
      'empty.pem': '',
      'bad.pem': '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n',
    });
    const closed = await closedPort(t);
    const { connect, serve, verify, inspect } = commands;
    const cases: readonly (readonly [
      command: Command,
      args: readonly string[],
      exitCode: 1 | 2,
      message: RegExp,
    ])[] = [
      [connect, [`127.0.0.1:${closed}`], 1, /nothing is listening there \(ECONNREFUSED\)/],
      [connect, [`localhost:${closed}`], 1, /nothing is listening there \(ECONNREFUSED\)/],
      [connect, ['localhost:1', '--ca', files('none.pem')], 1, /none\.pem: there is no such file/],
      [
        connect,
        ['localhost:1', '--ca', files('empty.pem')],
        1,
        /empty\.pem is no list of CA certificates: no CERTIFICATE/,
      ],
      [inspect, [files('.')], 1, /it is a directory/],
      [connect, ['localhost:1', '--keylog', files('no/such/folder')], 1, /cannot write/],
      [connect, ['localhost'], 2, /'localhost' is not HOST:PORT/],
      [connect, ['[::1]:http'], 2, /'http'/],
      [connect, ['localhost:1', '--groups', 'x25520'], 2, /'x25520' is no group/],
      [connect, ['localhost:1', '--ciphers', 'RC4'], 2, /'RC4' is no cipher suite/],
      [connect, ['localhost:1', '--alpn', ''], 2, /applicationProtocols/],
      [connect, ['localhost:1', '--servername', 'ex ample'], 2, /serverName/],
      [connect, ['localhost:1', '--insecure', '--ca', files('ca.pem')], 2, /exclude each other/],
      [connect, [], 2, /HOST:PORT is missing/],
      [serve, ['--port', '0'], 2, /--cert is missing/],
      [serve, ['--port', '70000'], 2, /70000/],
      [serve, serverArgs(files, '--port', '0', 'more'), 2, /'more' is not wanted/],
      [
        serve,
        ['--port', '0', '--cert', files('chain.pem'), '--key', files('expired.key')],
        1,
        /expired\.key/,
      ],
      [serve, ['--port', '0', '--cert', files('bad.pem'), '--key', files('key.pem')], 1, /bad\.pem/],
      [
        serve,
        ['--port', '0', '--cert', files('chain.pem'), '--key', files('ca.pem')],
        1,
        /no usable private key/,
      ],
      [serve, serverArgs(files, '--port', '0', '--host', '192.0.2.1'), 1, /this machine has no such address/],
      [verify, ['--ca', files('ca.pem'), '--host', 'localhost'], 2, /CHAIN is missing/],
      [verify, ['--ca', files('ca.pem'), '--host', 'a b', files('chain.pem')], 2, /--host/],
      [verify, ['--ca', files('ca.pem'), '--host', 'a', '--at', 'noon', files('chain.pem')], 2, /noon/],
      [verify, ['--ca', files('ca.pem'), '--host', 'a', files('bad.pem')], 1, /bad\.pem/],
      [inspect, [files('none')], 1, /there is no such file/],
      [commands.demo, ['more'], 2, /'more' is not wanted/],
    ];
    for (const [command, args, exitCode, message] of cases) {
      await assert.rejects(command.run(args), { exitCode, message }, args.join(' '));
    }
  });
});

function failedWith({ code, stdout, stderr }: Outcome, expected: 1 | 2, message: RegExp): void {
  assert.equal(code, expected, stderr);
  assert.equal(stdout, '');
  assert.match(stderr, /^pure-tls[^\n]*\n$/);
  assert.match(stderr, message);
}

function certificates(
  t: TestContext,
  more: Readonly<Record<string, string | Uint8Array>> = {},
): (name: string) => string {
  return folder(t, {
    'ca.pem': good.authority,
    'chain.pem': good.chain,
    'key.pem': good.key,
    'expired-ca.pem': expired.authority,
    // Another authority of the same name.
    'namesake.pem': demoCredentials(Date.now()).pem.authority,
    'expired.pem': expired.chain,
    'expired.key': expired.key,
    ...more,
  });
}

function serverArgs(files: (name: string) => string, ...more: readonly string[]): readonly string[] {
  return ['--cert', files('chain.pem'), '--key', files('key.pem'), ...more];
}

/** A port on which nobody listens any more. */
async function closedPort(t: TestContext): Promise<number> {
  const { port, server } = await listening(t, async () => {});
  server.close();
  await once(server, 'close');
  return port;
}

/** A server on loopback, until the test is over. */
async function listening(
  t: TestContext,
  attend: (socket: Socket) => Promise<void>,
): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => void attend(socket)).listen(
    0,
    '127.0.0.1',
  );
  t.after(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  return { port: typeof address === 'object' && address !== null ? address.port : 0, server };
}

/** Two processes at a time: more only waits for each other. */
async function inPairs<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  for (let i = 0; i < items.length; i += 2)
    results.push(...(await Promise.all(items.slice(i, i + 2).map(run))));
  return results;
}
