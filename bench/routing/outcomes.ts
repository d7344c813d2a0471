/**
 * The public outcome rows of `$POINTSMAN_DATA_DIR/routing`: reading, folds that keep one question together, what must be left out together,
 * and the data's hash.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import type { InnerRequest } from '../../worker/core/request/inner-request.ts';
import { innerRequest } from '../../worker/core/surfaces/chat/inner-request.ts';

/** In the order of training: the tier head takes its exam questions from the first five. */
const files = [
  'routellm-mmlu',
  'routellm-gsm8k',
  'zeroeval-crux',
  'zeroeval-math-l5',
  'zeroeval-gsm',
  'kor',
  'mmlupro-mmlu',
  'mmlupro-stem',
  'dcrouter',
  'rgym',
  'farel',
] as const;

/** The five binary sources that the headline gwAPGR is defined over. */
export const olderIds = ['mmlu', 'gsm8k', 'crux', 'math-l5', 'gsm'] as const;
export type OlderId = (typeof olderIds)[number];

/** Outcomes of Qwen2.5 7B and 32B: the default profile's own pair, at full precision. */
export function isOfPair(source: string): boolean {
  return source === 'crux' || source === 'math-l5' || source.startsWith('kor/');
}

export function isOlder(source: string): source is OlderId {
  return olderIds.some((id) => id === source);
}

/** Sources whose rows name no group, by what must be left out with them: their questions occur elsewhere too. */
const groupOf: Readonly<Record<OlderId, string>> = { mmlu: 'mmlu', gsm8k: 'gsm', gsm: 'gsm', 'math-l5': 'math', crux: 'crux' };

const Row = z
  .object({
    id: z.string(),
    source: z.string(),
    group: z.string().optional(),
    subject: z.string(),
    prompt: z.string(),
    small_correct: z.number().optional(),
    large_correct: z.number().optional(),
    small_score: z.number().optional(),
    large_score: z.number().optional(),
    alt: z.record(z.string(), z.number()).optional(),
    peers: z.object({ small: z.number().nullable(), large: z.number().nullable() }).optional(),
  })
  .transform((row) => ({
    ...row,
    small: row.small_correct ?? row.small_score ?? Number.NaN,
    large: row.large_correct ?? row.large_score ?? Number.NaN,
  }));
type Row = z.infer<typeof Row>;

export interface OutcomeRow {
  readonly id: string;
  /** One pair of models on one kind of question, such as `crux`, `kor/cipher` or `rgym/games`. */
  readonly source: string;
  /** What is left out together when a source is left out. */
  readonly group: string;
  /** For reporting and for folds; no router reads it. */
  readonly subject: string;
  readonly prompt: string;
  readonly small: number;
  readonly large: number;
  /** Mean outcomes of other small and large models on this prompt; null where none are known. */
  readonly otherSmall: number | null;
  readonly otherLarge: number | null;
  readonly fold: number;
  /** One of the rows that training may see: the largest sources would drown the others. */
  readonly isTrained: boolean;
}

export const foldCount = 5;
/** Rows of one source that are trained on. */
const mostTrained = 1000;

/** Pairs of other models that answered the same prompts. */
const otherPairs = [
  ['Meta-Llama-3.1-8B-Instruct', 'Meta-Llama-3.1-70B-Instruct'],
  ['Qwen2.5-3B-Instruct', 'Qwen2.5-72B-Instruct'],
  ['Qwen2-7B-Instruct', 'Qwen2-72B-Instruct'],
] as const;

function meanOf({ alt, peers }: Row, side: 0 | 1): number | null {
  if (alt === undefined) return (side === 0 ? peers?.small : peers?.large) ?? null;
  const known = otherPairs.filter(([small, large]) => small in alt && large in alt).map((pair) => alt[pair[side]] ?? 0);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

function numberOf(text: string): number {
  return parseInt(createHash('sha256').update(text).digest('hex').slice(0, 8), 16);
}

/** The question without options, white space and signs: the same for a question in two sources that wrap it differently. */
function stemOf(prompt: string): string {
  const [question = ''] = prompt.split(/\n\(?A[.)]\s/, 1);
  const stem = question
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '');
  return stem === '' ? prompt : stem;
}

/** KOR asks up to ten questions about one rule: these are one fold, or the rule would be known. */
function foldOf({ group, subject, prompt }: Row): number {
  return numberOf(`fold${group === 'kor' ? `kor ${subject}` : stemOf(prompt)}`) % foldCount;
}

function sourceOf({ source }: Row): string {
  return source.replace(/^(routellm|zeroeval)\//, '');
}

export function readOutcomes(dataDir: string): OutcomeRow[] {
  const rows = files.flatMap((file) =>
    readFileSync(`${dataDir}/routing/${file}.dev.jsonl`, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => Row.parse(JSON.parse(line))),
  );
  const trained = trainedIds(rows);
  return rows.map((row) => {
    const source = sourceOf(row);
    return {
      id: row.id,
      source,
      group: row.group ?? (isOlder(source) ? groupOf[source] : source),
      subject: row.subject,
      prompt: row.prompt,
      small: row.small,
      large: row.large,
      otherSmall: meanOf(row, 0),
      otherLarge: meanOf(row, 1),
      fold: foldOf(row),
      isTrained: trained.has(row.id),
    };
  });
}

function trainedIds(rows: readonly Row[]): ReadonlySet<string> {
  const bySource = Map.groupBy(rows, sourceOf);
  return new Set(
    [...bySource.values()].flatMap((some) =>
      some
        .map(({ id }) => ({ id, order: numberOf(`cap ${id}`) }))
        .toSorted((a, b) => a.order - b.order)
        .slice(0, mostTrained)
        .map(({ id }) => id),
    ),
  );
}

export function requestOf(row: OutcomeRow): InnerRequest {
  return innerRequest({ model: 'auto', messages: [{ role: 'user', content: row.prompt }] });
}

/** SHA-256 over all files trained on, in a fixed order. */
export function hashData(dataDir: string, ownFiles: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(`${dataDir}/routing/${file}.dev.jsonl`));
  hash.update(readFileSync(`${dataDir}/routing/labelled-requests.jsonl`));
  for (const file of ownFiles) hash.update(readFileSync(file));
  return hash.digest('hex');
}
