/** Runs the GPU model of gpu.ts in time: engines on one card, a timer per iteration, a lease per sequence. */
import type { EngineState, GpuModel, GpuSpec } from './gpu.ts';
import { engineState, enqueue, iterate, kvTokens, withdraw } from './gpu.ts';
import type { Engine, Lease } from './pacer.ts';

export interface Gpu {
  /** Puts one more model on the card. */
  engine(model: GpuModel): Engine;
}

interface Seat {
  produced: number;
  consumed: number;
  isOver: boolean;
  wake: () => void;
}

/** A card whose times are shrunk by `timeScale`; at 0 iterations follow each other without a wait, in the same order. */
export function startGpu(spec: GpuSpec, timeScale: number): Gpu {
  const states: EngineState[] = [];
  return {
    engine(model) {
      const state = engineState(model);
      states.push(state);
      const busy = () => states.filter(({ running, waiting }) => running.length + waiting.length > 0).length;
      return runEngine(state, () => iterate(state, spec, busy()), timeScale);
    },
  };
}

function runEngine(state: EngineState, step: () => ReturnType<typeof iterate>, timeScale: number): Engine {
  const seats = new Map<number, Seat>();
  let nextId = 0;
  let isTicking = false;

  const tick = () => {
    const iteration = step();
    isTicking = iteration !== null;
    if (!iteration) return;
    const deliver = () => {
      for (const id of iteration.producing) {
        const seat = seats.get(id);
        if (!seat) continue;
        seat.produced += 1;
        seat.wake();
      }
      tick();
    };
    if (timeScale === 0) setImmediate(deliver);
    else setTimeout(deliver, iteration.durationMs * timeScale);
  };

  return {
    admit({ promptTokens, cachedTokens, outputTokens }) {
      const id = nextId;
      nextId += 1;
      if (!enqueue(state, id, promptTokens, cachedTokens, outputTokens)) return null;
      const seat: Seat = { produced: 0, consumed: 0, isOver: false, wake: () => undefined };
      seats.set(id, seat);
      if (!isTicking) {
        isTicking = true;
        setImmediate(tick);
      }
      return seatLease(seat, () => {
        seats.delete(id);
        withdraw(state, id);
      });
    },
    load: () => ({
      running: state.running.length,
      waiting: state.waiting.length,
      kvUsage: Math.min(1, kvTokens(state) / state.model.kvCapacityTokens),
      preemptions: state.preemptions,
    }),
  };
}

/** Tokens wait here when the client reads slowly: vLLM generates on regardless. */
function seatLease(seat: Seat, free: () => void): Lease {
  const until = (tokens: number) =>
    new Promise<boolean>((resolve) => {
      const check = () => {
        if (seat.isOver) resolve(false);
        else if (seat.produced >= tokens) resolve(true);
        else return false;
        return true;
      };
      if (!check()) seat.wake = check;
    });
  return {
    ready: () => until(1),
    next() {
      seat.consumed += 1;
      return until(seat.consumed);
    },
    end() {
      if (seat.isOver) return;
      seat.isOver = true;
      seat.wake();
      free();
    },
  };
}
