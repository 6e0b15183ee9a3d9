import { type Cursor, type Failed, fail } from './cursor.ts';
import { type Grammar, primitive } from './grammar.ts';
import { type Tag, universal } from './tag.ts';
import { putOctet, refuseRange, refuseType } from './writer.ts';

const secondMs = 1000;
const dayMs = 86_400_000;

/**
 * UTCTime in the one form of RFC 5280, section 4.1.2.5.1: `YYMMDDHHMMSSZ`, years 1950 to 2049.
 *
 * The value is in milliseconds since 1970-01-01T00:00:00Z, and always whole seconds.
 */
export const utcTime: Grammar<number> = time('UTCTime', universal.utcTime, 'YYMMDDHHMMSSZ', 1950, 2049);

/**
 * GeneralizedTime in the one form of RFC 5280, section 4.1.2.5.2: `YYYYMMDDHHMMSSZ`, years 0000 to 9999, no
 * fractions of a second.
 *
 * The value is in milliseconds since 1970-01-01T00:00:00Z, and always whole seconds.
 */
export const generalizedTime: Grammar<number> = time(
  'GeneralizedTime',
  universal.generalizedTime,
  'YYYYMMDDHHMMSSZ',
  0,
  9999,
);

function time(name: string, tag: Tag, form: string, firstYear: number, lastYear: number): Grammar<number> {
  const min = daysSince1970(firstYear, 1, 1) * dayMs;
  const max = daysSince1970(lastYear + 1, 1, 1) * dayMs - secondMs;
  const expected = `whole seconds, in milliseconds since 1970, in the years ${firstYear} to ${lastYear}`;
  const yearDigits = form.lastIndexOf('Y') + 1;
  return primitive({
    name,
    tag,
    shape: { kind: 'time', min, max },
    contents(cursor, start, end) {
      const { bytes } = cursor;
      if (end - start !== form.length || bytes[end - 1] !== 0x5a) {
        return fail(cursor, 'encoding', start, `the form ${form}`, 'another');
      }
      for (let i = start; i < end - 1; i++) {
        const octet = bytes[i] ?? 0;
        if (octet < 0x30 || octet > 0x39)
          return fail(cursor, 'encoding', i, `a digit of ${form}`, `octet ${octet}`);
      }
      const firstPair = twoDigits(bytes, start);
      // RFC 5280's pivot: 50 to 99 are years of the twentieth century.
      if (yearDigits === 2) return instant(cursor, start + 2, firstPair + (firstPair >= 50 ? 1900 : 2000));
      return instant(cursor, start + 4, 100 * firstPair + twoDigits(bytes, start + 2));
    },
    putContents(writer, value) {
      if (typeof value !== 'number') refuseType(writer, 'a number', value);
      if (value % secondMs !== 0 || value < min || value > max) refuseRange(writer, expected);
      const text = `${digitsOf(value).slice(4 - yearDigits)}Z`;
      for (let i = text.length - 1; i >= 0; i--) putOctet(writer, text.charCodeAt(i));
    },
  });
}

/** The instant whose month to seconds are the five pairs of digits at `pos`; each must be on calendar and clock. */
function instant(cursor: Cursor, pos: number, year: number): number | Failed {
  const { bytes } = cursor;
  const month = twoDigits(bytes, pos);
  const day = twoDigits(bytes, pos + 2);
  const hours = twoDigits(bytes, pos + 4);
  const minutes = twoDigits(bytes, pos + 6);
  const seconds = twoDigits(bytes, pos + 8);
  if (month < 1 || month > 12) return fail(cursor, 'value', pos, 'a month from 01 to 12', `${month}`);
  const lastDay = daysInMonth(year, month);
  if (day < 1 || day > lastDay)
    return fail(cursor, 'value', pos + 2, `a day from 01 to ${lastDay}`, `${day}`);
  if (hours > 23) return fail(cursor, 'value', pos + 4, 'hours from 00 to 23', `${hours}`);
  if (minutes > 59) return fail(cursor, 'value', pos + 6, 'minutes from 00 to 59', `${minutes}`);
  // No leap second: it has no place in a count of milliseconds, and two instants would become one.
  if (seconds > 59) return fail(cursor, 'value', pos + 8, 'seconds from 00 to 59', `${seconds}`);
  return daysSince1970(year, month, day) * dayMs + ((hours * 60 + minutes) * 60 + seconds) * secondMs;
}

/** `YYYYMMDDHHMMSS` for an instant of the years 0000 to 9999. */
function digitsOf(instantMs: number): string {
  const days = Math.floor(instantMs / dayMs);
  const seconds = (instantMs - days * dayMs) / secondMs;
  let year = 1970 + Math.floor(days / 365.2425);
  while (daysSince1970(year, 1, 1) > days) year--;
  while (daysSince1970(year + 1, 1, 1) <= days) year++;
  let month = 12;
  while (daysSince1970(year, month, 1) > days) month--;
  const day = days - daysSince1970(year, month, 1) + 1;
  const pairs = [month, day, Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return `${year}`.padStart(4, '0') + pairs.map((pair) => `${pair}`.padStart(2, '0')).join('');
}

/** Days from 1970-01-01 to a day of the Gregorian calendar, which is taken to reach back to the year 0. */
function daysSince1970(year: number, month: number, day: number): number {
  // Years counted from March have their leap day last, and months whose lengths repeat every five: 153 days.
  const marchYear = month > 2 ? year : year - 1;
  const marchMonth = (month + 9) % 12;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  // 1970-01-01 is 719,468 days after 0000-03-01.
  return 365 * marchYear + leapDays + Math.floor((153 * marchMonth + 2) / 5) + day - 1 - 719_468;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function twoDigits(bytes: Uint8Array, pos: number): number {
  return 10 * ((bytes[pos] ?? 0) - 0x30) + (bytes[pos + 1] ?? 0) - 0x30;
}
