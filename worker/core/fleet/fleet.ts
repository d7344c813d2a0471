/** What stands behind the gateway, for `GET /admin/fleet`: the state of every model and of its places at one moment. */
import type { Config } from '../../../shared/config-prepare.ts';
import type { Fleet, FleetModel } from '../../../shared/observed.ts';
import { fourDigits, isoTime } from '../../../shared/units.ts';
import type { Occupancy } from '../admission/admission.ts';
import { instancesOf, shownFleetStatus, shownInstanceStatus, shownModelStatus } from '../health/shown-status.ts';
import type { HealthSnapshot } from '../health/snapshot.ts';

/** `occupied` is by model id; a model that is missing there has nothing in use. */
export function fleetOf(config: Config, snapshot: HealthSnapshot, occupied: Readonly<Record<string, Occupancy>>): Fleet {
  return {
    status: shownFleetStatus(snapshot),
    models: Object.keys(config.models).map((id) => fleetModel(config, id, snapshot, occupied[id])),
    tunnels: Object.entries(snapshot.tunnels).map(([id, { status, untilMs }]) => ({ id, status, until: isoTime(untilMs) })),
    pods: Object.entries(snapshot.pods ?? {}).map(([id, { phase, trouble, held, readyAtMs }]) => {
      return { id, phase, trouble, held, ready_at: isoTime(readyAtMs) };
    }),
  };
}

function fleetModel(config: Config, id: string, snapshot: HealthSnapshot, occupied: Occupancy | undefined): FleetModel {
  const model = config.models[id];
  const isLimited = config.routing.admission.enabled && model !== undefined;
  return {
    id,
    status: shownModelStatus(snapshot, id),
    tier: model?.kind === 'chat' ? model.tier : null,
    places: isLimited ? model.max_in_flight : null,
    in_use: occupied?.inUse ?? 0,
    queued: occupied?.queued ?? 0,
    instances: instancesOf(snapshot, id).map((instance) => ({
      upstream: instance.upstreamId,
      status: shownInstanceStatus(instance),
      breaker: instance.breaker,
      until: isoTime(instance.untilMs),
      consecutive_failures: instance.failedInARow,
      running: instance.running,
      waiting: instance.waiting,
      kv_cache_usage: instance.kvCacheUsage === null ? null : fourDigits(instance.kvCacheUsage),
      wedged_since: isoTime(instance.wedgedSinceMs),
      last_probe: isoTime(instance.lastProbeAtMs),
    })),
  };
}
