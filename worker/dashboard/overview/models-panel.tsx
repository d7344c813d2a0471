/** Every model that was asked, in all its numbers. */
import type { Stats } from '../../../shared/records.ts';
import { count, duration, nanoUsd, percent, short } from '../data/format.ts';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { Empty } from '../parts/empty.tsx';
import { Panel } from '../parts/panel.tsx';
import { sinceWords } from './since-words.ts';

type Row = readonly [id: string, numbers: Stats['models'][string]];

const columns: readonly Column<Row>[] = [
  { title: 'Model', cell: ([id]) => id },
  { title: 'Requests', isNumber: true, cell: ([, { requests }]) => count(requests) },
  { title: 'Answered', isNumber: true, cell: ([, { succeeded, requests }]) => percent(succeeded, requests) },
  { title: 'P50', isNumber: true, cell: ([, { latency_ms: latency }]) => duration(latency.p50) },
  { title: 'P95', isNumber: true, cell: ([, { latency_ms: latency }]) => duration(latency.p95) },
  { title: 'P99', isNumber: true, cell: ([, { latency_ms: latency }]) => duration(latency.p99) },
  { title: 'First token P50', isNumber: true, cell: ([, { first_byte_ms: first }]) => duration(first.p50) },
  { title: 'First token P95', isNumber: true, cell: ([, { first_byte_ms: first }]) => duration(first.p95) },
  { title: 'First token P99', isNumber: true, cell: ([, { first_byte_ms: first }]) => duration(first.p99) },
  { title: 'Tokens in', isNumber: true, cell: ([, { tokens }]) => short(tokens.prompt) },
  { title: 'Tokens out', isNumber: true, cell: ([, { tokens }]) => short(tokens.completion) },
  { title: 'Cost', isNumber: true, cell: ([, { cost_nano_usd: cost }]) => nanoUsd(cost) },
  { title: 'Judged', isNumber: true, cell: ([, { judged }]) => count(judged.answers) },
  { title: 'Replaced', isNumber: true, cell: ([, { judged }]) => percent(judged.escalated, judged.answers) },
];

export function ModelsPanel({ stats }: { readonly stats: Stats }) {
  const rows = Object.entries(stats.models).toSorted(([, a], [, b]) => b.requests - a.requests);
  return (
    <Panel title="Models" when={sinceWords(stats)} isFlush>
      {rows.length === 0 ? (
        <Empty title="No model was asked yet">Latency, tokens and cost of each stand here after the first answer.</Empty>
      ) : (
        <DataTable caption="Models" columns={columns} rows={rows} keyOf={([id]) => id} />
      )}
    </Panel>
  );
}
