/** Reading a model server's body inside workerd: what it unfolds to is what counts, whatever its headers say. */
import { afterEach, describe, expect, it } from 'vitest';
import { createUpstreamFetch } from '../../worker/io/upstream-fetch.ts';

const realFetch = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = realFetch;
});

const targets = new Map([['small', { origin: 'https://small.invalid', usesAccess: false }]]);

async function textOf(body: string, headers: Record<string, string>, maxBytes: number): Promise<string | null> {
  globalThis.fetch = async () => new Response(body, { status: 400, headers });
  const upstream = createUpstreamFetch(targets, { upstreamApiKey: null, access: null });
  const call = {
    upstreamId: 'small',
    method: 'POST',
    path: '/',
    body: '{}',
    requestId: 'r',
    accept: 'application/json',
  } as const;
  const opened = await upstream.open({ ...call, signal: new AbortController().signal });
  return opened.ok ? opened.value.readText(maxBytes) : 'unreachable';
}

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
