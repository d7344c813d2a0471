/**
 * Simulated deployments that learn from their own traffic: each is one source of public outcomes that no weight was trained on, with a
 * router that was trained on the other groups of sources. Prints how well requests are ordered after so many outcomes, and what the shadow
 * calls cost against what they save.
 */
import { fileURLToPath } from 'node:url';
import { commandLine, wholeNumber } from '../../infra/command-line.ts';
import { scoreFeatures, type LearnedScore } from '../../worker/core/classify/learned.ts';
import { buildView } from '../../worker/core/classify/view.ts';
import { readLearnFeatures, type LearnFeatures } from '../../worker/core/classify/adaptive/features.ts';
import { mayDecide, mostOutcomes, trainHead } from '../../worker/core/learn/head.ts';
import { deviationOf } from '../../worker/core/learn/blend.ts';
import type { Outcome } from '../../worker/core/learn/outcome.ts';
import { predict } from '../../worker/core/classify/adaptive/model.ts';
import { fnvOf } from '../../worker/core/text/fnv.ts';
import { assemble, baseBlend } from './blend.ts';
import { trainTier, type Corpus } from './cross-validate.ts';
import type { OutcomeCase } from './examples.ts';
import { dataDirectory, loadCorpus } from './load-corpus.ts';
import { replaceFigures, table, withInterval } from './markdown.ts';
import { areaAndGap, bootstrap, callsToRecover, gapWeightedApgr, type Interval, type ScoredSlice } from './metrics.ts';
import { trainOutcomes } from './nested.ts';
import { requestOf } from './outcomes.ts';
import { seeded, shuffle, type Random } from './random.ts';
import { readRouterConfig } from './router-config.ts';

const { values: options } = commandLine({
  name: 'npm run bench:adaptive',
  help: `Simulates deployments that learn from their own traffic, on sources left out of everything.

  node bench/routing/adaptive.ts [--seed N] [--no-write]

Needs POINTSMAN_DATA_DIR. Writes the table into docs/routing.md unless --no-write.
`,
  options: { seed: { type: 'string', default: '1' }, 'no-write': { type: 'boolean', default: false } },
});
const seed = wholeNumber('seed', options.seed);

/** Fewer rows than that are no deployment; more are not needed to learn from 1,000 of them. */
const leastRows = 120;
const mostRows = 1600;
/** Resamples of an interval. */
const rounds = 200;
/** Every row is tested once, by heads that learned from the other parts. */
const parts = 3;
const checkpoints = [0, 50, 100, 200, 500, 1000] as const;
const wrongShare = 0.2;
/** Outcomes after which heads show what they can do. */
const believedAt = 200;
/** What a request costs on the default profile's price table, with 300 tokens to read and 400 to write, in micro-USD. */
const callMicroUsd = { small: 700 * 0.1, large: 700 * 0.8 } as const;

interface Case {
  readonly row: OutcomeCase['row'];
  readonly features: LearnFeatures;
  readonly shipped: LearnedScore;
}

type Kind = 'graded' | 'wrong' | 'rated';

const kinds: Readonly<Record<Kind, string>> = {
  graded: 'both answers graded rightly',
  wrong: 'both answers graded, 20 % of grades wrong',
  rated: 'only the shown answer rated, 20 % of ratings wrong',
};

/** MMLU-Pro's categories are deployments of their own, as are KOR's and Reasoning Gym's kinds. */
function deploymentOf({ source, subject }: OutcomeCase['row']): string {
  return source.startsWith('mmlupro/') ? `mmlupro/${subject}` : source;
}

/** Every row with what a router says of it that was trained without the row's whole group. */
function score(corpus: Corpus): Case[] {
  // The tier head sees none of the sources at all.
  const tier = trainTier(corpus, { labelled: () => true, outcomes: () => false }, seed);
  return [...Map.groupBy(corpus.outcomes, ({ row }) => row.group)].flatMap(([group, left]) => {
    process.stderr.write(`without ${group}\n`);
    const rest = corpus.outcomes.filter(({ row }) => row.group !== group);
    // Not the setting that was chosen on all sources, but the plain one.
    const weights = assemble(tier, trainOutcomes(rest, seed, { averaged: ['all'], words: true, othersShare: 0.5 }), baseBlend);
    return left.map(({ row, example }) => {
      const shipped = scoreFeatures(example.features, weights);
      return { row, shipped, features: readLearnFeatures(buildView(requestOf(row)), shipped) };
    });
  });
}

function outcomeOf({ row, features, shipped }: Case, kind: Kind, random: Random): Outcome {
  const told = (grade: number): number => (kind !== 'graded' && random() < wrongShare ? 1 - grade : grade);
  const [small, large] = [told(row.small), told(row.large)];
  if (kind !== 'rated') return { features, small, large };
  return shipped.logit >= 0 ? { features, small: null, large } : { features, small, large: null };
}

