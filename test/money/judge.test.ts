/**
 * A judge grades pairs of answers, over HTTP, from the client's request to the outcome that is kept; and one that answers rubbish, fails or
 * says nothing makes no outcome, loses nothing, and is paid for like any call.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../infra/rig/waiting.ts';
import type { LearnedReport } from '../../shared/observed.ts';
import { type MadeKey, type MoneyLab, openLab, times } from './money-lab.ts';

const [small, large, judge] = ['qwen2.5-7b', 'qwen2.5-32b', 'judge'] as const;
const price = { source: 'test', as_of: '2026-11-30' };
const judging = {
  upstreams: {
    judge: {
      url_var: 'JUDGE_UPSTREAM_URL',
      dialect: 'vllm',
      access: false,
      tunnel: 'none',
      timeouts_ms: { connect: 1000, first_event: 1000, idle: 1000, total: 3000 },
    },
  },
  models: {
    // Its tier keeps it out of every plan.
    [judge]: {
      upstreams: ['judge'],
      served_name: 'stand-in/judge',
      tier: 'vision',
      context_tokens: 32_768,
      capabilities: [],
      tool_formats: [],
      reasoning: 'none',
      slow_tokens_per_second: 15,
      max_in_flight: 64,
      price: { ...price, input_per_million_usd: 1, cached_input_per_million_usd: 1, output_per_million_usd: 1 },
    },
  },
  routing: {
    chains: { [judge]: [] },
    learning: {
      enabled: true,
      shadow_share: 1,
      daily_budget_usd: 5,
      train_every_ms: 1000,
      grading: 'judge',
      judge_model: judge,
    },
  },
};

const openJudged = (): Promise<MoneyLab> =>
  openLab(judging, {}, { direct: [{ id: 'judge', servedName: 'stand-in/judge', role: 'large', reasoningParser: true }] });

let lab: MoneyLab;
let made: MadeKey;

beforeAll(async () => {
  lab = await openJudged();
  made = await lab.makeKey();
});

afterAll(() => lab.stop());

async function learned(of: MoneyLab): Promise<LearnedReport> {
  const response = await of.admin('GET', '/router/info');
  return ((await response.json()) as { learned: LearnedReport }).learned;
}

/** Both models answer the same, and what they say steers the judge, which reads it. */
function askedWith(verdict: string, fault = ''): Record<string, unknown> {
  const answer = Buffer.from(`It rains. [[say:${verdict}]]`).toString('base64');
  return { model: 'auto', max_tokens: 60, messages: [{ role: 'user', content: `${fault}[[say64:${answer}]]Say hello to Ada` }] };
}

async function ask(of: MoneyLab, key: string, body: unknown, id: string): Promise<void> {
  const response = await of.chat(body, { 'x-request-id': id }, { key });
  expect(response.status).toBe(200);
  await response.text();
}

