/** A real llama.cpp that makes vectors, behind the gateway. `npm run test:real` starts it and names it; without it everything here is skipped. */
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { clientKey, upstreamKey } from '../../infra/rig/connect.ts';
import type { Rig } from '../../infra/rig/rig.ts';
import { a40Pair } from '../../infra/standin/fleet.ts';
import { startWireRig } from '../contract/wire/stand.ts';

const address = process.env['POINTSMAN_REAL_VECTORS'];
const model = 'bge-small-en';
const input = ['a cat sleeps', 'stock prices fell', 'äöü "quotes"\nand lines'];

interface Embeddings {
  readonly data: readonly { readonly embedding: readonly number[] }[];
  readonly usage: { readonly prompt_tokens: number };
}

let rig: Rig;

beforeAll(async () => {
  if (address === undefined) return;
  // The model that plays along here has longer vectors than the one that is configured.
  const longer = { [model]: { dimensions: 576 } };
  rig = await startWireRig(inject('bundle'), a40Pair, { EMBEDDER_UPSTREAM_URL: address }, longer);
}, 60_000);
afterAll(() => rig?.stop());

function post(url: string, key: string, body: object): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  return fetch(`${url}/v1/embeddings`, { method: 'POST', headers, body: JSON.stringify(body) });
}

const rawsOf = (text: string): string[] => [...text.matchAll(/"embedding": ?("[^"]*"|\[[^\]]*\])/g)].map(([, raw = '']) => raw);
const direct = async (body: object): Promise<string> => (await post(address ?? '', upstreamKey, body)).text();

describe.skipIf(address === undefined)('vectors of a real llama.cpp', () => {
  test.each(['float', 'base64'])('come through the gateway digit by digit, as %s', async (encoding) => {
    const own = await direct({ input, encoding_format: encoding });
    const through = await post(rig.url, clientKey, { model, input, encoding_format: encoding });
    const text = await through.text();
    expect(rawsOf(text)).toHaveLength(3);
    expect(rawsOf(text)).toEqual(rawsOf(own));
    const [asked, counted]: Embeddings[] = [JSON.parse(text), JSON.parse(own)];
    expect(asked?.usage.prompt_tokens).toBe(counted?.usage.prompt_tokens);
  });

  test('are read by the official client', async () => {
    const client = new OpenAI({ apiKey: clientKey, baseURL: `${rig.url}/v1`, maxRetries: 0 });
    const { data } = await client.embeddings.create({ model, input });
    const own: Embeddings = JSON.parse(await direct({ input }));
    expect(data.map(({ embedding }) => embedding.map(Math.fround))).toEqual(
      own.data.map(({ embedding }) => embedding.map(Math.fround)),
    );
    expect(data[0]?.embedding).toHaveLength(576);
  });

  test('of a text that is too long are refused as such', async () => {
    const body = { model, input: 'word '.repeat(600) };
    expect((await post(address ?? '', upstreamKey, body)).status).toBe(500);
    const through = await post(rig.url, clientKey, body);
    expect([through.status, JSON.parse(await through.text())]).toMatchObject([
      400,
      { error: { code: 'context_length_exceeded' } },
    ]);
  });
});
