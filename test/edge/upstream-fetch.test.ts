/** The upstream port inside workerd: as every one, and reading bodies, of which what they unfold to counts, whatever their headers say. */
import { afterEach, describe, expect, it } from 'vitest';
import { createUpstreamFetch, type Server } from '../../worker/io/upstream-fetch.ts';
import type { BodyStep, Reply } from '../support/fakes/fake-upstream.ts';
import { upstreamSuite } from '../support/suites/upstream-suite.ts';

const realFetch = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = realFetch;
});

const servers = new Map<string, Server>([['small', { origin: 'https://small.invalid', usesAccess: false, headers: {} }]]);

async function textOf(body: string, headers: Record<string, string>, maxBytes: number): Promise<string | null> {
  globalThis.fetch = async () => new Response(body, { status: 400, headers });
  const upstream = createUpstreamFetch(servers, null);
  const call = {
    upstreamId: 'small',
    method: 'POST',
    path: '/',
    body: '{}',
    requestId: 'r',
    traceparent: null,
    accept: 'application/json',
  } as const;
  const opened = await upstream.open({ ...call, signal: new AbortController().signal });
  return opened.ok ? opened.value.readText(maxBytes) : 'unreachable';
}

describe('a Workers VPC binding', () => {
  it('is called in place of the public internet, with the same request', async () => {
    globalThis.fetch = async () => expect.fail('went over the public internet');
    const seen: [string, RequestInit][] = [];
    const vpc = {
      async fetch(url: string, init: RequestInit) {
        seen.push([url, init]);
        return new Response('{}', { status: 201 });
      },
    };
    const server: Server = { origin: 'https://small.invalid', usesAccess: false, headers: { authorization: 'Bearer k' }, vpc };
    const opened = await createUpstreamFetch(new Map([['small', server]]), null).open({
      upstreamId: 'small',
      method: 'POST',
      path: '/v1/chat/completions',
      body: '{}',
      requestId: 'r',
      traceparent: null,
      accept: 'application/json',
      signal: new AbortController().signal,
    });
    expect(opened.ok && opened.value.status).toBe(201);
    expect(seen).toMatchObject([
      [
        'https://small.invalid/v1/chat/completions',
        { method: 'POST', body: '{}', redirect: 'manual', headers: { authorization: 'Bearer k' } },
      ],
    ]);
  });
});

describe("a model server's body", () => {
  const words = 'word '.repeat(40_000);

  it.each([
    ['without a length', {}],
    ['with its length', { 'content-length': String(words.length) }],
    ['with the length that it has compressed', { 'content-length': '120', 'content-encoding': 'gzip' }],
    ['with a length that is none', { 'content-length': 'many' }],
  ])('%s is read up to the limit and no further', async (_, headers) => {
    expect(await textOf(words, headers, words.length)).toBe(words);
    expect(await textOf(words, headers, words.length - 1)).toBeNull();
  });

  it('that is sent as it is may say so', async () => {
    expect(await textOf('hello', { 'content-length': '5', 'content-encoding': 'identity' }, 5)).toBe('hello');
  });
});

upstreamSuite('the adapter', (reply) => {
  globalThis.fetch = (_, init) => respond(reply, init?.signal ?? new AbortController().signal);
  return createUpstreamFetch(servers, null);
});

/** What `fetch` makes of a server that behaves like this. */
async function respond(reply: Reply, signal: AbortSignal): Promise<Response> {
  signal.throwIfAborted();
  if (reply.kind === 'refuse') throw new Error('Network connection lost.');
  if (reply.kind === 'hang') return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  if (reply.kind === 'json') return Response.json(reply.body, { headers: { 'content-type': 'application/json; charset=utf-8' } });
  if (reply.kind === 'stream')
    return new Response(bodyOf(reply.steps, signal), { headers: { 'content-type': 'Text/Event-Stream; charset=utf-8' } });
  const headers = new Headers({ 'content-type': reply.mediaType ?? 'application/json' });
  if (reply.retryAfter !== undefined) headers.set('retry-after', reply.retryAfter);
  return new Response(reply.body ?? null, { status: reply.status, headers });
}

function bodyOf(steps: readonly BodyStep[], signal: AbortSignal): ReadableStream<Uint8Array> {
  const rest = [...steps];
  return new ReadableStream({
    type: 'bytes',
    start(controller) {
      signal.addEventListener('abort', () => controller.error(new Error('aborted')));
    },
    pull(controller) {
      const step = rest.shift();
      if (step === undefined) {
        controller.close();
        controller.byobRequest?.respond(0);
      } else if (step === 'reset') controller.error(new Error('Network connection lost.'));
      else if (typeof step === 'string') {
        if (step !== 'stall') controller.enqueue(new TextEncoder().encode(step));
      } else if (step instanceof Uint8Array) controller.enqueue(step);
    },
  });
}
