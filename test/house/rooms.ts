/**
 * The rooms of the house and the arrows between them, as data.
 *
 * A room's files import each other freely. Another room is entered through its entry file only, and only if it is
 * listed in `mayEnter`. An adapter is the part of a room that may reach for what the room may not. It may use the
 * room's other files; they may not import it, since whoever imported the room would then get the foreign thing too.
 */
export type Zone = {
  readonly name: ZoneName;
  /**
   * A folder (ends in `/`), or one file and the folder of the same name with the parts of that file. Of two zones that
   * cover a path the longer one counts.
   */
  readonly covers: string;
  /** The only file that other rooms may import. */
  readonly entry: string;
  /** The room that this adapter is a part of. */
  readonly adapts?: ZoneName;
  readonly mayEnter: readonly ZoneName[];
  /** Prefixes of the package specifiers that may be imported. */
  readonly packages: readonly string[];
  /**
   * `pure`: the purity rule holds. `neutral`: effects are allowed, but the code runs on any JavaScript platform.
   * `node`: whatever Node offers.
   */
  readonly world: 'pure' | 'neutral' | 'node';
};

export type ZoneName =
  | 'asn1'
  | 'asn1/ber'
  | 'nocrypto'
  | 'nocrypto/node'
  | 'x509'
  | 'x509/pkcs12'
  | 'src'
  | 'src/flow'
  | 'src/flow/node'
  | 'src/cli';

/** The folders that hold rooms: every TypeScript file in them is shipped. */
export const ROOM_FOLDERS: readonly string[] = ['asn1', 'nocrypto', 'x509', 'src'];

export const ZONES: readonly Zone[] = [
  {
    name: 'asn1',
    covers: 'asn1/',
    entry: 'asn1/index.ts',
    mayEnter: [],
    packages: [],
    world: 'pure',
  },
  {
    name: 'asn1/ber',
    covers: 'asn1/ber.ts',
    entry: 'asn1/ber.ts',
    adapts: 'asn1',
    mayEnter: [],
    packages: ['asn1js'],
    world: 'pure',
  },
  {
    name: 'nocrypto',
    covers: 'nocrypto/',
    entry: 'nocrypto/index.ts',
    mayEnter: [],
    packages: ['@noble/'],
    world: 'pure',
  },
  {
    name: 'nocrypto/node',
    covers: 'nocrypto/node.ts',
    entry: 'nocrypto/node.ts',
    adapts: 'nocrypto',
    mayEnter: [],
    packages: ['@noble/', 'node:crypto'],
    world: 'node',
  },
  {
    name: 'x509',
    covers: 'x509/',
    entry: 'x509/index.ts',
    mayEnter: ['asn1', 'nocrypto'],
    packages: [],
    world: 'pure',
  },
  {
    name: 'x509/pkcs12',
    covers: 'x509/pkcs12.ts',
    entry: 'x509/pkcs12.ts',
    adapts: 'x509',
    mayEnter: ['asn1', 'asn1/ber', 'nocrypto'],
    packages: [],
    world: 'pure',
  },
  {
    name: 'src',
    covers: 'src/',
    entry: 'src/index.ts',
    mayEnter: ['x509', 'nocrypto'],
    packages: [],
    world: 'pure',
  },
  {
    name: 'src/flow',
    covers: 'src/flow/',
    entry: 'src/flow/index.ts',
    mayEnter: ['src', 'x509', 'nocrypto', 'asn1'],
    packages: [],
    world: 'neutral',
  },
  {
    name: 'src/flow/node',
    covers: 'src/flow/node/',
    entry: 'src/flow/node/index.ts',
    adapts: 'src/flow',
    mayEnter: ['src', 'x509', 'x509/pkcs12', 'nocrypto', 'nocrypto/node', 'asn1'],
    packages: ['node:'],
    world: 'node',
  },
  {
    name: 'src/cli',
    covers: 'src/cli/',
    entry: 'src/cli/main.ts',
    mayEnter: [
      'src/flow/node',
      'src/flow',
      'src',
      'x509',
      'x509/pkcs12',
      'nocrypto',
      'nocrypto/node',
      'asn1',
      'asn1/ber',
    ],
    packages: ['node:'],
    world: 'node',
  },
];

export function zoneOf(path: string): Zone | undefined {
  return ZONES.filter((zone) => covers(zone, path)).reduce<Zone | undefined>(
    (best, zone) => (best === undefined || zone.covers.length > best.covers.length ? zone : best),
    undefined,
  );
}

function covers(zone: Zone, path: string): boolean {
  return path === zone.covers || path.startsWith(zone.covers.replace(/\.ts$/, '/'));
}
