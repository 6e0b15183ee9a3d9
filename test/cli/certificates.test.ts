import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Command } from '../../src/cli/command.ts';
import { commands } from '../../src/cli/commands.ts';
import { decodeCertificate, decodePem, extensionValue } from '../../x509/index.ts';
import { openssl, opensslAgrees, skipWithoutOpenssl } from '../x509/openssl.ts';
import { type Outcome, pureTls } from './process.ts';

const place = mkdtempSync(join(tmpdir(), 'pure-tls-ca-'));
const at = (name: string) => join(place, name);
after(() => rmSync(place, { recursive: true, force: true }));

const HOST = 'www.example.com';

const ca = async (kind: string, out: string, ...args: readonly string[]): Promise<Outcome> =>
  pureTls(['ca', kind, '--out', at(out), ...args]);

const verify = async (name: string, ...args: readonly string[]): Promise<Outcome> =>
  pureTls(['verify', at(name), '--ca', at('root.pem'), ...args]);

const made = ({ code, stderr }: Outcome) => assert.equal(code, 0, stderr);

/** In this process, which is faster: a command that fails prints nothing and throws one line. */
const refused = async (command: Command, args: readonly string[], exitCode: number, message: RegExp) =>
  assert.rejects(command.run(args), { exitCode, message });

const notVerified = (name: string, args: readonly string[], exitCode: number, message: RegExp) =>
  refused(commands.verify, [at(name), '--ca', at('root.pem'), ...args], exitCode, message);

const certificateIn = (name: string) => {
  const blocks = decodePem(readFileSync(at(name), 'latin1'));
  const decoded = decodeCertificate((blocks.ok && blocks.value[0]?.bytes) || new Uint8Array());
  return decoded.ok ? decoded.value : assert.fail(`${name} holds no certificate`);
};

before(async () => {
  made(await ca('root', 'root', '--name', 'Test root', '--permit', 'example.com'));
  const inner = ['--name', 'Test CA', '--issuer', at('root'), '--path-length', '0', '--policy', '1.2.3'];
  made(await ca('intermediate', 'inner', ...inner));
  made(
    await ca(
      ...(['server', 'server', '--issuer', at('inner'), '--host', HOST, '--host', '192.0.2.1'] as const),
      ...(['--policy', '1.2.3', '--crl-url', 'http://crl.example.com/'] as const),
    ),
  );
  made(await ca('client', 'client', '--issuer', at('inner'), '--name', 'Jo', '--email', 'jo@example.com'));
});

describe('pure-tls ca', () => {
  it('makes a root, an intermediate, a server and a client that are accepted', async () => {
    const server = await verify('server.pem', '--host', HOST);
    assert.equal(server.code, 0, server.stderr);
    assert.match(
      server.stdout,
      /^accepted for www\.example\.com at .*Z\nCN=Test root \(trusted\)\n└─ CN=Test CA\n {3}└─ CN=www\.example\.com\npolicies: 1\.2\.3\n$/,
    );
    const client = await verify('client.pem', '--email', 'jo@example.com', '--purpose', 'client');
    assert.equal(client.code, 0, client.stderr);
    await notVerified('client.pem', ['--any-name'], 1, /wrong-extended-key-usage/);
  });

  it('lets nobody but the owner read a key', () => {
    for (const name of ['root', 'inner', 'server', 'client']) {
      assert.equal(statSync(at(`${name}.key`)).mode & 0o777, 0o600);
    }
  });

  it('replaces files with --force only, and then does not keep the mode of the old key', async () => {
    writeFileSync(at('taken.key'), 'something', { mode: 0o644 });
    const args = ['--name', 'Taken'] as const;
    await refused(commands.ca, ['root', '--out', at('taken'), ...args], 1, /taken\.key: it exists.*--force/);
    assert.equal(readFileSync(at('taken.key'), 'utf8'), 'something');
    made(await ca('root', 'taken', ...args, '--force'));
    assert.equal(statSync(at('taken.key')).mode & 0o777, 0o600);
    assert.match(readFileSync(at('taken.key'), 'utf8'), /PRIVATE KEY/);
  });

  it('says what is wrong with its arguments', async () => {
    const issuer = ['--issuer', at('inner')] as const;
    const rows: readonly (readonly [args: readonly string[], code: number, message: RegExp])[] = [
      [[], 2, /root, intermediate, .* is wanted/],
      [['key'], 2, /not 'key'/],
      [['root', '--name', 'x'], 2, /--out is missing/],
      [['root', '--out', at('x'), '--name', 'x', '--host', HOST], 2, /--host does not go with root/],
      [['server', '--out', at('x'), ...issuer], 2, /--host is missing/],
      [['server', '--out', at('x'), ...issuer, '--host', 'a b'], 2, /--host must be/],
      [['client', '--out', at('x'), ...issuer, '--name', 'x', '--key', 'dsa'], 2, /'dsa' is no kind of key/],
      [['root', '--out', at('x'), '--name', 'x', '--days', '0'], 2, /--days/],
      [['root', '--out', at('none/x'), '--name', 'x'], 1, /there is no such file/],
      [['client', '--out', at('x'), '--issuer', at('none'), '--name', 'x'], 1, /cannot read .*none\.pem/],
      [['crl', '--out', at('x'), ...issuer, '--revoke', at('inner.pem')], 1, /that CN=Test CA has issued/],
      [['ocsp', '--out', at('x'), ...issuer], 2, /--certificate is missing/],
    ];
    for (const [args, code, message] of rows) await refused(commands.ca, args, code, message);
  });

  it('makes what openssl accepts', { skip: skipWithoutOpenssl }, async () => {
    const trusted = ['-CAfile', at('root.pem'), '-untrusted', at('server.pem')] as const;
    assert.ok(opensslAgrees(['verify', ...trusted, '-verify_hostname', HOST, at('server.pem')]));
    assert.ok(opensslAgrees(['verify', ...trusted, '-purpose', 'sslclient', at('client.pem')]));
    made(await ca('crl', 'openssl.crl', '--issuer', at('inner'), '--revoke', at('client.pem')));
    const checked = ['verify', ...trusted, '-crl_check', '-CRLfile', at('openssl.crl')] as const;
    assert.ok(opensslAgrees([...checked, at('server.pem')]));
    assert.ok(!opensslAgrees([...checked, at('client.pem')]));
    made(await ca('responder', 'responder', '--issuer', at('inner')));
    const query = ['ocsp', '-issuer', at('inner.pem'), '-cert', at('server.pem')] as const;
    openssl([...query, '-reqout', at('request.der')]);
    made(
      await ca(
        ...(['ocsp', 'answer.der', '--issuer', at('inner'), '--certificate', at('server.pem')] as const),
        ...(['--responder', at('responder'), '--request', at('request.der')] as const),
      ),
    );
    const answer = openssl([...query, '-no_nonce', '-respin', at('answer.der'), '-CAfile', at('root.pem')]);
    assert.match(answer.toString(), /server\.pem: good/);
    const nonce = async (name: string) => {
      const { stdout } = await pureTls(['inspect', at(name)]);
      return /nonce +([0-9a-f:]+)\n/.exec(stdout)?.[1] ?? assert.fail(stdout);
    };
    assert.equal(await nonce('answer.der'), await nonce('request.der'));
  });
});

