/** What the playground sends, what it makes of a stream, and what it says that the answer cost. */
import { describe, expect, it } from 'vitest';
import { emptyAnswer, hasBegun, withEvent } from '../../../worker/dashboard/playground/answer-so-far.ts';
import { bodyOf, emptyForm, type FormState } from '../../../worker/dashboard/playground/form-state.ts';
import { chatNames, costUsd, type ModelList } from '../../../worker/dashboard/playground/models.ts';

const filled: FormState = { ...emptyForm, prompt: 'Hello' };

describe('the form', () => {
  it('is a chat body with what was filled in, and nothing else', () => {
    expect(bodyOf(filled, 'auto').body).toEqual({ model: 'auto', messages: [{ role: 'user', content: 'Hello' }] });
  });

  it('has every field', () => {
    const form: FormState = {
      ...filled,
      system: 'Be brief.',
      tools: '[{"type":"function","function":{"name":"f"}}]',
      schema: '{"type":"object"}',
      image: 'data:image/png;base64,AA==',
      maxTokens: '20',
      temperature: '0.5',
    };
    expect(bodyOf(form, 'large').body).toEqual({
      model: 'large',
      messages: [
        { role: 'system', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Hello' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } },
          ],
        },
      ],
      tools: [{ type: 'function', function: { name: 'f' } }],
      response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: { type: 'object' } } },
      max_tokens: 20,
      temperature: 0.5,
    });
  });

  it.each([
    ['prompt', ' ', /Write something/],
    ['tools', '{', /No JSON/],
    ['tools', '{}', /Expected a list/],
    ['schema', '[]', /Expected a JSON schema/],
    ['maxTokens', '0', /whole number of 1/],
    ['maxTokens', '1.5', /whole number/],
    ['temperature', '3', /from 0 to 2/],
  ] as const)('says what is wrong with %s: %s', (field, value, message) => {
    const { body, mistakes } = bodyOf({ ...filled, [field]: value }, 'auto');
    expect(body).toBeNull();
    expect(Object.keys(mistakes)).toEqual([field]);
    expect(mistakes[field]).toMatch(message);
  });
});

describe('a stream', () => {
  const events = [
    { choices: [{ delta: { role: 'assistant', content: '' } }] },
    { choices: [{ delta: { reasoning: 'Hm' } }] },
    { choices: [{ delta: { content: 'Hel' } }] },
    { choices: [{ delta: { content: 'lo', tool_calls: [{ index: 0, function: { name: 'f', arguments: '{"a"' } }] } }] },
    { choices: [{ delta: { tool_calls: [{ index: 0, function: { arguments: ':1}' } }] }, finish_reason: 'stop' }] },
    { choices: [], usage: { prompt_tokens: 10, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 2 } } },
  ].map((event) => JSON.stringify(event));

  it('adds up to text, thinking, calls, its ending and what it used', () => {
    expect([...events, '[DONE]'].reduce(withEvent, emptyAnswer)).toEqual({
      text: 'Hello',
      reasoning: 'Hm',
      calls: [{ name: 'f', arguments: '{"a":1}' }],
      finishReason: 'stop',
      usage: { prompt: 10, cached: 2, completion: 4 },
      routing: null,
      error: null,
    });
  });

  it('has begun with the first thing to see', () => {
    const [role = '', thinking = ''] = events;
    const opened = withEvent(emptyAnswer, role);
    expect([hasBegun(opened), hasBegun(withEvent(opened, thinking))]).toEqual([false, true]);
  });

  it('that breaks off has the gateway’s words', () => {
    expect(withEvent(emptyAnswer, '{"error":{"message":"The model server broke off."}}').error).toBe(
      'The model server broke off.',
    );
  });
});

describe('models', () => {
  const price = { input_per_million_usd: 1, cached_input_per_million_usd: 0.5, output_per_million_usd: 2 };
  const list: ModelList = {
    data: [
      { id: 'a', kind: 'chat', price },
      { id: 'e', kind: 'embedding', price },
      { id: 'auto', routed: true },
    ],
  };

  it('that answer chats can be chosen, and ways of choosing', () => {
    expect(chatNames(list)).toEqual({ routed: ['auto'], models: ['a'] });
  });

  it('cost by their price; one without a price costs nobody knows what', () => {
    expect(costUsd(list, 'a', { prompt: 1_000_000, cached: 400_000, completion: 500_000 })).toBeCloseTo(1.8, 12);
    expect(costUsd(list, 'b', { prompt: 1, cached: 0, completion: 1 })).toBeNull();
  });
});
