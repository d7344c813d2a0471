/** The platform's timers behind the port; both kinds hand back their own cancellation. */
import type { Clock, Timers } from '../core/ports.ts';

export const clock: Clock = { now: () => Date.now() };

export const timers: Timers = {
  every(everyMs, tick) {
    const handle = setInterval(tick, everyMs);
    return () => clearInterval(handle);
  },
  once(afterMs, fire) {
    const handle = setTimeout(fire, afterMs);
    return () => clearTimeout(handle);
  },
};
