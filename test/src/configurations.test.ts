import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  alertFor,
  client,
  type Effect,
  exportKeyingMaterial,
  type Facts,
  type Resumption,
  receive,
  type Session,
  type State,
  send,
  server,
  status,
} from '../../src/index.ts';
import {
  type Agreement,
  agreementOf,
  type ClientChoices,
  clientChoices,
  clientOf,
  externalPsk,
  type ServerChoices,
  serverChoices,
  serverOf,
} from './configurations.ts';
import { bytes, concatAll, data, find, NOW, runs, sent } from './support.ts';

// Two honest sides of any configuration, whose bytes come in any pieces: they agree as the standard says, or both learn that
// they cannot.

const pieces = fc.array(fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 5000 })), {
  minLength: 1,
  maxLength: 12,
});

test('two honest sides agree on what both can do best, or both learn why not', () => {
  const seen = { '1.3': 0, '1.2': 0, failed: 0 };
  fc.assert(
    fc.property(clientChoices, serverChoices, pieces, (clientChosen, serverChosen, cuts) => {
      const expected = agreementOf(clientChosen, serverChosen);
      const met = meet(clientChosen, serverChosen, cuts, undefined);
      if (expected === undefined) {
        seen.failed++;
        assertBothFailed(met);
      } else {
        seen[expected.version]++;
        assertAgreed(met, expected);
        assertSameSecrets(met);
        assertTalk(met);
      }
    }),
    { numRuns: runs(300) },
  );
  assert.ok(Math.min(...Object.values(seen)) > 0, JSON.stringify(seen));
});

test('a session is taken up under any other configuration, or it is not, and either way both sides agree', () => {
  let resumed = 0;
  const ticketed = serverChoices.map((chosen) => ({ ...chosen, tickets: true }));
  fc.assert(
    fc.property(
      fc.tuple(clientChoices, ticketed).filter(([a, b]) => agreementOf(a, b) !== undefined),
      fc.oneof(fc.constant(undefined), fc.tuple(clientChoices, ticketed)),
      pieces,
      (first, others, cuts) => {
        const sessions = ticketsOf(meet(...first, [100_000], undefined));
        const [clientChosen, serverChosen] = others ?? first;
        const met = meet(clientChosen, serverChosen, cuts, { sessions, now: NOW });
        if (status(met.client.state).phase !== 'established') {
          assertBothFailed(met);
          return;
        }
        assertSameSecrets(met);
        assertTalk(met);
        const { facts } = established(met.client);
        assert.equal(established(met.server).facts.resumed, facts.resumed);
        if (facts.resumed) resumed++;
      },
    ),
    { numRuns: runs(150) },
  );
  assert.ok(resumed > 0);
});

interface End {
  state: State;
  readonly effects: Effect[];
}

interface Meeting {
  readonly client: End;
  readonly server: End;
}

/** Both sides talk until neither has anything to say; what each is sent comes in pieces of the lengths given, over and over. */
function meet(
  clientChosen: ClientChoices,
  serverChosen: ServerChoices,
  cuts: readonly number[],
  resumption: Resumption | undefined,
): Meeting {
  const begun = client(clientOf(clientChosen), bytes(48, 1), resumption);
  const met = {
    client: { state: begun.state, effects: [...begun.effects] },
    server: { state: server(serverOf(serverChosen), bytes(48, 2)).state, effects: [] },
  };
  exchange(met, sent(begun.effects), new Uint8Array(0), cuts);
  return met;
}

function exchange(
  met: Meeting,
  toServer: Uint8Array,
  toClient: Uint8Array,
  cuts: readonly number[] = [100_000],
): void {
  let waiting = { server: toServer, client: toClient };
  while (waiting.server.length + waiting.client.length > 0) {
    const answers = {
      client: deliver(met.server, waiting.server, cuts),
      server: deliver(met.client, waiting.client, cuts),
    };
    waiting = answers;
  }
}

