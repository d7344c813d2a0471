/**
 * Three ledgers of the same two hundred requests (the clients', the model servers', the gateway's) must agree to the token, through
 * failures, fallbacks, aborts and a restart.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientIdOf } from '../../infra/standin/request-log.ts';
import type { Ending, Stats } from '../../shared/records.ts';
import { type OwnGateway, startHarness } from '../support/http/harness.ts';
import { type Reply, readReply } from '../support/http/reply.ts';
import { steadyOverrides } from '../support/http/steady.ts';
import { until } from '../support/http/until.ts';

/** One kind of request: what it asks, how it ends, and whether a server reports its tokens. */
interface Kind {
  readonly name: string;
  readonly text: string;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly ending: Ending;
  /** The client leaves after the first piece. */
  readonly isAborted?: true;
}

const stream = { stream: true };
const withUsage = { stream: true, stream_options: { include_usage: true } };

const kinds: readonly Kind[] = [
  { name: 'whole', text: '', ending: 'ok' },
  { name: 'whole, as plain JSON', text: '', body: { max_tokens: 30 }, ending: 'ok' },
  { name: 'whole, large', text: '', body: { model: 'large' }, ending: 'ok' },
  { name: 'streamed with usage', text: '', body: withUsage, ending: 'ok' },
  { name: 'streamed with usage, large, two choices', text: '', body: { ...withUsage, model: 'large', n: 2 }, ending: 'ok' },
  { name: 'whole, after a fallback', text: '[[fault:server-error;on=small]]', body: { model: 'small' }, ending: 'ok' },
  {
    name: 'streamed, after a fallback',
    text: '[[fault:first-event-error;on=small]]',
    body: { ...withUsage, model: 'small' },
    ending: 'ok',
  },
  { name: 'streamed, without usage from the server', text: '[[fault:no-usage]]', body: withUsage, ending: 'ok' },
  { name: 'cut', text: '[[fault:mid-reset]]', body: { ...stream, model: 'small' }, ending: 'upstream_error' },
  { name: 'failed', text: '[[fault:server-error]]', ending: 'upstream_error' },
  { name: 'stalled', text: '[[fault:stall]]', body: { ...stream, model: 'small' }, ending: 'timeout' },
  { name: 'rejected', text: '[[fault:bad-request]]', ending: 'rejected' },
  { name: 'left by its client', text: '[[pace:25]][[tokens:300]]', body: stream, ending: 'client_abort', isAborted: true },
];

const requests = Array.from({ length: 200 }, (_, index) => {
  const kind = kinds[index % kinds.length];
  if (kind === undefined) throw new Error('no kinds');
  return { id: `ledger-${index}`, kind, agent: index % 3 === 0 ? 'planner' : 'writer' };
});

/** Turned away before they were admitted. */
const refusals = [
  [{ messages: [] }, {}, 'invalid_value'],
  ['{', {}, 'invalid_json'],
  [{ messages: [{ role: 'user', content: 'hi' }] }, { authorization: 'Bearer a-key-that-nobody-made' }, 'invalid_api_key'],
  [{ model: 'gpt-17', messages: [{ role: 'user', content: 'hi' }] }, {}, 'model_not_found'],
] as const;

let gateway: OwnGateway;
let stats: Stats;
const folder = mkdtempSync(join(tmpdir(), 'pointsman-ledger-'));
const replies = new Map<string, Reply>();

beforeAll(async () => {
  gateway = await startHarness({ overrides: steadyOverrides, persistTo: folder });
  await inParallel(8, requests, async ({ id, kind, agent }) => {
    const body = { model: 'auto', messages: [{ role: 'user', content: `${kind.text}Harbour ${id}?` }], ...kind.body };
    const response = await gateway.chat(body, { 'x-request-id': id, 'x-agent-name': agent });
    if (kind.isAborted) await response.body?.getReader().cancel();
    else replies.set(id, await readReply(response));
  });
  for (const [body, headers] of refusals)
    for (let time = 0; time < 5; time += 1) await (await gateway.chat(body, headers)).text();
  const isComplete = async () => {
    stats = await gateway.stats();
    return stats.totals.requests >= requests.length && stats.totals.refused >= refusals.length * 5;
  };
  await until('the ledger is complete', isComplete, 2000);
});

afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('two hundred requests', () => {
  test('each is counted once, with the ending that its client saw', () => {
    expect(stats.totals.requests).toBe(requests.length);
    expect(stats.endings).toEqual(countBy(requests.map(({ kind }) => kind.ending)));
    expect(stats.totals.succeeded).toBe(stats.endings['ok']);
    expect(stats.totals.streamed).toBe(requests.filter(({ kind }) => kind.body?.['stream'] === true).length);
    expect(stats.fallbacks).toBe(requests.filter(({ kind }) => kind.name.includes('fallback')).length);
    for (const { id, kind } of requests) {
      const reply = replies.get(id);
      if (kind.ending === 'ok') expect({ id, errors: reply?.errors }).toEqual({ id, errors: [] });
    }
  });

  test('its tokens are those that the clients were told, beside what had to be estimated', () => {
    const told = requests.flatMap(({ id }) => {
      const usage = replies.get(id)?.usage;
      return usage == null || usage['estimated'] === true ? [] : [Number(usage['total_tokens'])];
    });
    const { total, estimated } = stats.totals.tokens;
    expect(told.length).toBeGreaterThan(100);
    expect(total - estimated).toBe(sum(told));
  });

  test('its tokens are those that the model servers counted, and its attempts are their calls', async () => {
    const calls = await gateway.chatCalls();
    const kindOf = new Map(requests.map(({ id, kind }) => [id, kind]));
    expect(stats.totals.attempts).toBe(calls.length);
    const reported = calls.filter(
      ({ id, ending, usage }) => usage !== null && ending === 'complete' && kindOf.get(clientIdOf(id))?.ending === 'ok',
    );
    const counted = sum(reported.map(({ usage }) => (usage?.promptTokens ?? 0) + (usage?.completionTokens ?? 0)));
    expect(stats.totals.tokens.total - stats.totals.tokens.estimated).toBe(counted);
  });

  test('an estimate covers every aborted and broken answer and no other', () => {
    const { estimated } = stats.totals.tokens;
    const told = requests.flatMap(({ id }) => {
      const usage = replies.get(id)?.usage;
      return usage?.['estimated'] === true ? [Number(usage['total_tokens'])] : [];
    });
    expect(told).toHaveLength(requests.filter(({ kind }) => kind.text.includes('no-usage')).length);
    // The client was never told of the broken ones: some tokens each, bounded by what the servers had sent.
    expect(estimated).toBeGreaterThan(sum(told));
  });

  test('its cost is its tokens times their price, to the nano-dollar', () => {
    const small = stats.models['qwen2.5-7b'];
    const large = stats.models['qwen2.5-32b'];
    expect(small?.cost_nano_usd).toBe(100 * (small?.tokens.total ?? 0));
    expect(large?.cost_nano_usd).toBe(800 * (large?.tokens.total ?? 0));
    expect(stats.totals.cost_nano_usd).toBe((small?.cost_nano_usd ?? 0) + (large?.cost_nano_usd ?? 0));
  });

  test('every dimension adds up to the same total', () => {
    const { agents, keys, tiers, intents, models } = stats;
    for (const groups of [agents, keys, tiers, intents, models]) {
      const all = Object.values(groups);
      expect(sum(all.map((group) => group.requests))).toBe(stats.totals.requests);
      expect(sum(all.map((group) => group.tokens.total))).toBe(stats.totals.tokens.total);
      expect(sum(all.map((group) => group.cost_nano_usd))).toBe(stats.totals.cost_nano_usd);
    }
    expect(agents['planner']?.requests).toBe(requests.filter(({ agent }) => agent === 'planner').length);
  });

  test('what was turned away is counted apart, by its code', () => {
    expect(stats.totals.refused).toBe(refusals.length * 5);
    expect(stats.refusals).toEqual(Object.fromEntries(refusals.map(([, , code]) => [code, 5])));
  });
});

describe('a restart', () => {
  test('keeps the statistics as they were, and counts on', async () => {
    await gateway.restart();
    const { first_at, last_at, totals, models, endings, agents, refusals: refused } = await gateway.stats();
    expect({ first_at, last_at, totals, models, endings, agents, refused }).toEqual({
      first_at: stats.first_at,
      last_at: stats.last_at,
      totals: stats.totals,
      models: stats.models,
      endings: stats.endings,
      agents: stats.agents,
      refused: stats.refusals,
    });
    await (await gateway.chat({ messages: [{ role: 'user', content: 'once more' }] })).text();
    await until('it is counted', async () => (await gateway.stats()).totals.requests === requests.length + 1, 2000);
  });
});

async function inParallel<T>(count: number, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: count }, worker));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
