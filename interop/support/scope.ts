/** What a case leaves behind is undone when it ends, however it ends: processes, sockets, servers. */
export interface Scope {
  /** For files; it outlives the scope, but not the run. */
  readonly folder: string;
  /** Registers something to undo. The newest is undone first. */
  readonly defer: (undo: () => void | Promise<void>) => void;
  /** Registers something worth reading if the case fails. */
  readonly note: (text: () => string) => void;
  readonly notes: () => readonly string[];
  /** Undoes everything; what is registered from now on is undone at once. */
  readonly end: () => Promise<void>;
}

export function openScope(folder: string): Scope {
  const undos: (() => void | Promise<void>)[] = [];
  const texts: (() => string)[] = [];
  let ended = false;
  return {
    folder,
    defer: (undo) => {
      if (ended) void undo();
      else undos.push(undo);
    },
    note: (text) => void texts.push(text),
    notes: () => texts.map((text) => text()),
    end: async () => {
      ended = true;
      for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) await undo();
    },
  };
}

/** Lets a promise that is awaited later fail before that: until then its failure must not count as unheard. */
export function awaitedLater<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