function deliver(end: End, all: Uint8Array, cuts: readonly number[]): Uint8Array {
  const answers: Uint8Array[] = [];
  for (let from = 0, i = 0; from < all.length; i++) {
    const length = cuts[i % cuts.length] ?? all.length;
    const step = receive(end.state, all.subarray(from, from + length), NOW);
    end.state = step.state;
    end.effects.push(...step.effects);
    answers.push(sent(step.effects));
    from += length;
  }
  return concatAll(answers);
}

function assertAgreed(met: Meeting, expected: Agreement): void {
  const { facts } = established(met.client);
  const atServer = established(met.server).facts;
  for (const key of ['cipherSuite', 'helloRetryRequest', 'applicationProtocol'] as const) {
    assert.equal(facts[key], expected[key], key);
  }
  assert.equal(facts.version, `TLS ${expected.version}`);
  assert.ok(facts.group !== undefined && expected.groups.includes(facts.group));
  assert.equal(facts.resumed, false);
  assert.deepEqual(facts.externalIdentity, expected.psk && externalPsk(expected.psk).identity);
  assert.equal(facts.peerSignatureScheme, expected.serverSignature);
  assert.equal(facts.ownSignatureScheme, expected.clientSignature);
  assert.equal(atServer.peer !== undefined, expected.clientSignature !== undefined);
}

/**
 * The facts are each other's mirror image, and whatever is exported is the same. Only a resumed side remembers how the other
 * proved its key when the session began, and has itself proven nothing.
 */
function assertSameSecrets(met: Meeting): void {
  const { facts } = established(met.client);
  const atServer = established(met.server).facts;
  assert.deepEqual(shared(atServer), shared(facts));
  if (!facts.resumed) {
    assert.equal(atServer.ownSignatureScheme, facts.peerSignatureScheme);
    assert.equal(atServer.peerSignatureScheme, facts.ownSignatureScheme);
  }
  const exported = (state: State) => exportKeyingMaterial(state, 'EXPERIMENTAL test', bytes(3), 32);
  assert.deepEqual(exported(met.client.state), exported(met.server.state));
}

function shared(facts: Facts): unknown {
  const { version, cipherSuite, group, applicationProtocol, serverName, resumed } = facts;
  const { externalIdentity, helloRetryRequest, clientRandom } = facts;
  return {
    version,
    cipherSuite,
    group,
    applicationProtocol,
    serverName,
    resumed,
    externalIdentity,
    helloRetryRequest,
    clientRandom,
  };
}

function assertTalk(met: Meeting): void {
  const question = send(met.client.state, bytes(3000, 5));
  const reply = send(met.server.state, bytes(20_000, 6));
  met.client.state = question.state;
  met.server.state = reply.state;
  exchange(met, sent(question.effects), sent(reply.effects), [700]);
  assert.deepEqual(data(met.server.effects), bytes(3000, 5));
  assert.deepEqual(data(met.client.effects), bytes(20_000, 6));
}

/** Whoever found out said so with the alert of its failure, and that is what the other heard. */
function assertBothFailed(met: Meeting): void {
  const failures = [met.client, met.server].map(({ state, effects }) => {
    assert.equal(status(state).phase, 'over');
    const failed = find(effects, 'failed');
    assert.ok(failed);
    return failed.failure;
  });
  const alert = failures.flatMap((failure) => (failure.kind === 'peerAlert' ? [] : [alertFor(failure)]));
  const heard = failures.flatMap((failure) => (failure.kind === 'peerAlert' ? [failure.alert] : []));
  assert.equal(heard.length, 1, JSON.stringify(failures));
  assert.deepEqual(heard, alert);
}

function established({ effects }: End): Extract<Effect, { kind: 'established' }> {
  const found = find(effects, 'established');
  assert.ok(found, JSON.stringify(find(effects, 'failed')));
  return found;
}

function ticketsOf(met: Meeting): readonly Session[] {
  return met.client.effects.flatMap((effect) => (effect.kind === 'ticket' ? [effect.session] : []));
}
