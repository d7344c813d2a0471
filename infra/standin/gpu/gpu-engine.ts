/**
 * Engines whose tokens come at the pace of a GPU: every step of a server is planned as vLLM plans it and takes as long as the card needs. The
 * servers of one card share it: while several have work, each step takes so many times longer (the driver gives them the card in turns).
 */
import type { Engine, EngineLoad, Lease } from '../pacer.ts';
import { type CardSpec, type ModelSpec, stepMs } from './cost-model.ts';
import { makesToken, type Planned, planStep, type Queues, type SchedulerOptions, type Sequence } from './scheduler.ts';

/** One card. */
export interface Gpu {
  readonly spec: CardSpec;
  /** How long at least one of its servers had work, ms. */
  busyMs(): number;
  /** A server with work begins it; returns what ends it, and how many have work now. */
  enter(): { leave(): void };
  working(): number;
}

export function gpu(spec: CardSpec): Gpu {
  let working = 0;
  let sinceMs = 0;
  let busyMs = 0;
  return {
    spec,
    busyMs: () => busyMs + (working > 0 ? performance.now() - sinceMs : 0),
    working: () => working,
    enter() {
      if (working === 0) sinceMs = performance.now();
      working += 1;
      return {
        leave() {
          working -= 1;
          if (working === 0) busyMs += performance.now() - sinceMs;
        },
      };
    },
  };
}

export interface GpuEngineOptions extends SchedulerOptions {
  readonly card: Gpu;
  readonly model: ModelSpec;
  /** 1 is real time; smaller is faster. */
  readonly timeScale?: number;
}

interface Served extends Sequence {
  readonly outputTokens: number;
  /** The caller has taken this many. */
  taken: number;
  isOver: boolean;
  wake(): void;
}

export interface GpuEngine extends Engine {
  /** Tokens of prompts and answers that were computed, those of restarted requests again. */
  computedTokens(): number;
  /** Steps of this server, as long as each takes with the card for itself: its part of the card's time, ms, whatever the time scale. */
  cardMs(): number;
}

export function gpuEngine(options: GpuEngineOptions): GpuEngine {
  const { card, model, kvTokens, timeScale = 1 } = options;
  const queues: Queues<Served> = { running: [], waiting: [] };
  let isLooping = false;
  let computed = 0;
  let cardMs = 0;
  const loop = async (): Promise<void> => {
    if (isLooping) return;
    isLooping = true;
    const turn = card.enter();
    let dueMs = performance.now();
    for (let planned = planStep(queues, options); planned.length > 0; planned = planStep(queues, options)) {
      const parts = planned.map(({ sequence, tokens }) => ({ before: sequence.computed, tokens }));
      const aloneMs = stepMs(card.spec, model, parts);
      dueMs = Math.max(dueMs, performance.now() - maxLagMs) + aloneMs * card.working() * timeScale;
      await sleepUntil(dueMs);
      cardMs += aloneMs;
      computed += finishStep(queues, planned);
    }
    turn.leave();
    isLooping = false;
  };
  return {
    admit({ promptTokens, outputTokens }) {
      const served: Served = { promptTokens, outputTokens, computed: 0, made: 0, taken: 0, isOver: false, wake: () => undefined };
      queues.waiting.push(served);
      void loop();
      return leaseOf(served, () => forget(queues, served));
    },
    load: (): EngineLoad => ({
      running: queues.running.length,
      waiting: queues.waiting.length,
      kvUsage: Math.min(1, queues.running.reduce((sum, sequence) => sum + sequence.computed, 0) / kvTokens),
    }),
    computedTokens: () => computed,
    cardMs: () => cardMs,
  };
}

/** Timers fire late; up to here the next step is shorter by as much. */
const maxLagMs = 20;

function sleepUntil(dueMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())));
}

/** Counts what the step has computed, hands its tokens out, and lets go of what is answered; requests that left meanwhile are skipped. */
function finishStep(queues: Queues<Served>, planned: readonly Planned<Served>[]): number {
  let computed = 0;
  for (const part of planned) {
    const { sequence, tokens } = part;
    computed += tokens;
    if (sequence.isOver) continue;
    const isToken = makesToken(part);
    sequence.computed += tokens;
    if (!isToken) continue;
    sequence.made += 1;
    sequence.wake();
    if (sequence.made >= sequence.outputTokens) forget(queues, sequence);
  }
  return computed;
}

function forget(queues: Queues<Served>, sequence: Served): void {
  queues.running = queues.running.filter((other) => other !== sequence);
  queues.waiting = queues.waiting.filter((other) => other !== sequence);
}

function leaseOf(served: Served, free: () => void): Lease {
  const has = async (tokens: number): Promise<boolean> => {
    // What an answer writes beyond its plan costs nothing: the mark that ends it.
    while (!served.isOver && served.made < Math.min(tokens, served.outputTokens)) {
      await new Promise<void>((resolve) => (served.wake = resolve));
    }
    return !served.isOver;
  };
  return {
    ready: () => has(1),
    async next() {
      served.taken += 1;
      return has(served.taken);
    },
    end() {
      if (served.isOver) return;
      served.isOver = true;
      served.wake();
      free();
    },
  };
}
