/** What a state of a model, a server, a tunnel or a request means for who looks at it. */
import type { Tone } from '../parts/status-mark.tsx';

const tones: Readonly<Record<string, Tone>> = {
  up: 'good',
  healthy: 'good',
  ok: 'good',
  closed: 'good',
  half_open: 'warn',
  throttled: 'warn',
  waking: 'warn',
  starting: 'warn',
  warming: 'warn',
  running: 'good',
  degraded: 'warn',
  timeout: 'bad',
  upstream_error: 'bad',
  down: 'bad',
  missing: 'bad',
  open: 'bad',
  unhealthy: 'bad',
};

export function toneOf(state: string): Tone {
  return tones[state] ?? 'plain';
}
