import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { noble } from '../../nocrypto/index.ts';
import {
  type Certificate,
  decodeCertificate,
  describeCertificateError,
  encodePem,
  err,
  id,
  ok,
  type Result,
  referenceIdentity,
  trustAnchor,
  type ValidatedPath,
  type ValidationError,
  validatePath,
} from '../../x509/index.ts';
import { must } from '../support/must.ts';
import type { Question } from './question.ts';

/** What pure-tls says: the path, or why there is none. Anchors can be changed, for nobody verifies their signatures. */
export function askOurs(
  { chain: [first, ...rest], anchors, purpose, host, now }: Question,
  changed: (anchor: Certificate) => Certificate = (anchor) => anchor,
): Result<ValidatedPath, ValidationError> {
  const leaf = decodeCertificate(first);
  if (!leaf.ok) {
    const found = describeCertificateError(leaf.error);
    return err({ reason: 'malformed', certificate: undefined, expected: 'a certificate', found });
  }
  const decoded = (certificates: readonly ReturnType<typeof decodeCertificate>[]): readonly Certificate[] =>
    certificates.flatMap((certificate) => (certificate.ok ? [certificate.value] : []));
  return validatePath({
    crypto: noble,
    certificates: [leaf.value, ...decoded(rest.map(decodeCertificate))],
    anchors: decoded(anchors.map(decodeCertificate)).map(changed).map(trustAnchor),
    purpose,
    identity: host === undefined ? undefined : must(referenceIdentity(host)),
    now,
    // The others do not hold authorities to RFC 5280 §4, or to the Baseline Requirements.
    profile: 'lenient',
  });
}

/** What another implementation says: nothing against it, or why it refuses. */
export type Answer = Result<undefined, string>;

/** Asks `openssl verify`, with files in `folder`. */
export function askOpenssl(
  { chain: [leaf, ...others], anchors, purpose, host, now }: Question,
  folder: string,
): Answer {
  const pem = (certificates: readonly Uint8Array[]) =>
    certificates.map((der) => encodePem('CERTIFICATE', der)).join('');
  const path = (name: string) => join(folder, `${name}.pem`);
  writeFileSync(path('leaf'), pem([leaf]));
  // One that cannot be read would make openssl give up on the whole file.
  writeFileSync(path('untrusted'), pem(others.filter((der) => decodeCertificate(der).ok)));
  writeFileSync(path('trusted'), pem(anchors));
  const { status, stdout, stderr } = spawnSync(
    'openssl',
    [
      ...['verify', '-trusted', path('trusted'), '-partial_chain'],
      // Without a policy to accept, openssl accepts none.
      ...['-policy', id.ce.anyPolicy],
      ...['-attime', `${now / 1000}`, '-purpose', purpose === 'serverAuth' ? 'sslserver' : 'sslclient'],
      ...(others.length === 0 ? [] : ['-untrusted', path('untrusted')]),
      ...(host === undefined ? [] : ['-verify_hostname', host]),
      path('leaf'),
    ],
    { encoding: 'utf8' },
  );
  const [, reason] = /^error (.*)$/m.exec(`${stdout}${stderr}`) ?? [];
  return status === 0 ? ok(undefined) : err(reason ?? stderr.trim());
}

/** Asks Go's crypto/x509, by the program that {@link buildGo} made, all questions at once. */
export function askGo(questions: readonly Question[], program: string): readonly Answer[] {
  const lines = questions.map(({ chain, anchors, purpose, host = '', now }) => {
    const base64 = (certificates: readonly Uint8Array[]) =>
      certificates.map((der) => Buffer.from(der).toString('base64'));
    return JSON.stringify({ chain: base64(chain), anchors: base64(anchors), purpose, host, now });
  });
  const { stdout } = spawnSync(program, {
    input: `${lines.join('\n')}\n`,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => (line === 'accepted' ? ok(undefined) : err(line)));
}

/** Undefined where there is no OpenSSL 3. */
export function opensslVersion(): string | undefined {
  const { stdout } = spawnSync('openssl', ['version'], { encoding: 'utf8' });
  return /^OpenSSL ([3-9]|\d\d)\S*/.exec(stdout ?? '')?.[0];
}

/** Builds the program for {@link askGo} in a folder; undefined where there is no Go. `GO` names another than the usual ones. */
export function buildGo(folder: string): { readonly version: string; readonly program: string } | undefined {
  const sources = fileURLToPath(new URL('../../../interop/paths/go/', import.meta.url));
  const program = join(folder, 'verify');
  const env = { ...process.env, GOTOOLCHAIN: 'local', GOPROXY: 'off', GOWORK: 'off' };
  const candidates = process.env['GO'] === undefined ? ['go', '/usr/local/go/bin/go'] : [process.env['GO']];
  const build = ['-C', sources, 'build', '-buildvcs=false', '-o', program, '.'];
  const go = candidates.find((candidate) => spawnSync(candidate, build, { env }).status === 0);
  return go === undefined
    ? undefined
    : { version: spawnSync(go, ['version'], { encoding: 'utf8' }).stdout.trim(), program };
}
