/** Errors of providers on whole requests: what is the provider's own goes to the next model, what is the client's comes back in clear words. */
import { describe, expect, it } from 'vitest';
import type { Reply } from '../support/fakes/fake-upstream.ts';
import { createGateway } from '../support/fakes/gateway.ts';
import { completion, goodStream, hello, readEvents, streamed, streamReply } from './wire.ts';

const refusal = (status: number, message: string, fields: object = {}): Reply => ({
  kind: 'status',
  status,
  body: JSON.stringify({ error: { message, ...fields } }),
});
const tooLong = "This model's maximum context length is 2048 tokens. However, your messages resulted in 6021 tokens.";

describe("a provider's own trouble", () => {
  it.each([
    [402, 'Insufficient Balance'],
    [405, 'Method Not Allowed'],
    [400, 'Your credit balance is too low to access the API'],
    [400, 'API key not valid. Please pass a valid API key.'],
    [400, 'Model is currently loading'],
    [404, 'The model `x` does not exist.'],
    [404, 'Not Found'],
    [410, 'Gone'],
  ])('goes to the next model: %i %s', async (status, message) => {
    for (const [body, good] of [
      [hello, completion('from the other')],
      [streamed, goodStream('from the other')],
    ] as const) {
      const gateway = createGateway({ script: [refusal(status, message)], last: good });
      const answer = await gateway.ask(body);
      expect(answer.text).toContain('from the other');
      expect(answer.metadata).toMatchObject({ model_id: 'qwen2.5-32b', fallback_used: true });
    }
  });

  it.each([407, 421, 425, 444, 499])(
    'is tried once more where a proxy on the way wrote it, and then elsewhere: %i',
    async (status) => {
      const gateway = createGateway({
        script: [refusal(status, 'no'), refusal(status, 'no')],
        last: completion('from the other'),
      });
      const answer = await gateway.ask(hello);
      expect(answer.text).toContain('from the other');
      expect(answer.metadata).toMatchObject({ model_id: 'qwen2.5-32b', fallback_used: true });
    },
  );

  it('is never told as the fault of the client when every model has it', async () => {
    for (const [status, code] of [
      [402, 'upstream_quota'],
      [405, 'upstream_error'],
      [499, 'upstream_unreachable'],
    ] as const) {
      const gateway = createGateway({ script: [], last: refusal(status, 'secret') });
      const answer = await gateway.ask(hello);
      expect(answer).toMatchObject({ kind: 'failed', code });
      expect(answer.text).not.toContain('secret');
    }
  });
});

describe('a prompt that is too long', () => {
  const roomy = { models: { 'qwen2.5-32b': { context_tokens: 65_536 } } };

  it('goes to a model that is larger than the number in the message, though both are configured alike', async () => {
    const gateway = createGateway({ script: [refusal(400, tooLong), completion('it fits')] });
    expect((await gateway.ask(hello)).text).toContain('it fits');
    expect(gateway.health.statuses()).toEqual({ 'qwen2.5-7b@small': 'up', 'qwen2.5-32b@large': 'up' });
  });

  it('is told with the numbers and in the words of OpenAI when there is none', async () => {
    const script = [refusal(400, tooLong.replace('2048', '32768'))];
    const gateway = createGateway({ script, last: completion('never') });
    const answer = await gateway.ask(hello);
    expect(answer).toMatchObject({ kind: 'failed', code: 'context_length_exceeded' });
    expect(gateway.upstream.calls).toHaveLength(1);
  });

  it.each([
    ['as the first event of a stream', { message: tooLong, code: 400 }],
    ['by its name', { message: 'no', code: 'context_length_exceeded' }],
    ['as a 500 of llama.cpp', { message: 'Context size has been exceeded.', code: 500, type: 'server_error' }],
  ])('is noticed before anything is shown: %s', async (_, error) => {
    const broken = streamReply(`data: ${JSON.stringify({ error })}\n\n`, 'data: [DONE]\n\n');
    const gateway = createGateway({ script: [broken], last: goodStream('it fits'), config: roomy });
    const answer = await gateway.ask(streamed);
    expect(readEvents(answer.events)).toMatchObject({ content: 'it fits', error: null });
    const alone = createGateway({ script: [broken], config: { routing: { chains: { 'qwen2.5-7b': [] } } } });
    expect(await alone.ask(streamed)).toMatchObject({ kind: 'failed', code: 'context_length_exceeded' });
  });

  it('is noticed in a whole answer that is an error with status 200', async () => {
    const gateway = createGateway({
      script: [{ kind: 'json', body: { error: { message: tooLong } } }],
      last: completion('it fits'),
    });
    expect((await gateway.ask(hello)).text).toContain('it fits');
  });
});

it('half an emoji anywhere in a request reaches no model server', async () => {
  const gateway = createGateway({ script: [], last: completion('hi') });
  const call = { id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":"\ud83d"}' } };
  await gateway.ask({
    ...hello,
    messages: [
      { role: 'user', content: 'cut \ud83d', name: 'n\udc00' },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'c1', content: [{ type: 'text', text: '\ude00' }] },
    ],
  });
  const sent = JSON.stringify(gateway.upstream.calls[0]?.body);
  expect(sent).toContain('cut \ufffd');
  expect(sent).not.toMatch(/\\ud[89a-f]/);
});
