/** Carries one request through the gate: both ways as a stream, and a break on either side becomes a break on the other. */
import type { Agent, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { request as httpRequest } from 'node:http';
import type { EdgeAnswer, GateSetting } from './gate-behaviour.ts';
import { edgeAnswer } from './gate-behaviour.ts';

/** Hop-by-hop headers (RFC 9110, 7.6.1); all others are forwarded. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'];

export interface Passage {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Fires when the client has left. */
  readonly gone: AbortSignal;
  readonly agent: Agent;
  /** Origin of the model server. */
  readonly target: string;
  readonly setting: GateSetting;
  /** Request headers that end here. */
  readonly dropHeaders: readonly string[];
  readonly readTimeoutMs: number;
}

export type PassageEnding = 'passed' | 'cut' | 'client-gone' | 'origin-failed' | 'origin-silent';

/** Resolves to how it ended; never rejects. */
export function forward(passage: Passage): Promise<PassageEnding> {
  const { request, response, gone, setting } = passage;
  return new Promise((resolve) => {
    let isOver = false;
    const upstream = httpRequest(`${passage.target}${request.url ?? '/'}`, {
      agent: passage.agent,
      method: request.method ?? 'GET',
      headers: withoutHeaders(request.headers, [...HOP_BY_HOP, ...passage.dropHeaders, 'host']),
    });
    const settle = (ending: PassageEnding) => {
      if (isOver) return;
      isOver = true;
      if (ending !== 'passed') upstream.destroy();
      if (ending === 'origin-failed') breakOff(response, edgeAnswer('bad-gateway'));
      if (ending === 'origin-silent') breakOff(response, edgeAnswer('read-timeout'));
      resolve(ending);
    };
    gone.addEventListener('abort', () => settle('client-gone'), { once: true });
    if (gone.aborted) settle('client-gone');
    upstream.setTimeout(passage.readTimeoutMs, () => settle('origin-silent'));
    upstream.once('error', () => settle('origin-failed'));
    upstream.once('response', (answer) => {
      answer.once('error', () => settle('origin-failed'));
      answer.once('aborted', () => settle('origin-failed'));
      response.once('finish', () => settle('passed'));
      response.writeHead(answer.statusCode ?? 502, withoutHeaders(answer.headers, [...HOP_BY_HOP, 'server']));
      response.flushHeaders();
      if (setting.behaviour === 'cut' || setting.behaviour === 'clean-cut')
        relayPart(answer, response, setting, () => settle('cut'));
      else answer.pipe(response);
    });
    request.pipe(upstream);
  });
}

/** Before the headers the edge has a page for a failure; afterwards the connection can only break. */
function breakOff(response: ServerResponse, answer: EdgeAnswer | null): void {
  if (response.headersSent) response.socket?.resetAndDestroy();
  else if (answer) sendEdgeAnswer(response, answer);
}

/** Sends the edge's own answer. */
export function sendEdgeAnswer(response: ServerResponse, answer: EdgeAnswer): void {
  if (response.destroyed) return;
  response.writeHead(answer.status, { ...answer.headers, 'content-length': Buffer.byteLength(answer.body) });
  response.end(answer.body);
}

/** Passes the first `afterBytes`, then ends the answer: broken (`cut`) or as if it were whole (`clean-cut`). */
function relayPart(answer: IncomingMessage, response: ServerResponse, setting: GateSetting, onCut: () => void): void {
  let left = setting.afterBytes;
  const cut = () => {
    onCut();
    if (setting.behaviour === 'clean-cut') response.end();
    else response.socket?.resetAndDestroy();
  };
  answer.on('data', (bytes: Buffer) => {
    const part = bytes.subarray(0, left);
    left -= part.length;
    response.write(part, () => {
      if (left === 0) cut();
    });
  });
  answer.once('end', () => response.end());
}

function withoutHeaders(headers: IncomingMessage['headers'], names: readonly string[]): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));
}
