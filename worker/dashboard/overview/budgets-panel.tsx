/** Every key's budgets, the fullest first. */
import type { BudgetList } from '../../../shared/observed.ts';
import { BudgetRow } from '../parts/budget-row.tsx';
import { Empty } from '../parts/empty.tsx';
import { Panel } from '../parts/panel.tsx';

export function BudgetsPanel({ budgets }: { readonly budgets: BudgetList | null }) {
  const rows = budgets?.budgets ?? [];
  return (
    <Panel title="Budgets" when="now" class="w-4">
      {rows.length === 0 ? (
        <Empty title={budgets === null ? 'Looking …' : 'No key has a budget'}>
          {budgets !== null && <code>npm run keys -- create --name shop --budget-usd 50</code>}
        </Empty>
      ) : (
        <ul class="budgets">
          {rows.map(
            ({
              key_id: id,
              key_name: name,
              window,
              limit_usd: limit,
              spent_usd: spent,
              remaining_usd: left,
              resets_at: resetsAt,
            }) => (
              <BudgetRow
                key={`${id} ${window} ${limit} ${resetsAt}`}
                name={name}
                window={window}
                limitUsd={limit}
                spentUsd={spent}
                remainingUsd={left}
                resetsAt={resetsAt}
              />
            ),
          )}
        </ul>
      )}
    </Panel>
  );
}
