/** What came of the prompt. */
import { Empty } from '../parts/empty.tsx';
import { AnswerPanel } from './answer-panel.tsx';
import type { ModelList } from './models.ts';
import type { RouteExplanation } from './route-explanation.ts';
import { RoutePanel } from './route-panel.tsx';
import type { RunState } from './run-answer.ts';

interface ResultsProps {
  readonly runs: readonly RunState[];
  readonly route: RouteExplanation | null;
  readonly models: ModelList;
  readonly isRunning: boolean;
}

export function Results({ runs, route, models, isRunning }: ResultsProps) {
  return (
    <div class="results">
      {runs.length === 0 && route === null && (
        <div class="panel">
          <Empty title="Nothing was asked yet">
            The answer streams in here, with its time and cost, and with the reason why this model gave it. Choose a second model
            to see both side by side.
          </Empty>
        </div>
      )}
      <div class="answers" aria-busy={isRunning}>
        {runs.map((state, index) => (
          // Two runs may be of the same model; their places never change.
          <AnswerPanel key={index} run={state} models={models} />
        ))}
      </div>
      {route !== null && <RoutePanel route={route} />}
    </div>
  );
}
