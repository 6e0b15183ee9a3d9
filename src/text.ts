/** Items of a list that are written out: a peer decides how long its lists are. */
const ITEMS_SHOWN = 24;

/** Characters of one item. */
const LENGTH_SHOWN = 80;

/** A list for people, of whatever a peer has said: shortened, and harmless to a terminal and to a log. */
export function listed(items: readonly string[]): string {
  const shown = items.slice(0, ITEMS_SHOWN).map(printable);
  const more = items.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}

/** Text for people: shortened, and every byte that is not printable ASCII written as `\\xNN`. */
export function printable(text: string): string {
  const escaped = text
    .slice(0, LENGTH_SHOWN)
    .replace(/[^ -~]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return text.length > LENGTH_SHOWN ? `${escaped}…` : escaped;
}
