/**
 * A stand-in of RunPod's REST API (docs.runpod.io/api-reference, version 1): lists pods, tells one, starts and stops it, with its key, its
 * shapes and the ways it fails. What runs on a pod is somebody else's: `onState` is told when its tunnel and its servers come and go.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { headerOf, type Listener, listen, reply } from '../http.ts';
import type { Refusal } from '../refusal.ts';

/** `off`: no tunnel. `loading`: the tunnel is up, the servers load their models. `serving`: they answer. */
export type PodServing = 'off' | 'loading' | 'serving';

/**
 * For calls of one kind, the next so many: `limited` 429, `broken` 500, `no_gpu` the machine has none free, `silent` no answer. `never_ready`
 * lets a start succeed after which no server ever answers.
 */
export type PodApiFault = 'limited' | 'broken' | 'no_gpu' | 'silent' | 'never_ready';

export interface PodApiOptions {
  readonly apiKey: string;
  readonly podIds: readonly string[];
  /** From a start to the tunnel, and from there to servers that answer. */
  readonly bootMs: number;
  readonly loadMs: number;
  readonly usdPerHour?: number;
  onState(podId: string, serving: PodServing): void | Promise<void>;
}

export interface PodApiCall {
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

export interface PodApi {
  /** With the API's version, as a gateway is given it. */
  readonly url: string;
  readonly calls: readonly PodApiCall[];
  fail(what: 'get' | 'start' | 'stop', fault: PodApiFault, times: number): void;
  /** Somebody uses the provider's console. */
  byConsole(podId: string, to: 'start' | 'stop'): void;
  statusOf(podId: string): string;
  /** Billed so far. */
  upMs(podId: string): number;
  close(): Promise<void>;
}

interface StandInPod {
  readonly id: string;
  desiredStatus: 'RUNNING' | 'EXITED';
  startedAtMs: number | null;
  billedMs: number;
  timers: NodeJS.Timeout[];
}

/** Every pod runs and serves at first. */
export async function startPodApi(options: PodApiOptions): Promise<PodApi> {
  const pods = new Map(options.podIds.map((id): [string, StandInPod] => [id, newPod(id)]));
  const faults: { what: string; fault: PodApiFault; left: number }[] = [];
  const calls: PodApiCall[] = [];
  const takeFault = (what: string): PodApiFault | null => {
    const found = faults.find((one) => one.what === what && one.left > 0);
    if (found === undefined) return null;
    found.left -= 1;
    return found.fault;
  };
  const answer = (request: IncomingMessage): Refusal | null => {
    const [, id = null, verb = null] = /^\/v1\/pods(?:\/([^/?]+))?(?:\/(start|stop))?(?:\?.*)?$/.exec(request.url ?? '') ?? [];
    if (headerOf(request, 'authorization') !== `Bearer ${options.apiKey}`)
      return { status: 401, body: { error: 'Unauthorized' } };
    if (request.method === 'GET' && id === null)
      return { status: 200, body: [...pods.values()].map((pod) => shown(pod, options)) };
    const pod = pods.get(id ?? '');
    if (pod === undefined) return { status: 404, body: { error: 'pod not found' } };
    const what = request.method === 'GET' && verb === null ? 'get' : verb;
    if (what === null || (what !== 'get' && request.method !== 'POST'))
      return { status: 405, body: { error: 'method not allowed' } };
    const fault = takeFault(what);
    if (fault === 'silent') return null;
    if (fault === 'limited') return { status: 429, body: { error: 'too many requests' }, headers: { 'retry-after': '1' } };
    if (fault === 'broken')
      return { status: 500, body: { error: 'Something went wrong. Please try again later or contact support.' } };
    if (fault === 'no_gpu')
      return { status: 500, body: { error: 'start pod: There are not enough free GPUs on the host machine to start this pod.' } };
    if (what === 'start') start(pod, options, fault === 'never_ready');
    if (what === 'stop') stop(pod, options);
    return { status: 200, body: shown(pod, options) };
  };
  const listener: Listener = await listen(0, (request: IncomingMessage, response: ServerResponse) => {
    request.resume();
    const refusal = answer(request);
    calls.push({ atMs: Date.now(), method: request.method ?? '', path: request.url ?? '', status: refusal?.status ?? 0 });
    if (refusal !== null) reply(response, refusal);
  });
  const podOf = (podId: string): StandInPod => {
    const pod = pods.get(podId);
    if (pod === undefined) throw new Error(`no pod ${podId}`);
    return pod;
  };
  return {
    url: `${listener.url}/v1`,
    calls,
    fail: (what, fault, times) => void faults.push({ what, fault, left: times }),
    byConsole: (podId, to) => (to === 'start' ? start(podOf(podId), options, false) : stop(podOf(podId), options)),
    statusOf: (podId) => podOf(podId).desiredStatus,
    upMs: (podId) => billed(podOf(podId)),
    async close() {
      for (const pod of pods.values()) pod.timers.forEach((timer) => clearTimeout(timer));
      await listener.close();
    },
  };
}

function newPod(id: string): StandInPod {
  return { id, desiredStatus: 'RUNNING', startedAtMs: Date.now(), billedMs: 0, timers: [] };
}

function billed({ billedMs, startedAtMs }: StandInPod): number {
  return billedMs + (startedAtMs === null ? 0 : Date.now() - startedAtMs);
}

/** A pod that runs already stays as it is, as the real API leaves it. */
function start(pod: StandInPod, { bootMs, loadMs, onState }: PodApiOptions, isNeverReady: boolean): void {
  if (pod.desiredStatus === 'RUNNING') return;
  pod.desiredStatus = 'RUNNING';
  pod.startedAtMs = Date.now();
  pod.timers.push(setTimeout(() => void onState(pod.id, 'loading'), bootMs));
  if (!isNeverReady) pod.timers.push(setTimeout(() => void onState(pod.id, 'serving'), bootMs + loadMs));
}

function stop(pod: StandInPod, { onState }: PodApiOptions): void {
  pod.billedMs = billed(pod);
  pod.startedAtMs = null;
  pod.desiredStatus = 'EXITED';
  pod.timers.forEach((timer) => clearTimeout(timer));
  pod.timers = [];
  void onState(pod.id, 'off');
}

/** The fields of the real answer that say something of state and price. */
function shown({ id, desiredStatus, startedAtMs }: StandInPod, { usdPerHour = 0.44 }: PodApiOptions): Record<string, unknown> {
  return {
    id,
    name: `stand-in ${id}`,
    desiredStatus,
    costPerHr: String(usdPerHour),
    adjustedCostPerHr: usdPerHour,
    image: 'vllm/vllm-openai:v0.32.0',
    gpu: { id: 'NVIDIA A40', count: 1, displayName: 'A40' },
    interruptible: false,
    ports: [],
    volumeInGb: 100,
    volumeMountPath: '/workspace',
    lastStartedAt: startedAtMs === null ? null : new Date(startedAtMs).toISOString(),
  };
}
