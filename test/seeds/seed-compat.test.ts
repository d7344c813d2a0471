/** The published original's classifier (profile seed-compat) over HTTP: its router and strategy situations, and its load-test mix. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChatRequest } from '../../shared/chat.ts';
import { askBody as ask, chatBody as chat, filler, seedMix, tools } from '../core/classify/requests.ts';
import { type ProfileGateway, startProfile } from './profile-gateway.ts';

let gateway: ProfileGateway;

beforeAll(async () => {
  gateway = await startProfile('seed-compat', {
    routing: {
      health: { probe_interval_ms: 300, probe_interval_down_ms: 300, snapshot_max_age_ms: 100, unhealthy_threshold: 1 },
    },
  });
}, 60_000);
afterAll(() => gateway?.stop());

const decide = async (request: ChatRequest) => (await gateway.route({ ...request })).decision;
const rich = ask(`analyze compare debug evaluate critique ${filler(150)}`, {
  tools: tools(1),
  response_format: { type: 'json_object' },
});

describe('the load-test mix of 60', () => {
  test('is 40 small and 20 large, as answered and as booked', async () => {
    const answers = await Promise.all(seedMix.map(async (request) => gateway.chat({ ...request, max_tokens: 8 })));
    const models = answers.map((answer) => JSON.parse(answer.headers.get('x-routing-metadata') ?? '{}').model_id);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(60);
    expect(models.filter((id) => id === 'qwen2.5-7b')).toHaveLength(40);
    expect(models.filter((id) => id === 'qwen2.5-32b')).toHaveLength(20);
    await expect
      .poll(async () => (await gateway.stats())['routing_split'], { timeout: 5000 })
      .toMatchObject({
        small: { requests: 40, percent: 66.67 },
        large: { requests: 20, percent: 33.33 },
      });
  });
});

describe('the router', () => {
  test.each<[string, ChatRequest, string]>([
    ['a short sum', ask('What is 3 plus 4?'), 'small'],
    ['a long analysis with tools and JSON mode', rich, 'large'],
    ['a message with one keyword', ask('Please debug it'), 'small'],
    ['plain chat at its best, which tops out at 0.59', ask(`analyze compare debug evaluate ${filler(200)}`), 'small'],
  ])('%s', async (_, request, tier) => {
    const { score, tier: decided } = await decide(request);
    expect(decided).toBe(tier);
    expect(score).toBeGreaterThanOrEqual(0);
    expect(score).toBeLessThanOrEqual(1);
  });

  test('tools, a response format and more turns each raise the score', async () => {
    const plain = (await decide(ask('Look it up'))).score;
    expect((await decide(ask('Look it up', { tools: tools(1) }))).score).toBeGreaterThan(plain);
    expect((await decide(ask('Look it up', { response_format: { type: 'json_object' } }))).score).toBeGreaterThan(plain);
    expect((await decide(chat('so', 'and', 'Look it up'))).score).toBeGreaterThan(plain);
  });
});

describe('the strategy', () => {
  test.each([
    ['small', 'qwen2.5-7b'],
    ['large', 'qwen2.5-32b'],
    ['Qwen/Qwen2.5-7B-Instruct', 'qwen2.5-7b'],
    ['Qwen/Qwen2.5-32B-Instruct-AWQ', 'qwen2.5-32b'],
  ])('a model asked for as %s is that one', async (model, id) => {
    expect((await decide({ ...ask('Hello'), model })).model_id).toBe(id);
  });

  // The original takes any name with "8b" or "70b" in it for a size; here a name is one that is configured, or it is none.
  test('a name that merely holds a size is refused, not guessed', async () => {
    const answer = await gateway.chat({ ...ask('Hello'), model: 'some-70b-model' });
    expect(answer.status).toBe(404);
    expect(JSON.parse(await answer.text()).error.code).toBe('model_not_found');
  });

  test('a greeting goes to the small model and says why, a rich request to the large one', async () => {
    expect(await decide(ask('Hello'))).toMatchObject({
      model_id: 'qwen2.5-7b',
      reason: expect.stringContaining('is below 0.60'),
    });
    expect(await decide(rich)).toMatchObject({ model_id: 'qwen2.5-32b', reason: expect.stringContaining('reaches 0.60') });
  });

  test.each([
    ['large', rich, 'qwen2.5-7b'],
    ['small', ask('Hello'), 'qwen2.5-32b'],
  ] as const)('with the %s model down the other one answers, as a fallback', async (down, request, stand) => {
    await gateway.fleet.model(down).controls.set({ down: true });
    try {
      const answer = await gateway.chat({ ...request, max_tokens: 8 });
      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.headers.get('x-routing-metadata') ?? '{}')).toMatchObject({
        model_id: stand,
        fallback_used: true,
      });
    } finally {
      await gateway.fleet.model(down).controls.set({ down: false });
      await gateway.recovered();
      await expect.poll(async () => (await decide(request)).model_id === stand, { timeout: 10_000, interval: 200 }).toBe(false);
    }
  });
});
