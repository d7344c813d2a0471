/** The arms of the agent bench on this machine: the gateway in workerd, and two model servers that share one modelled card. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bundle } from '../../infra/rig/bundle.ts';
import { clientKey } from '../../infra/rig/connect.ts';
import { kvTokens, placeOf } from '../../infra/pod/memory.ts';
import { readPodTable } from '../../infra/pod/table.ts';
import { type Rig, startRig } from '../../infra/rig/rig.ts';
import { type CardSpec, qwen32b, qwen7b } from '../../infra/standin/gpu/cost-model.ts';
import { gpu, type GpuEngine, gpuEngine } from '../../infra/standin/gpu/gpu-engine.ts';
import { askOver, type Target } from './ask.ts';
import { type Outcome, playAgent, playTask, type World } from './play.ts';
import type { AgentPlan } from './workload/draw.ts';
import type { Label } from './workload/task.ts';

/** What runs where on the GPU box. */
export const podTable = readPodTable();

/** What the KV cache of a server holds and how long its context is, on an A40 as infra/pod divides it. */
function onA40(mode: string, server: Label): { readonly kvTokens: number; readonly context: number } {
  const place = placeOf(podTable, mode, 'a40', server);
  return { kvTokens: kvTokens(podTable, 'a40', place), context: place.context };
}

/** Where both models share an A40 (`pod.sh memory --mode pair`), and where the small one has 4 bits (`--mode pair-4bit`). */
export const pairOnA40 = { small: onA40('pair', 'small'), large: onA40('pair', 'large') } as const;
export const pairIn4BitsOnA40 = { small: onA40('pair-4bit', 'small'), large: onA40('pair-4bit', 'large') } as const;
/** One model alone on the card (`--mode single-large`, `--mode single-small`). */
export const aloneOnA40 = { large: onA40('single-large', 'large'), small: onA40('single-small', 'small') } as const;
/** As infra/pod starts the servers. */
export const serverFlags = { stepTokens: 2048, longPrefillThreshold: 80 } as const;
export const maxSequences = { small: 64, large: 32 } as const;

export interface Arm {
  readonly name: 'routed' | 'always large' | 'always small';
  readonly model: string;
}

export interface ArmResult {
  readonly arm: Arm;
  readonly outcomes: readonly Outcome[];
  /** From the first request to the last answer, in the time of the model. */
  readonly tookMs: number;
  /** GPU milliseconds; null where no card is modelled. */
  readonly cardMs: { readonly small: number; readonly large: number } | null;
  /** What the gateway's ledger counted; null where it was not asked. */
  readonly ledger: { readonly requests: number; readonly costNanoUsd: number } | null;
}

export interface PlayPlan {
  readonly agents: readonly AgentPlan[];
  readonly compression: number;
  /** Tasks a second that begin on their own, whoever is still waiting; null: each agent begins its next task after the last. */
  readonly openRate: number | null;
  /** What it throws ends the arm. */
  onOutcome(outcome: Outcome): void;
}

/** All agents against one gateway, wherever it is. */
export async function playArm(
  target: Omit<Target, 'compression'>,
  arm: Arm,
  plan: PlayPlan,
): Promise<Omit<ArmResult, 'cardMs' | 'ledger'>> {
  const { compression } = plan;
  // A gateway remembers conversations: another run's are others.
  const run = randomUUID().slice(0, 8);
  const startedAtMs = performance.now();
  const nowMs = (): number => (performance.now() - startedAtMs) * compression;
  const world: World = {
    ask: (request) => askOver({ ...target, compression }, { ...request, sessionId: `${run}-${request.sessionId}` }),
    sleep: (ms) => sleep(ms / compression),
    nowMs,
  };
  const outcomes: Outcome[] = [];
  const options = {
    model: arm.model,
    onOutcome(outcome: Outcome) {
      outcomes.push(outcome);
      plan.onOutcome(outcome);
    },
  };
  await (plan.openRate === null
    ? Promise.all(plan.agents.map((agent) => playAgent(world, agent, options)))
    : Promise.all(
        openOrder(plan.agents).map(async ({ agent, task }, index) => {
          await world.sleep((index * 1000) / (plan.openRate ?? 1));
          await playTask(world, agent, task, options);
        }),
      ));
  return { arm, outcomes, tookMs: nowMs() };
}

