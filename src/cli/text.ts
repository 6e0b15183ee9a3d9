/**
 * `text` with everything a terminal might obey or hide written out: control characters, direction overrides, invisible
 * and unassigned characters, line separators. Whatever a peer or a file has a say in goes through here.
 */
export function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16)}}`;
  });
}

/** `text` safe between HTML tags and inside a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** How a piece of text may look on a terminal. */
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Gives text a style, or leaves it as it is where colour is not wanted. */
export type Paint = (style: Style, text: string) => string;

export const plain: Paint = (_style, text) => text;

/** ECMA-48 select graphic rendition: how each style begins and ends. */
const rendition: Readonly<Record<Style, readonly [begin: number, end: number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

export const coloured: Paint = (style, text) => {
  const [begin, end] = rendition[style];
  return text === '' ? '' : `\x1b[${begin}m${text}\x1b[${end}m`;
};

/** Colour is for a terminal whose user did not say NO_COLOR. */
export function paintFor(
  stream: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>>,
): Paint {
  const refused = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb';
  return stream.isTTY === true && !refused ? coloured : plain;
}

/** Lower-case hexadecimal, with `separator` between the bytes. */
export function hex(bytes: Uint8Array, separator = ''): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(separator);
}

/** A point in time as RFC 3339 writes it, in UTC. */
export function timeText(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('.000Z', 'Z');
}

/** `1 byte`, `1,327 bytes`. */
export function byteCount(count: number): string {
  return `${thousands(count)} ${count === 1 ? 'byte' : 'bytes'}`;
}

/** At most `width` characters of `text`, with an ellipsis in the place of the rest. */
export function shorten(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}

/** Puts items one after another, with a separator between, into lines of at most `width` characters. */
export function pack(items: readonly string[], separator: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const item of items.map((text) => shorten(text, width))) {
    const last = lines.at(-1);
    const longer = `${last}${separator}${item}`;
    if (last === undefined || longer.length > width) lines.push(item);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

function thousands(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}
