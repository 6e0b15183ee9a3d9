import type { Epoch, TraceEvent } from '../index.ts';
import { byteCount, type Paint, pack, plain } from './text.ts';
import { detailTexts, standardName } from './trace-text.ts';

/** A trace event and when it happened, in milliseconds on a clock that both sides share. */
export interface TimedEvent {
  readonly at: number;
  readonly event: TraceEvent;
}

/**
 * What each side saw, under the same trace level. One side's events are enough for the arrows; the other's key changes
 * are then not shown.
 */
export interface Conversation {
  readonly client: readonly TimedEvent[];
  readonly server: readonly TimedEvent[];
}

export interface DiagramOptions {
  /** What stands above the two lifelines. */
  readonly clientName: string;
  readonly serverName: string;
  /** The time that counts as 0. Default: the first event's. */
  readonly start?: number;
  /** Columns of the whole diagram, at least 60. Default 100. */
  readonly width?: number;
  readonly paint?: Paint;
}

/**
 * Draws a conversation as a sequence diagram, line by line: the client's lifeline on the left, the server's on the
 * right, an arrow for each message where it was sent, a note where a side changes its keys. Encrypted messages have
 * double lines.
 */
export function diagram(conversation: Conversation, options: DiagramOptions): readonly string[] {
  const steps = sequence(conversation);
  const canvas = canvasOf(options);
  const start = options.start ?? steps.find((step) => step.kind === 'arrow')?.at ?? 0;
  return [
    canvas.header(options.clientName, options.serverName),
    canvas.empty(),
    ...draw(steps, start, canvas),
    canvas.empty(),
    canvas.legend(),
  ];
}

type Side = 'client' | 'server';

type DiagramStep = Arrow | Notes;

interface Arrow {
  readonly kind: 'arrow';
  readonly at: number;
  readonly from: Side;
  readonly label: string;
  readonly length: number | undefined;
  readonly details: readonly string[];
  readonly encrypted: boolean;
}

/** The key changes of both sides between two arrows. */
interface Notes {
  readonly kind: 'notes';
  readonly client: readonly KeyChange[];
  readonly server: readonly KeyChange[];
}

/** A direction, seen from one side, goes over to new keys. */
interface KeyChange {
  readonly direction: 'sent' | 'received';
  readonly epoch: Epoch;
}

/**
 * Brings two traces into one order: a side's events stay in theirs, and nothing is received before it was sent. Arrows
 * stand where a message was sent; what is received draws nothing, unless nobody saw it being sent.
 */
function sequence(conversation: Conversation): readonly DiagramStep[] {
  const queues = { client: visible(conversation.client), server: visible(conversation.server) };
  const inFlight = { client: 0, server: 0 };
  const encrypted = { client: false, server: false };
  const steps: DiagramStep[] = [];

  for (;;) {
    const side = nextSide();
    const next = side === undefined ? undefined : queues[side].shift();
    if (side === undefined || next === undefined) return steps;
    const { at, event } = next;
    if (event.kind === 'keys') {
      addNote(side, event);
      continue;
    }
    const peer = other(side);
    if (event.direction === 'sent') {
      inFlight[peer]++;
      addArrow(side, at, event);
    } else if (inFlight[side] > 0) {
      inFlight[side]--;
    } else {
      addArrow(peer, at, event);
    }
  }

  /** Whose event is next: the earlier one, unless it waits for the other side. */
  function nextSide(): Side | undefined {
    const sides = (['client', 'server'] as const).filter((side) => queues[side].length > 0);
    return earliest(sides.filter(isReady)) ?? earliest(sides);
  }

  function isReady(side: Side): boolean {
    const event = queues[side][0]?.event;
    if (event?.kind === 'keys' || event?.direction === 'sent') return true;
    return inFlight[side] > 0 || queues[other(side)].length === 0;
  }

  function earliest(sides: readonly Side[]): Side | undefined {
    return [...sides].sort((a, b) => (queues[a][0]?.at ?? 0) - (queues[b][0]?.at ?? 0))[0];
  }

  function addArrow(from: Side, at: number, event: Exclude<Visible, { kind: 'keys' }>): void {
    steps.push({ kind: 'arrow', at, from, ...labelled(event), encrypted: isEncrypted(from, event) });
  }

  function isEncrypted(from: Side, event: Exclude<Visible, { kind: 'keys' }>): boolean {
    if (event.kind === 'changeCipherSpec') return false;
    return event.kind === 'record' ? event.protected : encrypted[from];
  }

  function addNote(side: Side, { direction, epoch }: Extract<Visible, { kind: 'keys' }>): void {
    encrypted[direction === 'sent' ? side : other(side)] = true;
    const last = steps.at(-1);
    if (last?.kind === 'notes') steps.pop();
    const { client, server } = last?.kind === 'notes' ? last : { client: [], server: [] };
    const changed = (changes: readonly KeyChange[]) => [...changes, { direction, epoch }];
    steps.push({
      kind: 'notes',
      client: side === 'client' ? changed(client) : client,
      server: side === 'server' ? changed(server) : server,
    });
  }
}

type Visible = Extract<TraceEvent, { kind: 'message' | 'changeCipherSpec' | 'alert' | 'record' | 'keys' }>;

