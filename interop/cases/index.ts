import type { Case } from '../support/case.ts';
import { matrixCases } from './matrix.ts';
import { negotiationCases } from './negotiation.ts';
import { refusalCases } from './refusals.ts';

/** Everything that is to be seen, in the order in which it is tried. */
export function allCases(): readonly Case[] {
  return [...matrixCases(), ...negotiationCases(), ...refusalCases()];
}
