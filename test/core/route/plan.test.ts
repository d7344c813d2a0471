/** From a request to an ordered list of attempts: what decides, in which order, and the reason it leaves. */
import { describe, expect, it } from 'vitest';
import { buildView } from '../../../worker/core/classify/view.ts';
import { innerRequest } from '../../../worker/core/surfaces/chat/inner-request.ts';
import type { PlanInput } from '../../../worker/core/route/plan.ts';
import { configWith } from '../../support/fakes/config.ts';
import { type Case, hello, order, pair, planned, promptOf, route, schema, tools, withImage } from './situation.ts';

describe('planRoute: what is tried, in which order', () => {
  it.each<readonly [string, Case, string, string]>([
    ['a simple request goes to the small tier and its chain', {}, 's1@small s1@east s2@west l1@large l2@east', 'small'],
    ['a complex one goes to the large tier and its chain', { score: 0.9 }, 'l1@large l2@east s1@small s1@east', 'large'],
    ['a score at the threshold is large', { score: 0.6 }, 'l1@large l2@east s1@small s1@east', 'large'],
    ['a model by id, whatever the score', { request: { model: 'l1' } }, 'l1@large l2@east s1@small s1@east', 'large'],
    ['a model by served name', { request: { model: 's2' }, score: 0.9 }, 's2@west s1@small s1@east', 'small'],
    ['a model by alias, with an empty chain', { request: { model: 'house' } }, 'l2@east', 'large'],
    ['auto by alias', { request: { model: 'gpt-4o' }, score: 0.9 }, 'l1@large l2@east s1@small s1@east', 'large'],
    ['a tier by name, whatever the score', { request: { model: 'large' } }, 'l1@large l2@east s1@small s1@east', 'large'],
    ['the small tier by name', { request: { model: 'small' }, score: 0.9 }, 's1@small s1@east s2@west l1@large l2@east', 'small'],
    ['an image goes to what can see', { request: { messages: withImage } }, 'eye@west', 'vision'],
    [
      'an image with the small tier asked for goes to what can see',
      { request: { model: 'small', messages: withImage } },
      'eye@west',
      'small',
    ],
    ['the vision tier without an image', { request: { model: 'vision' } }, 'eye@west', 'vision'],
    ['tools leave out who cannot call them', { request: { tools } }, 's1@small s1@east l1@large l2@east', 'small'],
    [
      'a schema leaves out who cannot keep to one',
      { request: { response_format: schema } },
      's1@small s1@east l1@large l2@east',
      'small',
    ],
    [
      'JSON without a schema leaves out nobody',
      { request: { response_format: { type: 'json_object' } } },
      's1@small s1@east s2@west l1@large l2@east',
      'small',
    ],
    [
      'a message to continue leaves out who cannot',
      { request: { continue_final_message: true }, score: 0.9 },
      'l1@large l2@east s1@small s1@east',
      'large',
    ],
    [
      'a form of vLLM’s leaves out who cannot keep to one',
      { request: { structured_outputs: { regex: 'a' } } },
      's1@small s1@east l1@large l2@east',
      'small',
    ],
    ['a long answer leaves out who has no room', { request: { max_tokens: 10_000 } }, 'l1@large l2@east', 'small'],
    ['a very long one leaves the roomiest', { request: { max_tokens: 100_000 } }, 'l2@east', 'small'],
    ["the key's models alone", { allowed: ['s2', 'l2'] }, 's2@west l2@east', 'small'],
    ['a model that is down comes last', { down: ['s1'] }, 's2@west l1@large l2@east s1@small s1@east', 'small'],
    ['two levels down leave the third', { down: ['s1', 's2', 'l1'] }, 'l2@east s1@small s1@east s2@west l1@large', 'small'],
    [
      'with everything down the order stays',
      { down: ['s1', 's2', 'l1', 'l2'] },
      's1@small s1@east s2@west l1@large l2@east',
      'small',
    ],
    ['the only one stays, down or not', { request: { model: 'l2' }, down: ['l2'] }, 'l2@east', 'large'],
  ])('%s', (_, situation, expected, tier) => {
    const route = planned(situation);
    expect(order(route)).toBe(expected);
    expect(route.decision.tier).toBe(tier);
    expect(route.failure).toBeNull();
    expect(route.decision.modelId).toBe(route.plan.candidates[0]?.modelId);
  });

  it('tells each attempt its tunnel and its room', () => {
    expect(planned({}).plan.candidates.slice(0, 2)).toMatchObject([
      { upstreamId: 'small', tunnelId: 'main', contextTokens: 8192 },
      { upstreamId: 'east', tunnelId: 'east', contextTokens: 8192 },
    ]);
  });

  it('a tier without models falls back on those that read text', () => {
    const config = configWith({ models: { 'qwen2.5-7b': { tier: 'large' } } });
    expect(order(planned({ change: { config } }))).toBe('qwen2.5-7b@small qwen2.5-32b@large');
  });

  it('tries nothing twice, whatever chains say', () => {
    const seen = planned({}).plan.candidates.map(({ modelId, upstreamId }) => `${modelId}@${upstreamId}`);
    expect(new Set(seen).size).toBe(seen.length);
  });
});

