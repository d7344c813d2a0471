/** What the range was asked, and what it cost. */
import type { Series } from '../../../shared/observed.ts';
import type { Stats } from '../../../shared/records.ts';
import { CostPanel } from './cost-panel.tsx';
import { RoutingPanel } from './routing-panel.tsx';
import { Tiles } from './tiles.tsx';

export function MoneyPanels({ series, stats }: { readonly series: Series; readonly stats: Stats | null }) {
  return (
    <>
      <Tiles buckets={series.buckets} stats={stats} />
      <div class="grid">
        <CostPanel series={series} />
        <RoutingPanel series={series} />
      </div>
    </>
  );
}
