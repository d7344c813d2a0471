/** When the pod is asked to restart a server whose engine is dead: once in a while, and again only as long as nobody has heard it. */
import type { HealthRules } from './health-config.ts';

/** The newest order. */
export interface RestartOrder {
  readonly firstAtMs: number;
  readonly tries: number;
  readonly isHeard: boolean;
}

/** A server whose engine is dead while its API answers. */
export interface RestartRequest {
  readonly models: readonly string[];
  readonly sinceMs: number;
  readonly atMs: number;
}

type Rules = HealthRules['wedge'];

interface Wedged {
  readonly wedgedSinceMs: number | null;
  readonly restart: RestartOrder | null;
}

export function isRestartDue({ wedgedSinceMs, restart }: Wedged, nowMs: number, rules: Rules): boolean {
  if (wedgedSinceMs === null) return false;
  return isOver(restart, nowMs, rules) || (restart !== null && !restart.isHeard && restart.tries < rules.restart_tries);
}

export function noteRestart(restart: RestartOrder | null, isHeard: boolean, nowMs: number, rules: Rules): RestartOrder {
  const before = restart === null || isOver(restart, nowMs, rules) ? { firstAtMs: nowMs, tries: 0 } : restart;
  return { firstAtMs: before.firstAtMs, tries: before.tries + 1, isHeard };
}

function isOver(restart: RestartOrder | null, nowMs: number, { restart_every_ms: everyMs }: Rules): boolean {
  return restart === null || nowMs - restart.firstAtMs >= everyMs;
}