describe('planRoute: reasons', () => {
  it.each<readonly [string, Case, RegExp]>([
    ['a model', { request: { model: 'l1' } }, /^l1 was asked for$/],
    ['a tier', { request: { model: 'large' } }, /^the large tier was asked for$/],
    ['an image', { request: { messages: withImage } }, /^the request has an image$/],
    ['a low score', { score: 0.25 }, /^complexity 0\.25 is below 0\.60: a reason$/],
    ['a high score', { score: 0.75 }, /^complexity 0\.75 reaches 0\.60: a reason$/],
    [
      'no room',
      { request: { model: 's1', messages: promptOf(20_000) } },
      /^s1 was asked for; l1 instead of s1: at least 1\d{4} tokens do not fit into 8192$/,
    ],
    ['no tools', { request: { model: 's2', tools } }, /; s1 instead of s2: it cannot call tools$/],
    ['no schema', { request: { model: 's2', response_format: schema } }, /; s1 instead of s2: it cannot keep to a schema$/],
    ['the key', { allowed: ['l1'] }, /; l1 instead of s1: the key may not use it$/],
    ['health', { down: ['s1'] }, /; s2 instead of s1: it is down$/],
    ['blindness', { request: { model: 'large', messages: withImage } }, /; eye instead of l1: it cannot see images$/],
  ])('say what decided: %s', (_, situation, reason) => {
    const { decision, plan } = planned(situation);
    expect(decision.reason).toMatch(reason);
    expect(plan.candidates[0]?.reason).toBe(decision.reason);
  });

  it('every later attempt says for whom it stands in', () => {
    const reasons = planned({ score: 0.9 })
      .plan.candidates.filter(({ modelId }) => modelId !== 'l1')
      .map(({ reason }) => reason);
    expect(new Set(reasons)).toEqual(new Set(['stands in for l1']));
  });

  it('names every model that could not be used, and why', () => {
    const { rejected } = planned({ request: { tools, max_tokens: 6000 }, allowed: ['s2', 'l1', 'l2'] }).decision;
    expect(rejected).toEqual([
      { modelId: 's1', reason: 'the key may not use it' },
      { modelId: 's2', reason: 'it cannot call tools' },
    ]);
  });
});

