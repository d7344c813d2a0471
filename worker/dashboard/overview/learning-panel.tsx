/** What the deployment has learned from its own traffic: what routing saves and gives up, and which router decides. Nothing where it does not learn. */
import type { LearnedReport, ShownInterval } from '../../../shared/observed.ts';
import type { Stats } from '../../../shared/records.ts';
import { count, dayAndTime, nanoUsd, nothing, percent, score } from '../data/format.ts';
import { Panel } from '../parts/panel.tsx';
import { StatusMark } from '../parts/status-mark.tsx';

interface LearningPanelProps {
  readonly learned: LearnedReport | null;
  readonly stats: Stats | null;
}

export function LearningPanel({ learned, stats }: LearningPanelProps) {
  if (learned === null) return null;
  const { quality, evaluation, outcomes, today } = learned;
  const facts: readonly (readonly [string, string])[] = [
    [
      'Saved against all-large',
      stats === null
        ? nothing
        : `${nanoUsd(stats.savings.nano_usd)}, ${percent(stats.savings.nano_usd, stats.totals.all_large_cost_nano_usd)}`,
    ],
    [
      'Quality given up for it',
      quality === null ? 'too few comparisons to tell' : `${points(quality.given_up)} of a grade from 0 to 1`,
    ],
    [
      'Compared side by side',
      quality === null
        ? count(outcomes.pairs)
        : `${count(quality.compared)}, ${percent(quality.answered_by_small, quality.compared)} of them answered by the small model`,
    ],
    ['Rated by clients', count(outcomes.rated)],
    [
      'Own router against the shipped one',
      evaluation === null
        ? 'not trained yet'
        : `${score(evaluation.apgr)} against ${score(evaluation.apgr_shipped)} (0.5 is random), lead ${points(evaluation.lead)} with ${percent(evaluation.weight, 1)} of the say`,
    ],
    ['Trained', learned.version === 0 ? nothing : `version ${count(learned.version)}, ${dayAndTime(learned.trained_at)}`],
    [
      'Shadow calls today',
      `${count(today.shadow_calls)}, ${nanoUsd(today.cost_nano_usd)}${today.ungraded === 0 ? '' : `, ${count(today.ungraded)} without a grade`}`,
    ],
  ];
  return (
    <Panel
      title="Learned from own traffic"

      tools={
        <StatusMark tone={learned.in_force ? 'good' : 'plain'}>
          {learned.in_force ? 'the own router decides' : 'the shipped router decides'}
        </StatusMark>
      }
    >
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}

function points({ value, low, high }: ShownInterval): string {
  return `${value.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
}
