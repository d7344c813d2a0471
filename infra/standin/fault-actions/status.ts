/** Faults that are HTTP error answers. */
import { setting } from '../fault-request.ts';
import type { FaultRequest } from '../fault-request.ts';
import { vllmError } from '../flavours/vllm-words.ts';
import type { Refusal } from '../refusal.ts';
import { contextWords } from './context-words.ts';
import type { FaultAction } from './fault-action.ts';

const TRACEBACK = [
  'Traceback (most recent call last):',
  '  File "/usr/local/lib/python3.12/dist-packages/vllm/v1/engine/core.py", line 701, in run_engine_core',
  '    raise RuntimeError("worker died, VLLM_API_KEY=sk-canary-upstream-key")',
  'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.32 GiB. GPU 0 has a total capacity of 44.34 GiB.',
].join('\n');

function rateLimited(retryAfter: string): Refusal {
  return { ...vllmError(429, 'RateLimitError', 'Too many requests'), headers: { 'retry-after': retryAfter } };
}

function seconds(fault: FaultRequest, fallback: number): string {
  return String(setting(fault, 'after', fallback));
}

function httpDate(fault: FaultRequest): string {
  return new Date(Date.now() + setting(fault, 'after', 2) * 1000).toUTCString();
}

export const statusFaults = {
  'bad-request': {
    refuse: ({ words }) =>
      words.invalid([{ type: 'less_than', loc: 'body.temperature', message: 'Input should be less than 2', input: 7 }]),
  },
  unprocessable: {
    refuse: () => ({
      status: 422,
      body: { detail: [{ type: 'missing', loc: ['body', 'messages'], msg: 'Field required', input: {} }] },
    }),
  },
  'context-length': { refuse: ({ words, maxModelLen, promptTokens }) => words.promptTooLong(maxModelLen, promptTokens) },
  'context-words': {
    refuse: ({ fault, maxModelLen, promptTokens }) =>
      contextWords(fault.settings['of'] ?? '', setting(fault, 'limit', maxModelLen), promptTokens),
  },
  'content-policy': {
    refuse: () => ({
      status: 400,
      body: {
        error: {
          message: 'The request was rejected by the content policy.',
          type: 'BadRequestError',
          param: null,
          code: 'content_policy_violation',
        },
      },
    }),
  },
  unauthorized: { refuse: ({ words }) => words.unauthorized },
  forbidden: { refuse: () => ({ status: 403, body: { error: 'Forbidden' } }) },
  'model-missing': { refuse: ({ words, servedName }) => words.modelMissing(servedName, []) },
  'rate-limit': { refuse: ({ fault }) => rateLimited(seconds(fault, 1)) },
  'rate-limit-date': { refuse: ({ fault }) => rateLimited(httpDate(fault)) },
  'rate-limit-absurd': { refuse: () => rateLimited('999999999999') },
  'rate-limit-garbage': { refuse: () => rateLimited('soon') },
  'server-error': { refuse: ({ words }) => words.engineDead },
  'legacy-error': {
    refuse: () => ({
      status: 500,
      body: { object: 'error', message: 'Internal server error', type: 'InternalServerError', param: null, code: 500 },
    }),
  },
  'out-of-memory': { refuse: () => vllmError(500, 'InternalServerError', TRACEBACK) },
  'bad-gateway': {
    refuse: () => ({
      status: 502,
      body: '<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>',
      headers: { 'content-type': 'text/html' },
    }),
  },
  'foreign-status': {
    refuse: ({ fault }) => ({
      status: setting(fault, 'status', 402),
      body: { error: { message: fault.settings['says'] ?? 'Not today.', type: null, param: null, code: null } },
    }),
  },
  'refuses-prefill': {
    refuse: ({ isContinuation }) =>
      isContinuation
        ? vllmError(400, 'BadRequestError', 'Assistant response prefill is not supported by this model.', 'messages')
        : null,
  },
  unavailable: { refuse: ({ words }) => words.overloaded },
  'unavailable-retry': {
    refuse: ({ fault, words }) => ({ ...words.overloaded, headers: { 'retry-after': seconds(fault, 2) } }),
  },
} satisfies Record<string, FaultAction>;
