/** Figures on the public outcomes: our router by cross-validation and with each source left out, against the routers anyone can have. */
import { scoreHeuristic } from '../../worker/core/classify/heuristic.ts';
import { scoreFeatures } from '../../worker/core/classify/learned.ts';
import { buildView } from '../../worker/core/classify/view.ts';
import { assemble, trainOn, type Corpus, type HeldOut } from './cross-validate.ts';
import type { OutcomeCase } from './examples.ts';
import { areaAndGap, bootstrap, callsToRecover, gapWeightedApgr, type Interval, type ScoredSlice } from './metrics.ts';
import { table, withInterval } from './markdown.ts';
import { requestOf, sliceIds, sourceOf } from './outcomes.ts';
import { fnvOf } from '../../worker/core/text/fnv.ts';
import type { RouterConfig } from './router-config.ts';
import { seedConfig } from './seed-config.ts';
import { slicesBy } from './verdicts.ts';

interface Contender {
  readonly name: string;
  readonly slices: readonly ScoredSlice[];
  /** Scores from here on go to the large model; null where there is no fixed operating point. */
  readonly threshold: number | null;
}

export interface OutcomeFigures {
  readonly name: string;
  readonly gapWeighted: Interval;
  readonly slices: Readonly<Record<string, Interval>>;
  readonly callsFor50: number;
  readonly callsFor80: number;
  readonly sentToLarge: number | null;
  readonly recoveredThere: number | null;
}

const sliceApgr = (slice: ScoredSlice): Interval =>
  bootstrap([slice.score.length], (samples) => {
    const { area, gap } = areaAndGap(slice, samples?.[0]);
    return area / gap;
  });

function figuresOf({ name, slices, threshold }: Contender): OutcomeFigures {
  return {
    name,
    gapWeighted: bootstrap(
      slices.map((slice) => slice.score.length),
      (samples) => gapWeightedApgr(slices, samples),
    ),
    slices: Object.fromEntries(sliceIds.map((id, at) => [id, sliceApgr(slices[at] ?? noSlice)])),
    callsFor50: callsToRecover(slices, 0.5),
    callsFor80: callsToRecover(slices, 0.8),
    ...(threshold === null ? { sentToLarge: null, recoveredThere: null } : operatingPoint(slices, threshold)),
  };
}

/** Share sent to large at the threshold and the part of the gap recovered there; slices count equally. */
function operatingPoint(slices: readonly ScoredSlice[], threshold: number): { sentToLarge: number; recoveredThere: number } {
  let sent = 0;
  let recovered = 0;
  let gaps = 0;
  for (const { small, large, score } of slices) {
    let count = 0;
    let gain = 0;
    let gap = 0;
    for (let at = 0; at < score.length; at += 1) {
      const difference = (large[at] ?? 0) - (small[at] ?? 0);
      gap += difference / score.length;
      if ((score[at] ?? 0) < threshold) continue;
      count += 1;
      gain += difference / score.length;
    }
    sent += count / score.length / slices.length;
    recovered += gain;
    gaps += gap;
  }
  return { sentToLarge: sent, recoveredThere: recovered / gaps };
}

/** How much one router's gap-weighted APGR exceeds another's on the same resamples. */
function lead(ours: readonly ScoredSlice[], theirs: readonly ScoredSlice[]): Interval {
  return bootstrap(
    ours.map((slice) => slice.score.length),
    (samples) => gapWeightedApgr(ours, samples) - gapWeightedApgr(theirs, samples),
  );
}

/** The same for the APGR of each slice by itself. */
function leadBySlice(ours: readonly ScoredSlice[], theirs: readonly ScoredSlice[]): Record<string, Interval> {
  const areaOf = (slice: ScoredSlice, sample: Sample): number => {
    const { area, gap } = areaAndGap(slice, sample);
    return area / gap;
  };
  return Object.fromEntries(
    sliceIds.map((id, at) => {
      const [one, other] = [ours[at] ?? noSlice, theirs[at] ?? noSlice];
      return [id, bootstrap([one.score.length], (samples) => areaOf(one, samples?.[0]) - areaOf(other, samples?.[0]))];
    }),
  );
}

type Sample = Parameters<typeof areaAndGap>[1];
const noSlice: ScoredSlice = { small: [], large: [], score: [] };

/** Scores of each source by models that saw no question of it. */
function leaveSourcesOut(corpus: Corpus, heldOut: HeldOut, seed: number): { blended: ScoredSlice[]; gain: ScoredSlice[] } {
  const scores = new Map<OutcomeCase, { logit: number; gain: number }>();
  for (const source of new Set(Object.values(sourceOf))) {
    const models = trainOn(corpus, { labelled: () => true, outcomes: (row) => sourceOf[row.row.slice] !== source }, seed);
    const weights = assemble(models.tier, models.outcome, heldOut.blend);
    for (const row of corpus.outcomes) {
      if (sourceOf[row.row.slice] !== source) continue;
      const score = scoreFeatures(row.example.features, weights);
      scores.set(row, { logit: score.logit, gain: score.largeRight - score.smallRight });
    }
  }
  return {
    blended: slicesBy(corpus.outcomes, (row) => scores.get(row)?.logit ?? 0),
    gain: slicesBy(corpus.outcomes, (row) => scores.get(row)?.gain ?? 0),
  };
}

