/** A running model server: its controls, its ledger, and what happens when a client leaves. */
import { describe, expect, it } from 'vitest';
import { startModelServer } from '../../../infra/standin/server.ts';
import type { Parsed } from './chat-client.ts';
import { ask, contentOf, eventually, user } from './chat-client.ts';

const gauge = (page: string, name: string) => Number(new RegExp(`^vllm:${name}\\{.*\\} (\\S+)$`, 'm').exec(page)?.[1]);

describe('a client that leaves', () => {
  it('frees its place at once, and the ledger says when and how far it came', async () => {
    const server = await startModelServer();
    const leave = new AbortController();
    const response = await fetch(`${server.url}/v1/chat/completions`, {
      method: 'POST',
      signal: leave.signal,
      headers: { 'x-request-id': 'leaver' },
      body: JSON.stringify({ stream: true, ...user('Write an essay [[tokens:2000]] [[pace:2]]') }),
    });
    await response.body?.getReader().read();
    const metrics = async () => (await fetch(`${server.url}/metrics`)).text();
    expect(gauge(await metrics(), 'num_requests_running')).toBe(1);
    leave.abort();
    await eventually(() => server.log()[0]?.endedAtMs !== null, 'the server notices');
    expect(server.log()[0]).toMatchObject({
      id: 'leaver',
      ending: 'client_gone',
      status: 200,
      usage: { completionTokens: expect.any(Number) },
    });
    expect(server.log()[0]?.tokensSent).toBeLessThan(2000);
    expect(gauge(await metrics(), 'num_requests_running')).toBe(0);
    await server.close();
  });

  it('frees its place while it waits for a plain JSON answer, too', async () => {
    const server = await startModelServer();
    const answer = await ask(server.url, user('Write an essay [[tokens:2000]] [[pace:5]]'), { maxMs: 60 });
    expect(answer.broke).toBe('left after maxMs');
    await eventually(() => server.log()[0]?.ending === 'client_gone', 'the server notices');
    await server.close();
  });
});

describe('the control surface', () => {
  it('is closed unless asked for', async () => {
    const server = await startModelServer();
    const status = (await fetch(`${server.url}/__log`)).status;
    await server.close();
    expect([server.controlUrl, status]).toEqual([null, 404]);
  });

  it('makes a server ill, slow, empty, and gone, and tells what it saw', async () => {
    const server = await startModelServer({ control: true, logsBodies: true });
    const set = (body: object) => fetch(`${server.controlUrl}/__control`, { method: 'POST', body: JSON.stringify(body) });
    const status = async () => (await ask(server.url, user('hi'))).status;
    await set({ healthy: false });
    expect([(await fetch(`${server.url}/health`)).status, await status()]).toEqual([503, 500]);
    await set({ healthy: true, modelLoaded: false });
    const models: Parsed = await (await fetch(`${server.url}/v1/models`)).json();
    expect([models.data, await status()]).toEqual([[], 404]);
    await set({ modelLoaded: true, down: true });
    expect(await status()).toBe(0);
    await set({ down: false, fault: 'forbidden' });
    expect(await status()).toBe(403);
    await set({ fault: null });
    expect(await status()).toBe(200);
    expect((await set({ nonsense: 1 })).status).toBe(400);

    const log: Parsed[] = (await (await fetch(`${server.controlUrl}/__log`)).json()) as Parsed;
    const lines = (await (await fetch(`${server.controlUrl}/__log?format=lines`)).text()).trim().split('\n');
    const last = log.at(-1);
    expect(lines).toHaveLength(log.length);
    expect(last).toMatchObject({
      path: '/v1/chat/completions',
      ending: 'complete',
      isStream: false,
      hasAuthorization: false,
      body: user('hi'),
    });
    expect(last.usage).toEqual({ promptTokens: expect.any(Number), completionTokens: last.tokensSent });
    await fetch(`${server.controlUrl}/__log`, { method: 'DELETE' });
    expect(server.log()).toEqual([]);
    await server.close();
  });
});

describe('several tokens in one chunk', () => {
  it('carry the same words in fewer events', async () => {
    const [one, five] = await Promise.all([startModelServer(), startModelServer({ tokensPerChunk: 5 })]);
    const body = { stream: true, ...user('Tell me about boats') };
    const [single, grouped] = await Promise.all([ask(one.url, body), ask(five.url, body)]);
    await Promise.all([one.close(), five.close()]);
    expect(contentOf(grouped)).toBe(contentOf(single));
    expect(grouped.events.length).toBeLessThan(single.events.length / 3);
  });
});
