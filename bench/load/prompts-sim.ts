/**
 * One case of the long-prompt bench in simulated time: the gateway's own lane and the stand-in's card, without HTTP between them, so the figures
 * are the same on every machine.
 */
import {
  emptyLane,
  enterLane,
  leaveLane,
  type PrefillConfig,
  type PrefillState,
} from '../../worker/core/admission/prefill-lane.ts';
import { stepMs } from '../../infra/standin/gpu/cost-model.ts';
import { makesToken, type Planned, planStep, type Queues, type Sequence } from '../../infra/standin/gpu/scheduler.ts';
import { type Random, seededRandom } from '../../infra/standin/random.ts';
import type { Case, Ran, Sent } from './prompts-rows.ts';
import { clients, longsAtMs, type Scene } from './prompts-run.ts';

interface Job extends Sequence {
  readonly id: string;
  readonly isLong: boolean;
  readonly atMs: number;
  readonly answerTokens: number;
  firstMs: number | null;
  onEnd(atMs: number): void;
}

interface World {
  nowMs: number;
  /** In the order of their times; one that comes within a step is seen after it, and has waited since its own time. */
  readonly due: { readonly atMs: number; act(atMs: number): void }[];
  readonly queues: Queues<Job>;
  /** Of long prompts, by id, until they are let in. */
  readonly held: Map<string, Job>;
  lane: PrefillState;
}

/** As in `configs/models.yaml`. */
const lane: PrefillConfig = { maxTokens: 32_768, maxWaitMs: 600_000, tokensPerSecond: 2500 };

export function simulateCase(scene: Scene, one: Case, round: number): Ran {
  const options = { maxSequences: 64, stepTokens: 2048, longPrefillThreshold: one.threshold, kvTokens: scene.kvTokens };
  const world: World = { nowMs: 0, due: [], queues: { running: [], waiting: [] }, held: new Map(), lane: emptyLane() };
  const [short, long]: [Sent[], Sent[]] = [[], []];
  for (let index = 0; index < clients; index += 1) {
    const random = seededRandom(`client ${index} ${round}`);
    later(world, random() * 2000, (atMs) => chat(world, scene, random, short, atMs));
  }
  for (let index = 0; index < one.longs; index += 1) {
    later(world, longsAtMs, (atMs) => {
      const job = jobOf(atMs, { id: `long ${index}`, isLong: true, promptTokens: scene.longTokens, answerTokens: 50 });
      job.onEnd = (endedAtMs) => long.push(sentOf(job, endedAtMs));
      if (one.hasLane) letIn(world, job);
      else world.queues.waiting.push(job);
    });
  }
  while (world.due.length > 0 || busy(world) > 0) {
    const next = world.due[0];
    if (next !== undefined && (next.atMs <= world.nowMs || busy(world) === 0)) {
      world.due.shift();
      world.nowMs = Math.max(world.nowMs, next.atMs);
      next.act(next.atMs);
    } else step(world, planStep(world.queues, options), scene);
  }
  return { ...one, rounds: [{ short, long }] };
}

function busy({ queues }: World): number {
  return queues.running.length + queues.waiting.length;
}

function later(world: World, atMs: number, act: (atMs: number) => void): void {
  const at = world.due.findIndex((other) => other.atMs > atMs);
  world.due.splice(at < 0 ? world.due.length : at, 0, { atMs, act });
}

function step(world: World, planned: readonly Planned<Job>[], { spec, model }: Scene): void {
  world.nowMs += stepMs(
    spec,
    model,
    planned.map(({ sequence, tokens }) => ({ before: sequence.computed, tokens })),
  );
  for (const part of planned) {
    const { sequence: job } = part;
    const isToken = makesToken(part);
    job.computed += part.tokens;
    if (!isToken) continue;
    job.made += 1;
    if (job.firstMs === null) begun(world, job);
    if (job.made < job.answerTokens) continue;
    world.queues.running = world.queues.running.filter((other) => other !== job);
    job.onEnd(world.nowMs);
  }
}

function begun(world: World, job: Job): void {
  job.firstMs = world.nowMs - job.atMs;
  if (!job.isLong) return;
  const { state, effects } = leaveLane(world.lane, job.id, true, world.nowMs, lane);
  world.lane = state;
  for (const id of effects.granted) enterServer(world, id);
}

function letIn(world: World, job: Job): void {
  world.held.set(job.id, job);
  const ticket = {
    ticketId: job.id,
    isolateId: 'i',
    keyId: 'k',
    weight: 1,
    priority: 1,
    cost: job.promptTokens,
    holdMs: 600_000,
  };
  const { state, entry } = enterLane(world.lane, ticket, world.nowMs, lane);
  world.lane = state;
  if (entry.kind === 'admitted') enterServer(world, job.id);
}

function enterServer({ held, queues }: World, id: string): void {
  const job = held.get(id);
  held.delete(id);
  if (job !== undefined) queues.waiting.push(job);
}

function chat(world: World, scene: Scene, random: Random, sent: Sent[], atMs: number): void {
  const job = jobOf(atMs, { id: 'short', isLong: false, promptTokens: 60, answerTokens: 40 + Math.floor(random() * 80) });
  job.onEnd = (endedAtMs) => {
    sent.push(sentOf(job, endedAtMs));
    const nextAtMs = endedAtMs + random() * 1000;
    if (nextAtMs < scene.seconds * 1000) later(world, nextAtMs, (at) => chat(world, scene, random, sent, at));
  };
  world.queues.waiting.push(job);
}

function jobOf(atMs: number, own: Pick<Job, 'id' | 'isLong' | 'promptTokens' | 'answerTokens'>): Job {
  return { ...own, atMs, computed: 0, made: 0, firstMs: null, onEnd: () => undefined };
}

function sentOf({ atMs, firstMs }: Job, endedAtMs: number): Sent {
  return { atMs, firstMs, tookMs: endedAtMs - atMs, isAnswered: true, status: 200 };
}
