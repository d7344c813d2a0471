/** The score against the threshold, and the signals that it is made of. */
import { score, words } from '../data/format.ts';
import { DataTable } from '../parts/data-table.tsx';

export interface SignalPart {
  readonly name: string;
  /** 0 to 1, as it was read. */
  readonly value: number;
  /** What it brought to the score. */
  readonly part: number;
}

interface ScorePictureProps {
  readonly score: number;
  readonly threshold: number | null;
  readonly signals: readonly SignalPart[];
}

const columns = [
  { title: 'Signal', cell: ({ name }: SignalPart) => words(name) },
  { title: 'Reading', isNumber: true, cell: ({ value }: SignalPart) => score(value) },
  { title: 'Part of the score', isNumber: true, cell: ({ part }: SignalPart) => score(part) },
];

const place = (value: number): string => `${Math.min(100, Math.max(0, value * 100)).toFixed(1)}%`;

export function ScorePicture({ score: value, threshold, signals }: ScorePictureProps) {
  const side = threshold === null ? '' : value >= threshold ? ': large' : ': small';
  const against = threshold === null ? '' : ` against the threshold ${score(threshold)}`;
  return (
    <section class="detail">
      <h3>{`Score ${score(value)}${against}${side}`}</h3>
      <svg class="score" width="100%" height="26" role="img" aria-label={`Score ${score(value)}${against}`}>
        <rect x="0" y="9" width="100%" height="8" rx="4" fill="var(--raised)" />
        <rect x="0" y="9" width={place(value)} height="8" rx="4" fill="var(--accent)" />
        {threshold !== null && (
          <line x1={place(threshold)} x2={place(threshold)} y1="3" y2="23" stroke="var(--ink)" stroke-width="2" />
        )}
      </svg>
      {signals.length > 0 && (
        <div class="signals">
          <DataTable caption="Signals" columns={columns} rows={signals} keyOf={({ name }) => name} />
        </div>
      )}
    </section>
  );
}
