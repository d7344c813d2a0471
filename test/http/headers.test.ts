/** What passes through the gateway and what does not: model lists, request ids, headers in both directions. */
import { beforeEach, describe, expect, inject, test } from 'vitest';
import { clientIdOf } from '../../infra/standin/request-log.ts';
import { clientKey, connect, upstreamKey } from '../../infra/rig/connect.ts';

const gateway = connect(inject('addresses'));
const { client } = gateway;

const hello = [{ role: 'user' as const, content: 'Name a harbour.' }];

describe('the list of models', () => {
  test('names every model, tier and alias once', async () => {
    const { data } = await client.models.list();
    const ids = data.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(['qwen2.5-7b', 'qwen2.5-32b', 'auto', 'small', 'large', 'gpt-4o-mini']));
    expect(ids).not.toContain('vision');
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('finds a model by its id, and by its served name with the slash as it is or encoded', async () => {
    expect(await client.models.retrieve('qwen2.5-7b')).toMatchObject({ id: 'qwen2.5-7b', object: 'model' });
    expect(await client.models.retrieve('Qwen/Qwen2.5-7B-Instruct')).toMatchObject({ id: 'qwen2.5-7b' });
    const response = await gateway.get('/v1/models/Qwen/Qwen2.5-32B-Instruct-AWQ', clientKey);
    expect(await response.json()).toMatchObject({ id: 'qwen2.5-32b', context_tokens: 32_768, health_status: 'up' });
  });
});

describe('what passes through, and what does not', () => {
  beforeEach(() => gateway.resetState());

  test('a harmless request id is kept, begins the id that the model server gets, and names the answer', async () => {
    const response = await gateway.chat({ model: 'small', messages: hello, max_tokens: 5 }, { 'x-request-id': 'my-id.7_A' });
    await response.text();
    expect(response.headers.get('x-request-id')).toBe('my-id.7_A');
    expect((await gateway.chatCalls()).map(({ id }) => id)).toEqual([expect.stringMatching(/^my-id\.7_A-[a-z0-9]{24,}-1$/)]);
  });

  test.each([
    ['whole answers', '', false, 4],
    ['streams', '', true, 4],
    ['retries and fallbacks', '[[fault:server-error]]', false, 12],
  ])('%s: no two calls share an id at a model server, however many requests under way do', async (_, fault, stream, calls) => {
    const content = `${fault}[[pace:20]][[tokens:10]]Name a harbour.`;
    const ask = async () => {
      const body = { model: 'small', messages: [{ role: 'user', content }], stream };
      const response = await gateway.chat(body, { 'x-request-id': 'chosen-twice' });
      await response.text();
      return response.headers.get('x-request-id');
    };
    expect(new Set(await Promise.all([ask(), ask(), ask(), ask()]))).toEqual(new Set(['chosen-twice']));
    const ids = (await gateway.chatCalls()).map(({ id }) => id);
    expect([ids.length, new Set(ids).size, new Set(ids.map(clientIdOf))]).toEqual([calls, calls, new Set(['chosen-twice'])]);
  });

  test('the longest id that a client may choose is kept, too', async () => {
    const longest = 'x'.repeat(128);
    const response = await gateway.chat({ model: 'small', messages: hello, max_tokens: 5 }, { 'x-request-id': longest });
    await response.text();
    expect(response.headers.get('x-request-id')).toBe(longest);
    expect((await gateway.chatCalls()).map(({ id }) => clientIdOf(id))).toEqual([longest]);
  });

  test('the model server is opened by its own key: the same call with the client key is refused by it', async () => {
    const { servers } = inject('addresses');
    const status = async (key: string) =>
      (await fetch(`${servers['small']}/v1/models`, { headers: { authorization: `Bearer ${key}` } })).status;
    expect([await status(clientKey), await status(upstreamKey)]).toEqual([401, 200]);
    await (await gateway.chat({ model: 'small', messages: hello, max_tokens: 5 })).text();
    expect((await gateway.chatCalls()).map(({ status: answered }) => answered)).toEqual([200]);
  });
});
