/** Whether an answer is one that the OpenAPI document allows. */
import { errors } from '../../shared/errors.ts';
import type { JsonSchema } from '../openapi/json-schemas.ts';
import type { FuzzRequest } from './request.ts';
import { type FuzzedOperation, type FuzzedSurface, jsonSchemaIn } from './surface.ts';

export interface FuzzAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Errors that say nothing about a request: there is no such thing (yet), or somebody was faster. */
const aboutState = new Set(['not_found', 'model_not_found', 'conflict']);
/** Errors of the gateway itself; nothing that is sent may bring them about. */
const ofTheGateway = new Set(['internal_error', 'state_unavailable', 'not_ready']);
/** The body as a whole is at fault. */
const ofTheWhole = new Set([
  'invalid_json',
  'invalid_request',
  'unsupported_media_type',
  'body_too_large',
  'request_too_complex',
]);

/** One sentence for each thing that is wrong; empty when nothing is. */
export function judge(surface: FuzzedSurface, operation: FuzzedOperation, request: FuzzRequest, answer: FuzzAnswer): string[] {
  const { status } = answer;
  const expected = operation.responses[String(status)];
  if (expected === undefined) return [`status ${status} is not in the document: ${answer.text.slice(0, 200)}`];
  return status < 400
    ? judgeAnswer(surface, operation, request, answer, expected)
    : judgeError(surface, request, answer, expected);
}

function judgeAnswer(
  surface: FuzzedSurface,
  { title }: FuzzedOperation,
  { kind, fault }: FuzzRequest,
  { status, headers, text }: FuzzAnswer,
  expected: JsonSchema,
): string[] {
  const accepted = kind === 'wrong' ? [`accepted (${status}) what the document forbids: ${fault}`] : [];
  const media = Object.keys(Object(expected['content']));
  if (media.length === 0) return accepted;
  const type = headers.get('content-type') ?? '';
  if (!media.some((one) => type === one || type.startsWith(`${one};`)))
    return [...accepted, `media type "${type}" is not in the document (${media.join(', ')})`];
  if (type.startsWith('text/event-stream')) return [...accepted, ...judgeStream(surface, expected, ended(text))];
  const schema = jsonSchemaIn(expected);
  if (!type.startsWith('application/json') || schema === null || title === 'GET /openapi.json') return accepted;
  return [...accepted, ...differences(surface, schema, text)];
}

/** Responses have an event in place of `[DONE]`. */
function ended(stream: string): string {
  return /\ndata: \{"type":"response\.(?:completed|incomplete|failed)"[^\n]*\n\n$/.test(stream)
    ? `${stream}data: [DONE]\n\n`
    : stream;
}

function differences(surface: FuzzedSurface, schema: JsonSchema, text: string): string[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [`the answer is not JSON: ${text.slice(0, 200)}`];
  }
  return surface.answerMistakes(schema, value).slice(-2);
}

const errorAnswer: JsonSchema = { $ref: '#/components/schemas/ErrorAnswer' };

const messagesError: JsonSchema = { $ref: '#/components/schemas/AnthropicError' };

/** Ends with `[DONE]`, or with an error and without it. */
function judgeStream(surface: FuzzedSurface, expected: JsonSchema, text: string): string[] {
  const schema: JsonSchema = Object(Object(Object(expected['content'])['text/event-stream'])['x-event-schema']);
  const events = [...text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => data);
  const last = events.at(-1) ?? '';
  const isError = /^\{"(?:error"|type":"error")/.test(last);
  const end = Object(Object(expected['content'])['text/event-stream'])['x-last-event'];
  const isEnd = end === undefined ? last === '[DONE]' : last.startsWith(`{"type":"${String(end)}"`);
  if (!isError && !isEnd) return [`the stream ends with neither ${String(end ?? '[DONE]')} nor an error: ${last.slice(0, 100)}`];
  const chunks = events.filter((data) => data !== '[DONE]' && !(isError && data === last));
  const error = isError ? differences(surface, end === undefined ? errorAnswer : messagesError, last) : [];
  return [...chunks.flatMap((data) => differences(surface, schema, data)).slice(0, 2), ...error];
}

function judgeError(
  surface: FuzzedSurface,
  { kind, fault }: FuzzRequest,
  { status, headers, text }: FuzzAnswer,
  expected: JsonSchema,
): string[] {
  if (headers.get('content-type') !== 'application/json') return [`an error with media type "${headers.get('content-type')}"`];
  const wrong = differences(surface, jsonSchemaIn(expected) ?? {}, text);
  if (wrong.length > 0) return wrong;
  const { error } = Object(JSON.parse(text));
  const { details } = Object(error);
  const { code, param, message } = {
    ...Object(error),
    ...(details === undefined ? {} : { code: details.error_code, param: details.param }),
  } as { code: keyof typeof errors; param: string | null; message: string };
  const found: string[] = [];
  if (ofTheGateway.has(code)) found.push(`${status} ${code}: nothing that is sent may bring that about`);
  if (errors[code].status !== status) found.push(`${code} has the status ${errors[code].status}, not ${status}`);
  if (headers.get('x-should-retry') === null) found.push('an error without x-should-retry');
  if (headers.get('x-request-id') === null) found.push('an error without x-request-id');
  const mustName = (status === 400 || status === 422) && !ofTheWhole.has(code) && !code.startsWith('upstream_');
  if (mustName && (param === null || param === '')) found.push(`${code} names no field: ${message}`);
  if (kind === 'sound' && !aboutState.has(code)) found.push(`refused a sound request: ${code} ${param ?? ''} ${message}`);
  if (kind === 'wrong' && status >= 500) found.push(`${status} ${code} for a wrong request (${fault})`);
  return found;
}
