/** Reads a request body as text: JSON only, never compressed, counted while it is read, within a deadline. */
import type { Context } from 'hono';
import type { LimitsConfig } from '../../shared/config.ts';
import { GatewayError } from '../../shared/errors.ts';
import type { Timers } from '../core/ports.ts';

/** @throws GatewayError unsupported_media_type, body_too_large, request_timeout, client_closed_request */
export async function readJsonText(c: Context, limits: LimitsConfig, timers: Timers): Promise<string> {
  const { raw } = c.req;
  const type = raw.headers.get('content-type') ?? '';
  if (!/^application\/json\s*(?:;|$)/i.test(type.trim()))
    throw new GatewayError({ code: 'unsupported_media_type', param: 'content-type' });
  const encoding = raw.headers.get('content-encoding');
  if (encoding !== null && encoding.toLowerCase() !== 'identity') {
    throw new GatewayError({ code: 'unsupported_media_type', param: 'content-encoding' });
  }
  const length = raw.headers.get('content-length');
  if (length !== null && Number(length) > limits.max_body_bytes) throw tooLarge(limits);
  if (raw.body === null) return '';

  // A length that was announced is kept to by HTTP itself, and then the platform reads in one go.
  const read = length !== null && /^\d+$/.test(length) ? raw.text() : readCounted(raw.body.getReader(), limits);
  return beforeDeadline(read, limits, timers);
}

/** What is still being read at the deadline is let go of with the request. */
async function beforeDeadline(read: Promise<string>, limits: LimitsConfig, timers: Timers): Promise<string> {
  let cancel = (): void => undefined;
  const deadline = new Promise<null>((resolve) => {
    cancel = timers.once(limits.body_read_timeout_ms, () => resolve(null));
  });
  try {
    const text = await Promise.race([read, deadline]);
    if (text !== null) return text;
  } catch (cause) {
    // Reading fails when the client goes away or breaks its own framing.
    throw cause instanceof GatewayError ? cause : new GatewayError({ code: 'client_closed_request' }, { cause });
  } finally {
    cancel();
  }
  throw new GatewayError({ code: 'request_timeout' });
}

async function readCounted(reader: ReadableStreamDefaultReader<Uint8Array>, limits: LimitsConfig): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
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
