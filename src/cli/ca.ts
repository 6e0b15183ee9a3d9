import { makeCertificate } from './ca-certificate.ts';
import { makeCrl, makeOcspResponse } from './ca-revocation.ts';
import { type Command, usageError } from './command.ts';
import { KEY_KIND_NAMES } from './issue.ts';

export const caCommand: Command = {
  summary: 'make certificates, CRLs and OCSP responses for development and tests',
  help: `usage: pure-tls ca root         --out NAME --name TEXT [OPTIONS]
       pure-tls ca intermediate --out NAME --name TEXT --issuer NAME [OPTIONS]
       pure-tls ca server       --out NAME --host HOST --issuer NAME [OPTIONS]
       pure-tls ca client       --out NAME --name TEXT --issuer NAME [OPTIONS]
       pure-tls ca responder    --out NAME --issuer NAME [OPTIONS]
       pure-tls ca crl          --out FILE --issuer NAME [--revoke FILE]... [OPTIONS]
       pure-tls ca ocsp         --out FILE --issuer NAME --certificate FILE... [OPTIONS]

The first five make a key, NAME.key, which only its owner may read, and a certificate, NAME.pem,
which the certificates of its intermediates follow. --issuer takes the NAME that another was made
with. No file is replaced without --force.

  --name TEXT         the common name; a server has its first host's
  --host HOST         a DNS name or an IP address of a server; may be repeated
  --email ADDRESS     of a client; may be repeated
  --key KIND          ${KEY_KIND_NAMES.slice(0, 5).join(', ')},
                      ${KEY_KIND_NAMES.slice(5).join(', ')}; default p256
  --from TIME         when it begins, as 2026-01-31T12:00:00Z or 2026-01-31; default: five minutes
                      ago
  --days N            how long it lasts; default: a root 3650, an intermediate 1825, others 90,
                      a CRL or an OCSP response 7
  --path-length N     how many intermediates an authority allows below itself; default any number
  --permit DOMAIN     an authority for the names of this domain only; may be repeated
  --policy OID        a certificate policy; may be repeated
  --crl-url URL       where its CRL is to be found
  --ocsp-url URL      where its OCSP responder is to be found
  --must-staple       a server that promises to staple OCSP responses (RFC 7633)
  --force             replace files that exist

for a CRL:
  --revoke FILE       a certificate to put on the list; may be repeated
  --reason REASON     why, as RFC 5280 calls it: keyCompromise, superseded, ...
  --previous FILE     an earlier CRL, whose entries stay and whose number is counted on

for an OCSP response:
  --certificate FILE  a certificate that it is about; may be repeated
  --status STATUS     good, revoked or unknown; default good
  --reason REASON     why it is revoked
  --responder NAME    who signs, made with 'ca responder'; default: the issuer itself
  --request FILE      an OCSP request, whose nonce is repeated

exit codes: 0 done; 1 a file is no good, or exists; 2 the command line makes no sense`,
  run,
};

async function run([what, ...args]: readonly string[]): Promise<number> {
  switch (what) {
    case 'root':
    case 'intermediate':
    case 'server':
    case 'client':
    case 'responder':
      return makeCertificate(what, args);
    case 'crl':
      return makeCrl(args);
    case 'ocsp':
      return makeOcspResponse(args);
    default:
      throw usageError(
        `root, intermediate, server, client, responder, crl or ocsp is wanted, not '${what ?? ''}'`,
      );
  }
}
