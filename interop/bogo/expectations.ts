import { readFileSync } from 'node:fs';
import {
  certificateTypeCodes,
  cipherSuiteCodes,
  groupCodes,
  protocolVersions,
  signatureSchemeCodes,
} from '../../src/codepoints.ts';
import type { EarlyDataRejection, Facts, Request, Session } from '../../src/index.ts';
import { decodePem } from '../../x509/index.ts';
import { must } from '../support/must.ts';
import type { Settings } from './flags.ts';
import { authorityNames, protocolNames, type ShimCredential, shimPsks } from './options.ts';
import { provider } from './provider.ts';

/** What the runner expects of an established connection and what is not so, one line each. */
export function unmetExpectations(
  settings: Settings,
  facts: Facts,
  credentials: readonly ShimCredential[],
  isResumption: boolean,
  session: Session | undefined,
): readonly string[] {
  const problems: string[] = [];
  const expect = <T>(what: string, wanted: T | undefined, found: T) => {
    if (wanted !== undefined && wanted !== found)
      problems.push(`${what} is ${found}, ${wanted} was expected`);
  };
  const { peerSignatureScheme: scheme } = facts;
  expect('resumption', isResumption && !settings.has('-expect-session-miss'), facts.resumed);
  const version = facts.version === 'TLS 1.3' ? protocolVersions.tls13 : protocolVersions.tls12;
  expect('the version', settings.number('-expect-version'), version);
  const suite = cipherSuiteCodes[facts.cipherSuite];
  expect('the cipher suite', settings.number('-expect-cipher'), suite);
  expect('the cipher suite', settings.number('-expect-cipher-aes'), suite);
  expect('the group', settings.number('-expect-curve-id'), facts.group && groupCodes[facts.group]);
  expect(
    "the peer's signature scheme",
    settings.number('-expect-peer-signature-algorithm'),
    scheme === undefined ? 0 : signatureSchemeCodes[scheme],
  );
  const { kind: earlyData } = facts.earlyData;
  const isAccepted = earlyData === 'accepted';
  expect('early data accepted', settings.has('-expect-accept-early-data') ? true : undefined, isAccepted);
  expect('early data accepted', settings.has('-expect-reject-early-data') ? false : undefined, isAccepted);
  const isNotToOffer = isResumption && settings.has('-expect-no-offer-early-data');
  expect('early data', isNotToOffer ? 'notOffered' : undefined, earlyData);
  const reason = settings.text('-expect-early-data-reason');
  expect('the reason of early data', reason, earlyDataReason(settings, facts, session));
  expect('the server name', settings.text('-expect-server-name'), facts.serverName ?? '');
  expect('the server name', settings.has('-expect-no-server-name') ? '' : undefined, facts.serverName ?? '');
  const protocolFlag = settings.has('-server') ? '-select-alpn' : '-expect-alpn';
  expect('the application protocol', settings.text(protocolFlag) ?? '', facts.applicationProtocol ?? '');
  expect('a HelloRetryRequest', settings.has('-expect-hrr') ? true : undefined, facts.helloRetryRequest);
  expect('a HelloRetryRequest', settings.has('-expect-no-hrr') ? false : undefined, facts.helloRetryRequest);
  expect('Encrypted ClientHello', settings.has('-expect-ech-accept'), facts.encryptedClientHello);
  const psk = shimPsks(settings).find(({ identity }) => hex(identity) === hex(facts.externalIdentity));
  const selected =
    psk ??
    credentials.find(({ credential }) =>
      credential.certificateType === 'x509'
        ? credential.leaf === facts.ownCertificate
        : credential.rawKey === facts.ownRawKey,
    );
  expect('the credential', settings.number('-expect-selected-credential'), selected?.index ?? -1);
  expect(
    "the kind of the peer's certificate",
    settings.number('-expect-peer-certificate-type'),
    certificateTypeCodes[facts.peerRawKey === undefined ? 'x509' : 'rawPublicKey'],
  );
  expect(
    "the peer's raw key",
    settings.text('-expect-peer-rpk-sha256'),
    base64(facts.peerRawKey && provider.hashes.sha256.digest(facts.peerRawKey.der)),
  );
  expect("the peer's OCSP response", settings.text('-expect-ocsp-response'), base64(facts.peerOcspResponse));
  expect("the peer's timestamps", settings.text('-expect-signed-cert-timestamps'), base64(facts.peerScts));
  const file = settings.text('-expect-peer-cert-file');
  expect(
    "the peer's certificate",
    file === undefined ? undefined : hex(must(decodePem(readFileSync(file, 'latin1')))[0]?.bytes),
    hex(facts.peer?.leaf.der),
  );
  expect(
    'a certificate of the peer',
    settings.has('-expect-no-peer-cert') ? false : undefined,
    facts.peer !== undefined,
  );
  return problems;
}

/** What BoringSSL calls what became of early data. `session` is what the client went on from. */
function earlyDataReason(settings: Settings, facts: Facts, session: Session | undefined): string {
  const { earlyData } = facts;
  switch (earlyData.kind) {
    case 'accepted':
      return 'accept';
    case 'rejected':
      return rejections[earlyData.reason];
    case 'notOffered':
      if (!settings.has('-enable-early-data')) return 'disabled';
      if (settings.has('-server')) return facts.resumed ? 'peer_declined' : 'no_session_offered';
      if (session?.version !== 'TLS 1.3') return 'no_session_offered';
      return session.maxEarlyData === 0 ? 'unsupported_for_session' : 'alpn_mismatch';
  }
}

const rejections: Readonly<Record<EarlyDataRejection, string>> = {
  declined: 'peer_declined',
  disabled: 'disabled',
  'hello-retry-request': 'hello_retry_request',
  'session-not-resumed': 'session_not_resumed',
  'not-first-psk': 'session_not_resumed',
  'unsupported-by-psk': 'unsupported_for_session',
  'other-cipher-suite': 'session_not_resumed',
  'other-application-protocol': 'alpn_mismatch',
  stale: 'ticket_age_skew',
  replay: 'replay',
};

/** What the runner expects a request to say and what it says instead, when they differ. */
export function unmetByRequest(settings: Settings, request: Request): string | undefined {
  switch (request.kind) {
    case 'credential': {
      const wanted = settings.text('-expect-advertised-alpn');
      const found = request.hello.applicationProtocols.join();
      return wanted === undefined || protocolNames(wanted).join() === found
        ? undefined
        : `the client offers the application protocols ${found}`;
    }
    case 'clientCredential': {
      const wanted = settings.text('-expect-client-ca-list');
      const found = request.certificateRequest.certificateAuthorities.map(hex).join();
      return wanted === undefined || authorityNames(wanted).map(hex).join() === found
        ? undefined
        : `the server names the authorities ${found}`;
    }
    default:
      return undefined;
  }
}

function base64(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('base64');
}

function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex');
}
