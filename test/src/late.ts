import assert from 'node:assert/strict';
import type { PrivateKey, Secret } from '../../nocrypto/index.ts';
import { contentTypes } from '../../src/codepoints.ts';
import { type Facts, type PeerFacts, requestCertificate, type ServerOptions } from '../../src/index.ts';
import { finishedVerifyData } from '../../src/key-schedule.ts';
import { type CertificateEntry, encodeHandshake, type HandshakeMessage } from '../../src/messages.ts';
import { signedContent } from '../../src/peer-certificate.ts';
import { signatureSchemes } from '../../src/signature-schemes.ts';
import { deliver, follow, type Peer, record } from './peer.ts';
import { quickAuthenticator, quickCredential, quickLeafKey } from './quick.ts';
import { meetServer, type ScriptedClient, type ScriptedClientOptions } from './scripted-client.ts';
import { bytes, concatAll, find, must } from './support.ts';

// Post-handshake authentication (RFC 9846 §4.7.2): a server that may ask, and the client that it asks, driven by hand.

/** A server that asks later, and lets clients decline. */
export const asking = {
  postHandshakeAuthentication: { authenticator: quickAuthenticator, required: false },
} as const satisfies Partial<ServerOptions>;

export const postHandshakeAuth = { name: 'postHandshakeAuth', value: new Uint8Array(0) } as const;

/** A server behind the handshake, and a client that has offered to be asked. */
export function meetAsking(
  server: Partial<ServerOptions> = {},
  options: ScriptedClientOptions = {},
): ScriptedClient {
  const extensions = [...(options.extensions ?? []), postHandshakeAuth];
  const client = meetServer({ ...options, server: { ...asking, ...server }, extensions });
  client.say.clientHello();
  client.say.finished();
  return client;
}

/** What the server has asked. */
export interface Asked {
  readonly context: Uint8Array;
  readonly raw: Uint8Array;
  readonly message: Extract<HandshakeMessage, { readonly kind: 'certificateRequest' }>;
}

/** Has the server ask. */
export function ask({ peer }: ScriptedClient): Asked {
  const step = requestCertificate(peer.state);
  const before = peer.heard.length;
  follow(peer, step);
  const heard = peer.heard.slice(before);
  const [request] = heard;
  assert.ok(
    heard.length === 1 && request?.kind === 'message' && request.message.kind === 'certificateRequest',
  );
  return { context: step.context, raw: request.raw, message: request.message };
}

export interface AnswerOptions {
  /** DER, leaf first; empty to decline. */
  readonly chain?: readonly Uint8Array[];
  readonly entries?: readonly CertificateEntry[];
  readonly context?: Uint8Array;
  readonly key?: PrivateKey;
  /** What the signature covers instead of the transcript so far. */
  readonly signed?: Uint8Array;
  /** What the Finished is made with instead of the secret of the moment. */
  readonly finishedSecret?: Secret;
}

/** The messages of an honest answer, but for what `options` say: two when the client declines, else three. */
export function answerTo(
  client: ScriptedClient,
  asked: Asked,
  options: AnswerOptions = {},
): readonly Uint8Array[] {
  const { peer } = client;
  const { hash } = client.suite();
  const { context = asked.context, chain = quickCredential.chain, key = quickLeafKey } = options;
  const entries = options.entries ?? chain.map((certData) => ({ certData, extensions: [] }));
  const said = [
    encodeHandshake({
      kind: 'certificate',
      body: { certificateRequestContext: context, certificateList: entries },
    }),
  ];
  const covered = () => concatAll([...handshakeOf(peer), asked.raw, ...said]);
  const digest = (whole: Uint8Array) => peer.crypto.hashes[hash].digest(whole);
  if (entries.length > 0) {
    const { algorithm, code } = signatureSchemes.ed25519;
    const content = signedContent('client', digest(options.signed ?? covered()));
    const signature = must(peer.crypto.sign(algorithm, key, content, bytes(32)));
    said.push(encodeHandshake({ kind: 'certificateVerify', body: { algorithm: code, signature } }));
  }
  const secret = options.finishedSecret ?? trafficSecret(peer);
  const verifyData = finishedVerifyData(peer.crypto, hash, secret, digest(covered()));
  return [...said, encodeHandshake({ kind: 'finished', body: { verifyData } })];
}

/** Says messages, each in a record of its own. */
export function say({ peer }: ScriptedClient, ...messages: readonly Uint8Array[]): void {
  for (const raw of messages) deliver(peer, record(peer, contentTypes.handshake, raw));
}

/** What the server's last step says that the client has shown, and to which request. */
export function answered({ peer }: ScriptedClient): {
  readonly context: Uint8Array;
  readonly shown: PeerFacts;
} {
  return find(peer.latest, 'certificateAnswered') ?? assert.fail('no answer has come');
}

export function factsOf({ peer }: ScriptedClient): Facts {
  return find(peer.effects, 'established')?.facts ?? assert.fail('not established');
}

/** What the client sends under. */
export function trafficSecret({ write }: Peer): Secret {
  assert.ok(write?.keys.version === '1.3');
  return write.keys.trafficSecret;
}

/** The messages up to the client's Finished: what was said later is no part of it. */
export function handshakeOf({ transcript }: Peer): readonly Uint8Array[] {
  const finished = transcript.map(([type]) => type).lastIndexOf(20);
  return transcript.slice(0, finished + 1);
}
