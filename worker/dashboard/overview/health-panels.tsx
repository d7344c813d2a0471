/** How the gateway fares: what stands behind it, what failed and was recovered, how fast it is, and who asks. */
import type { BudgetList, Fleet, LearnedReport, Series } from '../../../shared/observed.ts';
import type { Stats } from '../../../shared/records.ts';
import { BudgetsPanel } from './budgets-panel.tsx';
import { DecisionsPanel } from './decisions-panel.tsx';
import { DriftPanel } from './drift-panel.tsx';
import { FailuresPanel } from './failures-panel.tsx';
import { FleetPanel } from './fleet-panel.tsx';
import { GroupsPanel } from './groups-panel.tsx';
import { LatencyPanel } from './latency-panel.tsx';
import { LearningPanel } from './learning-panel.tsx';
import { ModelsPanel } from './models-panel.tsx';
import { RecoveriesPanel } from './recoveries-panel.tsx';
import { TokensPanel } from './tokens-panel.tsx';

/** Null while they are being asked for. */
interface HealthPanelsProps {
  readonly series: Series | null;
  readonly stats: Stats | null;
  readonly fleet: Fleet | null;
  readonly budgets: BudgetList | null;
  /** Null also where nothing is learned. */
  readonly learned: LearnedReport | null;
}

export function HealthPanels({ series, stats, fleet, budgets, learned }: HealthPanelsProps) {
  return (
    <div class="grid">
      <FleetPanel fleet={fleet} />
      {series !== null && (
        <>
          <FailuresPanel series={series} />
          <LatencyPanel series={series} />
          <TokensPanel series={series} />
          <RecoveriesPanel series={series} />
        </>
      )}
      {stats !== null && (
        <>
          <DriftPanel stats={stats} />
          <LearningPanel learned={learned} stats={stats} />
          <ModelsPanel stats={stats} />
          <GroupsPanel stats={stats} />
        </>
      )}
      <BudgetsPanel budgets={budgets} />
      {stats !== null && <DecisionsPanel stats={stats} />}
    </div>
  );
}
