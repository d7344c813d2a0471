/**
 * A chat client over node:http, cheap enough to overload the gateway, and able to leave in the middle of an answer by reset or by close.
 * `readAnswer` interprets the answers.
 */
import { Agent, type ClientRequest, type IncomingHttpHeaders, request } from 'node:http';
import { createParser } from 'eventsource-parser';
import * as z from 'zod';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** From sending the request to the end of the answer. */
  readonly tookMs: number;
  /** The connection broke before the answer's end. */
  readonly isBroken: boolean;
}

export interface ChatOptions {
  readonly key: string;
  readonly requestId?: string;
  /** Sees the body so far, after every read. */
  onBody?(body: string): void;
}

/** A request under way. */
export interface Exchange {
  /** Never rejects; status 0 when no answer came. */
  readonly answer: Promise<Answer>;
  /** `reset` sends RST; `close` sends FIN, which the other side notices only when it writes; `half_close` sends FIN and reads on. */
  leave(how: 'reset' | 'close' | 'half_close'): void;
}

const agent = new Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: 1000 });

export function postChat(origin: string, body: unknown, { key, requestId, onBody }: ChatOptions): Exchange {
  const text = JSON.stringify(body);
  const headers = {
    authorization: `Bearer ${key}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...(requestId === undefined ? {} : { 'x-request-id': requestId }),
  };
  return exchange(request(`${origin}/v1/chat/completions`, { method: 'POST', agent, headers }), text, onBody);
}

export function get(origin: string, path: string): Promise<Answer> {
  return exchange(request(origin + path, { agent }), '').answer;
}

function exchange(sent: ClientRequest, text: string, onBody?: (body: string) => void): Exchange {
  const startedAtMs = performance.now();
  const answer = new Promise<Answer>((resolve) => {
    let body = '';
    const end = (status: number, headers: IncomingHttpHeaders, isBroken: boolean): void =>
      resolve({ status, headers, body, tookMs: performance.now() - startedAtMs, isBroken });
    sent.on('error', () => end(0, {}, true));
    sent.on('response', (response) => {
      const { statusCode = 0, headers } = response;
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        body += part;
        onBody?.(body);
      });
      response.on('end', () => end(statusCode, headers, false));
      response.on('error', () => end(statusCode, headers, true));
      response.on('close', () => end(statusCode, headers, true));
    });
  });
  sent.end(text);
  return {
    answer,
    leave(how) {
      if (how === 'reset') sent.socket?.resetAndDestroy();
      else if (how === 'half_close') sent.socket?.end();
      else sent.destroy();
    },
  };
}

const Delta = z.object({ content: z.string().nullish() });
const Message = z.object({
  choices: z
    .array(z.object({ delta: Delta.optional(), message: Delta.optional(), finish_reason: z.string().nullable() }))
    .optional(),
  error: z.object({ code: z.string() }).optional(),
});
const Metadata = z.object({ model_id: z.string().nullable(), fallback_used: z.boolean(), attempts: z.number() });
const noMetadata = { model_id: null, fallback_used: false, attempts: 0 };

/** How a client interprets an answer. */
export interface ReadAnswer {
  readonly text: string;
  readonly finishReason: string | null;
  /** Ended with [DONE]; false for a whole answer. */
  readonly isDone: boolean;
  readonly errorCode: string | null;
  /** Events with text. */
  readonly textEvents: number;
  /** A 200 that ended as an answer must: finish reason, [DONE] where it is a stream, no error. */
  readonly isSuccess: boolean;
  /** As known when the headers went out. */
  readonly metadata: z.infer<typeof Metadata>;
}

export function readAnswer({ status, headers, body, isBroken }: Answer): ReadAnswer {
  const isStream = headers['content-type']?.startsWith('text/event-stream') ?? false;
  const messages: z.infer<typeof Message>[] = [];
  let isDone = false;
  const take = (data: string): void => {
    if (data === '[DONE]') isDone = true;
    else messages.push(Message.parse(JSON.parse(data)));
  };
  if (isStream) createParser({ onEvent: ({ data }) => take(data) }).feed(body);
  else if (body !== '') take(body);
  const choices = messages.flatMap((message) => message.choices ?? []);
  const texts = choices.map(({ delta, message }) => (delta ?? message)?.content ?? '');
  const finishReason = choices.findLast((choice) => choice.finish_reason !== null)?.finish_reason ?? null;
  const errorCode = messages.find((message) => message.error !== undefined)?.error?.code ?? null;
  const isWhole = finishReason !== null && errorCode === null && !isBroken && isDone === isStream;
  const metadata = headers['x-routing-metadata'];
  return {
    text: texts.join(''),
    finishReason,
    isDone,
    errorCode,
    textEvents: texts.filter((text) => text !== '').length,
    isSuccess: status === 200 && isWhole,
    metadata: typeof metadata === 'string' ? Metadata.parse(JSON.parse(metadata)) : noMetadata,
  };
}
