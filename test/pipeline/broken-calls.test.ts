/** Answers that end inside a tool call: asked again as long as nothing was shown, an error event afterwards, never a success. */
import { describe, expect, it } from 'vitest';
import { createGateway } from '../support/fakes/gateway.ts';
import { chunk, completion, done, goodStream, hello, readEvents, role, stop, streamed, streamReply, text } from './wire.ts';

const tool = (name: string) => ({ type: 'function', function: { name, parameters: { type: 'object', required: ['city'] } } });
const tools = [tool('get_weather'), tool('search')];
const entry = (index: number, args: string) =>
  chunk({ tool_calls: [{ index, id: `c${index}`, type: 'function', function: { name: 'get_weather', arguments: args } }] });
const finish = chunk({}, 'tool_calls');
const markup = (args: string) => `<tool_call>\n{"name": "get_weather", "arguments": ${args}}\n</tool_call>`;
const cut = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Par';
const good = goodStream(markup('{"city": "Rome"}'));

function callsIn(events: readonly string[]): string[] {
  const deltas = events.filter((event) => event !== '[DONE]').flatMap((event) => JSON.parse(event).choices ?? []);
  return deltas.flatMap(({ delta }) => (delta.tool_calls ?? []).map((call: never) => JSON.stringify(call['function'])));
}

describe('a call that is cut before anything was shown', () => {
  it.each([
    ['as the server recognised it', [role, entry(0, '{"city":"Par'), finish, done]],
    ['in the text', [role, text(cut.slice(0, 20)), text(cut.slice(20)), stop, done]],
    ['when calls were announced and none came, in one piece with the text', [role + text('Hello!') + finish + done]],
  ])('is asked for again, and the client sees the good answer only: %s', async (_, steps) => {
    const gateway = createGateway({ script: [streamReply(...steps)], last: good });
    const { events } = await gateway.ask({ ...streamed, tools });
    expect(callsIn(events)).toEqual([JSON.stringify({ name: 'get_weather', arguments: '{"city": "Rome"}' })]);
    expect(readEvents(events)).toMatchObject({ content: '', finish: 'tool_calls', error: null, isDone: true });
    expect(gateway.entry()).toMatchObject({ ending: 'ok', attempts: 2 });
  });

  it.each([
    ['its text', completion(cut)],
    ['calls that never came', completion('Hello!', { finish: 'tool_calls' })],
    ['text before it', completion(`Let me look. ${cut}`)],
  ])('is asked for again for a client that waits for the whole answer: %s', async (_, reply) => {
    const gateway = createGateway({ script: [reply], last: completion(markup('{"city": "Rome"}')) });
    const answer = await gateway.ask({ ...hello, tools });
    expect(JSON.parse(answer.text).choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { tool_calls: [{ function: { arguments: '{"city": "Rome"}' } }] },
    });
  });

  it('is an error when every model does it, and says what is wrong', async () => {
    const gateway = createGateway({ script: [], last: streamReply(role, text(cut), stop, done) });
    expect(await gateway.ask({ ...streamed, tools })).toMatchObject({ kind: 'failed', code: 'upstream_invalid_answer' });
  });
});

describe('a call that is cut after something was shown', () => {
  it.each([
    ['text', [role, text('Let me look. '), text(cut), stop, done], 'Let me look. ', 0],
    ['a whole call in the text', [role, text(markup('{"city": "A"}')), text(cut), stop, done], '', 1],
    ['a whole call of the server', [role, entry(0, '{"city":"A"}'), entry(1, '{"ci'), finish, done], '', 1],
    [
      'text, and the whole calls come with the end',
      [role, text('Two. '), entry(0, '{}') + entry(1, '{"ci') + finish],
      'Two. ',
      1,
    ],
    ['text, and calls were announced that never came', [role, text('Hello!'), finish, done], 'Hello!', 0],
  ])('ends with what is whole and one error event, never with a finish reason: %s', async (_, steps, content, calls) => {
    const gateway = createGateway({ script: [streamReply(...steps)], last: good });
    const { events } = await gateway.ask({ ...streamed, tools });
    expect(readEvents(events)).toMatchObject({ content, finish: null, error: 'upstream_invalid_answer', isDone: false });
    expect(callsIn(events)).toHaveLength(calls);
    expect(gateway.entry()).toMatchObject({ ending: 'upstream_error', errorCode: 'upstream_invalid_answer' });
  });

  it('keeps the same promise in early emission, where its beginning was shown', async () => {
    const config = { models: { 'qwen2.5-7b': { tool_emission: 'early' } } };
    const gateway = createGateway({ script: [streamReply(role, entry(0, '{"city":"Par'), finish, done)], last: good, config });
    const { events } = await gateway.ask({ ...streamed, tools });
    expect(readEvents(events)).toMatchObject({ finish: null, error: 'upstream_invalid_answer', isDone: false });
  });
});

