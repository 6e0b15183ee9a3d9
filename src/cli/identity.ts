import type { IdentityError, ReferenceIdentity, Result } from '../../x509/index.ts';
import { usageError } from './command.ts';

/** What an option says whom a certificate is for. */
export function identityOption(
  read: Result<ReferenceIdentity, IdentityError>,
  option: string,
): ReferenceIdentity {
  if (read.ok) return read.value;
  throw usageError(`${option} must be ${read.error.expected}, not ${read.error.found}`);
}
