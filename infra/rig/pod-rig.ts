/**
 * A gateway whose model servers run on a rented pod: a rig with a stand-in of the provider's API in front of the same servers. A stopped pod
 * has no tunnel and no servers, one that loads has a tunnel and no servers. Times are seconds where a real pod takes minutes.
 */
import type { GateBehaviour } from '../standin/gate-behaviour.ts';
import { type PodApi, type PodServing, startPodApi } from '../standin/pods/runpod-api.ts';
import type { Fleet } from '../standin/fleet.ts';
import { type Rig, type RigOptions, startRig } from './rig.ts';

export interface PodRig {
  readonly rig: Rig;
  readonly api: PodApi;
  stop(): Promise<void>;
}

export interface PodRigOptions extends Pick<RigOptions, 'on' | 'isolates' | 'fleet' | 'direct'> {
  /** Over the rules of the one pod, `a40`, that has both servers. */
  readonly pod?: Readonly<Record<string, unknown>>;
  readonly overrides?: Readonly<Record<string, unknown>>;
  readonly bootMs?: number;
  readonly loadMs?: number;
}

const podKey = 'pointsman-local-rig-runpod';
const podId = 'standin0a40pod';

const behaviours: Readonly<Record<PodServing, GateBehaviour>> = { off: 'tunnel-down', loading: 'bad-gateway', serving: 'pass' };

export async function startPodRig({
  pod = {},
  overrides = {},
  bootMs = 200,
  loadMs = 400,
  ...options
}: PodRigOptions): Promise<PodRig> {
  let api: PodApi | null = null;
  const vars = async (fleet: Fleet): Promise<Record<string, string>> => {
    const onState = (_: string, serving: PodServing): void => {
      fleet.gate?.set({ behaviour: behaviours[serving] });
    };
    api = await startPodApi({ apiKey: podKey, podIds: [podId], bootMs, loadMs, onState });
    return { RUNPOD_POD_ID: podId, RUNPOD_API_KEY: podKey, RUNPOD_API_URL: api.url };
  };
  const rules = { idle_after_ms: 2000, min_up_ms: 0, drain_ms: 500, wake_timeout_ms: 5000, max_wakes_per_hour: 60, ...pod };
  const patch = {
    ...overrides,
    pods: { a40: { provider: 'runpod', id_var: 'RUNPOD_POD_ID', upstreams: ['small', 'large'], ...rules } },
    routing: {
      health: { snapshot_max_age_ms: 100, probe_interval_ms: 500, probe_interval_down_ms: 200, probe_interval_idle_ms: 5000 },
      streaming: { hold_status_ms: 300, ping_ms: 200 },
      ...Object(overrides['routing']),
    },
  };
  const rig = await startRig({ ...options, vars, overrides: patch }).catch(async (error: unknown) => {
    await api?.close();
    throw error;
  });
  if (api === null) throw new Error('the rig did not ask for its variables');
  const provider: PodApi = api;
  return {
    rig,
    api: provider,
    async stop() {
      await provider.close();
      await rig.stop();
    },
  };
}

export const standInPodId = podId;
