/** Weighted splits by a stable hash: the same conversation always falls on the same arm. Chooses; measures nothing. */
import type { RoutingConfig, Strategy } from '../../../shared/config.ts';
import { fnvOf } from '../text/fnv.ts';

export interface Arm {
  readonly experiment: string;
  readonly arm: string;
  readonly model: string | null;
  readonly strategy: Strategy | null;
}

/** The arm of the first enabled experiment; null without one. `unit` is what stays together: a session's id, else a request's. */
export function chooseArm(experiments: RoutingConfig['experiments'], unit: string): Arm | null {
  for (const [experiment, { enabled, arms }] of Object.entries(experiments)) {
    if (!enabled) continue;
    const total = Object.values(arms).reduce((sum, { weight }) => sum + weight, 0);
    if (total <= 0) continue;
    let point = uniform(`${experiment}\n${unit}`) * total;
    for (const [arm, { weight, model, strategy }] of Object.entries(arms)) {
      point -= weight;
      if (point < 0) return { experiment, arm, model: model ?? null, strategy: strategy ?? null };
    }
  }
  return null;
}

/** A caller that may not use an arm's model takes no part: another model's answer would count for the wrong arm. */
export function openArm(arm: Arm | null, allowed: ReadonlySet<string> | null): Arm | null {
  return arm?.model == null || allowed === null || allowed.has(arm.model) ? arm : null;
}

/** The model that answers in the shadow of a small answer, for comparison; null without such an experiment. */
export function shadowOf(experiments: RoutingConfig['experiments'], unit: string): string | null {
  for (const [experiment, { enabled, shadow }] of Object.entries(experiments)) {
    if (enabled && shadow !== undefined && uniform(`${experiment}\nshadow\n${unit}`) < shadow.share) return shadow.model;
  }
  return null;
}

/** Evenly in [0, 1) by the text: 32 bits of FNV-1a with a final mix, since its low bits alone follow the last characters. */
export function uniform(text: string): number {
  let hash = fnvOf(text);
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b) >>> 0;
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000;
}

/** An arm's name, as shown and booked. */
export function armName({ experiment, arm }: Arm): string {
  return `${experiment}:${arm}`;
}
