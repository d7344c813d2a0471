/** The gateway that the contract is held through: each model has one server, and no other model answers in its place. */
import type { Bundle } from '../../../infra/rig/bundle.ts';
import { type Rig, startRig } from '../../../infra/rig/rig.ts';
import type { FleetModel } from '../../../infra/standin/fleet.ts';

/** A processor makes ten tokens a second, and compiles for twenty seconds before the first of a kind. */
const timeouts = { connect: 10_000, first_event: 60_000, idle: 60_000, total: 120_000 };

const overrides = {
  upstreams: { small: { timeouts_ms: timeouts }, large: { timeouts_ms: timeouts } },
  models: { 'qwen2.5-7b': { slow_tokens_per_second: 1 }, 'qwen2.5-32b': { slow_tokens_per_second: 1 } },
  routing: { chains: { 'qwen2.5-7b': [], 'qwen2.5-32b': [] } },
};

/**
 * @param vars addresses of servers that run already, by the names of the variables
 * @param changed what is different of further models
 */
export function startWireRig(
  bundle: Bundle,
  models: readonly FleetModel[],
  vars: Readonly<Record<string, string>>,
  changed: Readonly<Record<string, object>> = {},
): Promise<Rig> {
  const all = { ...overrides, models: { ...overrides.models, ...changed } };
  return startRig({ on: bundle, overrides: all, vars, fleet: { gate: false, models } });
}
