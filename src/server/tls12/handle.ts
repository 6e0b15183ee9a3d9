import { err } from '../../../x509/index.ts';
import type { ServerConfig } from '../../config.ts';
import { misbehaved } from '../../failure.ts';
import type { Tls12Phase } from '../../state.ts';
import type { Tls12Message } from '../../tls12/messages.ts';
import type { Transition } from '../../transition.ts';

/** The server's state machine of TLS 1.2 (RFC 5246 §7.3). What is not listed is unexpected_message. */
export function handleTls12Server(
  _config: ServerConfig,
  phase: Tls12Phase,
  message: Tls12Message,
  _raw: Uint8Array,
  _now: number,
): Transition {
  return err(misbehaved('unexpected-message', `${message.kind} in the state ${phase.kind}`));
}

/** change_cipher_spec: one state awaits it, and in every other it comes too early or too late (CVE-2014-0224). */
export function handleClientChangeCipherSpec(_config: ServerConfig, phase: Tls12Phase): Transition {
  return err(misbehaved('bad-change-cipher-spec', `in the state ${phase.kind}`));
}
