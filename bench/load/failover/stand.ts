/**
 * What a failover scenario runs on: the gateway in workerd in front of two stand-in model servers, called by the official client over HTTP. Times
 * are those of the default configuration, or a tenth of them, for the gateway, the client and the faults alike.
 */
import OpenAI from 'openai';
import * as z from 'zod';
import type { FleetModel } from '../../../infra/standin/fleet.ts';
import { clientIdOf } from '../../../infra/standin/request-log.ts';
import type { Bundle } from '../../../infra/rig/bundle.ts';
import { until } from '../../../infra/rig/waiting.ts';
import { type Rig, type ServerCall, startRig } from '../../../infra/rig/rig.ts';

export type ModelId = 'small' | 'large';

export interface StandOptions {
  readonly bundle: Bundle;
  /** 1 is real time. */
  readonly timeScale: number;
  /** `/v1/models` of both servers lists a file's path and a prefix instead of the names that they answer to. */
  readonly listsForeignNames: boolean;
  /** Settings of one model server. */
  readonly models?: Partial<Record<ModelId, Partial<FleetModel>>>;
}

export interface Ask {
  /** Directives of the stand-in, or any text; sixty words are said unless it asks for others. */
  readonly text: string;
  readonly isStream?: boolean;
  /** The client's patience for the first token, in seconds of the scenario. */
  readonly firstTokenSeconds?: number;
  readonly maxTokens?: number;
}

/** What the official client made of an answer. */
export interface Answer {
  readonly text: string;
  readonly finishReason: string | null;
  /** The client threw this code, or `timeout`; null when it did not. */
  readonly error: string | null;
  readonly status: number | null;
  /** The model that answered, and the calls it took. */
  readonly servedBy: string | null;
  readonly calls: readonly ModelId[];
  readonly completionTokens: number | null;
  /** What the model servers generated for it, thrown away or not. */
  readonly generatedTokens: number;
  /** Seconds of the scenario. */
  readonly firstTokenSeconds: number | null;
  readonly tookSeconds: number;
}

export interface Stand {
  readonly gateway: Rig;
  /** Wall-clock milliseconds of so many seconds of the scenario. */
  ms(seconds: number): number;
  ask(ask: Ask): Promise<Answer>;
  /** Failures that count against a model's only instance, and whether it is up. */
  health(model: ModelId): Promise<{ readonly status: string; readonly failures: number }>;
  stop(): Promise<void>;
}

/** Sixty tokens, one a word: the stand-in cuts words of up to four letters nowhere. No two are alike, so that a beginning is found nowhere else. */
export const sixtyWords = [
  'tide pier buoy mast keel helm wave gull kelp reef dock quay port bow oar net fog bay isle cape',
  'sand salt crab cod eel hull deck sail rope knot line crew mate cook cap tar oak pine wind rain',
  'dawn dusk moon star sun sky lamp bell horn flag map log ship boat raft tug tank rail rock hill',
].join(' ');
const foreignNames = { small: ['/models/qwen2.5-7b.gguf'], large: ['proxy/Qwen/Qwen2.5-32B-Instruct-AWQ'] };

/** The default time limits, as in configs/models.yaml and configs/routing.yaml; other settings are not durations. */
function scaledOverrides(scale: number): Record<string, unknown> {
  if (scale === 1) return {};
  const times = (values: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(values).map(([key, seconds]) => [key, Math.max(1, Math.round(1000 * seconds * scale))]));
  return {
    upstreams: {
      small: { timeouts_ms: times({ connect: 3, first_event: 12, idle: 15, total: 300 }) },
      large: { timeouts_ms: times({ connect: 3, first_event: 30, idle: 15, total: 300 }) },
    },
    routing: {
      retry: times({ max_retry_after_ms: 3 }),
      health: {
        ...times({ probe_interval_ms: 30, probe_interval_down_ms: 5, snapshot_max_age_ms: 2, throttle_max_ms: 10 }),
        breaker: times({ ejection_base_ms: 10, ejection_max_ms: 300 }),
      },
      streaming: times({ hold_status_ms: 10, ping_ms: 10 }),
    },
  };
}

export async function startStand({ bundle, timeScale, listsForeignNames, models = {} }: StandOptions): Promise<Stand> {
  const model = (id: ModelId, servedName: string): FleetModel => ({
    id,
    servedName,
    role: id,
    listedNames: listsForeignNames ? foreignNames[id] : null,
    ...models[id],
  });
  const gateway = await startRig({
    on: bundle,
    overrides: scaledOverrides(timeScale),
    fleet: { gate: false, models: [model('small', 'Qwen/Qwen2.5-7B-Instruct'), model('large', 'Qwen/Qwen2.5-32B-Instruct-AWQ')] },
  });
  const stand: Stand = {
    gateway,
    ms: (seconds) => seconds * 1000 * timeScale,
    ask: (ask) => askOnce(gateway, timeScale, ask),
    health: (id) => healthOf(gateway, id),
    stop: gateway.stop,
  };
  try {
    await settle(stand);
  } catch (error) {
    await gateway.stop();
    throw error;
  }
  return stand;
}

