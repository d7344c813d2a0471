/** Figures on the public outcomes: our router on questions and on sources that it has not seen, against the routers anyone can have. */
import { scoreHeuristic } from '../../worker/core/classify/heuristic.ts';
import { scoreFeatures } from '../../worker/core/classify/learned.ts';
import { buildView } from '../../worker/core/classify/view.ts';
import { assemble } from './blend.ts';
import { trainTier, type Corpus, type HeldOut } from './cross-validate.ts';
import type { OutcomeCase } from './examples.ts';
import { bootstrap, callsToRecover, gapWeightedApgr, type Interval, type ScoredSlice } from './metrics.ts';
import { table, withInterval } from './markdown.ts';
import { chooseSettings, gainsOf, nameOf, pairSliceOf, slicesOf, trainOutcomes } from './nested.ts';
import { foldCount, isOlder, requestOf } from './outcomes.ts';
import { fnvOf } from '../../worker/core/text/fnv.ts';
import type { OutcomeSettings } from './fit-outcomes.ts';
import type { RouterConfig } from './router-config.ts';
import { seedConfig } from './seed-config.ts';

type Row = OutcomeCase['row'];

/** Slices that are read together; each slice counts once, weighed by its gap. */
const sets: readonly { readonly name: string; readonly idOf: (row: Row) => string | null }[] = [
  { name: 'Qwen2.5 7B/32B', idOf: pairSliceOf },
  { name: 'the same, each kind of KOR', idOf: (row) => (pairSliceOf(row) === null ? null : row.source) },
  { name: 'all sources', idOf: ({ source }) => source },
  { name: 'five older sources', idOf: ({ source }) => (isOlder(source) ? source : null) },
];

interface Contender {
  readonly name: string;
  readonly scoreOf: (one: OutcomeCase) => number;
  /** Scores from here on go to the large model; null where there is no fixed operating point. */
  readonly threshold: number | null;
}

const names = {
  ours: '**hybrid, nested**',
  gain: 'expected gain alone, nested',
  outOurs: 'hybrid, each source left out',
  outGain: 'expected gain alone, each source left out',
  length: 'prompt length',
} as const;

/** Share sent to large at the threshold and the part of the gap recovered there; slices count equally. */
function operatingPoint(cases: readonly OutcomeCase[], { scoreOf, threshold }: Contender): readonly [number, number] | null {
  if (threshold === null) return null;
  let sent = 0;
  let recovered = 0;
  let gaps = 0;
  const slices = [...Map.groupBy(cases, ({ row }) => row.source).values()];
  for (const rows of slices) {
    for (const one of rows) {
      const gain = (one.row.large - one.row.small) / rows.length;
      gaps += gain;
      if (scoreOf(one) < threshold) continue;
      sent += 1 / rows.length / slices.length;
      recovered += gain;
    }
  }
  return [sent, recovered / gaps];
}

/** Scores of each group of sources by models that saw no question of it, trained by settings that were chosen without it. */
function leaveGroupsOut(
  corpus: Corpus,
  heldOut: HeldOut,
  seed: number,
  report: (line: string) => void,
): Map<OutcomeCase, { logit: number; gain: number }> {
  const scores = new Map<OutcomeCase, { logit: number; gain: number }>();
  for (const [group, left] of Map.groupBy(corpus.outcomes, ({ row }) => row.group)) {
    const rest = corpus.outcomes.filter(({ row }) => row.group !== group);
    report(`without ${group}`);
    const outcome = trainOutcomes(rest, seed, chooseSettings(rest, seed, report));
    const kept = { labelled: () => true, outcomes: ({ row }: OutcomeCase) => row.group !== group };
    const weights = assemble(trainTier(corpus, kept, seed), outcome, heldOut.blend);
    for (const one of left) {
      const { logit, largeRight, smallRight } = scoreFeatures(one.example.features, weights);
      scores.set(one, { logit, gain: largeRight - smallRight });
    }
  }
  return scores;
}

