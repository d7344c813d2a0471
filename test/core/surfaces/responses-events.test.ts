/** The event stream of the Responses API: well-formed however the answer comes in pieces, every event of its published type, and the whole at its end. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RoutingMetadata } from '../../../shared/routing-metadata.ts';
import type { Usage } from '../../../shared/usage.ts';
import type { AnswerEvent } from '../../../worker/core/answer/answer-events.ts';
import type { WholeAnswer } from '../../../worker/core/answer/whole-answer.ts';
import { eventsOf } from '../../../worker/core/answer/whole-answer.ts';
import { responsesSurface } from '../../../worker/core/surfaces/responses/responses-surface.ts';
import { configWith } from '../../support/fakes/config.ts';
import { eventsIn, expectEvent, expectResponse, expectWellFormed, type ResponseEvent } from './responses-schema.ts';

const head = { id: 'chatcmpl-1', created: 1_800_000_000, model: 'm' };
const usage: Usage = { promptTokens: 11, completionTokens: 3, cachedTokens: 4, reasoningTokens: null, isEstimated: false };
const routing: RoutingMetadata = {
  model_id: 'm',
  model_name: 'M',
  tier: 'small',
  intent: 'general',
  score: 0.1,
  confidence: 1,
  reason: 'asked for',
  strategy: 'cost',
  fallback_used: false,
  escalated: false,
  attempts: 1,
  cache: 'bypass',
};

function requestWith(fields: object) {
  const read = responsesSurface.read(JSON.stringify({ input: 'hi', ...fields }), configWith({}));
  if (!read.ok) throw new Error(JSON.stringify(read.failure));
  return { showsUsage: true, echo: read.value.request.echo };
}

/** The events of a stream that is given in these batches. */
function streamOf(
  batches: readonly (readonly AnswerEvent[])[],
  fields: object = {},
  failure: 'upstream_truncated' | null = null,
) {
  const writer = responsesSurface.openStream(requestWith(fields), 'n1');
  const text = batches.map((events) => writer.write(head, events, () => routing)).join('');
  return text + (failure === null ? writer.end() : writer.fail({ code: failure }));
}

/** A whole answer cut into pieces in every place, and the pieces into batches. */
const spoken = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' });
const maybe = fc.oneof(fc.constant(''), spoken);
const wholeAnswer: fc.Arbitrary<WholeAnswer> = fc
  .record({
    content: maybe,
    reasoning: maybe,
    refusal: maybe,
    calls: fc.array(fc.record({ id: fc.uuid(), name: fc.constantFrom('look', 'go'), arguments: fc.json({ maxDepth: 1 }) }), {
      maxLength: 3,
    }),
    finishReason: fc.constantFrom('stop' as const, 'length' as const, 'tool_calls' as const, 'content_filter' as const),
  })
  .map((choice) => ({ head, choices: [{ index: 0, ...choice, logprobs: [] }] }));

function cut(event: AnswerEvent, sizes: readonly number[]): AnswerEvent[] {
  const pieces = (text: string): string[] => {
    const parts: string[] = [];
    for (let at = 0, i = 0; at < text.length; i += 1) {
      const size = sizes[i % sizes.length] ?? 1;
      parts.push(text.slice(at, at + size));
      at += size;
    }
    return parts;
  };
  if (event.kind === 'text' || event.kind === 'reasoning' || event.kind === 'refusal')
    return pieces(event.text).map((text) => ({ ...event, text }));
  if (event.kind !== 'call') return [event];
  const { choice, index } = event;
  const rest = pieces(event.arguments).map((args): AnswerEvent => ({ choice, kind: 'call_arguments', index, arguments: args }));
  return [{ ...event, arguments: '' }, ...rest];
}

const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 });
const chunked = fc.tuple(wholeAnswer, sizes, sizes, fc.boolean()).map(([answer, cuts, batchSizes, isSummary]) => {
  const events = [...eventsOf(answer).flatMap((event) => cut(event, cuts)), { kind: 'usage', usage } as const];
  const batches: AnswerEvent[][] = [];
  for (let at = 0, i = 0; at < events.length; i += 1) {
    const size = batchSizes[i % batchSizes.length] ?? 1;
    batches.push(events.slice(at, at + size));
    at += size;
  }
  return { answer, batches, fields: isSummary ? { reasoning: { summary: 'auto' } } : {} };
});

const finalOf = (events: readonly ResponseEvent[]) => events.at(-1)?.['response'] as Record<string, unknown>;

