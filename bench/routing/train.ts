/**
 * Trains the learned router and writes `worker/core/classify/weights/`: cross-validation first, for the blend and the scores in the
 * metadata, then both models on everything. Same data and seed, same file.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { commandLine, wholeNumber } from '../../infra/command-line.ts';
import type { PackedWeights } from '../../worker/core/classify/learned/weights.ts';
import { crossValidate, trainTier, type Corpus, type HeldOut } from './cross-validate.ts';
import { dataDirectory, loadCorpus } from './load-corpus.ts';
import { gapWeightedApgr } from './metrics.ts';
import { chooseSettings, pairSliceOf, slicesOf, trainOutcomes } from './nested.ts';
import { hashData, isOlder } from './outcomes.ts';
import { packWeights } from './pack.ts';
import { readRouterConfig, type RouterConfig } from './router-config.ts';
import { ownFile, ownSets } from './rows.ts';
import { intentAccuracy, learnedRouter, tierF1 } from './verdicts.ts';

const usage = `Trains the learned router and writes worker/core/classify/weights/packed.ts.

  node bench/routing/train.ts [--seed N] [--date YYYY-MM-DD] [--out FILE] [--config FILE]

Needs POINTSMAN_DATA_DIR. --date defaults to today; everything else follows from data and seed. --config is a routing.yaml
other than the shipped one.
`;

const { values: options } = commandLine({
  name: 'npm run train',
  help: usage,
  options: {
    seed: { type: 'string', default: '1' },
    date: { type: 'string' },
    out: { type: 'string' },
    config: { type: 'string' },
  },
});
const seed = wholeNumber('seed', options.seed);

function main(): void {
  const dataDir = dataDirectory();
  const say = (line: string): boolean => process.stderr.write(`${line}\n`);
  say('reading rows and features');
  const config = readRouterConfig(options.config);
  const corpus = loadCorpus(dataDir, config);
  say('cross-validating');
  const heldOut = crossValidate(corpus, seed, say);
  say('training on everything');
  const tier = trainTier(corpus, { labelled: () => true, outcomes: () => true }, seed);
  const outcome = trainOutcomes(corpus.outcomes, seed, chooseSettings(corpus.outcomes, seed, say));
  const metadata = {
    date: options.date ?? new Date().toISOString().slice(0, 10),
    dataSha256: hashData(dataDir, ownSets.map(ownFile)),
    seed,
    rows: countRows(corpus),
    scores: scoresOf(corpus, heldOut, config),
  };
  const path = options.out ?? fileURLToPath(new URL('../../worker/core/classify/weights/packed.ts', import.meta.url).href);
  const file = render(packWeights(tier, outcome, heldOut.blend, metadata));
  mkdirSync(fileURLToPath(new URL('../../worker/core/classify/weights', import.meta.url).href), { recursive: true });
  writeFileSync(path, file);
  say(`wrote ${path} (${(file.length / 1024).toFixed(0)} KiB)`);
  process.stdout.write(`${JSON.stringify(metadata, null, 2)}\n`);
}

function countRows(corpus: Corpus): Record<string, number> {
  const counts: Record<string, number> = { generated: corpus.generated.length };
  for (const { row } of corpus.labelled) counts[row.set] = (counts[row.set] ?? 0) + 1;
  for (const { row } of corpus.outcomes) if (row.isTrained) counts[row.source] = (counts[row.source] ?? 0) + 1;
  return counts;
}

/** Held-out figures, rounded; `eval.ts` prints them with intervals. */
function scoresOf(corpus: Corpus, heldOut: HeldOut, config: RouterConfig): Record<string, number> {
  const router = learnedRouter(heldOut.labelled, config);
  const given = corpus.labelled.filter((row) => row.row.set === 'given');
  const own = corpus.labelled.filter((row) => row.row.set !== 'given');
  const round = (value: number): number => Number(value.toFixed(4));
  const apgr = (idOf: Parameters<typeof slicesOf>[2]): number => {
    const slices = slicesOf(corpus.outcomes, (row) => heldOut.outcomes.get(row)?.logit ?? 0, idOf);
    return round(gapWeightedApgr([...slices.values()]));
  };
  return {
    gapWeightedApgr: apgr(({ source }) => source),
    ownPairApgr: apgr(pairSliceOf),
    olderApgr: apgr(({ source }) => (isOlder(source) ? source : null)),
    givenMacroF1: round(tierF1(given, router).value),
    givenIntentAccuracy: round(intentAccuracy(given, router).value),
    ownMacroF1: round(tierF1(own, router).value),
    ownIntentAccuracy: round(intentAccuracy(own, router).value),
  };
}

function render(weights: PackedWeights): string {
  return `/** Written by \`bench/routing/train.ts\`; do not edit. Weights only: no prompt of the training data is in here. */
import type { PackedWeights } from '../learned/weights.ts';

export const packedWeights: PackedWeights = ${JSON.stringify(weights)};
`;
}

main();
