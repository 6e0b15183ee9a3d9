import { checkRequest } from './extensions.ts';
import { misbehaved } from './failure.ts';
import type { HandshakeMessage } from './messages.ts';
import { fail, type Turn, updateReadKeys, updateWriteKeys } from './turn.ts';

/** What may come after the handshake (RFC 9846 §4.6), bounded until application data comes in between. */
export function answerPostHandshake(turn: Turn, message: HandshakeMessage): void {
  const { incoming } = turn;
  const { role, limits } = turn.fixed.config;
  const postHandshakeMessages = incoming.postHandshakeMessages + 1;
  if (postHandshakeMessages > limits.postHandshakeMessages) {
    fail(
      turn,
      misbehaved('too-many-post-handshake-messages', `${postHandshakeMessages} without data in between`),
    );
    return;
  }
  turn.incoming = { ...incoming, postHandshakeMessages };
  if (message.kind === 'keyUpdate') {
    answerKeyUpdate(turn, message.body.requestUpdate);
  } else if (message.kind === 'newSessionTicket' && role === 'client') {
    // A ticket is read, checked and dropped: this client keeps no sessions.
    const problem = checkRequest(message.body.extensions);
    if (problem !== undefined) fail(turn, problem);
  } else {
    fail(turn, misbehaved('unexpected-message', `${message.kind} after the handshake`));
  }
}

/** §4.6.3: the peer has new keys; when it asks, so must we. Any KeyUpdate of its own answers one of ours. */
function answerKeyUpdate(turn: Turn, requestUpdate: number): void {
  if (requestUpdate > 1) {
    fail(turn, misbehaved('bad-key-update', `request_update ${requestUpdate}`));
    return;
  }
  updateReadKeys(turn);
  if (turn.phase.kind === 'ended') return;
  const { protection, closed } = turn.write;
  turn.write = { protection, closed, keyUpdateAsked: false };
  if (requestUpdate === 1 && !closed) updateWriteKeys(turn, false);
}
