/**
 * What a step of vLLM computes (its V1 scheduler with chunked prefill): first one token of each running answer and a piece of each prompt that
 * is being read, in the order in which they came in; then, while tokens of the step are left, the requests that wait, first come, first
 * served. A prompt that is being read takes what is left of the step, so that nobody new begins until it is read, unless
 * `longPrefillThreshold` bounds its pieces. Without room in the KV cache the request that came last is put back and starts again.
 */

/** A request in the server. */
export interface Sequence {
  readonly promptTokens: number;
  /** Tokens of prompt and answer that are in the KV cache. */
  computed: number;
  /** Tokens of the answer so far. */
  made: number;
}

export interface SchedulerOptions {
  /** `--max-num-seqs` */
  readonly maxSequences: number;
  /** `--max-num-batched-tokens` */
  readonly stepTokens: number;
  /** `--long-prefill-token-threshold`; 0 for none. A prompt that is alone in the server is not bound by it (vLLM 0.32). */
  readonly longPrefillThreshold: number;
  /** What the KV cache holds. */
  readonly kvTokens: number;
}

/** Running and waiting requests, each in their order. */
export interface Queues<S extends Sequence> {
  running: S[];
  waiting: S[];
}

export interface Planned<S extends Sequence> {
  readonly sequence: S;
  readonly tokens: number;
}

/** Moves requests between the queues, and says which of them get how many tokens in this step. */
export function planStep<S extends Sequence>(queues: Queues<S>, options: SchedulerOptions): Planned<S>[] {
  const isAlone = queues.running.length + queues.waiting.length <= 1;
  const most = options.longPrefillThreshold === 0 || isAlone ? Infinity : options.longPrefillThreshold;
  const planned: Planned<S>[] = [];
  let budget = options.stepTokens;
  const plan = (sequence: S, tokens: number): void => {
    planned.push({ sequence, tokens });
    budget -= tokens;
  };
  for (let at = 0; at < queues.running.length && budget > 0; at += 1) {
    const sequence = queues.running[at];
    if (sequence === undefined) break;
    const wanted = Math.min(missing(sequence), most, budget);
    while (held(queues, planned) + wanted > options.kvTokens && queues.running.length > at) putBack(queues);
    if (queues.running.length > at) plan(sequence, wanted);
  }
  while (budget > 0 && queues.running.length < options.maxSequences) {
    const [first] = queues.waiting;
    if (first === undefined) break;
    const wanted = Math.min(missing(first), most, budget);
    if (held(queues, planned) + wanted > options.kvTokens) break;
    queues.waiting.shift();
    queues.running.push(first);
    plan(first, wanted);
  }
  return planned;
}

/** Whether the step that computes this much makes a token of the answer. */
export function makesToken({ sequence, tokens }: Planned<Sequence>): boolean {
  return tokens === missing(sequence);
}

/** What is not computed yet: the rest of the prompt and of what was answered before the request was put back, or the token made last. */
function missing({ promptTokens, made, computed }: Sequence): number {
  return promptTokens + made - computed;
}

function held<S extends Sequence>({ running }: Queues<S>, planned: readonly Planned<S>[]): number {
  const before = running.reduce((sum, { computed }) => sum + computed, 0);
  return planned.reduce((sum, { tokens }) => sum + tokens, before);
}

function putBack<S extends Sequence>(queues: Queues<S>): void {
  const last = queues.running.pop();
  if (last === undefined) return;
  last.computed = 0;
  queues.waiting.unshift(last);
}
