/** The pipeline on fakes: a request goes through every stage of it in Node, with time moved by hand and model servers by script. */
import type { ErrorCode } from '../../../shared/errors.ts';
import type { LedgerEntry } from '../../../shared/records.ts';
import type { RoutingMetadata } from '../../../shared/routing-metadata.ts';
import type { KeyRecord } from '../../../worker/core/auth/key-record.ts';
import { asItIs, type HideSecrets } from '../../../worker/core/log/known-secrets.ts';
import { emptyRetryBudget } from '../../../worker/core/route/retry-budget.ts';
import { chatSurface } from '../../../worker/core/surfaces/chat/chat-surface.ts';
import type { Surface } from '../../../worker/core/surfaces/surface.ts';
import type { DialectRegistry } from '../../../worker/core/upstreams/dialect.ts';
import { dialectsOf } from '../../../worker/core/upstreams/registry.ts';
import { chat } from '../../../worker/pipeline/chat.ts';
import type { Caller } from '../../../worker/pipeline/run/asked.ts';
import type { PipelineDeps } from '../../../worker/pipeline/run/deps.ts';
import { configWith } from './config.ts';
import {
  createFakeAdmission,
  createFakeAnswers,
  createFakeHealth,
  createFakeKept,
  createFakeLedger,
  createFakeLog,
  createFakeSessions,
  type FakeAdmission,
  type FakeHealth,
  type FakeKept,
  type FakeLedger,
  type FakeLog,
  unaskedTenants,
} from './fake-state.ts';
import { createFakeTime, type FakeTime, settleMicrotasks } from './fake-time.ts';
import { createFakeUpstream, type FakeUpstream, type Reply } from './fake-upstream.ts';
import { openNodePipe } from './node-pipe.ts';

/** How a client that does not wait for the end behaves. */
export interface ClientBehaviour {
  /** Leaves after so long: the request's signal fires and the body is let go. */
  readonly leavesAfterMs?: number;
  /** Leaves when it has got this many characters. */
  readonly leavesAfterChars?: number;
  /** Keeps the connection and reads nothing after this many characters. */
  readonly stopsReadingAfterChars?: number;
  /** The platform does not notice it by the signal, only by writes that fail. */
  readonly isUnheard?: boolean;
  /** What it asks of the cache. */
  readonly cacheControl?: string;
  /** Whose key it has; `key-1` unless it says otherwise. */
  readonly tenantId?: string;
}

export interface ClientReply {
  /** Of the answer; an error that was thrown before the headers has its code's. */
  readonly kind: 'json' | 'late_json' | 'stream' | 'events' | 'failed';
  readonly code: ErrorCode | null;
  /** The field that such an error names. */
  readonly param: string | null;
  /** Everything received, pings included. */
  readonly text: string;
  /** The data of each event; empty unless it was a stream. */
  readonly events: readonly string[];
  readonly comments: readonly string[];
  readonly pieces: readonly Uint8Array[];
  readonly metadata: RoutingMetadata | null;
  readonly headersAfterMs: number;
  readonly tookMs: number;
}

export interface FakeGateway {
  readonly time: FakeTime;
  readonly upstream: FakeUpstream;
  readonly health: FakeHealth;
  readonly ledger: FakeLedger;
  readonly log: FakeLog;
  readonly admission: FakeAdmission;
  readonly kept: FakeKept;
  readonly deps: PipelineDeps;
  /** A caller that stays; for tests that call a stage themselves. */
  readonly caller: Caller;
  /** Sends a body and stays until everything it caused has come to its end. */
  ask(body: object, behaviour?: ClientBehaviour, by?: Partial<Caller>): Promise<ClientReply>;
  /** The entry of the one request that was asked; throws when there is none, or more than one. */
  entry(): LedgerEntry;
}

