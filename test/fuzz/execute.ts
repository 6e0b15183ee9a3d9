import { isDeepStrictEqual } from 'node:util';
import { alertCodes, contentTypes } from '../../src/codepoints.ts';
import {
  alertFor,
  answer,
  client,
  close,
  type Effect,
  type Failure,
  type Request,
  type Response,
  receive,
  receiveEnd,
  type Session,
  type State,
  type Step,
  send,
  sendEarlyData,
  server,
  status,
  updateKeys,
} from '../../src/index.ts';
import { speaksTls12 } from '../../src/state.ts';
import { dangerouslyAcceptAnyCertificate, dangerouslyAcceptAnyRawKey, err } from '../../x509/index.ts';
import { recordsOf } from '../src/peer.ts';
import { bytes, concatAll, converse, NOW, sent } from '../src/support.ts';
import type { Operation, Program } from './program.ts';
import { externalCredential, ownCredential, type Scenario, scenarios } from './scenarios.ts';
import { transparentCrypto } from './transparent-crypto.ts';

export const scenarioCount = scenarios.length;

/** Bytes that a connection may keep back of what the peer has sent, and then some. */
const MOST_KEPT = 256 * 1024;
/** Bytes that a call may send beyond what it was given to send: two flights with the longest lists of this fuzzer. */
const MOST_ANSWERED = 64 * 1024;

/** What was seen of a connection, in order, and where it ended. */
export interface Outcome {
  readonly effects: readonly Effect[];
  readonly state: State;
}

/**
 * Runs a program and holds the engine to what is true of every input: no exception, bounded output and memory, an alert
 * for each failure that has one, and silence after the end. Throws an Error that says what did not hold.
 */
export function execute(program: Program): Outcome {
  const scenario = scenarios[program.scenario % scenarios.length];
  if (scenario === undefined) throw new Error('there is no scenario');
  const first = begin(scenario, program.side);
  const effects: Effect[] = [...first.effects];
  let { state } = first;
  let request = requestIn(first.effects);
  let now = NOW;
  for (const operation of program.operations) {
    if (operation.kind === 'wait') {
      now += (operation.bytes[0] ?? 1) * 60_000;
      continue;
    }
    const call = callOf(state, operation, request, now);
    if (call === undefined) continue;
    const step = call();
    checkStep(state, operation, step);
    effects.push(...step.effects);
    state = step.state;
    request = status(state).phase === 'waiting' ? (requestIn(step.effects) ?? request) : undefined;
  }
  return { effects, state };
}

/**
 * Runs it twice more, once with all that is received in single bytes. What comes of it must be the same; only how it is cut
 * into effects may differ.
 */
export function executeThoroughly(program: Program): void {
  const once = summary(execute(program));
  if (!isDeepStrictEqual(summary(execute(program)), once)) throw new Error('equal inputs, other outputs');
  const pieces = program.operations.flatMap((operation) =>
    operation.kind === 'receive' ? singleBytes(operation.bytes) : [operation],
  );
  const inPieces = summary(execute({ ...program, operations: pieces }));
  if (!isDeepStrictEqual(inPieces, once)) throw new Error('input in single bytes, other outputs');
}

