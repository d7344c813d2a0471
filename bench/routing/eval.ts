/** Prints every figure of the router, with intervals, and writes them into both READMEs. */
import { fileURLToPath } from 'node:url';
import { commandLine, wholeNumber } from '../../infra/command-line.ts';
import { crossValidate } from './cross-validate.ts';
import { evaluateLabelled, evaluateReliability } from './eval-labelled.ts';
import { evaluateGains, evaluateOutcomes } from './eval-outcomes.ts';
import { evaluateRobustness } from './eval-robustness.ts';
import { evaluateTraffic, readTraffic } from './eval-traffic.ts';
import { loadWeights } from '../../worker/core/classify/weights/load.ts';
import { dataDirectory, loadCorpus } from './load-corpus.ts';
import { replaceFigures } from './markdown.ts';
import { chooseSettings, trainOutcomes } from './nested.ts';
import { readRouterConfig } from './router-config.ts';

const usage = `Prints every figure of the router with 95 % intervals.

  node bench/routing/eval.ts [--seed N] [--config FILE] [--first-turns FILE] [--no-write] [--outcomes]

Needs POINTSMAN_DATA_DIR. --first-turns (or POINTSMAN_FIRST_TURNS) is a file that first-turns.ts made; without it those figures are left out.
Wrappings and shares are those of the committed weights: train first. --outcomes prints
the outcome heads' figures alone, in a few minutes, and writes nothing. Else writes the figures into bench/routing/README.md and bench/README.md unless --no-write.
`;

const { values: options } = commandLine({
  name: 'npm run eval',
  help: usage,
  options: {
    seed: { type: 'string', default: '1' },
    config: { type: 'string' },
    'first-turns': { type: 'string', default: process.env['POINTSMAN_FIRST_TURNS'] ?? '' },
    'no-write': { type: 'boolean', default: false },
    outcomes: { type: 'boolean', default: false },
  },
});
const seed = wholeNumber('seed', options.seed);

function main(): void {
  const dataDir = dataDirectory();
  const config = readRouterConfig(options.config);
  const say = (line: string): boolean => process.stderr.write(`${line}\n`);
  say('reading rows and features');
  const corpus = loadCorpus(dataDir, config);
  if (options.outcomes === true) {
    process.stdout.write(`${evaluateGains(corpus.outcomes, config, seed, say)}\n`);
    return;
  }
  say('cross-validating');
  const heldOut = crossValidate(corpus, seed, say);
  say('outcomes');
  const outcomes = evaluateOutcomes(corpus, heldOut, config, seed, say);
  say('labelled requests');
  const labelled = evaluateLabelled({
    corpus,
    heldOut,
    outcome: trainOutcomes(corpus.outcomes, seed, chooseSettings(corpus.outcomes, seed, say)),
    config,
    seed,
  });
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
    labelled,
    '### Calibration',
    reliability,
    '### Robustness',
    robustness,
    '### Unlabelled prompts',
    traffic ?? 'No weights are loaded.',
  ].join('\n\n');
  process.stdout.write(`${markdown}\n`);
  if (options['no-write'] === true) return;
  const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url).href);
  replaceFigures(here('README.md'), markdown);
  replaceFigures(here('../README.md'), outcomes.summary);
}

main();