/** What is drawn. Handshake and alert records are left out: their messages stand for them. */
function visible(events: readonly TimedEvent[]): { readonly at: number; readonly event: Visible }[] {
  const result: { readonly at: number; readonly event: Visible }[] = [];
  for (const { at, event } of events) {
    if (event.kind === 'state' || event.kind === 'secret' || event.kind === 'encryptedClientHello') continue;
    if (event.kind === 'record' && event.contentType !== 'applicationData') continue;
    result.push({ at, event });
  }
  return result;
}

function labelled(event: Exclude<Visible, { kind: 'keys' }>): {
  readonly label: string;
  readonly length: number | undefined;
  readonly details: readonly string[];
} {
  switch (event.kind) {
    case 'message':
      return {
        label: standardName(event.message),
        length: event.length,
        details: detailTexts({ ...event.details, extensions: '' }),
      };
    case 'changeCipherSpec':
      return { label: 'change_cipher_spec', length: undefined, details: [] };
    case 'alert':
      return { label: `alert: ${event.alert}`, length: undefined, details: [] };
    case 'record':
      return { label: 'application data', length: event.length, details: [] };
  }
}

function other(side: Side): Side {
  return side === 'client' ? 'server' : 'client';
}

function draw(steps: readonly DiagramStep[], start: number, canvas: Canvas): readonly string[] {
  const lines: string[] = [];
  let shown = '';
  for (const step of steps) {
    if (step.kind === 'notes') {
      const client = noteTexts(step.client);
      const server = noteTexts(step.server);
      const count = Math.max(client.length, server.length);
      for (let i = 0; i < count; i++) lines.push(...canvas.notes(client[i], server[i]));
      continue;
    }
    // What came of one step of an engine happened at one time, which is said once.
    const time = `${(step.at - start).toFixed(1)} ms`;
    lines.push(canvas.arrow(step, time === shown ? '' : time), ...canvas.details(step));
    shown = time;
  }
  return lines;
}

/** One text for each epoch that a side changes to, in one direction or in both. */
function noteTexts(changes: readonly KeyChange[]): readonly string[] {
  const epochs = [...new Set(changes.map(({ epoch }) => epoch))];
  return epochs.map((epoch) => {
    const directions = changes.filter((change) => change.epoch === epoch).map(({ direction }) => direction);
    const verbs = [
      ...(directions.includes('sent') ? ['sends'] : []),
      ...(directions.includes('received') ? ['receives'] : []),
    ];
    return `${verbs.join(' and ')} under ${epoch} keys`;
  });
}

interface Canvas {
  readonly header: (left: string, right: string) => string;
  readonly empty: () => string;
  readonly legend: () => string;
  readonly notes: (left: string | undefined, right: string | undefined) => readonly string[];
  readonly arrow: (arrow: Arrow, time: string) => string;
  readonly details: (arrow: Arrow) => readonly string[];
}

/** Columns for the time, before the client's lifeline. */
const GUTTER = 13;

function canvasOf({ width = 100, paint = plain }: DiagramOptions): Canvas {
  const inner = Math.max(width, 60) - GUTTER - 2;

  function row(time: string, content: string): string {
    return `${paint('dim', time.padStart(GUTTER - 2))}  ${paint('dim', '│')}${content}${paint('dim', '│')}`;
  }

  return {
    header: (left, right) => {
      const gap = inner + 2 - left.length - right.length;
      return `${' '.repeat(GUTTER)}${paint('bold', left)}${' '.repeat(Math.max(gap, 1))}${paint('bold', right)}`;
    },
    empty: () => row('', ' '.repeat(inner)),
    legend: () => {
      const parts = [
        `${paint('yellow', '───')} in the clear`,
        `${paint('green', '═══')} encrypted`,
        `${paint('cyan', '◆')} change of keys`,
      ];
      return `${' '.repeat(GUTTER)}${parts.join('    ')}`;
    },
    notes: (left, right) => {
      const start = left === undefined ? '' : `◆ ${left}`;
      const end = right === undefined ? '' : `${right} ◆`;
      const note = (a: string, b: string) =>
        row('', `${paint('cyan', a)}${' '.repeat(inner - a.length - b.length)}${paint('cyan', b)}`);
      return start.length + end.length < inner ? [note(start, end)] : [note(start, ''), note('', end)];
    },
    arrow: ({ from, label, length, encrypted }, time) => {
      const colour = encrypted ? 'green' : 'yellow';
      const line = encrypted ? '═' : '─';
      const size = length === undefined ? '' : ` ${byteCount(length)} `;
      const name = ` ${label} `;
      const shaft = line.repeat(Math.max(inner - name.length - size.length - 5, 1));
      const drawn =
        from === 'client'
          ? `${paint(colour, line + line)}${paint('bold', name)}${paint(colour, shaft)}${size}${paint(colour, `${line}${line}▶`)}`
          : `${paint(colour, `◀${line}${line}`)}${size}${paint(colour, shaft)}${paint('bold', name)}${paint(colour, line + line)}`;
      return row(time, drawn);
    },
    details: ({ from, details }) => {
      const shown = pack(details, ' · ', inner - 6);
      return shown.map((text) => {
        const filled = from === 'client' ? `   ${text}`.padEnd(inner) : `${text}   `.padStart(inner);
        return row('', paint('dim', filled));
      });
    },
  };
}