describe('the stream of a response', () => {
  it('is well-formed under every chunking, and each event is of its published type', () => {
    fc.assert(
      fc.property(chunked, ({ batches, fields }) => {
        const events = eventsIn(streamOf(batches, fields));
        for (const event of events) expectEvent(event);
        expectWellFormed(events);
      }),
      { numRuns: 40 },
    );
  });

  it('ends with what the same answer is when it is asked for whole', () => {
    fc.assert(
      fc.property(chunked, ({ answer, batches, fields }) => {
        const request = requestWith(fields);
        const whole = JSON.parse(responsesSurface.writeWhole(answer, usage, routing, request, 'n1'));
        expectResponse(whole);
        expect(finalOf(eventsIn(streamOf(batches, fields)))).toEqual(whole);
      }),
    );
  });

  it('that breaks off anywhere ends with an error and a failed response, and nothing of what was open is said to be done', () => {
    fc.assert(
      fc.property(chunked, fc.nat(40), ({ batches, fields }, at) => {
        const before = batches.slice(0, at).map((batch) => batch.filter(({ kind }) => kind !== 'finish' && kind !== 'usage'));
        const events = eventsIn(streamOf(before, fields, 'upstream_truncated'));
        for (const event of events) expectEvent(event);
        expect(events.slice(-2).map(({ type }) => type)).toEqual(['error', 'response.failed']);
        expect(events.map((event) => event['sequence_number'])).toEqual(events.map((_, i) => i));
        expect(finalOf(events)).toMatchObject({ status: 'failed', error: { code: 'server_error' } });
        expect(events.some(({ type }) => type === 'response.completed' || type === 'response.incomplete')).toBe(false);
      }),
      { numRuns: 40 },
    );
  });

  it('whose answer is given in one piece has its deltas all the same', () => {
    const answer: WholeAnswer = {
      head,
      choices: [
        {
          index: 0,
          content: 'Hello',
          reasoning: 'hm',
          refusal: '',
          calls: [{ id: 'c', name: 'look', arguments: '{}' }],
          logprobs: [],
          finishReason: 'tool_calls',
        },
      ],
    };
    const types = eventsIn(streamOf([[...eventsOf(answer), { kind: 'usage', usage }]])).map(({ type }) => type);
    const item = (...inner: string[]) => ['output_item.added', ...inner, 'output_item.done'];
    const part = (name: string) => item('content_part.added', `${name}.delta`, `${name}.done`, 'content_part.done');
    const calls = item('function_call_arguments.delta', 'function_call_arguments.done');
    expect(types).toEqual(
      ['created', 'in_progress', ...part('reasoning_text'), ...part('output_text'), ...calls, 'completed'].map(
        (type) => `response.${type}`,
      ),
    );
  });

  it('has no message of white space alone between calls, nor before the first', () => {
    const call = (index: number): AnswerEvent[] => [
      { choice: 0, kind: 'call', index, id: `c${index}`, name: 'look', arguments: '{}' },
      { choice: 0, kind: 'call_end', index },
    ];
    const say = (text: string): AnswerEvent => ({ choice: 0, kind: 'text', text });
    const events = [say('\n'), say('\n'), ...call(0), say('\n'), ...call(1), say('\n'), say('Done.'), say('\n'), ...call(2)];
    const seen = eventsIn(streamOf([[...events, { choice: 0, kind: 'finish', reason: 'tool_calls' }]]));
    expectWellFormed(seen);
    expect(finalOf(seen)['output']).toMatchObject([
      { type: 'function_call' },
      { type: 'function_call' },
      { type: 'message', content: [{ text: '\nDone.\n' }] },
      { type: 'function_call' },
    ]);
  });

  it('of a model that said nothing but white space has that', () => {
    const spoken: AnswerEvent[] = [
      { choice: 0, kind: 'text', text: '\n' },
      { choice: 0, kind: 'text', text: '\n' },
    ];
    const seen = eventsIn(streamOf([[...spoken, { choice: 0, kind: 'finish', reason: 'stop' }]]));
    expect(finalOf(seen)['output']).toMatchObject([{ type: 'message', content: [{ text: '\n\n' }] }]);
  });

  it('has calls whose arguments come in turns', () => {
    const events: AnswerEvent[] = [
      { choice: 0, kind: 'begin' },
      { choice: 0, kind: 'call', index: 0, id: 'a', name: 'look', arguments: '{"q"' },
      { choice: 0, kind: 'call', index: 1, id: 'b', name: 'go', arguments: '' },
      { choice: 0, kind: 'call_arguments', index: 0, arguments: ':1}' },
      { choice: 0, kind: 'call_arguments', index: 1, arguments: '{}' },
      { choice: 0, kind: 'call_end', index: 0 },
      { choice: 0, kind: 'call_end', index: 1 },
      { choice: 0, kind: 'finish', reason: 'tool_calls' },
    ];
    const seen = eventsIn(streamOf([events]));
    expectWellFormed(seen);
    expect(finalOf(seen)['output']).toMatchObject([
      { call_id: 'a', name: 'look', arguments: '{"q":1}', status: 'completed' },
      { call_id: 'b', name: 'go', arguments: '{}', status: 'completed' },
    ]);
  });

  it.each([
    ['length', 'incomplete', { reason: 'max_output_tokens' }],
    ['content_filter', 'incomplete', { reason: 'content_filter' }],
    ['stop', 'completed', null],
    ['tool_calls', 'completed', null],
  ] as const)('that ended by %s is %s', (reason, status, details) => {
    const events = eventsIn(
      streamOf([
        [
          { choice: 0, kind: 'begin' },
          { choice: 0, kind: 'text', text: 'a' },
          { choice: 0, kind: 'finish', reason },
        ],
      ]),
    );
    expect(finalOf(events)).toMatchObject({ status, incomplete_details: details, output: [{ status }] });
    expect(events.at(-1)?.type).toBe(`response.${status}`);
  });

  it('of a model that said nothing has an empty text', () => {
    const events = eventsIn(
      streamOf([
        [
          { choice: 0, kind: 'begin' },
          { choice: 0, kind: 'finish', reason: 'stop' },
        ],
      ]),
    );
    expectWellFormed(events);
    expect(finalOf(events)['output']).toMatchObject([{ type: 'message', content: [{ text: '' }] }]);
  });

  it('that never began fails as a stream too', () => {
    const events = eventsIn(streamOf([], {}, 'upstream_truncated'));
    expect(events.map(({ type }) => type)).toEqual(['response.created', 'response.in_progress', 'error', 'response.failed']);
    for (const event of events) expectEvent(event);
  });

  it('has the log probabilities of its text with its pieces and with the whole', () => {
    const entry = { token: 'a', logprob: -0.5, bytes: [97], top_logprobs: [{ token: 'b', logprob: -1, bytes: [98] }] };
    const batch: AnswerEvent[] = [
      { choice: 0, kind: 'begin' },
      { choice: 0, kind: 'text', text: 'a' },
      { choice: 0, kind: 'logprobs', logprobs: { content: [entry] } },
      { choice: 0, kind: 'finish', reason: 'stop' },
    ];
    const events = eventsIn(streamOf([batch]));
    for (const event of events) expectEvent(event);
    const shown = events.filter(({ type }) => type.startsWith('response.output_text.')).map((event) => event['logprobs']);
    const bare = { token: 'a', logprob: -0.5, top_logprobs: [{ token: 'b', logprob: -1 }] };
    expect(shown).toEqual([[bare], [bare]]);
    const answer: WholeAnswer = {
      head,
      choices: [
        {
          index: 0,
          content: 'a',
          reasoning: '',
          refusal: '',
          calls: [],
          logprobs: [{ content: [entry] }, { content: [entry] }],
          finishReason: 'stop',
        },
      ],
    };
    const whole = JSON.parse(responsesSurface.writeWhole(answer, usage, routing, requestWith({}), 'n1'));
    expect(whole.output[0].content[0].logprobs).toEqual([entry, entry]);
  });

  it.each([
    ['context_length_exceeded', 'context_length_exceeded'],
    ['budget_exceeded', 'insufficient_quota'],
    ['rate_limit_exceeded', 'rate_limit_exceeded'],
    ['upstream_rejected', 'invalid_prompt'],
    ['upstream_timeout', 'server_error'],
  ] as const)('that fails with %s has the code that agents read: %s', (code, shown) => {
    const writer = responsesSurface.openStream(requestWith({}), 'n');
    const events = eventsIn(writer.fail({ code }));
    expect(finalOf(events)).toMatchObject({ error: { code: shown } });
    expect(events.at(-2)).toMatchObject({ type: 'error', code, error: { code } });
  });
});