export function evaluateOutcomes(
  corpus: Corpus,
  heldOut: HeldOut,
  config: RouterConfig,
  seed: number,
  report: (line: string) => void,
): { markdown: string; summary: string } {
  const cases = corpus.outcomes;
  const heuristicOf = (settings: RouterConfig) => {
    const scores = new Map(cases.map((one) => [one, scoreHeuristic(buildView(requestOf(one.row)), settings.classifier).score]));
    return (one: OutcomeCase): number => scores.get(one) ?? 0;
  };
  const out = leaveGroupsOut(corpus, heldOut, seed, report);
  const gain = (one: OutcomeCase): number => {
    const score = heldOut.outcomes.get(one);
    return score === undefined ? 0 : score.largeRight - score.smallRight;
  };
  const contenders: readonly Contender[] = [
    { name: names.ours, scoreOf: (one) => heldOut.outcomes.get(one)?.logit ?? 0, threshold: 0 },
    { name: names.gain, scoreOf: gain, threshold: null },
    { name: names.outOurs, scoreOf: (one) => out.get(one)?.logit ?? 0, threshold: 0 },
    { name: names.outGain, scoreOf: (one) => out.get(one)?.gain ?? 0, threshold: null },
    { name: names.length, scoreOf: ({ row }) => row.prompt.length, threshold: null },
    { name: 'heuristic', scoreOf: heuristicOf(config), threshold: config.classifier.threshold },
    { name: 'original curves', scoreOf: heuristicOf(seedConfig), threshold: seedConfig.classifier.threshold },
    { name: 'random', scoreOf: ({ row }) => fnvOf(`random ${row.id}`), threshold: null },
    { name: 'oracle', scoreOf: ({ row }) => row.large - row.small, threshold: null },
  ];
  const bySet = sets.map(({ idOf }) =>
    contenders.map(({ scoreOf }): readonly ScoredSlice[] => [...slicesOf(cases, scoreOf, idOf).values()]),
  );
  const main = figuresTable(cases, contenders, bySet);
  const leads = leadsTable(contenders, bySet);
  return { markdown: `${main}\n\n${leads}\n\n${sourceTable(cases, contenders)}`, summary: `${main}\n\n${leads}` };
}

/**
 * The same of the outcome heads alone, which is a matter of minutes: nested by fold; each source left out by one way of training, the one
 * that the weights of everything are trained by.
 *
 * @param known ways of training that were chosen before, by fold; chosen here without them
 */
export function evaluateGains(
  cases: readonly OutcomeCase[],
  config: RouterConfig,
  seed: number,
  report: (line: string) => void,
  known: readonly OutcomeSettings[] = [],
): string {
  const nested = new Map<OutcomeCase, number>();
  for (let fold = 0; fold < foldCount; fold += 1) {
    const rest = cases.filter(({ row }) => row.fold !== fold);
    const model = trainOutcomes(rest, seed, known[fold] ?? chooseSettings(rest, seed, report));
    for (const [one, gain] of gainsOf(
      cases.filter(({ row }) => row.fold === fold),
      model,
    ))
      nested.set(one, gain);
  }
  const settings = known[foldCount] ?? chooseSettings(cases, seed, report);
  const out = new Map<OutcomeCase, number>();
  for (const [group, left] of Map.groupBy(cases, ({ row }) => row.group)) {
    report(`without ${group}`);
    const rest = cases.filter(({ row }) => row.group !== group);
    for (const [one, gain] of gainsOf(left, trainOutcomes(rest, seed, settings))) out.set(one, gain);
  }
  const heuristic = new Map(cases.map((one) => [one, scoreHeuristic(buildView(requestOf(one.row)), config.classifier).score]));
  const contenders: readonly Contender[] = [
    { name: names.gain, scoreOf: (one) => nested.get(one) ?? 0, threshold: null },
    { name: names.outGain, scoreOf: (one) => out.get(one) ?? 0, threshold: null },
    { name: names.length, scoreOf: ({ row }) => row.prompt.length, threshold: null },
    { name: 'heuristic', scoreOf: (one) => heuristic.get(one) ?? 0, threshold: config.classifier.threshold },
    { name: 'random', scoreOf: ({ row }) => fnvOf(`random ${row.id}`), threshold: null },
    { name: 'oracle', scoreOf: ({ row }) => row.large - row.small, threshold: null },
  ];
  const bySet = sets.map(({ idOf }) =>
    contenders.map(({ scoreOf }): readonly ScoredSlice[] => [...slicesOf(cases, scoreOf, idOf).values()]),
  );
  const pairs = [
    [names.gain, names.length],
    [names.gain, 'heuristic'],
    [names.outGain, names.length],
  ] as const;
  return [
    `Each source left out: trained on ${nameOf(settings)}.`,
    figuresTable(cases, contenders, bySet),
    leadsTable(contenders, bySet, pairs),
    sourceTable(cases, contenders, [names.gain, names.outGain, names.length]),
  ].join('\n\n');
}

