/** One path's answer, asked for again and again while the page is looked at. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { type Api, ApiProblem } from './api.ts';

export interface Resource<T> {
  /** The newest answer; it stays while later ones fail. */
  readonly data: T | null;
  /** Why the last try brought nothing. */
  readonly problem: ApiProblem | null;
  readonly loadedAtMs: number | null;
  reload(): void;
}

const retryMs = 3000;

interface Loaded<T> {
  readonly path: string;
  readonly data: T | null;
  readonly problem: ApiProblem | null;
  readonly loadedAtMs: number | null;
}

/**
 * @param path null asks nothing
 * @param everyMs from one answer to the next question; null asks once. Nothing is asked while the tab is hidden. What failed is asked
 *   again sooner, and at once when the browser is online again
 */
export function useResource<T>(api: Api, path: string | null, everyMs: number | null): Resource<T> {
  const [loaded, setLoaded] = useState<Loaded<T> | null>(null);
  const [round, setRound] = useState(0);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  const isFirst = useRef(true);
  useEffect(() => {
    if (path === null) return undefined;
    const stopped = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let pauseMs = everyMs;
    const load = async (): Promise<void> => {
      if (document.visibilityState === 'hidden' && !isFirst.current) return;
      isFirst.current = false;
      pauseMs = everyMs;
      try {
        const data = await api.get<T>(path, stopped.signal);
        if (!stopped.signal.aborted) setLoaded({ path, data, problem: null, loadedAtMs: Date.now() });
      } catch (error) {
        if (stopped.signal.aborted) return;
        pauseMs = everyMs === null ? null : Math.min(everyMs, retryMs);
        const problem = error instanceof ApiProblem ? error : new ApiProblem('failed', String(error));
        setLoaded((before) => ({ data: null, loadedAtMs: null, ...(before?.path === path ? before : {}), path, problem }));
      }
      if (pauseMs !== null && !stopped.signal.aborted) timer = setTimeout(() => void load(), pauseMs);
    };
    const onShown = (): void => {
      if (document.visibilityState !== 'visible' || everyMs === null) return;
      clearTimeout(timer);
      void load();
    };
    document.addEventListener('visibilitychange', onShown);
    addEventListener('online', onShown);
    void load();
    return () => {
      stopped.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', onShown);
      removeEventListener('online', onShown);
    };
  }, [api, path, everyMs, round]);
  const { data = null, problem = null, loadedAtMs = null } = loaded?.path === path ? loaded : {};
  return { data, problem, loadedAtMs, reload };
}
