/** Every fault of the table shows what its name says, as a stream and as JSON where both make sense. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faultActions } from '../../../infra/standin/fault-actions/registry.ts';
import type { FaultName } from '../../../infra/standin/faults.ts';
import { faults } from '../../../infra/standin/faults.ts';
import type { ModelServer } from '../../../infra/standin/server.ts';
import { startModelServer } from '../../../infra/standin/server.ts';
import type { Asked, Parsed } from './chat-client.ts';
import { ask, contentOf, deltas, eventually, finishOf, tryParse, usageOf, user } from './chat-client.ts';

let server: ModelServer;
beforeAll(async () => {
  server = await startModelServer({ toolParser: 'hermes', reasoningParser: true });
});
afterAll(() => server.close());

const tools = [
  {
    type: 'function',
    function: {
      name: 'look',
      parameters: { type: 'object', properties: { at: { type: 'string' } }, required: ['at'], additionalProperties: false },
    },
  },
];
const jsonFormat = { response_format: { type: 'json_object' } };
const plainError = (status: number) => (answer: Asked) =>
  expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'application/json']);
const retryAfter = (expected: unknown) => (answer: Asked) =>
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, expected]);
const breaks = (answer: Asked) => expect(answer.broke).not.toBeNull();
const nothing = (answer: Asked) => {
  breaks(answer);
  expect([answer.status, answer.text]).toEqual([0, '']);
};
const left = (answer: Asked) => expect(answer.broke).toMatch(/^left after/);
/** The answer without the fault; framing faults must not change it. */
const untouched = (answer: Asked) => expect(contentOf(answer)).toBe(clean);
const openEnded = (answer: Asked) => {
  expect([answer.status, answer.broke, finishOf(answer), answer.isDone]).toEqual([200, null, null, false]);
  expect(contentOf(answer)).not.toBe('');
  expect(clean.startsWith(contentOf(answer))).toBe(true);
};
const usage = (expected: unknown) => (answer: Asked) => expect(usageOf(answer) ?? answer.json?.usage).toEqual(expected);
const counts = (a: unknown, b: unknown, c: unknown) => ({ prompt_tokens: a, completion_tokens: b, total_tokens: c });
const message = (answer: Asked) => answer.json.choices[0].message;
const callIndexes = (index: unknown) => (answer: Asked) =>
  expect(
    new Set(
      deltas(answer.events)
        .flatMap((delta) => delta.tool_calls ?? [])
        .map((call: Parsed) => call.index),
    ),
  ).toEqual(new Set([index]));

let clean = '';
beforeAll(async () => {
  clean = contentOf(await ask(server.url, { stream: true, ...user('Tell me about boats [[tokens:12]]') }));
});

interface Expectation {
  readonly stream?: (answer: Asked) => unknown;
  readonly json?: (answer: Asked) => unknown;
  readonly settings?: string;
  readonly body?: object;
  readonly maxMs?: number;
  readonly maxBytes?: number;
}

const both = (check: (answer: Asked) => unknown): Expectation => ({ stream: check, json: check });

