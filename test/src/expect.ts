import assert from 'node:assert/strict';
import {
  type AlertName,
  type Failure,
  type Incompatibility,
  type Misbehaviour,
  receive,
  receiveEnd,
  type State,
  send,
  status,
} from '../../src/index.ts';
import type { Peer } from './peer.ts';
import { NOW } from './support.ts';

/** Who is to blame for a failure and why, in two words that a test can name. */
export function blame(failure: Failure): string {
  switch (failure.kind) {
    case 'malformed':
      return `malformed ${failure.structure}`;
    case 'peerMisbehaved':
    case 'incompatible':
    case 'misuse':
      return `${failure.kind} ${failure.reason}`;
    case 'certificate':
      return `certificate ${failure.error.reason}`;
    case 'peerAlert':
      return `peerAlert ${failure.alert}`;
    case 'echRejected':
    case 'truncated':
      return failure.kind;
  }
}

/**
 * The engine has failed for this reason, its last word on the wire was this one alert (`undefined`: it said none), fatal
 * unless it is close_notify, and it stays failed.
 */
export function assertFailed(peer: Peer, alert: AlertName | undefined, reason: string): void {
  const last = peer.effects.at(-1);
  assert.ok(last?.kind === 'failed', `the engine has not failed (${peer.state.phase.kind})`);
  assert.equal(blame(last.failure), reason);
  const alerts = peer.heard.flatMap((heard) => (heard.kind === 'alert' ? [heard] : []));
  assert.deepEqual(
    alerts.map(({ level, alert: name }) => [level, name]),
    alert === undefined ? [] : [[alert === 'close_notify' ? 1 : 2, alert]],
  );
  if (alert !== undefined) assert.equal(peer.heard.at(-1)?.kind, 'alert', 'the alert is the last word');
  assertOver(peer.state);
}

/** As {@link assertFailed}, by the peer's fault. */
export function assertMisbehaved(peer: Peer, alert: AlertName, reason: Misbehaviour): void {
  assertFailed(peer, alert, `peerMisbehaved ${reason}`);
}

/** As {@link assertFailed}, by nobody's fault. */
export function assertIncompatible(peer: Peer, alert: AlertName, reason: Incompatibility): void {
  assertFailed(peer, alert, `incompatible ${reason}`);
}

/** Nothing follows: no bytes are taken, none can be sent, and no key and no byte is kept. */
export function assertOver(state: State): void {
  assert.equal(status(state).phase, 'over');
  const nothing = { state, effects: [] };
  assert.deepEqual(receive(state, Uint8Array.of(22, 3, 3, 0, 1, 0), NOW), nothing);
  assert.deepEqual(receiveEnd(state), nothing);
  assert.throws(() => send(state, Uint8Array.of(1)), /send: the connection/);
  assert.equal(state.read.protection, undefined);
  assert.equal(state.write.protection, undefined);
  assert.equal(state.incoming.records.length + state.incoming.handshake.length, 0);
}

/** The engine has not failed, and stands where the test thinks. */
export function assertAt(peer: Peer, phase: State['phase']['kind']): void {
  const failed = peer.effects.find((effect) => effect.kind === 'failed');
  assert.equal(failed && blame(failed.failure), undefined);
  assert.equal(peer.state.phase.kind, phase);
}
