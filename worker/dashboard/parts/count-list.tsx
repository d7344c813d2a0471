/** Names with their numbers, the largest first, each with its share as a bar. */
import { count, words } from '../data/format.ts';
import { Meter } from './meter.tsx';

interface CountListProps {
  readonly title: string;
  readonly counts: Readonly<Record<string, number>>;
  /** In place of an empty list. */
  readonly empty: string;
  readonly tone?: 'bad' | 'plain';
}

const most = 8;

export function CountList({ title, counts, empty, tone = 'plain' }: CountListProps) {
  const rows = Object.entries(counts)
    .filter(([, number]) => number > 0)
    .toSorted(([, a], [, b]) => b - a);
  const all = rows.reduce((sum, [, number]) => sum + number, 0);
  return (
    <div class="count-list">
      <h3>{title}</h3>
      {rows.length === 0 ? (
        <p class="soft small">{empty}</p>
      ) : (
        <ul>
          {rows.slice(0, most).map(([name, number]) => (
            <li key={name}>
              <span>{words(name)}</span>
              <span>{count(number)}</span>
              <Meter share={number / all} tone={tone} />
            </li>
          ))}
          {rows.length > most && <li class="soft small">{`and ${rows.length - most} more in /stats`}</li>}
        </ul>
      )}
    </div>
  );
}
