import { err, ok, type Result } from '../../x509/index.ts';
import { protocolVersions, signalingSuites, type VersionName, versionCodes } from '../codepoints.ts';
import type { ServerConfig } from '../config.ts';
import { findExtension } from '../extensions.ts';
import { type Failure, incompatible } from '../failure.ts';
import type { ClientHello } from '../messages.ts';

const newestFirst: readonly VersionName[] = ['1.3', '1.2'];

/**
 * The highest version that both sides speak (RFC 9846 §4.3.1). A client that says it has come down from a higher one which
 * this server speaks is refused: somebody has made it do so (RFC 7507 §3).
 */
export function chooseVersion(config: ServerConfig, hello: ClientHello): Result<VersionName, Failure> {
  const offered = offeredVersions(hello);
  const version = newestFirst.find(
    (name) => config.versions.includes(name) && offered.includes(versionCodes[name]),
  );
  if (version === undefined) {
    const wanted = config.versions.map((name) => `TLS ${name}`).join(' or ');
    return err(incompatible('no-common-version', `the client does not speak ${wanted}`));
  }
  const highest = newestFirst.find((name) => config.versions.includes(name));
  return hello.cipherSuites.includes(signalingSuites.TLS_FALLBACK_SCSV) && version !== highest
    ? err(incompatible('inappropriate-fallback', `the client has come down to TLS ${version} by itself`))
    : ok(version);
}

/** Without supported_versions a client speaks what legacy_version says, and all before. */
function offeredVersions(hello: ClientHello): readonly number[] {
  const versions = findExtension(hello.extensions, 'supportedVersions');
  if (versions !== undefined) return versions;
  return hello.legacyVersion >= protocolVersions.tls12 ? [protocolVersions.tls12] : [];
}
