/**
 * Chooses how the outcome heads are trained, on inner folds only: what a setting wins by chance on the rows it was chosen on is not in the
 * figures of the rows outside.
 */
import { scoreFeatures } from '../../worker/core/classify/learned.ts';
import { assemble, baseBlend } from './blend.ts';
import type { OutcomeCase } from './examples.ts';
import { averageOf, bases, fitBases, fitOutcomes, type Base, type OutcomeModel, type OutcomeSettings } from './fit-outcomes.ts';
import type { HeadsModel } from './fit-tier.ts';
import { gapWeightedApgr, type ScoredSlice } from './metrics.ts';
import { isOfPair, isOlder } from './outcomes.ts';

const averages: readonly (readonly Base[])[] = [
  ['all'],
  ['older and own pair'],
  ['own pair'],
  ['all', 'older and own pair'],
  ['all', 'own pair'],
  bases,
];

const waysOfFitting: readonly Pick<OutcomeSettings, 'words' | 'othersShare'>[] = [true, false].flatMap((words) =>
  [0.5, 0].map((othersShare) => ({ words, othersShare })),
);
/** Orders of the rows that a choice is averaged over: one alone leaves much of it to chance. */
const runsToChoose = 2;

export function nameOf({ averaged, words, othersShare }: OutcomeSettings): string {
  return `${averaged.join(' + ')}; ${words ? 'words and counts' : 'counts only'}; other models ${othersShare}`;
}

function trainedOn(cases: readonly OutcomeCase[]) {
  return cases.filter(({ row }) => row.isTrained).map(({ example }) => example);
}

export function trainOutcomes(cases: readonly OutcomeCase[], seed: number, settings: OutcomeSettings): OutcomeModel {
  return fitOutcomes(trainedOn(cases), seed, settings);
}

/** Expected gain of the large model on rows, by a model. */
export function gainsOf(cases: readonly OutcomeCase[], model: OutcomeModel): Map<OutcomeCase, number> {
  const weights = assemble(noTier(cases), model, baseBlend);
  return new Map(
    cases.map((one) => {
      const { largeRight, smallRight } = scoreFeatures(one.example.features, weights);
      return [one, largeRight - smallRight];
    }),
  );
}

/** The tier heads play no part in the gain. */
function noTier(cases: readonly OutcomeCase[]): HeadsModel {
  const width = cases[0]?.example.features.tier.length ?? 0;
  const zeros = (): Float64Array => new Float64Array(width);
  const heads = [zeros(), zeros(), zeros()];
  return {
    tables: heads.map(() => new Float64Array(2)),
    dense: { mean: zeros(), inverseDeviation: zeros(), heads, bias: [0, 0, 0] },
  };
}

/** KOR's five kinds of rules are one slice among those of the default pair, as one deployment would see them. */
export function pairSliceOf({ source }: OutcomeCase['row']): string | null {
  return isOfPair(source) ? source.replace(/^kor\/.*/, 'kor') : null;
}

/**
 * One slice for each id. Scores of different models are not comparable, so a score counts by its rank within the slice's part of one fold:
 * the figure is that of the mean of the folds' curves.
 */
export function slicesOf(
  cases: readonly OutcomeCase[],
  scoreOf: (one: OutcomeCase) => number,
  idOf: (row: OutcomeCase['row']) => string | null = ({ source }) => source,
): Map<string, ScoredSlice> {
  const slices = new Map<string, ScoredSlice>();
  for (const [id, rows] of Map.groupBy(cases, ({ row }) => idOf(row))) {
    if (id === null) continue;
    const ranks = new Map<OutcomeCase, number>();
    for (const some of Map.groupBy(rows, ({ row }) => row.fold).values()) {
      const scores = some.map(scoreOf).toSorted((a, b) => a - b);
      for (const one of some) ranks.set(one, lowerBound(scores, scoreOf(one)) / some.length);
    }
    slices.set(id, {
      small: rows.map(({ row }) => row.small),
      large: rows.map(({ row }) => row.large),
      score: rows.map((one) => ranks.get(one) ?? 0),
    });
  }
  return slices;
}

function lowerBound(sorted: readonly number[], value: number): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((sorted[middle] ?? 0) < value) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Three figures count alike: the pair that the default profile serves, every source, and the five older sources. */
function worthOf(cases: readonly OutcomeCase[], gains: ReadonlyMap<OutcomeCase, number>): number {
  const worths = [
    pairSliceOf,
    ({ source }: OutcomeCase['row']) => source,
    ({ source }: OutcomeCase['row']) => (isOlder(source) ? source : null),
  ].map((idOf) => gapWeightedApgr([...slicesOf(cases, (one) => gains.get(one) ?? 0, idOf).values()]));
  return worths.reduce((sum, worth) => sum + worth, 0) / worths.length;
}

/** The setting that does best on inner folds of `cases`; a setting sees nothing outside of them. */
export function chooseSettings(
  cases: readonly OutcomeCase[],
  seed: number,
  report: (line: string) => void = () => undefined,
): OutcomeSettings {
  const inner = cases.filter(({ row }) => row.isTrained);
  const gains = new Map<string, { settings: OutcomeSettings; gains: Map<OutcomeCase, number> }>();
  for (const fold of new Set(cases.map(({ row }) => row.fold))) {
    const rest = trainedOn(inner.filter(({ row }) => row.fold !== fold));
    const outside = inner.filter(({ row }) => row.fold === fold);
    for (const way of waysOfFitting) {
      const runs = Array.from({ length: runsToChoose }, (_, run) => fitBases(rest, seed + run, bases, way));
      for (const averaged of averages) {
        const settings = { averaged, ...way };
        const known = gains.get(nameOf(settings)) ?? { settings, gains: new Map<OutcomeCase, number>() };
        const isMeant = (_: unknown, at: number): boolean => averaged.some((base) => base === bases[at]);
        const model = averageOf(runs.flatMap((models) => models.filter(isMeant)));
        for (const [one, gain] of gainsOf(outside, model)) known.gains.set(one, gain);
        gains.set(nameOf(settings), known);
      }
    }
  }
  const tried = [...gains.values()].map((one) => ({ ...one, worth: worthOf(inner, one.gains) }));
  const [best] = tried.toSorted((a, b) => b.worth - a.worth);
  if (best === undefined) throw new Error('there are settings to choose from');
  report(`chosen inside: ${nameOf(best.settings)} (${best.worth.toFixed(3)})`);
  return best.settings;
}
