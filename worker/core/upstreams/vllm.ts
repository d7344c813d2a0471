/**
 * vLLM's OpenAI-compatible server, 2025 and 2026 releases, and compatible ones (Ollama, llama.cpp, MAX Serve). Accepts every known
 * variant: old error bodies, `reasoning` and `reasoning_content`, missing nulls.
 */
import { fail, ok } from '../../../shared/result.ts';
import type { HideSecrets } from '../log/known-secrets.ts';
import type { Dialect } from './dialect.ts';
import { readFinishReason } from './finish-reasons.ts';
import { asObject, asString } from '../json/view.ts';
import { readChunk, readCompletion } from './read-answer.ts';
import { readError, readErrorEvent } from './read-error.ts';
import { noAnswer } from './transport-failure.ts';
import { vllmCounting } from './vllm-counting.ts';
import { createPooling } from './vllm-pooling.ts';
import { vllmProbe } from './vllm-probe.ts';
import { encodeRequest } from './vllm-request.ts';

export function createVllm(hideSecrets: HideSecrets): Dialect {
  return {
    headers: (key) => (key === null ? {} : { authorization: `Bearer ${key}` }),

    probe: vllmProbe,

    counting: vllmCounting,

    encode: (request, options) => ({ path: '/v1/chat/completions', body: encodeRequest(request, options) }),

    readError: (head, body, nowMs) => readError(head, body, nowMs, hideSecrets),

    readCompletion(body) {
      const completion = readCompletion(body);
      if (completion !== null) return ok(completion);
      const error = errorIn(body);
      return fail(error === null ? noAnswer : readErrorEvent(error, hideSecrets));
    },

    readChunk(payload) {
      const error = errorIn(payload);
      return error === null ? readChunk(payload) : fail(readErrorEvent(error, hideSecrets));
    },

    readFinish: readFinishReason,

    pooling: createPooling((body) => {
      const error = errorIn(body);
      return error === null ? null : readErrorEvent(error, hideSecrets);
    }),

    isEndMark: (payload) => payload === '[DONE]' || (payload.length < 16 && payload.trim() === '[DONE]'),
  };
}

/** The error in an answer or an event; null when there is none. Older releases have the error's fields at the root. */
function errorIn(body: unknown): Readonly<Record<string, unknown>> | string | null {
  const root = asObject(body);
  return asObject(root?.['error']) ?? (asString(root?.['error']) || null) ?? (root?.['object'] === 'error' ? root : null);
}
