import { appendFileSync, closeSync, openSync } from 'node:fs';
import { noble } from '../../nocrypto/index.ts';
import { type CommonOptions, defaults, type Facts, keyLogLine, type TraceEvent } from '../index.ts';
import { subjectOf } from './certificate-text.ts';
import { commandError, namesFrom } from './command.ts';
import { systemReason } from './reason.ts';
import { paintFor, printable } from './text.ts';
import { traceLine } from './trace-text.ts';

/** The options that `connect` and `serve` share, for parseArgs. */
export const tlsOptions = {
  alpn: { type: 'string' },
  groups: { type: 'string' },
  ciphers: { type: 'string' },
  keylog: { type: 'string' },
  trace: { type: 'boolean', default: false },
} as const;

/** What `--help` says about them. */
export const tlsOptionsHelp = `  --alpn NAMES        application protocols, comma-separated, most wanted first
  --groups NAMES      key exchange groups, most wanted first:
                      ${defaults.groups.join(', ')}
  --ciphers NAMES     cipher suites, most wanted first:
                      ${defaults.cipherSuites.join(', ')}
  --keylog FILE       append the connection's secrets in the SSLKEYLOGFILE format (RFC 9850);
                      whoever has them can read the connection
  --trace             print what happens inside the connection on stderr`;

export interface TlsValues {
  readonly alpn?: string | undefined;
  readonly groups?: string | undefined;
  readonly ciphers?: string | undefined;
  readonly keylog?: string | undefined;
  readonly trace: boolean;
}

/** The part of a configuration that these options make. */
export function commonOptions(values: TlsValues): CommonOptions {
  return {
    crypto: noble,
    applicationProtocols: values.alpn?.split(','),
    groups: values.groups === undefined ? undefined : namesFrom(values.groups, defaults.groups, 'group'),
    cipherSuites:
      values.ciphers === undefined
        ? undefined
        : namesFrom(values.ciphers, defaults.cipherSuites, 'cipher suite'),
    trace: values.keylog !== undefined ? 'secrets' : values.trace ? 'records' : 'messages',
  };
}

/**
 * Where `--trace` and `--keylog` send a connection's events. `name` tells one connection from another in the trace.
 * The key log is opened at once, so that a path that cannot be written is an error before anything happens.
 */
export function observer(values: TlsValues): (event: TraceEvent, name?: string) => void {
  const { keylog, trace } = values;
  const paint = paintFor(process.stderr, process.env);
  if (keylog !== undefined) checkWritable(keylog);
  return (event, name) => {
    const secret = keylog === undefined ? undefined : keyLogLine(event);
    if (keylog !== undefined && secret !== undefined) appendFileSync(keylog, `${secret}\n`);
    if (trace) process.stderr.write(`${name === undefined ? '' : `${name} `}${traceLine(event, paint)}\n`);
  };
}

/** What was agreed on, in one line. */
export function factsLine(facts: Facts): string {
  const { applicationProtocol, serverName, peer } = facts;
  const parts = [
    facts.version,
    facts.cipherSuite,
    facts.group,
    facts.peerSignatureScheme,
    applicationProtocol === undefined ? undefined : `ALPN ${applicationProtocol}`,
    serverName === undefined ? undefined : `server name ${serverName}`,
    facts.helloRetryRequest ? 'after a HelloRetryRequest' : undefined,
    peer === undefined ? undefined : `peer ${subjectOf(peer.leaf)}`,
  ];
  return parts
    .filter((part) => part !== undefined)
    .map(printable)
    .join(', ');
}

function checkWritable(path: string): void {
  try {
    closeSync(openSync(path, 'a', 0o600));
  } catch (thrown) {
    throw commandError(`cannot write ${path}: ${systemReason(thrown)}`);
  }
}
