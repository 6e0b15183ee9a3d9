/** What a case leaves behind is undone when it ends, however it ends: processes, sockets, servers. */
export interface Scope {
  /** Registers something to undo. The newest is undone first. */
  readonly defer: (undo: () => void | Promise<void>) => void;
  /** Registers something worth reading if the case fails. */
  readonly note: (text: () => string) => void;
  readonly notes: () => readonly string[];
  /** Undoes everything; what is registered from now on is undone at once. */
  readonly end: () => Promise<void>;
}

export function openScope(): Scope {
  const undos: (() => void | Promise<void>)[] = [];
  const texts: (() => string)[] = [];
  let ended = false;
  return {
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
