/** How much room a model has is what its server says: before the first call by the probe, after it by what it refused. */
import { describe, expect, it } from 'vitest';
import type { Reply } from '../support/fakes/fake-upstream.ts';
import { createGateway } from '../support/fakes/gateway.ts';
import { completion, goodStream, smallName } from './wire.ts';

const up = { 'qwen2.5-7b@small': 'up', 'qwen2.5-32b@large': 'up' };

describe('the room that a server says it has', () => {
  const question = { model: 'small', messages: [{ role: 'user', content: 'Hello!' }] };
  const tooMany = (asked: unknown): Reply => ({
    kind: 'status',
    status: 400,
    body: JSON.stringify({
      error: {
        message: `'max_tokens' or 'max_completion_tokens' is too large: ${String(asked)}. This model's maximum context length is 2048 tokens and your request has 27 input tokens (${String(asked)} > 2048 - 27).`,
        param: 'max_tokens',
        code: 400,
      },
    }),
  });

  it('is what an answer gets by default: "Hello!" is answered by a server of 2,048 tokens', async () => {
    const gateway = createGateway({ script: [completion('hi')] });
    gateway.health.probe('small', [{ name: smallName, contextTokens: 2048 }]);
    await gateway.ask(question);
    const asked = gateway.upstream.calls[0]?.body['max_tokens'];
    expect(asked).toBeGreaterThan(1900);
    expect(asked).toBeLessThan(2048);
  });

  it('is asked for once more when it is learnt from a refusal', async () => {
    const gateway = createGateway({ script: [tooMany(4096), goodStream('hi')] });
    const answer = await gateway.ask({ ...question, stream: true });
    expect(answer.text).toContain('hi');
    expect(gateway.upstream.calls.map(({ upstreamId, body }) => [upstreamId, body['max_tokens']])).toEqual([
      ['small', 4096],
      ['small', 2021],
    ]);
    expect(answer.metadata).toMatchObject({ fallback_used: false, attempts: 2 });
    expect(gateway.health.statuses()).toEqual(up);
  });

  it('is asked for once, not again and again', async () => {
    const gateway = createGateway({ script: [], last: tooMany(4096), config: { routing: { chains: { 'qwen2.5-7b': [] } } } });
    expect(await gateway.ask(question)).toMatchObject({ kind: 'failed', code: 'context_length_exceeded' });
    expect(gateway.upstream.calls).toHaveLength(2);
  });

  it('is not made the fault of a limit that the client never named: a prompt that is too long is told as one', async () => {
    const refused = (message: string): Reply => ({ kind: 'status', status: 400, body: JSON.stringify({ error: { message } }) });
    const gateway = createGateway({
      script: [
        refused('max_tokens=4096 cannot be greater than max_model_len=2048. Please request fewer output tokens.'),
        refused("This model's maximum context length is 2048 tokens. However, your prompt contains at least 2049 input tokens."),
      ],
      config: { routing: { chains: { 'qwen2.5-7b': [] } } },
    });
    const long = { ...question, messages: [{ role: 'user', content: 'word '.repeat(3000) }] };
    expect(await gateway.ask(long)).toMatchObject({ code: 'context_length_exceeded', param: 'messages' });
    expect(gateway.upstream.calls.map(({ body }) => body['max_tokens'])).toEqual([4096, 256]);
  });

  it('does not cut what the client has asked for: a larger model answers, or the error names the field as the server does', async () => {
    const gateway = createGateway({ script: [tooMany(3000)], last: completion('from the other') });
    expect((await gateway.ask({ ...question, max_tokens: 3000 })).text).toContain('from the other');
    const alone = createGateway({ script: [], last: tooMany(3000), config: { routing: { chains: { 'qwen2.5-7b': [] } } } });
    const failed = await alone.ask({ ...question, max_tokens: 3000 });
    expect(failed).toMatchObject({ code: 'context_length_exceeded', param: 'max_tokens' });
    expect(alone.upstream.calls).toHaveLength(1);
  });

  it('sends a prompt that is too long for it to the model that has room', async () => {
    const gateway = createGateway({ script: [completion('it fits')] });
    gateway.health.probe('small', [{ name: '/models/qwen.gguf', contextTokens: 2048 }]);
    const long = { ...question, model: 'auto', messages: [{ role: 'user', content: 'word '.repeat(4000) }] };
    await gateway.ask(long);
    expect(gateway.upstream.calls.map(({ upstreamId }) => upstreamId)).toEqual(['large']);
  });

  it('takes a prompt that the configuration would not', async () => {
    const config = { models: { 'qwen2.5-7b': { context_tokens: 8192 }, 'qwen2.5-32b': { context_tokens: 8192 } } };
    const gateway = createGateway({ script: [completion('it fits')], config });
    const long = { ...question, messages: [{ role: 'user', content: 'word '.repeat(20_000) }] };
    expect(await gateway.ask(long)).toMatchObject({ code: 'context_length_exceeded' });
    gateway.health.probe('small', [{ name: smallName, contextTokens: 131_072 }]);
    expect((await gateway.ask(long)).text).toContain('it fits');
  });
});
