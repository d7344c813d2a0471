/** Tokens over time. */
import type { Series } from '../../../shared/observed.ts';
import { BarsPanel, type Counted } from './bars-panel.tsx';
import { NoRequests } from './no-requests.tsx';

const kinds: readonly Counted[] = [
  { label: 'Prompt', colour: 'accent-mid', read: (bucket) => bucket.prompt_tokens },
  { label: 'Completion', colour: 'accent', read: (bucket) => bucket.completion_tokens },
];

export function TokensPanel({ series }: { readonly series: Series }) {
  return <BarsPanel title="Tokens" class="w-4" series={series} counted={kinds} empty={<NoRequests range={series.range} />} />;
}
