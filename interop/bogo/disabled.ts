/** Tests, or what tests ask for, and why this library does not take part. */
export interface Exclusion {
  readonly reason: string;
  /** Names; `*` stands for anything. */
  readonly tests: readonly string[];
}

/** Tests that are not run: they are about something that this library does not have. */
export const excluded: readonly Exclusion[] = [
  { reason: 'DTLS is not spoken yet', tests: ['*DTLS*', 'SendSplitAlert-*', 'StrayChangeCipherSpec'] },
  { reason: 'the handshake without the record layer, for QUIC, is not there yet', tests: ['*QUIC*'] },
  {
    reason: 'versions before TLS 1.2 are never spoken',
    tests: ['*-TLS1', '*-TLS1-*', '*-TLS11', '*-TLS11-*', 'TLS1-*', 'TLS11-*', '*SSL3*'],
  },
  { reason: 'an SSLv2 hello is never understood', tests: ['*V2ClientHello*'] },
  { reason: 'False Start is for TLS 1.2, where it saves what TLS 1.3 saves safely', tests: ['*FalseStart*'] },
  {
    reason: 'an extension that is no standard: NPN, Channel ID, ALPS, PAKE, trust anchors, server padding',
    tests: [
      '*NPN*',
      '*ChannelID*',
      'ALPS-*',
      'UnexpectedClientEncryptedExtensions-*',
      'ExtraClientEncryptedExtension-*',
      'PAKE-*',
      'TrustAnchor*',
      '*-TrustAnchorIDs-*',
      'ExtensionTrailingData-TrustAnchors-*',
      'ServerPadding*',
    ],
  },
  { reason: 'SRTP is negotiated by DTLS', tests: ['SRTP-*'] },
  { reason: '3DES is never spoken', tests: ['*3DES*'] },
  {
    reason: 'the shim configures no key transport: the certificates of the runner are not for it',
    tests: ['TLS-TLS12-RSA_WITH_AES_*', 'RSAEphemeralKey'],
  },
  {
    reason:
      "an API of BoringSSL's own: peeking at data, policies by name, handshake hints, a workaround for JDK 11",
    tests: ['Peek-*', 'Compliance-*', '*-HintMismatch-*', '*JDK11*'],
  },
];

