import {
  cipherSuiteCodes,
  extensionTypes,
  groupCodes,
  handshakeTypes,
  signatureSchemeCodes,
} from '../../src/codepoints.ts';
import { type Operation, operationKinds, type Program } from './program.ts';

/** Chance for a fuzzer: whole numbers below a bound. */
export interface Dice {
  readonly roll: (below: number) => number;
}

/** xorshift32: quick, and the same again from the same seed. */
export function dice(seed: number): Dice {
  let x = seed | 0 || 1;
  return {
    roll: (below) => {
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      return (x >>> 0) % below;
    },
  };
}

const MOST_BYTES = 100_000;
const HEADER = 5;

/** Numbers of two bytes that mean something to TLS. */
const words = [
  ...Object.values(cipherSuiteCodes),
  ...Object.values(groupCodes),
  ...Object.values(signatureSchemeCodes),
  ...Object.values(extensionTypes),
  0x0301,
  0x0303,
  0x0304,
  0x0a0a,
];
const messageTypes = Object.values(handshakeTypes);

/** A program with a few changes; `others` lend parts. */
export function mutate(program: Program, others: readonly Program[], chance: Dice): Program {
  let operations = [...program.operations];
  for (let changes = 1 + chance.roll(4); changes > 0; changes--) {
    operations = changeOperations(operations, others, chance);
  }
  return { ...program, operations: operations.slice(0, 64) };
}

function changeOperations(
  operations: readonly Operation[],
  others: readonly Program[],
  chance: Dice,
): Operation[] {
  const at = chance.roll(Math.max(1, operations.length));
  const chosen = operations[at];
  const changed = [...operations];
  switch (chosen === undefined ? 0 : chance.roll(12)) {
    case 0:
      changed.splice(at, 0, newOperation(chance));
      return changed;
    case 1:
      changed.splice(at, 1);
      return changed;
    case 2: {
      const lender = others[chance.roll(Math.max(1, others.length))];
      const lent = lender?.operations[chance.roll(Math.max(1, lender.operations.length))];
      if (lent !== undefined) changed.splice(at, chance.roll(2), lent);
      return changed;
    }
    case 3:
      if (chosen !== undefined) changed.splice(at, 0, chosen);
      return changed;
    default:
      if (chosen !== undefined) changed[at] = changeOperation(chosen, chance);
      return changed;
  }
}

function newOperation(chance: Dice): Operation {
  const kind = operationKinds[chance.roll(operationKinds.length)] ?? 'end';
  return { kind, bytes: randomBytes(kind === 'send' ? chance.roll(300) : 1 + chance.roll(3), chance) };
}

function changeOperation({ kind, bytes }: Operation, chance: Dice): Operation {
  const changed =
    kind === 'receive' && chance.roll(8) > 0 ? changeRecords(bytes, chance) : changeBytes(bytes, chance);
  return { kind, bytes: changed.subarray(0, MOST_BYTES) };
}

/** Changes one record, and most often makes its length right again, so that what is inside is read. */
function changeRecords(bytes: Uint8Array, chance: Dice): Uint8Array {
  const records = splitRecords(bytes);
  const at = chance.roll(Math.max(1, records.length));
  const record = records[at];
  if (record === undefined || record.length < HEADER) return changeBytes(bytes, chance);
  switch (chance.roll(10)) {
    case 0:
      records.splice(at, 0, record);
      break;
    case 1:
      records.splice(at, 1);
      break;
    case 2:
      records.splice(at, 1, ...cutRecord(record, chance));
      break;
    case 3:
      records.splice(at, 0, newRecord(chance));
      break;
    default:
      records[at] = withLength(record, changeContent(record.subarray(HEADER), chance));
  }
  return join(records);
}

/** A change inside of a handshake message, whose own length is then made right. */
function changeContent(content: Uint8Array, chance: Dice): Uint8Array {
  const changed = changeBytes(content, chance);
  const grown = changed.length - content.length;
  const [, high = 0, middle = 0, low = 0] = content;
  const length = ((high << 16) | (middle << 8) | low) + grown;
  if (grown === 0 || length < 0 || changed.length < 4 || chance.roll(8) === 0) return changed;
  const whole = changed.slice();
  whole.set([length >>> 16, length >>> 8, length], 1);
  return fixOuterLengths(content, whole, grown, chance);
}

