import { err, ok } from '../../../x509/index.ts';
import { certificateStatusTypes } from '../../codepoints.ts';
import type { ClientConfig } from '../../config.ts';
import { misbehaved } from '../../failure.ts';
import {
  acceptVerdict,
  decodeShown,
  judge,
  type PeerProof,
  type Shown,
  transportKey,
  verifySignature,
  withOcspResponse,
} from '../../peer-certificate.ts';
import type { Response } from '../../request.ts';
import { schemesOfCodes, signatureSchemes } from '../../signature-schemes.ts';
import { nothingStapled } from '../../stapling.ts';
import { decodeSignedShare, signedParams } from '../../tls12/key-exchange.ts';
import type {
  CertificateStatus,
  ServerKeyExchange,
  Tls12Certificate,
  Tls12CertificateRequest,
} from '../../tls12/messages.ts';
import { schemeFitsSuite } from '../../tls12/suites.ts';
import { extended, type Tls12Transcript } from '../../tls12/transcript.ts';
import type { Transition } from '../../transition.ts';
import { beginOwnFlight } from './own-flight.ts';
import type {
  Tls12Agreed,
  Tls12AwaitCertificate,
  Tls12AwaitCertificateRequest,
  Tls12AwaitServerHelloDone,
  Tls12AwaitServerKeyExchange,
  Tls12AwaitServerVerdict,
} from './phase.ts';

/** RFC 5246 §7.4.2 */
export function answerTls12Certificate(
  config: ClientConfig,
  { agreed, transcript }: Tls12AwaitCertificate,
  message: Tls12Certificate,
  raw: Uint8Array,
): Transition {
  if (message.certificateList.length === 0) {
    return err(misbehaved('empty-certificate', 'a server must show a certificate'));
  }
  const shown = decodeShown(
    config,
    'x509',
    message.certificateList.map((certData) => ({ certData })),
    { ...nothingStapled, scts: agreed.scts },
  );
  if (!shown.ok) return shown;
  return awaitExchange(config, agreed, shown.value, extended(transcript, raw));
}

/** RFC 6066 §8: once, right behind the certificate, and only from a server that has announced it. */
export function answerCertificateStatus(
  config: ClientConfig,
  agreed: Tls12Agreed,
  shown: Shown,
  { statusType, response }: CertificateStatus,
  before: Tls12Transcript,
  raw: Uint8Array,
): Transition {
  if (statusType !== certificateStatusTypes.ocsp) {
    return err(misbehaved('unoffered-status-type', `${statusType} in CertificateStatus`));
  }
  const stapled = withOcspResponse(shown, response);
  return awaitExchange(config, { ...agreed, mayStapleStatus: false }, stapled, extended(before, raw));
}

/** The server's share comes next; with key transport there is none, and the certificate's key takes its place. */
function awaitExchange(
  config: ClientConfig,
  agreed: Tls12Agreed,
  shown: Shown,
  transcript: Tls12Transcript,
): Transition {
  const { keyExchange } = agreed.suite;
  if (keyExchange !== 'rsa') {
    const phase = { kind: 'tls12AwaitServerKeyExchange', agreed, keyExchange, shown, transcript } as const;
    return ok({ phase, actions: [] });
  }
  const transport = transportKey(config, shown);
  if (!transport.ok) return transport;
  const { proof, key } = transport.value;
  const proven = { agreed, proof, server: { kind: 'transport', key } } as const;
  return ok({ phase: { kind: 'tls12AwaitCertificateRequest', proven, transcript }, actions: [] });
}

/**
 * RFC 5246 §7.4.3: the server's share under the signature of its certificate's key, which both randoms tie to this
 * connection. Nothing but what this side has offered is taken (FREAK, Logjam).
 */
export function answerServerKeyExchange(
  config: ClientConfig,
  { agreed, keyExchange, shown, transcript }: Tls12AwaitServerKeyExchange,
  message: ServerKeyExchange,
  raw: Uint8Array,
): Transition {
  const { suite, randoms } = agreed;
  const share = decodeSignedShare(config.crypto, keyExchange, message.exchange);
  if (!share.ok) return share;
  const { group, params, signed } = share.value;
  if (!config.groups.includes(group)) {
    return err(misbehaved('unoffered-group', `${group} in ServerKeyExchange`));
  }
  const proof = verifySignature(config, shown, signed, signedParams(randoms, params), '1.2');
  if (!proof.ok) return proof;
  const { signatureScheme } = proof.value;
  if (!schemeFitsSuite(signatureSchemes[signatureScheme], suite)) {
    return err(misbehaved('certificate-does-not-fit-suite', `${signatureScheme} under ${suite.name}`));
  }
  return ok({
    phase: {
      kind: 'tls12AwaitCertificateRequest',
      proven: {
        agreed,
        proof: proof.value,
        server: { kind: 'ephemeral', keyExchange, share: share.value },
      },
      transcript: extended(transcript, raw),
    },
    actions: [],
  });
}

/** RFC 5246 §7.4.4 */
export function answerTls12CertificateRequest(
  { proven, transcript }: Tls12AwaitCertificateRequest,
  message: Tls12CertificateRequest,
  raw: Uint8Array,
): Transition {
  const schemes = schemesOfCodes(message.supportedSignatureAlgorithms);
  const { certificateTypes, certificateAuthorities } = message;
  return ok({
    phase: {
      kind: 'tls12AwaitServerHelloDone',
      proven,
      certificateRequest: {
        certificateType: 'x509',
        signatureSchemes: schemes.filter((name) =>
          certificateTypes.includes(
            schemeFitsSuite(signatureSchemes[name], { authentication: 'rsa' }) ? RSA_SIGN : ECDSA_SIGN,
          ),
        ),
        certificateSignatureSchemes: schemes,
        certificateAuthorities,
        requestsOcsp: false,
        requestsScts: false,
        certificateCompressionAlgorithms: [],
      },
      transcript: extended(transcript, raw),
    },
    actions: [],
  });
}

/** ClientCertificateType; EdDSA goes with ecdsa_sign (RFC 8422 §5.5). */
const RSA_SIGN = 1;
const ECDSA_SIGN = 64;

/** RFC 5246 §7.4.5: the server has said all; it is the authenticator's turn, or its substitute's. */
export function answerServerHelloDone(
  config: ClientConfig,
  phase: Tls12AwaitCertificateRequest | Tls12AwaitServerHelloDone,
  raw: Uint8Array,
  now: number,
): Transition {
  const { proven } = phase;
  const waiting: Tls12AwaitServerVerdict = {
    kind: 'tls12AwaitServerVerdict',
    proven,
    certificateRequest: phase.kind === 'tls12AwaitServerHelloDone' ? phase.certificateRequest : undefined,
    transcript: extended(phase.transcript, raw),
  };
  const judged = judge(config, config, proven.proof, now);
  if (!judged.ok) return judged;
  return judged.value.kind === 'accepted'
    ? accept(config, waiting, judged.value.proof)
    : ok({ phase: waiting, actions: [{ kind: 'request', request: judged.value.request }] });
}

/** The caller has decided about the server. */
export function answerTls12ServerVerdict(
  config: ClientConfig,
  phase: Tls12AwaitServerVerdict,
  response: Response,
): Transition {
  const server = acceptVerdict(phase.proven.proof, response);
  return server.ok ? accept(config, phase, server.value) : server;
}

function accept(
  config: ClientConfig,
  { proven, certificateRequest, transcript }: Tls12AwaitServerVerdict,
  peer: PeerProof,
): Transition {
  const { agreed, server } = proven;
  return beginOwnFlight(config, { agreed, server, peer }, certificateRequest, transcript);
}
