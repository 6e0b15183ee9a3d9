import 'reflect-metadata';
import { randomBytes, X509Certificate } from 'node:crypto';
import * as peculiar from '@peculiar/x509';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';
import { type CryptoProvider, noble } from '../nocrypto/index.ts';
import {
  buildCertificate,
  type Certificate,
  type CertificateOptions,
  decodeCertificate,
  id,
  makeExtension,
  referenceIdentity,
  trustAnchor,
  validatePath,
} from '../x509/index.ts';
import { must, NOW } from './fixtures.ts';
import type { Benchmark, Contender } from './harness.ts';

const HOST = 'www.example.com';
const DAY = 24 * 3600 * 1000;

/** A leaf as public authorities make them, its intermediate and its root, each with a P-256 key. */
export interface CertificateChain {
  readonly leaf: Certificate;
  readonly intermediate: Certificate;
  readonly root: Certificate;
}

export function makeChain(): CertificateChain {
  const key = () => noble.generateKey({ kind: 'ec', curve: 'secp256r1' }, randomBytes(32));
  const [rootKey, intermediateKey, leafKey] = [key(), key(), key()];
  const issue = (options: Omit<CertificateOptions, 'crypto' | 'entropy' | 'validity'>): Certificate =>
    must(
      buildCertificate({
        crypto: noble,
        entropy: randomBytes(32),
        validity: { notBefore: NOW - DAY, notAfter: NOW + DAY },
        ...options,
      }),
    );
  const named = (name: string) =>
    [
      ['countryName', 'XX'],
      ['organizationName', 'Example Authorities'],
      ['commonName', name],
    ] as const;
  const root = issue({
    subject: named('Benchmark Root'),
    publicKey: rootKey.public,
    signer: { key: rootKey },
    authority: { pathLenConstraint: undefined },
  });
  const intermediate = issue({
    subject: named('Benchmark CA'),
    publicKey: intermediateKey.public,
    signer: { key: rootKey, certificate: root },
    authority: { pathLenConstraint: 0 },
    extKeyUsage: [id.kp.serverAuth],
    extensions: [...statedPlaces, policies('2.23.140.1.2.1')],
  });
  const leaf = issue({
    subject: [['commonName', HOST]],
    publicKey: leafKey.public,
    signer: { key: intermediateKey, certificate: intermediate },
    subjectAltName: [HOST, 'example.com', 'mail.example.com'].map((value) => ({ kind: 'dNSName', value })),
    extKeyUsage: [id.kp.serverAuth],
    extensions: [...statedPlaces, policies('2.23.140.1.2.1')],
  });
  return { leaf, intermediate, root };
}

const uri = (value: string) => ({ kind: 'uniformResourceIdentifier', value }) as const;

const statedPlaces = [
  makeExtension({
    kind: id.ce.cRLDistributionPoints,
    value: [
      {
        distributionPoint: { kind: 'fullName', value: [uri('http://crl.example.com/ca.crl')] },
        reasons: undefined,
        cRLIssuer: undefined,
      },
    ],
  }),
  makeExtension({
    kind: id.pe.authorityInfoAccess,
    value: [
      { accessMethod: id.ad.ocsp, accessLocation: uri('http://ocsp.example.com') },
      { accessMethod: id.ad.caIssuers, accessLocation: uri('http://ca.example.com/ca.cer') },
    ],
  }),
];

const policies = (policyIdentifier: string) =>
  makeExtension({
    kind: id.ce.certificatePolicies,
    value: [{ policyIdentifier, policyQualifiers: undefined }],
  });

/**
 * DER to what each library makes of it. asn1js alone stops at the elements; pkijs and @peculiar/x509 build on it; node:crypto
 * reads fields when they are asked for.
 */
