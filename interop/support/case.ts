import type { GroupName } from '../../nocrypto/index.ts';
import type { Peer, PeerName } from '../peers/peer.ts';
import type { Identities } from './identities.ts';
import type { Scope } from './scope.ts';

/** One thing to be seen against one peer. */
export interface Case {
  readonly peer: PeerName;
  /** What pure-tls is in it. */
  readonly role: 'client' | 'server';
  readonly title: string;
  /** A group without which the peer cannot take part. */
  readonly needs?: GroupName | undefined;
  /** Whether it is left out of the default tests, which run everything else against openssl. */
  readonly slow?: boolean | undefined;
  /** Milliseconds after which it has failed. Default 20,000. */
  readonly limit?: number | undefined;
  /** Rejects when it is not as it should be. */
  readonly run: (bench: Bench) => Promise<void>;
}

/** What a case works with. */
export interface Bench {
  readonly scope: Scope;
  readonly identities: Identities;
  readonly peer: Peer;
}
