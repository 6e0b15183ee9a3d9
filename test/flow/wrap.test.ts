import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { noble } from '../../nocrypto/index.ts';
import {
  type Flow,
  isTlsError,
  type MemoryPairOptions,
  memoryPair,
  type TlsConnection,
  type WrapOptions,
  wrapClient,
  wrapServer,
} from '../../src/flow/index.ts';
import { flowFromSocket } from '../../src/flow/node/index.ts';
import {
  type ClientConfig,
  credential,
  decodeSession,
  encodeSession,
  type Request,
  type Response,
  rotateTicketKeys,
  type ServerConfig,
  type Session,
  TICKET_KEY_ENTROPY,
  type TraceEvent,
} from '../../src/index.ts';
import { chainOfTrust, dangerouslyAcceptAnyCertificate, trustAnchor } from '../../x509/index.ts';
import {
  authority,
  entropyFrom,
  leaf,
  must,
  NOW,
  newLeaf,
  readAll,
  serverCredential,
  testClient,
  testServer,
  world,
} from './parties.ts';
import { socketPair } from './sockets.ts';

const trusting = chainOfTrust({ anchors: [trustAnchor(authority)] });

/** Application data under no key of anybody. */
const FORGED_RECORD = Buffer.from([23, 3, 3, 0, 17, ...new Uint8Array(17)]);

describe('a connection over a pair in memory', () => {
  it('is established with the same facts at both ends, and carries data both ways', async () => {
    const [client, server] = await connected();
    assert.equal(client.facts.cipherSuite, 'TLS_AES_128_GCM_SHA256');
    assert.equal(client.facts.group, server.facts.group);
    assert.deepEqual(client.facts.clientRandom, server.facts.clientRandom);
    assert.deepEqual(client.facts.peer?.leaf.der, leaf.certificate.der);
    await client.write(Buffer.from('there'));
    assert.deepEqual(await server.read(), new Uint8Array(Buffer.from('there')));
    await server.write(Buffer.from('back'));
    assert.deepEqual(await client.read(), new Uint8Array(Buffer.from('back')));
  });

  it('works when every byte arrives alone', async () => {
    const [client, server] = await connected({ pair: { chunkSize: 1 } });
    await Promise.all([client.write(Buffer.from('there')), server.write(Buffer.from('back'))]);
    await Promise.all([client.closeWrite(), server.closeWrite()]);
    assert.equal((await readAll(server)).toString(), 'there');
    assert.equal((await readAll(client)).toString(), 'back');
  });

  it('goes after overlapping writes in the order of the calls', async () => {
    const [client, server] = await connected();
    const big = new Uint8Array(600_000).fill(1);
    const writing = [
      client.write(big),
      client.write(Uint8Array.of(2)),
      client.write(new Uint8Array()),
      client.closeWrite(),
    ];
    const all = await readAll(server);
    await Promise.all(writing);
    assert.equal(all.length, big.length + 1);
    assert.equal(all.indexOf(2), big.length);
  });

  it('gives the server as a trace what the client did', async () => {
    const sent: string[] = [];
    const received: string[] = [];
    const note = (list: string[], direction: string) => (event: TraceEvent) => {
      if (event.kind === 'message' && event.direction === direction) list.push(event.message);
    };
    await connected({
      clientConfig: testClient({ trace: 'messages' }),
      serverConfig: testServer({ trace: 'messages' }),
      client: { onTrace: note(sent, 'sent') },
      server: { onTrace: note(received, 'received') },
    });
    assert.deepEqual(sent, ['clientHello', 'finished']);
    assert.deepEqual(received, sent);
  });

  it('binds what runs over it to both ends: exporters and channel bindings', async () => {
    const [client, server] = await connected();
    const ends = [client, server];
    const [atClient, atServer] = ends.map((end) => end.exportKeyingMaterial('test', Uint8Array.of(1), 40));
    assert.equal(atClient?.length, 40);
    assert.deepEqual(atServer, atClient);
    assert.deepEqual(server.tlsExporter(), client.tlsExporter());
    const digest = noble.hashes.sha256.digest(leaf.certificate.der);
    for (const end of ends) assert.deepEqual(end.tlsServerEndPoint(), digest);
    await Promise.all(ends.map((end) => end.close()));
    assert.throws(client.tlsExporter, /needs an established connection/);
  });

  it('is TLS again over the connection that TLS gave', async () => {
    const [outerClient, outerServer] = await connected();
    const [client, server] = await connected({ flows: [outerClient, outerServer] });
    const closing = client.write(Buffer.from('through two tunnels')).then(client.close);
    assert.equal((await readAll(server)).toString(), 'through two tunnels');
    await server.close();
    await closing;
    await assert.rejects(outerClient.read(), { code: 'ERR_FLOW_CLOSED' });
  });
});

