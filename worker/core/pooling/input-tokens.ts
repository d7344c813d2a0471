/** How many tokens inputs have: about, for splitting and for bills without a count; and at the most, for budgets. */
import { estimateTokens } from '../classify/token-estimate.ts';
import { measureText } from '../classify/text-stats.ts';
import { sampleText } from '../classify/view.ts';
import type { PoolingInput, PoolingTask } from '../request/pooling-task.ts';

/** What a model's template puts around every input. */
const specialTokens = 4;

/** By input. A reranker and its kin read the query with every document. */
export function estimatedTokens(task: PoolingTask): readonly number[] {
  const query = task.kind === 'reranker' ? estimated(task.query) : 0;
  return task.inputs.map((input) => query + estimated(input) + specialTokens);
}

/** The most that all inputs can have: a tokenizer makes at most one token of a byte, and a server reads no more than a context. */
export function mostTokens(task: PoolingTask, contextTokens: number): number {
  const query = task.kind === 'reranker' ? most(task.query) : 0;
  return task.inputs.reduce((sum, input) => sum + Math.min(contextTokens, query + most(input) + specialTokens), 0);
}

function estimated(input: PoolingInput): number {
  if (typeof input !== 'string') return input.length;
  return Math.ceil(estimateTokens(measureText(sampleText(input)), input.length));
}

/** No character takes more than three bytes for each of its 16-bit units. */
function most(input: PoolingInput): number {
  if (typeof input !== 'string') return input.length;
  return /^[\0-\x7f]*$/.test(input) ? input.length : input.length * 3;
}

/** The share of an estimate that a text has for sure. */
const sureShare = 0.75;

/** The first input that is surely longer than a model's context, and its tokens; null without one. */
export function firstTooLong(
  { inputs, truncateTokens }: PoolingTask,
  tokens: readonly number[],
  contextTokens: number,
): { readonly index: number; readonly tokens: number } | null {
  if (truncateTokens !== null) return null;
  const index = tokens.findIndex(
    (count, i) => (typeof inputs[i] === 'string' ? Math.floor(count * sureShare) : count) > contextTokens,
  );
  return index === -1 ? null : { index, tokens: tokens[index] ?? 0 };
}