async function rate(of: MoneyLab, key: string, id: string, score: number): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${of.url}/v1/feedback`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ request_id: id, score }),
  });
  return { status: response.status, body: await response.json() };
}

interface OutcomeRow {
  readonly id: string;
  readonly shown: string;
  readonly small: number | null;
  readonly large: number | null;
  readonly rated: number | null;
}

async function outcomes(of: MoneyLab): Promise<OutcomeRow[]> {
  const tables = (await of.object('LEARN', `learn:${small}|${large}`, { do: 'dump' })) as { outcomes: OutcomeRow[] };
  return tables.outcomes;
}

async function costs(of: MoneyLab): Promise<{ large: number; judge: number }> {
  const { models } = await of.stats();
  return { large: models[large]?.cost_nano_usd ?? 0, judge: models[judge]?.cost_nano_usd ?? 0 };
}

/** What the ledger has of both models is what learning says it has spent: the small one's answers are the ones that are shown. */
async function isBooked(of: MoneyLab): Promise<boolean> {
  const [spent, { today }] = [await costs(of), await learned(of)];
  return today.cost_nano_usd === spent.large + spent.judge;
}

const judgeCalls = (of: MoneyLab) => of.calls().filter(({ server }) => server === 'judge');

describe('a judge', () => {
  test('grades both answers, in either order, and is told neither whose they are nor more than it has to read', async () => {
    const count = 14;
    await Promise.all(times(count, (at) => ask(lab, made.key, askedWith('10 2'), `graded-${at}`)));
    await until('every pair is graded', async () => (await learned(lab)).outcomes.pairs >= count);
    const rows = await outcomes(lab);
    expect(rows).toHaveLength(count);
    for (const row of rows) expect([row.small, row.large].toSorted()).toEqual([0.2, 1]);
    // Which answer stands first is drawn by lot.
    expect(new Set(rows.map((row) => row.small))).toEqual(new Set([1, 0.2]));
    const calls = judgeCalls(lab);
    expect(calls).toHaveLength(count);
    for (const { body } of calls) {
      const text = JSON.stringify(body);
      expect(text).toContain('<answer_1>');
      expect(text).not.toMatch(/qwen/i);
    }
    const { today, quality } = await learned(lab);
    expect(today).toMatchObject({ shadow_calls: count, ungraded: 0 });
    expect(quality).toMatchObject({ compared: count });
  });

  test('is booked beside the call that it grades, and both are taken from the day’s budget', async () => {
    const own = await openJudged();
    const { key, id } = await own.makeKey();
    await ask(own, key, askedWith('5 5'), 'priced');
    await until('the pair is graded', async () => (await learned(own)).outcomes.pairs === 1);
    await own.booked(id, 1);
    const { today } = await learned(own);
    // The small model's answer was shown; the rest was for the comparison.
    await until('both calls are booked', async () => {
      const spent = await costs(own);
      return spent.judge > 0 && today.cost_nano_usd === spent.large + spent.judge;
    });
    await own.stop();
  });

  test('may think before it grades', async () => {
    const { key, id } = await lab.makeKey();
    const thought = `[[think:${'The first one is polite and short. '.repeat(20)}]]`;
    const answer = Buffer.from(`It rains. [[say:10 2]]${thought}`).toString('base64');
    const content = `[[say64:${answer}]]Say hello to Ada`;
    await ask(lab, key, { model: 'auto', max_tokens: 400, messages: [{ role: 'user', content }] }, 'thought');
    await until('the pair is graded', async () =>
      (await outcomes(lab)).some((row) => row.id === `${id}:thought` && row.small !== null),
    );
  });

  test('that the key may not use reads none of its requests', async () => {
    const own = await openJudged();
    const { key } = await own.makeKey({ allowed_models: [small, large] });
    await ask(own, key, askedWith('10 2'), 'private');
    expect((await rate(own, key, 'private', 1)).status).toBe(200);
    expect(await learned(own)).toMatchObject({ outcomes: { pairs: 0, rated: 1 }, today: { shadow_calls: 0 } });
    expect(judgeCalls(own)).toEqual([]);
    await own.stop();
  });
});

describe('a judge that', () => {
  test.each([
    ['answers rubbish', 'Both are fine.', '', true],
    ['grades on another scale', '95 80', '', true],
    ['says one number', '7', '', true],
    ['says nothing', '7 4', '[[fault:empty-answer;on=judge]]', true],
    ['fails', '7 4', '[[fault:server-error;on=judge]]', false],
    ['has no room', '7 4', '[[fault:unavailable;on=judge]]', false],
    ['sends no JSON', '7 4', '[[fault:garbage-body;on=judge]]', false],
    ['is gone', '7 4', '[[fault:reset;on=judge]]', false],
    // It was asked, and may have worked for as long as it was waited for.
    ['never answers', '7 4', '[[fault:never-answers;on=judge]]', true],
  ])('%s makes no outcome, loses no rating, and costs what it has cost', async (_, verdict, fault, isPaid) => {
    const { key, id } = await lab.makeKey();
    await until('the comparisons before this one are booked', () => isBooked(lab));
    const before = { learned: await learned(lab), costs: await costs(lab), calls: judgeCalls(lab).length };
    await ask(lab, key, askedWith(verdict, fault), 'one');
    await until('the comparison is over', async () => (await learned(lab)).today.ungraded > before.learned.today.ungraded);
    expect(judgeCalls(lab).length).toBe(before.calls + 1);
    const row = (await outcomes(lab)).find((outcome) => outcome.id === `${id}:one`);
    expect(row).toMatchObject({ shown: 'small', small: null, large: null, rated: null });
    expect(await rate(lab, key, 'one', 0)).toMatchObject({ status: 200, body: { learned_from: true, model_id: small } });
    const after = await learned(lab);
    expect(after.outcomes).toEqual({ pairs: before.learned.outcomes.pairs, rated: before.learned.outcomes.rated + 1 });
    expect(after.today.shadow_calls).toBe(before.learned.today.shadow_calls + 1);
    await lab.booked(id, 1);
    await until('what it cost is booked', async () => {
      const now = await costs(lab);
      const [compared, judged] = [now.large - before.costs.large, now.judge - before.costs.judge];
      return after.today.cost_nano_usd - before.learned.today.cost_nano_usd === compared + judged && judged > 0 === isPaid;
    });
  });
});

describe('a rating', () => {
  test('sent the moment the answer is there is not lost, though the comparison has only begun', async () => {
    const { key, id } = await lab.makeKey();
    for (let at = 0; at < 8; at += 1) {
      await ask(lab, key, askedWith('10 2'), `fast-${at}`);
      expect(await rate(lab, key, `fast-${at}`, 1)).toMatchObject({ status: 200, body: { learned_from: true } });
    }
    await until('every pair is graded, and rated', async () => {
      const own = (await outcomes(lab)).filter((row) => row.id.startsWith(`${id}:`));
      return own.length === 8 && own.every(({ small: grade, rated }) => grade !== null && rated === 1);
    });
  });
});

describe('every door', () => {
  test('is learned from: chats, Responses and Messages, streamed or not', async () => {
    const own = await openJudged();
    const { key } = await own.makeKey();
    const [message] = (askedWith('10 2') as { messages: { content: string }[] }).messages;
    const text = message?.content ?? '';
    const send = async (path: string, body: Record<string, unknown>) => {
      const response = await fetch(`${own.url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'anthropic-version': '2023-06-01' },
        body: JSON.stringify({ model: 'auto', ...body }),
      });
      expect(response.status).toBe(200);
      await response.text();
    };
    for (const stream of [true, false]) {
      await send('/v1/chat/completions', { stream, messages: [{ role: 'user', content: text }] });
      await send('/v1/responses', { stream, input: text });
      await send('/v1/messages', { stream, max_tokens: 60, messages: [{ role: 'user', content: text }] });
    }
    await until('all six are graded', async () => (await learned(own)).outcomes.pairs === 6);
    // Nothing of learning goes to a model beside the request.
    for (const { body } of own.calls()) expect(JSON.stringify(body)).not.toMatch(/shadow|learning/);
    await own.stop();
  });
});
