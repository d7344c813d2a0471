/** What gateways read from a database that they share: kept answers, and single requests; and what becomes of it when it is slow or gone. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { noPostgres } from '../../infra/postgres/server.ts';
import { type Rig, startRig } from '../../infra/rig/rig.ts';
import { until } from '../../infra/rig/waiting.ts';
import type { RequestDetail, RequestList } from '../../shared/observed.ts';
import { type LogRig, startLogRig } from '../support/postgres/log-rig.ts';

/** Connecting takes its time on a busy machine; the shipped 50 ms are for Hyperdrive. */
const overrides = { cache: { enabled: true, database: { read_ms: 1000 } } };

describe.skipIf(noPostgres() !== null)('two gateways on one database', () => {
  let lab: LogRig;
  let here: Rig;
  let there: Rig;
  beforeAll(async () => {
    lab = await startLogRig({ overrides });
    here = lab.rig;
    there = await startRig({ on: inject('bundle'), overrides, vars: { DATABASE_URL: lab.proxy.url } });
  });
  afterAll(async () => {
    await there.stop();
    await lab.stop();
  });

  async function ask(rig: Rig, question: string, key?: string, headers: Record<string, string> = {}) {
    const body = { model: 'small', temperature: 0, messages: [{ role: 'user', content: `[[tokens:8]]${question}` }] };
    const response = await rig.chat(body, headers, key === undefined ? {} : { key });
    const answer = JSON.parse(await response.text());
    return {
      status: response.status,
      cache: response.headers.get('x-cache'),
      text: String(answer.choices?.[0]?.message.content),
      level: answer['x-routing-metadata']?.cache_level,
    };
  }
  const entries = async (): Promise<unknown> =>
    (await lab.server.query('select count(*)::int as n from pointsman.cache_entries'))[0]?.['n'];
  const list = async (rig: Rig, query: string): Promise<RequestList> =>
    JSON.parse(await (await rig.get(`/admin/requests?${query}`)).text());

  it('give an answer that the other one’s model has given, and say that it comes from the database', async () => {
    const first = await ask(here, 'What is a quay?');
    expect(first).toMatchObject({ status: 200, cache: 'miss' });
    await until('the answer is kept', async () => (await entries()) === 1);
    expect(await ask(there, 'What is a quay?')).toEqual({ ...first, cache: 'hit', level: 'database' });
    expect(await ask(there, 'What is a quay?')).toEqual({ ...first, cache: 'hit', level: 'isolate' });
    await until('both hits are counted', async () => {
      const page = await (await there.get('/metrics')).text();
      return ['database', 'isolate'].every((level) => page.includes(`pointsman_cache_hits_total{level="${level}"} 1`));
    });
  });

  it('never give it to another tenant', async () => {
    const { key } = await there.makeKey({});
    expect(await ask(there, 'What is a quay?', key)).toMatchObject({ status: 200, cache: 'miss' });
    await until('it has its own', async () => (await entries()) === 2);
  });

  it('find each other’s requests in the log, with their attempts', async () => {
    const agent = { 'x-agent-name': 'reader', 'x-session-id': 'a-talk' };
    for (const [at, rig] of [here, there, here].entries())
      expect((await ask(rig, `Number ${at}?`, undefined, { ...agent, 'x-request-id': `read-${at}` })).status).toBe(200);
    await until('all three are there', async () => (await list(there, 'session=a-talk')).requests.length === 3);
    const page = await list(there, 'agent=reader&limit=2');
    expect(page).toMatchObject({ source: 'log', log_down: false, unrecorded: 0, oldest_at: expect.any(String) });
    expect(page.requests.map(({ id }) => id)).toEqual(['read-2', 'read-1']);
    const rest = await list(there, `agent=reader&limit=2&before=${encodeURIComponent(page.next ?? '')}`);
    expect([rest.requests.map(({ id }) => id), rest.next]).toEqual([['read-0'], null]);
    expect((await list(there, 'agent=reader&source=recent')).requests.map(({ id }) => id)).toEqual(['read-1']);
    const detail: RequestDetail = JSON.parse(await (await there.get('/admin/requests/read-0')).text());
    expect(detail).toMatchObject({ id: 'read-0', prompt: null, attempts: [{ model: 'qwen2.5-7b', outcome: 'ok' }] });
    expect(detail.signals).toEqual([]);
  });

  it('answer as ever while every statement takes seconds', async () => {
    lab.proxy.setDelay(4000);
    const answers = await Promise.all([0, 1, 2, 3].map((at) => ask(there, `Slow ${at}?`)));
    lab.proxy.setDelay(0);
    expect(answers.map(({ status, cache }) => [status, cache])).toEqual(answers.map(() => [200, 'miss']));
    expect(await ask(there, 'Slow 0?')).toMatchObject({ cache: 'hit', level: 'isolate' });
  });

  it('answer as ever without it, and show the newest requests, saying so', async () => {
    await lab.server.kill();
    expect(await ask(there, 'And now?', undefined, { 'x-request-id': 'without-log' })).toMatchObject({
      status: 200,
      cache: 'miss',
    });
    await until('its record is there', async () => (await list(there, 'id=without-log')).requests.length === 1);
    expect(await list(there, 'id=without-log')).toMatchObject({ source: 'recent', log_down: true });
    expect((await there.get('/admin/requests/without-log')).status).toBe(200);
    await lab.server.start();
    await until('the log answers again', async () => (await list(there, 'id=without-log')).source === 'log');
    await until('and has what ended meanwhile', async () => (await list(there, 'id=without-log')).requests.length === 1);
  });
});
