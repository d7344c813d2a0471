/** Requests and model servers' answers in short form for the pipeline's tests. */
import type { BodyStep, Reply } from '../support/fakes/fake-upstream.ts';

export const smallName = 'Qwen/Qwen2.5-7B-Instruct';
export const largeName = 'Qwen/Qwen2.5-32B-Instruct-AWQ';
export const usage = { prompt_tokens: 11, completion_tokens: 3, total_tokens: 14 };

/** Short enough that a whole answer is asked for as plain JSON. */
export const hello = { model: 'small', max_tokens: 50, messages: [{ role: 'user', content: 'hello' }] };
export const streamed = { ...hello, stream: true };

export function chunk(delta: object, finish: string | null = null, fields: object = {}): string {
  const choices = [{ index: 0, delta, logprobs: null, finish_reason: finish }];
  return `data: ${JSON.stringify({ id: 'chatcmpl-up', object: 'chat.completion.chunk', created: 1_800_000_000, model: smallName, choices, ...fields })}\n\n`;
}

export const role = chunk({ role: 'assistant', content: '' });
export const text = (content: string): string => chunk({ content });
export const stop = chunk({ content: '' }, 'stop');
export const usageChunk = `data: ${JSON.stringify({ id: 'chatcmpl-up', object: 'chat.completion.chunk', created: 1_800_000_000, model: smallName, choices: [], usage })}\n\n`;
export const done = 'data: [DONE]\n\n';

export function streamReply(...steps: readonly BodyStep[]): Reply {
  return { kind: 'stream', steps };
}

/** A whole stream with `words` as its content. */
export function goodStream(...words: readonly string[]): Reply {
  return streamReply(role, ...words.map(text), stop, usageChunk, done);
}

export function completion(
  content: string | null,
  change: { message?: object; finish?: string; usage?: object | null } = {},
): Reply {
  const message = { role: 'assistant', content, tool_calls: [], ...change.message };
  const body = {
    id: 'chatcmpl-up',
    object: 'chat.completion',
    created: 1_800_000_000,
    model: smallName,
    choices: [{ index: 0, message, finish_reason: change.finish ?? 'stop', logprobs: null }],
  };
  return { kind: 'json', body: change.usage === null ? body : { ...body, usage: change.usage ?? usage } };
}

/** What a stream's events say together. */
export function readEvents(events: readonly string[]) {
  let content = '';
  let finish: string | null = null;
  let seenUsage: unknown = null;
  let error: string | null = null;
  let metadata: unknown = null;
  for (const event of events) {
    if (event === '[DONE]') continue;
    const parsed = JSON.parse(event);
    if (parsed.error !== undefined) error = parsed.error.code;
    if (parsed.usage != null) seenUsage = parsed.usage;
    metadata = parsed['x-routing-metadata'] ?? metadata;
    for (const choice of parsed.choices ?? []) {
      content += choice.delta.content ?? '';
      finish = choice.finish_reason ?? finish;
    }
  }
  return { content, finish, usage: seenUsage, error, metadata, isDone: events.at(-1) === '[DONE]' };
}