/** Both ends of a conversation that goes well, as the seeds to change. */
export function record(index: number): readonly Program[] {
  const scenario = scenarios[index];
  if (scenario === undefined) throw new Error(`there is no scenario ${index}`);
  const operations = { client: [] as Operation[], server: [] as Operation[] };
  const ends = { client: begin(scenario, 'client'), server: begin(scenario, 'server') };
  const states = { client: ends.client.state, server: ends.server.state };
  const pending = { client: sent(ends.server.effects), server: sent(ends.client.effects) };
  const requests = { client: requestIn(ends.client.effects), server: requestIn(ends.server.effects) };
  const perform = (side: 'client' | 'server', operation: Operation): void => {
    const call = callOf(states[side], operation, requests[side], NOW);
    if (call === undefined) return;
    const step = call();
    operations[side].push(operation);
    states[side] = step.state;
    requests[side] = requestIn(step.effects);
    const other = side === 'client' ? 'server' : 'client';
    pending[other] = concatAll([pending[other], sent(step.effects)]);
  };
  const talk = (): void => {
    for (let round = 0; round < 24; round++) {
      for (const side of ['server', 'client'] as const) {
        const arriving = pending[side];
        pending[side] = new Uint8Array(0);
        if (arriving.length > 0) perform(side, { kind: 'receive', bytes: arriving });
        else if (requests[side] !== undefined) perform(side, { kind: 'answer', bytes: Uint8Array.of(0) });
      }
    }
  };
  perform('client', { kind: 'sendEarly', bytes: bytes(30) });
  talk();
  for (const side of ['client', 'server'] as const) {
    perform(side, { kind: 'send', bytes: bytes(100) });
    perform(side, { kind: 'updateKeys', bytes: Uint8Array.of(1) });
    talk();
    perform(side, { kind: 'send', bytes: bytes(10) });
    talk();
  }
  perform('client', { kind: 'close', bytes: new Uint8Array(0) });
  perform('server', { kind: 'close', bytes: new Uint8Array(0) });
  talk();
  return (['client', 'server'] as const).map((side) => ({
    side,
    scenario: index,
    operations: operations[side],
  }));
}

const seed = bytes(48, 3);
const sessions = new Map<Scenario, readonly Session[]>();

function begin(scenario: Scenario, side: 'client' | 'server'): Step {
  if (side === 'server') return server(scenario.server, seed);
  if (scenario.resumes === 'no') return client(scenario.client, seed);
  const earlyData = scenario.resumes === 'early';
  return client(scenario.client, seed, { sessions: sessionsFor(scenario), now: NOW, earlyData });
}

/** The sessions that a first connection with the scenario's server gave. */
function sessionsFor(scenario: Scenario): readonly Session[] {
  const known = sessions.get(scenario);
  if (known !== undefined) return known;
  const { clientEffects } = converse(client(scenario.client, seed), server(scenario.server, seed));
  const kept = clientEffects.flatMap((effect) => (effect.kind === 'ticket' ? [effect.session] : []));
  if (kept.length === 0) throw new Error(`no tickets in the scenario ${scenario.name}`);
  sessions.set(scenario, kept);
  return kept;
}

/** The call that an operation stands for; none when the caller may not make it now. */
function callOf(
  state: State,
  { kind, bytes: argument }: Operation,
  request: Request | undefined,
  now: number,
): (() => Step) | undefined {
  const { phase, canSend, earlyData } = status(state);
  switch (kind) {
    case 'receive':
      return () => receive(state, argument, now);
    case 'send':
      return canSend ? () => send(state, argument) : undefined;
    case 'sendEarly':
      return argument.length <= (earlyData?.left ?? -1) ? () => sendEarlyData(state, argument) : undefined;
    case 'updateKeys':
      return canSend && !speaksTls12(state.phase)
        ? () => updateKeys(state, { ask: argument[0] === 1 })
        : undefined;
    case 'answer':
      return phase === 'waiting' && request !== undefined
        ? () => answer(state, respond(request, argument, now))
        : undefined;
    case 'close':
      return () => close(state);
    case 'end':
      return () => receiveEnd(state);
    case 'wait':
      return undefined;
  }
}

/** The first byte chooses: an odd one says no where one can. */
function respond(request: Request, [choice = 0, ...rest]: Uint8Array, now: number): Response {
  if (choice % 4 === 3) return { kind: 'refusal', reason: 'chance' };
  const good = choice % 2 === 0;
  switch (request.kind) {
    case 'credential':
      return { kind: 'credential', credential: good ? ownCredential : externalCredential };
    case 'clientCredential':
      return { kind: 'clientCredential', credential: good ? externalCredential : undefined };
    case 'signature':
      return { kind: 'signature', signature: good ? bytes(64) : Uint8Array.from(rest) };
    case 'replayCheck':
      return { kind: 'replayCheck', isNew: good };
    case 'sessionLookup':
      return { kind: 'sessionLookup', session: good ? Uint8Array.from(rest) : undefined };
    case 'verdict':
      return {
        kind: 'verdict',
        verdict: good
          ? dangerouslyAcceptAnyCertificate({ ...request.presented, crypto: transparentCrypto, now })
          : err(unknownPeer),
      };
    case 'rawKeyVerdict':
      return {
        kind: 'rawKeyVerdict',
        verdict: good ? dangerouslyAcceptAnyRawKey(request.presented) : err(unknownPeer),
      };
  }
}

