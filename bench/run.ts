/**
 * Runs the benchmarks: `npm run bench`, or `npm run bench -- bulk 64-byte` for those whose names contain one of the words.
 * `--quick` spends some 20 seconds on all of them, before the compilers have settled; `--cpu` counts processor time, for a machine that others use too;
 * `--json` prints one JSON value in place of tables, `--list` only names.
 */
import { parseArgs } from 'node:util';
import { type CryptoProvider, noble } from '../nocrypto/index.ts';
import { node } from '../nocrypto/node.ts';
import { decodeOne, makeChain, validateChain } from './certificates.ts';
import { makeFixture } from './fixtures.ts';
import { engineHandshake, fullHandshake, resumedHandshake } from './handshake.ts';
import { type Benchmark, type Measured, measure, type Timing } from './harness.ts';
import { loopback } from './loopback.ts';
import { type MemoryFigure, measureMemory } from './memory.ts';
import { bulk, engineRecords, smallRecords } from './records.ts';
import { describeMachine, machineLine, memoryTable, timingTable } from './report.ts';

const MEMORY = 'memory of an idle connection';

const { values, positionals } = parseArgs({
  options: {
    cpu: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const timing: Timing = {
  clock: values.cpu ? 'cpu' : 'wall',
  ...(values.quick ? { warmUp: 250, batch: 10, budget: 700 } : { warmUp: 3000, batch: 25, budget: 8000 }),
};
const connections = values.quick ? 100 : 500;

const fixture = makeFixture();
const chain = makeChain();
const providers: readonly CryptoProvider[] = [noble, node];
const benchmarks: readonly Benchmark[] = [
  ...providers.map((crypto) => fullHandshake(fixture, crypto)),
  ...providers.map((crypto) => resumedHandshake(fixture, crypto)),
  engineHandshake(fixture),
  ...providers.flatMap((crypto) => bulk(fixture, crypto)),
  ...loopback(fixture, node),
  ...providers.map((crypto) => smallRecords(fixture, crypto)),
  ...engineRecords(fixture),
  decodeOne(chain),
  ...providers.map((crypto) => validateChain(chain, crypto)),
];
const chosen = benchmarks.filter(({ name }) => isChosen(name));
const print = (text: string): void => {
  if (!values.json) console.log(text);
};

const names = [...chosen.map(({ name }) => name), ...(isChosen(MEMORY) ? [MEMORY] : [])];
if (names.length === 0) {
  console.error(`no benchmark is called anything like ${positionals.join(' or ')}; --list names them`);
  process.exitCode = 1;
} else if (values.list) {
  console.log(names.join('\n'));
} else {
  await runAll();
}

async function runAll(): Promise<void> {
  const machine = describeMachine();
  print(machineLine(machine));
  const times: Measured[] = [];
  for (const benchmark of chosen) {
    const measured = await measure(benchmark, timing);
    times.push(measured);
    print(`\n${timingTable(measured)}`);
  }
  const memory: readonly MemoryFigure[] = isChosen(MEMORY) ? await measureMemory(connections) : [];
  if (memory.length > 0) print(`\n${memoryTable(memory)}`);
  if (values.json) console.log(JSON.stringify({ machine, times, memory }, undefined, 2));
}

function isChosen(name: string): boolean {
  return positionals.length === 0 || positionals.some((word) => name.includes(word));
}