export function evaluateOutcomes(
  corpus: Corpus,
  heldOut: HeldOut,
  config: RouterConfig,
  seed: number,
): { markdown: string; summary: string } {
  const heuristicOf = (settings: RouterConfig) => (row: OutcomeCase) =>
    scoreHeuristic(buildView(requestOf(row.row)), settings.classifier).score;
  const slices = (scoreOf: (row: OutcomeCase) => number): ScoredSlice[] => slicesBy(corpus.outcomes, scoreOf);
  const ours = slices((row) => heldOut.outcomes.get(row)?.logit ?? 0);
  const length = slices((row) => row.row.prompt.length);
  const heuristic = slices(heuristicOf(config));
  const out = leaveSourcesOut(corpus, heldOut, seed);
  const gain = (row: OutcomeCase): number => {
    const score = heldOut.outcomes.get(row);
    return score === undefined ? 0 : score.largeRight - score.smallRight;
  };
  const contenders: Contender[] = [
    { name: '**hybrid, cross-validated**', slices: ours, threshold: 0 },
    { name: 'expected gain alone, cross-validated', slices: slices(gain), threshold: null },
    { name: 'hybrid, each source left out', slices: out.blended, threshold: 0 },
    { name: 'expected gain alone, each source left out', slices: out.gain, threshold: null },
    { name: 'heuristic', slices: heuristic, threshold: config.classifier.threshold },
    { name: 'original curves', slices: slices(heuristicOf(seedConfig)), threshold: seedConfig.classifier.threshold },
    { name: 'prompt length', slices: length, threshold: null },
    { name: 'random', slices: slices((row) => fnvOf(`random ${row.row.id}`)), threshold: null },
    { name: 'oracle', slices: slices((row) => row.row.large - row.row.small), threshold: null },
  ];
  const figures = contenders.map(figuresOf);
  const rivals: [string, readonly ScoredSlice[]][] = [
    ['prompt length', length],
    ['heuristic', heuristic],
    ['original curves', contenders[5]?.slices ?? []],
  ];
  const leads = rivals.map(([over, theirs]) => ({ over, ...lead(ours, theirs), slices: leadBySlice(ours, theirs) }));
  const inShort = ['**hybrid, cross-validated**', 'hybrid, each source left out', 'heuristic', 'prompt length', 'random'];
  return {
    markdown: render(figures, leads),
    summary: renderSummary(
      figures.filter(({ name }) => inShort.includes(name)),
      leads,
    ),
  };
}

type Lead = Interval & { readonly over: string; readonly slices: Readonly<Record<string, Interval>> };

function render(figures: readonly OutcomeFigures[], leads: readonly Lead[]): string {
  const percent = (share: number | null): string => (share === null ? '–' : `${(share * 100).toFixed(1)} %`);
  const rows = figures.map((row) => [
    row.name,
    withInterval(row.gapWeighted),
    ...sliceIds.map((id) => withInterval(row.slices[id] ?? none)),
    percent(row.callsFor50),
    percent(row.callsFor80),
    percent(row.sentToLarge),
    percent(row.recoveredThere),
  ]);
  const head = ['router', 'gwAPGR', ...sliceIds, 'CPT 50 %', 'CPT 80 %', 'sent to large', 'gap recovered there'];
  return `${table(head, rows)}\n\n${renderLeads(leads)}`;
}

/** The table of bench/README.md: who is ahead of whom, slice by slice. */
function renderSummary(figures: readonly OutcomeFigures[], leads: readonly Lead[]): string {
  const rows = figures.map(({ name, gapWeighted, slices }) => [
    name,
    withInterval(gapWeighted),
    ...sliceIds.map((id) => withInterval(slices[id] ?? none)),
  ]);
  return `${table(['router', 'gwAPGR', ...sliceIds], rows)}\n\n${renderLeads(leads)}`;
}

function renderLeads(leads: readonly Lead[]): string {
  const signed = ({ value, low, high }: Interval): string => `${value.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
  const rows = leads.map((one) => [one.over, signed(one), ...sliceIds.map((id) => signed(one.slices[id] ?? none))]);
  return `Lead of the cross-validated hybrid, paired on the same resamples:\n\n${table(['over', 'gwAPGR', ...sliceIds], rows)}`;
}

const none: Interval = { value: 0, low: 0, high: 0 };
