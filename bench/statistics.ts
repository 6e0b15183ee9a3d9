/** A value with the bounds between which it lies. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The median and a 95 % confidence interval for it, from the order of the samples alone: whatever their distribution,
 * the number of samples below the true median is binomial. With fewer than six samples no two of them bound it so well,
 * and the interval is the whole range. Without samples it is a RangeError.
 */
export function medianInterval(samples: readonly number[]): Interval {
  const sorted = inOrder(samples);
  const rank = outerRank(sorted.length);
  return { value: quantile(sorted, 0.5), low: at(sorted, rank), high: at(sorted, sorted.length - 1 - rank) };
}

/** The median with the quartiles around it: how far single samples lie apart. Without samples it is a RangeError. */
export function medianSpread(samples: readonly number[]): Interval {
  const sorted = inOrder(samples);
  return { value: quantile(sorted, 0.5), low: quantile(sorted, 0.25), high: quantile(sorted, 0.75) };
}

const SIGNIFICANCE = 0.05;

/** The greatest index i at which the i-th smallest and the i-th largest of n samples, counted from 0, still bound it. */
function outerRank(n: number): number {
  // In logarithms, since 2^-n underflows for a thousand samples.
  let logarithm = -n * Math.LN2;
  let below = 0;
  for (let i = 0; ; i++) {
    below += Math.exp(logarithm);
    if (below > SIGNIFICANCE / 2) return Math.max(i - 1, 0);
    logarithm += Math.log((n - i) / (i + 1));
  }
}

function inOrder(samples: readonly number[]): readonly number[] {
  if (samples.length === 0) throw new RangeError('no samples');
  return [...samples].sort((a, b) => a - b);
}

/** Linear between the neighbours. */
function quantile(sorted: readonly number[], part: number): number {
  const place = part * (sorted.length - 1);
  const below = Math.floor(place);
  const share = place - below;
  return at(sorted, below) * (1 - share) + at(sorted, Math.ceil(place)) * share;
}

function at(sorted: readonly number[], index: number): number {
  return sorted[index] ?? Number.NaN;
}
