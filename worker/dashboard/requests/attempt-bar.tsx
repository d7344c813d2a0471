/** When one call ran: waiting until its first token, then answering. The numbers stand below it in words. */
import type { AttemptRecord } from '../../../shared/observed.ts';

interface AttemptBarProps {
  readonly attempt: AttemptRecord;
  /** The end of the scale. */
  readonly endMs: number;
}

export function AttemptBar({ attempt, endMs }: AttemptBarProps) {
  const { started_ms: started, first_byte_ms: first, ended_ms: ended, outcome } = attempt;
  const place = (ms: number): string => `${((ms / endMs) * 100).toFixed(2)}%`;
  const split = first ?? ended;
  const isGood = outcome === 'ok';
  return (
    <svg width="100%" height="14" aria-hidden="true">
      <rect x="0" y="0" width="100%" height="14" rx="3" fill="var(--raised)" />
      <rect
        x={place(started)}
        y="2"
        width={place(Math.max(split - started, endMs * 0.004))}
        height="10"
        rx="2"
        fill={isGood ? 'var(--accent-mid)' : 'var(--bad)'}
        opacity={isGood ? 0.6 : 0.75}
      />
      {first !== null && (
        <rect
          x={place(split)}
          y="2"
          width={place(Math.max(ended - split, endMs * 0.004))}
          height="10"
          rx="2"
          fill={isGood ? 'var(--accent)' : 'var(--bad)'}
        />
      )}
    </svg>
  );
}
