/** The live feed as a component sees it. */
import { useEffect, useState } from 'preact/hooks';
import type { FeedMessage, RequestRecord } from '../../../shared/observed.ts';
import type { Api } from './api.ts';
import { type FeedState, openFeed } from './feed.ts';
import { withRequests } from './seen-requests.ts';

export interface Feed {
  readonly state: FeedState;
  readonly requests: readonly RequestRecord[];
  /** How many ended that the feed was too busy to show, since the page was opened. */
  readonly unshown: number;
  readonly totals: FeedMessage['totals'] | null;
}

const empty: Feed = { state: 'connecting', requests: [], unshown: 0, totals: null };

/** @param isPaused closes it and leaves what it has shown */
export function useFeed(api: Api, isPaused: boolean): Feed {
  const [feed, setFeed] = useState(empty);
  useEffect(() => {
    if (isPaused) return undefined;
    return openFeed(api, {
      onState: (state) => setFeed((before) => ({ ...before, state })),
      onRequests: (requests, message) =>
        setFeed((before) => ({
          ...before,
          requests: withRequests(before.requests, requests),
          unshown: before.unshown + (message?.more ?? 0),
          totals: message?.totals ?? before.totals,
        })),
    });
  }, [api, isPaused]);
  return feed;
}
