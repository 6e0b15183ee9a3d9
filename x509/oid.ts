/** Object identifiers, grouped by the document that assigns them, under the names it gives. */

/** RFC 5280 §4.2, §5.2, §5.3 and appendix A (the arcs id-ce and id-pe). */
export const id = {
  ce: {
    subjectDirectoryAttributes: '2.5.29.9',
    subjectKeyIdentifier: '2.5.29.14',
    keyUsage: '2.5.29.15',
    subjectAltName: '2.5.29.17',
    issuerAltName: '2.5.29.18',
    basicConstraints: '2.5.29.19',
    cRLNumber: '2.5.29.20',
    reasonCode: '2.5.29.21',
    invalidityDate: '2.5.29.24',
    deltaCRLIndicator: '2.5.29.27',
    issuingDistributionPoint: '2.5.29.28',
    certificateIssuer: '2.5.29.29',
    nameConstraints: '2.5.29.30',
    cRLDistributionPoints: '2.5.29.31',
    certificatePolicies: '2.5.29.32',
    anyPolicy: '2.5.29.32.0',
    policyMappings: '2.5.29.33',
    authorityKeyIdentifier: '2.5.29.35',
    policyConstraints: '2.5.29.36',
    extKeyUsage: '2.5.29.37',
    anyExtendedKeyUsage: '2.5.29.37.0',
    freshestCRL: '2.5.29.46',
    inhibitAnyPolicy: '2.5.29.54',
  },
  pe: {
    authorityInfoAccess: '1.3.6.1.5.5.7.1.1',
    subjectInfoAccess: '1.3.6.1.5.5.7.1.11',
    /** RFC 7633. */
    tlsFeature: '1.3.6.1.5.5.7.1.24',
  },
  /** RFC 5280 §4.2.1.4. */
  qt: {
    cps: '1.3.6.1.5.5.7.2.1',
    unotice: '1.3.6.1.5.5.7.2.2',
  },
  /** RFC 5280 §4.2.1.12. */
  kp: {
    serverAuth: '1.3.6.1.5.5.7.3.1',
    clientAuth: '1.3.6.1.5.5.7.3.2',
    codeSigning: '1.3.6.1.5.5.7.3.3',
    emailProtection: '1.3.6.1.5.5.7.3.4',
    timeStamping: '1.3.6.1.5.5.7.3.8',
    OCSPSigning: '1.3.6.1.5.5.7.3.9',
  },
  /** RFC 5280 §4.2.2.1. */
  ad: {
    ocsp: '1.3.6.1.5.5.7.48.1',
    caIssuers: '1.3.6.1.5.5.7.48.2',
  },
  /** RFC 9598 §3. */
  on: {
    smtpUTF8Mailbox: '1.3.6.1.5.5.7.8.9',
  },
  /** RFC 6960 §4.2.1 and §4.4, and RFC 9654. */
  pkixOcsp: {
    basic: '1.3.6.1.5.5.7.48.1.1',
    nonce: '1.3.6.1.5.5.7.48.1.2',
    nocheck: '1.3.6.1.5.5.7.48.1.5',
    archiveCutoff: '1.3.6.1.5.5.7.48.1.6',
  },
  /** RFC 6962 §3.1 and §3.3. */
  ct: {
    signedCertificateTimestampList: '1.3.6.1.4.1.11129.2.4.2',
    precertificatePoison: '1.3.6.1.4.1.11129.2.4.3',
    /** The list of an OCSP response's singleExtensions. */
    ocspSignedCertificateTimestampList: '1.3.6.1.4.1.11129.2.4.5',
  },
  /** Attributes of requests and of PKCS #12 bags: RFC 2985 §5.4.2 and §5.5. */
  pkcs9: {
    extensionRequest: '1.2.840.113549.1.9.14',
    friendlyName: '1.2.840.113549.1.9.20',
    localKeyId: '1.2.840.113549.1.9.21',
  },
  /** What PKCS #12 files are made of: RFC 2315 §14 and RFC 7292 appendix D. */
  pkcs7: {
    data: '1.2.840.113549.1.7.1',
    encryptedData: '1.2.840.113549.1.7.6',
  },
  pkcs12: {
    keyBag: '1.2.840.113549.1.12.10.1.1',
    pkcs8ShroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
    certBag: '1.2.840.113549.1.12.10.1.3',
    crlBag: '1.2.840.113549.1.12.10.1.4',
    safeContentsBag: '1.2.840.113549.1.12.10.1.6',
    x509Certificate: '1.2.840.113549.1.9.22.1',
    x509CRL: '1.2.840.113549.1.9.23.1',
  },
  /** Attribute types: RFC 5280 appendix A, RFC 4519, RFC 2985 (emailAddress). */
  at: {
    commonName: '2.5.4.3',
    surname: '2.5.4.4',
    serialNumber: '2.5.4.5',
    countryName: '2.5.4.6',
    localityName: '2.5.4.7',
    stateOrProvinceName: '2.5.4.8',
    streetAddress: '2.5.4.9',
    organizationName: '2.5.4.10',
    organizationalUnitName: '2.5.4.11',
    title: '2.5.4.12',
    name: '2.5.4.41',
    givenName: '2.5.4.42',
    organizationIdentifier: '2.5.4.97',
    userId: '0.9.2342.19200300.100.1.1',
    domainComponent: '0.9.2342.19200300.100.1.25',
    emailAddress: '1.2.840.113549.1.9.1',
  },
} as const;

