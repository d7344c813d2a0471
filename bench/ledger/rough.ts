/**
 * The rough part of a reconciliation: abandoned work, shadow runs, and workerd killed in the middle of it, again and again, on the same
 * storage. For every key: nothing it got is missing, nothing is counted twice, usage and spending agree, and it spent at least what the model
 * servers did for it.
 */
import { request } from 'node:http';
import { pick, type Random, seededRandom } from '../../infra/standin/random.ts';
import { clientIdOf, type LogEntry } from '../../infra/standin/request-log.ts';
import type { Stats } from '../../shared/records.ts';
import { mergePatch } from '../../shared/merge-patch.ts';
import { progressBar } from '../load/progress-bar.ts';
import type { Line } from './compare.ts';
import { holdings } from './holdings.ts';
import { labOverrides } from '../../infra/rig/configs.ts';
import type { Bundle } from '../../infra/rig/bundle.ts';
import type { MadeKey } from '../../infra/rig/connect.ts';
import { type Lab, startLab } from '../../infra/rig/lab.ts';
import { pause } from '../../infra/rig/waiting.ts';

const roughOverrides = {
  models: { 'qwen2.5-7b': { tokens_per_second: 400 }, 'qwen2.5-32b': { tokens_per_second: 400 } },
  routing: {
    experiments: { half: { enabled: true, arms: { only: { weight: 1 } }, shadow: { model: 'qwen2.5-32b', share: 0.5 } } },
  },
} as const;

const month = { period: 'month', limit_usd: 1000 };
const roughKeys = [
  { name: 'budget', budgets: [month] },
  { name: 'budgets', budgets: [month, { ...month, period: 'day' }] },
  { name: 'budget and places', budgets: [month], limits: { max_concurrent: 50 } },
];

/** Nano-USD a token, as shipped. */
const prices: Readonly<Record<string, number>> = { 'Qwen/Qwen2.5-7B-Instruct': 100, 'Qwen/Qwen2.5-32B-Instruct-AWQ': 800 };

interface Sent {
  readonly key: number;
  readonly isAnswered: boolean;
}

export interface RoughOptions {
  readonly bundle: Bundle;
  readonly requests: number;
  readonly crashes: number;
  readonly seed: string;
  readonly isSilent: boolean;
}

export async function reconcileRoughly(options: RoughOptions): Promise<Line[]> {
  const overrides = mergePatch(labOverrides, roughOverrides);
  if (typeof overrides !== 'object' || overrides === null) throw new Error('no configuration');
  const lab = await startLab({ on: options.bundle, overrides: { ...overrides } });
  try {
    const keys = await Promise.all(roughKeys.map((body) => lab.makeKey(body)));
    const sent = await sendRoughly(lab, keys, options);
    return await settledLines(lab, keys, sent);
  } finally {
    await lab.stop();
  }
}

/** What a crash left open is released half a minute later. */
const settleWithinMs = 60_000;

async function settledLines(lab: Lab, keys: readonly MadeKey[], sent: readonly Sent[]): Promise<Line[]> {
  const deadline = Date.now() + settleWithinMs;
  let last = '';
  for (;;) {
    const held = await Promise.all(keys.map(({ id }) => holdings(lab, id)));
    const stats = await lab.stats();
    const open = held.reduce((sum, one) => sum + one.open, 0);
    const now = JSON.stringify([stats.totals, held]);
    if ((open === 0 && now === last) || Date.now() > deadline) {
      const calls = lab.calls();
      const spent = held.map(({ spentNanoUsd }) => spentNanoUsd);
      const lines = compareRoughly({ keys, sent, calls, stats, spent });
      return [
        ...lines,
        { name: 'rough: leases and reservations left', clients: '', servers: '', gateway: String(open), drift: open },
      ];
    }
    last = now;
    await pause(2000);
  }
}

async function sendRoughly(lab: Lab, keys: readonly MadeKey[], options: RoughOptions): Promise<Sent[]> {
  const bar = progressBar(options.requests, options.isSilent);
  const random = seededRandom('rough', options.seed);
  const sent: Sent[] = [];
  let started = 0;
  const worker = async (): Promise<void> => {
    while (started < options.requests) {
      const index = (started += 1);
      const key = index % keys.length;
      const planned = planOne(`rough-${key}-${index}`, random);
      let outcome = await sendOne(lab.url, keys[key]?.key ?? '', planned);
      // While workerd is being started again.
      for (; outcome === 'unsent'; outcome = await sendOne(lab.url, keys[key]?.key ?? '', planned)) await pause(100);
      sent.push({ key, isAnswered: outcome === 'answered' });
      bar.step();
    }
  };
  const workers = Promise.all(Array.from({ length: 12 }, worker));
  for (let crash = 1; crash <= options.crashes; crash += 1) {
    while (started < (options.requests * crash) / (options.crashes + 1)) await pause(20);
    await lab.restart();
  }
  await workers;
  bar.end();
  return sent;
}

