import { describeValidationError, type ValidatedPath } from '../../x509/index.ts';
import { type Answer, askOurs } from './implementations.ts';
import type { Question } from './question.ts';
import { type Implementation, RULES } from './rules.ts';

export type Comparison =
  | { readonly kind: 'agree'; readonly accepted: boolean }
  /** By a rule that is known. */
  | { readonly kind: 'differ'; readonly rule: string }
  | { readonly kind: 'unexplained'; readonly ours: string; readonly theirs: string };

/** Holds the answer of pure-tls against another one. */
export function compare(
  question: Question,
  theirs: Answer,
  of: Implementation,
  ask: (question: Question) => Answer,
): Comparison {
  const ours = askOurs(question);
  if (ours.ok === theirs.ok) {
    return { kind: 'agree', accepted: ours.ok };
  }
  const alongPath = ours.ok ? ask(reduced(question, ours.value)) : theirs;
  const disagreement = { question, ours, theirs, alongPath };
  const rule = RULES.find((candidate) => candidate.of === of && candidate.explains(disagreement));
  return rule === undefined
    ? {
        kind: 'unexplained',
        ours: ours.ok ? 'accepted' : describeValidationError(ours.error),
        theirs: theirs.ok ? 'accepted' : theirs.error,
      }
    : { kind: 'differ', rule: rule.name };
}

/** The question with nothing in it but the path that was found. */
function reduced(question: Question, { leaf, path, anchor }: ValidatedPath): Question {
  const others = path.slice(1).map(({ der }) => der);
  return { ...question, chain: [leaf.der, ...others], anchors: [anchor.certificate.der] };
}
