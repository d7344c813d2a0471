/** OpenAI's older text completions: the prompt is what a user says, the text is the answer, and what a chat model cannot do is refused by name. */
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../shared/errors.ts';
import { completionsSurface } from '../../../worker/core/surfaces/completions/completions-surface.ts';
import { clientKey, createFakeApp } from '../../support/fakes/app.ts';
import { configWith } from '../../support/fakes/config.ts';
import type { GatewayOptions } from '../../support/fakes/gateway.ts';
import { chunk, completion, done, goodStream, role, streamReply, text, usage } from '../../pipeline/wire.ts';

const read = (body: unknown) => completionsSurface.read(JSON.stringify(body), configWith({}));

function inner(fields: object) {
  const result = read({ prompt: 'Once', ...fields });
  if (!result.ok) throw new Error(JSON.stringify(result.failure));
  return result.value;
}

describe('a prompt', () => {
  it.each([['Once'], [['Once']]])('is what the user says: %j', (prompt) => {
    expect(inner({ prompt }).request.messages).toEqual([{ role: 'user', content: 'Once' }]);
  });

  it('has chat’s fields beside it', () => {
    const { request, ignored } = inner({
      max_tokens: 5,
      temperature: 0,
      n: 2,
      stop: ['\n'],
      seed: 1,
      logprobs: 2,
      best_of: 2,
      user: 'u',
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(request).toMatchObject({
      maxTokens: 5,
      choiceCount: 2,
      logprobs: true,
      topLogprobs: 2,
      isStream: true,
      showsUsage: true,
      sampling: { temperature: 0, stop: ['\n'], seed: 1 },
    });
    expect(ignored).toEqual([]);
  });

  const wrong: readonly (readonly [what: string, body: object, code: ErrorCode, param: string])[] = [
    ['none', {}, 'missing_field', 'prompt'],
    ['an empty one', { prompt: '' }, 'invalid_value', 'prompt'],
    ['a number', { prompt: 7 }, 'unsupported_parameter', 'prompt'],
    ['tokens', { prompt: [1, 2] }, 'unsupported_parameter', 'prompt'],
    ['lists of tokens', { prompt: [[1, 2]] }, 'unsupported_parameter', 'prompt'],
    ['two', { prompt: ['a', 'b'] }, 'unsupported_parameter', 'prompt'],
    ['messages', { messages: [] }, 'unsupported_parameter', 'messages'],
    ['what follows it', { prompt: 'a', suffix: 'b' }, 'unsupported_parameter', 'suffix'],
    ['tools', { prompt: 'a', tools: [{}] }, 'unsupported_parameter', 'tools'],
    ['more than are given', { prompt: 'a', best_of: 3 }, 'unsupported_parameter', 'best_of'],
    ['too many alternatives', { prompt: 'a', logprobs: 6 }, 'invalid_value', 'logprobs'],
    ['alternatives for itself', { prompt: 'a', logprobs: 1, echo: true }, 'unsupported_parameter', 'logprobs'],
    ['an echo that is no flag', { prompt: 'a', echo: 1 }, 'invalid_value', 'echo'],
    ['a wrong field of chat', { prompt: 'a', temperature: -1 }, 'invalid_value', 'temperature'],
  ];
  it.each(wrong)('is refused with the field named: %s', (_what, body, code, param) => {
    expect(read(body)).toMatchObject({ ok: false, failure: { code, param } });
  });
});

async function ask(script: GatewayOptions['script'], body: object) {
  const app = createFakeApp({ script, last: { kind: 'status', status: 503 } });
  const headers = { authorization: `Bearer ${clientKey}`, 'content-type': 'application/json' };
  const response = await app.send(
    'POST',
    '/v1/completions',
    headers,
    JSON.stringify({ model: 'small', max_tokens: 50, prompt: 'Once', ...body }),
  );
  return { status: response.status, text: await app.gateway.time.runUntil(response.text()) };
}

const dataIn = (stream: string) =>
  stream.split('\n\n').flatMap((frame) => (frame.startsWith('data: {') ? [JSON.parse(frame.slice(6))] : []));

describe('a completion', () => {
  it('is a text with its usage', async () => {
    const { text: body } = await ask([completion(' upon')], { echo: true });
    expect(JSON.parse(body)).toMatchObject({
      object: 'text_completion',
      choices: [{ text: 'Once upon', index: 0, logprobs: null, finish_reason: 'stop' }],
      usage,
    });
    expect(JSON.parse(body).id).toMatch(/^cmpl-/);
  });

  it('is a stream of pieces that ends with [DONE]', async () => {
    const { text: body } = await ask([goodStream(' upon', ' a time')], {
      stream: true,
      echo: true,
      stream_options: { include_usage: true },
    });
    const chunks = dataIn(body);
    expect(chunks.map(({ choices }) => choices[0]?.text ?? '').join('')).toBe('Once upon a time');
    expect(chunks.at(-2)).toMatchObject({
      choices: [{ finish_reason: 'stop' }],
      'x-routing-metadata': { model_id: 'qwen2.5-7b' },
    });
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage });
    expect(body.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  it('that breaks off ends with an error and without [DONE]', async () => {
    const { text: body } = await ask([streamReply(role, text(' upon'))], { stream: true });
    expect(dataIn(body).at(-1)).toMatchObject({ error: { code: 'upstream_truncated' } });
    expect(body).not.toContain('[DONE]');
  });

  it('has its log probabilities in this wire’s form, streamed and whole, with the places of its tokens', async () => {
    const entry = (token: string) => ({
      token,
      logprob: -0.5,
      bytes: null,
      top_logprobs: [{ token: 'x', logprob: -1, bytes: null }],
    });
    const piece = (token: string) =>
      chunk({ content: token }, null, {
        choices: [{ index: 0, delta: { content: token }, logprobs: { content: [entry(token)] }, finish_reason: null }],
      });
    const { text: body } = await ask([streamReply(role, piece('ab'), piece('c'), chunk({}, 'stop'), done)], {
      stream: true,
      logprobs: 1,
    });
    const shown = dataIn(body).flatMap(({ choices }) => choices[0]?.logprobs ?? []);
    const one = (token: string, at: number) => ({
      tokens: [token],
      token_logprobs: [-0.5],
      top_logprobs: [{ x: -1 }],
      text_offset: [at],
    });
    expect(shown).toEqual([one('ab', 0), one('c', 2)]);
  });

  it('names the prompt where it is too long', () => {
    const body = completionsSurface.writeError({ code: 'context_length_exceeded', param: 'messages' }, null, 'r');
    expect(JSON.parse(body).error).toMatchObject({ code: 'context_length_exceeded', param: 'prompt' });
  });
});
