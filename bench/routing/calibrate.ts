/**
 * Finds the classifier threshold that gives a wanted share of large answers, cost or quality on your own traffic, and counts how its
 * scores are spread: scores a file of chat requests with the shipped classifier and prints lines for `configs/routing.yaml`. Sends
 * nothing anywhere.
 */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readCommandLine, runCommand, UsageError } from '../../infra/command-line.ts';
import type { InnerRequest } from '../../worker/core/request/inner-request.ts';
import { fail, ok, type Result } from '../../shared/result.ts';
import { classify } from '../../worker/core/classify/classify.ts';
import { classifierVersion } from '../../worker/core/classify/version.ts';
import { buildView } from '../../worker/core/classify/view.ts';
import { loadWeights } from '../../worker/core/classify/weights/load.ts';
import { scoresByBucket } from '../../worker/core/ledger/days.ts';
import { chooseThreshold, type Scored, type Target } from './choose-threshold.ts';
import { readRequests } from './read-requests.ts';
import { readRouterConfig, type RouterConfig } from './router-config.ts';

const usage = `Prints the lines of configs/routing.yaml that fit the classifier to a file of chat requests.

  npm run calibrate -- [FILE.jsonl] --target-large 0.25
  npm run calibrate -- [FILE.jsonl] --target-cost 0.5
  npm run calibrate -- [FILE.jsonl] --target-quality 0.9
  npm run calibrate -- [FILE.jsonl] --reference

  FILE.jsonl        one chat-completions body a line, or an object with such a "body"; by default the labelled
                    requests in the folder that POINTSMAN_DATA_DIR names. Requests with images are left out: no
                    threshold decides about them.

Print a threshold, one of:
  --target-large    share of requests that go to the large model
  --target-cost     cost as a share of sending everything to the large model; the lowest threshold within it
  --target-quality  part of the large model's expected lead that is kept, with as few large answers as will do; rough
                    for open-ended chat, where no outcomes are known

Print how the scores are spread, alone or beside a target:
  --reference       what /stats measures drift against

  --price-ratio     price of a large token in small tokens (8)
  --answer-tokens   tokens of an answer when a request sets no limit, at most (300)
  --config          a routing.yaml other than the shipped one
  --help
`;

const flags = {
  'target-large': { type: 'string' },
  'target-cost': { type: 'string' },
  'target-quality': { type: 'string' },
  reference: { type: 'boolean', default: false },
  'price-ratio': { type: 'string', default: '8' },
  'answer-tokens': { type: 'string', default: '300' },
  config: { type: 'string' },
} as const;

interface Wanted {
  readonly path: string;
  readonly target: Target | null;
  readonly reference: boolean;
  readonly priceRatio: number;
  readonly answerTokens: number;
  readonly config: string | undefined;
}

/** What the command line asks for. */
function readArguments(args: readonly string[], dataDir: string | undefined): Wanted {
  const command = { name: 'npm run calibrate', help: usage, options: flags, maxPositionals: 1 };
  const { values, positionals } = readCommandLine(command, process.env, [...args]);
  const kinds = ['large', 'cost', 'quality'] as const;
  const targets = kinds.flatMap((kind) => {
    const text = values[`target-${kind}`];
    return text === undefined ? [] : [{ kind, value: text.trim() === '' ? Number.NaN : Number(text) }];
  });
  const [target = null] = targets;
  if (targets.length > 1) throw new UsageError('One target at a time.');
  if (target === null && !values.reference) throw new UsageError('Give a target, or --reference.');
  if (target !== null && !(target.value >= 0 && target.value <= 1))
    throw new UsageError(`--target-${target.kind} is a share from 0 to 1.`);
  const [priceRatio, answerTokens] = [Number(values['price-ratio']), Number(values['answer-tokens'])];
  if (!(priceRatio >= 1) || !(answerTokens >= 1))
    throw new UsageError('--price-ratio and --answer-tokens are numbers from 1 on.');
  const path = positionals[0] ?? (dataDir === undefined ? undefined : join(dataDir, 'routing/labelled-requests.jsonl'));
  if (path === undefined) throw new UsageError('Give a file, or set POINTSMAN_DATA_DIR.');
  return { path, target, reference: values.reference, priceRatio, answerTokens, config: values.config };
}

function scoreAll(requests: readonly InnerRequest[], config: RouterConfig, answerTokens: number): Scored[] {
  const weights = loadWeights();
  return requests.flatMap((request) => {
    const view = buildView(request);
    if (view.images > 0) return [];
    const { score, learned } = classify(view, config, weights);
    const tokens = view.estimatedPromptTokens + Math.min(view.requestedMaxTokens ?? answerTokens, answerTokens);
    const gain = learned === null ? 0 : learned.largeDeserved * Math.max(0, learned.largeRight - learned.smallRight);
    return [{ score, tokens, gain }];
  });
}

/** The lines to print, or what is wrong. */
function calibrate(wanted: Wanted, today: string): Result<string, string> {
  let text: string;
  try {
    text = readFileSync(wanted.path, 'utf8');
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
  const requests = readRequests(text, wanted.path);
  if (!requests.ok) return requests;
  const config = readRouterConfig(wanted.config);
  const scored = scoreAll(requests.value, config, wanted.answerTokens);
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  const yaml: string[] = [];
  let found = '';
  if (wanted.target !== null) {
    const choice = chooseThreshold(scored, wanted.target, wanted.priceRatio);
    if (choice === null) {
      const least = wanted.target.kind === 'cost' ? `: sending nothing to large costs ${percent(1 / wanted.priceRatio)}` : '';
      return fail(`No threshold meets the target on this file${least}.`);
    }
    found = `: ${percent(choice.large)} to large, cost ${percent(choice.cost)} of all-large, ${percent(choice.quality)} of the expected lead kept`;
    yaml.push(`    threshold: ${choice.threshold}`);
  }
  if (wanted.reference) {
    const source = `${basename(wanted.path)}, ${scored.length} requests`;
    yaml.push(
      '    reference:',
      `      version: ${classifierVersion(config, loadWeights())}`,
      `      counts: [${scoresByBucket(scored.map(({ score }) => score)).join(', ')}]`,
      `      source: ${JSON.stringify(source)}`,
      `      as_of: ${today}`,
    );
  }
  return ok(`${scored.length} requests${found}\n\nrouting:\n  classifier:\n${yaml.join('\n')}\n`);
}

/** What the command prints. */
export function run(
  args: readonly string[],
  { dataDir, today }: { readonly dataDir: string | undefined; readonly today: string },
): string {
  const done = calibrate(readArguments(args, dataDir), today);
  if (!done.ok) throw new Error(done.failure);
  return done.value;
}

if (import.meta.main) {
  const today = new Date().toISOString().slice(0, 10);
  const world = { dataDir: process.env['POINTSMAN_DATA_DIR'], today };
  await runCommand(() => void process.stdout.write(run(process.argv.slice(2), world)));
}
