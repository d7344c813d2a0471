/** Which models the agent of a request may use, alone and together with the key's own limits. */
import type { RoutingConfig } from '../../../shared/config.ts';
import { plainAgentName } from '../limits/agent-name.ts';
import type { ChooseInput } from './choose.ts';

/** The configured agent of that name, however it is spelled; null when there is none. */
export function agentOf(name: string | null, agents: RoutingConfig['agents']): ChooseInput['agent'] {
  if (name === null) return null;
  const wanted = plainAgentName(name);
  for (const [id, policy] of Object.entries(agents)) if (plainAgentName(id) === wanted) return { name, policy };
  return null;
}

/** Models that both allow; null allows all. */
export function allowedByBoth(key: readonly string[] | null, agent: readonly string[] | null): ReadonlySet<string> | null {
  if (key === null && agent === null) return null;
  if (key === null || agent === null) return new Set(key ?? agent);
  return new Set(key.filter((id) => agent.includes(id)));
}
