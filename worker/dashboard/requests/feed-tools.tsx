/** What stands beside the title of the requests: how new they are, the filters that are used most, and the way to the others. */
import type { ComponentChildren } from 'preact';
import { FindRequest } from './find-request.tsx';
import { RequestFilters } from './request-filters.tsx';
import { otherFields, type Search, withField } from './search.ts';

interface FeedToolsProps {
  readonly mark: ComponentChildren;
  readonly search: Search;
  readonly models: readonly string[];
  readonly bar: { readonly id: string; readonly isOpen: boolean; toggle(): void };
  onChange(search: Search): void;
  onFind(id: string): void;
}

export function FeedTools({ mark, search, models, bar, onChange, onFind }: FeedToolsProps) {
  const others = otherFields(search);
  return (
    <>
      {mark}
      <RequestFilters
        ending={search.ending ?? ''}
        model={search.model ?? ''}
        models={models}
        onChange={({ ending, model }) => onChange(withField(withField(search, 'ending', ending), 'model', model))}
      />
      <button
        type="button"
        class="button is-bare"
        aria-expanded={bar.isOpen}
        aria-controls={bar.isOpen ? bar.id : undefined}
        onClick={bar.toggle}
      >
        {others === 0 ? 'More filters' : `More filters (${others})`}
      </button>
      <FindRequest onFind={onFind} />
    </>
  );
}
