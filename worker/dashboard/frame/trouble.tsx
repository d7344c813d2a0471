/** What kept the newest numbers from coming, and how old those are that are shown. */
import { timeOfDay } from '../data/format.ts';
import type { Resource } from '../data/use-resource.ts';

interface TroubleProps {
  /** Everything that the page asks for. */
  readonly resources: readonly Pick<Resource<unknown>, 'problem' | 'loadedAtMs' | 'reload'>[];
}

export function Trouble({ resources }: TroubleProps) {
  const problem = resources.find((resource) => resource.problem !== null)?.problem ?? null;
  if (problem === null) return null;
  const loaded = resources.flatMap(({ loadedAtMs }) => loadedAtMs ?? []);
  const age =
    loaded.length === 0 ? 'There is nothing to show yet.' : `The numbers below are of ${timeOfDay(Math.min(...loaded))}.`;
  return (
    <div class="notice is-bad" role="alert">
      <strong>{problem.kind === 'offline' ? 'No connection.' : 'The gateway could not answer.'}</strong>
      <span>{problem.message}</span>
      <span class="soft">{`${age} The page tries again by itself.`}</span>
      <button
        type="button"
        class="link-button"
        onClick={() => {
          for (const { reload } of resources) reload();
        }}
      >
        Try now
      </button>
    </div>
  );
}
