import { err, type Result } from '../asn1/index.ts';
import { type CryptoProvider, type Secret, secret } from '../nocrypto/index.ts';
import { PASSWORD_MAXIMUM_ITERATIONS } from './limits.ts';

/** Why something that a password protects was not read. */
export interface PasswordError {
  /**
   * `wrong-password`: or the data was altered, which looks the same; `too-costly`: more iterations than are allowed;
   * `unsupported-encryption`: a scheme that nobody here speaks; `malformed`: not what the scheme's standard says.
   */
  readonly kind: 'wrong-password' | 'too-costly' | 'unsupported-encryption' | 'malformed';
  readonly detail: string;
}

/** A password in the two forms in which it enters key derivations. */
export interface Password {
  /** For PBES1, PBES2 and PBMAC1 (RFC 8018 §3, RFC 9879). */
  readonly utf8: Secret;
  /** For the schemes of PKCS #12: UTF-16, big-endian, with a final null (RFC 7292 appendix B.1). */
  readonly bmp: Secret;
}

/** What a reader works with. The budget, of iterations, only shrinks. */
export interface PasswordContext {
  readonly crypto: CryptoProvider;
  readonly password: Password;
  readonly budget: { iterations: number };
}

/** `maximumIterations` counts in place of PASSWORD_MAXIMUM_ITERATIONS where it is lower. */
export function passwordContext(
  crypto: CryptoProvider,
  password: string,
  maximumIterations: number = PASSWORD_MAXIMUM_ITERATIONS,
): PasswordContext {
  const iterations = Math.min(maximumIterations, PASSWORD_MAXIMUM_ITERATIONS);
  return { crypto, password: passwordForms(password), budget: { iterations } };
}

export function passwordForms(password: string): Password {
  const bmp = new Uint8Array(2 * password.length + 2);
  for (let i = 0; i < password.length; i++) {
    const unit = password.charCodeAt(i);
    bmp[2 * i] = unit >> 8;
    bmp[2 * i + 1] = unit & 0xff;
  }
  return { utf8: secret(new TextEncoder().encode(password)), bmp: secret(bmp) };
}

/** Takes iterations from the budget; an error if there are not so many left. */
export function spend(
  { budget }: PasswordContext,
  iterations: number,
): Result<never, PasswordError> | undefined {
  if (iterations > budget.iterations) {
    return tooCostly(`${iterations} iterations, where ${budget.iterations} are allowed`);
  }
  budget.iterations -= iterations;
  return undefined;
}

export function wrongPassword(): Result<never, PasswordError> {
  return err({ kind: 'wrong-password', detail: 'the password is wrong, or the data was altered' });
}

export function tooCostly(detail: string): Result<never, PasswordError> {
  return err({ kind: 'too-costly', detail });
}

export function unsupported(detail: string): Result<never, PasswordError> {
  return err({ kind: 'unsupported-encryption', detail });
}

export function malformed(detail: string): Result<never, PasswordError> {
  return err({ kind: 'malformed', detail });
}
