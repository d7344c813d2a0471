/** Nothing was asked in this range: where to begin. */
import type { RangeId } from '../../../shared/observed.ts';
import { Empty } from '../parts/empty.tsx';
import { rangeWords } from './range-words.ts';

export function NoRequests({ range }: { readonly range: RangeId }) {
  return (
    <Empty title={`No requests in the ${rangeWords[range]}`}>
      Choose a longer range, or send one in the <a href="/playground">playground</a>.
    </Empty>
  );
}
