/** Prints every figure of the router, with intervals, and writes them to `bench/results/routing.json` and into both READMEs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { crossValidate } from './cross-validate.ts';
import { evaluateLabelled, evaluateReliability } from './eval-labelled.ts';
import { evaluateOutcomes } from './eval-outcomes.ts';
import { evaluateRobustness } from './eval-robustness.ts';
import { evaluateTraffic, readTraffic } from './eval-traffic.ts';
import { loadWeights } from '../../worker/core/classify/weights/load.ts';
import { dataDirectory, loadCorpus } from './load-corpus.ts';
import { replaceFigures } from './markdown.ts';
import { hashData } from './outcomes.ts';
import { readRouterConfig } from './router-config.ts';
import { ownFile, ownSets } from './rows.ts';

const usage = `Prints every figure of the router with 95 % intervals.

  node bench/routing/eval.ts [--seed N] [--config FILE] [--first-turns FILE] [--no-write]

Needs POINTSMAN_DATA_DIR. --first-turns (or POINTSMAN_FIRST_TURNS) is a file that first-turns.ts made; without it those figures are left out.
Wrappings and shares are those of the committed weights: train first. Writes bench/results/routing.json and the figures in bench/routing/README.md and bench/README.md
unless --no-write.
`;

const { values: options } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h' },
    seed: { type: 'string', default: '1' },
    config: { type: 'string' },
    'first-turns': { type: 'string', default: process.env['POINTSMAN_FIRST_TURNS'] },
    'no-write': { type: 'boolean' },
  },
});

function main(): void {
  if (options.help === true) {
    process.stdout.write(usage);
    return;
  }
  const seed = Number(options.seed);
  const dataDir = dataDirectory();
  const config = readRouterConfig(options.config);
  const say = (line: string): boolean => process.stderr.write(`${line}\n`);
  say('reading rows and features');
  const corpus = loadCorpus(dataDir, config);
  say('cross-validating');
  const heldOut = crossValidate(corpus, seed, say);
  say('outcomes');
  const outcomes = evaluateOutcomes(corpus, heldOut, config, seed);
  say('labelled requests');
  const labelled = evaluateLabelled(corpus, heldOut, config, seed);
  const reliability = evaluateReliability(corpus, heldOut, config);
  say('robustness');
  const robustness = evaluateRobustness(corpus, heldOut, config);
  say('unlabelled prompts and their wrappings');
  const weights = loadWeights();
  const traffic = weights === null ? null : evaluateTraffic(readTraffic(dataDir, options['first-turns']), config, weights);
  const markdown = [
    '### Public outcomes (APGR, 95 % bootstrap intervals)',
    outcomes.markdown,
    '### Labelled requests',
    labelled.markdown,
    '### Calibration',
    reliability.markdown,
    '### Robustness',
    robustness.markdown,
    '### Unlabelled prompts',
    traffic?.markdown ?? 'No weights are loaded.',
  ].join('\n\n');
  process.stdout.write(`${markdown}\n`);
  if (options['no-write'] === true) return;
  const results = {
    dataSha256: hashData(dataDir, ownSets.map(ownFile)),
    seed,
    blend: heldOut.blend,
    outcomes: outcomes.json,
    labelled: labelled.json,
    reliability: reliability.json,
    robustness: robustness.json,
    traffic: traffic?.json,
  };
  const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url).href);
  mkdirSync(here('../results'), { recursive: true });
  writeFileSync(here('../results/routing.json'), `${JSON.stringify(results, null, 2)}\n`);
  replaceFigures(here('README.md'), markdown);
  replaceFigures(here('../README.md'), outcomes.summary);
}

main();
