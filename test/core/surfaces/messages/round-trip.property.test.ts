/** What goes in comes out: every supported field of a body is in the inner request, and a kept stream is the same from any event on. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNumbering, createReplay } from '../../../../worker/core/kept/frames.ts';
import { createPieceWriter } from '../../../../worker/core/kept/pieces.ts';
import type { AnswerEvent } from '../../../../worker/core/answer/answer-events.ts';
import { eventsOf } from '../../../../worker/core/answer/whole-answer.ts';
import type { InnerRequest, Message } from '../../../../worker/core/request/inner-request.ts';
import { messagesSurface } from '../../../../worker/core/surfaces/messages/messages-surface.ts';
import { complete, someRouting } from '../../../support/suites/kept-suite.ts';
import { innerOf } from './reading.ts';

const word = fc.string({ minLength: 1, maxLength: 10, unit: 'grapheme' });
const name = fc.stringMatching(/^[a-z_]{1,8}$/);
const textBlock = word.map((text) => ({ type: 'text', text }) as const);
const image = fc.constantFrom(
  { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } } as const,
  { type: 'image', source: { type: 'url', url: 'https://shop.example.com/a.png' } } as const,
);
const seen = fc.oneof(textBlock, image);
const input = fc.dictionary(name, fc.oneof(word, fc.integer(), fc.boolean(), fc.constant(null)), { maxKeys: 3 });
const result = fc.record(
  {
    type: fc.constant('tool_result' as const),
    tool_use_id: name,
    content: fc.array(seen, { minLength: 2, maxLength: 3 }),
    is_error: fc.constant(true),
  },
  { requiredKeys: ['type', 'tool_use_id', 'content'] },
);
const userTurn = fc
  .tuple(fc.array(result, { maxLength: 3 }), fc.array(seen, { minLength: 2, maxLength: 3 }))
  .map(([results, said]) => ({ role: 'user' as const, content: [...results, ...said] }));
const call = fc.record({ type: fc.constant('tool_use' as const), id: name, name, input });
const thought = fc.record({ type: fc.constant('thinking' as const), thinking: word, signature: name });
const assistantTurn = fc
  .tuple(
    fc.array(thought, { maxLength: 1 }),
    fc.array(textBlock, { minLength: 2, maxLength: 3 }),
    fc.array(call, { minLength: 1, maxLength: 3 }),
  )
  .map(([thoughts, texts, calls]) => ({ role: 'assistant' as const, content: [...thoughts, ...texts, ...calls] }));
const tools = fc.uniqueArray(
  fc.record({ name, description: word, input_schema: fc.constant({ type: 'object', properties: {} }), strict: fc.boolean() }),
  {
    selector: (tool) => tool.name,
    minLength: 1,
    maxLength: 4,
  },
);
const body = fc.record(
  {
    model: name,
    max_tokens: fc.integer({ min: 1, max: 9999 }),
    system: fc.array(textBlock, { minLength: 2, maxLength: 3 }),
    messages: fc.array(fc.oneof(userTurn, assistantTurn), { minLength: 1, maxLength: 5 }),
    stream: fc.constant(true),
    temperature: fc.double({ min: 0, max: 1, noNaN: true }),
    top_p: fc.double({ min: 0.1, max: 1, noNaN: true }),
    top_k: fc.integer({ min: 1, max: 99 }),
    stop_sequences: fc.array(word, { minLength: 1, maxLength: 4 }),
    tools,
    metadata: fc.record({ user_id: word }),
    thinking: fc.record({ type: fc.constant('enabled'), budget_tokens: fc.integer({ min: 1024, max: 60_000 }) }),
    output_config: fc.record({ effort: fc.constantFrom('low', 'medium', 'high', 'max') }),
    tool_choice: fc.record({ type: fc.constant('auto'), disable_parallel_tool_use: fc.constant(true) }),
  },
  { requiredKeys: ['model', 'max_tokens', 'messages'] },
);

/** The body that an inner request would have come from. */
function bodyOf(request: InnerRequest): Record<string, unknown> {
  const [first, ...others] = request.messages;
  const hasSystem = first?.role === 'system';
  const { sampling, tools: functions, reasoningTokens, reasoningEffort, toolChoice } = request;
  const written = {
    model: request.model,
    max_tokens: request.maxTokens,
    system: hasSystem ? first.content : undefined,
    messages: turnsOf(hasSystem ? others : request.messages),
    stream: request.isStream ? true : undefined,
    temperature: sampling.temperature,
    top_p: sampling.topP,
    top_k: sampling.topK,
    stop_sequences: sampling.stop,
    tools: functions?.map(({ function: { parameters, ...tool } }) => ({ ...tool, input_schema: parameters })),
    metadata: request.user === undefined ? undefined : { user_id: request.user },
    thinking: reasoningTokens === undefined ? undefined : { type: 'enabled', budget_tokens: reasoningTokens },
    output_config: reasoningEffort === undefined ? undefined : { effort: reasoningEffort },
    tool_choice:
      toolChoice === undefined
        ? undefined
        : { type: toolChoice, disable_parallel_tool_use: request.allowsParallelCalls === false },
  };
  return JSON.parse(JSON.stringify(written));
}

