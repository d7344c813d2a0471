/** What the entries of `pods` and `pod_groups` say of each other and of the rest of the configuration. */
import type { ConfigMistake } from './config-mistake.ts';
import type { PodConfig } from './config-pods.ts';
import type { ConfigTree } from './config.ts';

type At = (path: readonly (string | number)[], message: string) => void;

/** @param ownVariables the gateway's own settings, whose values no provider may be sent */
export function podMistakes(config: ConfigTree, ownVariables: ReadonlySet<string>): ConfigMistake[] {
  const mistakes: ConfigMistake[] = [];
  const at: At = (path, message) => void mistakes.push({ path, message });
  const owners = new Map<string, string>();
  for (const [id, pod] of Object.entries(config.pods)) {
    pod.upstreams.forEach((name, i) => {
      const path = ['pods', id, 'upstreams', i];
      const known = Object.keys(config.upstreams);
      if (!known.includes(name))
        mistakes.push({
          path,
          message: `there is no upstream "${name}"; upstreams are ${known.join(', ')}`,
          unknown: { name, known },
        });
      const owner = owners.get(name);
      if (owner !== undefined) at(path, `"${name}" runs on ${owner} already; a server is on one pod`);
      owners.set(name, id);
      if (config.upstreams[name]?.binding !== undefined) at(path, `"${name}" is a binding of the platform, which runs on no pod`);
    });
    valuesOf(config, id, pod, ownVariables, at);
  }
  groupMistakes(config, at, mistakes);
  return mistakes;
}

function valuesOf(config: ConfigTree, id: string, pod: PodConfig, ownVariables: ReadonlySet<string>, at: At): void {
  for (const key of ['id_var', 'key_var', 'url_var'] as const)
    if (ownVariables.has(pod[key]))
      at(['pods', id, key], `${pod[key]} is a setting of the gateway, and is not sent to a provider`);
  const keysOfServers = new Set(Object.values(config.upstreams).map(({ key_var: variable }) => variable));
  if (keysOfServers.has(pod.key_var))
    at(
      ['pods', id, 'key_var'],
      `${pod.key_var} is the key of a model server; name the secret with the provider's key, such as RUNPOD_API_KEY`,
    );
  if (pod.idle_after_ms < 2 * pod.drain_ms)
    at(['pods', id, 'idle_after_ms'], `must be at least twice drain_ms (${pod.drain_ms})`);
  pod.keep_up.forEach(({ from_utc: from, until_utc: until }, i) => {
    if (from === until) at(['pods', id, 'keep_up', i], 'begins and ends at the same time; 00:00 to 23:59 is a whole day');
  });
  if (pod.while_waking === 'spill' && spillingNowhere(config, pod).length > 0)
    at(
      ['pods', id, 'while_waking'],
      `nothing to spill to: the chain of ${spillingNowhere(config, pod).join(', ')} names no model elsewhere`,
    );
}

/** Models of the pod in whose chain everything runs on the same pod. */
function spillingNowhere({ models, routing }: ConfigTree, { upstreams }: PodConfig): string[] {
  const isElsewhere = (modelId: string): boolean => models[modelId]?.upstreams.some((one) => !upstreams.includes(one)) === true;
  if (routing.last_resort !== undefined && isElsewhere(routing.last_resort.model)) return [];
  return Object.keys(models).filter((id) => !isElsewhere(id) && !(routing.chains[id] ?? []).some(isElsewhere));
}

function groupMistakes({ pods, pod_groups: groups, models }: ConfigTree, at: At, mistakes: ConfigMistake[]): void {
  const owners = new Map<string, string>();
  for (const [name, group] of Object.entries(groups)) {
    const path = ['pod_groups', name];
    group.pods.forEach((id, i) => {
      const known = Object.keys(pods);
      if (!known.includes(id))
        mistakes.push({
          path: [...path, 'pods', i],
          message: `there is no pod "${id}"; pods are ${known.join(', ')}`,
          unknown: { name: id, known },
        });
      const owner = owners.get(id);
      if (owner !== undefined) at([...path, 'pods', i], `"${id}" is in the group ${owner} already`);
      owners.set(id, name);
    });
    if (group.min > Math.min(group.max, group.pods.length))
      at([...path, 'min'], 'must not be larger than max, nor than the number of pods');
    const served = group.pods.map((id) => modelsOn(models, pods[id]?.upstreams ?? []));
    if (new Set(served).size > 1) at([...path, 'pods'], `serve different models: ${served.join('; ')}`);
  }
}

function modelsOn(models: ConfigTree['models'], upstreams: readonly string[]): string {
  const names = Object.entries(models).filter(([, model]) => model.upstreams.some((one) => upstreams.includes(one)));
  return (
    names
      .map(([name]) => name)
      .toSorted()
      .join(', ') || 'none'
  );
}
