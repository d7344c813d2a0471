import { describe, expect, it } from 'vitest';
import { mayHaveWorked, unseenUsage } from '../../../worker/core/cost/unseen-work.ts';

describe('mayHaveWorked', () => {
  const end = { isGivenUp: false, cause: null, isTimeout: false, ranMs: 5000 };

  it.each([
    ['was given up', { isGivenUp: true, ranMs: 3 }, true],
    ['lost its connection after a while', { cause: 'unreachable' }, true],
    ['could not connect', { cause: 'unreachable', ranMs: 20 }, false],
    ['was reset before its first token, after a while', { cause: 'reset' }, true],
    ['was reset at once', { cause: 'reset', ranMs: 999 }, false],
    ['came as something that cannot be read', { cause: 'invalid_answer' }, true],
    ['ended in a proxy’s timeout', { cause: 'gateway_error', isTimeout: true }, true],
    ['ended in a proxy’s error', { cause: 'gateway_error' }, false],
    ['was turned away by the server', { cause: 'overload' }, false],
    ['failed in the server', { cause: 'server_error' }, false],
    ['was the client’s mistake', { cause: 'client' }, false],
  ] as const)('a call that %s', (_, changes, expected) => {
    expect(mayHaveWorked({ ...end, ...changes })).toBe(expected);
  });
});

describe('unseenUsage', () => {
  const work = {
    ranMs: 3000,
    isWatched: false,
    tokensPerSecond: 40,
    choices: 1,
    maxTokens: 500,
    promptTokensEstimate: 100,
    maxPromptTokens: 800,
  };

  it.each([
    ['the time it ran at the model’s pace', {}, 134, 120],
    ['every choice, since they are made at the same time', { choices: 3 }, 134, 360],
    ['no more than was allowed', { ranMs: 60_000 }, 134, 500],
    ['the prompt alone, where tokens would have been seen', { isWatched: true }, 134, 0],
    ['no more of a prompt than was reserved', { promptTokensEstimate: 700 }, 800, 120],
  ])('books %s', (_, changes, promptTokens, completionTokens) => {
    expect(unseenUsage({ ...work, ...changes })).toMatchObject({ promptTokens, completionTokens, isEstimated: true });
  });
});
