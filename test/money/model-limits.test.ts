/** Limits that a key has for one model: exact at the model's own server, whatever brings a request there; routed requests go elsewhere. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pause, until } from '../../infra/rig/waiting.ts';
import { type Asked, codeOf, countBy, type MadeKey, type MoneyLab, mostAtOnce, openLab, times } from './money-lab.ts';

const [small, large] = ['qwen2.5-7b', 'qwen2.5-32b'] as const;
/** Routed to the large tier, not asked for there. */
const routed = { headers: { 'x-agent-name': 'judge' }, body: { model: 'auto' } };
const doubtful = `[[say64:${Buffer.from("I'm not sure. I do not know.").toString('base64')}]]`;
let lab: MoneyLab;
let now = 0;

beforeAll(async () => {
  lab = await openLab({
    routing: {
      aliases: { best: large },
      agents: { judge: { critical: true } },
      escalation: { enabled: true },
      rescue: { enabled: true, max_rescues: 3 },
    },
  });
});

afterAll(() => lab.stop());

const keyFor = (limit: Readonly<Record<string, number>>, more = {}): Promise<MadeKey> =>
  lab.makeKey({ limits: { models: { large: limit } }, ...more });

function clearLogs(): void {
  for (const model of Object.values(lab.fleet.models)) model.clearLog();
}

const callsOf = (server: string) => lab.calls().filter((call) => call.server === server);

async function askAtOnce(
  count: number,
  key: string,
  asked: Asked,
): Promise<{ status: number; text: string; response: Response }[]> {
  clearLogs();
  const ask = async () => {
    const response = await lab.ask(key, asked);
    return { status: response.status, text: await response.text(), response };
  };
  return Promise.all(times(count, ask));
}

const statusesOf = (answers: readonly { status: number }[]) => countBy(answers.map(({ status }) => status));

describe('making a key with limits of models', () => {
  test.each([
    ['a tier of one model', 'large'],
    ['its id', large],
    ['its served name', 'Qwen/Qwen2.5-32B-Instruct-AWQ'],
    ['an alias', 'best'],
  ])('by %s: shows the configured id', async (_, name) => {
    const limit = { requests_per_minute: 3, tokens_per_minute: null, max_concurrent: 2 };
    const made = await (await lab.admin('POST', '/admin/keys', { name: 'a', limits: { models: { [name]: limit } } })).json();
    expect(made).toMatchObject({ limits: { requests_per_minute: null, models: { [large]: limit } } });
  });

  test.each([
    ['no model', { 'gpt-17': {} }, 'limits.models.gpt-17', '"gpt-17" is not a single model'],
    ['a name that leaves the choice', { auto: {} }, 'limits.models.auto', '"auto" is not a single model'],
    ['two names of one model', { large: {}, [large]: {} }, `limits.models.${large}`, 'two limits'],
    ['an unknown limit', { large: { rpm: 1 } }, 'limits.models.large.rpm', 'rpm'],
    ['no number', { large: { max_concurrent: 'two' } }, 'limits.models.large.max_concurrent', 'expected number'],
    ['less than one', { large: { requests_per_minute: 0 } }, 'limits.models.large.requests_per_minute', '1'],
  ])('%s: 400 that names the field', async (_, models, param, words) => {
    const response = await lab.admin('POST', '/admin/keys', { name: 'a', limits: { models } });
    const { error } = (await response.json()) as { error: { param: string; code: string; message: string } };
    expect([response.status, error.code, error.param]).toEqual([400, 'invalid_value', param]);
    expect(error.message).toContain(words);
  });

  test('a rotated key has them, and the same windows', async () => {
    const { id, key } = await keyFor({ requests_per_minute: 2 });
    await askAtOnce(1, key, { body: { model: large } });
    const fresh = (await (await lab.admin('POST', `/admin/keys/${id}/rotate`, { grace_seconds: 60 })).json()) as MadeKey;
    expect(fresh).toMatchObject({ limits: { models: { [large]: { requests_per_minute: 2 } } } });
    expect(statusesOf(await askAtOnce(5, fresh.key, { body: { model: large } }))).toEqual({ 200: 1, 429: 4 });
  });
});

