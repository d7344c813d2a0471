/** The filters beyond ending and model. A value counts when it is entered: with Enter, or when its field is left. */
import { cacheStateIds } from '../../../shared/records.ts';
import { EnteredInput } from '../parts/entered-input.tsx';
import { localTime, type Search, type SearchField, utcTime, withField } from './search.ts';

interface SearchBarProps {
  readonly id: string;
  readonly search: Search;
  onChange(search: Search): void;
}

const texts: readonly (readonly [SearchField, string, string])[] = [
  ['id', 'Id begins with', ''],
  ['key_id', 'Key', 'key_…'],
  ['agent', 'Agent', ''],
  ['session', 'Session', ''],
  ['error_code', 'Error code', 'upstream_timeout'],
];
const numbers: readonly (readonly [SearchField, string, string])[] = [
  ['status', 'Status', '502'],
  ['min_cost_usd', 'Cost at least, $', '0.01'],
  ['min_latency_ms', 'Took at least, ms', '5000'],
];
const choices: readonly (readonly [SearchField, string, readonly string[]])[] = [
  ['tier', 'Tier', ['small', 'large', 'vision']],
  ['cache', 'Cache', cacheStateIds],
];
const times: readonly (readonly [SearchField, string])[] = [
  ['from', 'Ended from'],
  ['to', 'Ended before'],
];

export function SearchBar({ id, search, onChange }: SearchBarProps) {
  const set = (field: SearchField, value: string): void => onChange(withField(search, field, value));
  return (
    <form id={id} class="search-bar" role="search" aria-label="Filters of requests" onSubmit={(event) => event.preventDefault()}>
      {times.map(([field, label]) => (
        <label key={field} class="is-wide">
          <span>{label}</span>
          <EnteredInput type="datetime-local" value={localTime(search[field])} onEnter={(value) => set(field, utcTime(value))} />
        </label>
      ))}
      {[...texts, ...numbers].map(([field, label, example]) => (
        <label key={field}>
          <span>{label}</span>
          <EnteredInput
            inputMode={numbers.some(([known]) => known === field) ? 'decimal' : 'text'}
            placeholder={example}
            value={search[field] ?? ''}
            onEnter={(value) => set(field, value)}
          />
        </label>
      ))}
      {choices.map(([field, label, options]) => (
        <label key={field}>
          <span>{label}</span>
          <select class="input is-small" value={search[field] ?? ''} onChange={(event) => set(field, event.currentTarget.value)}>
            <option value="">Any</option>
            {options.map((option) => (
              <option key={option} value={option}>
                {option}
              </option>
            ))}
          </select>
        </label>
      ))}
      <div class="search-buttons">
        <button type="submit" class="button is-main">
          Look
        </button>
        <button type="button" class="button is-bare" onClick={() => onChange({})}>
          Clear all
        </button>
      </div>
    </form>
  );
}
