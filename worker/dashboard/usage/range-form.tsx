/** Which days: the last ones, or from one to another. */
import { useId } from 'preact/hooks';
import { Problem } from '../parts/problem.tsx';
import { type DayRange, isInOrder, lastDays } from './usage-answer.ts';

interface RangeFormProps {
  readonly range: DayRange;
  onChange(range: DayRange): void;
}

const spans = [7, 30] as const;

export function RangeForm({ range, onChange }: RangeFormProps) {
  const id = useId();
  return (
    <div class="range push">
      <div class="choice" role="group" aria-label="Days">
        {spans.map((days) => {
          const these = lastDays(days, Date.now());
          const isChosen = these.from === range.from && these.to === range.to;
          return (
            <button key={days} type="button" aria-pressed={isChosen} onClick={() => onChange(these)}>
              {`${days} days`}
            </button>
          );
        })}
        <button type="button" aria-pressed={range.from === '' && range.to === ''} onClick={() => onChange({ from: '', to: '' })}>
          All
        </button>
      </div>
      <div class="range-dates">
        <label for={`${id}-from`}>From</label>
        <input
          id={`${id}-from`}
          class="input"
          type="date"
          value={range.from}
          max={range.to}
          onChange={(event) => onChange({ ...range, from: event.currentTarget.value })}
        />
        <label for={`${id}-to`}>to</label>
        <input
          id={`${id}-to`}
          class="input"
          type="date"
          value={range.to}
          min={range.from}
          onChange={(event) => onChange({ ...range, to: event.currentTarget.value })}
        />
      </div>
      <Problem text={isInOrder(range) ? null : 'The last day is before the first one.'} />
    </div>
  );
}