describe('pure-tls verify', () => {
  it('looks at CRLs and OCSP responses', async () => {
    made(
      await ca(
        'crl',
        'first.crl',
        '--issuer',
        at('inner'),
        '--revoke',
        at('client.pem'),
        '--reason',
        'superseded',
      ),
    );
    made(
      await ca(
        'crl',
        'second.crl',
        '--issuer',
        at('inner'),
        '--revoke',
        at('server.pem'),
        '--previous',
        at('first.crl'),
      ),
    );
    made(await ca('ocsp', 'good.der', '--issuer', at('inner'), '--certificate', at('server.pem')));
    const server = (...args: readonly string[]) => verify('server.pem', '--host', HOST, ...args);
    const notServed = (args: readonly string[], code: number, message: RegExp) =>
      notVerified('server.pem', ['--host', HOST, ...args], code, message);
    assert.match(
      (await server('--crl', at('first.crl'))).stdout,
      /CN=www\.example\.com, not revoked by a CRL/,
    );
    assert.match((await server('--ocsp', at('good.der'))).stdout, /not revoked by an OCSP response/);
    await notServed(['--crl', at('second.crl')], 1, /revoked/);
    await notServed(['--crl', at('second.crl'), '--ocsp', at('good.der')], 1, /revoked/);
    await notServed(['--revocation', 'require'], 1, /revocation-unknown/);
    await notServed(
      ['--crl', at('first.crl'), '--revocation-scope', 'path'],
      1,
      /revocation-unknown: CN=Test CA \(depth 1/,
    );
    const client = ['--any-name', '--purpose', 'client', '--crl', at('second.crl')] as const;
    await notVerified('client.pem', [...client], 1, /revoked at .* \(superseded\)/);
  });

  it('answers in JSON', async () => {
    const accepted = await verify('server.pem', '--host', HOST, '--json');
    assert.equal(accepted.code, 0);
    const { path, anchor, ...rest } = JSON.parse(accepted.stdout);
    assert.deepEqual([rest.accepted, rest.for, rest.policies], [true, HOST, ['1.2.3']]);
    assert.deepEqual(
      path.map(({ subject }: { readonly subject: string }) => subject),
      ['CN=www.example.com', 'CN=Test CA'],
    );
    assert.match(anchor.sha256, /^[0-9a-f]{64}$/);
    const refused = await verify('server.pem', '--host', 'example.org', '--json');
    assert.equal(refused.code, 1);
    const { accepted: verdict, reason, certificate } = JSON.parse(refused.stdout);
    assert.deepEqual([verdict, reason, certificate.depth], [false, 'name-mismatch', 0]);
  });

  it('finds the path with certificates from elsewhere, and trusts what it is told to', async () => {
    const [leaf = ''] = readFileSync(at('server.pem'), 'utf8').split(/(?<=END CERTIFICATE-----\n)/);
    writeFileSync(at('alone.pem'), leaf);
    await notVerified('alone.pem', ['--any-name'], 1, /unknown-issuer/);
    assert.equal((await verify('alone.pem', '--any-name', '--untrusted', at('inner.pem'))).code, 0);
    assert.equal((await verify('alone.pem', '--any-name', '--ca', at('inner.pem'))).code, 0);
    await notVerified('alone.pem', ['--any-name', '--ca', at('alone.pem')], 1, /the leaf/);
    const trusted = await verify('alone.pem', '--any-name', '--ca', at('alone.pem'), '--trust-leaf');
    assert.match(trusted.stdout, /^accepted for anybody at .*\nCN=www\.example\.com \(trusted\)\n/);
    await refused(commands.verify, [at('server.pem'), '--any-name'], 1, /unknown-issuer/);
  });

  it('asks for policies and profiles', async () => {
    const server = (...args: readonly string[]) => verify('server.pem', '--any-name', ...args);
    const notServed = (args: readonly string[], code: number, message: RegExp) =>
      notVerified('server.pem', ['--any-name', ...args], code, message);
    const explicit = (policy: string) => server('--policy', policy, '--explicit-policy');
    assert.match((await explicit('1.2.3')).stdout, /policies: 1\.2\.3/);
    await notServed(['--policy', '1.2.4', '--explicit-policy'], 1, /no-valid-policy/);
    assert.equal((await server('--profile', 'lenient')).code, 0);
    await notServed(['--policy', 'x'], 2, /object identifier/);
    await notServed(['--profile', 'strict'], 2, /web, rfc5280, lenient/);
    await refused(commands.verify, [at('server.pem')], 2, /one of --host, --email and --any-name/);
  });
});

describe('pure-tls inspect', () => {
  it('shows certificates, CRLs and OCSP responses', async () => {
    made(
      await ca(
        'crl',
        'shown.crl',
        '--issuer',
        at('inner'),
        '--revoke',
        at('client.pem'),
        '--reason',
        'keyCompromise',
      ),
    );
    made(
      await ca(
        'ocsp',
        'shown.der',
        '--issuer',
        at('inner'),
        '--certificate',
        at('client.pem'),
        '--status',
        'revoked',
      ),
    );
    const shown = async (name: string) => (await pureTls(['inspect', at(name)])).stdout;
    assert.match(
      await shown('server.pem'),
      /certificatePolicies +1\.2\.3\n +cRLDistributionPoints +URI:http/,
    );
    assert.match(await shown('root.pem'), /nameConstraints \(critical\) +permitted DNS:example\.com/);
    assert.match(await shown('shown.crl'), /revoked certificates +1\n.*\n.*\n +reasonCode +keyCompromise/);
    assert.match(
      await shown('shown.der'),
      /^OCSP response: successful\n[\s\S]*status +revoked at .*unspecified/,
    );
    assert.equal(extensionValue(certificateIn('inner.pem'), 'basicConstraints')?.pathLenConstraint, 0);
  });

  it('shows requests, encrypted keys and PKCS #12 files of openssl', {
    skip: skipWithoutOpenssl,
  }, async () => {
    writeFileSync(at('password'), 'hello\n');
    const opened = (name: string) => pureTls(['inspect', at(name), '--password-file', at('password')]);
    const key = ['-key', at('server.key'), '-subj', '/CN=asked'] as const;
    openssl(['req', '-new', ...key, '-addext', 'subjectAltName=DNS:a.example', '-out', at('request.pem')]);
    assert.match(
      (await opened('request.pem')).stdout,
      /^certification request\n +subject +CN=asked\n[\s\S]*which verifies\n[\s\S]*DNS:a\.example/,
    );
    openssl(['pkcs8', '-topk8', '-in', at('server.key'), '-passout', 'pass:hello', '-out', at('locked.pem')]);
    assert.match((await opened('locked.pem')).stdout, /^private key\n {2}EC on secp256r1\n/);
    const closed = await pureTls(['inspect', at('locked.pem')]);
    assert.equal(closed.code, 1);
    assert.match(closed.stdout, /^ENCRYPTED PRIVATE KEY: .*--password-file/);
    openssl(
      ['pkcs12', '-export', '-inkey', at('server.key'), '-in', at('server.pem')].concat([
        '-name',
        'Fred',
        '-passout',
        'pass:hello',
        '-out',
        at('bag.p12'),
      ]),
    );
    assert.match(
      (await opened('bag.p12')).stdout,
      /^PKCS #12\n {2}private key\n[\s\S]*friendly name +Fred[\s\S]*CN=Test CA/,
    );
  });

  it('shows any DER as a tree on request', async () => {
    const { stdout } = await pureTls(['inspect', '--tree', at('server.key')]);
    assert.match(stdout, /^PRIVATE KEY\nDER, .*\n.*SEQUENCE\n.*INTEGER 0\n/);
  });
});
