/** How new the list is. */
import type { Feed } from '../data/use-feed.ts';
import { StatusMark } from '../parts/status-mark.tsx';

interface FeedMarkProps {
  readonly feed: Feed;
  /** The newest requests are shown, without a filter. */
  readonly isLive: boolean;
  readonly isPaused: boolean;
}

export function FeedMark({ feed, isLive, isPaused }: FeedMarkProps) {
  if (isPaused) return <StatusMark tone="plain">Paused</StatusMark>;
  if (!isLive) return <StatusMark tone="plain">From the record</StatusMark>;
  switch (feed.state) {
    case 'live':
      return <StatusMark tone="good">Live</StatusMark>;
    case 'polling':
      return <StatusMark tone="warn">Every few seconds</StatusMark>;
    case 'offline':
      return <StatusMark tone="bad">No connection</StatusMark>;
    case 'connecting':
      return <StatusMark tone="plain">Connecting …</StatusMark>;
  }
}
