/**
 * The intent router's situations (profile intent-trio) over HTTP. Where this gateway differs from the published original on purpose, the
 * test says why.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, type ProfileGateway, startProfile } from './profile-gateway.ts';

let gateway: ProfileGateway;

beforeAll(async () => {
  gateway = await startProfile('intent-trio', {
    routing: { health: { probe_interval_ms: 400, probe_interval_down_ms: 300, snapshot_max_age_ms: 200 } },
  });
}, 60_000);
afterAll(() => gateway?.stop());

const models = { code: 'qwen2.5-coder-7b', reasoning: 'deepseek-r1-7b', general: 'llama-8b' } as const;

describe('what a prompt is about decides which specialist answers', () => {
  test.each([
    [
      'a Python binary search with error handling',
      'Write a Python function that does a binary search, with error handling',
      'code',
    ],
    [
      'a word problem about workers and days',
      'If 5 workers build a wall in 12 days, how many days do 8 workers need? Think it through, solve it and explain your reasoning step by step.',
      'reasoning',
    ],
    ['breakfast ideas', 'Can you suggest some healthy breakfast ideas for the week?', 'general'],
    ['a binary search, from the guide', 'Implement binary search in Python', 'code'],
    ['quicksort, from the guide', 'Write a function for quicksort in JavaScript', 'code'],
    ['a snippet to debug, from the guide', 'Debug this code: for i in range(10) print(i)', 'code'],
    ['a binary tree in Java, from the guide', 'Create a binary tree class in Java', 'code'],
    ['a problem to analyse, from the guide', 'Analyze this logic problem and explain each step of your reasoning', 'reasoning'],
    ['a proof about even numbers, from the guide', 'Prove that the sum of two even numbers is even', 'reasoning'],
    ['the square root of two, from the guide', 'Prove the square root of 2 is irrational', 'reasoning'],
    ['a capital, from the guide', 'What is the capital of France?', 'general'],
    ['dinner recipes, from the guide', 'Recommend some good dinner recipes', 'general'],
    // The original calls this reasoning with full confidence, since "how" is one of its keywords.
    ['a greeting with a "how" in it', 'How are you?', 'general'],
    // The original never matches it: a word boundary cannot follow a plus sign.
    ['C++ by its name', 'Show me a c++ class with a destructor', 'code'],
  ] as const)('%s', async (_, text, intent) => {
    const { decision, plan } = await gateway.route(ask(text));
    expect(decision.intent).toBe(intent);
    expect(decision.model_id).toBe(models[intent]);
    expect(plan).toHaveLength(3);
    expect(decision.reason).toMatch(/intent|too uncertain/);
  });

  test('the current turn decides, not the turns before it (the original lets history win)', async () => {
    const turns = [
      { role: 'user', content: 'Let us talk about artificial intelligence' },
      { role: 'assistant', content: 'Gladly.' },
      { role: 'user', content: 'Now write a small neural network in Python, please' },
      { role: 'assistant', content: 'class Net: ...' },
      { role: 'user', content: 'Thanks! What should I have for dinner tonight?' },
    ];
    const first = await gateway.route({ messages: turns.slice(0, 1) });
    const second = await gateway.route({ messages: turns.slice(0, 3) });
    const third = await gateway.route({ messages: turns });
    expect([first, second, third].map(({ decision }) => decision.intent)).toEqual(['general', 'code', 'general']);
  });

  // The original counts the whole history and calls the third turn code with 0.8, though it is meant to be reasoning.
  test('a conversation that moves from small talk to code to analysis changes its specialist with it', async () => {
    const turns = [
      { role: 'user', content: 'Tell me about artificial intelligence' },
      { role: 'assistant', content: 'It is the study of machines that act sensibly.' },
      { role: 'user', content: 'Can you implement a small neural network in Python for that, with two layers?' },
      { role: 'assistant', content: 'class Net: ...' },
      { role: 'user', content: 'Now explain why the complexity of training grows as it does when the network gets deeper.' },
    ];
    const intents: string[] = [];
    for (const length of [1, 3, 5]) {
      const { decision } = await gateway.route({ messages: turns.slice(0, length) });
      expect(decision.model_id).toBe(models[decision.intent as keyof typeof models]);
      intents.push(decision.intent);
    }
    expect(intents).toEqual(['general', 'code', 'reasoning']);
  });

  test.each([
    ['code', 'Implement binary search in Python'],
    ['reasoning', 'Prove the square root of 2 is irrational'],
    ['general', 'What is the capital of France?'],
  ] as const)('%s is answered by its model, not only planned for it', async (intent, text) => {
    const answer = await gateway.chat({ ...ask(text), max_tokens: 20 });
    expect(answer.status).toBe(200);
    expect(metadata(answer)).toMatchObject({ model_id: models[intent], intent, attempts: 1, fallback_used: false });
    const { model }: { model: string } = JSON.parse(await answer.text());
    expect(metadata(answer)['model_name']).toBe(model);
  });

  test('a system prompt full of keywords does not decide', async () => {
    const system = {
      role: 'system',
      content: 'You analyze, prove, calculate and reason step by step about code, Python and algorithms.',
    };
    const { decision } = await gateway.route({ messages: [system, { role: 'user', content: 'Good morning!' }] });
    expect(decision.intent).toBe('general');
  });
});

describe('chains of three levels', () => {
  test('a dead specialist is stood in for along its chain, and comes back', async () => {
    const prompt = { ...ask('Implement binary search in Python'), max_tokens: 20 };
    const before = await gateway.chat(prompt);
    expect(metadata(before)).toMatchObject({ model_id: models.code, fallback_used: false });
    await gateway.fleet.model('coder').controls.set({ down: true });
    const during = await gateway.chat(prompt);
    expect(during.status).toBe(200);
    expect(metadata(during)).toMatchObject({ model_id: models.general, primary_model: models.code, fallback_used: true });
    await gateway.fleet.model('general').controls.set({ down: true });
    const third = await gateway.chat(prompt);
    expect(third.status).toBe(200);
    expect(metadata(third)).toMatchObject({ model_id: models.reasoning, fallback_used: true });
    await gateway.fleet.model('coder').controls.set({ down: false });
    await gateway.fleet.model('general').controls.set({ down: false });
    await expect
      .poll(async () => metadata(await gateway.chat(prompt))['model_id'], { timeout: 20_000, interval: 300 })
      .toBe(models.code);
  });
});

function metadata(response: Response): Record<string, unknown> {
  return JSON.parse(response.headers.get('x-routing-metadata') ?? '{}');
}
