import { generate, type Secret, SIGNING_ENTROPY_LENGTH } from '../../../nocrypto/index.ts';
import { err, ok, type Result } from '../../../x509/index.ts';
import type { ServerConfig } from '../../config.ts';
import { type Failure, misbehaved } from '../../failure.ts';
import type { CertificateVerify } from '../../messages.ts';
import {
  acceptVerdict,
  decodeShown,
  judge,
  type PeerProof,
  verifySignature,
} from '../../peer-certificate.ts';
import type { Response } from '../../request.ts';
import { nothingStapled } from '../../stapling.ts';
import {
  decodeClientShare,
  decodeTransported,
  premasterSecret,
  TRANSPORTED_LENGTH,
} from '../../tls12/key-exchange.ts';
import { extendedMasterSecret, keyBlock, masterSecret } from '../../tls12/key-schedule.ts';
import type { ClientKeyExchange, Tls12Certificate } from '../../tls12/messages.ts';
import { extended, handshakeMessages, type Tls12Transcript } from '../../tls12/transcript.ts';
import { logSecret, type Transition } from '../../transition.ts';
import type {
  Tls12Agreed,
  Tls12AwaitClientCertificate,
  Tls12AwaitClientCertificateVerify,
  Tls12AwaitClientChangeCipherSpec,
  Tls12AwaitClientKeyExchange,
  Tls12AwaitClientVerdict,
  Tls12Secured,
} from './phase.ts';

/** RFC 5246 §7.4.6: the client's certificate, or an empty list when it has none to show. */
export function answerTls12ClientCertificate(
  config: ServerConfig,
  { agreed, clientAuthentication, transcript: before }: Tls12AwaitClientCertificate,
  { certificateList }: Tls12Certificate,
  raw: Uint8Array,
): Transition {
  const transcript = extended(before, raw);
  if (certificateList.length === 0) {
    return clientAuthentication.required
      ? err(misbehaved('no-tls12-client-certificate', 'the client has none to show'))
      : ok({
          phase: { kind: 'tls12AwaitClientKeyExchange', agreed, shown: undefined, transcript },
          actions: [],
        });
  }
  const entries = certificateList.map((certData) => ({ certData }));
  const chain = decodeShown(config, 'x509', entries, nothingStapled);
  if (!chain.ok) return chain;
  const shown = { clientAuthentication, chain: chain.value };
  return ok({ phase: { kind: 'tls12AwaitClientKeyExchange', agreed, shown, transcript }, actions: [] });
}

/** §7.4.7: from here on both sides have the keys. */
export function answerClientKeyExchange(
  config: ServerConfig,
  { agreed, shown, transcript: before }: Tls12AwaitClientKeyExchange,
  { exchange }: ClientKeyExchange,
  raw: Uint8Array,
): Transition {
  const { crypto } = config;
  const { offer, suite, randoms, own, storedAs } = agreed;
  const drawn = generate(agreed.rng, TRANSPORTED_LENGTH + SIGNING_ENTROPY_LENGTH);
  const premaster = premasterFrom(config, agreed, exchange, drawn.bytes);
  if (!premaster.ok) return premaster;
  const transcript = extended(before, raw);
  const master = offer.extendedMasterSecret
    ? extendedMasterSecret(crypto, suite, premaster.value, transcript.hash.digest())
    : masterSecret(crypto, suite, premaster.value, randoms);
  const keys = keyBlock(crypto, suite, master, randoms);
  const group = agreed.exchange.kind === 'ephemeral' ? agreed.exchange.group : undefined;
  const secured: Tls12Secured = {
    offer,
    suite,
    randoms,
    master,
    keys,
    group,
    own,
    storedAs,
    resumed: undefined,
    rng: drawn.rng,
  };
  return ok({
    phase:
      shown === undefined
        ? awaitEnd(secured, undefined, transcript)
        : { kind: 'tls12AwaitClientCertificateVerify', secured, shown, transcript },
    actions: [logSecret('CLIENT_RANDOM', randoms.client, master)],
  });
}

/** What the client's half of the exchange comes to. The randomness for key transport is drawn whatever will be needed. */
function premasterFrom(
  { crypto }: ServerConfig,
  { exchange: own, offer: { clientVersion } }: Tls12Agreed,
  exchange: Uint8Array,
  entropy: Uint8Array,
): Result<Secret, Failure> {
  if (own.kind === 'transport') {
    const random = entropy.subarray(0, TRANSPORTED_LENGTH);
    const blinding = entropy.subarray(TRANSPORTED_LENGTH);
    return decodeTransported(crypto, own.key, clientVersion, exchange, random, blinding);
  }
  const { name, group, privateKey } = own;
  const share = decodeClientShare(crypto, name, group, exchange);
  if (!share.ok) return share;
  const shared = crypto.groups[group].decapsulate(privateKey, share.value);
  return shared.ok
    ? ok(premasterSecret(name, shared.value))
    : err(misbehaved('bad-key-share', `${group}: ${shared.error.kind}`));
}

/** §7.4.8, and the authenticator's turn. */
export function answerTls12ClientCertificateVerify(
  config: ServerConfig,
  { secured, shown, transcript: before }: Tls12AwaitClientCertificateVerify,
  message: CertificateVerify,
  raw: Uint8Array,
  now: number,
): Transition {
  const proof = verifySignature(config, shown.chain, message, handshakeMessages(before), '1.2');
  if (!proof.ok) return proof;
  const transcript = extended(before, raw);
  const judged = judge(config, shown.clientAuthentication, proof.value, now);
  if (!judged.ok) return judged;
  if (judged.value.kind === 'asked') {
    return ok({
      phase: { kind: 'tls12AwaitClientVerdict', secured, proof: proof.value, transcript },
      actions: [{ kind: 'request', request: judged.value.request }],
    });
  }
  return ok({ phase: awaitEnd(secured, judged.value.proof, transcript), actions: [] });
}

/** The caller has decided about the client. */
export function answerTls12ClientVerdict(
  { secured, proof, transcript }: Tls12AwaitClientVerdict,
  response: Response,
): Transition {
  const peer = acceptVerdict(proof, response);
  return peer.ok ? ok({ phase: awaitEnd(secured, peer.value, transcript), actions: [] }) : peer;
}

function awaitEnd(
  secured: Tls12Secured,
  peer: PeerProof | undefined,
  transcript: Tls12Transcript,
): Tls12AwaitClientChangeCipherSpec {
  return {
    kind: 'tls12AwaitClientChangeCipherSpec',
    secured,
    peer,
    firstVerifyData: undefined,
    transcript,
  };
}