export function decodeOne({ leaf: { der } }: CertificateChain): Benchmark {
  const buffer = der.slice().buffer;
  return {
    name: 'decode a certificate',
    prepare: async () => ({
      operations: 1,
      ours: { name: 'pure-tls', run: () => void must(decodeCertificate(der)) },
      peers: [
        { name: 'asn1js', run: () => void asn1js.fromBER(buffer) },
        { name: 'pkijs', run: () => void pkijs.Certificate.fromBER(buffer) },
        { name: '@peculiar/x509', run: () => void new peculiar.X509Certificate(buffer) },
        { name: 'node:crypto', run: () => void new X509Certificate(der) },
      ],
    }),
  };
}

/** From the DER of leaf, intermediate and root to a verdict: two signatures, dates, a name. */
export function validateChain(chain: CertificateChain, crypto: CryptoProvider): Benchmark {
  return {
    name: `validate a chain of three certificates, ${crypto.name}`,
    prepare: async () => ({
      operations: 1,
      ours: byPureTls(chain, crypto),
      peers: [byNode(chain), byPkijs(chain), byPeculiar(chain)],
    }),
  };
}

function byPureTls({ leaf, intermediate, root }: CertificateChain, crypto: CryptoProvider): Contender {
  const identity = must(referenceIdentity(HOST));
  const read = ({ der }: Certificate) => must(decodeCertificate(der));
  return {
    name: 'pure-tls',
    run: () => {
      const certificates = [read(leaf), read(intermediate)];
      const anchors = [trustAnchor(read(root))];
      must(validatePath({ crypto, certificates, anchors, purpose: 'serverAuth', identity, now: NOW }));
    },
  };
}

/** What people write by hand: it looks at no constraint, no purpose and no critical extension. */
function byNode({ leaf, intermediate, root }: CertificateChain): Contender {
  return {
    name: 'node:crypto, a loop by hand',
    run: () => {
      const anchor = new X509Certificate(root.der);
      const server = new X509Certificate(leaf.der);
      const authority = new X509Certificate(intermediate.der);
      for (const [subject, issuer] of [
        [server, authority],
        [authority, anchor],
      ] as const) {
        const inForce = Date.parse(subject.validFrom) <= NOW && NOW <= Date.parse(subject.validTo);
        if (!inForce || !issuer.ca || !subject.checkIssued(issuer) || !subject.verify(issuer.publicKey)) {
          throw new Error('the chain does not hold');
        }
      }
      if (server.checkHost(HOST) === undefined) throw new Error('another name');
    },
  };
}

function byPkijs({ leaf, intermediate, root }: CertificateChain): Contender {
  pkijs.setEngine('node', new pkijs.CryptoEngine({ name: 'node', crypto: globalThis.crypto }));
  const read = ({ der }: Certificate) => pkijs.Certificate.fromBER(der.slice().buffer);
  return {
    name: 'pkijs',
    run: async () => {
      const trustedCerts = [read(root)];
      const certs = [intermediate, leaf].map(read);
      const checkDate = new Date(NOW);
      const engine = new pkijs.CertificateChainValidationEngine({ trustedCerts, certs, checkDate });
      const { result, resultMessage } = await engine.verify();
      if (!result) throw new Error(resultMessage);
    },
  };
}

function byPeculiar({ leaf, intermediate, root }: CertificateChain): Contender {
  const read = ({ der }: Certificate) => new peculiar.X509Certificate(der.slice().buffer);
  const date = new Date(NOW);
  return {
    name: '@peculiar/x509',
    run: async () => {
      const anchor = read(root);
      const server = read(leaf);
      const builder = new peculiar.X509ChainBuilder({ certificates: [read(intermediate), anchor] });
      const path = await builder.build(server, globalThis.crypto);
      for (const [i, subject] of path.entries()) {
        const issuer = path[i + 1];
        if (issuer === undefined) continue;
        if (!(await subject.verify({ publicKey: issuer.publicKey, date }, globalThis.crypto))) {
          throw new Error('the chain does not hold');
        }
      }
      if (path.at(-1)?.equal(anchor) !== true) throw new Error('another root');
    },
  };
}
