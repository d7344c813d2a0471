/** What just ended, as it ends; or the requests of before, by any filter. */
import { useId, useState } from 'preact/hooks';
import type { RequestList } from '../../../shared/observed.ts';
import type { Api } from '../data/api.ts';
import { count } from '../data/format.ts';
import type { Feed } from '../data/use-feed.ts';
import { useResource } from '../data/use-resource.ts';
import { Panel } from '../parts/panel.tsx';
import { FeedMark } from './feed-mark.tsx';
import { FeedTools } from './feed-tools.tsx';
import { NoRows } from './no-rows.tsx';
import { RequestDialog } from './request-dialog.tsx';
import { RequestTable } from './request-table.tsx';
import { listPath, otherFields } from './search.ts';
import { SearchBar } from './search-bar.tsx';
import { sourceWords } from './source-words.ts';
import { useSearch } from './use-search.ts';

interface FeedPanelProps {
  readonly api: Api;
  readonly feed: Feed;
  readonly models: readonly string[];
  readonly isPaused: boolean;
}

const rowsAtOnce = 20;
/** Begins at the newest request. */
const firstPage = '';

export function FeedPanel({ api, feed, models, isPaused }: FeedPanelProps) {
  const { search, openId, setSearch, open } = useSearch();
  const barId = useId();
  const [isBarOpen, setIsBarOpen] = useState(otherFields(search) > 0);
  /** The pages of the record that were turned to, each by where it begins; empty while the newest are shown as they come. */
  const [trail, setTrail] = useState<readonly string[]>([]);
  const isLive = Object.keys(search).length === 0 && trail.length === 0;
  const path = listPath(search, rowsAtOnce, trail.at(-1) || undefined);
  const list = useResource<RequestList>(api, isLive ? null : path, isPaused || trail.length > 0 ? null : 5000);
  const rows = isLive ? feed.requests.slice(0, rowsAtOnce) : (list.data?.requests ?? []);
  const next = list.data?.next ?? null;
  const look = (wanted: typeof search): void => {
    setSearch(wanted);
    setTrail([]);
  };
  const turnTo = (label: string, to: readonly string[]) => (
    <button type="button" class="button is-bare" onClick={() => setTrail(to)}>
      {label}
    </button>
  );
  return (
    <Panel
      title="Requests"
      isFlush
      tools={
        <FeedTools
          mark={<FeedMark feed={feed} isLive={isLive} isPaused={isPaused} />}
          search={search}
          models={models}
          bar={{ id: barId, isOpen: isBarOpen, toggle: () => setIsBarOpen(!isBarOpen) }}
          onChange={look}
          onFind={open}
        />
      }
    >
      {isBarOpen && <SearchBar id={barId} search={search} onChange={look} />}
      {rows.length === 0 ? (
        <NoRows isLive={isLive} isLoading={list.data === null} problem={list.problem?.message ?? null} />
      ) : (
        <RequestTable rows={rows} onOpen={open} />
      )}
      <footer class="pager">
        <span class="soft small">
          {isLive && feed.unshown > 0 && `${count(feed.unshown)} more ended too fast to be shown here`}
          {!isLive && list.data !== null && sourceWords(list.data)}
        </span>
        {isLive && rows.length > 0 && turnTo('Browse older ones', [firstPage])}
        {trail.length > 0 && turnTo('Back to the newest', [])}
        {trail.length > 1 && turnTo('Newer', trail.slice(0, -1))}
        {!isLive && next !== null && turnTo('Older', [...(trail.length === 0 ? [firstPage] : trail), next])}
      </footer>
      {openId !== null && <RequestDialog api={api} id={openId} onClose={() => open(null)} />}
    </Panel>
  );
}