describe('requests per minute of a model', () => {
  test('that the client names: exactly so many reach it in a window, the others are told which model, and when', async () => {
    const { key } = await keyFor({ requests_per_minute: 7 });
    const wave = () => askAtOnce(40, key, { body: { model: 'large' } });
    const answers = await wave();
    expect([statusesOf(answers), callsOf('large').length]).toEqual([{ 200: 7, 429: 33 }, 7]);
    const refused = answers.find(({ status }) => status === 429);
    expect(JSON.parse(refused?.text ?? '')).toMatchObject({
      error: {
        message: `Too many requests for this key. The limit of requests per minute for ${large} is reached.`,
        type: 'rate_limit_error',
        param: null,
        code: 'rate_limit_exceeded',
      },
    });
    const { headers } = refused?.response ?? new Response();
    expect([headers.get('retry-after'), headers.get('x-should-retry')]).toEqual([
      expect.stringMatching(/^(?:[4-5]\d|60)$/),
      'true',
    ]);
    // They are the key's own numbers, and it has none.
    expect([...headers.keys()].filter((name) => name.startsWith('x-ratelimit'))).toEqual([]);
    await lab.clock((now += 60_000));
    expect([statusesOf(await wave()), callsOf('large').length]).toEqual([{ 200: 7, 429: 33 }, 7]);
  });

  test('other models are not touched by it, and the key’s own limit holds beside it', async () => {
    const { key } = await lab.makeKey({ limits: { requests_per_minute: 5, models: { large: { requests_per_minute: 1 } } } });
    const first = await lab.ask(key, { body: { model: 'large' } });
    const refused = await lab.ask(key, { body: { model: 'large' } });
    expect([first.status, refused.status, refused.headers.get('x-ratelimit-remaining-requests')]).toEqual([200, 429, '4']);
    expect(statusesOf(await askAtOnce(9, key, { body: { model: 'small' } }))).toEqual({ 200: 4, 429: 5 });
  });

  test('a routed request is answered by another model, and the reason says so', async () => {
    const { key } = await keyFor({ requests_per_minute: 3 });
    const answers = await askAtOnce(12, key, routed);
    expect([statusesOf(answers), callsOf('large').length, callsOf('small').length]).toEqual([{ 200: 12 }, 3, 9]);
    const bodies = answers.map(({ text }) => JSON.parse(text)['x-routing-metadata'] as Record<string, unknown>);
    const detour = bodies.find((metadata) => metadata['model_id'] === small);
    expect(detour?.['reason']).toContain(`; ${small} instead of ${large}: the key's limit for that model is used up`);
    expect([detour?.['tier'], detour?.['fallback_used']]).toEqual(['large', false]);
  });

  test('a routed request that every model is used up for is refused', async () => {
    const models = { large: { requests_per_minute: 2 }, small: { requests_per_minute: 3 } };
    const { key } = await lab.makeKey({ limits: { models } });
    expect(statusesOf(await askAtOnce(9, key, routed))).toEqual({ 200: 5, 429: 4 });
    expect([callsOf('large').length, callsOf('small').length]).toEqual([2, 3]);
  });
});

test('a tier of which no model has its name is counted like any other', async () => {
  const own = await openLab({ models: { [large]: { capabilities: ['tools', 'vision'] } } });
  const { key } = await own.makeKey({ limits: { models: { [large]: { requests_per_minute: 1 } } } });
  const asked = { body: { model: 'vision' } };
  const statuses = [(await own.ask(key, asked)).status, (await own.ask(key, asked)).status];
  expect([statuses, own.calls().length]).toEqual([[200, 429], 1]);
  await own.stop();
});

describe('tokens per minute of a model', () => {
  test('are settled by what its calls used', async () => {
    const { id, key } = await keyFor({ tokens_per_minute: 400 });
    const answer = await lab.ask(key, { body: { model: 'large' } });
    const { usage } = (await answer.json()) as { usage: { total_tokens: number } };
    const { state } = await lab.settled(id);
    expect(state.sums.models).toMatchObject([{ modelId: large, window: { requests: 1, tokens: usage.total_tokens } }]);
    const tooMuch = await lab.ask(key, { body: { model: 'large', max_tokens: 500 } });
    expect([tooMuch.status, await tooMuch.text()]).toEqual([429, expect.stringContaining(`per minute for ${large}`)]);
  });
});

describe('concurrency of a model', () => {
  const slow = { paceMs: 60, body: { max_tokens: 100 } };

  test('that the client names: never more at its server, and no place stays taken', async () => {
    const { id, key } = await keyFor({ max_concurrent: 3 });
    const answers = await askAtOnce(60, key, { ...slow, body: { ...slow.body, model: 'large' } });
    expect([statusesOf(answers), mostAtOnce(callsOf('large'))]).toEqual([{ 200: 3, 429: 57 }, 3]);
    const refused = answers.find(({ status }) => status === 429);
    expect([JSON.parse(refused?.text ?? '').error.code, refused?.response.headers.get('retry-after')]).toEqual([
      'concurrency_limit_exceeded',
      '1',
    ]);
    expect((await lab.settled(id)).leases).toBe(0);
  });

  test('routed requests are all answered, never more than that at once at its server', async () => {
    const { id, key } = await keyFor({ max_concurrent: 2 });
    const answers = await askAtOnce(40, key, { ...routed, ...slow, body: { ...slow.body, model: 'auto', stream: true } });
    expect([statusesOf(answers), mostAtOnce(callsOf('large'))]).toEqual([{ 200: 40 }, 2]);
    expect((await lab.settled(id)).leases).toBe(0);
  });

  test('clients that leave give their places back', async () => {
    const { id, key } = await keyFor({ max_concurrent: 2 });
    for (let round = 0; round < 3; round += 1) {
      const leaving = new AbortController();
      const asked = { paceMs: 200, body: { model: 'large', stream: true }, signal: leaving.signal };
      const answers = await Promise.all(times(2, () => lab.ask(key, asked)));
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      leaving.abort();
      await lab.settled(id);
    }
  });
});

