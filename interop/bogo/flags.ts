/**
 * The command line of the shim. Every flag that the shim knows stands in one of the tables below; a flag that stands in
 * none is one the runner must be told about with exit code 89.
 *
 * A flag counts for every connection that the process makes, unless `-on-initial`, `-on-resume` or `-on-retry` before its
 * name says for which. After `-new-…-credential` the flags of a credential belong to that one.
 */

/** Flags without a value. */
const switches = [
  '-server',
  '-ipv6',
  '-is-handshaker-supported',
  '-async',
  '-no-tls12',
  '-no-tls13',
  '-verify-fail',
  '-verify-peer',
  '-require-any-client-certificate',
  '-expect-no-peer-cert',
  '-no-ticket',
  '-skip-ticket',
  '-expect-no-session',
  '-expect-session-miss',
  '-check-close-notify',
  '-shim-shuts-down',
  '-shim-writes-first',
  '-read-with-unfinished-write',
  '-write-different-record-sizes',
  '-handshake-never-done',
  '-expect-hrr',
  '-expect-no-hrr',
  '-expect-no-server-name',
  '-export-traffic-secrets',
  '-use-export-context',
  '-fail-early-callback',
  '-fail-cert-callback',
  '-fail-ddos-callback',
  '-reject-alpn',
  '-no-key-shares',
  '-enable-ech-grease',
  '-reject-unusable-ech-config',
  '-expect-ech-accept',
  '-expect-no-ech-name-override',
  '-expect-no-ech-retry-configs',
  '-key-update',
  '-key-update-before-read',
  '-enable-grease',
  '-permute-extensions',
  '-enable-ocsp-stapling',
  '-enable-signed-cert-timestamps',
  '-enable-early-data',
  '-install-cert-compression-algs',
  '-expect-ticket-supports-early-data',
  '-expect-accept-early-data',
  '-expect-reject-early-data',
  '-expect-no-offer-early-data',
] as const;

/** Flags with a value. */
const valued = [
  '-port',
  '-shim-id',
  '-trust-cert',
  '-curves',
  '-key-shares',
  '-verify-prefs',
  '-min-version',
  '-max-version',
  '-host-name',
  '-resume-count',
  '-resumption-delay',
  '-use-client-ca-list',
  '-expect-client-ca-list',
  '-advertise-alpn',
  '-select-alpn',
  '-ech-config-list',
  '-ech-server-config',
  '-ech-server-key',
  '-ech-is-retry-config',
  '-expect-ech-name-override',
  '-expect-ech-retry-configs',
  '-max-send-fragment',
  '-max-cert-list',
  '-shim-initial-write',
  '-repeat-shim-initial-write',
  '-export-keying-material',
  '-export-label',
  '-export-context',
  '-expect-ocsp-response',
  '-expect-signed-cert-timestamps',
  '-expect-version',
  '-expect-cipher',
  '-expect-cipher-aes',
  '-expect-curve-id',
  '-expect-peer-signature-algorithm',
  '-expect-peer-cert-file',
  '-expect-server-name',
  '-expect-alpn',
  '-expect-advertised-alpn',
  '-expect-selected-credential',
  '-expect-peer-rpk-sha256',
  '-expect-peer-certificate-type',
  '-accepted-peer-cert-types',
  '-install-one-cert-compression-alg',
  '-available-client-cert-types',
  '-expect-early-data-reason',
  '-early-write-after-message',
] as const;

/** Flags with a value that belong to a credential: to the newest `-new-…-credential`, or else to the default one. */
const ofCredential = [
  '-cert-file',
  '-key-file',
  '-signing-prefs',
  '-ocsp-response',
  '-signed-cert-timestamps',
  '-psk-importer-key',
  '-psk-importer-identity',
  '-psk-importer-context',
  '-psk-importer-sha384',
] as const;

/** A flag without a value that belongs to a credential in the same way. */
const mustMatchIssuer = '-must-match-issuer';

/** Flags that begin a credential, with its kind. */
const newCredential: ReadonlyMap<string, CredentialSettings['kind']> = new Map([
  ['-new-x509-credential', 'x509'],
  ['-new-rpk-credential', 'rpk'],
  ['-new-psk-credential', 'psk'],
]);

/** Flags that ask for what this library always does, or that steer what it does not have. */
const withoutEffect: ReadonlySet<string> = new Set([
  // A connection stands only once the peer is verified.
  '-expect-verify-result',
  // Without -select-alpn nothing is configured to select from.
  '-decline-alpn',
  // Older versions are never spoken.
  '-no-tls1',
  '-no-tls11',
  // Which of OpenSSL's doors the shim takes into its library. Ours has one.
  '-implicit-handshake',
  '-use-early-callback',
  '-install-ddos-callback',
  '-use-old-client-cert-callback',
  '-use-custom-verify-callback',
  // Renegotiation and the extended master secret belong to TLS 1.2.
  '-renegotiate-ignore',
  '-no-legacy-server-connect',
  '-expect-secure-renegotiation',
  '-expect-extended-master-secret',
  // Only a server that always answers in its own order of preference is asked about it.
  '-server-preference',
  '-no-op-extra-handshake',
  '-expect-no-session-id',
  // The hash of an external key, where nobody says otherwise.
  '-psk-importer-sha256',
  // Every connection gives new tickets, and a certificate is judged anew whenever a session is resumed.
  '-use-ticket-callback',
  '-use-ticket-aead-callback',
  '-renew-ticket',
  '-expect-ticket-renewal',
  '-reverify-on-resume',
]);

/** As {@link withoutEffect}, with a value. */
const withoutEffectValued: ReadonlySet<string> = new Set([
  '-read-size',
  // The name of TLS 1.2 suites: those of TLS 1.3 are not chosen with it.
  '-cipher',
  // Says what to expect of a machine without instructions for AES.
  '-expect-cipher-no-aes',
]);

