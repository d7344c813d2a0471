/**
 * The same agents in simulated time: what each request asked for and got is known from a run, who answers it is given, and only the waiting is
 * worked out, on the modelled card. Without the gateway's and the machine's own time, so the same figures on every machine; in a second,
 * so that other cards, mixes and routers can be tried. Sends nothing.
 */
import { type CardSpec, type ModelSpec, stepMs } from '../../infra/standin/gpu/cost-model.ts';
import { makesToken, type Planned, planStep, type Queues, type Sequence } from '../../infra/standin/gpu/scheduler.ts';
import type { Label } from './workload/task.ts';

export interface SimulatedRequest {
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly by: Label;
  /** Between the answer before and this request, ms. */
  readonly pauseMs: number;
}

export interface SimulatedServer {
  readonly model: ModelSpec;
  readonly kvTokens: number;
  readonly maxSequences: number;
}

export interface SimulatedSite {
  readonly card: CardSpec;
  readonly servers: Readonly<Record<Label, SimulatedServer>>;
  readonly stepTokens: number;
  readonly longPrefillThreshold: number;
}

export interface Waited {
  readonly by: Label;
  readonly firstMs: number;
  readonly tookMs: number;
}

export interface Simulated {
  /** In the order of the agents and their requests. */
  readonly waited: readonly Waited[];
  readonly tookMs: number;
  readonly cardMs: Readonly<Record<Label, number>>;
}

interface Job extends Sequence {
  readonly request: SimulatedRequest;
  readonly atMs: number;
  firstMs: number | null;
  onEnd(waited: Waited, nowMs: number): void;
}

interface Server extends SimulatedServer {
  readonly queues: Queues<Job>;
  step: { readonly planned: readonly Planned<Job>[]; readonly endsAtMs: number } | null;
  cardMs: number;
}

interface Clock {
  nowMs: number;
  readonly due: { readonly atMs: number; act(): void }[];
}

/** Each agent asks again when it has its answer and has paused. @param agents the requests of each, in their order */
export function simulate(site: SimulatedSite, agents: readonly (readonly SimulatedRequest[])[]): Simulated {
  const clock: Clock = { nowMs: 0, due: [] };
  const servers: Record<Label, Server> = { small: idle(site.servers.small), large: idle(site.servers.large) };
  const waited: Waited[][] = agents.map(() => []);
  const ask = (agent: number, index: number): void => {
    const request = agents[agent]?.[index];
    if (request === undefined) return;
    later(clock, clock.nowMs + request.pauseMs, () => {
      const job: Job = {
        request,
        atMs: clock.nowMs,
        promptTokens: request.promptTokens,
        computed: 0,
        made: 0,
        firstMs: null,
        onEnd(result) {
          waited[agent]?.push(result);
          ask(agent, index + 1);
        },
      };
      servers[request.by].queues.waiting.push(job);
    });
  };
  for (let agent = 0; agent < agents.length; agent += 1) ask(agent, 0);
  for (let isGoingOn = true; isGoingOn;) isGoingOn = advance(clock, site, servers);
  return {
    waited: waited.flat(),
    tookMs: clock.nowMs,
    cardMs: { small: servers.small.cardMs, large: servers.large.cardMs },
  };
}

function idle(server: SimulatedServer): Server {
  return { ...server, queues: { running: [], waiting: [] }, step: null, cardMs: 0 };
}

/** The next thing that happens; false when nothing is left. */
function advance(clock: Clock, site: SimulatedSite, servers: Readonly<Record<Label, Server>>): boolean {
  const all = [servers.small, servers.large];
  for (const server of all) if (server.step === null) begin(clock, site, server, all);
  const nextStepMs = Math.min(...all.map(({ step }) => step?.endsAtMs ?? Infinity));
  const [next] = clock.due;
  if (next !== undefined && next.atMs <= nextStepMs) {
    clock.due.shift();
    clock.nowMs = next.atMs;
    next.act();
    return true;
  }
  if (nextStepMs === Infinity) return false;
  clock.nowMs = nextStepMs;
  for (const server of all) if (server.step?.endsAtMs === nextStepMs) end(clock, server);
  return true;
}

/** A server whose neighbour works, too, has half of the card. */
function begin(clock: Clock, site: SimulatedSite, server: Server, all: readonly Server[]): void {
  if (server.queues.running.length + server.queues.waiting.length === 0) return;
  const { stepTokens, longPrefillThreshold } = site;
  const planned = planStep(server.queues, { ...server, stepTokens, longPrefillThreshold });
  if (planned.length === 0) throw new Error('a request is larger than the KV cache');
  const aloneMs = stepMs(
    site.card,
    server.model,
    planned.map(({ sequence, tokens }) => ({ before: sequence.computed, tokens })),
  );
  const working = all.filter((other) => other === server || other.step !== null || other.queues.waiting.length > 0).length;
  server.step = { planned, endsAtMs: clock.nowMs + aloneMs * working };
  server.cardMs += aloneMs;
}

function end(clock: Clock, server: Server): void {
  const planned = server.step?.planned ?? [];
  server.step = null;
  for (const part of planned) {
    const { sequence: job } = part;
    const isToken = makesToken(part);
    job.computed += part.tokens;
    if (!isToken) continue;
    job.made += 1;
    job.firstMs ??= clock.nowMs - job.atMs;
    if (job.made < job.request.outputTokens) continue;
    server.queues.running = server.queues.running.filter((other) => other !== job);
    job.onEnd({ by: job.request.by, firstMs: job.firstMs, tookMs: clock.nowMs - job.atMs }, clock.nowMs);
  }
}

function later(clock: Clock, atMs: number, act: () => void): void {
  const at = clock.due.findIndex((other) => other.atMs > atMs);
  clock.due.splice(at < 0 ? clock.due.length : at, 0, { atMs, act });
}
