import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { bundledTrustAnchors, trustAnchorsFromPath } from '../../src/flow/node/index.ts';
import { anchorsOfSystem } from '../../src/flow/node/trust-anchors.ts';
import { type CollectedAnchors, decodePem, encodePem } from '../../x509/index.ts';

const [one = '', two = '', three = ''] = rootCertificates;
let folder = '';
const path = (name: string) => join(folder, name);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pure-tls-anchors-'));
  await writeFile(path('a.pem'), one);
  await writeFile(path('b.pem'), `two of them\n${one}\n${two}\n`);
  await writeFile(path('c.der'), derOf(three));
  await writeFile(path('broken.pem'), encodePem('CERTIFICATE', derOf(one).subarray(1)));
  await writeFile(path('README'), 'nothing to see');
  await symlink(path('a.pem'), path('1234abcd.0'));
  await symlink(path('gone.pem'), path('5678abcd.0'));
  await mkdir(path('inner'));
});
after(() => rm(folder, { recursive: true, force: true }));

function derOf(pem: string): Uint8Array {
  const blocks = decodePem(pem);
  return (blocks.ok && blocks.value[0]?.bytes) || assert.fail('no block');
}

/** Which of the three the anchors are; 0 for none of them. */
const numbers = ({ anchors }: CollectedAnchors) =>
  anchors.map(
    ({ certificate }) =>
      1 + [one, two, three].findIndex((pem) => Buffer.compare(derOf(pem), certificate.der) === 0),
  );

test('a file of certificates is read in its order, in PEM or DER', async () => {
  assert.deepEqual(numbers(await trustAnchorsFromPath(path('b.pem'))), [1, 2]);
  assert.deepEqual(numbers(await trustAnchorsFromPath(path('c.der'))), [3]);
});

test('a folder gives each certificate once, and says what it could not read', async () => {
  const found = await trustAnchorsFromPath(folder);
  assert.deepEqual(new Set(numbers(found)), new Set([1, 2, 3]));
  assert.equal(found.anchors.length, 3);
  const details = found.faults.map(({ detail }) => detail).join('\n');
  for (const name of ['broken.pem', '5678abcd.0']) {
    assert.ok(details.includes(name), `${name} in ${details}`);
  }
  assert.equal(found.faults.length, 2);
});

test('what is not there is an error of the system', async () => {
  await assert.rejects(trustAnchorsFromPath(path('none.pem')), { code: 'ENOENT' });
});

test('the roots of Node are all there', () => {
  const { anchors, faults } = bundledTrustAnchors();
  assert.deepEqual(faults, []);
  assert.equal(anchors.length, rootCertificates.length);
});

test('the roots of the system come from where its variables point, or else from the first place that is there', async () => {
  const places = [path('none.pem'), path('a.pem'), path('b.pem')];
  const system = (environment: Record<string, string>, ask?: unknown) =>
    anchorsOfSystem({ environment, ask, places }).then(numbers);
  assert.deepEqual(await system({}), [1]);
  assert.deepEqual(await system({ SSL_CERT_FILE: path('b.pem') }), [1, 2]);
  assert.equal((await system({ SSL_CERT_DIR: folder })).length, 3);
  assert.deepEqual(await system({ SSL_CERT_FILE: path('c.der'), SSL_CERT_DIR: '' }), [3]);
  await assert.rejects(system({ SSL_CERT_FILE: path('none.pem') }), { code: 'ENOENT' });
  await assert.rejects(anchorsOfSystem({ environment: {}, ask: undefined, places: [] }), /SSL_CERT_FILE/);
});

test('a Node that can ask the system is let ask it', async () => {
  const ask = (type: string) => (type === 'system' ? [one, two] : []);
  assert.deepEqual(numbers(await anchorsOfSystem({ environment: {}, ask, places: [] })), [1, 2]);
});