export type SwitchFlag = (typeof switches)[number];
export type ValueFlag = (typeof valued)[number];
export type CredentialFlag = (typeof ofCredential)[number] | typeof mustMatchIssuer;

/** What the command line says for one connection. */
export interface Settings {
  readonly has: (flag: SwitchFlag) => boolean;
  /** The newest value. */
  readonly text: (flag: ValueFlag) => string | undefined;
  /** All values. */
  readonly texts: (flag: ValueFlag) => readonly string[];
  /** The newest value as a number; throws when it is none. */
  readonly number: (flag: ValueFlag) => number | undefined;
  /** All values, as numbers. */
  readonly numbers: (flag: ValueFlag) => readonly number[];
  /** Those of `-new-…-credential`, in their order. */
  readonly credentials: readonly CredentialSettings[];
  /** That of the flags before any of these. */
  readonly defaultCredential: CredentialSettings | undefined;
}

export interface CredentialSettings {
  readonly kind: 'x509' | 'rpk' | 'psk';
  /** The newest value. */
  readonly text: (flag: CredentialFlag) => string | undefined;
  readonly signingPrefs: readonly number[];
  readonly mustMatchIssuer: boolean;
}

/** The connections a process makes: the first, those that resume, and the one that retries after rejected early data. */
export interface CommandLine {
  readonly initial: Settings;
  readonly resume: Settings;
  readonly retry: Settings;
}

export type Parsed =
  | { readonly kind: 'parsed'; readonly value: CommandLine }
  | { readonly kind: 'unimplemented'; readonly flag: string };

/** Reads the command line. A flag whose value is missing is the runner's bug, and throws. */
export function parseCommandLine(args: readonly string[]): Parsed {
  const gathered = { initial: empty(), resume: empty(), retry: empty() };
  const rest = args[Symbol.iterator]();
  for (const argument of rest) {
    const { flag, scope } = splitScope(argument);
    const kind = newCredential.get(flag);
    const targets = scope === undefined ? Object.values(gathered) : [gathered[scope]];
    if (includes(switches, flag)) {
      for (const target of targets) target.switches.add(flag);
    } else if (kind !== undefined) {
      for (const target of targets) target.credentials.push({ kind, values: new Map() });
    } else if (includes(valued, flag)) {
      const value = following(flag, rest);
      for (const target of targets) append(target.values, flag, value);
    } else if (includes(ofCredential, flag)) {
      const value = flag === '-psk-importer-sha384' ? '' : following(flag, rest);
      for (const target of targets) append((target.credentials.at(-1) ?? target.default).values, flag, value);
    } else if (flag === mustMatchIssuer) {
      for (const target of targets) append((target.credentials.at(-1) ?? target.default).values, flag, '');
    } else if (withoutEffectValued.has(flag)) {
      following(flag, rest);
    } else if (!withoutEffect.has(flag)) {
      return { kind: 'unimplemented', flag };
    }
  }
  return {
    kind: 'parsed',
    value: {
      initial: settings(gathered.initial),
      resume: settings(gathered.resume),
      retry: settings(gathered.retry),
    },
  };
}

type Values<Flag> = Map<Flag, string[]>;

interface Gathered {
  readonly switches: Set<SwitchFlag>;
  readonly values: Values<ValueFlag>;
  readonly default: GatheredCredential;
  readonly credentials: GatheredCredential[];
}

interface GatheredCredential {
  readonly kind: CredentialSettings['kind'];
  readonly values: Values<CredentialFlag>;
}

function empty(): Gathered {
  return {
    switches: new Set(),
    values: new Map(),
    default: { kind: 'x509', values: new Map() },
    credentials: [],
  };
}

function settings(gathered: Gathered): Settings {
  const numbers = (flag: ValueFlag) => (gathered.values.get(flag) ?? []).map((value) => integer(flag, value));
  return {
    has: (flag) => gathered.switches.has(flag),
    text: (flag) => gathered.values.get(flag)?.at(-1),
    texts: (flag) => gathered.values.get(flag) ?? [],
    number: (flag) => numbers(flag).at(-1),
    numbers,
    credentials: gathered.credentials.map(credentialSettings),
    defaultCredential: gathered.default.values.size === 0 ? undefined : credentialSettings(gathered.default),
  };
}

function credentialSettings({ kind, values }: GatheredCredential): CredentialSettings {
  const prefs = values.get('-signing-prefs') ?? [];
  return {
    kind,
    text: (flag) => values.get(flag)?.at(-1),
    mustMatchIssuer: values.has(mustMatchIssuer),
    signingPrefs: prefs.map((value) => integer('-signing-prefs', value)),
  };
}

function splitScope(argument: string): {
  readonly flag: string;
  readonly scope: keyof CommandLine | undefined;
} {
  const [, scope, flag] = /^(?:-on-(initial|resume|retry))?(-.*)$/s.exec(argument) ?? [];
  return {
    flag: flag ?? argument,
    scope: scope === 'initial' || scope === 'resume' || scope === 'retry' ? scope : undefined,
  };
}

function append<Flag>(values: Values<Flag>, flag: Flag, value: string): void {
  const list = values.get(flag);
  if (list === undefined) values.set(flag, [value]);
  else list.push(value);
}

function following(flag: string, rest: Iterator<string>): string {
  const next = rest.next();
  if (next.done === true) throw new Error(`${flag} without a value`);
  return next.value;
}

function integer(flag: string, value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number)) throw new Error(`${flag} ${value} is not a whole number`);
  return number;
}

function includes<Flag extends string>(flags: readonly Flag[], flag: string): flag is Flag {
  const all: readonly string[] = flags;
  return all.includes(flag);
}
