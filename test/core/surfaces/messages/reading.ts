/** Bodies of the Messages API for the tests, and what becomes of them. */
import { expect } from 'vitest';
import type { ErrorCode } from '../../../../shared/errors.ts';
import type { InnerRequest } from '../../../../worker/core/request/inner-request.ts';
import { readMessages } from '../../../../worker/core/surfaces/messages/messages-surface.ts';
import { configWith } from '../../../support/fakes/config.ts';

export const settings = configWith({ limits: { max_messages: 2000, max_content_parts: 64, max_tools: 128, max_stop: 4 } });

export const hello = { role: 'user', content: 'hello' };
export const weather = { name: 'get_weather', input_schema: { type: 'object', properties: { city: { type: 'string' } } } };

export function bodyWith(fields: object = {}): Record<string, unknown> {
  return { model: 'small', max_tokens: 100, messages: [hello], ...fields };
}

export function read(body: unknown, by = settings) {
  return readMessages(typeof body === 'string' ? body : JSON.stringify(body), by, false);
}

export function innerOf(fields: object): InnerRequest {
  const result = read(bodyWith(fields));
  if (!result.ok) throw new Error(JSON.stringify(result.failure));
  return result.value.request;
}

export function ignoredOf(fields: object): readonly string[] {
  const result = read(bodyWith(fields));
  if (!result.ok) throw new Error(JSON.stringify(result.failure));
  return result.value.ignored;
}

export type BadBody = readonly [what: string, body: unknown, code: ErrorCode, param: string | undefined];

export function expectRefused(...[, body, code, param]: BadBody): void {
  const result = read(body);
  expect(result).toMatchObject({ ok: false, failure: { code } });
  expect(result.ok ? null : result.failure.param).toBe(param);
}
