/** Faults that are HTTP error answers. */
import { setting } from '../fault-request.ts';
import type { FaultRequest } from '../fault-request.ts';
import type { Refusal } from '../vllm-errors.ts';
import {
  contextExceeded,
  engineDead,
  modelMissing,
  overloaded,
  unauthorized,
  validationError,
  vllmError,
} from '../vllm-errors.ts';
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
    refuse: () => validationError([{ type: 'value_error', loc: 'body.temperature', msg: 'Input should be less than 2' }]),
  },
  unprocessable: {
    refuse: () => ({
      status: 422,
      body: { detail: [{ type: 'missing', loc: ['body', 'messages'], msg: 'Field required', input: {} }] },
    }),
  },
  'context-length': { refuse: ({ maxModelLen, promptTokens }) => contextExceeded(maxModelLen, promptTokens, maxModelLen) },
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
  unauthorized: { refuse: () => unauthorized },
  forbidden: { refuse: () => ({ status: 403, body: { error: 'Forbidden' } }) },
  'model-missing': { refuse: ({ servedName }) => modelMissing(servedName) },
  'rate-limit': { refuse: ({ fault }) => rateLimited(seconds(fault, 1)) },
  'rate-limit-date': { refuse: ({ fault }) => rateLimited(httpDate(fault)) },
  'rate-limit-absurd': { refuse: () => rateLimited('999999999999') },
  'rate-limit-garbage': { refuse: () => rateLimited('soon') },
  'server-error': { refuse: () => engineDead },
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
  unavailable: { refuse: () => overloaded },
  'unavailable-retry': { refuse: ({ fault }) => ({ ...overloaded, headers: { 'retry-after': seconds(fault, 2) } }) },
} satisfies Record<string, FaultAction>;
