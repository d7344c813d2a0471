/** What the agent bench has to know of a gateway that runs somewhere before it asks it anything: that it is one, its two models and their prices. */
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { serverOrigin, UsageError } from '../../infra/command-line.ts';
import { nanoUsdFromUsd, picoUsdPerToken } from '../../shared/units.ts';
import { type Arm, type ArmResult, playArm, type PlayPlan } from './arms.ts';
import type { Target } from './ask.ts';
import type { Tiers } from './figures.ts';
import type { Outcome } from './play.ts';
import type { Label } from './workload/task.ts';

const Price = z.object({ input_per_million_usd: z.number(), output_per_million_usd: z.number().nullish() });
const Models = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      routed: z.boolean().optional(),
      kind: z.string().optional(),
      served_name: z.string().optional(),
      tier: z.string().optional(),
      price: Price.optional(),
      health_status: z.string().optional(),
    }),
  ),
});
type Model = z.infer<typeof Models>['data'][number];
const Usage = z.object({ usage: z.object({ requests: z.number(), cost_usd: z.number() }) });
const Refusal = z.object({ error: z.object({ message: z.string() }) });

export interface DeploymentOptions {
  readonly url: string;
  readonly key: string;
  /** Names of the two models; null: the first chat model of the tier. */
  readonly names: Readonly<Record<Label, string | null>>;
  /** USD per million tokens of the small and of the large model; null: as the gateway says. */
  readonly prices: Readonly<Record<Label, number>> | null;
  /** Of each question before the bench begins. */
  readonly timeoutMs?: number;
}

export interface Deployment {
  readonly target: Omit<Target, 'compression'>;
  readonly tiers: Tiers;
  /** What the reader has to know of it, a sentence each. */
  readonly notes: readonly string[];
  /** What the gateway has booked for this key so far; null where the key may not see it. */
  booked(): Promise<Booked | null>;
}

export interface Booked {
  readonly requests: number;
  readonly costNanoUsd: number;
}

/** Throws a sentence that says what to mend: no gateway there, a key that it refuses, models that it does not have. Asks no model. */
export async function readDeployment({ url, key, names, prices, timeoutMs = 15_000 }: DeploymentOptions): Promise<Deployment> {
  const origin = serverOrigin('url', url);
  const get = (path: string) => getJson(origin, path, key, timeoutMs);
  const listed = Models.safeParse(read(origin, await get('/v1/models')));
  if (!listed.success) throw new Error(`${origin} lists models, but not as Pointsman does. Is --url right?`);
  const chat = listed.data.data.filter(({ routed, kind, tier }) => routed !== true && kind === 'chat' && tier !== undefined);
  const models = { small: pick('small', names.small, chat), large: pick('large', names.large, chat) };
  return {
    target: { url: origin, key },
    tiers: {
      ids: { small: models.small.id, large: models.large.id },
      picoUsd: { small: priceOf('small', models.small, prices), large: priceOf('large', models.large, prices) },
    },
    notes: notesOn(chat, models),
    async booked() {
      const answer = await get('/v1/usage');
      const usage = answer.status === 200 ? Usage.safeParse(answer.json).data?.usage : undefined;
      return usage === undefined ? null : { requests: usage.requests, costNanoUsd: nanoUsdFromUsd(usage.cost_usd) };
    },
  };
}

/** After so many answers of no use, and none of any, there is nothing to measure. */
const hopeless = 10;

/** One arm against the deployment. Throws when its first ten answers are all of no use: what is wrong is wrong with all of them. */
export async function runAt(
  { target, booked }: Deployment,
  timeoutMs: number,
  arm: Arm,
  { onOutcome, ...plan }: PlayPlan,
): Promise<ArmResult> {
  const wrong: string[] = [];
  let isOfUse = false;
  const watch = (outcome: Outcome): void => {
    onOutcome(outcome);
    if (outcome.shortcoming === null) isOfUse = true;
    else wrong.push(outcome.shortcoming);
    if (!isOfUse && wrong.length >= hopeless)
      throw new Error(`${arm.name}: the first ${hopeless} answers are of no use. The last: ${wrong.at(-1)}.`);
  };
  const before = await booked();
  const played = await playArm({ ...target, timeoutMs }, arm, { ...plan, onOutcome: watch });
  return { ...played, cardMs: null, ledger: before === null ? null : await since(before, played.outcomes.length, booked) };
}

/** The gateway's books are complete two seconds after the last ending. */
async function since(before: Booked, requests: number, booked: Deployment['booked']): Promise<Booked | null> {
  for (let tries = 0; ; tries += 1) {
    const now = await booked();
    if (now === null) return null;
    const own = { requests: now.requests - before.requests, costNanoUsd: now.costNanoUsd - before.costNanoUsd };
    if (own.requests >= requests || tries === 20) return own;
    await sleep(250);
  }
}

interface Json {
  readonly status: number;
  /** Null where it is none. */
  readonly json: unknown;
}

async function getJson(origin: string, path: string, key: string, timeoutMs: number): Promise<Json> {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(origin + path, { headers: { authorization: `Bearer ${key}` }, signal, redirect: 'manual' });
    return { status: response.status, json: parsed(await response.text()) };
  } catch (error) {
    const isLate = error instanceof Error && error.name === 'TimeoutError';
    const what = isLate
      ? `${origin} does not answer within ${timeoutMs / 1000} s.`
      : `No gateway answers at ${origin}. Is --url right?`;
    throw new Error(what, { cause: error });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function read(origin: string, { status, json }: Json): unknown {
  if (status === 200) return json;
  const said = Refusal.safeParse(json).data?.error.message;
  if (status === 401 || status === 403)
    throw new Error(
      `${origin} refuses the key (HTTP ${status}${said === undefined ? '' : `: ${said}`}). --key takes an API key, no admin token.`,
    );
  throw new Error(`${origin} answers, but not as a gateway does (HTTP ${status}). Is --url right?`);
}

function pick(tier: Label, name: string | null, chat: readonly Model[]): Model {
  const found = chat.find(({ id, served_name: served, tier: own }) =>
    name === null ? own === tier : name === id || name === served,
  );
  if (found !== undefined) return found;
  const there = chat.map(({ id, tier: own }) => `${id} (${own})`).join(', ');
  const what = name === null ? `no ${tier} model that this key may use` : `no chat model ${name}`;
  throw new UsageError(`The gateway has ${what}: name one with --${tier}. It has ${there === '' ? 'none' : there}.`);
}

function priceOf(tier: Label, { id, price }: Model, given: DeploymentOptions['prices']): Tiers['picoUsd'][Label] {
  if (given !== null) return { input: picoUsdPerToken(given[tier]), output: picoUsdPerToken(given[tier]) };
  if (price === undefined) throw new UsageError(`The gateway has no price for ${id}: give --prices SMALL,LARGE.`);
  return { input: picoUsdPerToken(price.input_per_million_usd), output: picoUsdPerToken(price.output_per_million_usd ?? 0) };
}

function notesOn(chat: readonly Model[], { small, large }: Record<Label, Model>): string[] {
  const others = chat.filter((model) => model !== small && model !== large).map(({ id }) => id);
  const down = [small, large].filter(({ health_status: status }) => status === 'down').map(({ id }) => id);
  return [
    ...down.map((id) => `The gateway says that ${id} is down.`),
    ...(small === large ? [`${small.id} stands for both models: nothing can be saved.`] : []),
    ...(others.length === 0 ? [] : [`What ${others.join(', ')} answer is neither small nor large here, and in no cost.`]),
  ];
}
