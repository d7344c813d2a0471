/** Request bodies for the validation tests, and the limits they are checked against. */
import { expect } from 'vitest';
import type { LimitsConfig } from '../../../shared/config.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import { parseChatRequest } from '../../../worker/core/surfaces/chat/chat-request.ts';
import { configWith } from '../../support/fakes/config.ts';

/** Pinned, so that operators may change the shipped ones. */
export const limits: LimitsConfig = configWith({
  limits: {
    max_depth: 64,
    max_messages: 2000,
    max_content_parts: 64,
    max_tools: 128,
    max_stop: 4,
    max_n: 4,
    max_top_logprobs: 20,
    default_completion_tokens: 4096,
    max_completion_tokens: 16_384,
  },
}).limits;

export const hello = { role: 'user', content: 'hello' };
export const weather = { type: 'function', function: { name: 'get_weather', parameters: { type: 'object' } } };

export function toolNamed(name: string): object {
  return { type: 'function', function: { name } };
}

/** A body with one message, and `fields` beside it. */
export function bodyWith(fields: object = {}): Record<string, unknown> {
  return { messages: [hello], ...fields };
}

export function userParts(...parts: unknown[]): Record<string, unknown> {
  return { messages: [{ role: 'user', content: parts }] };
}

export function image(url: unknown): Record<string, unknown> {
  return userParts({ type: 'text', text: 'what is this?' }, { type: 'image_url', image_url: { url } });
}

/** `depth` arrays around nothing. */
export function nested(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth);
}

export function timesOf<T>(count: number, item: T): T[] {
  return Array.from({ length: count }, () => item);
}

export type BadBody = readonly [what: string, body: unknown, code: ErrorCode, param: string | undefined];

export function expectRefused(...[, body, code, param]: BadBody): void {
  const result = parseChatRequest(typeof body === 'string' ? body : JSON.stringify(body), limits);
  expect(result).toMatchObject({ ok: false, failure: { code } });
  expect(result.ok ? null : result.failure.param).toBe(param);
}
