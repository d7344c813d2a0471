/** What the reader's own key has used, and what is left of its budgets. Of other keys it shows nothing, since it is told nothing. */
import { useEffect, useState } from 'preact/hooks';
import { useResource } from '../data/use-resource.ts';
import { PageFrame } from '../frame/page-frame.tsx';
import type { Session } from '../frame/signed-in.tsx';
import { Trouble } from '../frame/trouble.tsx';
import { DayChart } from './day-chart.tsx';
import { KeyBudgets } from './key-budgets.tsx';
import { KeyLimits } from './key-limits.tsx';
import { RangeForm } from './range-form.tsx';
import { type DayRange, isInOrder, lastDays, type UsageAnswer, usagePath } from './usage-answer.ts';
import { UsageTable } from './usage-table.tsx';
import { UsageTiles } from './usage-tiles.tsx';

const refreshMs = 15_000;
const shownAtFirst = 30;

export function UsagePage({ api, signOut }: Session) {
  const [range, setRange] = useState<DayRange>(() => lastDays(shownAtFirst, Date.now()));
  // While a date is typed the days are out of order: those that were asked for last stay.
  const [asked, setAsked] = useState(range);
  const days = useResource<UsageAnswer>(api, usagePath('day', asked), refreshMs);
  const models = useResource<UsageAnswer>(api, usagePath('model', asked), refreshMs);
  const agents = useResource<UsageAnswer>(api, usagePath('agent', asked), refreshMs);
  const change = (next: DayRange): void => {
    setRange(next);
    if (isInOrder(next)) setAsked(next);
  };
  const resources = [days, models, agents];
  const refused = resources.find(({ problem }) => problem?.kind === 'refused')?.problem ?? null;
  useEffect(() => {
    if (refused !== null) signOut(refused.message);
  }, [refused]);
  return (
    <PageFrame onSignOut={() => signOut()}>
      <div class="page-head">
        <h1>My usage</h1>
        {days.data !== null && <code class="soft">{days.data.key_id}</code>}
        <RangeForm range={range} onChange={change} />
      </div>
      <Trouble resources={resources} />
      {days.data !== null && (
        <>
          <UsageTiles answer={days.data} />
          <div class="grid">
            <DayChart rows={days.data.groups ?? []} range={asked} />
            <KeyBudgets budgets={days.data.budgets} />
            <UsageTable title="By model" name="model" rows={models.data?.groups ?? null} />
            <UsageTable title="By agent" name="agent" rows={agents.data?.groups ?? null} />
            <KeyLimits limits={days.data.limits} />
          </div>
        </>
      )}
    </PageFrame>
  );
}
