/** The public outcome rows of `$POINTSMAN_DATA_DIR/routing`: reading, folds that keep one question together, and the data's hash. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import type { InnerRequest } from '../../worker/core/request/inner-request.ts';
import { innerRequest } from '../../worker/core/surfaces/chat/inner-request.ts';

export const sliceIds = ['mmlu', 'gsm8k', 'crux', 'math-l5', 'gsm'] as const;
export type SliceId = (typeof sliceIds)[number];

const files: Readonly<Record<SliceId, string>> = {
  mmlu: 'routellm-mmlu.dev.jsonl',
  gsm8k: 'routellm-gsm8k.dev.jsonl',
  crux: 'zeroeval-crux.dev.jsonl',
  'math-l5': 'zeroeval-math-l5.dev.jsonl',
  gsm: 'zeroeval-gsm.dev.jsonl',
};

/** Slices that share questions are left out together when a source is left out: else the questions would leak. */
export const sourceOf: Readonly<Record<SliceId, string>> = {
  mmlu: 'mmlu',
  gsm8k: 'gsm8k',
  crux: 'crux',
  'math-l5': 'math-l5',
  gsm: 'gsm8k',
};

const Row = z.object({
  id: z.string(),
  prompt: z.string(),
  small_correct: z.number(),
  large_correct: z.number(),
  alt: z.record(z.string(), z.number()).optional(),
});

export interface OutcomeRow {
  readonly id: string;
  readonly slice: SliceId;
  readonly prompt: string;
  readonly small: number;
  readonly large: number;
  /** Mean outcomes of the other small and large models on this prompt; null where none are known. */
  readonly otherSmall: number | null;
  readonly otherLarge: number | null;
  readonly fold: number;
}

export const foldCount = 5;

/** Pairs of other models that answered the same prompts. */
const otherPairs = [
  ['Meta-Llama-3.1-8B-Instruct', 'Meta-Llama-3.1-70B-Instruct'],
  ['Qwen2.5-3B-Instruct', 'Qwen2.5-72B-Instruct'],
  ['Qwen2-7B-Instruct', 'Qwen2-72B-Instruct'],
] as const;

function meanOf(alt: Record<string, number> | undefined, side: 0 | 1): number | null {
  const known = otherPairs
    .filter(([small, large]) => alt !== undefined && small in alt && large in alt)
    .map((pair) => alt?.[pair[side]] ?? 0);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

/** Fold by the normalised question, so that one question in two slices is always on one side. */
function foldOf(prompt: string): number {
  const normalised = prompt.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();
  return parseInt(createHash('sha256').update(`fold${normalised}`).digest('hex').slice(0, 8), 16) % foldCount;
}

export function readOutcomes(dataDir: string): OutcomeRow[] {
  return sliceIds.flatMap((slice) =>
    readFileSync(`${dataDir}/routing/${files[slice]}`, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const row = Row.parse(JSON.parse(line));
        return {
          id: row.id,
          slice,
          prompt: row.prompt,
          small: row.small_correct,
          large: row.large_correct,
          otherSmall: meanOf(row.alt, 0),
          otherLarge: meanOf(row.alt, 1),
          fold: foldOf(row.prompt),
        };
      }),
  );
}

export function requestOf(row: OutcomeRow): InnerRequest {
  return innerRequest({ model: 'auto', messages: [{ role: 'user', content: row.prompt }] });
}

/** SHA-256 over all files trained on, in a fixed order. */
export function hashData(dataDir: string, ownFiles: readonly string[]): string {
  const hash = createHash('sha256');
  for (const slice of sliceIds) hash.update(readFileSync(`${dataDir}/routing/${files[slice]}`));
  hash.update(readFileSync(`${dataDir}/routing/labelled-requests.jsonl`));
  for (const file of ownFiles) hash.update(readFileSync(file));
  return hash.digest('hex');
}
