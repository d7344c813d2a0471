/** The operator's page: what is saved, what is broken, and why a request went where it went. */
import { useEffect, useState } from 'preact/hooks';
import type { BudgetList, Fleet, LearnedReport, RangeId, Series } from '../../../shared/observed.ts';
import type { Stats } from '../../../shared/records.ts';
import { useFeed } from '../data/use-feed.ts';
import { useResource } from '../data/use-resource.ts';
import { PageFrame } from '../frame/page-frame.tsx';
import type { Session } from '../frame/signed-in.tsx';
import { Trouble } from '../frame/trouble.tsx';
import { Choice } from '../parts/choice.tsx';
import { FeedPanel } from '../requests/feed-panel.tsx';
import { Attention } from './attention.tsx';
import { HealthPanels } from './health-panels.tsx';
import { MoneyPanels } from './money-panels.tsx';
import { rangeOptions } from './range-words.ts';
import { RefreshButton } from './refresh-button.tsx';

const refreshMs = 5000;
/** Budgets of many keys are many objects to ask, and what is learned changes by the minute. */
const slowMs = 30_000;

export function DashboardPage({ api, signOut }: Session) {
  const [range, setRange] = useState<RangeId>('hour');
  const [isPaused, setIsPaused] = useState(false);
  const everyMs = isPaused ? null : refreshMs;
  const stats = useResource<Stats>(api, '/stats', everyMs);
  const series = useResource<Series>(api, `/stats/series?range=${range}`, everyMs);
  const fleet = useResource<Fleet>(api, '/admin/fleet', everyMs);
  const budgets = useResource<BudgetList>(api, '/admin/budgets', isPaused ? null : slowMs);
  const info = useResource<{ readonly learned: LearnedReport | null }>(api, '/router/info', isPaused ? null : slowMs);
  const feed = useFeed(api, isPaused);
  const resources = [stats, series, fleet, budgets, info];
  const refused = resources.find(({ problem }) => problem?.kind === 'refused')?.problem ?? null;
  useEffect(() => {
    if (refused !== null) signOut(refused.message);
  }, [refused]);
  return (
    <PageFrame onSignOut={() => signOut()}>
      <div class="page-head">
        <h1>Dashboard</h1>
        <Choice label="Range of time" options={rangeOptions} value={range} onChange={setRange} />
        <RefreshButton loadedAtMs={stats.loadedAtMs} isPaused={isPaused} onChange={setIsPaused} />
      </div>
      <Trouble resources={resources} />
      <Attention
        stats={stats.data}
        fleet={fleet.data}
        budgets={budgets.data}
        buckets={series.data === null ? null : series.data.buckets}
      />
      {series.data !== null && <MoneyPanels series={series.data} stats={stats.data} />}
      <FeedPanel api={api} feed={feed} models={Object.keys(stats.data?.models ?? {})} isPaused={isPaused} />
      <HealthPanels
        series={series.data}
        stats={stats.data}
        fleet={fleet.data}
        budgets={budgets.data}
        learned={info.data?.learned ?? null}
      />
    </PageFrame>
  );
}
