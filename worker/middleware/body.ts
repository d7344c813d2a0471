/** Reads a request body as text: JSON only, never compressed, counted while it is read, within a deadline. */
import type { Context } from 'hono';
import type { LimitsConfig } from '../../shared/config.ts';
import { GatewayError } from '../../shared/errors.ts';
import type { Timers } from '../core/ports.ts';

export interface JsonBody {
  readonly text: string;
  readonly bytes: number;
}

const nothing: JsonBody = { text: '', bytes: 0 };

/** @throws GatewayError unsupported_media_type, body_too_large, request_timeout, client_closed_request */
export async function readJsonText(c: Context, limits: LimitsConfig, timers: Timers): Promise<string> {
  return (await readJsonBody(c, limits, timers)).text;
}

/** The same with its size. @throws GatewayError like `readJsonText` */
export async function readJsonBody(c: Context, limits: LimitsConfig, timers: Timers): Promise<JsonBody> {
  const { raw } = c.req;
  const type = raw.headers.get('content-type') ?? '';
  if (type !== 'application/json' && !/^application\/json\s*(?:;|$)/i.test(type.trim()))
    throw new GatewayError({ code: 'unsupported_media_type', param: 'content-type' });
  const encoding = raw.headers.get('content-encoding');
  if (encoding !== null && encoding.toLowerCase() !== 'identity') {
    throw new GatewayError({ code: 'unsupported_media_type', param: 'content-encoding' });
  }
  const length = raw.headers.get('content-length');
  if (length !== null && Number(length) > limits.max_body_bytes) throw tooLarge(limits);
  // HTTP itself enforces an announced length, so the platform can read the body in one go.
  if (length !== null && /^\d+$/.test(length))
    return { text: await beforeDeadline(raw.text(), limits, timers), bytes: Number(length) };
  return raw.body === null ? nothing : beforeDeadline(readCounted(raw.body.getReader(), limits), limits, timers);
}

/** A read that is still running at the deadline is dropped when the request ends. */
function beforeDeadline<Read>(read: Promise<Read>, limits: LimitsConfig, timers: Timers): Promise<Read> {
  return new Promise((resolve, reject) => {
    const cancel = timers.once(limits.body_read_timeout_ms, () => reject(new GatewayError({ code: 'request_timeout' })));
    read.then(
      (body) => {
        cancel();
        resolve(body);
      },
      (cause: unknown) => {
        cancel();
        // Reading fails when the client disconnects or breaks its own framing.
        reject(cause instanceof GatewayError ? cause : new GatewayError({ code: 'client_closed_request' }, { cause }));
      },
    );
  });
}

async function readCounted(reader: ReadableStreamDefaultReader<Uint8Array>, limits: LimitsConfig): Promise<JsonBody> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { text: text + decoder.decode(), bytes };
    bytes += value.byteLength;
    if (bytes > limits.max_body_bytes) {
      reader.cancel().catch(() => undefined);
      throw tooLarge(limits);
    }
    text += decoder.decode(value, { stream: true });
  }
}

function tooLarge(limits: LimitsConfig): GatewayError {
  return new GatewayError({ code: 'body_too_large', detail: `At most ${limits.max_body_bytes} bytes are allowed.` });
}
