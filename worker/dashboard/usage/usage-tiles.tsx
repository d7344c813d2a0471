/** The key's own totals. */
import { count, dayAndTime, percent, short, usd } from '../data/format.ts';
import { Tile } from '../parts/tile.tsx';
import type { UsageAnswer } from './usage-answer.ts';

export function UsageTiles({ answer }: { readonly answer: UsageAnswer }) {
  const { usage, since, budgets } = answer;
  const [tightest] = budgets.toSorted((a, b) => a.remaining_usd - b.remaining_usd);
  const left = tightest === undefined ? 'no budget' : usd(tightest.remaining_usd);
  const leftNote =
    tightest === undefined ? 'nothing limits what this key spends' : `of ${usd(tightest.limit_usd)} a ${tightest.period}`;
  if (usage === null) {
    return (
      <div class="notice">
        <strong>This key is counted together with others.</strong>
        <span>There are more keys than the statistics tell apart; its budgets are exact all the same.</span>
      </div>
    );
  }
  const { requests, succeeded, tokens, cost_usd: cost, by_tier: tiers } = usage;
  return (
    <dl class="tiles is-four">
      <Tile
        title="Cost"
        isMain
        value={usd(cost)}
        note={since === null ? 'nothing yet' : `since ${dayAndTime(since)} at the earliest`}
      />
      <Tile title="Left" value={left} note={leftNote} />
      <Tile
        title="Requests"
        value={short(requests)}
        note={`${percent(succeeded, requests)} answered, ${count(tiers.large)} to the large tier`}
      />
      <Tile title="Tokens" value={short(tokens.total)} note={`${short(tokens.prompt)} in, ${short(tokens.completion)} out`} />
    </dl>
  );
}
