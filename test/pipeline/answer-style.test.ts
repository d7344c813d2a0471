/** One style on every JSON surface: keys in snake_case, a unit in every name of a time or an amount of money, scores with four digits. */
import { describe, expect, it } from 'vitest';
import { aggregate, deltaOfFeedback } from '../../worker/core/ledger/aggregate.ts';
import { mergeDelta } from '../../worker/core/ledger/delta.ts';
import { keyUsage, toStats } from '../../worker/core/ledger/stats.ts';
import { plainEntry } from '../core/ledger/entry.ts';
import { readRepoFile } from '../../infra/graph/source-files.ts';
import { adminToken, clientKey, createFakeApp, usageKey } from '../support/fakes/app.ts';
import { completion, hello } from './wire.ts';

const key = createFakeApp({ script: [] }).gateway.caller.key;
const judged = { model: 'small-model', isEscalated: false };
const total = mergeDelta(
  aggregate([
    { ...plainEntry, keyId: key.id, judged: { ...judged, isEscalated: true } },
    { ...plainEntry, keyId: key.id, judged, arm: 'new:b' },
    { ...plainEntry, keyId: key.id, judged, isStream: true, firstByteMs: 20 },
  ]),
  deltaOfFeedback(['new:b'], 0.333),
);
const app = createFakeApp({
  script: [],
  last: completion('hi'),
  change: (deps) => ({
    ...deps,
    ledger: {
      ...deps.ledger,
      read: (watch) => Promise.resolve(toStats(total, watch, plainEntry.atMs)),
      usageOf: (id) => Promise.resolve(keyUsage(total, id)),
      breakdownOf: () => Promise.resolve([]),
    },
  }),
});

const question = { model: 'auto', messages: [{ role: 'user', content: 'Prove step by step that 17 is prime.' }] };
type Surface = readonly [method: string, path: string, token: string, body: object | null];
const surfaces: readonly Surface[] = [
  ['POST', '/v1/chat/completions', clientKey, hello],
  ['POST', '/v1/route', clientKey, question],
  ['GET', '/v1/usage', usageKey, null],
  ['GET', '/v1/models', clientKey, null],
  ['GET', '/v1/models/qwen2.5-7b', clientKey, null],
  ['GET', '/health', clientKey, null],
  ['GET', '/readyz', clientKey, null],
  ['GET', '/stats', adminToken, null],
  ['GET', '/router/info', adminToken, null],
  ['GET', '/admin/keys', adminToken, null],
];

async function answerOf([method, path, token, body]: Surface): Promise<Record<string, unknown>> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await app.send(method, path, headers, body === null ? undefined : JSON.stringify(body));
  expect(response.status).toBe(200);
  return JSON.parse(await response.text());
}

interface Leaf {
  readonly path: readonly string[];
  readonly value: unknown;
}

function leavesOf(value: unknown, path: readonly string[] = []): Leaf[] {
  if (typeof value !== 'object' || value === null) return [{ path, value }];
  return Object.entries(value).flatMap(([name, part]) => leavesOf(part, [...path, name]));
}

const ofTimeOrMoney =
  /(?:^|_)(?:time|timeout|latency|duration|elapsed|wait|delay|age|ttl|cost|price|spent|budget|saved|savings|at|until|since)(?:_|$)/;
const hasUnit = /_(?:ms|seconds|usd|percent|per_minute|per_second)(?:_|$)|^usd$|^percent$|^nano_usd$/;
/** Numbers of no unit: counts (of strategies, too, one of which is called cost), and what moves the threshold, which is measured in the score. */
const withoutUnit = /_(?:weight|factor|ratio|rate|offset|tokens)$|^count$/;

function lacksUnit({ path, value }: Leaf): boolean {
  const last = path.at(-1) ?? '';
  if (typeof value !== 'number' || withoutUnit.test(last) || path.some((name) => name === 'offsets' || name === 'strategies'))
    return false;
  return path.some((name) => ofTimeOrMoney.test(name)) && !path.some((name) => hasUnit.test(name));
}

/** The names of shares, scores and chances. */
const isScore = /(?:^|_)(?:score|confidence|rate|share|psi|by_chance|usage|contribution|deserved|right)$/;

describe('every JSON answer', () => {
  it.each(surfaces)('has its keys in snake_case: %s %s', async (...surface: Surface) => {
    const names = leavesOf(await answerOf(surface)).flatMap(({ path }) => path);
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => /[a-z0-9][A-Z]/.test(name))).toEqual([]);
  });

  it.each(surfaces)('says the unit of times and amounts of money: %s %s', async (...surface: Surface) => {
    expect(leavesOf(await answerOf(surface)).filter(lacksUnit)).toEqual([]);
  });

  it.each(surfaces)('writes scores with four digits: %s %s', async (...surface: Surface) => {
    const scores = leavesOf(await answerOf(surface)).filter(({ path }) => isScore.test(path.at(-1) ?? ''));
    // The one that is compared with the threshold elsewhere.
    const shown = scores.filter(({ path }) => path.join('.') !== 'decision.score');
    const long = shown.filter(({ value }) => typeof value === 'number' && !/^-?\d+(?:\.\d{1,4})?$/.test(String(value)));
    expect(long).toEqual([]);
  });

  it('has an unrounded score in the decision of /v1/route', async () => {
    const { decision } = await answerOf(['POST', '/v1/route', clientKey, question]);
    expect(JSON.stringify(decision)).toMatch(/"score":0\.\d{6,}/);
  });

  it('has the names of keys beside their ids in /stats', async () => {
    expect(await answerOf(['GET', '/stats', adminToken, null])).toMatchObject({
      keys: { [key.id]: { name: key.name, requests: 3 } },
    });
  });

  it.each(surfaces)('is described key by key in docs/api.md: %s %s', async (...surface: Surface) => {
    const [method, path] = surface;
    const title = path.startsWith('/v1/models/') ? '/v1/models/*' : path;
    const section = readRepoFile('docs/api.md').split(`### \`${method} ${title}\`\n`)[1]?.split('\n### ')[0] ?? '';
    const names = Object.keys(await answerOf(surface));
    expect(names.filter((name) => !section.includes(`"${name}"`) && !section.includes(`\`${name}\``))).toEqual([]);
  });
});
