/** The client of a reconciliation: sends a request, leaves when told to, and records what it saw as its own ledger. */
import { type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { createParser } from 'eventsource-parser';
import * as z from 'zod';
import { type ErrorCode, errors } from '../../shared/errors.ts';
import type { Ending } from '../../shared/records.ts';
import type { PlannedRequest } from './plan.ts';

export interface Witness {
  readonly id: string;
  /** 0 when no headers came. */
  readonly status: number;
  readonly code: ErrorCode | null;
  /** Upstream calls, as the answer names them; null where it does not. */
  readonly attempts: number | null;
  readonly isReplay: boolean;
  readonly hasLeft: boolean;
  /** The answer came to its end: a whole body, or [DONE]. */
  readonly isWhole: boolean;
  /** Events with a piece of the answer's text. */
  readonly events: number;
  readonly usage: { readonly totalTokens: number; readonly isEstimated: boolean } | null;
}

/** `refused`: counted as that and not as a request. `replayed`: counted as nothing. */
export type Seen = Ending | 'refused' | 'replayed';

/** How the ledger must have booked it; null where the client cannot know. */
export function endingSeen({ status, code, attempts, isReplay, hasLeft, isWhole, events }: Witness): Seen | null {
  if (isReplay) return 'replayed';
  if (hasLeft) return events > 0 ? 'client_abort' : null;
  if (status === 0) return null;
  if (code === null) return isWhole ? 'ok' : null;
  if (status !== 200 && (attempts === null || attempts === 0)) return 'refused';
  if (code === 'upstream_timeout') return 'timeout';
  return errors[code].blames === 'client' ? 'rejected' : 'upstream_error';
}

const Usage = z.object({ total_tokens: z.number(), estimated: z.boolean().optional() });
const Payload = z.object({
  choices: z
    .array(z.object({ delta: z.object({ content: z.string().nullish() }).optional(), finish_reason: z.string().nullish() }))
    .optional(),
  usage: Usage.nullish(),
  error: z.object({ code: z.string() }).optional(),
});
const Metadata = z.object({ attempts: z.number() });

/** What was seen so far. */
type Seeing = { -readonly [Fact in keyof Witness]: Witness[Fact] };

/** Never rejects: failures are part of what was seen. */
export function witness(url: string, key: string, planned: PlannedRequest): Promise<Witness> {
  const { id, body, leaves } = planned;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return new Promise((resolve) => {
    const seen: Seeing = {
      id,
      status: 0,
      code: null,
      attempts: null,
      isReplay: false,
      hasLeft: false,
      isWhole: false,
      events: 0,
      usage: null,
    };
    const end = (): void => resolve({ ...seen });
    const sent = request(`${url}/v1/chat/completions`, { method: 'POST', agent: false, headers: headersOf(key, planned, text) });
    const leave = (): void => {
      if (seen.hasLeft || seen.isWhole) return;
      seen.hasLeft = true;
      if (leaves?.how === 'reset') sent.socket?.resetAndDestroy();
      else sent.socket?.destroy();
      end();
    };
    sent.on('error', end);
    sent.on('response', (response) => {
      noteHeaders(seen, response);
      response.on('error', end);
      response.on('close', end);
      readAnswer(response, seen, (payload) => {
        notePayload(seen, payload);
        if (leaves !== null && 'events' in leaves.after && seen.events >= leaves.after.events) leave();
      });
    });
    if (leaves !== null && 'ms' in leaves.after) setTimeout(leave, leaves.after.ms);
    sent.end(text);
  });
}

function headersOf(key: string, { id, agent, idempotencyKey }: PlannedRequest, text: string): OutgoingHttpHeaders {
  return {
    authorization: `Bearer ${key}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'x-request-id': id,
    'x-agent-name': agent,
    ...(idempotencyKey === null ? {} : { 'idempotency-key': idempotencyKey }),
  };
}

function noteHeaders(seen: Seeing, { statusCode, headers }: IncomingMessage): void {
  seen.status = statusCode ?? 0;
  seen.isReplay = headers['idempotent-replayed'] === 'true';
  const metadata = Metadata.safeParse(tryParse(String(headers['x-routing-metadata'] ?? '')));
  if (metadata.success) seen.attempts = metadata.data.attempts;
}

function notePayload(seen: Seeing, payload: unknown): void {
  const parsed = Payload.safeParse(payload);
  if (!parsed.success) return;
  const { choices = [], usage, error } = parsed.data;
  if (choices.some(({ delta }) => (delta?.content ?? '') !== '')) seen.events += 1;
  if (usage != null) seen.usage = { totalTokens: usage.total_tokens, isEstimated: usage.estimated === true };
  if (error !== undefined && isErrorCode(error.code)) seen.code = error.code;
}

/** Hands over each payload of a stream, or the whole body at its end, and notes whether the answer came to its end. */
function readAnswer(response: IncomingMessage, seen: Seeing, note: (payload: unknown) => void): void {
  const isStream = response.headers['content-type']?.startsWith('text/event-stream') === true;
  const parser = createParser({
    onEvent({ data }) {
      if (data === '[DONE]') seen.isWhole = true;
      else note(tryParse(data));
    },
  });
  let whole = '';
  response.setEncoding('utf8');
  response.on('data', (part: string) => {
    if (seen.hasLeft) return;
    if (isStream) parser.feed(part);
    else whole += part;
  });
  response.on('end', () => {
    if (isStream) return;
    note(tryParse(whole));
    seen.isWhole = seen.status === 200 && seen.code === null;
  });
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errors, code);
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
