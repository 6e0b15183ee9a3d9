/** The house rules over a set of source files: a function from texts to violations. */
import { checkArrows, checkCycles } from './arrows.ts';
import { checkLanguage } from './language.ts';
import { checkModuleState } from './module-state.ts';
import { checkNeutrality, checkPurity } from './purity.ts';
import { type Zone, zoneOf } from './rooms.ts';
import { type ParsedFile, parseSource, type SourceFile, type Violation } from './source.ts';

export function checkHouse(files: readonly SourceFile[]): readonly Violation[] {
  const outcomes = files.map(parseSource);
  const parsed = outcomes.flatMap((outcome) => (outcome.kind === 'parsed' ? [outcome.file] : []));
  const refused = outcomes.flatMap((outcome) => (outcome.kind === 'refused' ? [outcome.violation] : []));
  return [...refused, ...parsed.flatMap(checkFile), ...checkCycles(parsed)];
}

function checkFile(file: ParsedFile): readonly Violation[] {
  const zone = zoneOf(file.path);
  return zone === undefined
    ? [{ path: file.path, line: 1, rule: 'arrow', what: 'a file outside the rooms' }]
    : [...checkArrows(file, zone), ...checkLanguage(file), ...checkWorld(file, zone)];
}

function checkWorld(file: ParsedFile, zone: Zone): readonly Violation[] {
  switch (zone.world) {
    case 'pure':
      return [...checkPurity(file), ...checkModuleState(file)];
    case 'neutral':
      return checkNeutrality(file);
    case 'node':
      return [];
  }
}
