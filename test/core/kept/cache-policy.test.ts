/** What may be read from the cache and what may be kept: by configuration, by `cache-control`, by the request, by how it was answered. */
import { describe, expect, it } from 'vitest';
import type { AnswerState } from '../../../worker/core/answer/answer.ts';
import { cacheUse, type EndedAnswer, readCacheControl, mayBeGivenAgain } from '../../../worker/core/kept/cache-policy.ts';
import { chatSurface } from '../../../worker/core/surfaces/chat/chat-surface.ts';
import { addContent, createChoice } from '../../../worker/core/answer/choice.ts';
import { configWith } from '../../support/fakes/config.ts';

const cacheOf = (patch: object = {}) => configWith({ cache: { enabled: true, ...patch } }).cache;
const plain = { isIdempotent: false, isKeyExcluded: false, isInExperiment: false };
const hello = { messages: [{ role: 'user', content: 'hello' }], temperature: 0 };

function use(body: object, patch: object = {}, header: string | null = null, beside: Partial<typeof plain> = {}): string {
  const read = chatSurface.read(JSON.stringify(body), configWith());
  if (!read.ok) throw new Error(JSON.stringify(read.failure));
  const { reads, keeps, shares } = cacheUse(cacheOf(patch), read.value.request, {
    wish: readCacheControl(header),
    ...plain,
    ...beside,
  });
  return [reads && 'reads', keeps && 'keeps', shares && 'shares'].filter(Boolean).join(' ');
}

describe('cache-control', () => {
  it.each([
    [null, { mayRead: true, mayKeep: true, maxAgeMs: null, isOnlyIfCached: false }],
    ['', { mayRead: true, mayKeep: true }],
    ['no-store', { mayRead: false, mayKeep: false }],
    ['no-cache', { mayRead: false, mayKeep: true }],
    ['NO-CACHE , max-age=5', { mayRead: false, mayKeep: true, maxAgeMs: 5000 }],
    ['max-age=60', { mayRead: true, maxAgeMs: 60_000 }],
    ['max-age="60"', { maxAgeMs: 60_000 }],
    ['max-age = 60', { maxAgeMs: 60_000 }],
    ['max-age=0', { maxAgeMs: 0 }],
    ['max-age', { maxAgeMs: 0 }],
    ['max-age=-1', { maxAgeMs: 0 }],
    ['max-age=soon', { maxAgeMs: 0 }],
    ['max-age=99999999999999999999', { maxAgeMs: 0 }],
    ['max-age=60, max-age=90', { maxAgeMs: 0 }],
    ['only-if-cached', { isOnlyIfCached: true, mayRead: true }],
    ['no-transform, min-fresh=3, whatever', { mayRead: true, mayKeep: true, maxAgeMs: null }],
  ])('%j', (header, wish) => {
    expect(readCacheControl(header)).toMatchObject(wish);
  });
});

describe('what a request does with the cache', () => {
  it.each<readonly [string, string, object, object, string | null]>([
    ['all of it at temperature 0', 'reads keeps shares', hello, {}, null],
    ['all of it with a seed', 'reads keeps shares', { ...hello, temperature: 0.7, seed: 1 }, {}, null],
    ['nothing where it is switched off', '', hello, { enabled: false }, null],
    ['nothing when it is sampled', '', { ...hello, temperature: 0.7 }, {}, null],
    ['nothing without a temperature: the server has its own', '', { ...hello, temperature: null }, {}, null],
    [
      'all of it when sampled answers are allowed',
      'reads keeps shares',
      { ...hello, temperature: 1 },
      { allow: ['sampled'] },
      null,
    ],
    ['only sharing when it is sampled and all may share', 'shares', { ...hello, temperature: 1 }, { single_flight: 'all' }, null],
    ['no sharing where that is off', 'reads keeps', hello, { single_flight: 'off' }, null],
    ['nothing with no-store', '', hello, { single_flight: 'all' }, 'no-store'],
    ['no reading with no-cache', 'keeps shares', hello, {}, 'no-cache'],
    ['no reading with max-age=0', 'keeps shares', hello, {}, 'max-age=0'],
    ['nothing for two choices', '', { ...hello, n: 2 }, { single_flight: 'all' }, null],
    ['nothing for log probabilities', '', { ...hello, logprobs: true }, {}, null],
  ])('%s', (_, expected, body, patch, header) => {
    expect(use(body, patch, header)).toBe(expected);
  });

  const tools = [{ type: 'function', function: { name: 'find' } }];
  const picture = (url: string) => ({
    ...hello,
    messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }],
  });
  it('nothing with tools unless they are allowed', () => {
    expect(use({ ...hello, tools })).toBe('');
    expect(use({ ...hello, tools }, { allow: ['tools'] })).toBe('reads keeps shares');
  });

  it('nothing with a picture behind an address, which may change; all of it with an embedded one', () => {
    expect(use(picture('https://example.com/a.png'))).toBe('');
    expect(use(picture('data:image/png;base64,iVBORw0KGgo='))).toBe('reads keeps shares');
  });

  it('nothing with an idempotency key or a key that is excluded, and nothing in an experiment unless that is allowed', () => {
    expect(use(hello, {}, null, { isIdempotent: true })).toBe('');
    expect(use(hello, {}, null, { isKeyExcluded: true })).toBe('');
    expect(use(hello, {}, null, { isInExperiment: true })).toBe('');
    expect(use(hello, { allow: ['experiment'] }, null, { isInExperiment: true })).toBe('reads keeps shares');
  });

  it('takes no answer that is older than the client or the configuration says', () => {
    const ageOf = (header: string | null) => {
      const read = chatSurface.read(JSON.stringify(hello), configWith());
      if (!read.ok) throw new Error('not read');
      return cacheUse(cacheOf({ ttl_ms: 60_000 }), read.value.request, { wish: readCacheControl(header), ...plain }).maxAgeMs;
    };
    expect([ageOf(null), ageOf('max-age=5'), ageOf('max-age=500')]).toEqual([60_000, 5000, 60_000]);
  });
});

