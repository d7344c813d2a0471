/** Whether a model can do what is asked, and the task as it is sent: without fields that say nothing to it. */
import type { ModelConfig } from '../../../shared/config.ts';
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import type { PoolingTask } from '../request/pooling-task.ts';
import { firstTooLong } from './input-tokens.ts';

/** An estimate may be a quarter too low. */
const estimateMargin = 1.34;

/** @param tokens of each input, about; @param room tokens of one input that the model has room for */
export function fitTask(
  task: PoolingTask,
  { modelId, model, room }: { readonly modelId: string; readonly model: ModelConfig; readonly room: number },
  tokens: readonly number[],
): Result<PoolingTask, Failure> {
  const sized = fitDimensions(task, modelId, model);
  if (!sized.ok) return sized;
  const tooLong = firstTooLong(task, tokens, room);
  if (tooLong !== null) {
    const field = task.kind === 'reranker' ? 'documents' : 'input';
    const detail = `About ${tooLong.tokens} tokens do not fit into the ${room} of ${modelId}. Send it in pieces, or cut it with truncate_prompt_tokens.`;
    return fail({ code: 'context_length_exceeded', param: `${field}.${tooLong.index}`, detail });
  }
  // Some servers refuse a field that they do not know: inputs are to be cut only where one may be too long.
  const isNeedless = task.truncateTokens === -1 && tokens.every((count) => count * estimateMargin <= room);
  return ok(isNeedless ? { ...sized.value, truncateTokens: null } : sized.value);
}

function fitDimensions(task: PoolingTask, modelId: string, { dimensions, shortens }: ModelConfig): Result<PoolingTask, Failure> {
  if (task.kind !== 'embedding' || task.dimensions === null) return ok(task);
  if (task.dimensions === dimensions) return ok({ ...task, dimensions: null });
  const most = dimensions ?? task.dimensions;
  if (shortens && task.dimensions < most) return ok(task);
  const own = dimensions === undefined ? 'of one length' : `of ${dimensions} numbers`;
  const detail = shortens
    ? `${modelId} makes vectors of at most ${most} numbers.`
    : `${modelId} makes vectors ${own} and cannot shorten them.`;
  return fail({ code: 'invalid_value', param: 'dimensions', detail });
}
