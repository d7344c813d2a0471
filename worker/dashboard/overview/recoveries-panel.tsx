/** What the gateway did so that clients noticed nothing: other models, better answers, continued streams, kept answers. */
import type { Series } from '../../../shared/observed.ts';
import { Empty } from '../parts/empty.tsx';
import { BarsPanel, type Counted } from './bars-panel.tsx';

const kinds: readonly Counted[] = [
  { label: 'Fallbacks', colour: 'accent', read: (bucket) => bucket.fallbacks },
  { label: 'Escalations', colour: 'accent-mid', read: (bucket) => bucket.escalations },
  { label: 'Rescues', colour: 'grey-1', read: (bucket) => bucket.rescues },
  { label: 'Cache hits', colour: 'grey-2', read: (bucket) => bucket.cache_hits },
];

export function RecoveriesPanel({ series }: { readonly series: Series }) {
  const empty = (
    <Empty title="Nothing had to be recovered">
      Another model in a model’s place, a better answer in place of a poor one, a broken stream continued, an answer from the
      cache: all would stand here.
    </Empty>
  );
  return <BarsPanel title="Recovered and reused" class="w-6" series={series} counted={kinds} empty={empty} />;
}
