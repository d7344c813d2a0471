/** `npm run bench:counting`: CPU of counting what has ended, in Node: a batch of requests, and refusals that come beside it. Asserts nothing. */
import { readCommandLine, runCommand, wholeNumber } from '../../infra/command-line.ts';
import type { LedgerEntry } from '../../shared/records.ts';
import {
  addEntry,
  addRefusal,
  type BatcherState,
  createBatcher,
  flushWhenDue,
  maxPending,
} from '../../worker/core/ledger/batch.ts';

const help = `CPU of counting what has ended, a request: the cheapest of so many turns, in Node.

  npm run bench:counting -- [options]

  --turns N    of 50 batches each (20)
  --json       print the result as JSON
  --help

"alike" is a batch of requests that differ in numbers, "mixed" one of eight agents and two models, "refusals" a hundred that were turned away beside
them. Making the records of requests, fifty a batch, is in each.`;

const batchesATurn = 50;
const refusals = 100;

const usage = { promptTokens: 900, completionTokens: 20, cachedTokens: 0, reasoningTokens: null, isEstimated: false };
const signals = ['length', 'tools', 'code', 'reasoning', 'turns'].map((id) => ({
  id,
  value: 0.1234567,
  contribution: 0.0233333,
}));

const plain: LedgerEntry = {
  requestId: '',
  atMs: 0,
  keyId: 'key_1',
  tenantId: 'key_1',
  agent: 'planner',
  session: null,
  requestedModel: 'auto',
  routedModel: 'small',
  servedModel: 'small',
  primaryModel: 'small',
  rule: 'complexity',
  classificationMs: 0,
  tier: 'small',
  intent: 'general',
  intentBand: 'high',
  strategy: 'cost',
  reason: 'complexity 0.10 is below 0.60',
  isForced: false,
  isStream: false,
  ending: 'ok',
  errorCode: null,
  errorType: null,
  attempts: 1,
  fallbackUsed: false,
  fallback: null,
  escalated: false,
  judged: null,
  scored: null,
  rescued: false,
  arm: null,
  toolCalls: { valid: 0, repaired: 0, invalid: 0, unchecked: 0 },
  cache: 'bypass',
  cacheLevel: null,
  cacheSavedNanoUsd: 0,
  latencyMs: 0,
  firstByteMs: 0,
  attemptUsages: [],
  costNanoUsd: 1500,
  allLargeCostNanoUsd: 12_000,
  allSmallCostNanoUsd: 1500,
  isEstimated: false,
  trace: null,
};

function entry(index: number, isMixed: boolean): LedgerEntry {
  const model = isMixed && index % 2 === 1 ? 'large' : 'small';
  const startedAtMs = 1_800_000_000_000;
  const call = { model, upstream: model, startedAtMs, firstByteAtMs: null, endedAtMs: startedAtMs + 20, outcome: 'ok' };
  return {
    ...plain,
    requestId: `0123456789abcdef01234567${String(index).padStart(8, '0')}`,
    atMs: startedAtMs + index,
    agent: isMixed ? `agent-${index % 8}` : 'planner',
    routedModel: model,
    servedModel: model,
    primaryModel: model,
    tier: model,
    scored: { version: 'hybrid-1', score: (index % 10) / 10 },
    latencyMs: 20 + (index % 17) * 3,
    firstByteMs: 10 + (index % 13),
    attemptUsages: [{ model, usage, costNanoUsd: 1500, isPartOfAnswer: true }],
    trace: { startedAtMs, threshold: 0.6, confidence: 0.7, signals, calls: [call], billedCalls: [1] },
  };
}

/** One batch, from its first entry to what is sent. */
function count(entries: readonly LedgerEntry[], refused: number): void {
  let state: BatcherState = createBatcher('isolate');
  for (const one of entries) state = addEntry(state, one, 0).state;
  for (let index = 0; index < refused; index += 1) state = addRefusal(state, 'rate_limit_exceeded', 0).state;
  flushWhenDue(state, 1000);
}

/** µs of CPU for one of `things`. */
function cheapest(turns: number, things: number, work: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < turns; turn += 1) {
    const before = process.cpuUsage();
    for (let batch = 0; batch < batchesATurn; batch += 1) work();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / batchesATurn / things);
  }
  return best;
}

async function main(): Promise<number> {
  const { values } = readCommandLine({
    name: 'npm run bench:counting',
    help,
    options: { turns: { type: 'string', default: '20' }, json: { type: 'boolean', default: false } },
  });
  const turns = wholeNumber('turns', values.turns, { min: 1 });
  const batch = (isMixed: boolean) => Array.from({ length: maxPending - 1 }, (_, index) => entry(index, isMixed));
  const [alike, mixed] = [batch(false), batch(true)];
  const half = alike.slice(0, refusals - 1);
  const micros = {
    alike: cheapest(turns, alike.length, () => count(alike, 0)),
    mixed: cheapest(turns, mixed.length, () => count(mixed, 0)),
    refusals: cheapest(turns, half.length + refusals, () => count(half, refusals)),
  };
  if (values.json) console.log(JSON.stringify(micros, null, 2));
  else for (const [name, value] of Object.entries(micros)) console.log(`  ${name.padEnd(10)} ${value.toFixed(1)} µs`);
  return 0;
}

if (import.meta.main) await runCommand(main);
