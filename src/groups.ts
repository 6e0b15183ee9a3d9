import type { GroupName } from '../nocrypto/index.ts';
import { groupCodes, nameOf } from './codepoints.ts';

/** The NamedGroup code of a group (RFC 9846 §4.3.7). To add a group: its code there, its arithmetic in nocrypto. */
export function groupCode(name: GroupName): number {
  return groupCodes[name];
}

/** The group with this code, or undefined when it is none of ours. */
export function groupOfCode(code: number): GroupName | undefined {
  return nameOf(groupCodes, code);
}

/** Whether what is agreed on with a group stays secret if a quantum computer comes: an ML-KEM beside a curve. */
export function isHybrid(name: GroupName): boolean {
  return hybrids.includes(name);
}

const hybrids: readonly GroupName[] = ['X25519MLKEM768', 'SecP256r1MLKEM768', 'SecP384r1MLKEM1024'];
