/** Why there are no requests to see, and what brings some. */
import { Empty } from '../parts/empty.tsx';

interface NoRowsProps {
  readonly isLive: boolean;
  readonly isLoading: boolean;
  readonly problem: string | null;
}

export function NoRows({ isLive, isLoading, problem }: NoRowsProps) {
  if (isLive) {
    return (
      <Empty title="No requests yet">
        They appear here as they end. Send one in the <a href="/playground">playground</a>.
      </Empty>
    );
  }
  if (problem !== null) return <Empty title="These could not be looked for">{problem}</Empty>;
  const title = isLoading ? 'Looking …' : 'No request of this kind is kept';
  return <Empty title={title}>{isLoading ? '' : 'Another filter may have some.'}</Empty>;
}
