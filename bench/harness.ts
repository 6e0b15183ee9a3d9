import { performance } from 'node:perf_hooks';
import { type Interval, medianInterval, medianSpread } from './statistics.ts';

/** One thing to measure: ours beside its peers, which do the same work in the same run. */
export interface Benchmark {
  readonly name: string;
  /** Sets everything up that is not to be measured. */
  readonly prepare: () => Promise<Match>;
}

export interface Match {
  readonly ours: Contender;
  readonly peers: readonly Contender[];
  /** What one `run` of a contender is divided by: handshakes, records, … */
  readonly operations: number;
  /** Bytes of application data that one operation carries, when throughput is the question. */
  readonly bytes?: number;
  readonly close?: () => void;
}

export interface Contender {
  readonly name: string;
  readonly run: () => void | Promise<void>;
}

export interface Timing {
  /**
   * `wall`: time as it passes. `cpu`: the processor time of this process, with its threads for compiling and collecting;
   * the better one where other processes want the processor too.
   */
  readonly clock: 'wall' | 'cpu';
  /** Milliseconds each contender runs before anything counts: compilers and lazy tables settle. */
  readonly warmUp: number;
  /** Milliseconds a batch should last, so that the clock's grain and a single garbage collection weigh little. */
  readonly batch: number;
  /** Milliseconds of batches, of all contenders together. */
  readonly budget: number;
}

export interface Measured {
  readonly name: string;
  readonly bytes: number | undefined;
  readonly rounds: number;
  readonly ours: Figure;
  readonly peers: readonly ComparedFigure[];
}

export interface Figure {
  readonly name: string;
  /** Microseconds an operation takes: median and quartiles over the rounds. */
  readonly time: Interval;
}

export interface ComparedFigure extends Figure {
  /** The peer's time divided by ours, round by round: above 1 ours is faster. Median and its 95 % confidence interval. */
  readonly ratio: Interval;
  /** Our time without the peer's, in microseconds, likewise. */
  readonly difference: Interval;
}

/**
 * Measures in rounds: in each, every contender runs one batch, and every other round goes through them backwards. Noise
 * that lasts longer than a round (another process, a hot processor) then hits all alike, and drops out of the ratios.
 */
export async function measure({ name, prepare }: Benchmark, timing: Timing): Promise<Measured> {
  const match = await prepare();
  try {
    const ours = await warmUp(match.ours, timing);
    const peers: Lane[] = [];
    for (const contender of match.peers) peers.push(await warmUp(contender, timing));
    const rounds = await runRounds([ours, ...peers], match.operations, timing);
    return {
      name,
      bytes: match.bytes,
      rounds,
      ours: { name: ours.contender.name, time: medianSpread(ours.samples) },
      peers: peers.map((peer) => compare(ours.samples, peer)),
    };
  } finally {
    match.close?.();
  }
}

const LEAST_ROUNDS = 9;
/** Milliseconds. A clock that has not moved would else ask for batches without end. */
const CLOCK_GRAIN = 0.01;

/** A contender with what has been found out about it. */
interface Lane {
  readonly contender: Contender;
  /** How many runs make a batch. */
  readonly runs: number;
  /** Microseconds an operation took, a batch each. */
  readonly samples: number[];
}

async function runRounds(lanes: readonly Lane[], operations: number, timing: Timing): Promise<number> {
  const backwards = [...lanes].reverse();
  let rounds = 0;
  for (
    const start = performance.now();
    rounds < LEAST_ROUNDS || performance.now() - start < timing.budget;
  ) {
    for (const { contender, runs, samples } of rounds % 2 === 0 ? lanes : backwards) {
      samples.push((1000 * (await timeOf(contender, runs, timing.clock))) / (runs * operations));
    }
    rounds += 1;
  }
  return rounds;
}

function compare(ours: readonly number[], { contender, samples }: Lane): ComparedFigure {
  return {
    name: contender.name,
    time: medianSpread(samples),
    ratio: medianInterval(samples.map((time, round) => time / (ours[round] ?? Number.NaN))),
    difference: medianInterval(samples.map((time, round) => (ours[round] ?? Number.NaN) - time)),
  };
}

async function warmUp(contender: Contender, timing: Timing): Promise<Lane> {
  let runs = 1;
  let time = 0;
  for (const start = performance.now(); ; ) {
    time = await timeOf(contender, runs, timing.clock);
    if (performance.now() - start >= timing.warmUp) break;
    if (time < timing.batch / 2) runs *= 2;
  }
  return {
    contender,
    runs: Math.max(1, Math.round((runs * timing.batch) / Math.max(time, CLOCK_GRAIN))),
    samples: [],
  };
}

/** Milliseconds. What is synchronous is not awaited: a promise for each run would be measured too. */
async function timeOf({ run }: Contender, runs: number, clock: Timing['clock']): Promise<number> {
  const start = now(clock);
  for (let i = 0; i < runs; i++) {
    const pending = run();
    if (pending !== undefined) await pending;
  }
  return now(clock) - start;
}

function now(clock: Timing['clock']): number {
  if (clock === 'wall') return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