describe('what comes to a model by detours', () => {
  const broken = { text: '[[fault:server-error;on=small]]', body: { model: 'small' } };

  test('fallbacks stop at its limit; those beyond fail with the first model’s error', async () => {
    const { id, key } = await keyFor({ requests_per_minute: 4 });
    const answers = await askAtOnce(20, key, broken);
    expect([statusesOf(answers), callsOf('large').length]).toEqual([{ 200: 4, 502: 16 }, 4]);
    await lab.settled(id);
    // The same window as requests that name it.
    expect(await codeOf(await lab.ask(key, { body: { model: 'large' } }))).toBe('rate_limit_exceeded');
  });

  test('fallbacks that were let in together are never more than its places', async () => {
    const { key } = await keyFor({ max_concurrent: 2 });
    await askAtOnce(20, key, { ...broken, paceMs: 40 });
    expect(mostAtOnce(callsOf('large'))).toBeLessThanOrEqual(2);
    expect(callsOf('large').length).toBeGreaterThan(0);
  });

  test.each([false, true])('escalations stop at its limit, the small tier’s answers are shown; streamed: %s', async (stream) => {
    const { key } = await keyFor({ requests_per_minute: 2 });
    const asked = { text: doubtful, body: { model: 'auto', stream } };
    for (let index = 0; index < 2; index += 1) expect((await lab.ask(key, asked)).status).toBe(200);
    expect([statusesOf(await askAtOnce(8, key, asked)), callsOf('large').length]).toEqual([{ 200: 8 }, 0]);
  });

  test('escalations at once: no more than its limit go there', async () => {
    const { key } = await keyFor({ requests_per_minute: 2 });
    const answers = await askAtOnce(8, key, { text: doubtful, body: { model: 'auto' } });
    expect([statusesOf(answers), callsOf('large').length]).toEqual([{ 200: 8 }, 2]);
  });

  test('rescues stop at its limit', async () => {
    const { key } = await keyFor({ requests_per_minute: 2 });
    await askAtOnce(10, key, { text: '[[fault:mid-reset;on=small]]', tokens: 20, body: { model: 'small', stream: true } });
    expect(callsOf('large').length).toBe(2);
  });

  test('shadows leave a limited model alone', async () => {
    const watch = { enabled: true, arms: { only: { weight: 1, model: small } }, shadow: { model: large, share: 1 } };
    const own = await openLab({ routing: { experiments: { watch } } });
    const [free, limited] = [await own.makeKey(), await own.makeKey({ limits: { models: { large: { max_concurrent: 9 } } } })];
    const shadows = () => own.calls().filter(({ server }) => server === 'large').length;
    for (const { key } of [limited, free]) await (await own.ask(key, { body: { model: 'auto' } })).text();
    await until('the other key’s shadow has run', async () => shadows() > 0);
    await pause(150);
    expect(shadows()).toBe(1);
    await own.stop();
  });
});

describe('what it costs', () => {
  test('at most one question before the answer and one after it, none in between, and many ask together', async () => {
    const { key } = await keyFor({ requests_per_minute: 100 });
    await (await lab.ask(key, { body: { model: 'large' } })).text();
    await lab.counts(true);
    await askAtOnce(10, key, { body: { model: 'large' } });
    await askAtOnce(10, key, { body: { model: 'small' } });
    const { calls } = await lab.counts();
    expect(calls['TENANT.take']).toBeLessThan(40);
    expect(Object.keys(calls).filter((name) => name.startsWith('TENANT.'))).toEqual(['TENANT.take']);
  });

  test('nothing, for a request that cannot come to a limited model', async () => {
    // A gateway of its own: endings of the other tests' requests are told after their answers, some of them during this test.
    const own = await openLab({});
    const { key } = await own.makeKey({ limits: { models: { large: { requests_per_minute: 100 } } }, allowed_models: [small] });
    await (await own.ask(key)).text();
    await own.counts(true);
    await Promise.all(times(10, async () => (await own.ask(key)).text()));
    const { calls } = await own.counts();
    expect(Object.keys(calls).filter((name) => name.startsWith('TENANT.'))).toEqual([]);
    await own.stop();
  });
});
