/** Bytes of a pin: a SHA-256 digest. */
const PIN_LENGTH = 32;

/** Throws RangeError for a list of pins that could match nothing: the caller's bug. */
export function checkPins(pins: readonly Uint8Array[]): void {
  if (pins.length === 0 || pins.some(({ length }) => length !== PIN_LENGTH)) {
    throw new RangeError(`pins are digests of ${PIN_LENGTH} bytes, one at least`);
  }
}
