/** Trains on all folds but one and scores the one left out, for labelled rows and outcome rows together; and fits the blend on those scores. */
import { logistic, scoreFeatures, type LearnedScore, type LearnedWeights } from '../../worker/core/classify/learned.ts';
import type { Blend } from '../../worker/core/classify/learned/weights.ts';
import { assemble, baseBlend } from './blend.ts';
import { labelledFolds, softExamples, type LabelledExample, type OutcomeCase } from './examples.ts';
import type { OutcomeModel } from './fit-outcomes.ts';
import { fitTier, type HeadsModel, type TierExample } from './fit-tier.ts';
import { chooseSettings, trainOutcomes } from './nested.ts';
import { foldCount } from './outcomes.ts';

export interface Corpus {
  readonly labelled: readonly LabelledExample[];
  readonly generated: readonly TierExample[];
  readonly outcomes: readonly OutcomeCase[];
}

export interface Kept {
  readonly labelled: (row: LabelledExample) => boolean;
  readonly outcomes: (row: OutcomeCase) => boolean;
}

/** Trains the tier and intent heads on what `kept` lets through. */
export function trainTier(corpus: Corpus, kept: Kept, seed: number): HeadsModel {
  const labelled = corpus.labelled.filter(kept.labelled).flatMap((row) => [row.example, ...row.variants]);
  return fitTier([...corpus.generated, ...labelled, ...softExamples(corpus.outcomes.filter(kept.outcomes))], seed);
}

export interface HeldOut {
  readonly labelled: ReadonlyMap<LabelledExample, LearnedScore>;
  /** Mode `learned`: without the heuristic's hints. */
  readonly unaided: ReadonlyMap<LabelledExample, LearnedScore>;
  readonly outcomes: ReadonlyMap<OutcomeCase, LearnedScore>;
  /** Weights that have not seen a row, by the row's fold. */
  readonly weights: readonly LearnedWeights[];
  readonly blend: Blend;
}

/**
 * Scores of every row by models that have not seen it, trained by settings that were chosen without it; `report` is told of each fold.
 */
export function crossValidate(corpus: Corpus, seed: number, report: (line: string) => void): HeldOut {
  const outcomeModels = Array.from({ length: foldCount }, (_, fold) => {
    const rest = corpus.outcomes.filter(({ row }) => row.fold !== fold);
    return trainOutcomes(rest, seed, chooseSettings(rest, seed, report));
  });
  const models: { tier: HeadsModel; outcome: OutcomeModel }[] = [];
  for (let fold = 0; fold < labelledFolds; fold += 1) {
    const kept: Kept = { labelled: (row) => row.fold !== fold, outcomes: (row) => row.row.fold !== fold % foldCount };
    const outcome = outcomeModels[fold % foldCount];
    if (outcome !== undefined) models.push({ tier: trainTier(corpus, kept, seed + fold), outcome });
    report(`fold ${fold + 1} of ${labelledFolds}`);
  }
  const first = models.map((model) => assemble(model.tier, model.outcome, baseBlend));
  const blend = fitBlend(corpus.labelled, first);
  const weights = models.map((model) => assemble(model.tier, model.outcome, blend));
  const labelled = new Map<LabelledExample, LearnedScore>();
  const unaided = new Map<LabelledExample, LearnedScore>();
  for (const row of corpus.labelled) {
    const seen = weights[row.fold];
    if (seen === undefined) continue;
    labelled.set(row, scoreFeatures(row.example.features, seen));
    unaided.set(row, scoreFeatures(row.unaided, seen));
  }
  const outcomes = new Map<OutcomeCase, LearnedScore>();
  for (const row of corpus.outcomes) {
    const seen = weights[row.row.fold];
    if (seen !== undefined) outcomes.set(row, scoreFeatures(row.example.features, seen));
  }
  return { labelled, unaided, outcomes, weights, blend };
}

/**
 * Share of everyday requests that deserve the large model; among the labelled rows it is about half, as hard ones were sought out. Chosen so
 * that at most 35 % of the public first turns go large: that share is fitted to them, and no estimate of other traffic.
 */
const largeInTraffic = 0.24;

/** Offset and temperatures from held-out scores: a logistic curve of two parameters for the tier, one temperature for the intent. */
function fitBlend(rows: readonly LabelledExample[], weights: readonly LearnedWeights[]): Blend {
  const scored = rows.flatMap((row) => {
    const seen = weights[row.fold];
    return seen === undefined ? [] : [{ row, score: scoreFeatures(row.example.features, seen) }];
  });
  const pairs = scored.flatMap(({ row, score }) =>
    row.example.large === null ? [] : [{ logit: score.tierLogit, large: row.example.large }],
  );
  const labelledLarge = pairs.filter(({ large }) => large === 1).length / pairs.length;
  const weightOf = (large: number): number =>
    large === 1 ? largeInTraffic / labelledLarge : (1 - largeInTraffic) / (1 - labelledLarge);
  let slope = 1;
  let intercept = 0;
  for (let round = 0; round < 2000; round += 1) {
    let slopeGradient = 0;
    let interceptGradient = 0;
    for (const { logit, large } of pairs) {
      const error = weightOf(large) * (logistic(slope * logit + intercept) - large);
      slopeGradient += error * logit;
      interceptGradient += error;
    }
    slope -= (0.5 * slopeGradient) / pairs.length;
    intercept -= (0.5 * interceptGradient) / pairs.length;
  }
  return {
    ...baseBlend,
    offset: round(intercept / slope),
    tierTemperature: round(slope),
    intentTemperature: fitIntentTemperature(scored),
  };
}

function fitIntentTemperature(scored: readonly { row: LabelledExample; score: LearnedScore }[]): number {
  let best = { temperature: 1, loss: Number.POSITIVE_INFINITY };
  for (let temperature = 0.4; temperature <= 2.5; temperature += 0.05) {
    let loss = 0;
    for (const { row, score } of scored) {
      const code = (score.code / score.general) ** temperature;
      const reasoning = (score.reasoning / score.general) ** temperature;
      const right = row.row.intent === 'code' ? code : row.row.intent === 'reasoning' ? reasoning : 1;
      loss -= Math.log(right / (1 + code + reasoning));
    }
    if (loss < best.loss) best = { temperature, loss };
  }
  return round(best.temperature);
}

function round(value: number): number {
  return Number(value.toFixed(3));
}
