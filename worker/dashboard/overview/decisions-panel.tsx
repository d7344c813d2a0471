/** What decided, and what was turned away: counts that tell where to look next. */
import type { Stats } from '../../../shared/records.ts';
import { CountList } from '../parts/count-list.tsx';
import { Panel } from '../parts/panel.tsx';
import { sinceWords } from './since-words.ts';

export function DecisionsPanel({ stats }: { readonly stats: Stats }) {
  const intents = Object.fromEntries(Object.entries(stats.intents).map(([id, { requests }]) => [id, requests]));
  const paths = Object.fromEntries(
    Object.entries(stats.fallback_paths).map(([path, number]) => [path.replace('>', ' → '), number]),
  );
  return (
    <Panel title="Decisions and errors" when={sinceWords(stats)}>
      <div class="count-lists">
        <CountList title="What decided" counts={stats.routing_rules} empty="Nothing was routed yet." />
        <CountList title="Intents" counts={intents} empty="Nothing was classified yet." />
        <CountList title="Strategies" counts={stats.strategies} empty="Nothing was routed yet." />
        <CountList title="Endings" counts={stats.endings} empty="Nothing has ended yet." />
        <CountList title="Errors" counts={stats.errors} empty="No request ended in an error." tone="bad" />
        <CountList title="Refused" counts={stats.refusals} empty="Nobody was turned away." />
        <CountList title="Fallback paths" counts={paths} empty="No model had to stand in for another." />
        <CountList title="Cache" counts={stats.caches} empty="Nothing was looked up." />
      </div>
    </Panel>
  );
}