interface Scored {
  readonly shipped: ScoredSlice;
  /** What was learned, by itself and always. */
  readonly head: ScoredSlice;
  /** The blend where it may decide, else the shipped router. */
  readonly used: ScoredSlice;
  readonly shareOn: number;
  /** Of the head, 0 where the shipped router decides. */
  readonly weight: number;
}

/** One deployment after `count` outcomes. */
function run(cases: readonly Case[], count: number, kind: Kind): Scored {
  const ranks = { shipped: new Map<Case, number>(), head: new Map<Case, number>(), used: new Map<Case, number>() };
  const partOf = (one: Case): number => fnvOf(`part ${one.row.id}`) % parts;
  let [on, weight] = [0, 0];
  for (let part = 0; part < parts; part += 1) {
    const random = seeded(seed * 31 + part);
    const seen = shuffle(
      cases.filter((one) => partOf(one) !== part),
      random,
    ).slice(0, count);
    const trained = trainHead(seen.map((one) => outcomeOf(one, kind, random)));
    const test = cases.filter((one) => partOf(one) === part);
    const byShipped = ranked(test, ({ shipped }) => shipped.logit);
    const byHead = trained === null ? byShipped : ranked(test, ({ features }) => predict(trained.own, features));
    const isOn = trained !== null && mayDecide(trained.evaluation);
    const byUsed = isOn ? ranked(test, ({ features }) => predict(trained.head.model, features)) : byShipped;
    if (isOn) {
      on += 1 / parts;
      weight += trained.evaluation.weight / parts;
    }
    for (const one of test) {
      ranks.shipped.set(one, byShipped.get(one) ?? 0);
      ranks.head.set(one, byHead.get(one) ?? 0);
      ranks.used.set(one, byUsed.get(one) ?? 0);
    }
  }
  const sliceBy = (rank: ReadonlyMap<Case, number>): ScoredSlice => ({
    small: cases.map(({ row }) => row.small),
    large: cases.map(({ row }) => row.large),
    score: cases.map((one) => rank.get(one) ?? 0),
  });
  return { shipped: sliceBy(ranks.shipped), head: sliceBy(ranks.head), used: sliceBy(ranks.used), shareOn: on, weight };
}

function ranked(cases: readonly Case[], scoreOf: (one: Case) => number): Map<Case, number> {
  const sorted = cases.toSorted((a, b) => scoreOf(a) - scoreOf(b));
  return new Map(sorted.map((one, at) => [one, at / sorted.length]));
}

function lead(ours: readonly ScoredSlice[], theirs: readonly ScoredSlice[]): Interval {
  return bootstrap(
    ours.map((slice) => slice.score.length),
    (samples) => gapWeightedApgr(ours, samples) - gapWeightedApgr(theirs, samples),
    seed,
    rounds,
  );
}

function apgr(slices: readonly ScoredSlice[]): Interval {
  return bootstrap(
    slices.map((slice) => slice.score.length),
    (samples) => gapWeightedApgr(slices, samples),
    seed,
    rounds,
  );
}

/** Settings (penalties, the belief beforehand, the interval, how a weight is picked) were chosen on one half of the deployments only. */
function isChosenOn(name: string): boolean {
  return fnvOf(`half ${name}`) % 2 === 0;
}

/** How many deployments are served worse than by the shipped router, with 95 %, and what the most harmed one loses, in grade points of a request. */
function harmOf(used: readonly ScoredSlice[], shipped: readonly ScoredSlice[]): { surely: number; most: number } {
  const losses = used.map((ours, at): Interval => {
    const theirs = shipped[at] ?? ours;
    return bootstrap(
      [ours.score.length],
      (samples) => areaAndGap(theirs, samples?.[0]).area - areaAndGap(ours, samples?.[0]).area,
      seed,
      rounds,
    );
  });
  return { surely: losses.filter(({ low }) => low > 0).length, most: Math.max(...losses.map(({ value }) => value)) };
}

type Deployment = readonly [name: string, cases: readonly Case[]];

function deploymentsOf(corpus: Corpus): Deployment[] {
  return [...Map.groupBy(score(corpus), ({ row }) => deploymentOf(row))]
    .filter(([, cases]) => cases.length >= leastRows)
    .map(([name, cases]) => [name, cases.slice(0, mostRows)]);
}

const slicesOf = (scored: readonly Scored[], name: 'shipped' | 'head' | 'used'): ScoredSlice[] => scored.map((one) => one[name]);

function outcomeRow(kind: Kind, count: number, deployments: readonly Deployment[], scored: readonly Scored[]): string[] {
  const [shipped, used] = [slicesOf(scored, 'shipped'), slicesOf(scored, 'used')];
  const { value, low, high } = lead(used, shipped);
  const meanOf = (of: (one: Scored) => number): number => scored.reduce((sum, one) => sum + of(one), 0) / scored.length;
  const harm = harmOf(used, shipped);
  return [
    kinds[kind],
    String(count),
    withInterval(apgr(used)),
    `${value.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`,
    gapWeightedApgr(used.filter((_slice, at) => !isChosenOn(deployments[at]?.[0] ?? ''))).toFixed(3),
    gapWeightedApgr(slicesOf(scored, 'head')).toFixed(3),
    `${(meanOf(({ shareOn }) => shareOn) * 100).toFixed(0)} %, ${meanOf((one) => one.weight).toFixed(2)}`,
    `${harm.surely}, ${harm.most.toFixed(3)}`,
  ];
}

