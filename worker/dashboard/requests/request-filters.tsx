/** Which requests of the record are shown. */
import { endingIds } from '../../../shared/records.ts';
import { words } from '../data/format.ts';

export interface RequestFilter {
  /** Empty is all of them. */
  readonly ending: string;
  readonly model: string;
}

interface RequestFiltersProps extends RequestFilter {
  readonly models: readonly string[];
  onChange(filter: RequestFilter): void;
}

export function RequestFilters({ ending, model, models, onChange }: RequestFiltersProps) {
  return (
    <>
      <select
        class="input is-small"
        aria-label="Ending"
        value={ending}
        onChange={(event) => onChange({ ending: event.currentTarget.value, model })}
      >
        <option value="">Every ending</option>
        {endingIds.map((id) => (
          <option key={id} value={id}>
            {words(id)}
          </option>
        ))}
      </select>
      <select
        class="input is-small"
        aria-label="Model"
        value={model}
        onChange={(event) => onChange({ ending, model: event.currentTarget.value })}
      >
        <option value="">Every model</option>
        {models.map((id) => (
          <option key={id} value={id}>
            {id}
          </option>
        ))}
      </select>
    </>
  );
}
