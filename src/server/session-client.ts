import { isSame } from '../bytes.ts';
import type { ServerConfig } from '../config.ts';
import { judge, type KeyProof, type PeerProof, resumedKey } from '../peer-certificate.ts';
import type { Request } from '../request.ts';
import { MAX_TICKET_LIFETIME } from '../session.ts';
import { signatureSchemeOfCode } from '../signature-schemes.ts';
import type { TicketState } from '../ticket.ts';

// Whether a session may go on, of whatever version: where, for whom and while it was meant to.

/** Whether it was made here, for this name, and is not too old. Seconds count from the Unix epoch, `now` in milliseconds. */
export function isCurrent(
  config: ServerConfig,
  state: TicketState,
  serverName: string | undefined,
  now: number,
): boolean {
  const age = now / 1000 - state.issuedAt;
  return (
    age >= -1 &&
    age < Math.min(state.lifetime, config.ticketLifetime) &&
    now / 1000 - state.authenticatedAt < MAX_TICKET_LIFETIME &&
    state.serverName === (serverName ?? '') &&
    isSame(state.context, config.sessionContext)
  );
}

/** What is to be thought today of the client of a session. */
export type SessionClient =
  /** Only a full handshake can tell who the client is. */
  | { readonly kind: 'unknown' }
  /** Undefined: an anonymous one will do. */
  | { readonly kind: 'known'; readonly peer: PeerProof | undefined }
  /** The caller is to say. */
  | { readonly kind: 'asked'; readonly proof: KeyProof; readonly request: Request };

/** The client of a session, judged anew: time or trust may have changed since. */
export function judgeSessionClient(config: ServerConfig, state: TicketState, now: number): SessionClient {
  const { clientAuthentication } = config;
  if (clientAuthentication === undefined || state.certificates.length === 0) {
    return clientAuthentication?.required === true ? unknown : { kind: 'known', peer: undefined };
  }
  const scheme = signatureSchemeOfCode(state.signatureScheme);
  if (scheme === undefined) return unknown;
  const proof = resumedKey(config, state, scheme.name);
  if (!proof.ok) return unknown;
  const judged = judge(config, clientAuthentication, proof.value, now);
  if (!judged.ok) return unknown;
  return judged.value.kind === 'asked'
    ? { kind: 'asked', proof: proof.value, request: judged.value.request }
    : { kind: 'known', peer: judged.value.proof };
}

const unknown: SessionClient = { kind: 'unknown' };
