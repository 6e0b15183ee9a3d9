import {
  certificateCompressionCodes,
  cipherSuiteCodes,
  extensionTypes,
  groupCodes,
  nameOf,
  protocolVersions,
  signatureSchemeCodes,
} from './codepoints.ts';
import { type AnyExtension, extensionType, findExtension } from './extensions.ts';
import { isGrease } from './grease.ts';
import type { CertificateMessage, HandshakeMessage } from './messages.ts';
import { stapledTo } from './stapling.ts';
import { listed, printable } from './text.ts';
import type { Tls12Message } from './tls12/messages.ts';

/** What stands in a handshake message, for people who read a trace. No secret, and nothing that is not on the wire. */
export function describeMessage(message: HandshakeMessage | Tls12Message): Readonly<Record<string, string>> {
  switch (message.kind) {
    case 'clientHello': {
      const { extensions, cipherSuites } = message.body;
      const shares = findExtension(extensions, 'keyShare') ?? [];
      const name = findExtension(extensions, 'serverName')?.[0]?.hostName;
      const protocols = findExtension(extensions, 'applicationLayerProtocolNegotiation');
      return {
        ...(name === undefined ? {} : { serverName: printable(name) }),
        versions: list(protocolVersions, findExtension(extensions, 'supportedVersions') ?? []),
        cipherSuites: list(cipherSuiteCodes, cipherSuites),
        groups: list(groupCodes, findExtension(extensions, 'supportedGroups') ?? []),
        keyShares: list(
          groupCodes,
          shares.map(({ group }) => group),
        ),
        ...(protocols === undefined ? {} : { applicationProtocols: listed(protocols) }),
        extensions: names(extensions),
      };
    }
    case 'serverHello': {
      const { extensions, cipherSuite } = message.body;
      const share = findExtension(extensions, 'keyShare');
      return {
        cipherSuite: label(cipherSuiteCodes, cipherSuite),
        ...(share === undefined ? {} : { group: label(groupCodes, share.group) }),
        extensions: names(extensions),
      };
    }
    case 'tls12ServerHello': {
      const { extensions, cipherSuite } = message.body;
      return { cipherSuite: label(cipherSuiteCodes, cipherSuite), extensions: names(extensions) };
    }
    case 'helloRetryRequest': {
      const { extensions, cipherSuite } = message.body;
      const group = findExtension(extensions, 'keyShare');
      return {
        cipherSuite: label(cipherSuiteCodes, cipherSuite),
        ...(group === undefined ? {} : { group: label(groupCodes, group) }),
        extensions: names(extensions),
      };
    }
    case 'encryptedExtensions': {
      const { extensions } = message.body;
      const protocols = findExtension(extensions, 'applicationLayerProtocolNegotiation');
      return {
        ...(protocols === undefined ? {} : { applicationProtocol: listed(protocols) }),
        extensions: names(extensions),
      };
    }
    case 'certificateRequest':
      return { extensions: names(message.body.extensions) };
    case 'certificate':
      return certificateDetails(message.body);
    case 'compressedCertificate':
      return {
        algorithm: label(certificateCompressionCodes, message.body.algorithm),
        uncompressed: `${message.body.uncompressedLength} bytes`,
      };
    case 'tls12Certificate':
      return { certificates: `${message.body.certificateList.length}` };
    case 'tls12CertificateRequest':
      return {
        signatureSchemes: list(signatureSchemeCodes, message.body.supportedSignatureAlgorithms),
        certificateAuthorities: `${message.body.certificateAuthorities.length}`,
      };
    case 'certificateVerify':
      return { signatureScheme: label(signatureSchemeCodes, message.body.algorithm) };
    case 'newSessionTicket': {
      const earlyData = findExtension(message.body.extensions, 'earlyData');
      return {
        lifetime: `${message.body.ticketLifetime} s`,
        ...(earlyData === undefined ? {} : { earlyData: `${earlyData} bytes` }),
      };
    }
    case 'tls12NewSessionTicket':
      return { lifetime: `${message.body.ticketLifetimeHint} s` };
    case 'keyUpdate':
      return {
        requestUpdate: message.body.requestUpdate === 1 ? 'update_requested' : 'update_not_requested',
      };
    case 'helloRequest':
    case 'certificateStatus':
    case 'serverKeyExchange':
    case 'serverHelloDone':
    case 'clientKeyExchange':
    case 'finished':
    case 'endOfEarlyData':
      return {};
  }
}

function certificateDetails({ certificateList }: CertificateMessage): Readonly<Record<string, string>> {
  const { ocspResponses } = stapledTo(certificateList);
  const responses = ocspResponses.filter((response) => response !== undefined).length;
  const scts = findExtension(certificateList[0]?.extensions ?? [], 'signedCertificateTimestamp');
  return {
    certificates: `${certificateList.length}`,
    ...(responses === 0 ? {} : { ocspResponses: `${responses}` }),
    ...(scts === undefined ? {} : { scts: `${scts.length}` }),
  };
}

/** The standard's name of a message, which two versions may share. */
export function messageName({ kind }: HandshakeMessage | Tls12Message): string {
  switch (kind) {
    case 'tls12ServerHello':
      return 'serverHello';
    case 'tls12Certificate':
      return 'certificate';
    case 'tls12CertificateRequest':
      return 'certificateRequest';
    case 'tls12NewSessionTicket':
      return 'newSessionTicket';
    default:
      return kind;
  }
}

function list(table: Readonly<Record<string, number>>, codes: readonly number[]): string {
  return listed(codes.map((code) => label(table, code)));
}

function names(extensions: readonly AnyExtension[]): string {
  return list(extensionTypes, extensions.map(extensionType));
}

function label(table: Readonly<Record<string, number>>, code: number): string {
  const name = nameOf(table, code) ?? `0x${code.toString(16).padStart(4, '0')}`;
  return isGrease(code) ? `GREASE ${name}` : name;
}
