/**
 * `npm run replay`: sends a file of chat requests through the official client and says what came of them: success rate, split, cost,
 * savings against all-large, latency. Rows may carry labels; then routing accuracy is printed beside them. Success means a usable
 * answer: text or tool calls with a finish reason, not HTTP 200.
 */
import { existsSync, readFileSync } from 'node:fs';
import OpenAI, { APIError } from 'openai';
import * as z from 'zod';
import { headerNames } from '../../shared/headers.ts';
import { formatUsd, percentile, percentOf } from '../../shared/units.ts';
import { commandLine, runCommand, UsageError, wholeNumber } from '../../infra/command-line.ts';
import { progressBar } from './progress-bar.ts';

const help = `Replays a JSONL file of chat requests through a running gateway.

  npm run replay -- FILE [options]

  FILE               one JSON object a line: a chat body, or {"id", "body", "labels": {"tier", "intent"}}
  --stream           stream every answer
  --concurrency N    requests at the same time (8)
  --url U            gateway (http://127.0.0.1:8787)
  --key K            API key (pointsman-local-key)
  --admin K          admin token, to compare the ledger's totals (pointsman-local-admin)
  --limit N          only the first N rows
  --json             print the result as JSON, without a progress bar
  --help`;

const Labels = z.object({ tier: z.string().optional(), intent: z.string().optional() });
const Row = z.union([
  z.object({ id: z.string().optional(), body: z.looseObject({ messages: z.array(z.unknown()) }), labels: Labels.optional() }),
  z.looseObject({ messages: z.array(z.unknown()) }).transform((body) => ({ id: undefined, body, labels: undefined })),
]);
type Row = z.infer<typeof Row>;

const Metadata = z.object({ model_id: z.string().nullable(), tier: z.string(), intent: z.string(), fallback_used: z.boolean() });

interface Outcome {
  readonly row: Row;
  readonly isUsable: boolean;
  readonly status: number;
  readonly error: string | null;
  readonly metadata: z.infer<typeof Metadata> | null;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly latencyMs: number;
}