function main(): void {
  const deployments = deploymentsOf(loadCorpus(dataDirectory(), readRouterConfig(undefined)));
  const rows: string[][] = [];
  const costs: string[][] = [];
  const leads: string[] = [];
  for (const kind of ['graded', 'wrong', 'rated'] as const) {
    for (const count of checkpoints) {
      const scored = deployments.map(([, cases]) => run(cases, count, kind));
      rows.push(outcomeRow(kind, count, deployments, scored));
      if (count === believedAt) leads.push(`${leadOf(scored)} (${kinds[kind]})`);
      process.stderr.write(`${kind} ${count}\n`);
      if (kind === 'graded' && count > 0) costs.push(costRow(count, slicesOf(scored, 'shipped'), slicesOf(scored, 'used')));
    }
  }
  const markdown = figures(deployments, rows, costs, leads);
  process.stdout.write(`${markdown}\n`);
  if (options['no-write'] !== true)
    replaceFigures(fileURLToPath(new URL('../../docs/routing.md', import.meta.url).href), markdown);
}

function figures(
  deployments: readonly Deployment[],
  rows: readonly string[][],
  costs: readonly string[][],
  leads: readonly string[],
): string {
  const families = [...new Set(deployments.map(([name]) => name.split('/')[0]))];
  const shipped = deployments.map(([, cases]) => run(cases, 0, 'graded').shipped);
  const unchosen = deployments.filter(([name]) => !isChosenOn(name)).length;
  const reach = checkpoints
    .filter((count) => count > 0)
    .map((count) => {
      const enough = deployments.filter(([, cases]) => (cases.length * (parts - 1)) / parts >= count).length;
      return `${enough} have ${count}`;
    });
  const training = trainingMs(deployments.flatMap(([, cases]) => cases));
  return [
    `${deployments.length} simulated deployments (${families.join(', ')}), shipped router ${withInterval(apgr(shipped))}:`,
    table(
      [
        'outcomes are',
        'outcomes',
        'in force, gwAPGR',
        'lead over the shipped router',
        `in force on the ${unchosen} that no setting was chosen on`,
        'the head alone',
        'blend decides in, mean weight',
        'surely worse off, most lost',
      ],
      rows,
    ),
    `Of the deployments, ${reach.join(', ')} outcomes to learn from; the others learn from all that they have. The most lost is in grade points of a request. After ${believedAt} outcomes the heads alone lead, in standard deviations of the gains, by ${leads.join(', ')}: mean and spread over the deployments, what the belief beforehand stands for.`,
    'Costs, with a shadow call for every outcome:',
    table(
      [
        'outcomes',
        'large calls for half of the gap, shipped',
        'in force',
        'shadow calls cost',
        'saved per 1,000 requests',
        'paid back after',
      ],
      costs,
    ),
    `Training on ${mostOutcomes} outcomes, with its estimate: ${training.toFixed(0)} ms of CPU.`,
  ].join('\n\n');
}

/** Mean and spread over deployments of what the head alone adds to the shipped order, in standard deviations of the gains. */
function leadOf(scored: readonly Scored[]): string {
  const leads = scored.map(({ head, shipped }) => {
    const gains = Array.from(head.large, (large, at) => large - (head.small[at] ?? 0));
    return (areaAndGap(head).area - areaAndGap(shipped).area) / (deviationOf(gains) || 1);
  });
  const mean = leads.reduce((sum, value) => sum + value, 0) / leads.length;
  return `${mean.toFixed(3)} ± ${deviationOf(leads).toFixed(3)}`;
}

/** Half of the shadow calls are of the large model, as they go to the one that has not answered. */
function costRow(count: number, shipped: readonly ScoredSlice[], used: readonly ScoredSlice[]): string[] {
  const [before, after] = [callsToRecover(shipped, 0.5), callsToRecover(used, 0.5)];
  const spent = (count * (callMicroUsd.small + callMicroUsd.large)) / 2;
  const savedEach = (before - after) * (callMicroUsd.large - callMicroUsd.small);
  const usd = (micro: number): string => `$${(micro / 1e6).toFixed(4)}`;
  return [
    String(count),
    `${(before * 100).toFixed(1)} %`,
    `${(after * 100).toFixed(1)} %`,
    usd(spent),
    usd(savedEach * 1000),
    savedEach > 0 ? `${Math.ceil(spent / savedEach).toLocaleString('en-US')} requests` : 'never',
  ];
}

function trainingMs(cases: readonly Case[]): number {
  const outcomes = shuffle(cases, seeded(seed))
    .slice(0, mostOutcomes)
    .map((one) => outcomeOf(one, 'graded', seeded(seed)));
  const before = process.cpuUsage();
  trainHead(outcomes);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

main();