describe('a call that the token limit cut', () => {
  it('leaves the calls before it and the finish reason as they are', async () => {
    const gateway = createGateway({
      script: [streamReply(role, text(markup('{"city": "A"}')), text(cut), chunk({}, 'length'), done)],
    });
    const { events } = await gateway.ask({ ...streamed, tools });
    expect(callsIn(events)).toHaveLength(1);
    expect(readEvents(events)).toMatchObject({ content: '', finish: 'length', error: null, isDone: true });
    expect(gateway.entry()).toMatchObject({ ending: 'ok', attempts: 1 });
  });
});

describe('arguments that do not satisfy their schema, where that is to be mended by another try', () => {
  const config = { routing: { tools: { invalid_arguments: 'escalate' } } };
  const bad = markup('{"town": "Rome"}');

  it('are asked for again before anything was shown', async () => {
    const gateway = createGateway({ script: [goodStream(bad)], last: good, config });
    const { events } = await gateway.ask({ ...streamed, tools });
    expect(callsIn(events)).toEqual([JSON.stringify({ name: 'get_weather', arguments: '{"city": "Rome"}' })]);
  });

  it('are passed on with a warning once text was shown', async () => {
    const gateway = createGateway({ script: [goodStream('Let me look. ', bad)], last: good, config });
    const { events } = await gateway.ask({ ...streamed, tools });
    expect(callsIn(events)).toEqual([JSON.stringify({ name: 'get_weather', arguments: '{"town": "Rome"}' })]);
    expect(readEvents(events)).toMatchObject({
      content: 'Let me look. ',
      finish: 'tool_calls',
      error: null,
      isDone: true,
      metadata: { warnings: ['The arguments of a tool call do not satisfy its schema.'] },
    });
    expect(gateway.entry()).toMatchObject({ ending: 'ok', attempts: 1 });
  });

  it('are passed on with a warning behind a good call', async () => {
    const gateway = createGateway({ script: [goodStream(markup('{"city": "Rome"}'), bad)], last: good, config });
    const { events } = await gateway.ask({ ...streamed, tools });
    expect(callsIn(events)).toHaveLength(2);
    expect(readEvents(events)).toMatchObject({ finish: 'tool_calls', error: null });
  });

  it('are asked for again for a client that waits for the whole answer, text or not', async () => {
    const gateway = createGateway({ script: [completion(`Let me look. ${bad}`)], last: completion('Rome is fine.'), config });
    const answer = await gateway.ask({ ...hello, tools });
    expect(JSON.parse(answer.text).choices[0].message.content).toBe('Rome is fine.');
    expect(JSON.parse(answer.text)['x-routing-metadata']).not.toHaveProperty('warnings');
  });
});

describe.each([
  ['any tool', 'required'],
  ['a named tool', { type: 'function', function: { name: 'get_weather' } }],
])('arguments of a call that is demanded of %s', (_, tool_choice) => {
  const bad = markup('{"town": "Rome"}');
  const demanded = { tools, tool_choice };

  it.each([
    ['streamed', { ...streamed, ...demanded }, goodStream(bad), good],
    ['whole', { ...hello, ...demanded }, completion(bad), completion(markup('{"city": "Rome"}'))],
    ['whole, in prose', { ...hello, ...demanded }, completion(`Let me look. ${bad}`), completion(markup('{"city": "Rome"}'))],
    ['streamed, in prose', { ...streamed, ...demanded }, goodStream('Let me look. ', bad), good],
  ])('are checked by default, and asked for again when they are invalid (%s)', async (__, body, first, last) => {
    const gateway = createGateway({ script: [first], last });
    const answer = await gateway.ask(body);
    expect(answer.text).toContain('Rome');
    expect(answer.text).not.toContain('town');
    expect(gateway.entry()).toMatchObject({ ending: 'ok', attempts: 2 });
  });

  it.each([
    ['streamed', streamed, goodStream(bad)],
    ['whole', hello, completion(bad)],
  ])('that are invalid everywhere are a failure that says so (%s)', async (__, body, last) => {
    const gateway = createGateway({ script: [], last });
    const answer = await gateway.ask({ ...body, ...demanded });
    expect(answer).toMatchObject({ kind: 'failed', code: 'upstream_invalid_answer', text: '' });
    expect(gateway.health.statuses()).toEqual({ 'qwen2.5-7b@small': 'up', 'qwen2.5-32b@large': 'up' });
  });

  it('are shown as they are where the configuration says so', async () => {
    const config = { routing: { tools: { invalid_required_arguments: 'pass' } } };
    const gateway = createGateway({ script: [goodStream(bad)], config });
    expect((await gateway.ask({ ...streamed, ...demanded })).text).toContain('town');
    expect(gateway.entry()).toMatchObject({ ending: 'ok', attempts: 1 });
  });

  it('are not checked so where the model may choose', async () => {
    const gateway = createGateway({ script: [goodStream(bad)] });
    expect((await gateway.ask({ ...streamed, tools })).text).toContain('town');
  });
});