const options = {
  stream: { type: 'boolean', default: false },
  concurrency: { type: 'string', default: '8' },
  url: { type: 'string', default: 'http://127.0.0.1:8787' },
  key: { type: 'string', default: 'pointsman-local-key' },
  admin: { type: 'string', default: 'pointsman-local-admin' },
  limit: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;
const { values, positionals } = commandLine({ name: 'npm run replay', help, options, maxPositionals: 1 });
const [file = ''] = positionals;
const client = new OpenAI({ baseURL: `${values.url}/v1`, apiKey: values.key, maxRetries: 0 });

function readRows(path: string): Row[] {
  if (path === '') throw new UsageError(help);
  if (!existsSync(path)) throw new UsageError(`There is no file ${path}.`);
  const limit = values.limit === undefined ? Number.POSITIVE_INFINITY : wholeNumber('limit', values.limit, { min: 1 });
  const rows: Row[] = [];
  for (const [i, line] of readFileSync(path, 'utf8').split('\n').entries()) {
    if (line.trim() === '' || rows.length >= limit) continue;
    const parsed = Row.safeParse(parseLine(line, `${path}:${i + 1}`));
    if (!parsed.success) throw new UsageError(`${path}:${i + 1}: neither a chat body nor {"body": …}`);
    rows.push(parsed.data);
  }
  if (rows.length === 0) throw new UsageError(`${path} holds no request.`);
  return rows;
}

function parseLine(line: string, where: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new UsageError(`${where}: not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function send(row: Row): Promise<Outcome> {
  const startedAt = performance.now();
  const base = { row, metadata: null, promptTokens: 0, completionTokens: 0 };
  try {
    const answer = values.stream ? await streamed(row) : await whole(row);
    return { ...base, ...answer, status: 200, error: null, latencyMs: performance.now() - startedAt };
  } catch (error) {
    const status = error instanceof APIError ? (error.status ?? 200) : 0;
    const code = error instanceof APIError ? (error.code ?? error.message) : String(error);
    const metadata = error instanceof APIError ? metadataOf(error.headers?.get(headerNames.routingMetadata) ?? null) : null;
    return { ...base, metadata, isUsable: false, status, error: code, latencyMs: performance.now() - startedAt };
  }
}

type Body = OpenAI.ChatCompletionCreateParamsNonStreaming;

function bodyOf(row: Row): Body {
  // The gateway is what validates bodies; here they pass through as they stand in the file.
  return JSON.parse(JSON.stringify(row.body));
}

async function whole(row: Row) {
  const completion = await client.chat.completions.create({ ...bodyOf(row), stream: false });
  const [choice] = completion.choices;
  return {
    isUsable: isUsable(choice?.message.content ?? '', choice?.message.tool_calls?.length ?? 0, choice?.finish_reason ?? null),
    metadata: metadataIn(completion),
    promptTokens: completion.usage?.prompt_tokens ?? 0,
    completionTokens: completion.usage?.completion_tokens ?? 0,
  };
}

async function streamed(row: Row) {
  const stream = await client.chat.completions.create({ ...bodyOf(row), stream: true, stream_options: { include_usage: true } });
  let text = '';
  let calls = 0;
  let finishReason: string | null = null;
  let metadata: z.infer<typeof Metadata> | null = null;
  let usage: OpenAI.CompletionUsage | null = null;
  for await (const chunk of stream) {
    const [choice] = chunk.choices;
    text += choice?.delta.content ?? '';
    calls += choice?.delta.tool_calls?.length ?? 0;
    finishReason = choice?.finish_reason ?? finishReason;
    metadata = metadataIn(chunk) ?? metadata;
    usage = chunk.usage ?? usage;
  }
  return {
    isUsable: isUsable(text, calls, finishReason),
    metadata,
    promptTokens: usage?.prompt_tokens ?? 0,
    completionTokens: usage?.completion_tokens ?? 0,
  };
}

function isUsable(text: string, calls: number, finishReason: string | null): boolean {
  return finishReason !== null && (calls > 0 || text.trim() !== '');
}

function metadataIn(value: object): z.infer<typeof Metadata> | null {
  const parsed = Metadata.safeParse('x-routing-metadata' in value ? value['x-routing-metadata'] : null);
  return parsed.success ? parsed.data : null;
}

/** A refused request may have been routed; then its answer says where to. */
function metadataOf(header: string | null): z.infer<typeof Metadata> | null {
  return header === null ? null : metadataIn({ [headerNames.routingMetadata]: JSON.parse(header) });
}

async function replay(rows: readonly Row[]): Promise<Outcome[]> {
  const bar = progressBar(rows.length, values.json);
  const outcomes: Outcome[] = [];
  const queue = rows.values();
  const worker = async (): Promise<void> => {
    for (const row of queue) {
      outcomes.push(await send(row));
      bar.step();
    }
  };
  await Promise.all(Array.from({ length: wholeNumber('concurrency', values.concurrency, { min: 1 }) }, worker));
  bar.end();
  return outcomes;
}

const Ledger = z.object({
  totals: z.object({
    requests: z.number(),
    tokens: z.object({ prompt: z.number(), completion: z.number(), estimated: z.number() }),
    cost_nano_usd: z.number(),
    all_large_cost_nano_usd: z.number(),
  }),
});

async function readLedger(): Promise<z.infer<typeof Ledger>['totals'] | null> {
  const response = await fetch(`${values.url}/stats`, { headers: { authorization: `Bearer ${values.admin}` } }).catch(() => {
    throw new Error(`No gateway answers at ${values.url}. Start one with npm start, or name another with --url.`);
  });
  return response.ok ? Ledger.parse(await response.json()).totals : null;
}

function summarise(outcomes: readonly Outcome[], before: Awaited<ReturnType<typeof readLedger>>, after: typeof before) {
  const usable = outcomes.filter((outcome) => outcome.isUsable);
  const refused = outcomes.filter(({ status }) => status >= 400 && status < 500);
  const latencies = usable.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
  const sum = (pick: (outcome: Outcome) => number) => outcomes.reduce((total, outcome) => total + pick(outcome), 0);
  const isAdmitted = ({ status }: Outcome) => status === 200 || status >= 500;
  const ledger =
    before === null || after === null
      ? null
      : {
          requests: after.requests - before.requests,
          prompt_tokens: after.tokens.prompt - before.tokens.prompt,
          completion_tokens: after.tokens.completion - before.tokens.completion,
          cost_nano_usd: after.cost_nano_usd - before.cost_nano_usd,
          all_large_cost_nano_usd: after.all_large_cost_nano_usd - before.all_large_cost_nano_usd,
        };
  return {
    requests: outcomes.length,
    usable: usable.length,
    refused: refused.length,
    errors: countBy(outcomes.filter(({ error }) => error !== null).map(({ status, error }) => `${status} ${error}`)),
    split: countBy(usable.map(({ metadata }) => metadata?.model_id ?? 'unknown')),
    fallbacks: usable.filter(({ metadata }) => metadata?.fallback_used === true).length,
    latency_ms: { p50: percentile(latencies, 50), p95: percentile(latencies, 95), p99: percentile(latencies, 99) },
    client: {
      admitted: outcomes.filter(isAdmitted).length,
      prompt_tokens: sum(({ promptTokens }) => promptTokens),
      completion_tokens: sum(({ completionTokens }) => completionTokens),
    },
    ledger,
    tiers: confusion(outcomes, 'tier'),
    intents: confusion(outcomes, 'intent'),
  };
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** Label → what the gateway said → count; null when no row carries the label. */
function confusion(outcomes: readonly Outcome[], label: 'tier' | 'intent'): Record<string, Record<string, number>> | null {
  const table: Record<string, Record<string, number>> = {};
  for (const { row, metadata } of outcomes) {
    const wanted = row.labels?.[label];
    if (wanted === undefined || metadata === null) continue;
    const line = (table[wanted] ??= {});
    line[metadata[label]] = (line[metadata[label]] ?? 0) + 1;
  }
  return Object.keys(table).length > 0 ? table : null;
}

function print(result: ReturnType<typeof summarise>): void {
  const line = (name: string, value: string) => console.log(`  ${name.padEnd(22)}${value}`);
  const ms = (value: number | null) => (value === null ? '–' : `${Math.round(value)} ms`);
  const { ledger, client: own } = result;
  console.log(`\n${file}${values.stream ? ', streamed' : ''}, ${values.concurrency} at a time`);
  line('usable answers', `${result.usable} of ${result.requests} (${percentOf(result.usable, result.requests)} %)`);
  line('refused (4xx)', String(result.refused));
  for (const [error, count] of Object.entries(result.errors)) line('', `${count} × ${error}`);
  for (const [model, count] of Object.entries(result.split)) line(model, `${count} (${percentOf(count, result.usable)} %)`);
  line('fallbacks', String(result.fallbacks));
  line('P50 / P95 / P99', `${ms(result.latency_ms.p50)} / ${ms(result.latency_ms.p95)} / ${ms(result.latency_ms.p99)}`);
  if (ledger !== null) {
    const saved = ledger.all_large_cost_nano_usd - ledger.cost_nano_usd;
    line('cost', `${formatUsd(ledger.cost_nano_usd)} USD; all-large ${formatUsd(ledger.all_large_cost_nano_usd)} USD`);
    line('savings', `${percentOf(saved, ledger.all_large_cost_nano_usd)} %`);
    const same =
      ledger.requests === own.admitted &&
      ledger.prompt_tokens === own.prompt_tokens &&
      ledger.completion_tokens === own.completion_tokens;
    line('client counted', `${own.admitted} requests, ${own.prompt_tokens} + ${own.completion_tokens} tokens`);
    line(
      'ledger counted',
      `${ledger.requests} requests, ${ledger.prompt_tokens} + ${ledger.completion_tokens} tokens ${same ? '(equal)' : '(DIFFERENT)'}`,
    );
  }
  for (const label of ['tiers', 'intents'] as const) {
    const table = result[label];
    if (table === null) continue;
    const cells = Object.entries(table);
    const right = cells.reduce((total, [wanted, got]) => total + (got[wanted] ?? 0), 0);
    const all = cells.reduce((total, [, got]) => total + Object.values(got).reduce((a, b) => a + b, 0), 0);
    line(`${label} as labelled`, `${right} of ${all} (${percentOf(right, all)} %)`);
    for (const [wanted, got] of cells)
      line(
        '',
        `${wanted} → ${Object.entries(got)
          .map(([name, count]) => `${name} ${count}`)
          .join(', ')}`,
      );
  }
}

await runCommand(async () => {
  const rows = readRows(file);
  const before = await readLedger();
  const outcomes = await replay(rows);
  // The ledger is complete two seconds after the last ending.
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const result = summarise(outcomes, before, await readLedger());
  if (values.json) console.log(JSON.stringify(result, null, 2));
  else print(result);
});