describe('the end of a connection', () => {
  it('comes to each direction by itself', async () => {
    const [client, server] = await connected();
    await client.closeWrite();
    await client.closeWrite();
    assert.equal(await server.read(), undefined);
    assert.equal(await server.read(), undefined);
    await assert.rejects(client.write(Buffer.from('more')), TypeError);
    await server.write(Buffer.from('still here'));
    await server.closeWrite();
    assert.equal((await readAll(client)).toString(), 'still here');
    await Promise.all([client.close(), server.close()]);
  });

  it('closes the flow underneath once both sides have said close_notify', async () => {
    const [a, b] = memoryPair();
    const [client, server] = await connected({ flows: [a, b] });
    await Promise.all([client.closeWrite(), server.closeWrite()]);
    assert.equal(await client.read(), undefined);
    await eventually(() => assert.rejects(a.write(Uint8Array.of(1))));
  });

  it('after close waits for the close_notify of a peer that answers', async () => {
    const [client, server] = await connected({ client: { closeTimeout: 60_000 } });
    const started = performance.now();
    const closing = client.close();
    const reading = client.read();
    await assert.rejects(reading, { code: 'ERR_FLOW_CLOSED' });
    assert.equal(await server.read(), undefined);
    await server.close();
    await closing;
    await client.close();
    assert.ok(performance.now() - started < 30_000);
    await assert.rejects(client.read(), { code: 'ERR_FLOW_CLOSED' });
    await assert.rejects(client.write(Uint8Array.of(1)), { code: 'ERR_FLOW_CLOSED' });
  });

  it('after close does not wait for ever for a peer that keeps silent', async () => {
    const [client, server] = await connected({ client: { closeTimeout: 30 } });
    await client.close();
    // The peer did get close_notify before the flow was gone.
    assert.equal(await server.read(), undefined);
  });

  it('is a truncation when the flow ends without close_notify, after the data that came', async () => {
    const [a, b] = memoryPair();
    const [client, server] = await connected({ flows: [a, b] });
    await client.write(Buffer.from('all of it?'));
    await a.closeWrite();
    await eventually(async () =>
      assert.equal(Buffer.from((await server.read()) ?? []).toString(), 'all of it?'),
    );
    await rejectsWith(server.read(), 'truncated');
    await rejectsWith(server.read(), 'truncated');
    await rejectsWith(server.write(Uint8Array.of(1)), 'truncated');
    await server.close();
  });

  it('is the failure of the flow underneath when that fails', async () => {
    const [a, b] = memoryPair();
    const [client, server] = await connected({ flows: [a, b] });
    await b.close();
    await rejectsWith(client.read(), 'flowFailed');
    await rejectsWith(client.write(Uint8Array.of(1)), 'flowFailed');
    const error: unknown = await client.closeWrite().catch((thrown) => thrown);
    assert.ok(isTlsError(error) && error.cause instanceof Error);
    await Promise.all([client.close(), server.close()]);
  });

  it('by a write that fails is a typed error and ends reading too', async () => {
    const [a, b] = memoryPair();
    let broken = false;
    const breaking: Flow = {
      ...a,
      write: async (bytes) => {
        if (broken) throw new Error('the wire is cut');
        await a.write(bytes);
      },
    };
    const [client, server] = await connected({ flows: [breaking, b], client: { closeTimeout: 20 } });
    broken = true;
    const error: unknown = await client.write(Uint8Array.of(1)).catch((thrown) => thrown);
    assert.ok(isTlsError(error));
    assert.deepEqual(error.failure, { kind: 'flowFailed', operation: 'write' });
    assert.match(error.message, /the wire is cut/);
    await rejectsWith(client.read(), 'flowFailed');
    await server.close();
  });

  it('is survived when the flow underneath breaks its own rules', async () => {
    const [a, b] = memoryPair();
    const rude: Flow = {
      read: a.read,
      write: () => {
        throw new Error('thrown, not rejected');
      },
      closeWrite: () => {
        throw new Error('thrown, not rejected');
      },
      close: async () => {
        throw new Error('close must not reject');
      },
    };
    await rejectsWith(wrapClient(rude, testClient(), world(1)), 'flowFailed');
    await b.closeWrite();
  });

  it('by forged bytes comes after the data before them, and tells the peer by an alert', async () => {
    const [a, b] = memoryPair();
    const [client, server] = await connected({ flows: [a, b] });
    await client.write(Buffer.from('genuine'));
    await a.write(FORGED_RECORD);
    await rejectsWith(client.read(), 'peerAlert');
    await rejectsWith(server.write(Uint8Array.of(1)), 'peerMisbehaved');
    assert.equal(Buffer.from((await server.read()) ?? []).toString(), 'genuine');
    const error: unknown = await server.read().catch((thrown) => thrown);
    assert.ok(isTlsError(error));
    assert.equal(error.alert, 'bad_record_mac');
  });

  it('shows only when the alert has been passed on, and the flow stays open until the peer has had time for it', async () => {
    const [a, b] = memoryPair();
    const order: string[] = [];
    const watched: Flow = {
      ...b,
      write: async (bytes) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        await b.write(bytes);
        order.push('written');
      },
      close: async () => {
        order.push('closed');
        await b.close();
      },
    };
    const accepting = wrapServer(watched, testServer(), world(2));
    await a.write(FORGED_RECORD);
    await rejectsWith(accepting, 'peerMisbehaved');
    assert.deepEqual(order, ['written']);
    // Whatever the peer was still sending is taken from it, so that it comes to read the alert.
    for (let i = 0; i < 50; i++) await a.write(new Uint8Array(10_000));
    assert.deepEqual(order, ['written']);
    await a.closeWrite();
    await eventually(async () => assert.deepEqual(order, ['written', 'closed']));
  });
});

