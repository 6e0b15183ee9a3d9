import type { UnknownExtension } from './extensions.ts';

// RFC 8701: values reserved to mean nothing, sent so that peers never forget to ignore what they do not know. An answer
// that chooses one is refused: nothing understands it.

/** Whether a cipher suite, group, signature scheme, version or extension is one of the sixteen reserved (§2). */
export function isGrease(code: number): boolean {
  return (code & 0x0f0f) === 0x0a0a && code >>> 8 === (code & 0xff);
}

/** The reserved code that the high half of a random byte picks: 0x0a0a, 0x1a1a, … 0xfafa. */
export function greaseCode(random: number): number {
  return 0x0a0a | ((random & 0xf0) * 0x0101);
}

/** The reserved PskKeyExchangeMode that a random byte picks: 0x0b, 0x2a, … 0xe4. */
export function greasePskMode(random: number): number {
  return 0x0b + 0x1f * (random >>> 5);
}

/** An empty extension with a reserved codepoint for each random byte. */
export function greaseExtensions(random: Uint8Array): readonly UnknownExtension[] {
  return [...random].map((byte) => ({ name: 'unknown', type: greaseCode(byte), data: new Uint8Array(0) }));
}
