/** How full something is. The number stands beside it in words. */
interface MeterProps {
  /** 0 to 1; more is full. */
  readonly share: number;
  readonly tone?: 'warn' | 'bad' | 'plain';
}

export function Meter({ share, tone = 'plain' }: MeterProps) {
  const width = `${Math.min(100, Math.max(0, share * 100)).toFixed(1)}%`;
  return (
    <span class={tone === 'plain' ? 'meter' : `meter is-${tone}`} aria-hidden="true">
      <span style={{ width }} />
    </span>
  );
}