interface Planned {
  readonly id: string;
  readonly isStream: boolean;
  readonly body: string;
  readonly leavesAfterMs: number | null;
}

/** Clients leave before the first token, in the middle, or not at all. */
function planOne(id: string, random: Random): Planned {
  const isStream = random() < 0.5;
  const leavesAfterMs = random() < 0.4 ? Math.floor(random() * 250) : null;
  const fault = random() < 0.1 ? '[[fault:slow-first-event;ms=700]]' : random() < 0.05 ? '[[fault:never-answers;on=small]]' : '';
  const text = `${fault}[[pace:${pick(random, [3, 8, 15])}]][[tokens:${6 + Math.floor(random() * 20)}]]Harbour ${id}?`;
  const model = pick(random, ['auto', 'auto', 'small', 'large']);
  const body = JSON.stringify({ model, stream: isStream, max_tokens: 30, messages: [{ role: 'user', content: text }] });
  return { id, isStream, body, leavesAfterMs };
}

/** `unsent`: the server did not listen. */
function sendOne(
  url: string,
  key: string,
  { id, isStream, body, leavesAfterMs }: Planned,
): Promise<'answered' | 'lost' | 'unsent'> {
  return new Promise((resolve) => {
    const call = request(`${url}/v1/chat/completions`, {
      method: 'POST',
      agent: false,
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'x-request-id': id,
      },
    });
    let answer = '';
    call.on('error', (error) => resolve('code' in error && error.code === 'ECONNREFUSED' ? 'unsent' : 'lost'));
    call.on('response', (response) => {
      response.setEncoding('utf8');
      response.on('data', (part: string) => (answer += part));
      response.on('error', () => resolve('lost'));
      response.on('close', () => {
        const isWhole = response.statusCode === 200 && response.complete && (!isStream || answer.includes('[DONE]'));
        resolve(isWhole ? 'answered' : 'lost');
      });
    });
    if (leavesAfterMs !== null) setTimeout(() => (call.socket?.resetAndDestroy(), resolve('lost')), leavesAfterMs);
    call.end(body);
  });
}

interface RoughBooks {
  readonly keys: readonly MadeKey[];
  readonly sent: readonly Sent[];
  /** What the model servers did, for all keys. */
  readonly calls: readonly LogEntry[];
  readonly stats: Stats;
  readonly spent: readonly number[];
}

function compareRoughly({ keys, sent, calls, stats, spent }: RoughBooks): Line[] {
  const perKey = keys.map(({ id }, index) => {
    const own = calls.filter((call) => clientIdOf(call.id).startsWith(`rough-${index}-`));
    const requests = sent.filter(({ key }) => key === index);
    const booked = stats.keys[id];
    return {
      answered: requests.filter(({ isAnswered }) => isAnswered).length,
      sent: requests.length,
      asked: new Set(own.map((call) => clientIdOf(call.id))).size,
      booked: booked?.requests ?? 0,
      costNanoUsd: booked?.cost_nano_usd ?? 0,
      spentNanoUsd: spent[index] ?? 0,
      workNanoUsd: own.reduce((sum, call) => sum + workOf(call), 0),
    };
  });
  type Row = (typeof perKey)[number];
  const total = (of: (row: Row) => number): number => perKey.reduce((sum, row) => sum + of(row), 0);
  const line = (name: string, [clients, servers, gateway]: readonly string[], drift: (row: Row) => number): Line => ({
    name,
    clients: clients ?? '',
    servers: servers ?? '',
    gateway: gateway ?? '',
    drift: total((row) => Math.max(0, drift(row))),
  });
  const text = (of: (row: Row) => number) => String(total(of));
  return [
    line(
      'rough: requests, none lost',
      [text(({ answered }) => answered), text(({ asked }) => asked), text(({ booked }) => booked)],
      ({ answered, asked, booked }) => Math.max(answered, asked) - booked,
    ),
    line(
      'rough: requests, none twice',
      [text(({ sent: all }) => all), '', text(({ booked }) => booked)],
      (row) => row.booked - row.sent,
    ),
    line(
      'rough: nano-USD, usage and spending',
      ['', `${text((row) => row.spentNanoUsd)} in their objects`, text(({ costNanoUsd }) => costNanoUsd)],
      (row) => Math.abs(row.spentNanoUsd - row.costNanoUsd),
    ),
    line(
      'rough: nano-USD, at least the work done',
      ['', text(({ workNanoUsd }) => workNanoUsd), text((row) => row.spentNanoUsd)],
      (row) => row.workNanoUsd - row.spentNanoUsd,
    ),
  ];
}

/** The prompt, and every token that was made, whether or not it was sent. */
function workOf({ model, usage, tokensSent, tokensMade }: LogEntry): number {
  const price = prices[model ?? ''] ?? 0;
  return ((usage?.promptTokens ?? 0) + Math.max(usage?.completionTokens ?? 0, tokensSent, tokensMade)) * price;
}
