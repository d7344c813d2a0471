/** The configuration of one isolate: the chosen profile, `CONFIG_OVERRIDES` and what was changed at run time on top, checked and prepared. */
import { configChanges, fixedMistakes } from '../shared/config-changes.ts';
import { checkConfig, type ConfigMistake } from '../shared/config-check.ts';
import { type Config, prepareConfig, withoutPods, withoutUpstreams } from '../shared/config-prepare.ts';
import type { PodConfig } from '../shared/config-pods.ts';
import type { ConfigTree, UpstreamConfig } from '../shared/config.ts';
import { mergePatch } from '../shared/merge-patch.ts';
import { fail, ok, type Result } from '../shared/result.ts';

/**
 * @param profiles the compiled profiles (worker/generated/config.ts)
 * @param overrides a JSON merge patch, untrusted, or null
 * @param dialects the names that an upstream's dialect may have
 * @param isSet whether this deployment has the upstream's address or binding; an optional one without it is left out
 * @param hasPod whether it has a pod's id; others are left out
 * @param runtime a second merge patch, untrusted, for what may change while the gateway runs, or null
 * @returns the configuration, or one sentence per mistake
 */
export function loadConfig(
  profiles: Readonly<Record<string, ConfigTree>>,
  profile: string,
  overrides: unknown,
  dialects: readonly string[],
  isSet: (upstream: UpstreamConfig) => boolean = () => true,
  runtime: unknown = null,
  hasPod: (pod: PodConfig) => boolean = () => true,
): Result<Config, readonly string[]> {
  const base = Object.hasOwn(profiles, profile) ? profiles[profile] : undefined;
  if (base === undefined) {
    return fail([`CONFIG_PROFILE is "${profile}"; profiles are ${Object.keys(profiles).join(', ')}.`]);
  }
  const deployed = patched(base, overrides, dialects);
  if (!deployed.ok) return fail(deployed.failure.map((mistake) => `CONFIG_OVERRIDES: ${sentenceOf(mistake)}`));
  const changed = patched(deployed.value, runtime, dialects);
  if (!changed.ok) return fail(changed.failure.map(sentenceOf));
  const fixed = runtime === null ? [] : fixedMistakes(configChanges(deployed.value, changed.value));
  if (fixed.length > 0) return fail(fixed);
  const present = withoutUpstreams(changed.value, absentIn(changed.value, isSet));
  const absentPods = Object.entries(present.pods).filter(([, pod]) => !hasPod(pod) || pod.upstreams.length === 0);
  return ok(prepareConfig(profile, withoutPods(present, new Set(absentPods.map(([id]) => id)))));
}

function patched(tree: ConfigTree, patch: unknown, dialects: readonly string[]): Result<ConfigTree, readonly ConfigMistake[]> {
  if (patch === null) return ok(tree);
  const checked = checkConfig(mergePatch(tree, patch), dialects);
  return checked.ok ? ok(checked.config) : fail(checked.mistakes);
}

function sentenceOf({ path, message }: ConfigMistake): string {
  return `${path.join('.') || '(root)'}: ${message}`;
}

function absentIn({ upstreams }: ConfigTree, isSet: (upstream: UpstreamConfig) => boolean): ReadonlySet<string> {
  const absent = Object.entries(upstreams).filter(([, upstream]) => upstream.optional && !isSet(upstream));
  return new Set(absent.map(([id]) => id));
}
