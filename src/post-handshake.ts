import { decompressed } from './certificate-compression.ts';
import { answerLateRequest } from './client/late-authentication.ts';
import { sessionName } from './client/session-name.ts';
import { checkRequest, findExtension } from './extensions.ts';
import { misbehaved } from './failure.ts';
import { ticketPsk } from './key-schedule.ts';
import type {
  CertificateMessage,
  CertificateRequest,
  CompressedCertificate,
  HandshakeMessage,
  NewSessionTicket,
} from './messages.ts';
import { answerLateCertificate } from './server/late-authentication.ts';
import { isCertificateAwaited } from './state.ts';
import { apply, emit, fail, type Turn, updateReadKeys } from './turn.ts';

/**
 * What may come after the handshake (RFC 9846 §4.7), bounded until application data comes in between; or what this side has
 * asked for, which is bounded by its requests.
 */
export function answerPostHandshake(turn: Turn, message: HandshakeMessage, raw: Uint8Array): void {
  if (isCertificateAwaited(turn.phase)) {
    switch (message.kind) {
      case 'certificate':
        takeLateCertificate(turn, message.body, raw);
        return;
      case 'compressedCertificate':
        takeCompressed(turn, message.body, raw);
        return;
    }
  }
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
    takeTicket(turn, message.body);
  } else if (message.kind === 'certificateRequest') {
    takeLateRequest(turn, message.body, raw);
  } else {
    fail(turn, misbehaved('unexpected-message', `${message.kind} after the handshake`));
  }
}

/**
 * §4.7.3: the peer has new keys, and any KeyUpdate of its own answers one of ours. Where it asks for one, that goes before our
 * next data: one for however many times it has asked while we were silent, so that asking costs the peer more than us.
 */
function answerKeyUpdate(turn: Turn, requestUpdate: number): void {
  if (requestUpdate > 1) {
    fail(turn, misbehaved('bad-key-update', `request_update ${requestUpdate}`));
    return;
  }
  updateReadKeys(turn);
  if (turn.phase.kind === 'ended') return;
  const { write } = turn;
  const keyUpdateOwed = write.keyUpdateOwed || (requestUpdate === 1 && !write.closed);
  turn.write = { ...write, keyUpdateAsked: false, keyUpdateOwed };
}

/** §4.7.2: only a client that has offered it may be asked. One that has closed its half cannot answer any more. */
function takeLateRequest(turn: Turn, message: CertificateRequest, raw: Uint8Array): void {
  const { phase } = turn;
  const { config } = turn.fixed;
  const late = phase.kind === 'established' && phase.version === '1.3' ? phase.late : undefined;
  if (
    config.role !== 'client' ||
    phase.kind !== 'established' ||
    phase.version !== '1.3' ||
    late === undefined
  ) {
    fail(turn, misbehaved('unexpected-message', 'certificateRequest after the handshake'));
  } else if (!turn.write.closed) {
    apply(turn, answerLateRequest(config, phase, late, message, raw));
  }
}

/** RFC 8879 §4: in the transcript it stands as it came. */
function takeCompressed(turn: Turn, message: CompressedCertificate, raw: Uint8Array): void {
  const certificate = decompressed(turn.fixed.config, message);
  if (certificate.ok) takeLateCertificate(turn, certificate.value, raw);
  else fail(turn, certificate.error);
}

/** §4.7.2: the client begins an answer. */
function takeLateCertificate(turn: Turn, message: CertificateMessage, raw: Uint8Array): void {
  const { phase } = turn;
  const { config } = turn.fixed;
  const keys = turn.read.protection?.keys;
  if (config.role !== 'server' || phase.kind !== 'established' || phase.version !== '1.3') return;
  const { lateRequests } = phase;
  const { postHandshakeAuthentication: authentication } = config;
  if (lateRequests === undefined || authentication === undefined || keys?.version !== '1.3') return;
  const { trafficSecret } = keys;
  apply(
    turn,
    answerLateCertificate(config, authentication, phase, lateRequests, trafficSecret, message, raw),
  );
}

/** §4.7.1: a ticket to go on with later, unless it is worth nothing already. */
function takeTicket(turn: Turn, message: NewSessionTicket): void {
  const problem = checkRequest(message.extensions);
  if (problem !== undefined) {
    fail(turn, problem);
    return;
  }
  const { phase, now } = turn;
  const { config } = turn.fixed;
  if (phase.kind !== 'established' || phase.version !== '1.3' || config.role !== 'client') return;
  const { suite, resumable } = phase;
  if (message.ticketLifetime === 0 || resumable === undefined) return;
  emit(turn, {
    kind: 'ticket',
    session: {
      version: 'TLS 1.3',
      cipherSuite: suite.name,
      psk: ticketPsk(config.crypto, suite.hash, resumable.resumptionSecret, message.ticketNonce),
      ticket: message.ticket.slice(),
      ticketLifetime: message.ticketLifetime,
      ticketAgeAdd: message.ticketAgeAdd,
      receivedAt: now,
      serverName: sessionName(config),
      ...resumable.shown,
      signatureScheme: resumable.signatureScheme,
      maxEarlyData: findExtension(message.extensions, 'earlyData') ?? 0,
      applicationProtocol: resumable.applicationProtocol,
    },
  });
}