export interface GatewayOptions {
  readonly script: readonly Reply[];
  /** What every call after the script gets. */
  readonly last?: Reply;
  /** To calls that count a prompt; 404 by default. */
  readonly count?: Reply;
  /** Merge patch over the configuration. */
  readonly config?: object;
  /** Optional upstreams that are there; none unless it says otherwise. */
  readonly present?: readonly string[];
  readonly queue?: { readonly waitMs: number } | 'full';
  /** The shipped ones unless it says otherwise. */
  readonly dialects?: DialectRegistry;
  readonly hideSecrets?: HideSecrets;
  readonly change?: (deps: PipelineDeps) => PipelineDeps;
  /** The public wires of an app; all by default. */
  readonly surfaces?: readonly Surface[];
}

/** Short limits, no jitter, no rescue: what a test needs of these it says itself. */
const shortLimits = {
  upstreams: {
    small: { timeouts_ms: { connect: 1000, first_event: 2000, idle: 3000, total: 60_000 } },
    large: { timeouts_ms: { connect: 1000, first_event: 2000, idle: 3000, total: 60_000 } },
  },
  routing: {
    classifier: { mode: 'heuristic', threshold: 0.6 },
    retry: {
      max_attempts: 3,
      attempts_per_model: 2,
      backoff_base_ms: 100,
      backoff_max_ms: 2000,
      max_retry_after_ms: 3000,
      budget_ratio: 1,
      budget_floor_per_second: 100,
    },
    rescue: { enabled: false },
    escalation: { enabled: false },
    streaming: { hold_status_ms: 10_000, ping_ms: 1000, plain_json_max_ms: 45_000 },
  },
};

const key: KeyRecord = {
  id: 'key-1',
  tenantId: 'key-1',
  hashHex: '0'.repeat(64),
  prefix: 'abcdefgh',
  name: 'test key',
  scopes: ['chat', 'embeddings', 'classify', 'rag', 'documents'],
  allowedModels: null,
  agents: null,
  plan: 'default',
  limits: { requestsPerMinute: null, tokensPerMinute: null, maxConcurrent: null },
  budgets: [],
  expiresAtMs: null,
  revokedAtMs: null,
  createdAtMs: 0,
  metadata: {},
  rotatedFrom: null,
};

export function createGateway(options: GatewayOptions): FakeGateway {
  const { script, last, config: patch = {}, queue, present, dialects, hideSecrets = asItIs, change = (deps) => deps } = options;
  const config = configWith(mergeDeep(shortLimits, patch), dialects, present);
  const time = createFakeTime();
  const upstream = createFakeUpstream(time, script, last, options.count);
  const health = createFakeHealth(config, time.clock);
  const ledger = createFakeLedger();
  const log = createFakeLog();
  const admission = createFakeAdmission(time, queue ?? null);
  const kept = createFakeKept(time.clock, time.sleep);
  let ids = 0;
  const deps = change({
    config,
    weights: null,
    clock: time.clock,
    timers: time.timers,
    random: () => 0.5,
    digest: async (text) => text,
    answers: createFakeAnswers(time.clock),
    newId: () => `id${(ids += 1)}`,
    upstream,
    health,
    ledger,
    admission,
    tenants: unaskedTenants,
    kept,
    sessions: createFakeSessions(),
    learning: null,
    pods: null,
    log,
    requestLog: null,
    rows: null,
    dialectOf: dialectsOf(config.upstreams, hideSecrets, dialects),
    openPipe: openNodePipe,
    speeds: new Map(),
    endedInARow: new Map(),
    retryBudget: { current: emptyRetryBudget },
  });

  return {
    time,
    upstream,
    health,
    ledger,
    log,
    admission,
    kept,
    deps,
    caller: callerWith(new AbortController().signal, () => undefined, 100),
    ask: (body, behaviour = {}, by = {}) => ask(deps, time, body, behaviour, by),
    entry() {
      const [only, ...more] = ledger.entries;
      if (only === undefined || more.length > 0) throw new Error(`${ledger.entries.length} entries in the ledger instead of one`);
      return only;
    },
  };
}

