/** What became known of a request: how good the small and the large model's answers were, and from what that is known. */
import type { LearnFeatures } from '../classify/adaptive/features.ts';

/** `pair`: both models answered. `small`, `large`: one answer was rated. */
export type OutcomeKind = 'pair' | 'small' | 'large';

export interface Outcome {
  readonly features: LearnFeatures;
  /** Grades from 0 to 1; null for a model whose answer nobody has graded. */
  readonly small: number | null;
  readonly large: number | null;
}

export function kindOf({ small, large }: Pick<Outcome, 'small' | 'large'>): OutcomeKind | null {
  if (small !== null && large !== null) return 'pair';
  if (small !== null) return 'small';
  return large === null ? null : 'large';
}

export interface Target {
  readonly outcome: Outcome;
  /** By how much the large model is better, as far as the outcome tells. */
  readonly gain: number;
  readonly isPair: boolean;
}

/**
 * One rated answer says nothing of the other model's. A good answer of the small model still speaks against the large one, as a bad one does
 * for it: such a rating counts by how far it is from the mean of its side, and the level comes from the pairs.
 */
export function targetsOf(outcomes: readonly Outcome[]): Target[] {
  const pairs = outcomes.filter((one) => kindOf(one) === 'pair');
  const level = meanOf(pairs.map(gainOf));
  const mean = {
    small: meanOf(outcomes.filter((one) => kindOf(one) === 'small').map(({ small }) => small ?? 0)),
    large: meanOf(outcomes.filter((one) => kindOf(one) === 'large').map(({ large }) => large ?? 0)),
  };
  return outcomes.flatMap((outcome): Target[] => {
    const kind = kindOf(outcome);
    if (kind === null) return [];
    if (kind === 'pair') return [{ outcome, gain: gainOf(outcome), isPair: true }];
    const gain = kind === 'small' ? mean.small - (outcome.small ?? 0) : (outcome.large ?? 0) - mean.large;
    return [{ outcome, gain: level + gain, isPair: false }];
  });
}

function gainOf({ small, large }: Outcome): number {
  return (large ?? 0) - (small ?? 0);
}

function meanOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
