import {
  type AeadKey,
  type CryptoProvider,
  generate,
  type RunningHash,
  type Secret,
  seedRng,
} from '../nocrypto/index.ts';
import { type Fixture, must, seedOf } from './fixtures.ts';

// The floor under a handshake: what its two ends compute with their provider if they do nothing else and nothing twice.
// It is written down from RFC 9846 rather than recorded from the engine, so that what the engine does in vain shows.

/** X25519, ECDSA with P-256 for the server and its chain of one signature, AES-128-GCM, SHA-256. */
export function handshakePrimitives(crypto: CryptoProvider, fixture: Fixture): () => void {
  const { leaf, leafKey, root } = fixture;
  const group = crypto.groups.x25519;
  const signature = { kind: 'ecdsa', hash: 'sha256' } as const;
  const issuerKey = must(crypto.publicKey(pointOf(root.subjectPublicKeyInfo.raw)));
  let runs = 0;
  return () => {
    const entropy = handshakeEntropy(runs++, crypto);
    const offered = group.generate(entropy.clientShare);
    const answered = must(group.encapsulate(offered.share, entropy.serverShare));
    const agreed = must(group.decapsulate(offered.privateKey, answered.share));

    const server = endpoint(crypto, answered.sharedSecret);
    const client = endpoint(crypto, agreed);
    const signed = must(crypto.sign(signature, leafKey, server.signedContent, entropy.signature));
    const leafPublicKey = must(crypto.publicKey(pointOf(leaf.subjectPublicKeyInfo.raw)));
    const good =
      crypto.verify(signature, leafPublicKey, client.signedContent, signed) &&
      crypto.verify(signature, issuerKey, leaf.tbsCertificate, leaf.signature);
    if (!good) throw new Error('a signature does not verify');
    pass(server.serverHandshake, client.serverHandshake, SERVER_FLIGHT);
    pass(client.clientHandshake, server.clientHandshake, FINISHED);
  };
}

/** All that the two ends draw from generators of their own: the n-th handshake's. */
function handshakeEntropy(
  n: number,
  crypto: CryptoProvider,
): {
  readonly clientShare: Uint8Array;
  readonly serverShare: Uint8Array;
  readonly signature: Uint8Array;
} {
  const seed = seedOf(n);
  // Random, session id and key share; random, key share and signature: 32 bytes each.
  const client = generate(seedRng(seed, undefined, crypto), 96).bytes;
  const server = generate(seedRng(seed.reverse(), undefined, crypto), 96).bytes;
  return {
    clientShare: client.subarray(64),
    serverShare: server.subarray(32, 64),
    signature: server.subarray(64),
  };
}

/** Bytes of the messages, about: ClientHello, ServerHello; EncryptedExtensions, Certificate, CertificateVerify; Finished. */
const CLIENT_HELLO = 190;
const SERVER_HELLO = 122;
const BEFORE_SIGNATURE = 500;
const CERTIFICATE_VERIFY = 80;
const FINISHED = 36;
const SERVER_FLIGHT = BEFORE_SIGNATURE + CERTIFICATE_VERIFY + FINISHED;

interface Endpoint {
  readonly signedContent: Uint8Array;
  readonly serverHandshake: AeadKey;
  readonly clientHandshake: AeadKey;
}

/** What each end does alone: transcript (§4.1), key schedule (§7.1), record keys (§7.3), both Finished (§4.5.3). */
function endpoint(crypto: CryptoProvider, sharedSecret: Secret): Endpoint {
  const hash = crypto.hashes.sha256;
  const expand = (secret: Secret, label: Uint8Array, length: number): Secret =>
    crypto.hkdfExpand('sha256', secret, label, length);
  const recordKey = (secret: Secret): AeadKey => {
    expand(secret, LABEL, 12);
    return crypto.aeads['aes-128-gcm'].prepare(expand(secret, LABEL, 16));
  };
  const finished = (secret: Secret, transcript: RunningHash): Uint8Array =>
    crypto.hmac('sha256', expand(secret, LABEL, 32)).mac(transcript.digest());

  const helloes = hash.start().update(new Uint8Array(CLIENT_HELLO)).update(new Uint8Array(SERVER_HELLO));
  helloes.digest();
  const handshake = crypto.hkdfExtract('sha256', DERIVED, sharedSecret);
  const clientTraffic = expand(handshake, LABEL_WITH_HASH, 32);
  const serverTraffic = expand(handshake, LABEL_WITH_HASH, 32);
  const clientHandshake = recordKey(clientTraffic);
  const serverHandshake = recordKey(serverTraffic);
  const certificates = helloes.update(new Uint8Array(BEFORE_SIGNATURE));
  const signedContent = new Uint8Array(98 + 32);
  signedContent.set(certificates.digest(), 98);
  const signed = certificates.update(new Uint8Array(CERTIFICATE_VERIFY));
  const complete = signed.update(finished(serverTraffic, signed)).update(new Uint8Array(4));
  finished(clientTraffic, complete);
  const main = crypto.hkdfExtract('sha256', expand(handshake, LABEL_WITH_HASH, 32), ZEROS);
  recordKey(expand(main, LABEL_WITH_HASH, 32));
  recordKey(expand(main, LABEL_WITH_HASH, 32));
  expand(main, LABEL_WITH_HASH, 32);
  return { signedContent, clientHandshake, serverHandshake };
}

/** An HkdfLabel as long as most: length, "tls13 " and eight letters, an empty context or a hash. */
const LABEL = new Uint8Array(18);
const LABEL_WITH_HASH = new Uint8Array(50);
/** What comes of the early secret is the same in every connection without a PSK. */
const DERIVED = new Uint8Array(32);
const ZEROS = new Uint8Array(32);

/** Seals a record at one end and opens it at the other. */
function pass(from: AeadKey, to: AeadKey, length: number): void {
  const record = new Uint8Array(length + 1 + 16);
  from.seal(NONCE, HEADER, record.subarray(0, length + 1), record, 0);
  if (!to.open(NONCE, HEADER, record, record, 0)) throw new Error('a record does not open');
}

const NONCE = new Uint8Array(12);
const HEADER = new Uint8Array(5);

/** The point at the end of a P-256 SubjectPublicKeyInfo. */
function pointOf(subjectPublicKeyInfo: Uint8Array) {
  return { kind: 'ec', curve: 'secp256r1', point: subjectPublicKeyInfo.slice(-65) } as const;
}
