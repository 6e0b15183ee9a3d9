/** What of a case of x509-limbo's format (its limbo-schema.json) is looked at here. Certificates and CRLs are PEM. */
export interface Testcase {
  readonly id: string;
  readonly trusted_certs: readonly string[];
  readonly untrusted_intermediates: readonly string[];
  readonly peer_certificate: string;
  /** RFC 3339; null for the time of the run. */
  readonly validation_time: string | null;
  readonly validation_kind: 'SERVER' | 'CLIENT';
  readonly expected_peer_name: PeerName | null;
  /** Of a client: all of them. */
  readonly expected_peer_names: readonly PeerName[];
  readonly key_usage: readonly string[];
  readonly max_chain_depth: number | null;
  readonly crls: readonly string[];
  readonly expected_result: Outcome;
}

export interface PeerName {
  readonly kind: 'DNS' | 'IP' | 'RFC822';
  readonly value: string;
}

export type Outcome = 'SUCCESS' | 'FAILURE';

/** The cases of a file, one at least. Throws for what is no such file. */
export function readTestcases(text: string): readonly Testcase[] {
  const file: { readonly version?: unknown; readonly testcases?: readonly Testcase[] } = JSON.parse(text);
  if (file.version !== 1 || !Array.isArray(file.testcases) || file.testcases.length === 0) {
    throw new Error('not an x509-limbo file of version 1 with cases in it');
  }
  return file.testcases;
}
