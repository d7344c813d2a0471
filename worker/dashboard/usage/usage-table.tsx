/** The key's usage by model or agent. */
import type { KeyBreakdown } from '../../../shared/records.ts';
import { count, percent, short, usd } from '../data/format.ts';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { Empty } from '../parts/empty.tsx';
import { Panel } from '../parts/panel.tsx';

type Row = KeyBreakdown[number];

interface UsageTableProps {
  readonly title: string;
  readonly name: 'model' | 'agent';
  /** Null while they are being asked for. */
  readonly rows: KeyBreakdown | null;
}

const numbers: readonly Column<Row>[] = [
  { title: 'Requests', isNumber: true, cell: ({ requests }) => count(requests) },
  { title: 'Answered', isNumber: true, cell: ({ succeeded, requests }) => percent(succeeded, requests) },
  { title: 'Tokens in', isNumber: true, cell: ({ tokens }) => short(tokens.prompt) },
  { title: 'Tokens out', isNumber: true, cell: ({ tokens }) => short(tokens.completion) },
  { title: 'Cost', isNumber: true, cell: ({ cost_usd: cost }) => usd(cost) },
];

export function UsageTable({ title, name, rows }: UsageTableProps) {
  const nameOf = (row: Row): string => String(row[name]);
  const columns = [{ title: name === 'model' ? 'Model' : 'Agent', cell: nameOf }, ...numbers];
  const hint =
    name === 'agent' ? 'Name yours in the header x-agent-name, and each is counted for itself.' : 'Send a request with this key.';
  return (
    <Panel title={title} class="w-6" isFlush>
      {rows === null || rows.length === 0 ? (
        <Empty title={rows === null ? 'Looking …' : 'Nothing on these days'}>{rows === null ? '' : hint}</Empty>
      ) : (
        <DataTable caption={title} columns={columns} rows={rows} keyOf={nameOf} />
      )}
    </Panel>
  );
}
