import { toHex } from './bytes.ts';

/**
 * The 4 or 16 octets of a textual IP address, or undefined. IPv4 is four decimal octets without leading zeros
 * (RFC 3986 §3.2.2: `010` is octal to some readers); IPv6 is RFC 4291 §2.2 without a zone.
 */
export function parseIpAddress(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/**
 * The canonical text of 4 or 16 octets: dotted decimal, or RFC 5952 §4 for IPv6. Twice as many are a network of name
 * constraints (RFC 5280 §4.2.1.10), shown as address/mask. Other lengths are shown in hexadecimal.
 */
export function formatIpAddress(address: Uint8Array): string {
  if (address.length === 4) {
    return address.join('.');
  }
  if (address.length === 8 || address.length === 32) {
    const half = address.length / 2;
    return `${formatIpAddress(address.subarray(0, half))}/${formatIpAddress(address.subarray(half))}`;
  }
  if (address.length !== 16) {
    return `0x${toHex(address)}`;
  }
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((address[2 * i] ?? 0) << 8) | (address[2 * i + 1] ?? 0)).toString(16),
  );
  const { start, length } = longestRunOfZeros(groups);
  // RFC 5952 §4.2.2: `::` never stands for a single group.
  if (length < 2) {
    return groups.join(':');
  }
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  const isOctet = (part: string) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) < 256;
  return parts.length === 4 && parts.every(isOctet) ? Uint8Array.from(parts, Number) : undefined;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) {
    return undefined;
  }
  const head = parseGroups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 1 ? [] : parseGroups(halves[1] ?? '', true);
  if (head === undefined || tail === undefined) {
    return undefined;
  }
  const missing = 16 - head.length - tail.length;
  // RFC 4291 §2.2: `::` stands for one group or more.
  if (halves.length === 1 ? missing !== 0 : missing < 2) {
    return undefined;
  }
  return Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...tail]);
}

/** The octets of colon-separated groups; the last may be an IPv4 address where the whole address ends. */
function parseGroups(text: string, endsAddress: boolean): readonly number[] | undefined {
  if (text === '') {
    return [];
  }
  const octets: number[] = [];
  const groups = text.split(':');
  for (const [index, group] of groups.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16);
      octets.push(value >> 8, value & 0xff);
      continue;
    }
    const embedded = endsAddress && index === groups.length - 1 ? parseIpv4(group) : undefined;
    if (embedded === undefined) {
      return undefined;
    }
    octets.push(...embedded);
  }
  return octets;
}

function longestRunOfZeros(groups: readonly string[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let i = 0; i < groups.length; i++) {
    if (groups[i] !== '0') {
      start = i + 1;
    } else if (i - start + 1 > best.length) {
      best = { start, length: i - start + 1 };
    }
  }
  return best;
}
