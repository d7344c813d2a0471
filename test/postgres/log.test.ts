/** What the request log holds, and for how long; the gateway in workerd, the database real. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noPostgres } from '../../infra/postgres/server.ts';
import { until } from '../../infra/rig/waiting.ts';
import { type LogRig, startLogRig } from '../support/postgres/log-rig.ts';

describe.skipIf(noPostgres() !== null)('the request log', () => {
  let lab: LogRig;
  beforeAll(async () => {
    lab = await startLogRig({ overrides: { request_log: { retention_days: 3, max_content_chars: 200 } } });
  });
  afterAll(() => lab.stop());

  const rowOf = async (requestId: string): Promise<Readonly<Record<string, unknown>>> => {
    const find = () => lab.server.query('select * from pointsman.requests where request_id = $1', [requestId]);
    await until(`the row of ${requestId}`, async () => (await find()).length === 1);
    return (await find())[0] ?? {};
  };
  const ask = async (id: string, body: object, key?: string, headers: Record<string, string> = {}): Promise<number> => {
    const response = await lab.rig.chat(body, { 'x-request-id': id, ...headers }, key === undefined ? {} : { key });
    await response.text();
    return response.status;
  };
  const messages = [{ role: 'user', content: '[[tokens:5]]What is a lighthouse?' }];

  it('has a row for a request, with what the ledger booked and its attempts', async () => {
    const headers = { 'x-request-id': 'log-1', 'x-agent-name': 'shop', 'x-session-id': 's-1' };
    const { usage } = await lab.rig.client.chat.completions.create(
      { model: 'small', messages: [{ role: 'user', content: 'What is a lighthouse?' }] },
      { headers },
    );
    expect(await rowOf('log-1')).toMatchObject({
      agent: 'shop',
      session: 's-1',
      kind: 'chat',
      requested_model: 'small',
      routed_model: 'qwen2.5-7b',
      served_model: 'qwen2.5-7b',
      tier: 'small',
      ending: 'ok',
      error_code: null,
      http_status: 200,
      completion_tokens: String(usage?.completion_tokens),
      is_stream: false,
      fallback_used: false,
      cache: 'bypass',
      attempts: [
        expect.objectContaining({
          model: 'qwen2.5-7b',
          upstream: 'small',
          outcome: 'ok',
          completion_tokens: usage?.completion_tokens,
        }),
      ],
      prompt: null,
      answer: null,
    });
  });

  it('has a row for a request that failed, with every attempt', async () => {
    for (const id of ['small', 'large']) await lab.rig.control(id, { down: true });
    expect(await ask('log-2', { messages })).toBeGreaterThanOrEqual(500);
    for (const id of ['small', 'large']) await lab.rig.control(id, { down: false });
    await lab.rig.recovered();
    const row = await rowOf('log-2');
    expect(row).toMatchObject({ ending: 'upstream_error', served_model: null });
    expect(Number(row['http_status'])).toBeGreaterThanOrEqual(500);
    expect(Object(row['attempts']).length).toBeGreaterThanOrEqual(2);
  });

  it('keeps texts only for a key that says so, cut and without secrets', async () => {
    const { id, key } = await lab.rig.makeKey({ log_content: true });
    const secret = 'Bearer abcdefghijklmnop';
    const said = [{ role: 'user', content: `[[tokens:5]]My header is ${secret}. ${'x'.repeat(300)} The end.` }];
    await ask('log-3', { model: 'small', messages: said }, key);
    const kept = await rowOf('log-3');
    expect(String(kept['prompt'])).toMatch(/^….*x The end\.$/);
    expect(String(kept['prompt']).length).toBe(200);
    expect(String(kept['answer']).length).toBeGreaterThan(5);

    await ask('log-4', { model: 'small', messages: [{ role: 'user', content: `[[tokens:5]]${secret}` }] }, key);
    expect(await rowOf('log-4')).toMatchObject({ prompt: 'user: [[tokens:5]][redacted]' });

    expect((await lab.rig.admin('PATCH', `/admin/keys/${id}`, { log_content: false })).status).toBe(200);
    const shown: unknown = JSON.parse(await (await lab.rig.admin('GET', `/admin/keys/${id}`)).text());
    expect(shown).toMatchObject({ log_content: false });
  });

  it('takes texts that PostgreSQL has no characters for', async () => {
    const { key } = await lab.rig.makeKey({ log_content: true });
    await ask(
      'log-5',
      '{"model":"small","messages":[{"role":"user","content":"[[tokens:2]]a\\u0000b\\ud800c"}]}' as unknown as object,
      key,
    );
    expect(await rowOf('log-5')).toMatchObject({ prompt: 'user: [[tokens:2]]a\u{fffd}b\u{fffd}c' });
  });

  it('a row that the database refuses for what is in it is counted, and holds up no other', async () => {
    await lab.server.query(`
      create function pointsman.refuse() returns trigger language plpgsql as $$ begin
        raise exception 'odd' using errcode = 'invalid_text_representation'; end $$;
      create trigger refuse before insert on pointsman.requests for each row when (new.agent = 'odd') execute function pointsman.refuse()`);
    const ids = ['log-6', 'log-7', 'log-8'];
    await Promise.all(
      ids.map((id) => ask(id, { model: 'small', messages }, undefined, id === 'log-7' ? { 'x-agent-name': 'odd' } : {})),
    );
    await rowOf('log-6');
    await rowOf('log-8');
    await until('it is counted', async () => (await lab.status()).refused === 1);
    expect(await lab.server.query(`select 1 from pointsman.requests where agent = 'odd'`)).toEqual([]);
  });

  it('makes tables ahead, drops those of days that are over, and makes one that is missing', async () => {
    const tables = async (): Promise<string[]> => {
      const rows = await lab.server.query(`select relname from pg_class where relname ~ '^requests_\\d{8}$' order by 1`);
      return rows.map(({ relname }) => String(relname));
    };
    const day = (offset: number): string =>
      `requests_${new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '')}`;
    await until('tables are made ahead', async () => (await tables()).includes(day(7)));
    const old = new Date(Date.now() - 10 * 86_400_000).toISOString().slice(0, 10);
    await lab.server.query('select pointsman.make_request_partitions($1::date, $1::date)', [old]);
    await lab.server.query(`drop table pointsman.${day(0)}`);
    await ask('log-9', { model: 'small', messages });
    await rowOf('log-9');
    expect(await tables()).toContain(day(-10));
    await lab.server.query('select pointsman.drop_request_partitions($1::date)', [
      new Date(Date.now() - 3 * 86_400_000).toISOString().slice(0, 10),
    ]);
    expect(await tables()).not.toContain(day(-10));
  });

  it('says in /router/info what it is', async () => {
    const info: unknown = JSON.parse(await (await lab.rig.get('/router/info')).text());
    expect(info).toMatchObject({ postgres: 'direct', request_log: { retention_days: 3, queue: false, rows: { waiting: 0 } } });
  });
});
