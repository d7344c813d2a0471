/** The short way through the shape check says what the schema says, or nothing. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChatRequest } from '../../../shared/chat.ts';
import { plainShape } from '../../../worker/core/surfaces/chat/plain-shape.ts';
import { bodyWith, hello, weather } from './chat-bodies.ts';

const anything = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, true, '', 'x', -1, 0, 1, 1.5, [], {}),
  fc.constantFrom<unknown>('auto', 'function', 'user', 'tool', ['x'], [hello], [weather], { type: 'function' }),
  fc.jsonValue({ maxDepth: 2 }),
);
/** Mostly right, now and then anything. */
const mostly = (value: fc.Arbitrary<unknown>) => fc.oneof({ weight: 12, arbitrary: value }, { weight: 1, arbitrary: anything });

const shuffled = (fields: fc.Arbitrary<object>): fc.Arbitrary<object> =>
  fields.chain((value) => {
    const entries = Object.entries(value);
    return fc.oneof(fc.constant(entries), fc.shuffledSubarray(entries, { minLength: entries.length })).map(Object.fromEntries);
  });

const message = shuffled(
  fc.record(
    {
      role: mostly(fc.constantFrom('system', 'developer', 'user', 'assistant', 'tool')),
      content: mostly(fc.oneof(fc.string(), fc.constant([{ type: 'text', text: 'hi' }]))),
      name: mostly(fc.string()),
      tool_call_id: mostly(fc.string()),
      tool_calls: mostly(fc.constant([{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }])),
      cache_control: anything,
    },
    { requiredKeys: ['role', 'content'] },
  ),
);
const tool = shuffled(
  fc.record(
    {
      type: mostly(fc.constant('function')),
      function: mostly(
        fc.record(
          {
            name: mostly(fc.string({ minLength: 1 })),
            description: mostly(fc.string()),
            parameters: mostly(fc.constant({ type: 'object', properties: { a: { type: 'string' } } })),
            strict: mostly(fc.boolean()),
            other: anything,
          },
          { requiredKeys: ['name'] },
        ),
      ),
      other: anything,
    },
    { requiredKeys: ['type', 'function'] },
  ),
);
const known = Object.keys(ChatRequest.shape).filter((name) => name !== 'messages' && name !== 'tools');
const body: fc.Arbitrary<Record<string, unknown>> = fc
  .record(
    {
      messages: mostly(fc.array(mostly(message), { minLength: 1, maxLength: 4 })),
      tools: mostly(fc.array(mostly(tool), { minLength: 1, maxLength: 3 })),
      model: mostly(fc.string({ minLength: 1 })),
      max_tokens: mostly(fc.integer({ min: 1, max: 100 })),
      temperature: mostly(fc.double({ min: 0, max: 2, noNaN: true })),
      stop: mostly(fc.constant(['x'])),
      foreign: anything,
    },
    { requiredKeys: ['messages'] },
  )
  .chain((fields) =>
    fc
      .shuffledSubarray(Object.entries(fields), { minLength: Object.keys(fields).length })
      .map((entries) => Object.fromEntries(entries)),
  )
  .chain((fields) => fc.dictionary(fc.constantFrom(...known), anything, { maxKeys: 2 }).map((more) => ({ ...more, ...fields })));

describe('the shape of an ordinary body', () => {
  it('is what the schema makes of it, whatever is in it', () => {
    let taken = 0;
    const property = fc.property(body, (given) => {
      const plain = plainShape(structuredClone(given));
      if (plain === null) return;
      taken += 1;
      const read = ChatRequest.safeParse(given);
      expect(read.error?.issues).toBeUndefined();
      expect(plain).toEqual(read.data);
      expect(JSON.stringify(plain)).toBe(JSON.stringify(read.data));
    });
    fc.assert(property, { numRuns: 1000 });
    expect(taken).toBeGreaterThan(30);
  });

  it.each([
    ['a question', bodyWith({ model: 'auto', max_tokens: 20, stream: true })],
    ['a conversation with tools', { messages: [{ role: 'system', content: 'Be brief.' }, hello], tools: [weather, weather] }],
  ])('is found without the schema: %s', (_, ordinary) => {
    expect(plainShape(ordinary)).not.toBeNull();
  });

  it('copies neither messages nor tools', () => {
    const ordinary = bodyWith({ tools: [weather] });
    const plain = plainShape(ordinary);
    expect(plain?.messages[0]).toBe(hello);
    expect(plain?.tools?.[0]).toBe(weather);
  });
});