/** First tasks of all agents, then the second ones. */
function openOrder(agents: readonly AgentPlan[]): { agent: string; task: AgentPlan['tasks'][number] }[] {
  const rounds = Math.max(0, ...agents.map(({ tasks }) => tasks.length));
  return Array.from({ length: rounds }, (_, round) =>
    agents.flatMap(({ id, tasks }) => {
      const task = tasks[round];
      return task === undefined ? [] : [{ agent: id, task }];
    }),
  ).flat();
}

/** One arm on a fresh gateway and a fresh card. */
export async function runArm(bundle: Bundle, spec: CardSpec, arm: Arm, plan: PlayPlan): Promise<ArmResult> {
  const card = gpu(spec);
  const timeScale = 1 / plan.compression;
  const small = gpuEngine({
    ...serverFlags,
    maxSequences: maxSequences.small,
    kvTokens: pairOnA40.small.kvTokens,
    card,
    model: qwen7b,
    timeScale,
  });
  const large = gpuEngine({
    ...serverFlags,
    maxSequences: maxSequences.large,
    kvTokens: pairOnA40.large.kvTokens,
    card,
    model: qwen32b,
    timeScale,
  });
  const rig = await startRig(rigOptions(bundle, { small, large }, plan));
  try {
    const played = await playArm({ url: rig.url, key: clientKey }, arm, plan);
    return {
      ...played,
      cardMs: { small: small.cardMs(), large: large.cardMs() },
      ledger: await ledgerOf(rig, played.outcomes.length),
    };
  } finally {
    await rig.stop();
  }
}

/** Agents wait as long as it takes: with the shipped limits the slow arm would be cut instead of compared. */
const patienceMs = 900_000;

function rigOptions(
  bundle: Bundle,
  { small, large }: Record<'small' | 'large', GpuEngine>,
  { compression }: PlayPlan,
): Parameters<typeof startRig>[0] {
  const timeouts = { timeouts_ms: { first_event: patienceMs, idle: patienceMs, total: patienceMs } };
  // The gateway's own clock does not know that the card's runs faster.
  const prefill = (tokensPerSecond: number) => ({ prefill: { tokens_per_second: tokensPerSecond * compression } });
  return {
    on: bundle,
    fleet: {
      gate: false,
      shared: { logsBodies: false },
      models: [
        {
          id: 'small',
          servedName: 'Qwen/Qwen2.5-7B-Instruct',
          role: 'small',
          engine: small,
          maxModelLen: pairOnA40.small.context,
        },
        {
          id: 'large',
          servedName: 'Qwen/Qwen2.5-32B-Instruct-AWQ',
          role: 'large',
          engine: large,
          maxModelLen: pairOnA40.large.context,
        },
      ],
    },
    overrides: {
      upstreams: { small: timeouts, large: timeouts },
      models: { 'qwen2.5-7b': prefill(2500), 'qwen2.5-32b': prefill(600) },
      routing: { admission: { max_wait_ms: patienceMs, max_prefill_wait_ms: patienceMs } },
    },
  };
}

/** The ledger is complete shortly after the last ending. */
async function ledgerOf(rig: Rig, requests: number): Promise<ArmResult['ledger']> {
  for (let tries = 0; tries < 20; tries += 1) {
    const { totals } = await rig.stats();
    if (totals.requests >= requests || tries === 19) return { requests: totals.requests, costNanoUsd: totals.cost_nano_usd };
    await sleep(250);
  }
  return null;
}
