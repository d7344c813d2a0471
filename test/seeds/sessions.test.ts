/** Conversations and experiments over HTTP: what is remembered from turn to turn, and how an arm is rated. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientKey } from '../../infra/rig/connect.ts';
import { until } from '../../infra/rig/waiting.ts';
import { answered, ask, type ProfileGateway, startProfile } from './profile-gateway.ts';

let gateway: ProfileGateway;

beforeAll(async () => {
  gateway = await startProfile('a40-pair', {
    routing: {
      escalation: { enabled: true },
      experiments: {
        split: {
          enabled: false,
          arms: { small: { weight: 1, model: 'qwen2.5-7b' }, large: { weight: 1, model: 'qwen2.5-32b' } },
          shadow: { model: 'qwen2.5-32b', share: 1 },
        },
      },
    },
  });
}, 60_000);
afterAll(() => gateway?.stop());

type Message = Record<string, unknown>;

const tools = [
  {
    type: 'function',
    function: { name: 'look_up', parameters: { type: 'object', properties: { key: { type: 'string' } }, required: ['key'] } },
  },
];
const hard =
  'Analyze the race condition in this design step by step, prove that the algorithm can deadlock, and implement a lock-free replacement with tests.';

async function turn(
  messages: readonly Message[],
  headers: Record<string, string> = {},
): Promise<{ model: string; escalated: boolean; message: Message }> {
  const response = await gateway.chat({ messages, tools, max_tokens: 60 }, headers);
  expect(response.status).toBe(200);
  const { model_id: model, escalated } = JSON.parse(response.headers.get('x-routing-metadata') ?? '{}');
  const body: { choices: { message: Message }[] } = JSON.parse(await response.text());
  return { model, escalated, message: body.choices[0]?.message ?? {} };
}

describe('a conversation of twelve turns with tools', () => {
  test('never switches inside a tool loop and never moves down', async () => {
    const messages: Message[] = [{ role: 'system', content: 'You help with a database.' }];
    const models: string[] = [];
    const ask12 = (i: number) => (i === 6 ? hard : `[[call:look_up {"key":"k${i}"}]] Look up k${i}, please.`);
    for (let i = 0; i < 12; i += 1) {
      messages.push({ role: 'user', content: ask12(i) });
      let answer = await turn(messages);
      models.push(answer.model);
      const calls = Array.isArray(answer.message['tool_calls']) ? answer.message['tool_calls'] : [];
      messages.push({
        role: 'assistant',
        content: answer.message['content'] ?? null,
        ...(calls.length > 0 ? { tool_calls: calls } : {}),
      });
      for (const call of calls) messages.push({ role: 'tool', tool_call_id: call.id, content: 'found it' });
      if (calls.length === 0) continue;
      const began = answer.model;
      answer = await turn(messages);
      expect(answer.model).toBe(began);
      messages.push({ role: 'assistant', content: answer.message['content'] ?? '' });
    }
    expect(models.slice(0, 6)).toEqual(Array.from({ length: 6 }, () => 'qwen2.5-7b'));
    expect(models.slice(6)).toEqual(Array.from({ length: 6 }, () => 'qwen2.5-32b'));
  });

  test('remembers that the small tier was not good enough', async () => {
    const session = { 'x-session-id': 'escalates' };
    const first = await turn(answered("I'm not sure, maybe it is possibly the second one."), session);
    expect(first).toMatchObject({ model: 'qwen2.5-32b', escalated: true });
    const second = await turn([{ role: 'user', content: 'Hello again' }], session);
    expect(second).toMatchObject({ model: 'qwen2.5-32b', escalated: false });
    const other = await turn([{ role: 'user', content: 'Hello again' }], { 'x-session-id': 'somebody-else' });
    expect(other.model).toBe('qwen2.5-7b');
  });
});

// Load is the third; see load-moves-route.test.ts.
describe('one request, two reasons to go elsewhere', () => {
  const between = {
    ...ask('Compare two ways to store sessions and explain in detail which of them is easier to operate.'),
  };

  test('risk and price each change its route', async () => {
    const base = await gateway.route(between);
    const score = base.decision.score;
    const near = (offset: number) => ({ routing: { classifier: { threshold: Math.min(0.99, Math.max(0.01, score + offset)) } } });
    const routed = async (overrides: Record<string, unknown>, headers: Record<string, string> = {}) => {
      const own = await startProfile('a40-pair', overrides);
      try {
        return (await own.route(between, headers)).decision.tier;
      } finally {
        await own.stop();
      }
    };
    const slightlyBelow = near(0.05);
    expect(await routed(slightlyBelow)).toBe('small');
    // Risk: the quality strategy leans to the large tier.
    expect(await routed(slightlyBelow, { 'x-routing-strategy': 'quality' })).toBe('large');
    // Price: at the same price there is little reason to save.
    const samePrice = { models: { 'qwen2.5-32b': { price: { output_per_million_usd: 0.1 } } } };
    expect(await routed({ ...slightlyBelow, ...samePrice })).toBe('large');
  }, 90_000);
});

describe('an experiment', () => {
  let split: ProfileGateway;

  beforeAll(async () => {
    split = await startProfile('a40-pair', {
      routing: {
        experiments: {
          split: {
            enabled: true,
            arms: { small: { weight: 1, model: 'qwen2.5-7b' }, large: { weight: 1, model: 'qwen2.5-32b' } },
            shadow: { model: 'qwen2.5-32b', share: 1 },
          },
        },
      },
    });
  }, 60_000);
  afterAll(() => split?.stop());

  test('splits by weight, keeps a conversation on its arm, takes feedback, and runs shadows unseen', async () => {
    const arms: string[] = [];
    let rated = '';
    for (let i = 0; i < 40; i += 1) {
      const response = await split.chat({ ...ask('Hello'), max_tokens: 10 }, { 'x-request-id': `split-${i}` });
      const { experiment } = JSON.parse(response.headers.get('x-routing-metadata') ?? '{}');
      arms.push(experiment);
      if (experiment === 'split:small') rated = `split-${i}`;
      await response.text();
    }
    const small = arms.filter((arm) => arm === 'split:small').length;
    expect(small).toBeGreaterThan(8);
    expect(small).toBeLessThan(32);
    const key = { authorization: `Bearer ${clientKey}`, 'content-type': 'application/json' };
    const rate = (body: unknown) =>
      fetch(`${split.url}/v1/feedback`, { method: 'POST', headers: key, body: JSON.stringify(body) });
    expect((await rate({ request_id: rated, score: 0.5 })).status).toBe(200);
    expect((await rate({ request_id: 'nobody', score: 0.5 })).status).toBe(404);
    expect((await rate({ request_id: rated, score: 7 })).status).toBe(400);
    await until('every request, every shadow and the feedback is counted', async () => {
      const { totals, shadows, feedback } = await split.stats();
      const shadowed = shadows['qwen2.5-7b|qwen2.5-32b']?.count ?? 0;
      return totals.requests >= 40 && shadowed >= small && feedback['split:small'] !== undefined;
    });
    expect(await split.stats()).toMatchObject({
      arms: { 'split:small': { requests: small } },
      feedback: { 'split:small': { count: 1, mean_score: 0.5 } },
      shadows: { 'qwen2.5-7b|qwen2.5-32b': { count: small, mean_score: 1 } },
      totals: { requests: 40 },
    });
  });
});