describe('a handshake that fails', () => {
  it('tells both sides why: the wrong name', async () => {
    const [client, server] = await attempt({ clientConfig: testClient({ serverName: 'other.example' }) });
    assert.ok(isTlsError(client) && client.failure.kind === 'certificate');
    assert.equal(client.failure.error.reason, 'name-mismatch');
    assert.match(client.message, /other\.example/);
    assert.ok(isTlsError(server));
    assert.deepEqual(server.failure, { kind: 'peerAlert', alert: 'bad_certificate', code: 42 });
    assert.equal(server.alert, client.alert);
  });

  it('tells both sides why: an expired certificate', async () => {
    const [client, server] = await attempt({ client: { now: () => NOW + 86_400_000 } });
    assert.ok(isTlsError(client) && isTlsError(server));
    assert.equal(client.alert, 'certificate_expired');
    assert.equal(server.alert, 'certificate_expired');
  });

  it('tells both sides why: no common protocol', async () => {
    const [client, server] = await attempt({
      clientConfig: testClient({ applicationProtocols: ['h2'] }),
      serverConfig: testServer({ applicationProtocols: ['http/1.1'] }),
    });
    assert.ok(isTlsError(client) && isTlsError(server));
    assert.equal(server.failure.kind, 'incompatible');
    assert.equal(client.alert, 'no_application_protocol');
  });

  it('is a typed error when the peer does not speak TLS, and the alert is out before it', async () => {
    const [a, b] = memoryPair();
    const accepting = wrapServer(b, testServer(), world(2));
    await a.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await rejectsWith(accepting, 'peerMisbehaved');
    // A plaintext alert record: it was written before the promise was rejected.
    const alert = await a.read();
    assert.equal(alert?.[0], 21);
    assert.equal(await a.read(), undefined);
  });

  it('is a truncation when the peer hangs up', async () => {
    const [a, b] = memoryPair();
    const accepting = wrapServer(b, testServer(), world(2));
    await a.closeWrite();
    await rejectsWith(accepting, 'truncated');
  });

  it('does not take for ever', async () => {
    const [a, b] = memoryPair();
    const options = { ...world(1), handshakeTimeout: 20, closeTimeout: 20 };
    await rejectsWith(wrapClient(a, testClient(), options), 'handshakeTimeout');
    // The ClientHello, then user_canceled and close_notify.
    const wire = await readAll(b);
    assert.deepEqual([wire.at(-8), wire.at(-1)], [90, 0]);
  });

  it('is given up with the reason of the signal, which is then forgotten', async () => {
    const [a, b] = memoryPair();
    const controller = new AbortController();
    const connecting = wrapClient(a, testClient(), {
      ...world(1),
      signal: controller.signal,
      closeTimeout: 20,
    });
    const reason = new Error('changed my mind');
    controller.abort(reason);
    await assert.rejects(connecting, (thrown) => thrown === reason);
    await readAll(b);

    const [c, d] = memoryPair();
    await assert.rejects(
      wrapClient(c, testClient(), { signal: AbortSignal.abort(reason) }),
      (thrown) => thrown === reason,
    );
    await assert.rejects(d.read(), { code: 'ERR_FLOW_PEER_CLOSED' });

    const later = new AbortController();
    const [client, server] = await connected({ client: { signal: later.signal } });
    later.abort();
    await client.write(Uint8Array.of(1));
    assert.deepEqual(await server.read(), Uint8Array.of(1));
  });

  it('closes the flow when there is no entropy', async () => {
    const [a, b] = memoryPair();
    const entropy = () => {
      throw new Error('no entropy');
    };
    await assert.rejects(wrapClient(a, testClient(), { entropy }), { message: 'no entropy' });
    await assert.rejects(b.read(), { code: 'ERR_FLOW_PEER_CLOSED' });
  });

  it('is what becomes of a trace callback that throws', async () => {
    const onTrace = () => {
      throw new Error('a bug in the callback');
    };
    const [client] = await attempt({
      clientConfig: testClient({ trace: 'messages' }),
      client: { onTrace, closeTimeout: 20 },
      server: { closeTimeout: 20 },
    });
    assert.ok(client instanceof Error);
    assert.equal(client.message, 'a bug in the callback');
  });
});