const settledWithinMs = 15_000;
/** What a stand has asked before its scenario begins. */
export const settlingRequests = 2;

/** One good answer, and a probe of either server, so that the gateway knows what the model lists say. */
async function settle({ ask, gateway }: Stand): Promise<void> {
  const { error } = await ask({ text: 'Good morning.' });
  if (error !== null) throw new Error(`The gateway does not answer before anything is broken: ${error}`);
  const servers = Object.values(gateway.fleet.models);
  const isProbed = () => servers.every((server) => server.log().some(({ path }) => path === '/v1/models'));
  await until('the gateway has probed both servers', isProbed, settledWithinMs);
  // What a probe says reaches the isolate with its next snapshot.
  await gateway.health();
  await ask({ text: 'Good evening.' });
}

async function askOnce(gateway: Rig, scale: number, ask: Ask): Promise<Answer> {
  const requestId = `failover-${crypto.randomUUID()}`;
  const content = ask.text.includes('[[say:') || !ask.text.includes('[[') ? ask.text : `[[say:${sixtyWords}]]${ask.text}`;
  const body = {
    model: 'small',
    messages: [{ role: 'user' as const, content }],
    ...(ask.maxTokens === undefined ? {} : { max_tokens: ask.maxTokens }),
  };
  const leave = new AbortController();
  const patience = setTimeout(() => leave.abort(), (ask.firstTokenSeconds ?? 100) * 1000 * scale);
  const options = { signal: leave.signal, headers: { 'x-request-id': requestId } };
  const startedAtMs = performance.now();
  const since = () => (performance.now() - startedAtMs) / 1000 / scale;
  const seen = { text: '', finishReason: null as string | null, servedBy: null as string | null };
  let firstTokenSeconds: number | null = null;
  let completionTokens: number | null = null;
  let [error, status]: [string | null, number | null] = [null, 200];
  const noteFirst = () => {
    clearTimeout(patience);
    firstTokenSeconds ??= since();
  };
  try {
    if (ask.isStream === false) {
      const whole = await gateway.client.chat.completions.create(body, options);
      noteFirst();
      const [choice] = whole.choices;
      seen.text = choice?.message.content ?? '';
      seen.finishReason = choice?.finish_reason ?? null;
      seen.servedBy = servedBy(whole);
      completionTokens = whole.usage?.completion_tokens ?? null;
    } else {
      const stream = await gateway.client.chat.completions.create(
        { ...body, stream: true, stream_options: { include_usage: true } },
        options,
      );
      for await (const chunk of stream) {
        const [choice] = chunk.choices;
        if (choice?.delta.content) noteFirst();
        seen.text += choice?.delta.content ?? '';
        seen.finishReason = choice?.finish_reason ?? seen.finishReason;
        seen.servedBy = servedBy(chunk) ?? seen.servedBy;
        completionTokens = chunk.usage?.completion_tokens ?? completionTokens;
      }
    }
  } catch (thrown) {
    error = thrown instanceof OpenAI.APIUserAbortError ? 'timeout' : errorCode(thrown);
    status = thrown instanceof OpenAI.APIError && typeof thrown.status === 'number' ? thrown.status : null;
  } finally {
    clearTimeout(patience);
  }
  const entries = callsOf(gateway, requestId);
  const calls = entries.map(({ server }) => (server === 'large' ? 'large' : 'small'));
  const generatedTokens = entries.reduce((sum, { usage }) => sum + (usage?.completionTokens ?? 0), 0);
  return { ...seen, error, status, calls, completionTokens, generatedTokens, firstTokenSeconds, tookSeconds: since() };
}

function callsOf(gateway: Rig, requestId: string): readonly ServerCall[] {
  return gateway.calls().filter(({ id }) => clientIdOf(id) === requestId);
}

function errorCode(thrown: unknown): string {
  if (thrown instanceof OpenAI.APIError)
    return typeof thrown.code === 'string' ? thrown.code : `${thrown.name}: ${thrown.message}`;
  return thrown instanceof Error ? thrown.message : String(thrown);
}

const WithMetadata = z.object({ 'x-routing-metadata': z.object({ model_id: z.string() }) });

function servedBy(answer: unknown): string | null {
  const parsed = WithMetadata.safeParse(answer);
  return parsed.success ? parsed.data['x-routing-metadata'].model_id : null;
}

const HealthPage = z.object({
  models: z.record(
    z.string(),
    z.object({ instances: z.array(z.object({ status: z.string(), consecutive_failures: z.number() })) }),
  ),
});
const modelIds = { small: 'qwen2.5-7b', large: 'qwen2.5-32b' };

async function healthOf(gateway: Rig, id: ModelId): Promise<{ status: string; failures: number }> {
  const [instance] = HealthPage.parse(await gateway.health()).models[modelIds[id]]?.instances ?? [];
  return { status: instance?.status ?? 'unknown', failures: instance?.consecutive_failures ?? 0 };
}
