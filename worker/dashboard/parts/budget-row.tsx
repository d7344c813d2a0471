/** One budget: how much of it is used, and when it begins again. */
import { dayAndTime, percent, usd } from '../data/format.ts';
import { Meter } from './meter.tsx';

interface BudgetRowProps {
  readonly name: string;
  readonly window: string;
  readonly limitUsd: number;
  readonly spentUsd: number;
  /** Without what running requests may still cost. */
  readonly remainingUsd: number;
  readonly resetsAt: string;
}

const warnFrom = 0.8;

export function BudgetRow({ name, window, limitUsd, spentUsd, remainingUsd, resetsAt }: BudgetRowProps) {
  const used = limitUsd - remainingUsd;
  const tone = remainingUsd <= 0 ? 'bad' : used >= limitUsd * warnFrom ? 'warn' : 'plain';
  return (
    <li>
      <span class="budget-name">{name}</span>
      <span class={tone === 'plain' ? '' : tone}>{percent(used, limitUsd)}</span>
      <Meter share={limitUsd === 0 ? 1 : used / limitUsd} tone={tone} />
      <span class="soft small">
        {`${usd(spentUsd)} of ${usd(limitUsd)} a ${window}, ${usd(Math.max(0, remainingUsd))} left; begins again ${dayAndTime(resetsAt)}`}
      </span>
    </li>
  );
}