describe('requests', () => {
  const external = must(credential(noble, [leaf.certificate.der], { kind: 'external', label: 'hsm' }));

  it('let a key live elsewhere', async () => {
    const asked: string[] = [];
    const answer = async (request: Request): Promise<Response> => {
      asked.push(request.kind);
      assert.ok(request.kind === 'signature' && request.credential === external);
      await new Promise((resolve) => setTimeout(resolve, 5));
      return { kind: 'signature', signature: signed(request.message) };
    };
    const [client] = await connected({
      serverConfig: testServer({ credentials: [external] }),
      server: { answer },
    });
    assert.deepEqual(asked, ['signature']);
    assert.deepEqual(client.facts.peer?.leaf.der, leaf.certificate.der);
  });

  it('let a server choose its certificate by the ClientHello, and then sign elsewhere', async () => {
    const answer = async (request: Request): Promise<Response> => {
      if (request.kind === 'signature') return { kind: 'signature', signature: signed(request.message) };
      assert.ok(request.kind === 'credential');
      assert.equal(request.hello.serverName, 'localhost');
      return { kind: 'credential', credential: external };
    };
    await connected({ serverConfig: testServer({ credentials: 'ask' }), server: { answer } });
  });

  it('fail the connection with the reason when they are refused, badly answered, or not answered', async () => {
    const cases: readonly (readonly [WrapOptions['answer'], RegExp])[] = [
      [
        async () => Promise.reject(new Error('the card is not in the reader')),
        /the card is not in the reader/,
      ],
      [async () => ({ kind: 'refusal', reason: 'not today' }), /not today/],
      [async () => ({ kind: 'credential', credential: serverCredential }), /answered with a credential/],
      [undefined, /give the option `answer`/],
    ];
    for (const [answer, message] of cases) {
      const [client, server] = await attempt({
        serverConfig: testServer({ credentials: [external] }),
        server: { answer },
      });
      assert.ok(isTlsError(server) && server.failure.kind === 'misuse');
      assert.match(server.message, message);
      assert.ok(isTlsError(client));
      assert.equal(client.alert, server.alert);
    }
  });

  it('fail the connection when the signature is of another key', async () => {
    const other = newLeaf();
    const answer = async (request: Request): Promise<Response> => {
      assert.ok(request.kind === 'signature');
      return { kind: 'signature', signature: signed(request.message, other.key) };
    };
    const [client, server] = await attempt({
      serverConfig: testServer({ credentials: [external] }),
      server: { answer },
    });
    assert.ok(client instanceof Error && server instanceof Error);
  });

  it('that come to nothing are over with the handshake timeout', async () => {
    const answer = () => new Promise<Response>(() => {});
    const [, server] = await attempt({
      serverConfig: testServer({ credentials: [external] }),
      server: { answer, handshakeTimeout: 30, closeTimeout: 20 },
    });
    assert.ok(isTlsError(server));
    assert.equal(server.failure.kind, 'handshakeTimeout');
  });

  it('let a client show a certificate whose key lives elsewhere, as the server asks for it', async () => {
    const asked: string[] = [];
    const answer = async (request: Request): Promise<Response> => {
      asked.push(request.kind);
      if (request.kind === 'signature') return { kind: 'signature', signature: signed(request.message) };
      assert.ok(request.kind === 'clientCredential');
      assert.ok(request.certificateRequest.signatureSchemes.includes('ecdsa_secp256r1_sha256'));
      return { kind: 'clientCredential', credential: external };
    };
    const [, server] = await connected({
      clientConfig: testClient({ credentials: 'ask' }),
      serverConfig: testServer({ clientAuthentication: { authenticator: trusting, required: true } }),
      client: { answer },
    });
    assert.deepEqual(asked, ['clientCredential', 'signature']);
    assert.deepEqual(server.facts.peer?.leaf.der, leaf.certificate.der);
  });

  it('let either side give its verdict on the other after thinking it over', async () => {
    const answer = async (request: Request): Promise<Response> => {
      assert.ok(request.kind === 'verdict');
      await new Promise((resolve) => setTimeout(resolve, 5));
      return { kind: 'verdict', verdict: trusting(request.presented) };
    };
    const [client, server] = await connected({
      clientConfig: testClient({ authenticator: 'ask', credentials: [serverCredential] }),
      serverConfig: testServer({ clientAuthentication: { authenticator: 'ask', required: true } }),
      client: { answer },
      server: { answer },
    });
    assert.deepEqual(client.facts.peer?.leaf.der, leaf.certificate.der);
    assert.deepEqual(server.facts.peer?.leaf.der, leaf.certificate.der);
  });

  it('let a verdict that is against the peer end the connection with its alert', async () => {
    const answer = async (request: Request): Promise<Response> => {
      assert.ok(request.kind === 'verdict');
      return { kind: 'verdict', verdict: chainOfTrust({ anchors: [] })(request.presented) };
    };
    const [client, server] = await attempt({
      clientConfig: testClient({ authenticator: 'ask' }),
      client: { answer },
    });
    assert.ok(isTlsError(client) && client.failure.kind === 'certificate');
    assert.ok(isTlsError(server));
    assert.equal(server.alert, 'unknown_ca');
  });

  function signed(message: Uint8Array, key = leaf.key): Uint8Array {
    return must(noble.sign({ kind: 'ecdsa', hash: 'sha256' }, key, message, new Uint8Array(32)));
  }
});

