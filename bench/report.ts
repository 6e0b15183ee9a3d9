import { availableParallelism, cpus, loadavg } from 'node:os';
import type { ComparedFigure, Figure, Measured } from './harness.ts';
import type { MemoryFigure } from './memory.ts';
import type { Interval } from './statistics.ts';

/** What the figures depend on. */
export interface Machine {
  readonly node: string;
  readonly openssl: string;
  readonly cpu: string;
  readonly cores: number;
  /** Processes that wanted to run, on average over the last minute: above 1 or so the figures are noisy. */
  readonly load: number;
}

export function describeMachine(): Machine {
  const { node, openssl } = process.versions;
  return {
    node,
    openssl,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    load: loadavg()[0] ?? 0,
  };
}

export function machineLine({ node, openssl, cpu, cores, load }: Machine): string {
  return `Node ${node}, OpenSSL ${openssl}, ${cpu}, ${cores} cores, load ${load.toFixed(1)}`;
}

/** A benchmark's lines: each contender's time and, for a peer, how it compares with ours. */
export function timingTable({ name, bytes, rounds, ours, peers }: Measured): string {
  const width = Math.max(...[ours, ...peers].map((figure) => figure.name.length));
  const line = (figure: Figure, more: string): string =>
    `  ${figure.name.padEnd(width)}  ${timeText(figure.time)}${throughput(figure, bytes)}${more}`;
  return [
    `${name} (${rounds} rounds)`,
    line(ours, ''),
    ...peers.map((peer) => line(peer, comparison(peer))),
  ].join('\n');
}

export function memoryTable(figures: readonly MemoryFigure[]): string {
  const width = Math.max(...figures.map(({ name }) => name.length));
  return [
    'memory of an idle connection',
    ...figures.map(
      ({ name, bytes, counted }) =>
        `  ${name.padEnd(width)}  ${(bytes / 1024).toFixed(1).padStart(5)} KiB ${counted}`,
    ),
  ].join('\n');
}

function comparison({ ratio, difference }: ComparedFigure): string {
  const { value, low, high } = difference;
  return (
    `   ratio ${ratio.value.toFixed(3)} [${ratio.low.toFixed(3)}, ${ratio.high.toFixed(3)}]` +
    `   ours − peer ${micros(value)} [${micros(low)}, ${micros(high)}]`
  );
}

function timeText({ value, low, high }: Interval): string {
  return `${micros(value).padStart(9)} (${micros(low)} – ${micros(high)})`.padEnd(34);
}

function throughput({ time }: Figure, bytes: number | undefined): string {
  return bytes === undefined ? '' : `${(bytes / time.value).toFixed(0).padStart(6)} MB/s`;
}

/** Three significant digits are more than such a measurement has. */
function micros(time: number): string {
  const size = Math.abs(time);
  return size >= 1000 ? `${(time / 1000).toPrecision(3)} ms` : `${time.toPrecision(3)} µs`;
}
