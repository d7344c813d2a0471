/**
 * Chat bodies that the gateway must refuse by itself: what is wrong, the code and the field that the answer must name. One for every code
 * and every place that finds it; the rest is in test/core/surfaces.
 */
import type { ErrorCode } from '../../../shared/errors.ts';

const user = { role: 'user', content: 'hello' };
const schemaOf = (schema: unknown) => ({ response_format: { type: 'json_schema', json_schema: { name: 'a', schema } } });
const nested = (levels: number) => `{"messages":${'['.repeat(levels)}${']'.repeat(levels)}}`;

export type BodyRow = readonly [name: string, body: unknown, code: ErrorCode, param: string | null];

/** Strings go out as they are, the rest as JSON. */
export const badBodies: readonly BodyRow[] = [
  ['an empty body', '', 'invalid_json', null],
  ['a list', [user], 'invalid_request', null],
  ['no messages', {}, 'missing_field', 'messages'],
  [
    'an image and no model that sees',
    { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] }] },
    'vision_model_missing',
    'messages',
  ],
  ['an unknown model', { model: 'gpt-17', messages: [user] }, 'model_not_found', 'model'],
  ['a temperature below its range', { messages: [user], temperature: -1 }, 'invalid_value', 'temperature'],
  [
    'a schema that lies elsewhere',
    { messages: [user], ...schemaOf({ $ref: 'https://example.com/schema.json' }) },
    'unsupported_schema',
    'response_format.json_schema.schema.$ref',
  ],
  ['the retired functions', { messages: [user], functions: [{ name: 'a' }] }, 'unsupported_parameter', 'functions'],
  ['65 levels of nesting', nested(64), 'request_too_complex', null],
  [
    '20,001 parts',
    { messages: [{ role: 'user', content: Array.from({ length: 20_001 }, () => ({ type: 'text', text: 'a' })) }] },
    'invalid_value',
    'messages.0.content',
  ],
  [
    'more than the context holds',
    { messages: [{ role: 'user', content: 'word '.repeat(60_000) }] },
    'context_length_exceeded',
    'messages',
  ],
];