async function ask(
  deps: PipelineDeps,
  time: FakeTime,
  body: object,
  behaviour: ClientBehaviour,
  by: Partial<Caller>,
): Promise<ClientReply> {
  const valid = chatSurface.read(JSON.stringify(body), deps.config);
  if (!valid.ok) throw new Error(`the body is not valid: ${JSON.stringify(valid.failure)}`);
  const background: Promise<unknown>[] = [];
  const connection = new AbortController();
  const { cacheControl = null, tenantId = key.tenantId } = behaviour;
  const caller = {
    ...callerWith(connection.signal, (work) => void background.push(work), JSON.stringify(body).length),
    cacheControl,
    key: { ...key, tenantId },
    ...by,
  };
  const client = createClient(connection, behaviour);
  if (behaviour.leavesAfterMs !== undefined) time.timers.once(behaviour.leavesAfterMs, client.leave);
  const startedAtMs = time.clock.now();
  const result = await time.runUntil(chat(deps, caller, valid.value, null));
  const headersAfterMs = time.clock.now() - startedAtMs;
  if (result.kind === 'stream' || result.kind === 'late_json')
    await time.runUntil(Promise.race([client.read(result.body), Promise.all(background)]));
  if (result.kind === 'json' || result.kind === 'events') client.receive(new TextEncoder().encode(result.body));
  await time.runUntil(Promise.all(background));
  await settleMicrotasks();
  const isEvents = result.kind === 'stream' || result.kind === 'events';
  const frames = client
    .text()
    .split('\n\n')
    .filter((frame) => frame !== '');
  return {
    kind: result.kind === 'replayed' ? 'json' : result.kind,
    code: result.kind === 'failed' ? result.error.code : null,
    param: result.kind === 'failed' ? (result.error.param ?? null) : null,
    text: client.text(),
    events: isEvents ? frames.filter((frame) => frame.startsWith('data: ')).map((frame) => frame.slice(6)) : [],
    comments: isEvents ? frames.filter((frame) => frame.startsWith(':')) : [],
    pieces: client.pieces,
    metadata: result.kind === 'replayed' ? null : result.metadata,
    headersAfterMs,
    tookMs: time.clock.now() - startedAtMs,
  };
}

function callerWith(signal: AbortSignal, background: Caller['background'], bodyBytes: number): Caller {
  return {
    surface: chatSurface,
    key,
    requestId: 'request-1',
    url: 'http://gateway.test/',
    agent: null,
    sessionId: null,
    signal,
    background,
    trace: null,
    traceparent: null,
    cacheSalt: 'salt',
    bodyBytes,
    cacheControl: null,
    idempotency: null,
    isResumable: false,
    stored: null,
  };
}

function createClient(connection: AbortController, behaviour: ClientBehaviour) {
  const decoder = new TextDecoder();
  const pieces: Uint8Array[] = [];
  let text = '';
  let hasLeft = false;
  let reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  const leave = (): void => {
    hasLeft = true;
    if (behaviour.isUnheard !== true) connection.abort();
    reader?.cancel().catch(() => undefined);
  };
  const receive = (bytes: Uint8Array): void => {
    pieces.push(bytes);
    text += decoder.decode(bytes, { stream: true });
  };
  return {
    pieces,
    text: () => text,
    leave,
    receive,
    async read(body: ReadableStream<Uint8Array>): Promise<void> {
      reader = body.getReader();
      if (hasLeft) return leave();
      for (;;) {
        if (text.length >= (behaviour.stopsReadingAfterChars ?? Number.POSITIVE_INFINITY)) return new Promise(() => undefined);
        const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }) as const);
        if (done || value === undefined) return undefined;
        receive(value);
        if (text.length >= (behaviour.leavesAfterChars ?? Number.POSITIVE_INFINITY)) return leave();
      }
    },
  };
}

function mergeDeep(base: object, patch: object): object {
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(patch)) {
    const own = merged[name];
    const areObjects = isPlain(own) && isPlain(value);
    merged[name] = areObjects ? mergeDeep(own, value) : value;
  }
  return merged;
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
