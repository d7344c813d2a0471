/** The prompt under way: one answer or two side by side, and the explanation of where it goes. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { Api } from '../data/api.ts';
import type { Body } from './form-state.ts';
import type { RouteExplanation } from './route-explanation.ts';
import { runAnswer, type RunState } from './run-answer.ts';

export interface Runs {
  readonly runs: readonly RunState[];
  readonly route: RouteExplanation | null;
  readonly isRunning: boolean;
  /** @param beside the model that answers the same; empty for none */
  start(body: Body, beside: string): void;
  stop(): void;
}

export function useRuns(api: Api): Runs {
  const [runs, setRuns] = useState<readonly RunState[]>([]);
  const [route, setRoute] = useState<RouteExplanation | null>(null);
  const [isRunning, setIsRunning] = useState(false);
  const stopping = useRef<AbortController | null>(null);
  const stop = useCallback(() => stopping.current?.abort(), []);
  useEffect(() => stop, []);
  const start = (body: Body, beside: string): void => {
    if (isRunning) return;
    const controller = new AbortController();
    stopping.current = controller;
    setIsRunning(true);
    setRuns([]);
    setRoute(null);
    const names = beside === '' ? [body.model] : [body.model, beside];
    const states: RunState[] = [];
    const answers = names.map((model, index) =>
      runAnswer(api, { ...body, model }, controller.signal, (state) => {
        states[index] = state;
        setRuns([...states]);
      }),
    );
    // Why there is no explanation is why there is no answer, which says so.
    const explained = api.post<RouteExplanation>('/v1/route', body).then(setRoute, () => undefined);
    void Promise.all([explained, ...answers]).then(() => setIsRunning(false));
  };
  return { runs, route, isRunning, start, stop };
}