describe('planRoute: whose answer is a fallback', () => {
  it.each<readonly [string, Case, string, string]>([
    ['nobody is down', {}, 's1', 's1'],
    ['the first is down', { down: ['s1'] }, 's2', 's1'],
    ['everything is down', { down: ['s1', 's2', 'l1', 'l2'] }, 's1', 's1'],
    ['one that could not be used anyhow is down', { request: { tools }, down: ['s2'] }, 's1', 's1'],
    ['one without room is no primary', { request: { max_tokens: 10_000 } }, 'l1', 'l1'],
  ])('when %s', (_, situation, modelId, primaryModelId) => {
    expect(planned(situation).decision).toMatchObject({ modelId, primaryModelId });
  });

  it.each<readonly [string, Case, boolean]>([
    ['auto', {}, false],
    ['an image', { request: { messages: withImage } }, false],
    ['a tier', { request: { model: 'small' } }, true],
    ['a model', { request: { model: 's2' } }, true],
  ])('%s: is the client said to have forced it?', (_, situation, isForced) => {
    expect(planned(situation).decision.isForced).toBe(isForced);
  });
});

describe('planRoute: nothing to try', () => {
  it.each<readonly [string, Case, object]>([
    [
      'an image and no vision model',
      { request: { messages: withImage }, change: { config: pair } },
      {
        code: 'vision_model_missing',
        param: 'messages',
        detail: expect.stringMatching(/^It has an image, and no vision model is/),
      },
    ],
    [
      'an image for a model that is blind',
      { request: { model: 'l2', messages: withImage } },
      {
        code: 'vision_model_missing',
        param: 'messages',
        detail: 'It has an image, and l2 sees none. Use eye or auto.',
      },
    ],
    [
      'the vision tier and no vision model',
      { request: { model: 'vision' }, change: { config: pair } },
      {
        code: 'vision_model_missing',
        param: 'model',
        detail: expect.stringMatching(/^The vision tier was asked for, and no vision/),
      },
    ],
    [
      'a message to continue, and only a model that cannot',
      { request: { model: 's2', continue_final_message: true }, allowed: ['s2'] },
      { code: 'unsupported_parameter', param: 'continue_final_message' },
    ],
    [
      'a hint of an image and no vision model',
      { change: { config: pair, hasVisionHint: true } },
      { code: 'vision_model_missing', param: 'model', detail: expect.stringMatching(/^Its metadata says that it is about an/) },
    ],
    [
      'a prompt that no model has room for',
      { request: { messages: promptOf(200_000) } },
      { code: 'context_length_exceeded', param: 'messages' },
    ],
    [
      'a key whose models are not configured any more',
      { allowed: ['gone'] },
      { code: 'model_not_allowed', param: 'model', detail: 'None of the models that it may use is configured.' },
    ],
    [
      'tools for a model that cannot, with no one to stand in',
      { request: { model: 's2', tools }, allowed: ['s2'] },
      { code: 'model_not_allowed', detail: 'None that it may use can take the request. Allowed: s2.' },
    ],
    [
      'tools, and only models that cannot call them',
      { request: { tools }, allowed: ['s2'] },
      { code: 'model_not_allowed', detail: 'None that it may use can take the request. Allowed: s2.' },
    ],
    [
      'an image, and only models that cannot see',
      { request: { messages: withImage }, allowed: ['s1', 'l1'] },
      { code: 'model_not_allowed', param: 'model', detail: 'None that it may use can take the request. Allowed: s1, l1.' },
    ],
    [
      'a prompt that those that are allowed have no room for, though another has',
      { request: { messages: promptOf(80_000) }, allowed: ['s1', 'l1'] },
      { code: 'context_length_exceeded', param: 'messages' },
    ],
  ])('%s', (_, situation, failure) => {
    const { plan, decision, failure: found } = planned(situation);
    expect(found).toMatchObject(failure);
    expect([plan.candidates, decision.modelId, decision.primaryModelId]).toEqual([[], null, null]);
  });

  it('says vision for an image, so that a dry run can show it', () => {
    expect(planned({ request: { messages: withImage }, change: { config: pair } }).decision.tier).toBe('vision');
  });

  it('says how many tokens it takes and how many fit', () => {
    expect(planned({ request: { messages: promptOf(200_000) } }).failure?.detail).toMatch(
      /^This model's maximum context length is 131072 tokens\. However, your messages resulted in at least 1\d{5} tokens\./,
    );
  });
});

