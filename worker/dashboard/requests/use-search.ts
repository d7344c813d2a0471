/** The search and the open request, as the page's address has them: to be kept, shared, and gone back to. */
import { useEffect, useState } from 'preact/hooks';
import { addressOf, readRequestId, readSearch, type Search } from './search.ts';

export interface SearchState {
  readonly search: Search;
  readonly openId: string | null;
  setSearch(search: Search): void;
  /** A request takes a place in the browser's history: going back closes it. */
  open(id: string | null): void;
}

const readAddress = (): Pick<SearchState, 'search' | 'openId'> => ({
  search: readSearch(location.search),
  openId: readRequestId(location.search),
});

export function useSearch(): SearchState {
  const [state, setState] = useState(readAddress);
  useEffect(() => {
    const onBack = (): void => setState(readAddress());
    addEventListener('popstate', onBack);
    return () => removeEventListener('popstate', onBack);
  }, []);
  return {
    ...state,
    setSearch(search) {
      history.replaceState(null, '', addressOf(search, state.openId));
      setState({ ...state, search });
    },
    open(openId) {
      const address = addressOf(state.search, openId);
      if (openId === null) history.replaceState(null, '', address);
      else history.pushState(null, '', address);
      setState({ ...state, openId });
    },
  };
}