/** Public keys and signatures. */
export const algorithm = {
  /** RFC 4055 and RFC 8017 appendix C. */
  rsaEncryption: '1.2.840.113549.1.1.1',
  md5WithRSAEncryption: '1.2.840.113549.1.1.4',
  sha1WithRSAEncryption: '1.2.840.113549.1.1.5',
  mgf1: '1.2.840.113549.1.1.8',
  rsassaPss: '1.2.840.113549.1.1.10',
  sha256WithRSAEncryption: '1.2.840.113549.1.1.11',
  sha384WithRSAEncryption: '1.2.840.113549.1.1.12',
  sha512WithRSAEncryption: '1.2.840.113549.1.1.13',
  /** RFC 5480. */
  ecPublicKey: '1.2.840.10045.2.1',
  secp256r1: '1.2.840.10045.3.1.7',
  secp384r1: '1.3.132.0.34',
  secp521r1: '1.3.132.0.35',
  /** RFC 3279 §2.2.3 and RFC 5758 §3.2. */
  ecdsaWithSHA1: '1.2.840.10045.4.1',
  ecdsaWithSHA256: '1.2.840.10045.4.3.2',
  ecdsaWithSHA384: '1.2.840.10045.4.3.3',
  ecdsaWithSHA512: '1.2.840.10045.4.3.4',
  /** RFC 8410. */
  ed25519: '1.3.101.112',
  ed448: '1.3.101.113',
  /** RFC 9881. */
  'ml-dsa-44': '2.16.840.1.101.3.4.3.17',
  'ml-dsa-65': '2.16.840.1.101.3.4.3.18',
  'ml-dsa-87': '2.16.840.1.101.3.4.3.19',
  /** RFC 8017 appendix B.1. */
  sha1: '1.3.14.3.2.26',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
  sha224: '2.16.840.1.101.3.4.2.4',
} as const;

/** Encryption by password, and what it is made of. */
export const encryption = {
  /** RFC 8018 appendix A: PBES1. */
  pbeWithMD5AndDES_CBC: '1.2.840.113549.1.5.3',
  pbeWithMD5AndRC2_CBC: '1.2.840.113549.1.5.6',
  pbeWithSHA1AndDES_CBC: '1.2.840.113549.1.5.10',
  pbeWithSHA1AndRC2_CBC: '1.2.840.113549.1.5.11',
  /** RFC 8018 appendix A: PBES2 and what goes into it. */
  pbkdf2: '1.2.840.113549.1.5.12',
  pbes2: '1.2.840.113549.1.5.13',
  pbmac1: '1.2.840.113549.1.5.14',
  /** RFC 7914 §7. */
  scrypt: '1.3.6.1.4.1.11591.4.11',
  hmacWithSHA1: '1.2.840.113549.2.7',
  hmacWithSHA224: '1.2.840.113549.2.8',
  hmacWithSHA256: '1.2.840.113549.2.9',
  hmacWithSHA384: '1.2.840.113549.2.10',
  hmacWithSHA512: '1.2.840.113549.2.11',
  desCBC: '1.3.14.3.2.7',
  rc2CBC: '1.2.840.113549.3.2',
  desEDE3CBC: '1.2.840.113549.3.7',
  aes128CBC: '2.16.840.1.101.3.4.1.2',
  aes192CBC: '2.16.840.1.101.3.4.1.22',
  aes256CBC: '2.16.840.1.101.3.4.1.42',
  /** RFC 7292 appendix C. */
  pbeWithSHAAnd128BitRC4: '1.2.840.113549.1.12.1.1',
  pbeWithSHAAnd40BitRC4: '1.2.840.113549.1.12.1.2',
  pbeWithSHAAnd3KeyTripleDES_CBC: '1.2.840.113549.1.12.1.3',
  pbeWithSHAAnd2KeyTripleDES_CBC: '1.2.840.113549.1.12.1.4',
  pbeWithSHAAnd128BitRC2_CBC: '1.2.840.113549.1.12.1.5',
  pbeWithSHAAnd40BitRC2_CBC: '1.2.840.113549.1.12.1.6',
} as const;
