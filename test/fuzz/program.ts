/** One call of the engine. Without `bytes` it carries none. */
export interface Operation {
  readonly kind: OperationKind;
  /** What is received or sent; for `answer` its first byte chooses among the possible responses; for `wait` the minutes. */
  readonly bytes: Uint8Array;
}

export type OperationKind = (typeof operationKinds)[number];

export const operationKinds = [
  'receive',
  'send',
  'sendEarly',
  'answer',
  'updateKeys',
  'wait',
  'close',
  'end',
] as const;

/** What a fuzzer changes: one end of a connection, and all that happens to it. */
export interface Program {
  readonly side: 'client' | 'server';
  /** The place of its configuration in scenarios.ts. */
  readonly scenario: number;
  readonly operations: readonly Operation[];
}

/** One line: `client 3 | receive 1603… | answer 00`. */
export function formatProgram({ side, scenario, operations }: Program): string {
  const parts = operations.map(({ kind, bytes }) => `${kind} ${Buffer.from(bytes).toString('hex')}`.trim());
  return [`${side} ${scenario}`, ...parts].join(' | ');
}

export function parseProgram(line: string): Program {
  const [head = '', ...parts] = line.split(' | ');
  const [side, scenario] = head.split(' ');
  if ((side !== 'client' && side !== 'server') || !/^\d+$/.test(scenario ?? '')) {
    throw new Error(`not a program: ${head}`);
  }
  return { side, scenario: Number(scenario), operations: parts.map(parseOperation) };
}

function parseOperation(text: string): Operation {
  const [word, digits = ''] = text.split(' ');
  const kind = operationKinds.find((known) => known === word);
  if (kind === undefined) throw new Error(`not an operation: ${text}`);
  return { kind, bytes: Uint8Array.from(Buffer.from(digits, 'hex')) };
}
