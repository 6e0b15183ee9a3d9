import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hostAndPort, namesFrom, onlyPositional, parseArguments, portNumber } from '../../src/cli/command.ts';

const usage = { exitCode: 2 };

describe('HOST:PORT', () => {
  it('takes names, IPv4 addresses, and IPv6 addresses in brackets', () => {
    assert.deepEqual(hostAndPort('example.com:443'), { host: 'example.com', port: 443 });
    assert.deepEqual(hostAndPort('127.0.0.1:0'), { host: '127.0.0.1', port: 0 });
    assert.deepEqual(hostAndPort('[::1]:65535'), { host: '::1', port: 65_535 });
  });

  it('refuses everything else', () => {
    for (const text of [
      '',
      'example.com',
      'example.com:',
      ':443',
      '::1:443',
      '[::1]',
      '[]:1',
      'a:b:1',
      'a:65536',
      'a:-1',
      'a:1e3',
      'a: 1',
    ]) {
      assert.throws(() => hostAndPort(text), usage, text);
    }
  });
});

describe('command lines', () => {
  it('are refused in one sentence', () => {
    assert.throws(() => parseArguments(['--nope'], {}), { ...usage, message: "Unknown option '--nope'" });
    assert.throws(() => parseArguments(['--ca'], { ca: { type: 'string' } }), usage);
    assert.throws(() => parseArguments(['--trace=1'], { trace: { type: 'boolean' } }), usage);
  });

  it('have the positional arguments that are wanted', () => {
    assert.equal(onlyPositional(['a'], 'FILE'), 'a');
    assert.throws(() => onlyPositional([], 'FILE'), { ...usage, message: 'FILE is missing' });
    assert.throws(() => onlyPositional(['a', 'b'], 'FILE'), usage);
  });

  it('name ports and known things', () => {
    assert.equal(portNumber('0443'), 443);
    assert.throws(() => portNumber(''), usage);
    assert.deepEqual(namesFrom('B, a', ['A', 'B', 'C'], 'letter'), ['B', 'A']);
    assert.throws(() => namesFrom('a,,b', ['A', 'B'], 'letter'), usage);
    assert.throws(() => namesFrom('d', ['A', 'B'], 'letter'), {
      message: "'d' is no letter; there are A, B",
    });
  });
});
