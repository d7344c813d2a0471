/** Reads verdicts off held-out scores: tier and intent per row, figures per set and category, and outcome slices for the curve metrics. */
import type { Intent } from '../../shared/config.ts';
import type { LearnedScore } from '../../worker/core/classify/learned.ts';
import type { LabelledExample, OutcomeCase } from './examples.ts';
import { macroF1, shareOf, bootstrap, type Interval, type ScoredSlice } from './metrics.ts';
import { sliceIds } from './outcomes.ts';

/** What a router says of one row. */
export interface Said {
  readonly isLarge: boolean;
  readonly intent: Intent;
}

export function intentOf(score: LearnedScore): Intent {
  if (score.general >= score.code && score.general >= score.reasoning) return 'general';
  return score.code >= score.reasoning ? 'code' : 'reasoning';
}

export type Router = (row: LabelledExample) => Said;

function textRows(rows: readonly LabelledExample[]): LabelledExample[] {
  return rows.filter((row) => row.row.tier !== 'vision');
}

export function tierF1(rows: readonly LabelledExample[], router: Router): Interval {
  const verdicts = textRows(rows).map((row) => ({ isLarge: row.row.tier === 'large', saidLarge: router(row).isLarge }));
  return bootstrap([verdicts.length], (samples) => macroF1(verdicts, samples?.[0]));
}

export function intentAccuracy(rows: readonly LabelledExample[], router: Router): Interval {
  return shareOf(rows.filter((row) => router(row).intent === row.row.intent).length, rows.length);
}

export function tierAccuracy(rows: readonly LabelledExample[], router: Router): Interval & { readonly rows: number } {
  const texts = textRows(rows);
  return {
    ...shareOf(texts.filter((row) => router(row).isLarge === (row.row.tier === 'large')).length, texts.length),
    rows: texts.length,
  };
}

/** One scored slice per source of outcomes, in the order of `sliceIds`. */
export function slicesBy(cases: readonly OutcomeCase[], scoreOf: (row: OutcomeCase) => number): ScoredSlice[] {
  return sliceIds.map((slice) => {
    const rows = cases.filter((row) => row.row.slice === slice);
    return { small: rows.map((row) => row.row.small), large: rows.map((row) => row.row.large), score: rows.map(scoreOf) };
  });
}
