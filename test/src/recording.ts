import fc from 'fast-check';
import {
  type ClientConfig,
  type ClientOptions,
  client,
  close,
  type Effect,
  type Padding,
  receive,
  receiveEnd,
  type ServerConfig,
  type ServerOptions,
  type State,
  type Step,
  send,
  server,
  status,
} from '../../src/index.ts';
import { bytes, concatAll, NOW, sent } from './support.ts';

// Whole connections as lists of calls, to be played again.

export type Side = 'client' | 'server';

/** A call of the engine's, as data. */
export type Input =
  | { readonly kind: 'receive'; readonly bytes: Uint8Array }
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  | { readonly kind: 'close' }
  | { readonly kind: 'end' };

export interface Call {
  readonly side: Side;
  readonly before: State;
  readonly input: Input;
  readonly step: Step;
}

/** What happens between the two sides, one thing after the other. What cannot be done when its turn comes is left out. */
export type Happening =
  | { readonly kind: 'deliver'; readonly to: Side; readonly length: number }
  | { readonly kind: 'send'; readonly side: Side; readonly length: number }
  | { readonly kind: 'close'; readonly side: Side };

export interface Parties {
  readonly client: ClientConfig;
  readonly server: ServerConfig;
}

export function start({ client: clientConfig, server: serverConfig }: Parties): Readonly<Record<Side, Step>> {
  return { client: client(clientConfig, bytes(48, 1)), server: server(serverConfig, bytes(48, 2)) };
}

export function perform(state: State, input: Input): Step {
  switch (input.kind) {
    case 'receive':
      return receive(state, input.bytes, NOW);
    case 'send':
      return send(state, input.bytes);
    case 'close':
      return close(state);
    case 'end':
      return receiveEnd(state);
  }
}

/** Lets the two sides talk as `happenings` say, then until both fall silent, then ends the flow at both. */
export function recordConnection(
  parties: Parties,
  happenings: readonly Happening[],
  act: typeof perform = perform,
): readonly Call[] {
  const first = start(parties);
  const states = { client: first.client.state, server: first.server.state };
  const pending = { client: sent(first.server.effects), server: sent(first.client.effects) };
  const calls: Call[] = [];
  const call = (side: Side, input: Input): void => {
    const before = states[side];
    const step = act(before, input);
    calls.push({ side, before, input, step });
    states[side] = step.state;
    pending[opposite(side)] = concatAll([pending[opposite(side)], sent(step.effects)]);
  };
  const deliver = (to: Side, length: number): void => {
    const arriving = pending[to].slice(0, length);
    pending[to] = pending[to].slice(length);
    if (arriving.length > 0) call(to, { kind: 'receive', bytes: arriving });
  };
  for (const happening of happenings) {
    if (happening.kind === 'deliver') {
      deliver(happening.to, happening.length);
    } else if (happening.kind === 'close') {
      call(happening.side, { kind: 'close' });
    } else if (status(states[happening.side]).canSend) {
      call(happening.side, { kind: 'send', bytes: bytes(happening.length, happening.length) });
    }
  }
  while (pending.client.length + pending.server.length > 0) {
    deliver('server', Number.POSITIVE_INFINITY);
    deliver('client', Number.POSITIVE_INFINITY);
  }
  call('client', { kind: 'end' });
  call('server', { kind: 'end' });
  return calls;
}

export function opposite(side: Side): Side {
  return side === 'client' ? 'server' : 'client';
}

/** The effects of one side, in order. */
export function effectsOf(calls: readonly Call[], side: Side): readonly Effect[] {
  return calls.flatMap((call) => (call.side === side ? call.step.effects : []));
}

const sides = fc.constantFrom<Side>('client', 'server');

const deliveries = fc.record({
  kind: fc.constant('deliver' as const),
  to: sides,
  length: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 4000 })),
});

const talk = fc.oneof(
  { arbitrary: deliveries, weight: 5 },
  {
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      side: sides,
      length: fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 40_000 })),
    }),
    weight: 5,
  },
  { arbitrary: fc.record({ kind: fc.constant('close' as const), side: sides }), weight: 1 },
);

/** All that is under way, as often as a handshake with a HelloRetryRequest needs. */
const wholeHandshake: readonly Happening[] = Array.from({ length: 6 }, (_, i) => ({
  kind: 'deliver',
  to: i % 2 === 0 ? 'server' : 'client',
  length: Number.POSITIVE_INFINITY,
}));

/** A handshake, whole or in pieces, then data, closings and pieces of these in any order. */
export const happenings: fc.Arbitrary<readonly Happening[]> = fc
  .tuple(
    fc.oneof(
      fc.constant(wholeHandshake),
      fc.array(fc.oneof({ arbitrary: deliveries, weight: 20 }, talk), { maxLength: 30 }),
    ),
    fc.array(talk, { maxLength: 12 }),
  )
  .map(([first, then]) => [...first, ...then]);

export interface OptionPair {
  readonly client: Partial<ClientOptions>;
  readonly server: Partial<ServerOptions>;
}

/** Configurations that lead through every path of the handshake, with limits low enough for keys to turn over. */
export const optionPairs: fc.Arbitrary<OptionPair> = fc
  .record({
    suite: fc.constantFrom(
      'TLS_AES_128_GCM_SHA256' as const,
      'TLS_AES_256_GCM_SHA384' as const,
      'TLS_CHACHA20_POLY1305_SHA256' as const,
    ),
    retry: fc.boolean(),
    helloRetryCookie: fc.boolean(),
    middleboxCompatibility: fc.boolean(),
    protocol: fc.boolean(),
    recordsPerKey: fc.constantFrom(4, 20, 2 ** 20),
    recordPlaintext: fc.constantFrom(100, 2 ** 14),
    recordSizeLimit: fc.constantFrom('none' as const, 64, 2 ** 14),
    grease: fc.boolean(),
    padding: fc.constantFrom<Padding>(
      { kind: 'none' },
      { kind: 'toMultiple', of: 50 },
      { kind: 'random', most: 99 },
    ),
    extensionOrder: fc.constantFrom('fixed' as const, 'permuted' as const),
  })
  .map((choice) => {
    const { suite, middleboxCompatibility, helloRetryCookie, recordsPerKey, recordPlaintext } = choice;
    const common = {
      trace: 'records' as const,
      recordSizeLimit: choice.recordSizeLimit,
      grease: choice.grease,
      padding: choice.padding,
      limits: { aesGcmRecords: recordsPerKey, chaChaRecords: recordsPerKey, recordPlaintext },
    };
    return {
      client: {
        ...common,
        middleboxCompatibility,
        extensionOrder: choice.extensionOrder,
        cipherSuites: [suite],
        ...(choice.protocol ? { applicationProtocols: ['h2', 'http/1.1'] } : {}),
      },
      server: {
        ...common,
        helloRetryCookie,
        ...(choice.retry ? { groups: ['secp256r1' as const] } : {}),
        ...(choice.protocol ? { applicationProtocols: ['http/1.1'] } : {}),
      },
    };
  });