/** Tests that are run and must fail: this library means to do otherwise. */
export const differences: readonly Exclusion[] = [
  // Where RFC 9846 says what to do.
  {
    reason: 'RFC 9846 §4.2.2: a legacy_version other than 0x0303 is answered with protocol_version',
    tests: ['IgnoreLegacyVersion-TLS13', 'VersionTolerance-TLS13'],
  },
  {
    reason: 'RFC 9846 §4.2.3: a compression method in ServerHello is answered with illegal_parameter',
    tests: ['TLS13-HRR-InvalidCompressionMethod'],
  },
  {
    reason: 'RFC 9846 §5.1: legacy_record_version is ignored for all purposes',
    tests: ['CheckRecordVersion-TLS13', 'GarbageInitialRecordVersion-TLS13'],
  },
  {
    reason: 'RFC 9846 §6: an error alert ends the connection whatever its level says, and is not answered',
    tests: ['SendWarningAlerts-TLS13', 'SendBogusAlertType'],
  },
  {
    reason: 'RFC 9846 §6.2: a certificate or a raw key that does not decode is answered with bad_certificate',
    tests: [
      'GarbageCertificate-*-TLS13',
      'ServerCertificateType-Client-*-ServerIncorrectlySentRPK-TLS13',
      'ClientCertificateType-Server-*-ClientSentX509InError-*-TLS13',
    ],
  },
  {
    reason: 'RFC 9846 §4.3: a known extension in the wrong message is answered with illegal_parameter',
    tests: ['EncryptedExtensionsWithKeyShare-TLS13'],
  },
  {
    reason: 'RFC 9846 §4.2.2: early_data in the second ClientHello is answered with illegal_parameter',
    tests: ['SkipEarlyData-SecondClientHelloEarlyData-TLS13'],
  },
  {
    reason: 'RFC 9846 §4.3.11: a binder of less than 32 bytes is answered with decode_error',
    // A session of TLS 1.2 offered as a PSK has one of 12.
    tests: ['*-BinderWrongLength*', 'Resume-Server-TLS12-TLS12-TLS', 'Resume-Server-TLS12-TLS13-TLS'],
  },
  {
    reason: 'RFC 9846 §4.5.1: a client without a certificate that fits says so, and lets the server decide',
    tests: [
      'NoCommonAlgorithms-TLS13',
      'Client-SignDefault-RSA_PKCS1_*-TLS13',
      'Client-SignDefault-ECDSA_SHA1-TLS13',
      'CertificateSelection-Client-*-MatchNone-TLS-TLS13',
      'ClientCertificateType-Client-OffersRPKOnly-ServerOmitsExtension-TLS13',
    ],
  },
  {
    reason: 'RFC 7250 §4.2: no kind of certificate in common is answered with unsupported_certificate',
    tests: ['CertificateSelection-Server-CertificateType-*-MatchNone-TLS-TLS13'],
  },
  {
    reason: 'RFC 7250 §3: an empty list of certificate types is answered with decode_error',
    tests: ['ClientCertificateType-Server-RejectsInvalidEmptyExtension-*-TLS13'],
  },
  {
    reason: 'RFC 9846 §4.7.1: a session may be resumed with another suite of the same hash',
    tests: ['Resume-Server-UnofferedCipher-TLS13'],
  },
  {
    reason: 'RFC 9846 §4.2.2: a client may leave every PSK out of its second hello',
    tests: ['Resume-Server-OmitAllPSKsOnSecondClientHello', 'PSK-Server-OmitAllPSKsOnSecondClientHello-TLS'],
  },
  {
    reason: 'RFC 9846 §7.1: an exporter label is not empty',
    tests: ['ExportKeyingMaterial-NoContext-TLS-TLS13', 'ExportKeyingMaterial-EmptyContext-TLS-TLS13'],
  },
  {
    reason: 'RFC 9846 §E.4: change_cipher_spec goes only to a client that sends a session id',
    tests: ['EmptySessionID-TLS13'],
  },
  // Where it leaves the choice.
  {
    reason: 'an extension that stands twice is answered with illegal_parameter, not decode_error',
    tests: ['DuplicateExtensionClient-TLS-TLS13', 'DuplicateExtensionServer-TLS-TLS13'],
  },
  {
    reason: 'an unprotected record where records must be protected is answered with unexpected_message',
    tests: ['UnencryptedEncryptedExtensions'],
  },
  {
    reason: 'at most 16 records in a row may advance nothing, of whatever kind they are',
    tests: [
      'SendEmptyRecords-Pass',
      'SendUserCanceledAlerts-TooMany-TLS13',
      'SendWarningAlerts-TooMany*',
      'AlternateEmptyRecordsAndWarningAlerts*',
    ],
  },
  { reason: 'a chain has at most 16 certificates', tests: ['LargeMessage'] },
  {
    reason: 'of early data that is dropped, what counts is the data inside the records',
    tests: ['SkipEarlyData-TooMuchData-TLS13', 'SkipEarlyData-HRR-TooMuchData-TLS13'],
  },
  {
    reason: 'a server follows its own order of suites',
    tests: ['TLS13-CipherPreference-Server-ChaCha20-AES'],
  },
  {
    reason: 'server_name is acknowledged where it chose the certificate',
    tests: ['ServerNameExtensionServer-TLS-TLS13'],
  },
  {
    reason: 'Ed25519 is accepted without being asked for',
    tests: ['*-VerifyDefault-Ed25519-TLS13', 'Ed25519DefaultDisable-*'],
  },
  {
    reason:
      'schemes that cannot sign a TLS 1.3 handshake, and RSA keys of 1024 bits, are refused by the configuration',
    tests: ['Client-Sign-RSA_PKCS1_SHA*-TLS13', '*-Verify-RSA_PKCS1_SHA*-TLS13', 'RSA-PSS-Large'],
  },
  {
    reason: 'a certificate is compressed only where that makes it smaller',
    tests: ['CertCompressionExpands-TLS13', 'CertCompressionRandom-TLS13', 'CertCompressionPriority-TLS13'],
  },
  {
    reason: 'RFC 8879 §3 does not forbid to name an algorithm twice',
    tests: ['DuplicateCertCompressionExt-*', 'DuplicateCertCompressionExt2-*'],
  },
  {
    reason: 'a certificate is judged anew whenever a session is resumed',
    tests: ['CertificateVerificationDoesNotFailOnResume-*'],
  },
  {
    reason: 'a session is offered once its server has been judged anew, and not if that is refused',
    tests: ['EarlyData-Accept0RTT-Client-ReverifyFails-*', 'EarlyData-Reject0RTT-Client-ReverifyFails-*'],
  },
  {
    reason: 'a refused certificate ends the connection, with the alert that the reason asks for',
    tests: ['CertificateVerificationSoftFail-*', 'CertificateVerificationFail-*-TLS13-TLS-Sync*'],
  },
  {
    reason: 'whoever refuses a request does not choose the alert',
    tests: ['FailCertCallback-*-TLS12', 'FailCertCallback-*-TLS13', 'Server-DDoS-Reject-*'],
  },
  {
    reason: 'an external PSK goes before any certificate',
    tests: ['PSK-Server-CertOrPSK-Cert-TLS'],
  },
  {
    reason: 'a connection that an external PSK authenticated is not resumed',
    tests: [
      'PSK-Server-SHA*-SHA*-TLS',
      'PSK-Client-SHA*-SHA*-TLS',
      'PSK-Client-HRR-SHA*-SHA*-TLS',
      'PSK-Client-AcceptFirst-TLS',
      'PSK-Client-AcceptSecond-TLS',
      'PSK-Client-DeclineSession-TLS',
      'PSK-Client-PSKOrCert-PSK-TLS',
    ],
  },
  {
    reason: 'a server takes the first PSK of the client’s that it knows',
    tests: ['PSK-Server-ServerPreferenceOrder-TLS'],
  },
  {
    reason: 'a client for whom only a PSK will do refuses the certificate it is shown instead',
    tests: ['PSK-Client-PSKRequired-TLS'],
  },
  {
    reason: 'a PSK that is gone from the second hello is a PSK that does not fit (handshake_failure)',
    tests: ['PSK-Server-HRR-PSKMissing-TLS'],
  },
  {
    reason:
      'a client that encrypts its hello refuses an older version for that, whether or not it has sent early data',
    tests: ['TLS-ECH-Client-Reject-EarlyDataRejected-TLS12'],
  },
  // TLS 1.2.
  {
    reason: 'RFC 5246 §7.4.6: a client without a certificate that fits says so, and lets the server decide',
    tests: ['CheckClientCertificateTypes'],
  },
  {
    reason: 'what is older than TLS 1.2 is refused as such, a second try or not',
    tests: ['FallbackSCSV'],
  },
  {
    reason: 'RFC 7627 §5.2: what has no extended master secret is not resumed',
    tests: [
      'ExtendedMasterSecret-NoToNo-Server',
      'ExtendedMasterSecret-NoToNo-Client',
      'ExtendedMasterSecret-NoToYes-Client',
    ],
  },
  {
    reason:
      'RFC 5246 §7.2.2: who asks for a renegotiation is warned by no_renegotiation, and the connection goes on',
    tests: [
      'Renegotiate-Server-Forbidden',
      'Renegotiate-Client-Forbidden-1',
      'Renegotiate-Client-NoIgnore',
      'Renegotiate-Client-Packed',
      'Renegotiate-Client-UnfinishedWrite',
    ],
  },
  {
    reason: 'the shim has tickets, and keeps no sessions under session ids',
    tests: [
      'TLS12-NoTicket-NoMint',
      'SupportTicketsWithSessionID',
      'Resume-Server-NoTickets-TLS12-TLS12-TLS',
    ],
  },
  {
    reason: 'a session that the caller gives is offered, whether new tickets are wanted or not',
    tests: ['TLS12-NoTicket-NoOffer'],
  },
  // What is not there yet, and no flag says so.
  { reason: 'the flags of a ticket (a draft) are not read', tests: ['TLS13-Client-*TicketFlags'] },
  {
    reason: 'a server takes an inner ClientHello only where it is told to be a backend (RFC 9849 §7)',
    tests: ['TLS-ECH-Server-ECHInner', 'TLS-ECH-Server-ECHInner-HelloRetryRequest'],
  },
  {
    reason: 'what only sometimes stands in both hellos is never compressed (RFC 9849 §10.5)',
    tests: ['TLS-ECH-Client-CompressSupportedVersions'],
  },
];

