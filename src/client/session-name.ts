import { formatIdentity } from '../../x509/index.ts';
import type { ClientConfig } from '../config.ts';

/** The name a session is kept for, of whatever kind; empty when there is none. */
export function sessionName({ identity }: ClientConfig): string {
  return identity === undefined ? '' : formatIdentity(identity);
}
