/** The request log and the ledger side by side: requests, tokens and nano-USD by model and by key, and what one has that the other lacks. */
import * as z from 'zod';

/** One side's sums for a model or a key. */
export interface Sums {
  readonly requests: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly nanoUsd: number;
}

export interface BookLine {
  readonly by: 'model' | 'key' | 'all';
  readonly name: string;
  readonly log: Sums;
  readonly ledger: Sums;
}

type Row = Readonly<Record<string, unknown>>;
export type Query = (text: string, values?: readonly unknown[]) => Promise<readonly Row[]>;

const Group = z.object({
  requests: z.number(),
  tokens: z.object({ prompt: z.number(), completion: z.number() }),
  cost_nano_usd: z.number(),
});
/** What is read of `GET /stats`. */
const StatsBooks = z.object({
  totals: Group,
  models: z.record(z.string(), Group),
  keys: z.record(z.string(), Group),
  first_at: z.nullable(z.string()),
});

const sums = `sum(requests)::float8 as requests, sum(prompt)::float8 as prompt, sum(completion)::float8 as completion, sum(cost)::float8 as cost`;
const counted = `select key_id, 1 as requests, prompt_tokens as prompt, completion_tokens as completion, cost_nano_usd as cost
  from pointsman.requests where ended_at >= $1`;

/** A request is its model's that answered or was to; tokens and their cost are those of the models that were called. */
const byModel = `
  select name, ${sums} from (
    select coalesce(served_model, routed_model, 'none') as name, 1 as requests, 0 as prompt, 0 as completion, 0 as cost
      from pointsman.requests where ended_at >= $1
    union all
    select attempt ->> 'model', 0, (attempt ->> 'prompt_tokens')::bigint, (attempt ->> 'completion_tokens')::bigint,
        (attempt ->> 'cost_nano_usd')::bigint
      from pointsman.requests, jsonb_array_elements(attempts) as attempt where ended_at >= $1
  ) as parts group by name`;
const byKey = `select key_id as name, ${sums} from (${counted}) as rows group by key_id`;
const all = `select 'all' as name, ${sums} from (${counted}) as rows`;

const nothing: Sums = { requests: 0, promptTokens: 0, completionTokens: 0, nanoUsd: 0 };

/** @param stats the answer of `GET /stats`: the log is counted from its first request on */
export async function readBooks(stats: unknown, query: Query): Promise<readonly BookLine[]> {
  const ledger = StatsBooks.parse(stats);
  const since = [ledger.first_at ?? new Date().toISOString()];
  // One after another: they may share a connection.
  const models = await query(byModel, since);
  const keys = await query(byKey, since);
  const [whole] = await query(all, since);
  return [
    ...linesOf('model', models, ledger.models),
    ...linesOf('key', keys, ledger.keys),
    { by: 'all', name: '', log: logSums(whole ?? {}), ledger: ledgerSums(ledger.totals) },
  ];
}

function linesOf(by: BookLine['by'], rows: readonly Row[], groups: Readonly<Record<string, z.infer<typeof Group>>>): BookLine[] {
  const logged = new Map(rows.map((row) => [String(row['name']), logSums(row)]));
  const names = [...new Set([...logged.keys(), ...Object.keys(groups)])].toSorted();
  return names.map((name): BookLine => {
    const group = groups[name];
    return { by, name, log: logged.get(name) ?? nothing, ledger: group === undefined ? nothing : ledgerSums(group) };
  });
}

function logSums(row: Row): Sums {
  const number = (name: string): number => Number(row[name] ?? 0);
  return {
    requests: number('requests'),
    promptTokens: number('prompt'),
    completionTokens: number('completion'),
    nanoUsd: number('cost'),
  };
}

function ledgerSums({ requests, tokens, cost_nano_usd: nanoUsd }: z.infer<typeof Group>): Sums {
  return { requests, promptTokens: tokens.prompt, completionTokens: tokens.completion, nanoUsd };
}

const columns = ['requests', 'promptTokens', 'completionTokens', 'nanoUsd'] as const;
const titles = { requests: 'requests', promptTokens: 'prompt', completionTokens: 'completion', nanoUsd: 'nano-USD' } as const;

/** The sum of all differences, each counted as much as it is. */
export function driftOf(lines: readonly BookLine[]): number {
  return lines.reduce((sum, { log, ledger }) => sum + columns.reduce((part, id) => part + Math.abs(log[id] - ledger[id]), 0), 0);
}

/** Aligned columns: of each number the log's, the ledger's, and the difference. */
export function bookTable(lines: readonly BookLine[]): string {
  const head = ['', '', ...columns.flatMap((id) => [`${titles[id]}: log`, 'ledger', 'diff'])];
  const rows = lines.map(({ by, name, log, ledger }) => [
    by,
    name,
    ...columns.flatMap((id) => [log[id], ledger[id], log[id] - ledger[id]].map(String)),
  ]);
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const lineOf = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => (at < 2 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd();
  return [head, ...rows].map(lineOf).join('\n');
}
