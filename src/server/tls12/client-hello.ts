import type { Rng } from '../../../nocrypto/index.ts';
import { err, ok, type Result } from '../../../x509/index.ts';
import { signalingSuites } from '../../codepoints.ts';
import type { ServerConfig } from '../../config.ts';
import type { ReceivedHello } from '../../ech/inner.ts';
import { checkRequest, findExtension, rawExtensions } from '../../extensions.ts';
import { type Failure, incompatible, misbehaved } from '../../failure.ts';
import type { ClientHello } from '../../messages.ts';
import { statusRequestProblem } from '../../stapling.ts';
import type { Transition } from '../../transition.ts';
import { chooseProtocol, helloFacts, serverNameProblem } from '../client-hello.ts';
import type { Tls12Offer } from './phase.ts';
import { agreeOnRecordSizes } from './record-sizes.ts';
import { proceed } from './session.ts';

/** RFC 5246 §7.4.1.2, once the version is settled: a session goes on, or a new one begins. */
export function answerTls12ClientHello(
  config: ServerConfig,
  rng: Rng,
  { hello, raw }: ReceivedHello,
  now: number,
): Transition {
  const offer = readOffer(config, hello);
  if (!offer.ok) return offer;
  return proceed(config, { offer: offer.value, hello, raw, rng, now });
}

/** The checks of a ClientHello, and the choices that no certificate bears on. */
function readOffer(config: ServerConfig, hello: ClientHello): Result<Tls12Offer, Failure> {
  const problem =
    checkRequest(hello.extensions) ??
    helloProblem(hello) ??
    statusRequestProblem(findExtension(hello.extensions, 'statusRequest')) ??
    serverNameProblem(hello);
  if (problem !== undefined) return err(problem);
  const { extensions } = hello;
  const extendedMasterSecret = findExtension(extensions, 'extendedMasterSecret') !== undefined;
  if (config.requireExtendedMasterSecret && !extendedMasterSecret) {
    return err(incompatible('no-extended-master-secret', 'the client does not know it (RFC 7627)'));
  }
  const facts = helloFacts(hello);
  const applicationProtocol = chooseProtocol(config, facts);
  if (!applicationProtocol.ok) return applicationProtocol;
  const recordSizes = agreeOnRecordSizes(config, hello);
  if (!recordSizes.ok) return recordSizes;
  return ok({
    facts,
    clientRandom: hello.random,
    clientVersion: hello.legacyVersion,
    applicationProtocol: applicationProtocol.value,
    rawExtensions: rawExtensions(extensions, config.rawExtensions),
    extendedMasterSecret,
    encryptThenMac: findExtension(extensions, 'encryptThenMac') !== undefined,
    secureRenegotiation:
      hello.cipherSuites.includes(signalingSuites.TLS_EMPTY_RENEGOTIATION_INFO_SCSV) ||
      findExtension(extensions, 'renegotiationInfo') !== undefined,
    recordSizes: recordSizes.value,
    acceptsTickets: findExtension(extensions, 'sessionTicket') !== undefined,
    pointFormats: findExtension(extensions, 'ecPointFormats') !== undefined,
  });
}

/** Null compression is always offered (RFC 5246 §7.4.1.2), uncompressed points too (RFC 8422 §5.1.2). */
function helloProblem({ legacyCompressionMethods, extensions }: ClientHello): Failure | undefined {
  if (!legacyCompressionMethods.includes(0)) {
    return misbehaved('bad-compression-method', 'a ClientHello without the null method');
  }
  if (findExtension(extensions, 'ecPointFormats')?.includes(0) === false) {
    return misbehaved('bad-point-formats', 'ec_point_formats without the uncompressed one');
  }
  // RFC 5746 §3.6: no connection goes before this one.
  const renegotiated = findExtension(extensions, 'renegotiationInfo')?.length ?? 0;
  return renegotiated > 0
    ? misbehaved('bad-renegotiation-info', 'a verify_data before there was any Finished')
    : undefined;
}
