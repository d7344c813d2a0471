/**
 * An engine with so many places and one service time: the bottleneck of the overload bench, whose capacity is known to the digit. First
 * come, first served, and a queue without a bound, as vLLM's is.
 */
import type { Engine, Lease } from '../../infra/standin/pacer.ts';

export interface PlacesOptions {
  readonly places: number;
  /** How long an answer holds its place, whatever its length, ms. */
  readonly serviceMs: number;
}

interface Seat {
  begin(): void;
}

export function placesEngine({ places, serviceMs }: PlacesOptions): Engine {
  let running = 0;
  const queue: Seat[] = [];
  const fill = (): void => {
    while (running < places) {
      const next = queue.shift();
      if (next === undefined) return;
      running += 1;
      next.begin();
    }
  };
  const admit = (): Lease => {
    let state: 'waiting' | 'running' | 'over' = 'waiting';
    let settle = (_isReady: boolean): void => undefined;
    const ready = new Promise<boolean>((resolve) => (settle = resolve));
    const seat: Seat = {
      begin() {
        state = 'running';
        setTimeout(() => settle(true), serviceMs);
      },
    };
    queue.push(seat);
    fill();
    return {
      ready: () => ready,
      next: () => ready,
      end() {
        if (state === 'over') return;
        if (state === 'running') running -= 1;
        else queue.splice(queue.indexOf(seat), 1);
        state = 'over';
        settle(false);
        fill();
      },
    };
  };
  return { admit, load: () => ({ running, waiting: queue.length, kvUsage: running / places }) };
}
