import { type ReplayCheck, type ReplayStore, replayStore, takeOnce } from '../index.ts';

/**
 * Says whether early data is new, and records that it was there: both in one go, for whoever asks next. A rejection means
 * that nobody knows.
 */
export type ReplayGuard = (check: ReplayCheck) => boolean | Promise<boolean>;

/**
 * A guard in memory, for one server process: give the same one to all its connections. It does for servers whose tickets
 * no other process opens. `since` and `capacity` are those of `replayStore`; without `since` early data is taken only
 * once nothing can be a repetition of what an earlier process took, after some twenty seconds.
 */
export function replayGuard({
  since,
  capacity,
  now = Date.now,
}: {
  readonly since?: number | undefined;
  readonly capacity?: number | undefined;
  readonly now?: (() => number) | undefined;
} = {}): ReplayGuard {
  let store: ReplayStore = replayStore({
    since: since ?? now(),
    ...(capacity === undefined ? {} : { capacity }),
  });
  return (check) => {
    const taken = takeOnce(store, check, now());
    store = taken.store;
    return taken.isNew;
  };
}
