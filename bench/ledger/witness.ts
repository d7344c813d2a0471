/** The client of a reconciliation: sends a request, leaves when it was told to, and writes down what it saw. That is its ledger. */
import { request } from 'node:http';
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

/** Never rejects: what goes wrong on the way is part of what was seen. */
export function witness(url: string, key: string, planned: PlannedRequest): Promise<Witness> {
  const { id, agent, body, idempotencyKey, leaves } = planned;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return new Promise((resolve) => {
    const seen = { status: 0, code: null as ErrorCode | null, attempts: null as number | null, isReplay: false, hasLeft: false };
    const read = { isWhole: false, events: 0, usage: null as Witness['usage'] };
    const end = () => resolve({ id, ...seen, ...read });
    const sent = request(`${url}/v1/chat/completions`, {
      method: 'POST',
      agent: false,
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
        'x-request-id': id,
        'x-agent-name': agent,
        ...(idempotencyKey === null ? {} : { 'idempotency-key': idempotencyKey }),
      },
    });
    const leave = () => {
      if (seen.hasLeft || read.isWhole) return;
      seen.hasLeft = true;
      if (leaves?.how === 'reset') sent.socket?.resetAndDestroy();
      else sent.socket?.destroy();
      end();
    };
    const note = (payload: unknown) => {
      const parsed = Payload.safeParse(payload);
      if (!parsed.success) return;
      const { choices = [], usage, error } = parsed.data;
      if (choices.some(({ delta }) => (delta?.content ?? '') !== '')) read.events += 1;
      if (usage != null) read.usage = { totalTokens: usage.total_tokens, isEstimated: usage.estimated === true };
      if (error !== undefined && isErrorCode(error.code)) seen.code = error.code;
      if (leaves !== null && 'events' in leaves.after && read.events >= leaves.after.events) leave();
    };
    sent.on('error', end);
    sent.on('response', (response) => {
      seen.status = response.statusCode ?? 0;
      seen.isReplay = response.headers['idempotent-replayed'] === 'true';
      const metadata = Metadata.safeParse(tryParse(String(response.headers['x-routing-metadata'] ?? '')));
      if (metadata.success) seen.attempts = metadata.data.attempts;
      const isStream = response.headers['content-type']?.startsWith('text/event-stream') === true;
      const parser = createParser({
        onEvent({ data }) {
          if (data === '[DONE]') read.isWhole = true;
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
        if (!isStream) {
          note(tryParse(whole));
          read.isWhole = seen.status === 200 && seen.code === null;
        }
        end();
      });
      response.on('error', end);
      response.on('close', end);
    });
    if (leaves !== null && 'ms' in leaves.after) setTimeout(leave, leaves.after.ms);
    sent.end(text);
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
