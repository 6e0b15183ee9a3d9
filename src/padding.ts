/**
 * How records are padded (RFC 9846 §5.4), so that who sees their lengths learns less of what is in them. Bytes of content
 * are meant everywhere. A record never gets longer than it may be: where there is no room, there is less padding.
 *
 * - `toMultiple`: to the next multiple of so many bytes. Cheap where messages differ little.
 * - `toLength`: every record to so many bytes, and none longer. Only their number shows.
 * - `random`: from 0 to so many bytes, drawn anew for the last record of each message. Weak: whoever sees a length many times averages it out.
 *
 * None hides when something is sent, nor how much in all.
 */
export type Padding =
  | { readonly kind: 'none' }
  | { readonly kind: 'toMultiple'; readonly of: number }
  | { readonly kind: 'toLength'; readonly length: number }
  | { readonly kind: 'random'; readonly most: number };

/** Bytes of content that a full record is to hold where `most` is what one can: then it needs no padding. */
export function contentPerRecord(padding: Padding, most: number): number {
  switch (padding.kind) {
    case 'none':
    case 'random':
      return most;
    case 'toMultiple':
      return padding.of > most ? most : most - (most % padding.of);
    case 'toLength':
      return Math.min(padding.length, most);
  }
}

/**
 * Zeros to stand behind `length` bytes of content, at most {@link contentPerRecord} of them, in a record that holds at most
 * `most`. `draw` gives 32 random bits.
 */
export function paddingLength(padding: Padding, length: number, most: number, draw: () => number): number {
  switch (padding.kind) {
    case 'none':
      return 0;
    case 'toMultiple':
      return Math.min(Math.ceil(length / padding.of) * padding.of, contentPerRecord(padding, most)) - length;
    case 'toLength':
      return contentPerRecord(padding, most) - length;
    case 'random':
      return Math.min(draw() % (padding.most + 1), most - length);
  }
}
