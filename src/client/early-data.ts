import { type CipherSuite, cipherSuites } from '../cipher-suites.ts';
import type { ClientConfig } from '../config.ts';
import {
  type EarlyDataFact,
  type EarlyDataProgress,
  type EarlyDataTerms,
  notOffered,
  type OpenEarlyData,
  rejected,
} from '../early-data.ts';
import { findExtension } from '../extensions.ts';
import { type Failure, misbehaved } from '../failure.ts';
import { earlySecrets } from '../key-schedule.ts';
import type { EncryptedExtensions } from '../messages.ts';
import { startTranscript } from '../transcript.ts';
import { type Action, logSecret } from '../transition.ts';
import type { Agreed, OfferedPsk, SentHello } from './phase.ts';

/**
 * What early data would keep to, if there is to be any: it goes with the first PSK (RFC 9846 §4.3.10), and the server of
 * a session must have been judged anew by then.
 */
export function earlyDataTerms(
  config: ClientConfig,
  [first]: readonly OfferedPsk[],
): EarlyDataTerms | undefined {
  if (first === undefined || (first.source.kind === 'session' && first.source.peer === undefined))
    return undefined;
  const terms = first.earlyData;
  if (terms === undefined || !config.cipherSuites.includes(terms.cipherSuite)) return undefined;
  const { applicationProtocol } = terms;
  const isOffered =
    applicationProtocol === undefined || config.applicationProtocols.includes(applicationProtocol);
  return isOffered ? terms : undefined;
}

/** The offer is on its way: from here on early data may follow, under keys of its own. */
export function openEarlyData(
  config: ClientConfig,
  { maxEarlyData, cipherSuite, applicationProtocol }: EarlyDataTerms,
  { hello, raw, psks }: SentHello,
): { readonly early: EarlyDataProgress; readonly actions: readonly Action[] } {
  const [first] = psks;
  if (first === undefined) return { early: notOffered, actions: [] };
  const { crypto } = config;
  const suite = cipherSuites[cipherSuite];
  const transcriptHash = startTranscript(crypto, suite.hash, raw).digest();
  const secrets = earlySecrets(crypto, suite.hash, first.psk.secret, transcriptHash);
  return {
    early: { kind: 'offered', suite, applicationProtocol, exporterSecret: secrets.earlyExporter },
    actions: [
      logSecret('CLIENT_EARLY_TRAFFIC_SECRET', hello.random, secrets.clientEarlyTraffic),
      logSecret('EARLY_EXPORTER_SECRET', hello.random, secrets.earlyExporter),
      { kind: 'openEarlyData', suite, secret: secrets.clientEarlyTraffic, bytes: maxEarlyData },
    ],
  };
}

/** Whether a client's hello offers early data, and so was followed by what middleboxes expect (§E.4). */
export function offersEarlyData({ early }: SentHello): boolean {
  return early.kind === 'offered';
}

/** For the facts, which hold no secret. */
export function earlyDataFact(early: EarlyDataProgress): EarlyDataFact {
  switch (early.kind) {
    case 'accepted':
      return { kind: 'accepted' };
    // A server's Finished comes after its EncryptedExtensions, and by then the offer is answered.
    case 'offered':
      return rejected('declined');
    default:
      return early;
  }
}

/** What a ServerHello leaves of the offer: only the first PSK can go on with early data. */
export function earlyDataAfterServerHello(
  { early }: SentHello,
  selectedIdentity: number | undefined,
): EarlyDataProgress {
  if (early.kind !== 'offered' || selectedIdentity === 0) return early;
  return rejected(selectedIdentity === undefined ? 'session-not-resumed' : 'declined');
}

/** From here on this client sends under its handshake keys, and no early data any more. */
export function handshakeWrites({ suite, clientHandshakeTraffic: secret }: Agreed): Action {
  return { kind: 'protectWrites', suite, secret, epoch: 'handshake' };
}

/** What EncryptedExtensions makes of the offer. */
export function earlyDataAfterEncryptedExtensions(
  { early }: Agreed,
  { extensions }: EncryptedExtensions,
): EarlyDataProgress {
  if (early.kind !== 'offered') return early;
  return findExtension(extensions, 'earlyData') === undefined
    ? rejected('declined')
    : { ...early, kind: 'accepted' };
}

/**
 * §4.3.10, §4.3.11: what a server must have kept to that takes early data. (That it was offered is seen to for all
 * extensions.)
 */
export function earlyDataProblem(
  { early, suite }: Agreed,
  { extensions }: EncryptedExtensions,
  applicationProtocol: string | undefined,
): Failure | undefined {
  if (findExtension(extensions, 'earlyData') === undefined) return undefined;
  if (early.kind !== 'offered') {
    return misbehaved('early-data-without-first-psk', 'taken by a server that goes on without the first PSK');
  }
  return suiteProblem(early, suite) ?? protocolProblem(early, applicationProtocol);
}

function suiteProblem({ suite }: OpenEarlyData, chosen: CipherSuite): Failure | undefined {
  return suite.code === chosen.code
    ? undefined
    : misbehaved('early-data-under-another-suite', `${suite.name} before, ${chosen.name} now`);
}

function protocolProblem(
  { applicationProtocol: before }: OpenEarlyData,
  now: string | undefined,
): Failure | undefined {
  return before === now
    ? undefined
    : misbehaved('early-data-under-another-protocol', `${before ?? 'none'} before, ${now ?? 'none'} now`);
}
