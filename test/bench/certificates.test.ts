import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeOne, makeChain, validateChain } from '../../bench/certificates.ts';
import type { Benchmark } from '../../bench/harness.ts';
import { noble } from '../../nocrypto/index.ts';
import { encodeCertificate } from '../../x509/index.ts';

const chain = makeChain();

const contenders = async (benchmark: Benchmark) => {
  const { ours, peers } = await benchmark.prepare();
  return [ours, ...peers];
};

test('every library reads the certificate that is to be decoded', async () => {
  for (const { run } of await contenders(decodeOne(chain))) await run();
});

test('every library accepts the chain that is to be validated, and refuses it with another signature', async () => {
  const { leaf } = chain;
  const signature = leaf.signature.slice();
  signature[signature.length - 1] = (signature.at(-1) ?? 0) ^ 1;
  const forged = { ...leaf, der: encodeCertificate({ ...leaf, signature }) };
  for (const { run } of await contenders(validateChain(chain, noble))) await run();
  for (const { name, run } of await contenders(validateChain({ ...chain, leaf: forged }, noble))) {
    await assert.rejects(async () => run(), /./, name);
  }
});
