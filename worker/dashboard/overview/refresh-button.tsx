/** How old the numbers are, and the switch that stops them. */
import { useEffect, useState } from 'preact/hooks';
import { span } from '../data/format.ts';
import { Icon } from '../frame/icon.tsx';

interface RefreshButtonProps {
  readonly loadedAtMs: number | null;
  readonly isPaused: boolean;
  onChange(isPaused: boolean): void;
}

export function RefreshButton({ loadedAtMs, isPaused, onChange }: RefreshButtonProps) {
  const [, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTick((before) => before + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <div class="refresh push">
      <span class="soft small">
        {loadedAtMs === null ? 'Loading …' : `${isPaused ? 'Paused, ' : ''}${span(Date.now() - loadedAtMs)} old`}
      </span>
      <button type="button" class="button" aria-pressed={isPaused} onClick={() => onChange(!isPaused)}>
        <Icon name={isPaused ? 'play' : 'pause'} />
        {isPaused ? 'Go on' : 'Pause'}
      </button>
    </div>
  );
}
