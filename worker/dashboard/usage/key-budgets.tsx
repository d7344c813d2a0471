/** What is left of the key's budgets. */
import { Empty } from '../parts/empty.tsx';
import { Panel } from '../parts/panel.tsx';
import { BudgetRow } from '../parts/budget-row.tsx';
import type { UsageAnswer } from './usage-answer.ts';

export function KeyBudgets({ budgets }: { readonly budgets: UsageAnswer['budgets'] }) {
  return (
    <Panel title="Budgets" when="now" class="w-4">
      {budgets.length === 0 ? (
        <Empty title="No budget">Whoever operates the gateway can give this key one.</Empty>
      ) : (
        <ul class="budgets">
          {budgets.map(({ agent, period, limit_usd: limit, spent_usd: spent, remaining_usd: left, resets_at: resetsAt }) => (
            <BudgetRow
              key={`${agent ?? ''} ${period}`}
              name={agent === undefined ? 'This key' : `Agent ${agent}`}
              window={period}
              limitUsd={limit}
              spentUsd={spent}
              remainingUsd={left}
              resetsAt={resetsAt}
            />
          ))}
        </ul>
      )}
    </Panel>
  );
}
