/** How many requests went to which tier, over time. */
import type { Series } from '../../../shared/observed.ts';
import { BarsPanel, type Counted } from './bars-panel.tsx';
import { NoRequests } from './no-requests.tsx';

const tiers: readonly Counted[] = [
  { label: 'Small', colour: 'accent-mid', read: ({ routing }) => routing.small },
  { label: 'Large', colour: 'accent', read: ({ routing }) => routing.large },
  { label: 'Vision', colour: 'grey-1', isRare: true, read: ({ routing }) => routing.vision },
];

export function RoutingPanel({ series }: { readonly series: Series }) {
  const empty = <NoRequests range={series.range} />;
  return <BarsPanel title="Routing split" class="w-4" series={series} counted={tiers} hasShares empty={empty} />;
}