describe('a client certificate', () => {
  it('tells the server who the client is', async () => {
    const [client, server] = await connected({
      clientConfig: testClient({ credentials: [serverCredential] }),
      serverConfig: testServer({ clientAuthentication: { authenticator: trusting, required: true } }),
    });
    assert.deepEqual(server.facts.peer?.leaf.der, leaf.certificate.der);
    assert.deepEqual(client.facts.ownCertificate?.der, leaf.certificate.der);
  });

  it('that is missing is told to a client that believes the handshake to be over', async () => {
    const [client, server] = start({
      serverConfig: testServer({ clientAuthentication: { authenticator: trusting, required: true } }),
    });
    await Promise.all([
      rejectsWith(server, 'peerMisbehaved'),
      client.then(async (connection) => {
        const error = await connection.read().catch((thrown: unknown) => thrown);
        assert.ok(isTlsError(error));
        assert.equal(error.alert, 'certificate_required');
        await assert.rejects(connection.write(Uint8Array.of(1)), (thrown) => thrown === error);
      }),
    ]);
  });
});

describe('a session', () => {
  const serverConfig = testServer({ ticketKeys: rotateTicketKeys([], entropyFrom(7)(TICKET_KEY_ENTROPY)) });

  it('given by the server is resumed in the next connection, and has been a string of bytes meanwhile', async () => {
    const stored: Uint8Array[] = [];
    const onTicket = (session: Session) => void stored.push(encodeSession(session));
    const [first, other] = await connected({ serverConfig, client: { onTicket } });
    // Tickets follow the handshake: they come with whatever is read next.
    await other.write(Uint8Array.of(1));
    await first.read();
    assert.equal(stored.length, 2);
    const sessions = stored.map((bytes) => must(decodeSession(bytes)));
    const [client, server] = await connected({ serverConfig, client: { sessions } });
    assert.deepEqual([client.facts.resumed, server.facts.resumed], [true, true]);
    assert.deepEqual(client.facts.peer?.leaf.der, leaf.certificate.der);
    await client.write(Buffer.from('again'));
    assert.deepEqual(await server.read(), new Uint8Array(Buffer.from('again')));
  });

  it('is judged anew by whoever gives the verdicts', async () => {
    const sessions: Session[] = [];
    const [first, other] = await connected({
      serverConfig,
      client: { onTicket: (session) => void sessions.push(session) },
    });
    await other.closeWrite();
    await readAll(first);
    const answer = async (request: Request): Promise<Response> => {
      assert.ok(request.kind === 'verdict');
      assert.deepEqual(request.presented.certificates[0]?.der, leaf.certificate.der);
      return { kind: 'verdict', verdict: chainOfTrust({ anchors: [] })(request.presented) };
    };
    const [client, server] = await attempt({
      clientConfig: testClient({ authenticator: 'ask' }),
      serverConfig,
      client: { sessions, answer },
    });
    assert.ok(isTlsError(client) && client.failure.kind === 'certificate');
    assert.ok(isTlsError(server));
    assert.equal(server.alert, 'unknown_ca');
  });

  it('that is too old by the clock of the options is not offered', async () => {
    const sessions: Session[] = [];
    const onTicket = (session: Session) => void sessions.push(session);
    const [first, other] = await connected({ serverConfig, client: { onTicket } });
    await other.closeWrite();
    await readAll(first);
    const now = () => NOW + 7_200_000;
    const later = testClient({ authenticator: dangerouslyAcceptAnyCertificate });
    const [client] = await connected({
      clientConfig: later,
      serverConfig,
      client: { sessions, now },
      server: { now },
    });
    assert.equal(client.facts.resumed, false);
  });

  it('comes to a callback whose exception ends the connection', async () => {
    const onTicket = () => {
      throw new Error('the disk is full');
    };
    const [client] = start({ serverConfig, client: { onTicket, closeTimeout: 20 } });
    await assert.rejects(
      client.then((connection) => connection.read()),
      { message: 'the disk is full' },
    );
  });
});

