/** Whether requests are still what the threshold was made for, and how many of the small tier's answers were not good enough, day by day. */
import type { DayStats, Stats } from '../../../shared/records.ts';
import { count, nothing, percent, utcDay } from '../data/format.ts';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { Empty } from '../parts/empty.tsx';
import { Panel } from '../parts/panel.tsx';
import { StatusMark, type Tone } from '../parts/status-mark.tsx';

interface Row {
  readonly key: string;
  readonly date: string;
  readonly version: string;
  readonly scored: number;
  readonly drift: DayStats['scores'][string]['drift'];
  readonly judged: number;
  readonly replaced: number;
}

const tones: Readonly<Record<string, Tone>> = { stable: 'good', moderate: 'warn', shifted: 'bad' };

const columns: readonly Column<Row>[] = [
  { title: 'Day', cell: ({ date }) => utcDay(date) },
  { title: 'Classifier', cell: ({ version }) => <span class="soft">{version}</span> },
  { title: 'Scored', isNumber: true, cell: ({ scored }) => count(scored) },
  { title: 'Drift', isNumber: true, cell: ({ drift }) => (drift === null ? nothing : drift.psi.toFixed(2)) },
  {
    title: 'Reading',
    cell: ({ drift }) => {
      if (drift === null) return <span class="soft">no reference</span>;
      return drift.reading === null ? (
        <span class="soft">too few to tell</span>
      ) : (
        <StatusMark tone={tones[drift.reading] ?? 'plain'}>{drift.reading}</StatusMark>
      );
    },
  },
  { title: 'Judged', isNumber: true, cell: ({ judged }) => count(judged) },
  { title: 'Replaced', isNumber: true, cell: ({ judged, replaced }) => percent(replaced, judged) },
];

export function DriftPanel({ stats }: { readonly stats: Stats }) {
  const rows = Object.entries(stats.days).flatMap(([date, { scores, judged }]) =>
    Object.entries(scores).map(([version, { requests, drift }], index): Row => {
      // Judged answers are of the day, not of a version: they stand in its first row.
      const answers = index === 0 ? Object.values(judged) : [];
      return {
        key: `${date} ${version}`,
        date,
        version,
        scored: requests,
        drift,
        judged: answers.reduce((sum, one) => sum + one.answers, 0),
        replaced: answers.reduce((sum, one) => sum + one.escalated, 0),
      };
    }),
  );
  return (
    <Panel title="Drift and judged answers" when="UTC days" class="w-6" isFlush>
      {rows.length === 0 ? (
        <Empty title="No day has scores yet">
          Scores are spread over ten parts and compared with the reference of the classifier.
        </Empty>
      ) : (
        <DataTable caption="Drift and judged answers by day" columns={columns} rows={rows} keyOf={({ key }) => key} />
      )}
    </Panel>
  );
}