const unknownPeer = {
  reason: 'unknown-issuer',
  expected: 'somebody known',
  found: 'a stranger',
  certificate: undefined,
} as const;

function requestIn(effects: readonly Effect[]): Request | undefined {
  return effects.flatMap((effect) => (effect.kind === 'request' ? [effect.request] : [])).at(-1);
}

function checkStep(before: State, operation: Operation, { state, effects }: Step): void {
  const end = effects.findIndex(({ kind }) => kind === 'failed' || kind === 'closed');
  if (end >= 0 && end !== effects.length - 1) throw new Error('an effect behind the end of the connection');
  if (status(before).phase === 'over' && effects.length > 0) throw new Error('an effect after the end');
  if (end >= 0 !== (status(before).phase !== 'over' && status(state).phase === 'over')) {
    throw new Error('the end of the connection is not told, or is told and does not come');
  }
  const answered = sent(effects);
  const isSent = operation.kind === 'send' || operation.kind === 'sendEarly';
  const given = isSent ? operation.bytes.length : 0;
  // Each record adds its header, tag and type; the smallest that a limit allows holds 64 bytes.
  if (answered.length > 2 * given + MOST_ANSWERED) throw new Error(`${answered.length} bytes sent`);
  const kept = state.incoming.records.length + state.incoming.handshake.length;
  if (kept > MOST_KEPT) throw new Error(`${kept} bytes kept`);
  const failed = effects.find((effect) => effect.kind === 'failed');
  if (failed?.kind === 'failed') checkAlert(before, failed.failure, answered);
}

/** The last record of what was sent holds the alert: by its own type, or inside of a transparent ciphertext. */
function checkAlert(before: State, failure: Failure, answered: Uint8Array): void {
  const alert = alertFor(failure);
  if (alert === undefined || before.write.closed) return;
  const code = alertCodes[alert];
  const isPlain = answered.at(-7) === contentTypes.alert && answered.at(-1) === code;
  const isProtected = answered.some(
    (byte, i) => byte === code && answered[i + 1] === contentTypes.alert && isTag(answered, i + 2),
  );
  if (!isPlain && !isProtected && !isTls12Alert(answered, code))
    throw new Error(`no alert for ${JSON.stringify(failure)}`);
}

/** Under the keys of TLS 1.2 the type stands outside, and the alert between what suites put around it. */
function isTls12Alert(answered: Uint8Array, code: number): boolean {
  const last = recordsOf(answered).at(-1) ?? new Uint8Array(0);
  const isLevel = (byte: number | undefined) => byte === 1 || byte === 2;
  return last[0] === contentTypes.alert && last.some((byte, i) => byte === code && isLevel(last[i - 1]));
}

/** Whether nothing but padding and a tag of 8 or 16 bytes follows. */
function isTag(all: Uint8Array, from: number): boolean {
  const rest = all.subarray(from);
  const padding = rest.findIndex((byte) => byte !== 0);
  const tag = rest.subarray(Math.max(0, padding));
  return (tag.length === 8 || tag.length === 16) && tag.every((byte) => byte === 1);
}

function singleBytes(all: Uint8Array): readonly Operation[] {
  return Array.from(all, (byte) => ({ kind: 'receive', bytes: Uint8Array.of(byte) }));
}

/** What a peer and a caller notice of a connection, however it was cut into calls. */
function summary({ effects, state }: Outcome): unknown {
  const data = effects.flatMap((effect) => (effect.kind === 'data' ? [effect.bytes] : []));
  return {
    sent: sent(effects),
    data: concatAll(data),
    rest: effects.filter(({ kind }) => kind !== 'send' && kind !== 'data' && kind !== 'trace'),
    phase: state.phase.kind,
  };
}
