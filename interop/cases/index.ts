import type { Case } from '../support/case.ts';
import { matrixCases } from './matrix.ts';

/** Everything that is to be seen, in the order in which it is tried. */
export function allCases(): readonly Case[] {
  return [...matrixCases()];
}
