/** Faults of a 200 answer as a whole: nothing in it, the wrong thing in it, or a false label on it. */
import { untilGone } from '../sse-writer.ts';
import type { FaultAction, FaultContext } from './fault-action.ts';

const HTML =
  '<!DOCTYPE html><html><head><title>Sign in</title></head><body><form action="/login"><input name="email"></form></body></html>';

function plainAnswer(contentType: string, bytes: string | Uint8Array): (context: FaultContext) => void {
  return ({ response }) => {
    response.writeHead(200, { 'content-type': contentType });
    response.end(bytes);
  };
}

export const bodyFaults = {
  'empty-body': { respond: plainAnswer('application/json', '') },
  'garbage-body': { respond: plainAnswer('application/json', Buffer.from('\u0000\u0007}{ not json, not events ]]>\n\n')) },
  'no-choices': {
    body: (body) => ({ ...body, choices: [] }),
    async *frames(frames) {
      for await (const frame of frames) {
        if (frame.payload === '[DONE]' || frame.kind === 'usage') yield frame;
        else if (frame.kind === 'role') yield { ...frame, payload: { ...frame.payload, choices: [] } };
      }
    },
  },
  'wrong-type': { headers: { 'content-type': 'text/plain' } },
  'lying-encoding': { headers: { 'content-encoding': 'gzip' } },
  'short-body': {
    respond({ response, servedName }) {
      const start = JSON.stringify({
        id: 'chatcmpl-short',
        object: 'chat.completion',
        model: servedName,
        choices: [{ index: 0 }],
      });
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': String(start.length + 4000) });
      // Ends the connection, not the message: the client learns of the missing bytes only from the length.
      response.write(start, () => response.socket?.end());
    },
  },
  'html-body': { respond: plainAnswer('text/html; charset=utf-8', HTML) },
  'hanging-page': {
    async respond({ response, gone }) {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.flushHeaders();
      await untilGone(gone);
    },
  },
  'json-for-stream': { form: 'json' },
  'sse-for-json': { form: 'stream' },
  'leaky-headers': {
    headers: {
      'set-cookie': ['session=canary-cookie; HttpOnly', 'route=pod-7'],
      server: 'nginx/1.27 (pod-7.internal)',
      'x-secret': 'canary-upstream-secret',
      'x-powered-by': 'vLLM 0.32',
      'cf-access-client-secret': 'canary-access-secret',
      via: '1.1 pod-7.internal',
    },
  },
} satisfies Record<string, FaultAction>;
