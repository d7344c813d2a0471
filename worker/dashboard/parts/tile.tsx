/** One number that matters, what it is made of, and how it went. */
import { Sparkline } from './sparkline.tsx';

interface TileProps {
  readonly title: string;
  readonly value: string;
  readonly note: string;
  /** Below the note where there is no curve. */
  readonly foot?: string;
  readonly curve?: readonly number[];
  readonly isMain?: boolean;
}

export function Tile({ title, value, note, foot, curve, isMain = false }: TileProps) {
  return (
    <div class={isMain ? 'tile is-main' : 'tile'}>
      <dt>{title}</dt>
      <dd class="value">{value}</dd>
      <dd class="note">{note}</dd>
      {foot !== undefined && <dd class="note">{foot}</dd>}
      {curve !== undefined && (
        <dd class="curve" aria-hidden="true">
          <Sparkline values={curve} />
        </dd>
      )}
    </div>
  );
}