describe('what a request says', () => {
  it('is said again by the response, every supported field', () => {
    const fields = {
      instructions: 'Be brief.',
      max_output_tokens: 9,
      metadata: { a: 'b' },
      parallel_tool_calls: false,
      prompt_cache_key: 'k',
      reasoning: { effort: 'low', summary: 'concise' },
      safety_identifier: 's',
      store: false,
      temperature: 0.3,
      text: { format: { type: 'json_schema', name: 'n', schema: { type: 'object' } } },
      tool_choice: { type: 'function', name: 'look' },
      tools: [{ type: 'function', name: 'look', description: null, parameters: { type: 'object' }, strict: null }],
      top_logprobs: 1,
      top_p: 0.2,
      user: 'u',
    };
    fc.assert(
      fc.property(fc.subarray(Object.keys(fields) as (keyof typeof fields)[]), (names) => {
        const needs = names.includes('tool_choice') && !names.includes('tools') ? [...names, 'tools' as const] : names;
        const asked = Object.fromEntries(needs.map((name) => [name, fields[name]]));
        const answer: WholeAnswer = { head, choices: [] };
        const whole = JSON.parse(responsesSurface.writeWhole(answer, usage, routing, requestWith(asked), 'n'));
        expect(whole).toMatchObject(asked);
        expectResponse(whole);
      }),
    );
  });

  it('is not said again where tools and instructions are large', () => {
    const tools = [{ type: 'function', name: 'look', description: 'x'.repeat(200_001) }];
    expect(requestWith({ tools }).echo).toMatchObject({ tools: [], instructions: null });
  });
});