type BySet = readonly (readonly (readonly ScoredSlice[])[])[];

function figuresTable(cases: readonly OutcomeCase[], contenders: readonly Contender[], bySet: BySet): string {
  const percent = (share: number | undefined): string => (share === undefined ? '–' : `${(share * 100).toFixed(1)} %`);
  const rows = contenders.map((contender, at) => {
    const pair = bySet[0]?.[at] ?? [];
    const point = operatingPoint(cases, contender);
    return [
      contender.name,
      ...bySet.map((set) => withInterval(apgr(set[at] ?? []))),
      percent(callsToRecover(pair, 0.5)),
      percent(callsToRecover(pair, 0.8)),
      percent(point?.[0]),
      percent(point?.[1]),
    ];
  });
  const head = [
    'router',
    ...sets.map(({ name }) => name),
    'CPT 50 %, Qwen',
    'CPT 80 %, Qwen',
    'sent to large',
    'gap recovered there',
  ];
  return table(head, rows);
}

function apgr(slices: readonly ScoredSlice[]): Interval {
  return bootstrap(
    slices.map((slice) => slice.score.length),
    (samples) => gapWeightedApgr(slices, samples),
  );
}

/** How much one router's gap-weighted APGR exceeds another's on the same resamples. */
function lead(ours: readonly ScoredSlice[], theirs: readonly ScoredSlice[]): Interval {
  return bootstrap(
    ours.map((slice) => slice.score.length),
    (samples) => gapWeightedApgr(ours, samples) - gapWeightedApgr(theirs, samples),
  );
}

const usualPairs = [
  [names.ours, names.length],
  [names.ours, 'heuristic'],
  [names.outOurs, names.length],
  [names.outGain, names.length],
] as const;

function leadsTable(
  contenders: readonly Contender[],
  bySet: BySet,
  pairs: readonly (readonly [string, string])[] = usualPairs,
): string {
  const at = (name: string): number => contenders.findIndex((one) => one.name === name);
  const signed = ({ value, low, high }: Interval): string => `${value.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
  const rows = pairs.map(([ours, theirs]) => [
    ours.replaceAll('**', ''),
    theirs,
    ...bySet.map((set) => signed(lead(set[at(ours)] ?? [], set[at(theirs)] ?? []))),
  ]);
  return `Leads, paired on the same resamples:\n\n${table(['router', 'over', ...sets.map(({ name }) => name)], rows)}`;
}

/** Each source by itself: most are too small for a claim. */
function sourceTable(
  cases: readonly OutcomeCase[],
  contenders: readonly Contender[],
  shown: readonly string[] = [names.ours, names.outGain, names.length],
): string {
  const scored = shown.map((name) => slicesOf(cases, contenders.find((one) => one.name === name)?.scoreOf ?? (() => 0)));
  const share = (values: ArrayLike<number>): string => {
    const list = Array.from(values);
    return ((100 * list.reduce((sum, value) => sum + value, 0)) / list.length).toFixed(1);
  };
  const rows = [...(scored[0] ?? [])].map(([source, slice]) => [
    source,
    String(slice.score.length),
    share(slice.small),
    share(slice.large),
    ...scored.map((slices) => {
      const one = slices.get(source);
      return one === undefined ? '–' : withInterval(apgr([one]));
    }),
  ]);
  return `By source:\n\n${table(['source', 'rows', 'small right, %', 'large right, %', ...shown], rows)}`;
}
