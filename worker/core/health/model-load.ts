/** What a snapshot says of models and upstreams as a whole, for the plan. */
import { type HealthSnapshot, isAsleep } from './snapshot.ts';
import { currentStatus } from './usable.ts';

/** Whether any instance of the model is up, or half open with the permit for the trial. An unknown model counts as up. */
export function isModelUp({ instances }: HealthSnapshot, modelId: string, nowMs: number): boolean {
  let isKnown = false;
  for (const route in instances) {
    const instance = instances[route];
    if (instance?.modelId !== modelId) continue;
    if (instance.hasPermit || currentStatus(instance, nowMs) === 'up') return true;
    isKnown = true;
  }
  return !isKnown;
}

/** The same without instances that are only tried: this request may fail on those. */
export function isModelSound({ instances }: HealthSnapshot, modelId: string, nowMs: number): boolean {
  const own = Object.values(instances).filter((instance) => instance.modelId === modelId);
  return own.length === 0 || own.some((instance) => currentStatus(instance, nowMs) === 'up');
}

/** Whether the model is on pods that are stopped or starting, and on no other server: no failure. */
export function isOnlyAsleep({ instances }: HealthSnapshot, modelId: string): boolean {
  let isKnown = false;
  for (const instance of Object.values(instances)) {
    if (instance.modelId !== modelId) continue;
    if (!isAsleep(instance.status)) return false;
    isKnown = true;
  }
  return isKnown;
}

/** Requests running and waiting; null when the server has not said. */
export function queueOf({ instances }: HealthSnapshot, upstreamId: string): number | null {
  const instance = Object.values(instances).find((candidate) => candidate.upstreamId === upstreamId);
  return instance?.running == null ? null : instance.running + (instance.waiting ?? 0);
}

/** Running and twice the waiting requests per place; null when no instance has said. */
export function loadOf({ instances }: HealthSnapshot, modelId: string, places: number): number | null {
  let load: number | null = null;
  for (const route in instances) {
    const instance = instances[route];
    if (instance?.modelId !== modelId || instance.running === null) continue;
    load = (load ?? 0) + (instance.running + 2 * (instance.waiting ?? 0)) / places;
  }
  return load;
}
