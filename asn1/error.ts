/** Why bytes are not a DER encoding of a value of the grammar. */
export interface Asn1Error {
  /**
   * - `missing`: the enclosing element ends where another element is due.
   * - `truncated`: the bytes end before the element does.
   * - `trailing`: bytes are left over after the value.
   * - `tag`: an element of another type stands there.
   * - `encoding`: the right type, but not in the one form DER allows.
   * - `value`: properly encoded, but not a value the grammar admits.
   * - `limit`: a bound of `Limits` ran out.
   */
  readonly kind: 'missing' | 'truncated' | 'trailing' | 'tag' | 'encoding' | 'value' | 'limit';
  /** Where in the input, in octets from its start. */
  readonly offset: number;
  /** Field names, alternatives and list positions from the outermost value to the offending one. */
  readonly path: readonly string[];
  readonly expected: string;
  readonly found: string;
}

/** One line for people: `tbsCertificate.serialNumber at offset 15: expected INTEGER, found OCTET STRING`. */
export function describeError(error: Asn1Error): string {
  const where = error.path.length === 0 ? '' : `${error.path.join('.')} `;
  return `${where}at offset ${error.offset}: expected ${error.expected}, found ${error.found}`;
}
