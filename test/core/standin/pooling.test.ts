/** The stand-in's pooling servers: vLLM's shapes and words, and numbers that mean something. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pythonFloat, relevance } from '../../../infra/standin/pooling/answers.ts';
import { cosine, embed, stem } from '../../../infra/standin/pooling/embed.ts';
import { synonymGroups } from '../../../infra/standin/pooling/synonyms.ts';
import { type ModelServer, startModelServer } from '../../../infra/standin/server.ts';

const like = (a: string, b: string): number => cosine(embed(a), embed(b));

describe('the meaning of the stand-in’s vectors', () => {
  it.each([
    ['a kitten sleeps', 'the cat is resting', 'stock prices fell'],
    ['How do I rotate an API key?', 'Keys are rotated with a command.', 'The dashboard shows savings.'],
    ['the vehicle broke down', 'his car does not start', 'her recipe needs more salt'],
    ['revoke a credential', 'delete the key', 'watch the football match'],
  ])('%s is nearer to %s than to %s', (text, near, far) => {
    expect(like(text, near)).toBeGreaterThan(like(text, far) + 0.1);
    expect(relevance(text, near)).toBeGreaterThan(relevance(text, far));
  });

  it('is the same every time, of unit length and of 384 numbers of 32 bits', () => {
    const vector = embed('a cat');
    expect(vector).toEqual(embed('a cat'));
    expect(vector).toHaveLength(384);
    expect(cosine(vector, vector)).toBeCloseTo(1, 5);
    expect(vector.every((value) => Object.is(value, Math.fround(value)))).toBe(true);
  });

  it('is had by texts of any script, and by none', () => {
    for (const text of ['你好世界', '', '!!!', '🙂']) expect(embed(text).every(Number.isFinite)).toBe(true);
  });

  it('has every word in one group', () => {
    const words = synonymGroups.flatMap((group) => [...new Set(group.map(stem))]);
    expect(words.filter((word, i) => words.indexOf(word) !== i)).toEqual([]);
  });
});

describe('numbers', () => {
  it.each([
    [1, '1.0'],
    [0, '0.0'],
    [-0, '-0.0'],
    [0.5, '0.5'],
    [0.000_01, '1e-05'],
    [1.5e-12, '1.5e-12'],
  ])('%d is written %s', (value, text) => {
    expect(pythonFloat(value)).toBe(text);
  });
});

describe('a pooling server', () => {
  let server: ModelServer;
  beforeAll(async () => {
    server = await startModelServer({
      id: 'embedder',
      kind: 'embedding',
      servedName: 'BAAI/bge-small-en-v1.5',
      maxModelLen: 512,
    });
  });
  afterAll(() => server.close());
  const post = async (path: string, body: object) => {
    const response = await fetch(server.url + path, { method: 'POST', body: JSON.stringify(body) });
    return { status: response.status, json: JSON.parse(await response.text()) };
  };

  it('answers its own kind alone', async () => {
    expect((await post('/v1/embeddings', { input: 'a' })).json).toMatchObject({
      object: 'list',
      data: [{ index: 0, object: 'embedding' }],
    });
    expect(await post('/v1/chat/completions', {})).toEqual({ status: 404, json: { detail: 'Not Found' } });
    expect((await post('/classify', { input: 'a' })).status).toBe(404);
  });

  it.each([
    [{ input: 'word '.repeat(600) }, 400, /maximum context length is 512/],
    [{ input: 'a', model: 'other' }, 404, /does not exist/],
    [{ input: 'a', dimensions: 8 }, 400, /matryoshka/],
    [{ input: 'a', encoding_format: 'int8' }, 400, /encoding_format/],
    [{}, 400, /Field required/],
  ])('refuses %# in vLLM’s words', async (body, status, words) => {
    const refused = await post('/v1/embeddings', body);
    expect(refused.status).toBe(status);
    expect(refused.json.error.message).toMatch(words);
  });

  it('cuts what is too long where it is told to', async () => {
    const { json } = await post('/v1/embeddings', { input: 'word '.repeat(600), truncate_prompt_tokens: -1 });
    expect(json.usage.prompt_tokens).toBe(512);
  });
});
