import { constants, type KeyLike, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { noble } from '../../nocrypto/index.ts';
import type { WrapOptions } from '../../src/flow/index.ts';
import { type Credential, credential, type SignatureSchemeName } from '../../src/index.ts';
import type { Identity } from './identities.ts';
import { must } from './must.ts';

/** The identity's chain, its key elsewhere. */
export function externalCredential({ chain }: Identity, label: string): Credential {
  const ders = chain.map(({ der }) => der);
  return must(credential(noble, ders, { kind: 'external', label }));
}

/** Answers requests for a signature with the identity's key, which node:crypto holds. */
export function signWith({ keyFile }: Identity): NonNullable<WrapOptions['answer']> {
  return async (request) => {
    if (request.kind !== 'signature') return { kind: 'refusal', reason: `asked for a ${request.kind}` };
    const signature = signOutside(request.scheme, await readFile(keyFile), request.message);
    return { kind: 'signature', signature };
  };
}

function signOutside(scheme: SignatureSchemeName, key: KeyLike, message: Uint8Array): Uint8Array {
  if (scheme === 'ed25519') return sign(null, message, key);
  const [, hash = ''] = /(sha\d+)$/.exec(scheme) ?? [];
  if (!scheme.startsWith('rsa_pss_')) return sign(hash, message, key);
  const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants;
  return sign(hash, message, { key: key.toString(), padding, saltLength });
}
