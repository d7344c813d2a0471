/** Who asks: agents and keys, with what they used and what routing saved on them. */
import { useState } from 'preact/hooks';
import type { GroupStats, Stats } from '../../../shared/records.ts';
import { count, nanoUsd, percent, short } from '../data/format.ts';
import { Choice } from '../parts/choice.tsx';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { Empty } from '../parts/empty.tsx';
import { Panel } from '../parts/panel.tsx';
import { sinceWords } from './since-words.ts';

interface Row extends GroupStats {
  readonly id: string;
  readonly name: string;
}

const columns: readonly Column<Row>[] = [
  { title: 'Name', cell: ({ name }) => name },
  { title: 'Requests', isNumber: true, cell: ({ requests }) => count(requests) },
  { title: 'Answered', isNumber: true, cell: ({ succeeded, requests }) => percent(succeeded, requests) },
  { title: 'To large', isNumber: true, cell: ({ routing, requests }) => percent(routing.large, requests) },
  { title: 'Tokens', isNumber: true, cell: ({ tokens }) => short(tokens.total) },
  { title: 'Cost', isNumber: true, cell: ({ cost_nano_usd: cost }) => nanoUsd(cost) },
  {
    title: 'Saved',
    isNumber: true,
    cell: ({ cost_nano_usd: cost, all_large_cost_nano_usd: allLarge }) => percent(allLarge - cost, allLarge),
  },
  { title: 'Fallbacks', isNumber: true, cell: ({ fallbacks }) => count(fallbacks) },
  { title: 'Escalations', isNumber: true, cell: ({ escalations }) => count(escalations) },
  { title: 'Rescues', isNumber: true, cell: ({ rescues }) => count(rescues) },
];

const kinds = [
  ['agents', 'Agents'],
  ['keys', 'Keys'],
] as const;

const shownAtFirst = 10;

export function GroupsPanel({ stats }: { readonly stats: Stats }) {
  const [kind, setKind] = useState<'agents' | 'keys'>('agents');
  const [isWhole, setIsWhole] = useState(false);
  const rows = Object.entries(stats[kind])
    .map(([id, numbers]): Row => ({ ...numbers, id, name: nameOf(id, numbers) }))
    .toSorted((a, b) => b.requests - a.requests);
  const hint =
    kind === 'agents'
      ? 'Clients name theirs in the header x-agent-name.'
      : 'Make one with npm run keys -- create, and send a request with it.';
  return (
    <Panel
      title="Who asks"
      when={sinceWords(stats)}
      class="w-8"
      isFlush
      tools={<Choice label="Grouped by" options={kinds} value={kind} isSmall onChange={(next) => setKind(next)} />}
    >
      {rows.length === 0 ? (
        <Empty title={`No ${kind} yet`}>{hint}</Empty>
      ) : (
        <DataTable
          caption={`Who asks, by ${kind}`}
          columns={columns}
          rows={isWhole ? rows : rows.slice(0, shownAtFirst)}
          keyOf={({ id }) => id}
        />
      )}
      {rows.length > shownAtFirst && (
        <button type="button" class="button is-bare more" onClick={() => setIsWhole(!isWhole)}>
          {isWhole ? 'Show fewer' : `Show all ${count(rows.length)}`}
        </button>
      )}
    </Panel>
  );
}

/** Keys are shown with the names that people gave them. */
function nameOf(id: string, numbers: GroupStats & { readonly name?: string | null }): string {
  return numbers.name ?? id;
}
