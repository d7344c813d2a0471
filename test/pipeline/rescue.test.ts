/** Streams that break after their first event and are finished by another call: continued, or said again with what the client has left out. */
import { describe, expect, it } from 'vitest';
import type { BodyStep } from '../support/fakes/fake-upstream.ts';
import { createGateway } from '../support/fakes/gateway.ts';
import {
  chunk,
  done,
  goodStream,
  largeName,
  readEvents,
  role,
  smallName,
  stop,
  streamed,
  streamReply,
  text,
  usage,
  usageChunk,
} from './wire.ts';

const boom =
  'data: {"error":{"message":"CUDA out of memory at /opt/vllm/worker.py","type":"InternalServerError","code":500}}\n\n';
const begun: BodyStep[] = [role, text('Once '), text('upon')];

describe('a stream that breaks and may be rescued', () => {
  const config = { routing: { rescue: { enabled: true, max_rescues: 1 } } };

  it('is continued on the other model from the text the client has', async () => {
    const gateway = createGateway({
      script: [streamReply(...begun, 'reset'), streamReply(role, text(' a time'), stop, usageChunk, done)],
      config,
    });
    const answer = await gateway.ask(streamed);
    expect(readEvents(answer.events)).toMatchObject({ content: 'Once upon a time', finish: 'stop', error: null, isDone: true });
    expect(gateway.upstream.calls[1]).toMatchObject({
      upstreamId: 'large',
      body: { continue_final_message: true, add_generation_prompt: false },
    });
    expect(gateway.entry()).toMatchObject({ ending: 'ok', rescued: true, attempts: 2 });
    const { reason } = readEvents(answer.events).metadata as { reason: string };
    expect(reason).toMatch(/; qwen2\.5-7b broke off \(upstream_truncated\), qwen2\.5-32b went on$/);
    expect(new Set(answer.events.filter((event) => event !== '[DONE]').map((event) => JSON.parse(event).id))).toEqual(
      new Set(['chatcmpl-up']),
    );
  });

  it('is asked for again where it cannot be continued, and what came already is not shown twice', async () => {
    const again = streamReply(role, text('Once upon'), text(' a time'), stop, usageChunk, done);
    const rejected = {
      kind: 'status',
      status: 400,
      body: '{"error":{"message":"continue_final_message is not supported"}}',
    } as const;
    const gateway = createGateway({ script: [streamReply(...begun, 'reset'), rejected, again], config });
    const answer = await gateway.ask(streamed);
    expect(readEvents(answer.events)).toMatchObject({ content: 'Once upon a time', finish: 'stop', isDone: true });
    expect(gateway.entry()).toMatchObject({ ending: 'ok', rescued: true, attempts: 3 });
  });

  it('ends with the first failure when the other answer is another', async () => {
    const other = streamReply(role, text('Twice'), stop, done);
    const rejected = { kind: 'status', status: 400, body: '{}' } as const;
    const gateway = createGateway({ script: [streamReply(...begun, 'reset'), rejected, other], config });
    const answer = await gateway.ask(streamed);
    expect(readEvents(answer.events)).toMatchObject({
      content: 'Once upon',
      finish: null,
      error: 'upstream_truncated',
      isDone: false,
    });
    expect(answer.text).not.toContain('Twice');
    expect(gateway.entry().ending).toBe('upstream_error');
  });

  it('says who failed before it began, who broke off, and who went on', async () => {
    const gateway = createGateway({
      script: [{ kind: 'status', status: 404 }, streamReply(...begun, boom), streamReply(role, text(' a time'), stop, done)],
      config: { ...config, routing: { ...config.routing, retry: { attempts_per_model: 1 } } },
    });
    const answer = await gateway.ask(streamed);
    const { reason } = readEvents(answer.events).metadata as { reason: string };
    expect(reason).toMatch(
      /; qwen2\.5-7b failed \(upstream_model_missing\), qwen2\.5-32b answered; qwen2\.5-32b broke off \(upstream_error\), qwen2\.5-\w+ went on$/,
    );
  });

  it('does not say that anybody went on when nobody did', async () => {
    const gateway = createGateway({ script: [streamReply(...begun, 'reset')], last: { kind: 'status', status: 500 }, config });
    const answer = await gateway.ask(streamed);
    expect(answer.text).not.toContain('went on');
    expect(gateway.entry()).toMatchObject({ servedModel: 'qwen2.5-7b', ending: 'upstream_error' });
  });

  it('goes on from what the client has when the repetition breaks off sooner', async () => {
    const rejected = { kind: 'status', status: 400, body: '{}' } as const;
    const gateway = createGateway({
      script: [
        streamReply(...begun, 'reset'),
        rejected,
        streamReply(role, text('Once '), 'reset'),
        streamReply(role, text(' a time'), stop, usageChunk, done),
      ],
      config: { routing: { rescue: { enabled: true, max_rescues: 2 } } },
    });
    const answer = await gateway.ask(streamed);
    expect(readEvents(answer.events)).toMatchObject({ content: 'Once upon a time', finish: 'stop', isDone: true });
    expect(gateway.upstream.calls[3]?.body).toMatchObject({
      messages: [{ role: 'user' }, { role: 'assistant', content: 'Once upon' }],
    });
  });

  it('is not continued by a model whose text begins as thinking', async () => {
    const again = streamReply(role, text('hm</think>Once upon'), text(' a time'), stop, usageChunk, done);
    const gateway = createGateway({
      script: [streamReply(...begun, 'reset'), again],
      config: { ...config, models: { 'qwen2.5-32b': { reasoning: 'think_open' } } },
    });
    const answer = await gateway.ask(streamed);
    expect(readEvents(answer.events)).toMatchObject({ content: 'Once upon a time', finish: 'stop', isDone: true });
    expect(gateway.upstream.calls[1]?.body).not.toHaveProperty('continue_final_message');
  });

  it('is rescued once', async () => {
    const gateway = createGateway({
      script: [streamReply(...begun, 'reset'), streamReply(role, text(' a'), 'reset')],
      last: goodStream('never'),
      config,
    });
    const answer = await gateway.ask(streamed);
    expect(readEvents(answer.events)).toMatchObject({ content: 'Once upon a', error: 'upstream_truncated', isDone: false });
    expect(gateway.upstream.calls).toHaveLength(2);
    expect(gateway.entry()).toMatchObject({ ending: 'upstream_error', attempts: 2 });
  });

  describe('by a server that does not go on but starts over', () => {
    const tale = ['Once upon a time ', 'there was a harbour ', 'where nobody ', 'ever arrived.'];
    const broken = streamReply(role, ...tale.slice(0, 2).map(text), 'reset');

    it.each([
      ['word for word', tale],
      ['after white space', ['\n\n', ...tale]],
      ['in one piece', [tale.join('')]],
      ['character by character', [...tale.join('')]],
    ])('%s, what came already is not shown twice', async (_, words) => {
      const gateway = createGateway({ script: [broken, goodStream(...words)], config });
      const answer = await gateway.ask({ ...streamed, stream_options: { include_usage: true } });
      expect(readEvents(answer.events)).toMatchObject({ content: tale.join(''), finish: 'stop', usage, isDone: true });
      expect(gateway.upstream.calls).toHaveLength(2);
      expect(gateway.entry()).toMatchObject({ ending: 'ok', rescued: true, attempts: 2 });
      expect(gateway.entry().attemptUsages).toMatchObject([{ isPartOfAnswer: false }, { isPartOfAnswer: true }]);
    });

    it('with other words further on, the answer is called broken', async () => {
      const other = goodStream('Once upon a time ', 'there was a mountain.');
      const answer = await createGateway({ script: [broken, other], config }).ask(streamed);
      expect(readEvents(answer.events)).toMatchObject({
        content: tale.slice(0, 2).join(''),
        error: 'upstream_truncated',
        isDone: false,
      });
      expect(answer.text).not.toContain('mountain');
    });

    it('and meets the limit for its rest, the whole is asked for', async () => {
      const cut = streamReply(role, ...tale.slice(0, 3).map(text), chunk({}, 'length'), done);
      const gateway = createGateway({ script: [broken, cut, goodStream(...tale)], config });
      const answer = await gateway.ask(streamed);
      expect(readEvents(answer.events)).toMatchObject({ content: tale.join(''), finish: 'stop', error: null, isDone: true });
      expect(gateway.upstream.calls.map(({ body }) => [body['model'], body['max_tokens']])).toEqual([
        [smallName, 50],
        [largeName, expect.any(Number)],
        [largeName, 50],
      ]);
      expect(gateway.health.statuses()['qwen2.5-32b@large']).toBe('up');
    });

    it('and the next one is cut short as well, the answer is called broken', async () => {
      const cut = streamReply(role, ...tale.slice(0, 3).map(text), chunk({}, 'length'), done);
      const gateway = createGateway({ script: [broken, cut, streamReply(role, text('Once'), 'reset')], config });
      const answer = await gateway.ask(streamed);
      expect(readEvents(answer.events)).toMatchObject({
        content: tale.slice(0, 3).join(''),
        finish: null,
        error: 'upstream_truncated',
      });
      expect(gateway.upstream.calls).toHaveLength(3);
    });
  });

  describe('and whose tools are on offer', () => {
    const tools = [{ type: 'function', function: { name: 'get_weather', parameters: { type: 'object' } } }];
    const call = '{"name": "get_weather", "arguments": {"city": "Oslo"}}';

    it.each([
      ['prose, JSON that follows is no call', ['Call it like this: '], [call], 'stop'],
      ['an open code block, what follows is quoted', ['Like so:\n```\n', 'x\n'], [`${call}\n`, '```\nDone.'], 'stop'],
      ['a code block that was closed, what follows is not', ['Like so:\n```js\nx\n```\n', 'Now:\n'], ['all `right`.'], 'stop'],
    ])('knows of %s', async (_, first, second, finish) => {
      const script = [streamReply(role, ...first.map(text), 'reset'), goodStream(...second)];
      const gateway = createGateway({ script, config });
      const answer = await gateway.ask({ ...streamed, tools });
      expect(readEvents(answer.events)).toMatchObject({ content: [...first, ...second].join(''), finish, isDone: true });
      expect(answer.text).not.toContain('tool_calls');
    });

    it('may go on with a call', async () => {
      const script = [
        streamReply(role, text('Let me look. '), 'reset'),
        goodStream('I look: ', `<tool_call>\n${call}\n</tool_call>`),
      ];
      const answer = await createGateway({ script, config }).ask({ ...streamed, tools });
      expect(readEvents(answer.events)).toMatchObject({ content: 'Let me look. I look: ', finish: 'tool_calls', isDone: true });
      expect(answer.text).toContain('"name":"get_weather"');
    });

    it('shows what was held back once only', async () => {
      const script = [
        streamReply(role, text('Let me look. <tool_'), text('call>\n{"name": "get_'), 'reset'),
        goodStream(`<tool_call>\n${call}\n</tool_call>`),
      ];
      const answer = await createGateway({ script, config }).ask({ ...streamed, tools });
      expect(readEvents(answer.events)).toMatchObject({
        content: expect.stringMatching(/^Let me look\. ?$/),
        finish: 'tool_calls',
      });
    });
  });

  it.each([
    [
      'a call was shown',
      [
        role,
        chunk({ tool_calls: [{ index: 0, id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }] }),
        chunk({ tool_calls: [{ index: 1, id: 'c2', type: 'function', function: { name: 'f', arguments: '{' } }] }),
        'reset',
      ],
    ],
    ['thinking was shown', [role, chunk({ reasoning: 'hm' }), text('a'), 'reset']],
  ] as const)('is left alone when %s', async (_, steps) => {
    const gateway = createGateway({ script: [streamReply(...steps)], last: goodStream('never'), config });
    const answer = await gateway.ask({ ...streamed, tools: [{ type: 'function', function: { name: 'f' } }] });
    expect(readEvents(answer.events)).toMatchObject({ error: 'upstream_truncated', isDone: false });
    expect(gateway.upstream.calls).toHaveLength(1);
  });
});
