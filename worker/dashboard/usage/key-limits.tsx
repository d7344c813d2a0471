/** How much the key may ask at once. */
import { count } from '../data/format.ts';
import { Panel } from '../parts/panel.tsx';
import type { UsageAnswer } from './usage-answer.ts';

export function KeyLimits({ limits }: { readonly limits: UsageAnswer['limits'] }) {
  const rows: readonly (readonly [string, number | null])[] = [
    ['Requests a minute', limits.requests_per_minute],
    ['Tokens a minute', limits.tokens_per_minute],
    ['Requests at once', limits.max_concurrent],
  ];
  return (
    <Panel title="Limits">
      <dl class="facts">
        {rows.map(([name, limit]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{limit === null ? 'no limit of its own' : count(limit)}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}
