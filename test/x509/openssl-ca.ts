import { encodePem, encodePrivateKey } from '../../x509/index.ts';
import { openssl, withFiles } from './openssl.ts';
import type { Entity } from './pki.ts';

/** A certificate in the index of an openssl CA. Times as `YYMMDDHHMMSSZ`. */
export interface IndexEntry {
  readonly serialNumber: bigint;
  readonly revoked?: { readonly at: string; readonly reason?: string };
}

/** Runs `use` with the files of an openssl CA: `config`, `index`, `certificate` and `key`. */
export function withOpensslCa<T>(
  { certificate, key }: Entity,
  index: readonly IndexEntry[],
  crlExtensions: readonly string[],
  use: (path: (name: string) => string) => T,
): T {
  const config = (path: (name: string) => string) => `
[ca]
default_ca = tested
[tested]
database = ${path('index')}
certificate = ${path('certificate')}
private_key = ${path('key')}
default_md = sha256
default_crl_days = 7
crl_extensions = crl_extensions
crlnumber = ${path('crlnumber')}
[crl_extensions]
authorityKeyIdentifier = keyid
${crlExtensions.join('\n')}
[unused]
`;
  const files = {
    index: index.map(indexLine).join(''),
    certificate: encodePem('CERTIFICATE', certificate.der),
    key: encodePem('PRIVATE KEY', encodePrivateKey(key)),
    crlnumber: '1000\n',
  };
  return withFiles(files, (path) =>
    withFiles({ config: config(path) }, (inner) =>
      use((name) => (name === 'config' ? inner(name) : path(name))),
    ),
  );
}

/** The PEM of a CRL that openssl makes. Times as `YYYYMMDDHHMMSSZ`. */
export function opensslCrl(
  issuer: Entity,
  index: readonly IndexEntry[],
  thisUpdate: string,
  nextUpdate: string,
  crlExtensions: readonly string[] = [],
): string {
  return withOpensslCa(issuer, index, crlExtensions, (path) =>
    openssl([
      'ca',
      '-gencrl',
      '-config',
      path('config'),
      '-crl_lastupdate',
      thisUpdate,
      '-crl_nextupdate',
      nextUpdate,
    ]).toString(),
  );
}

function indexLine({ serialNumber, revoked }: IndexEntry): string {
  const digits = serialNumber.toString(16).toUpperCase();
  const serial = digits.length % 2 === 0 ? digits : `0${digits}`;
  const reason = revoked?.reason === undefined ? '' : `,${revoked.reason}`;
  const state = revoked === undefined ? 'V' : 'R';
  const revocation = revoked === undefined ? '' : `${revoked.at}${reason}`;
  return `${state}\t991231235959Z\t${revocation}\t${serial}\tunknown\t/CN=somebody\n`;
}
