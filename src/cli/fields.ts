import { printable } from './text.ts';

/** Columns before a value. */
const LABEL_WIDTH = 34;

/** A name and its values, one below the other. */
export function field(name: string, ...values: readonly string[]): readonly string[] {
  const shown = values.length === 0 ? ['(empty)'] : values;
  return shown.map((value, i) => `  ${(i === 0 ? name : '').padEnd(LABEL_WIDTH)}${printable(value)}`);
}