/** A whole, good answer, with changes. */
function answered(change: { text?: string; choice?: object; state?: object; ended?: object } = {}): EndedAnswer {
  const parts = { createMachine: () => ({}), check: null, argumentsCheck: null, sent: null };
  // The machine of a choice is never asked here.
  const choice = createChoice(0, parts as never);
  addContent(choice, change.text ?? 'The answer.');
  choice.finishReason = 'stop';
  Object.assign(choice, change.choice ?? {});
  const state = { choices: new Map([[0, choice]]), contentChars: 11, warnings: [], ...change.state } as unknown as AnswerState;
  return { isOk: true, state, isFallback: false, isEscalated: false, isDoubtful: false, isRescued: false, ...change.ended };
}

describe('what may be kept', () => {
  it.each<readonly [string, boolean, Parameters<typeof answered>[0]]>([
    ['a whole answer', true, {}],
    [
      'one that ends with calls',
      true,
      { choice: { finishReason: 'tool_calls', calls: [{ id: 'c', name: 'f', arguments: '{}' }] } },
    ],
    ['one that failed', false, { ended: { isOk: false } }],
    ['one that nobody gave', false, { ended: { state: null } }],
    ['one that is cut off by its length', false, { choice: { finishReason: 'length' } }],
    ['one that a filter cut off', false, { choice: { finishReason: 'content_filter' } }],
    ['one without an end', false, { choice: { finishReason: null } }],
    ['one without choices', false, { state: { choices: new Map() } }],
    ['one of another model', false, { ended: { isFallback: true } }],
    ['one of the larger model after a doubtful one', false, { ended: { isEscalated: true } }],
    ['a doubtful one that was shown', false, { ended: { isDoubtful: true } }],
    ['one that broke off and was continued', false, { ended: { isRescued: true } }],
    ['one with a shortcoming', false, { state: { warnings: ['the arguments do not satisfy the schema'] } }],
    ['one that breaks its schema', false, { choice: { violations: [{ path: '', message: 'no' }] } }],
    ['one with a broken call', false, { choice: { hasBrokenCall: true } }],
    ['one with invalid arguments', false, { choice: { callVerdicts: { valid: 0, repaired: 0, invalid: 1, unchecked: 0 } } }],
    ['a refusal', false, { choice: { refusal: 'I cannot.' } }],
    ['one that is too long', false, { state: { contentChars: 200_001 } }],
  ])('%s: %s', (_, isKept, change) => {
    expect(mayBeGivenAgain(answered(change), cacheOf())).toBe(isKept);
  });

  it('not an empty answer, nor one of white space', () => {
    expect(mayBeGivenAgain(answered({ text: '' }), cacheOf())).toBe(false);
    expect(mayBeGivenAgain(answered({ text: ' \n' }), cacheOf())).toBe(false);
  });

  it('of another model or a larger one where that is allowed', () => {
    const allow = ['fallback', 'escalation'];
    expect(mayBeGivenAgain(answered({ ended: { isFallback: true } }), cacheOf({ allow }))).toBe(true);
    expect(mayBeGivenAgain(answered({ ended: { isEscalated: true } }), cacheOf({ allow }))).toBe(true);
  });
});