describe('backpressure', () => {
  it('stops reading from the flow when the reader does not read, and goes on when it does', async () => {
    const [client, server] = await connected({ server: { readAhead: 10_000 }, pair: { capacity: 10_000 } });
    const size = 1_000_000;
    let written = 0;
    const writing = (async () => {
      for (; written < size; written += 10_000) await client.write(new Uint8Array(10_000));
      await client.closeWrite();
    })();
    await new Promise((resolve) => setTimeout(resolve, 100));
    // What the reader's side holds, what the pair holds, what a write holds: each little more than 10,000.
    assert.ok(written <= 60_000, `${written}`);
    assert.equal((await readAll(server)).length, size);
    await writing;
  });

  it('reads on while a write waits: two sides that both write much do not wait for each other', async () => {
    const connections = await connected({ pair: { chunkSize: 10_000, capacity: 10_000 } });
    const size = 300_000;
    const [atClient, atServer] = await Promise.all([
      ...connections.map(readAll),
      ...connections.map((connection) => connection.write(new Uint8Array(size)).then(connection.closeWrite)),
    ]);
    assert.deepEqual([atClient?.length, atServer?.length], [size, size]);
  });

  it('leaves the flow alone while a request is outstanding', async () => {
    let reads = 0;
    const [a, b] = memoryPair();
    const counting: Flow = {
      ...b,
      read: () => {
        reads++;
        return b.read();
      },
    };
    let release = (_response: Response) => {};
    const answer = () =>
      new Promise<Response>((resolve) => {
        release = resolve;
      });
    const accepting = wrapServer(counting, testServer({ credentials: 'ask' }), { ...world(2), answer });
    const connecting = wrapClient(a, testClient(), world(1));
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(reads, 1);
    release({ kind: 'credential', credential: serverCredential });
    await Promise.all([accepting, connecting]);
  });
});

