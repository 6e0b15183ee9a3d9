/** A promise together with the functions that settle it. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/** Makes a {@link Deferred}. */
export function deferred<T>(): Deferred<T> {
  let settle: Omit<Deferred<T>, 'promise'> = { resolve: () => {}, reject: () => {} };
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle };
}

/** Calls `ring` after `milliseconds` (Infinity: not in this life), until the function it returns is called. */
export function alarm(milliseconds: number, ring: () => void): () => void {
  const timer = setTimeout(ring, Math.min(milliseconds, LONGEST_TIMER));
  return () => clearTimeout(timer);
}

/** Resolves when `work` has resolved, or after `milliseconds`, whichever comes first. */
export async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  const late = deferred<void>();
  const stop = alarm(milliseconds, late.resolve);
  try {
    await Promise.race([work, late.promise]);
  } finally {
    stop();
  }
}

/** Platforms keep a timer's delay in 31 bits, and let a longer one ring at once. */
const LONGEST_TIMER = 2 ** 31 - 1;
