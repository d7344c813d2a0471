/**
 * Finds the classifier threshold that gives a wanted share of large answers, cost or quality on your own traffic: scores a file of chat
 * requests with the shipped classifier and prints the line for `configs/routing.yaml`. Sends nothing anywhere.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { ChatRequest } from '../../shared/chat.ts';
import { classify } from '../../worker/core/classify/classify.ts';
import { buildView } from '../../worker/core/classify/view.ts';
import { loadWeights } from '../../worker/core/classify/weights/load.ts';
import { chooseThreshold, type Scored, type Target } from './choose-threshold.ts';
import { readRouterConfig } from './router-config.ts';

const usage = `Prints the threshold for configs/routing.yaml that meets a target on a file of chat requests.

  node bench/routing/calibrate.ts FILE.jsonl --target-large 0.25
  node bench/routing/calibrate.ts FILE.jsonl --target-cost 0.5
  node bench/routing/calibrate.ts FILE.jsonl --target-quality 0.9

FILE.jsonl holds one chat-completions body a line (or an object with such a "body").
  --target-large    share of requests that go to the large model
  --target-cost     cost as a share of sending everything to the large model
  --target-quality  part of the large model's expected lead that is kept; rough for open-ended chat, where no outcomes are known
  --price-ratio     price of a large token in small tokens (default 8)
  --answer-tokens   tokens of an answer when a request sets no limit, at most (default 300)
  --config          a routing.yaml other than the shipped one
`;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean', short: 'h' },
    'target-large': { type: 'string' },
    'target-cost': { type: 'string' },
    'target-quality': { type: 'string' },
    'price-ratio': { type: 'string', default: '8' },
    'answer-tokens': { type: 'string', default: '300' },
    config: { type: 'string' },
  },
});

const Line = z.union([z.object({ body: ChatRequest }), ChatRequest]);

function targetOf(): Target | null {
  const kinds = ['large', 'cost', 'quality'] as const;
  const given = kinds.flatMap((kind) => {
    const text = options[`target-${kind}`];
    return text === undefined ? [] : [{ kind, value: Number(text) }];
  });
  const [target] = given;
  return given.length === 1 && target !== undefined && target.value >= 0 && target.value <= 1 ? target : null;
}

function scoreFile(path: string): Scored[] {
  const config = readRouterConfig(options.config);
  const weights = loadWeights();
  const answerTokens = Number(options['answer-tokens']);
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line, at) => {
      if (line.trim() === '') return [];
      if (at % 1000 === 999) process.stderr.write(`${at + 1} requests\n`);
      const parsed = Line.parse(JSON.parse(line));
      const view = buildView('body' in parsed ? parsed.body : parsed);
      const { score, learned } = classify(view, config, weights);
      const tokens = view.estimatedPromptTokens + Math.min(view.requestedMaxTokens ?? answerTokens, answerTokens);
      const gain = learned === null ? 0 : learned.largeDeserved * Math.max(0, learned.largeRight - learned.smallRight);
      return [{ score, tokens, gain }];
    });
}

function main(): number {
  const [path] = positionals;
  const target = targetOf();
  if (options.help === true || path === undefined || target === null) {
    process.stdout.write(usage);
    return options.help === true ? 0 : 2;
  }
  const scored = scoreFile(path);
  const choice = chooseThreshold(scored, target, Number(options['price-ratio']));
  if (choice === null) {
    process.stderr.write('No threshold meets the target on this file.\n');
    return 1;
  }
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  process.stdout.write(
    `${scored.length} requests: ${percent(choice.large)} to large, cost ${percent(choice.cost)} of all-large, ${percent(choice.quality)} of the expected lead kept\n\n` +
      `routing:\n  classifier:\n    threshold: ${choice.threshold}\n`,
  );
  return 0;
}

process.exitCode = main();
