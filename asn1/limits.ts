/**
 * How much work one decode may do for bytes nobody vouches for.
 *
 * A caller may lower any of them; none can be raised, so no call site can quietly turn a bound off.
 */
export interface Limits {
  /** Constructed elements (and OCTET or BIT STRINGs with contents) that may be nested in one another. */
  readonly depth: number;
  /**
   * Elements (tag, length, contents) read in one decode. A list whose grammar states its maximum is bounded by that
   * instead, and each of its elements counts anew.
   */
  readonly elements: number;
  /** Arcs of one OBJECT IDENTIFIER or RELATIVE-OID. */
  readonly oidArcs: number;
}

/**
 * The bounds in force when nothing else is said.
 *
 * A certificate nests about 10 deep and holds a few hundred elements. `depth` is well above that and well below
 * what a JavaScript stack carries; `elements` is the node budget of asn1js; `oidArcs` is the bound of SNMP
 * (RFC 2578, section 3.5), the largest any standard gives.
 */
export const defaultLimits: Limits = { depth: 32, elements: 10_000, oidArcs: 128 };

/**
 * Octets of one arc. The largest arcs in use are UUIDs under 2.25 (X.667): 128 bits, so 19 octets of seven bits.
 * Without a bound, turning one long arc into decimal digits would cost quadratic time.
 */
export const maxArcOctets = 19;

/** `overrides` over the defaults. Throws RangeError for a limit that is not a whole number from 0 to its default. */
export function lowerLimits(overrides: Partial<Limits>): Limits {
  return {
    depth: lower('depth', overrides.depth),
    elements: lower('elements', overrides.elements),
    oidArcs: lower('oidArcs', overrides.oidArcs),
  };
}

function lower(name: keyof Limits, value: number | undefined): number {
  const highest = defaultLimits[name];
  if (value === undefined) return highest;
  if (!Number.isInteger(value) || value < 0 || value > highest) {
    throw new RangeError(`limit ${name} must be a whole number from 0 to ${highest}, not ${value}`);
  }
  return value;
}
