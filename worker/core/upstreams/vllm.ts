/**
 * vLLM's OpenAI-compatible server, 2025 and 2026 releases, and whatever speaks alike (Ollama, llama.cpp, MAX Serve). Tolerant of every
 * variant known: old error bodies, `reasoning` and `reasoning_content`, missing nulls.
 */
import { fail, ok } from '../../../shared/result.ts';
import type { Dialect } from './dialect.ts';
import { readFinishReason } from './finish-reasons.ts';
import { asObject, asString } from './json-view.ts';
import { readChunk, readCompletion } from './read-answer.ts';
import { readError, readErrorEvent } from './read-error.ts';
import type { UpstreamFailure } from './transport-failure.ts';
import { encodeRequest } from './vllm-request.ts';

export const vllm: Dialect = {
  chatPath: '/v1/chat/completions',
  encode: encodeRequest,

  readError,

  readCompletion(body) {
    const completion = readCompletion(body);
    if (completion !== null) return ok(completion);
    return fail(errorIn(body) ?? { failure: { code: 'upstream_invalid_answer' }, cause: 'invalid_answer' });
  },

  readChunk(payload) {
    const error = errorIn(payload);
    return error === null ? readChunk(payload) : fail(error);
  },

  readFinish: readFinishReason,
};

/** What an answer or an event says that is an error. Older releases have the error's fields at the root. */
function errorIn(body: unknown): UpstreamFailure | null {
  const root = asObject(body);
  const error = asObject(root?.['error']) ?? (asString(root?.['error']) || null) ?? (root?.['object'] === 'error' ? root : null);
  return error === null ? null : readErrorEvent(error);
}
