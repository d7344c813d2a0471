/** Reads verdicts off held-out scores: tier and intent per row, figures per set and category, and outcome slices for the curve metrics. */
import type { Intent } from '../../shared/config.ts';
import { learnedIntent } from '../../worker/core/classify/classify.ts';
import type { LearnedScore } from '../../worker/core/classify/learned.ts';
import { buildView } from '../../worker/core/classify/view.ts';
import { readIntent } from '../../worker/core/classify/intent.ts';
import type { LabelledExample } from './examples.ts';
import { macroF1, shareOf, bootstrap, type Interval } from './metrics.ts';
import type { RouterConfig } from './router-config.ts';

/** What a router says of one row. */
export interface Said {
  readonly isLarge: boolean;
  readonly intent: Intent;
  /** In the intent. */
  readonly confidence: number;
}

export type Router = (row: LabelledExample) => Said;

/** What the Worker makes of held-out scores: its own rules for tier and intent, at the threshold that the weights were trained for. */
export function learnedRouter(scores: ReadonlyMap<LabelledExample, LearnedScore>, config: RouterConfig): Router {
  return (row) => {
    const score = scores.get(row);
    if (score === undefined) throw new Error(`${row.row.id} has no score`);
    return {
      isLarge: score.logit >= 0,
      ...learnedIntent(score, readIntent(buildView(row.row.request), config.intent), config.intent),
    };
  };
}

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
