/** When tokens may leave: the contract between a server and its engine, and the simple engine without a GPU behind it. */
export interface PaceJob {
  readonly promptTokens: number;
  readonly outputTokens: number;
  /** Seeded factor around 1 that makes one answer a little slower than another. */
  readonly variation: number;
  /** Wall-clock pace that a directive asks for; wins over the engine's own. */
  readonly tokenMs: number | null;
}

export interface Lease {
  /** Waits for the first output of the engine; false when the lease ended before. */
  ready(): Promise<boolean>;
  /** Waits until the next token is there; false when the lease ended before. */
  next(): Promise<boolean>;
  /** Frees the place. Safe to call more than once. */
  end(): void;
}

export interface EngineLoad {
  readonly running: number;
  readonly waiting: number;
  /** Share of the KV cache in use, 0 to 1. */
  readonly kvUsage: number;
}

export interface Engine {
  /** A place for one sequence. */
  admit(job: PaceJob): Lease;
  load(): EngineLoad;
}

/** Unlimited places and a fixed pace: what tests use. Times are shrunk by `timeScale`; 0 never waits. */
export interface SimplePace {
  readonly timeScale: number;
  /** Until the first token, before prefill. */
  readonly firstTokenMs: number;
  readonly prefillTokensPerSecond: number;
  readonly tokenMs: number;
}

/** At full speed the loop hands control back after so many tokens, so that a leaving client is noticed. */
const TOKENS_PER_TURN = 32;
/** KV space that the usage gauge is reckoned against. */
const ASSUMED_KV_TOKENS = 60_000;

export function simpleEngine(pace: SimplePace): Engine {
  let running = 0;
  let tokensHeld = 0;
  return {
    admit(job) {
      running += 1;
      tokensHeld += job.promptTokens + job.outputTokens;
      const prefillMs =
        (pace.firstTokenMs + (1000 * job.promptTokens) / pace.prefillTokensPerSecond) * pace.timeScale * job.variation;
      const tokenMs = job.tokenMs ?? pace.tokenMs * pace.timeScale * job.variation;
      return timedLease(prefillMs, tokenMs, () => {
        running -= 1;
        tokensHeld -= job.promptTokens + job.outputTokens;
      });
    },
    load: () => ({ running, waiting: 0, kvUsage: Math.min(1, tokensHeld / ASSUMED_KV_TOKENS) }),
  };
}

export interface StoppableEngine extends Engine {
  /** The engine hangs: nothing moves, and its numbers stay what they were, with work running. */
  stop(isStopped: boolean): void;
}

export function stoppableEngine(engine: Engine): StoppableEngine {
  let frozen: EngineLoad | null = null;
  let wake: () => void = () => {};
  let going = Promise.resolve();
  const stuck = (lease: Lease): Lease => {
    let end: () => void = () => {};
    const ended = new Promise<void>((resolve) => (end = resolve));
    const after = async (step: () => Promise<boolean>): Promise<boolean> => {
      if (frozen !== null) await Promise.race([going, ended]);
      return step();
    };
    return {
      ready: () => after(lease.ready),
      next: () => after(lease.next),
      end() {
        end();
        lease.end();
      },
    };
  };
  return {
    admit: (job) => stuck(engine.admit(job)),
    load: () => frozen ?? engine.load(),
    stop(isStopped) {
      if (isStopped === (frozen !== null)) return;
      wake();
      const load = engine.load();
      frozen = isStopped ? { ...load, running: Math.max(1, load.running) } : null;
      if (isStopped) going = new Promise((resolve) => (wake = resolve));
    },
  };
}

function timedLease(firstMs: number, tokenMs: number, free: () => void): Lease {
  const startedAtMs = performance.now();
  let isOver = false;
  let given = 0;
  let wake = () => {};
  const waitUntil = async (dueMs: number) => {
    const leftMs = startedAtMs + dueMs - performance.now();
    if (leftMs > 0 && !isOver) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return !isOver;
  };
  return {
    ready: () => waitUntil(firstMs),
    async next() {
      given += 1;
      if (given % TOKENS_PER_TURN === 0 && tokenMs === 0) await new Promise((resolve) => setImmediate(resolve));
      return waitUntil(firstMs + (given - 1) * tokenMs);
    },
    end() {
      if (isOver) return;
      isOver = true;
      wake();
      free();
    },
  };
}