describe('a connection over TCP', () => {
  it('echoes a megabyte unharmed and ends in order', async (t) => {
    const [client, server] = await connectedByTcp(t);
    const data = Uint8Array.from({ length: 1_000_000 }, (_, i) => i ^ (i >> 8));
    const echoing = (async () => {
      for (let bytes = await server.read(); bytes !== undefined; bytes = await server.read())
        await server.write(bytes);
      await server.close();
    })();
    const sending = client.write(data).then(client.closeWrite);
    assert.deepEqual(await readAll(client), Buffer.from(data));
    await Promise.all([sending, echoing, client.close()]);
  });

  it('delivers the alert to a peer that is still sending', async (t) => {
    const [near, far] = await socketPair(t);
    const client = wrapClient(flowFromSocket(near), testClient(), world(1));
    const server = await wrapServer(flowFromSocket(far), testServer(), world(2));
    const connection = await client;
    // A forged record, then more than the socket's buffers hold: a reset would throw the alert away.
    near.write(FORGED_RECORD);
    near.write(new Uint8Array(1_000_000));
    await rejectsWith(server.read(), 'peerMisbehaved');
    await rejectsWith(connection.read(), 'peerAlert');
  });

  it('that is reset is a typed error, with the data before it', async (t) => {
    const [near, far] = await socketPair(t);
    const [client, server] = await connected({ flows: [flowFromSocket(near), flowFromSocket(far)] });
    await client.write(Buffer.from('before'));
    assert.equal(Buffer.from((await server.read()) ?? []).toString(), 'before');
    near.resetAndDestroy();
    await rejectsWith(server.read(), 'flowFailed');
    await client.close();
  });
});

interface Setting {
  readonly pair?: MemoryPairOptions;
  readonly flows?: readonly [Flow, Flow];
  readonly clientConfig?: ClientConfig;
  readonly serverConfig?: ServerConfig;
  readonly client?: WrapOptions;
  readonly server?: WrapOptions;
}

function start(setting: Setting): readonly [Promise<TlsConnection>, Promise<TlsConnection>] {
  const [near, far] = setting.flows ?? memoryPair(setting.pair);
  return [
    wrapClient(near, setting.clientConfig ?? testClient(), { ...world(1), ...setting.client }),
    wrapServer(far, setting.serverConfig ?? testServer(), { ...world(2), ...setting.server }),
  ];
}

async function connected(setting: Setting = {}): Promise<readonly [TlsConnection, TlsConnection]> {
  return Promise.all(start(setting));
}

/** What each side ends with: a connection or an error. */
async function attempt(setting: Setting): Promise<readonly unknown[]> {
  return Promise.all(start(setting).map((side) => side.catch((thrown: unknown) => thrown)));
}

async function rejectsWith(promise: Promise<unknown>, kind: string): Promise<void> {
  await assert.rejects(promise, (thrown) => isTlsError(thrown) && thrown.failure.kind === kind);
}

/** Tries until it succeeds, for a second at most. */
async function eventually(check: () => Promise<void>): Promise<void> {
  for (let tries = 100; ; tries--) {
    try {
      return await check();
    } catch (thrown) {
      if (tries === 0) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

async function connectedByTcp(t: TestContext): Promise<readonly [TlsConnection, TlsConnection]> {
  const [near, far] = await socketPair(t);
  return connected({ flows: [flowFromSocket(near), flowFromSocket(far)] });
}