/** Lengths of two bytes that reached over the change to the end of the message most likely are to grow with it. */
function fixOuterLengths(before: Uint8Array, after: Uint8Array, grown: number, chance: Dice): Uint8Array {
  if (chance.roll(4) === 0) return after;
  for (let i = 4; i + 1 < before.length && i + 1 < after.length; i++) {
    const length = ((before[i] ?? 0) << 8) | (before[i + 1] ?? 0);
    const rest = before.length - i - 2;
    // A tag and a type may stand behind the message.
    if (length > 0 && (length === rest || length === rest - 17) && after[i] === before[i]) {
      const fixed = length + grown;
      if (fixed >= 0) after.set([fixed >>> 8, fixed], i);
      break;
    }
  }
  return after;
}

function changeBytes(bytes: Uint8Array, chance: Dice): Uint8Array {
  const at = chance.roll(bytes.length + 1);
  const copy = bytes.slice();
  switch (chance.roll(9)) {
    case 0:
      if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << chance.roll(8));
      return copy;
    case 1:
      if (at < copy.length) copy[at] = chance.roll(256);
      return copy;
    case 2:
      if (at < copy.length) copy[at] = (copy[at] ?? 0) + (chance.roll(2) === 0 ? 1 : -1);
      return copy;
    case 3: {
      const word = words[chance.roll(words.length)] ?? 0;
      if (at + 1 < copy.length) copy.set([word >>> 8, word], at);
      return copy;
    }
    case 4:
      return join([bytes.subarray(0, at), randomBytes(1 + chance.roll(8), chance), bytes.subarray(at)]);
    case 5:
      return join([bytes.subarray(0, at), bytes.subarray(at + 1 + chance.roll(8))]);
    case 6: {
      const until = Math.min(bytes.length, at + 1 + chance.roll(64));
      return join([bytes.subarray(0, until), bytes.subarray(at, until), bytes.subarray(until)]);
    }
    case 7: {
      // An extension with nothing inside, in front of where one may begin.
      const word = words[chance.roll(words.length)] ?? 0;
      return join([bytes.subarray(0, at), Uint8Array.of(word >>> 8, word, 0, 0), bytes.subarray(at)]);
    }
    default:
      if (copy.length > 0) copy[0] = messageTypes[chance.roll(messageTypes.length)] ?? 0;
      return copy;
  }
}

/** A record in two. */
function cutRecord(record: Uint8Array, chance: Dice): readonly Uint8Array[] {
  const content = record.subarray(HEADER);
  const at = chance.roll(content.length + 1);
  return [withLength(record, content.subarray(0, at)), withLength(record, content.subarray(at))];
}

/** An alert, a change_cipher_spec, a KeyUpdate, or anything, in the clear or as a transparent ciphertext. */
function newRecord(chance: Dice): Uint8Array {
  const contents = [
    [21, 1, 0],
    [21, 2, chance.roll(256)],
    [21, 1, 90],
    [20, 1],
    [22, 24, 0, 0, 1, chance.roll(3)],
    [22, 0, 0, 0, 0],
    [23, ...randomBytes(chance.roll(4), chance)],
    [chance.roll(256), ...randomBytes(chance.roll(40), chance)],
  ];
  const [type = 0, ...content] = contents[chance.roll(contents.length)] ?? [];
  const isProtected = chance.roll(2) === 0;
  const inner = isProtected ? [...content, type, ...new Uint8Array(16)] : content;
  return Uint8Array.of(isProtected ? 23 : type, 3, 3, inner.length >>> 8, inner.length, ...inner);
}

/** Bytes cut at the lengths in the records' headers; the last piece is what is left. */
function splitRecords(bytes: Uint8Array): Uint8Array[] {
  const records: Uint8Array[] = [];
  for (let from = 0; from < bytes.length; ) {
    const length = HEADER + (((bytes[from + 3] ?? 0) << 8) | (bytes[from + 4] ?? 0));
    records.push(bytes.subarray(from, from + length));
    from += length;
  }
  return records;
}

function withLength(record: Uint8Array, content: Uint8Array): Uint8Array {
  const [type = 0, major = 3, minor = 3] = record;
  return join([Uint8Array.of(type, major, minor, content.length >>> 8, content.length), content]);
}

function randomBytes(length: number, chance: Dice): Uint8Array {
  return Uint8Array.from({ length }, () => chance.roll(256));
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}
