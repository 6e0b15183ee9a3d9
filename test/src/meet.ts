import assert from 'node:assert/strict';
import {
  answer,
  type ClientOptions,
  client,
  describeFailure,
  type Effect,
  type Facts,
  type Request,
  type Response,
  type ServerOptions,
  server,
  status,
} from '../../src/index.ts';
import { bytes, converse, find, makeClientConfig, makeServerConfig, type Run } from './support.ts';

// A client and a server of ours that talk to each other.

/** A conversation in which nobody has anything to ask. */
export function meet(clientOptions: Partial<ClientOptions>, serverOptions: Partial<ServerOptions>): Run {
  return meetAnswering(clientOptions, serverOptions, () => assert.fail('nothing is to be asked')).run;
}

/** A conversation in which each request of either side is answered at once. */
export function meetAnswering(
  clientOptions: Partial<ClientOptions>,
  serverOptions: Partial<ServerOptions>,
  respond: (request: Request) => Response,
): { readonly run: Run; readonly requests: readonly Request[] } {
  const requests: Request[] = [];
  let run = converse(
    client(makeClientConfig(clientOptions), bytes(48)),
    server(makeServerConfig(serverOptions), bytes(48, 2)),
  );
  for (;;) {
    const sides = [
      { state: run.client, effects: run.clientEffects },
      { state: run.server, effects: run.serverEffects },
    ];
    const [atClient, atServer] = sides.map(({ state, effects }) => {
      const request = effects.flatMap((effect) => (effect.kind === 'request' ? [effect.request] : [])).at(-1);
      if (status(state).phase !== 'waiting' || request === undefined) return { state, effects: [] };
      requests.push(request);
      return answer(state, respond(request));
    });
    if (atClient === undefined || atServer === undefined) return { run, requests };
    if (atClient.effects.length + atServer.effects.length === 0) return { run, requests };
    const next = converse(atClient, atServer);
    run = {
      ...next,
      clientEffects: [...run.clientEffects, ...next.clientEffects],
      serverEffects: [...run.serverEffects, ...next.serverEffects],
    };
  }
}

/** The facts of a side whose handshake went well. */
export function established(effects: readonly Effect[]): Facts {
  const failure = find(effects, 'failed');
  assert.equal(failure && describeFailure(failure.failure), undefined);
  return find(effects, 'established')?.facts ?? assert.fail('not established');
}

/** The side has failed, and the description of its failure holds these words. */
export function assertFailedSaying(effects: readonly Effect[], ...words: readonly string[]): void {
  const failure = find(effects, 'failed')?.failure ?? assert.fail('did not fail');
  for (const word of words) assert.ok(describeFailure(failure).includes(word), describeFailure(failure));
}