const expectations: Record<FaultName, Expectation> = {
  refused: { stream: nothing, settings: ';ms=1' },
  reset: both(nothing),
  'close-before-headers': both(nothing),
  'not-http': both((answer) => expect([answer.status, answer.broke]).toEqual([0, expect.stringContaining('protocol')])),
  'slow-headers': { ...both((answer) => expect(answer.status).toBe(200)), settings: ';ms=20' },
  wedge: {
    stream: (answer) => {
      left(answer);
      expect([answer.status, answer.events]).toEqual([200, []]);
    },
    settings: ';ms=150',
    maxMs: 60,
  },
  'never-answers': {
    stream: (answer) => {
      left(answer);
      expect(answer.status).toBe(0);
    },
    maxMs: 60,
  },
  'slow-first-event': {
    stream: (answer) => expect([answer.status, answer.text, answer.broke]).toEqual([200, '', 'left after maxMs']),
    settings: ';ms=5000',
    maxMs: 100,
  },
  'bad-request': both(plainError(400)),
  unprocessable: both((answer) => expect([answer.status, answer.json.detail[0].loc]).toEqual([422, ['body', 'messages']])),
  'context-words': {
    ...both((answer) =>
      expect(answer.json.error).toMatchObject({ type: 'exceed_context_size_error', n_prompt_tokens: 4097, n_ctx: 4096 }),
    ),
    settings: ';of=llama-cpp;limit=4096',
  },
  'foreign-status': {
    ...both((answer) => expect([answer.status, answer.json.error.message]).toEqual([499, 'gone'])),
    settings: ';status=499;says=gone',
  },
  'refuses-prefill': {
    ...both(plainError(400)),
    body: {
      messages: [
        { role: 'user', content: '[[fault:refuses-prefill]]x' },
        { role: 'assistant', content: 'y' },
      ],
      continue_final_message: true,
      add_generation_prompt: false,
    },
  },
  'context-length': both((answer) => expect(answer.json.error).toMatchObject({ code: 400, param: 'input_tokens' })),
  'content-policy': both((answer) => expect(answer.json.error.code).toBe('content_policy_violation')),
  unauthorized: both((answer) => expect([answer.status, answer.json]).toEqual([401, { error: 'Unauthorized' }])),
  forbidden: both(plainError(403)),
  'model-missing': both((answer) => expect([answer.status, answer.json.error.type]).toEqual([404, 'NotFoundError'])),
  'rate-limit': { ...both(retryAfter('3')), settings: ';after=3' },
  'rate-limit-date': both(retryAfter(expect.stringMatching(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/))),
  'rate-limit-absurd': both(retryAfter('999999999999')),
  'rate-limit-garbage': both(retryAfter('soon')),
  'server-error': both(plainError(500)),
  'legacy-error': both((answer) => expect(answer.json).toMatchObject({ object: 'error', code: 500 })),
  'out-of-memory': both((answer) => expect(answer.json.error.message).toMatch(/Traceback[^]*core\.py[^]*OutOfMemoryError/)),
  'bad-gateway': both((answer) => expect([answer.status, answer.text]).toEqual([502, expect.stringContaining('<html>')])),
  unavailable: both((answer) => expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, null])),
  'unavailable-retry': both((answer) => expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2'])),
  'empty-body': both((answer) => expect([answer.status, answer.text, answer.broke]).toEqual([200, '', null])),
  'garbage-body': both((answer) => expect([answer.status, answer.json, answer.events]).toEqual([200, undefined, []])),
  'no-choices': {
    stream: (answer) => expect(answer.events.flatMap((event) => event.choices)).toEqual([]),
    json: (answer) => expect(answer.json.choices).toEqual([]),
  },
  'wrong-type': both((answer) => expect(answer.headers.get('content-type')).toBe('text/plain')),
  'lying-encoding': both((answer) => expect(answer.broke).toBe('Z_DATA_ERROR')),
  'short-body': both((answer) => {
    breaks(answer);
    expect([answer.status, Number(answer.headers.get('content-length')) > 4000]).toEqual([200, true]);
  }),
  'html-body': both((answer) => expect([answer.status, answer.text]).toEqual([200, expect.stringMatching(/^<!DOCTYPE html>/)])),
  'hanging-page': {
    ...both((answer) => {
      left(answer);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html']);
    }),
    maxMs: 100,
  },
  'no-content-type': both((answer) => expect([answer.status, answer.headers.get('content-type')]).toEqual([200, null])),
  'json-for-stream': { stream: (answer) => expect(message(answer).content).toBe(clean) },
  'sse-for-json': { json: untouched },
  'leaky-headers': both((answer) =>
    expect([answer.headers.get('set-cookie'), answer.headers.get('x-secret')]).toEqual([
      expect.stringContaining('canary-cookie'),
      'canary-upstream-secret',
    ]),
  ),
  'first-event-error': {
    stream: (answer) =>
      expect([answer.status, answer.events, answer.isDone]).toEqual([
        200,
        [{ error: expect.objectContaining({ code: 500 }) }],
        true,
      ]),
    json: plainError(500),
  },
  'mid-error': {
    stream: (answer) => expect([answer.events.at(-1).error.code, finishOf(answer), answer.isDone]).toEqual([500, null, true]),
    json: plainError(500),
  },
  'engine-death': {
    stream: (answer) => expect([answer.events.at(-1).error.code, answer.isDone]).toEqual([500, true]),
    settings: ';ms=50',
  },
  'error-after-finish': {
    stream: (answer) =>
      expect([finishOf(answer), answer.events.at(-1).error.message, answer.isDone]).toEqual(['stop', 'late', true]),
  },
  'no-last-blank-line': {
    stream: (answer) => expect(answer.text).toMatch(/"finish_reason":"stop"[^\n]*\n$/),
  },
  'stall-with-comments': {
    stream: (answer) =>
      expect([answer.broke, answer.text]).toEqual(['left after maxMs', expect.stringMatching(/(: still here\n\n){3,}$/)]),
    settings: ';ms=5',
    maxMs: 150,
  },
  'stall-with-empty-deltas': {
    stream: (answer) => expect([answer.broke, deltas(answer.events).at(-1)]).toEqual(['left after maxMs', {}]),
    settings: ';ms=5',
    maxMs: 150,
  },
  'mid-error-no-done': { stream: (answer) => expect([answer.events.at(-1).error.code, answer.isDone]).toEqual([500, false]) },
  'mid-reset': {
    stream: (answer) => {
      expect(answer.broke).toBe('ECONNRESET');
      expect(answer.events).toHaveLength(4);
    },
    json: breaks,
  },
  'mid-hang-up': {
    stream: (answer) => {
      breaks(answer);
      expect([answer.events.length, answer.isDone]).toEqual([4, false]);
    },
    json: breaks,
  },
  'cut-json': {
    stream: (answer) => {
      openEnded(answer);
      expect(tryParse(answer.text.split('data: ').at(-1) ?? '')).toBeUndefined();
    },
    json: (answer) => expect([answer.status, answer.broke, answer.json]).toEqual([200, null, undefined]),
  },
  eof: { stream: openEnded, json: (answer) => expect([answer.broke, answer.json]).toEqual([null, undefined]) },
  'no-done': { stream: (answer) => expect([finishOf(answer), answer.isDone, answer.broke]).toEqual(['stop', false, null]) },
  stall: {
    ...both((answer) => {
      left(answer);
      expect([answer.status, answer.text === '']).toEqual([200, false]);
    }),
    maxMs: 100,
  },
  pause: { stream: untouched, settings: ';ms=20' },
  'comments-only': {
    stream: (answer) => expect([answer.broke, /^(: keep-alive\n\n){2,}$/.test(answer.text)]).toEqual(['left after maxMs', true]),
    settings: ';ms=5',
    maxMs: 100,
  },
  'comments-between': {
    stream: (answer) =>
      expect([contentOf(answer), answer.text.match(/^: ping/gm)?.length]).toEqual([clean, answer.events.length + 1]),
  },
  drip: both((answer) => expect(contentOf(answer) || message(answer).content).toBe(clean)),
  crlf: {
    stream: (answer) => expect([contentOf(answer), answer.text.replaceAll('\r\n', '').includes('\n')]).toEqual([clean, false]),
  },
  'multi-line': {
    stream(answer) {
      const payloads = answer.text
        .split('\n\n')
        .map((event) => event.split('\n').flatMap((line) => (line.startsWith('data: ') ? [line.slice(6)] : [])));
      expect(payloads.some((lines) => lines.length > 1)).toBe(true);
      const contents = payloads
        .flatMap((lines) => tryParse(lines.join('\n'))?.choices ?? [])
        .map((choice: Parsed) => choice.delta.content ?? '');
      expect(contents.join('')).toBe(clean);
    },
  },
  'split-utf8': both((answer) => expect(contentOf(answer) || message(answer).content).toBe(`${clean} — naïve café 東京 🌍👩‍💻 ✓`)),
  'one-write': { stream: untouched },
  bom: { stream: (answer) => expect(answer.text.startsWith('\ufeffdata:')).toBe(true) },
  'bad-json-event': {
    stream: (answer) =>
      expect([answer.events.filter((event) => event === undefined).length, finishOf(answer)]).toEqual([1, 'stop']),
  },
  'garbled-event': {
    stream: (answer) =>
      expect([answer.events.filter((event) => event === undefined).length, contentOf(answer) === clean]).toEqual([1, false]),
  },
  'line-break-in-event': {
    stream: (answer) => expect([answer.text, finishOf(answer)]).toEqual([expect.stringMatching(/,\n"choices"/), 'stop']),
  },
  'invalid-utf8': { stream: (answer) => expect(contentOf(answer)).toContain('bad \ufffd\ufffd(\ufffd bytes') },
  'huge-event': {
    stream: (answer) =>
      expect(Math.max(...deltas(answer.events).map(({ content }) => content?.length ?? 0))).toBeGreaterThan(300_000),
    settings: ';bytes=300000',
  },
  'endless-line': {
    stream: (answer) => {
      left(answer);
      expect(answer.text.split('\n').at(-1)?.length).toBeGreaterThan(400_000);
    },
    maxBytes: 500_000,
  },
  'endless-stream': {
    stream: (answer) => {
      left(answer);
      expect([deltas(answer.events).length > 500, finishOf(answer)]).toEqual([true, null]);
    },
    maxBytes: 300_000,
  },
  'endless-tool-arguments': {
    stream: (answer) => {
      left(answer);
      expect(deltas(answer.events).find((delta) => delta.tool_calls)?.tool_calls[0].function.name).toBe('look');
    },
    body: { tools },
    maxBytes: 300_000,
  },
  'tool-index-negative': { stream: callIndexes(-1), body: { tools, tool_choice: 'required' } },
  'tool-index-huge': { stream: callIndexes(4_294_967_296), body: { tools, tool_choice: 'required' } },
  'tool-index-missing': { stream: callIndexes(undefined), body: { tools, tool_choice: 'required' } },
  'events-after-done': { stream: (answer) => expect(answer.text.split('data: [DONE]')[1]).toContain('said after the end') },
  'double-finish': {
    stream: (answer) =>
      expect(answer.events.flatMap((event) => event.choices).filter((choice: Parsed) => choice.finish_reason)).toHaveLength(2),
  },
  'legacy-reasoning': {
    stream: (answer) =>
      expect(
        deltas(answer.events)
          .map((delta) => delta.reasoning_content ?? '')
          .join(''),
      ).toBe('so it goes'),
    settings: ']][[think:so it goes',
  },
  'anonymous-first-chunk': {
    stream: (answer) => expect([answer.events[0].id, answer.events[1].id]).toEqual(['', expect.stringMatching(/^chatcmpl-/)]),
  },
  'changing-id': { stream: (answer) => expect(new Set(answer.events.map(({ id }) => id)).size).toBe(answer.events.length) },
  'empty-finish-reasons': {
    stream: (answer) =>
      expect(answer.events.slice(0, 3).map(({ choices: [choice] }) => [choice.finish_reason, choice.delta.role])).toEqual(
        Array.from({ length: 3 }, () => ['', 'assistant']),
      ),
  },
  'finish-with-text': {
    stream: (answer) => {
      untouched(answer);
      const [last] = answer.events.at(-2).choices;
      expect([last.finish_reason, clean.endsWith(last.delta.content)]).toEqual(['stop', true]);
    },
  },
  'text-after-finish': { stream: (answer) => expect(contentOf(answer)).toBe(`${clean} And that is all.`) },
  'arguments-dropped': {
    stream: (answer) => expect(deltas(answer.events).flatMap((delta) => delta.tool_calls ?? [])).toHaveLength(1),
    body: { tools, tool_choice: 'required' },
  },
  'odd-usage': { stream: (answer) => expect(answer.events.at(-1)).toMatchObject({ choices: null, usage: {} }) },
  'no-usage': both(usage(undefined)),
  'usage-negative': both(usage(counts(-5, -7, -12))),
  'usage-nan': both((answer) => expect([answer.text.includes('"prompt_tokens":NaN'), answer.json]).toEqual([true, undefined])),
  'usage-huge': both(usage(counts(9_007_199_254_740_992, 1e18, 2e18))),
  'usage-zero': both(usage(counts(0, 0, 0))),
  'usage-text': both(usage(counts('12', '34', '46'))),
  'content-parts': {
    stream: (answer) => expect(deltas(answer.events)[1].content.map((part: Parsed) => part.type)).toEqual(['text', 'citation']),
    json: (answer) => expect(message(answer).content[0]).toEqual({ type: 'text', text: clean }),
  },
  'refusal-field': {
    stream: (answer) =>
      expect(
        deltas(answer.events)
          .map(({ refusal }) => refusal ?? '')
          .join(''),
      ).toBe(clean),
    json: (answer) => expect(message(answer)).toMatchObject({ content: null, refusal: clean }),
  },
  'finish-as': {
    ...both((answer) => expect(finishOf(answer) ?? answer.json.choices[0].finish_reason).toBe('end_turn')),
    settings: ';reason=end_turn',
  },
  repetition: both((answer) =>
    expect(answer.json?.choices[0] ?? answer.events.at(-2).choices[0]).toMatchObject({
      finish_reason: 'repetition',
      stop_reason: 'repetition_detected',
    }),
  ),
  runaway: both((answer) => expect(answer.text).toMatch(/(?:!.*){20}/s)),
  'starts-over': {
    json: (answer) => expect(message(answer).content).toMatch(/^Certainly! Let me begin/),
    body: {
      messages: [
        { role: 'user', content: '[[fault:starts-over]]x' },
        { role: 'assistant', content: 'y' },
      ],
      continue_final_message: true,
      add_generation_prompt: false,
    },
  },
  'hostile-content': both((answer) => {
    const content = contentOf(answer) || message(answer).content;
    for (const part of ['\n\ndata: {', '<script>', '\u2028', '\u0000', '\r bare']) expect(content).toContain(part);
    expect(answer.broke).toBeNull();
  }),
  'breaks-schema': { json: (answer) => expect(tryParse(message(answer).content)).toHaveProperty('unexpected'), body: jsonFormat },
  'not-repairable': { json: (answer) => expect(tryParse(message(answer).content)).toBeUndefined(), body: jsonFormat },
  'code-fence': {
    json: (answer) => expect(tryParse(message(answer).content.split('```')[1].slice(5))).toBeTypeOf('object'),
    body: jsonFormat,
  },
  'trailing-text': {
    json: (answer) => expect(tryParse(message(answer).content.split('\n\n')[0])).toBeTypeOf('object'),
    body: jsonFormat,
  },
  'trailing-comma': {
    json: (answer) =>
      expect([tryParse(message(answer).content), message(answer).content]).toEqual([undefined, expect.stringMatching(/,\}$/)]),
    body: jsonFormat,
  },
  'single-quotes': { json: (answer) => expect(message(answer).content).toMatch(/^\{'/), body: jsonFormat },
  'truncated-json': {
    json: (answer) =>
      expect([tryParse(message(answer).content), answer.json.choices[0].finish_reason]).toEqual([undefined, 'length']),
    body: jsonFormat,
  },
  'repair-bomb': { json: (answer) => expect(message(answer).content.length).toBe(5000), settings: ';bytes=5000' },
  'deep-json': { json: (answer) => expect(message(answer).content).toBe('['.repeat(3000)), settings: ';depth=3000' },
  'low-logprobs': {
    json: (answer) =>
      expect(Math.max(...answer.json.choices[0].logprobs.content.map((entry: Parsed) => entry.logprob))).toBeLessThan(-1),
    body: { logprobs: true },
  },
  refusal: both((answer) => expect(contentOf(answer) || message(answer).content).toContain("can't help")),
  hedged: both((answer) => expect(contentOf(answer) || message(answer).content).toContain("I'm not sure")),
  'empty-answer': both((answer) =>
    expect([contentOf(answer) || answer.json?.choices[0].message.content || '', answer.status]).toEqual(['', 200]),
  ),
  'cut-call': {
    stream: (answer) => {
      const texts = deltas(answer.events).flatMap((delta) => delta.tool_calls ?? []);
      expect([finishOf(answer), tryParse(texts.map((call: Parsed) => call.function.arguments ?? '').join(''))]).toEqual([
        'tool_calls',
        undefined,
      ]);
    },
    json: (answer) => expect(message(answer).content).toMatch(/^<tool_call>\n\{"name": "look", "arguments": \{/),
    body: { tools, tool_choice: 'required' },
  },
  'prose-for-call': {
    json: (answer) =>
      expect([message(answer).tool_calls, message(answer).content]).toEqual([undefined, expect.stringContaining('look that up')]),
    body: { tools, tool_choice: 'required' },
  },
  'invalid-arguments': {
    json: (answer) => expect(JSON.parse(message(answer).tool_calls[0].function.arguments)).not.toHaveProperty('at'),
    body: { tools, tool_choice: 'required' },
  },
  'truncated-arguments': {
    stream: (answer) => {
      const calls = deltas(answer.events).flatMap((delta) => delta.tool_calls ?? []);
      expect(tryParse(calls.map((call: Parsed) => call.function.arguments ?? '').join(''))).toBeUndefined();
    },
    // A server that reads the whole text at once makes no call of it.
    json: (answer) => expect(message(answer).content).toMatch(/^<tool_call>/),
    body: { tools, tool_choice: 'required' },
  },
  'raw-markup': {
    json: (answer) =>
      expect([message(answer).tool_calls, message(answer).content]).toEqual([undefined, expect.stringContaining('"look"')]),
    body: { tools, tool_choice: 'required' },
  },
  'unknown-tool': {
    json: (answer) => expect(message(answer).tool_calls[0].function.name).toBe('tool_that_was_never_offered'),
    body: { tools },
  },
};

const cases = Object.entries(expectations).flatMap(([name, row]) =>
  (['stream', 'json'] as const).flatMap((form) => (row[form] ? [{ name, form, row, check: row[form] }] : [])),
);

describe('the fault table', () => {
  it('has an action for every name, and no action without a name', () => {
    expect(Object.keys(faultActions).toSorted()).toEqual(Object.keys(faults).toSorted());
  });

  it.each(cases)('shows $name as $form', async ({ name, form, row, check }) => {
    const body = {
      stream: form === 'stream',
      ...(form === 'stream' ? { stream_options: { include_usage: true } } : {}),
      ...row.body,
    };
    const text = `Tell me about boats [[tokens:12]] [[fault:${name}${row.settings ?? ''}]]`;
    const answer = await ask(
      server.url,
      { ...user(text), ...body },
      { maxMs: row.maxMs ?? 4000, maxBytes: row.maxBytes ?? 4_000_000 },
    );
    check(answer);
    // The log tells of the fault, or of the client that had to leave it.
    await eventually(() => server.log().at(-1)?.endedAtMs !== null, 'the request is over in the log');
    expect(server.log().at(-1)?.ending).toBe(
      answer.broke?.startsWith('left') && answer.status === 200 ? 'client_gone' : `fault:${name}`,
    );
    if (name === 'engine-death') await eventually(() => server.controls.state().isDown, 'the port refuses');
    if (name === 'refused' || name === 'engine-death')
      await eventually(() => !server.controls.state().isDown, 'the listener is back');
  });
});

describe('asking for a fault', () => {
  const status = async (text: string, headers = {}) => (await ask(server.url, user(text), { headers })).status;

  it('works through the header, the text and the control, and several at once', async () => {
    expect(await status('one', { 'x-standin-fault': 'forbidden' })).toBe(403);
    expect(await status('one [[fault:forbidden]]')).toBe(403);
    await server.controls.set({ fault: 'forbidden', requests: 2 });
    expect([await status('one'), await status('one'), await status('one')]).toEqual([403, 403, 200]);
    const answer = await ask(server.url, { stream: true, ...user('one [[fault:crlf]] [[fault:no-done]]') });
    expect([answer.text.includes('\r\n'), answer.isDone]).toEqual([true, false]);
  });

  it('strikes a conversation so often and no more, and begins again with another one', async () => {
    const text = 'two [[fault:unavailable;times=2]]';
    expect([await status(text), await status(text), await status(text)]).toEqual([503, 503, 200]);
    expect(await status(`other ${text}`)).toBe(503);
  });

  it('can be meant for one server only', async () => {
    expect([await status('x [[fault:forbidden;on=small]]'), await status('x [[fault:forbidden;on=large]]')]).toEqual([403, 200]);
  });

  it('refuses a name that the table does not have', async () => {
    const answer = await ask(server.url, user('x [[fault:no-such-thing]]'));
    expect([answer.status, answer.json.error.message]).toEqual([400, expect.stringContaining('no-such-thing')]);
  });
});
