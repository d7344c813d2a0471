/** The prompt by its name on this wire. */
import type { Failure } from '../../../../shared/errors.ts';

export function withPrompt(failure: Failure): Failure {
  const { code, sentence, detail, param, retryAfterMs } = failure;
  if (param === undefined || !/^messages(?:\.|$)/.test(param)) return failure;
  return {
    code,
    ...(sentence === undefined ? {} : { sentence }),
    ...(detail === undefined ? {} : { detail }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    param: 'prompt',
  };
}