describe('planRoute: room', () => {
  it('leaves a prompt that only might be too long to the model server', () => {
    const content = 'word '.repeat(8000);
    const { estimatedPromptTokens } = buildView(innerRequest({ ...hello, messages: [{ role: 'user', content }] }));
    expect(estimatedPromptTokens).toBeGreaterThan(8192 * 0.9);
    const { plan } = planned({ request: { messages: [{ role: 'user', content }] } });
    expect(plan.requiredContextTokens).toBeLessThan(estimatedPromptTokens);
    expect(plan.candidates[0]?.modelId).toBe('s1');
  });

  it.each<readonly [string, Case, string]>([
    ['an answer longer than any context stays where it was to go', { request: { max_tokens: 200_000 } }, 's1'],
    ['an answer too long for the tier that was asked for stays there', { request: { model: 'small', max_tokens: 20_000 } }, 's1'],
    ['an answer too long for the model that was asked for stays there', { request: { model: 's2', max_tokens: 20_000 } }, 's2'],
  ])('%s', (_, situation, modelId) => {
    const { decision, failure } = planned(situation);
    expect([failure, decision.modelId]).toEqual([null, modelId]);
  });
});

describe('planRoute: room that servers say they have', () => {
  const says = (rooms: Record<string, number>): Partial<PlanInput> => ({
    serverRoomOf: (modelId, upstreamId) => rooms[`${modelId}@${upstreamId}`] ?? null,
  });

  it('counts instead of what is configured, for each upstream', () => {
    const { plan } = planned({ change: says({ 's1@small': 2048, 'l1@large': 65_536 }) });
    const rooms = plan.candidates.map(({ modelId, upstreamId, contextTokens }) => [`${modelId}@${upstreamId}`, contextTokens]);
    expect(Object.fromEntries(rooms)).toMatchObject({ 's1@small': 2048, 's1@east': 8192, 'l1@large': 65_536 });
  });

  it('sends on what no upstream of a model has room for, and keeps what one of them has', () => {
    const request = { messages: promptOf(6000) };
    const first = (change: Partial<PlanInput>) => planned({ request, change }).decision.modelId;
    expect(first(says({ 's1@small': 2048, 's1@east': 2048 }))).toBe('l1');
    expect(first(says({ 's1@small': 2048 }))).toBe('s1');
  });

  it('lets a prompt through that the configuration has no room for', () => {
    const request = { model: 's2', messages: promptOf(20_000) };
    expect(planned({ request, change: says({ 's2@west': 131_072 }) }).decision.modelId).toBe('s2');
  });
});

describe('planRoute: several upstreams of one model', () => {
  const firstOf = (change: Partial<PlanInput>): string | undefined =>
    planned({ request: { model: 's1' }, change }).plan.candidates[0]?.upstreamId;

  it('asks the least loaded one first', () => {
    expect(firstOf({ queueOf: (id) => (id === 'small' ? 5 : 1) })).toBe('east');
    expect(firstOf({ queueOf: (id) => (id === 'small' ? 1 : 5) })).toBe('small');
  });

  it('spreads requests by weight when their load is equal', () => {
    const config = configWith({
      upstreams: { east: { ...route, url_var: 'EAST_URL', weight: 3 } },
      models: { 'qwen2.5-7b': { upstreams: ['small', 'east'] } },
    });
    let seed = 1;
    const random = () => {
      seed = (seed * 48271) % 2147483647;
      return seed / 2147483647;
    };
    let east = 0;
    for (let i = 0; i < 2000; i += 1) {
      const { plan } = planned({ request: { model: 'qwen2.5-7b' }, change: { config, random } });
      if (plan.candidates[0]?.upstreamId === 'east') east += 1;
    }
    expect(east / 2000).toBeGreaterThan(0.71);
    expect(east / 2000).toBeLessThan(0.79);
  });
});
