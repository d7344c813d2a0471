/** Requests that got no whole answer, by how they ended. */
import type { Series } from '../../../shared/observed.ts';
import { sumBuckets } from '../data/series-sums.ts';
import { Empty } from '../parts/empty.tsx';
import { BarsPanel, type Counted } from './bars-panel.tsx';
import { NoRequests } from './no-requests.tsx';

const endings: readonly Counted[] = [
  { label: 'Upstream error', colour: 'bad', read: ({ endings }) => endings.upstream_error ?? 0 },
  { label: 'Timeout', colour: 'warn', read: ({ endings }) => endings.timeout ?? 0 },
  { label: 'Rejected', colour: 'accent-mid', isRare: true, read: ({ endings }) => endings.rejected ?? 0 },
  { label: 'Client left', colour: 'grey-2', read: ({ endings }) => endings.client_abort ?? 0 },
  { label: 'Cancelled', colour: 'grey-2', isRare: true, read: ({ endings }) => endings.cancelled ?? 0 },
  { label: 'Unknown', colour: 'grey-1', isRare: true, read: ({ endings }) => endings.unknown ?? 0 },
];

export function FailuresPanel({ series }: { readonly series: Series }) {
  const empty =
    sumBuckets(series.buckets).requests === 0 ? (
      <NoRequests range={series.range} />
    ) : (
      <Empty title="Every request was answered">Endings other than ok are shown here.</Empty>
    );
  return <BarsPanel title="Not answered" class="w-6" series={series} counted={endings} empty={empty} />;
}