function turnsOf(messages: readonly Message[]): unknown[] {
  const turns: { role: string; content: unknown[] }[] = [];
  let results: unknown[] = [];
  for (const message of messages) {
    const parts = (Array.isArray(message.content) ? message.content : []).map(blockOf);
    if (message.role === 'tool') {
      results.push({ type: 'tool_result', tool_use_id: message.tool_call_id, content: parts, is_error: message.is_error });
    } else if (message.role === 'assistant') {
      const { reasoning: thinking, reasoning_signature: signature, tool_calls: calls = [] } = message;
      const thoughts = thinking === undefined ? [] : [{ type: 'thinking', thinking, signature }];
      const made = calls.map(({ id, function: called }) => ({
        type: 'tool_use',
        id,
        name: called.name,
        input: JSON.parse(called.arguments),
      }));
      turns.push({ role: 'assistant', content: [...thoughts, ...parts, ...made] });
    } else {
      turns.push({ role: 'user', content: [...results, ...parts] });
      results = [];
    }
  }
  return turns;
}

function blockOf(part: { type: string; text?: string; image_url?: { url: string } }): unknown {
  if (part.image_url === undefined) return part;
  const data = /^data:(image\/png);base64,(.*)$/.exec(part.image_url.url);
  const url = { type: 'url', url: part.image_url.url };
  return { type: 'image', source: data === null ? url : { type: 'base64', media_type: data[1], data: data[2] } };
}

describe('a body', () => {
  it('is in the inner request with every supported field', () => {
    fc.assert(
      fc.property(body, (given) => {
        const { output_config: effort, ...rest } = given;
        // A budget without an effort becomes one.
        const asked =
          given.thinking !== undefined && effort === undefined ? { ...rest, output_config: { effort: 'high' } } : given;
        expect(bodyOf(innerOf(asked))).toEqual(JSON.parse(JSON.stringify(asked)));
      }),
      { numRuns: 300 },
    );
  });
});

describe('a kept stream', () => {
  const head = { id: 'chatcmpl-1', created: 1, model: 'served' };
  const usage = { promptTokens: 3, completionTokens: 4, cachedTokens: null, reasoningTokens: null, isEstimated: false };
  const asked = { showsUsage: true, echo: { showsThinking: true }, promptTokens: 5 };
  const choice = fc.record({
    index: fc.constant(0),
    content: fc.option(word, { nil: '' }),
    reasoning: fc.option(word, { nil: '' }),
    refusal: fc.constant(''),
    calls: fc.array(fc.record({ id: name, name, arguments: input.map((value) => JSON.stringify(value)) }), { maxLength: 3 }),
    logprobs: fc.constant([]),
    finishReason: fc.constantFrom('stop' as const, 'length' as const, 'tool_calls' as const),
  });

  it('is the same bytes from any event on: a thousand random cuts', () => {
    fc.assert(
      fc.property(choice, fc.nat(10_000), (said, cut) => {
        const events: AnswerEvent[] = [...eventsOf({ head, choices: [said] }), { kind: 'usage', usage }];
        const writer = messagesSurface.openStream(asked, 'a', 'r-1');
        const numbering = createNumbering(0);
        const frames = events.map((event) => numbering.number(writer.write(head, [event], () => someRouting))).join('');
        const all = (frames + numbering.number(writer.end())).split(/(?<=\n\n)/);
        const write = createPieceWriter();
        const pieces = events.map((event) =>
          write({ head, events: [event], routing: event.kind === 'finish' ? someRouting : null }),
        );
        const after = cut % (all.length + 1);
        const replay = createReplay(messagesSurface.openStream(asked, 'a', 'r-1'), after);
        expect(replay.write(pieces) + replay.end(complete)).toBe(all.slice(after).join(''));
      }),
      { numRuns: 1000 },
    );
  });
});
