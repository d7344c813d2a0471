/**
 * What the shipped router does with prompts that carry no label: how many go large, and how many change sides when a prompt is dressed
 * differently without asking anything else.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import * as z from 'zod';
import { innerRequest } from '../../worker/core/surfaces/chat/inner-request.ts';
import { classify } from '../../worker/core/classify/classify.ts';
import type { LearnedWeights } from '../../worker/core/classify/learned.ts';
import { buildView } from '../../worker/core/classify/view.ts';
import { table } from './markdown.ts';
import { fnvOf } from '../../worker/core/text/fnv.ts';
import type { RouterConfig } from './router-config.ts';
import { readGivenRows } from './rows.ts';
import { wrappings } from './wrappings.ts';

/** Prompts of each source and of each length, so that half of those that are wrapped are long. */
const perSize = 300;
const longChars = 600;

const Line = z.object({ text: z.string() }).or(z.object({ prompt: z.string() }));

export interface Traffic {
  /** All first turns of the public sample; null when it is not at hand. */
  readonly firstTurns: readonly string[] | null;
  /** Questions of the data folder. */
  readonly questions: readonly string[];
}

function readTexts(path: string): string[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const row = Line.parse(JSON.parse(line));
      return 'text' in row ? row.text : row.prompt;
    });
}

/** Reads the outcome questions and the given requests of the data folder, and the first turns when there are any. */
export function readTraffic(dataDir: string, firstTurnsPath: string | undefined): Traffic {
  const folder = `${dataDir}/routing`;
  const outcomes = readdirSync(folder)
    .filter((name) => name.endsWith('.dev.jsonl'))
    .toSorted();
  const given = (readGivenRows(dataDir) ?? []).flatMap(({ request }) => {
    const content = request.messages.findLast((message) => message.role === 'user')?.content;
    return typeof content === 'string' ? [content] : [];
  });
  return {
    firstTurns: firstTurnsPath !== undefined && existsSync(firstTurnsPath) ? readTexts(firstTurnsPath) : null,
    questions: [...given, ...outcomes.flatMap((name) => sample(readTexts(`${folder}/${name}`), perSize))],
  };
}

/** At most `count` texts, the same ones for the same file. */
function sample(texts: readonly string[], count: number): string[] {
  return texts
    .map((text) => [fnvOf(`traffic ${text}`), text] as const)
    .toSorted(([a], [b]) => a - b)
    .slice(0, count)
    .map(([, text]) => text);
}

function bySize(texts: readonly string[]): string[] {
  const isLong = (text: string): boolean => text.length > longChars;
  return [
    ...sample(
      texts.filter((text) => !isLong(text)),
      perSize,
    ),
    ...sample(texts.filter(isLong), perSize),
  ];
}

type Decide = (text: string) => boolean;

function decider(config: RouterConfig, weights: LearnedWeights): Decide {
  return (text) => {
    const request = innerRequest({ model: 'auto', messages: [{ role: 'user', content: text }] });
    return classify(buildView(request), config, weights).score >= config.classifier.threshold;
  };
}

interface Flips {
  readonly prompts: number;
  readonly long: number;
  /** Share that changes sides, in the order of `wrappings`. */
  readonly shares: readonly number[];
}

function countFlips(prompts: readonly string[], isLarge: Decide): Flips {
  const before = prompts.map(isLarge);
  return {
    prompts: prompts.length,
    long: prompts.filter((text) => text.length > longChars).length,
    shares: wrappings.map(
      ({ wrap }) => prompts.filter((text, at) => isLarge(wrap(text)) !== before[at]).length / Math.max(1, prompts.length),
    ),
  };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

function shareLarge(texts: readonly string[], isLarge: Decide): number {
  return texts.filter(isLarge).length / Math.max(1, texts.length);
}

/** Flips per wrapping and the share that goes large, by source. */
export function evaluateTraffic(traffic: Traffic, config: RouterConfig, weights: LearnedWeights): string {
  const isLarge = decider(config, weights);
  const sources: [string, readonly string[]][] = [['questions of the data folder', traffic.questions]];
  if (traffic.firstTurns !== null) sources.unshift(['public first turns', traffic.firstTurns]);
  const figures = sources.map(([source, texts]) => ({
    source,
    texts: texts.length,
    large: shareLarge(texts, isLarge),
    largeShort: shareLarge(
      texts.filter((text) => text.length <= longChars),
      isLarge,
    ),
    largeLong: shareLarge(
      texts.filter((text) => text.length > longChars),
      isLarge,
    ),
    flips: countFlips(bySize(texts), isLarge),
  }));
  const large = figures.map((row) => [
    row.source,
    String(row.texts),
    percent(row.large),
    percent(row.largeShort),
    percent(row.largeLong),
    percent(mean(row.flips.shares)),
    percent(Math.max(...row.flips.shares)),
  ]);
  const flips = wrappings.map(({ name }, at) => [name, ...figures.map((row) => percent(row.flips.shares[at] ?? 0))]);
  return [
    ...(traffic.firstTurns === null
      ? [
          'The public first turns are not at hand (`--first-turns FILE` or POINTSMAN_FIRST_TURNS, made by `first-turns.ts`): left out.',
        ]
      : []),
    table(
      ['prompts', 'number', 'go large', `up to ${longChars} characters`, 'longer', 'flips, mean of wrappings', 'worst wrapping'],
      large,
    ),
    'Share of prompts that change sides under each wrapping:',
    table(['wrapping', ...figures.map((row) => `${row.source} (${row.flips.prompts}, ${row.flips.long} of them long)`)], flips),
  ].join('\n\n');
}