/** What the shim is asked for and cannot do: flags, and what configurations lack. */
export const missing: readonly Exclusion[] = [
  {
    reason: 'what only TLS 1.2 has is not steered by the shim yet',
    tests: [
      '-fallback-scsv',
      '-psk',
      '-tls-unique',
      '-cbc-record-splitting',
      '-expect-certificate-types',
      '-expect-session-id',
      '-expect-total-renegotiations',
      '-forbid-renegotiation-after-handshake',
      '-renegotiate-*',
      '-use-exporter-between-reads',
    ],
  },
  {
    reason: 'an extension that is no standard: NPN, ALPS',
    tests: ['-advertise-npn', '-application-settings'],
  },
  { reason: 'versions before TLS 1.2 are never spoken', tests: ['a version before TLS 1.2'] },
  {
    reason: 'who is asked for a certificate cannot have Encrypted ClientHello taken back',
    tests: ['-fail-early-callback-ech-rewind'],
  },
  {
    reason: 'a trace has words of its own',
    tests: ['-expect-msg-callback'],
  },
  {
    reason:
      'what to staple is said with the credential, what to think of it by the authenticator: no callback of its own',
    tests: ['-use-ocsp-callback'],
  },
  {
    reason: 'what cannot be stapled is refused before there is a connection',
    tests: ['something that cannot be stapled'],
  },
  { reason: 'delegated credentials are not there yet', tests: ['-new-delegated-credential'] },
  { reason: 'SHA-1 signs nothing', tests: ['signature scheme 0x0201', 'signature scheme 0x0203'] },
  {
    reason: 'RSASSA-PKCS1-v1_5 signs no TLS 1.3 handshake, and made-up schemes nothing',
    tests: ['signature scheme 0x0420', 'signature scheme 0xff01'],
  },
  { reason: 'ML-KEM is used in hybrids only', tests: ['group 0x0202'] },
  { reason: 'a caller cannot send an alert of its own choice', tests: ['-send-alert'] },
  {
    reason: 'an application protocol is never empty, nor one that was not offered',
    tests: ['-select-empty-alpn', '-allow-unknown-alpn-protos'],
  },
  {
    reason: 'a client takes no hints about the groups of a server',
    tests: ['-server-supported-groups-hint', '-curves-flags'],
  },
  { reason: 'a session is resumed under the name it was made for', tests: ['-*resum*-across-names*'] },
  { reason: 'a session keeps the whole chain of the peer', tests: ['-retain-only-sha256-client-cert'] },
  { reason: 'tickets are sealed in a format of our own', tests: ['-ticket-key'] },
  {
    reason:
      'how far the age of a ticket is off is not told: up to earlyDataWindow that means nothing, beyond it early data is stale',
    tests: ['-expect-ticket-age-skew'],
  },
  {
    reason: 'not told to the caller: the schemes that the peer accepts beyond those known here',
    tests: ['-expect-peer-verify-pref'],
  },
  {
    reason: 'server_name is always acknowledged where it chose the certificate',
    tests: ['-no-server-name-ack'],
  },
];
