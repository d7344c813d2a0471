/** A deployment with a model that answers no chats, as a client sees it. */
import { describe, expect, it } from 'vitest';
import { clientKey, createFakeApp } from '../support/fakes/app.ts';
import { configWith } from '../support/fakes/config.ts';
import { completion, hello } from './wire.ts';

const { 'qwen2.5-7b': small } = configWith().models;
const embedder = { ...small, kind: 'embedding', served_name: 'BAAI/bge-m3' };
const config = { models: { 'bge-m3': embedder }, routing: { aliases: { 'text-embedding-3-small': 'bge-m3' } } };
const headers = { authorization: `Bearer ${clientKey}`, 'content-type': 'application/json' };

const mixed = () => createFakeApp({ script: [completion('Hello')], config });

describe('a model of another kind', () => {
  it.each([
    ['/v1/chat/completions', 'bge-m3'],
    ['/v1/chat/completions', 'BAAI/bge-m3'],
    ['/v1/chat/completions', 'text-embedding-3-small'],
    ['/v1/route', 'bge-m3'],
  ])('is refused at %s by the name of %s, before any server is asked', async (path, model) => {
    for (const stream of [false, true]) {
      const { gateway, send } = mixed();
      const response = await send('POST', path, headers, JSON.stringify({ ...hello, model, stream }));
      expect(response.status).toBe(400);
      expect(await response.json()).toEqual({
        error: {
          message: `The model \`${model}\` has kind embedding and does not answer chat completions. Use auto, small, large or one of: qwen2.5-7b, qwen2.5-32b.`,
          type: 'invalid_request_error',
          param: 'model',
          code: 'invalid_value',
        },
      });
      expect(gateway.upstream.calls).toEqual([]);
    }
  });

  it('is listed with its kind and in no tier', async () => {
    const { send } = mixed();
    const list = await (await send('GET', '/v1/models', headers)).json();
    const byId = new Map(Object(list).data.map((model: { id: string }) => [model.id, model]));
    expect(byId.get('bge-m3')).toMatchObject({ object: 'model', kind: 'embedding', served_name: 'BAAI/bge-m3' });
    expect(byId.get('bge-m3')).not.toHaveProperty('tier');
    expect(byId.get('qwen2.5-7b')).toMatchObject({ kind: 'chat', tier: 'small' });
    expect([...byId.keys()]).toContain('text-embedding-3-small');
  });

  it('alone opens no way of choosing to a key', async () => {
    const { send } = createFakeApp({ script: [], config }, ['bge-m3']);
    const list = await (await send('GET', '/v1/models', headers)).json();
    expect(Object(list).data.map(({ id }: { id: string }) => id)).toEqual(['bge-m3', 'text-embedding-3-small']);
    const response = await send('POST', '/v1/chat/completions', headers, JSON.stringify({ ...hello, model: 'auto' }));
    expect(response.status).toBe(403);
  });

  it('leaves the others as they are', async () => {
    const { send } = mixed();
    const response = await send('POST', '/v1/chat/completions', headers, JSON.stringify({ ...hello, model: 'auto' }));
    expect(await response.json()).toMatchObject({ 'x-routing-metadata': { model_id: 'qwen2.5-7b', tier: 'small' } });
  });
});
