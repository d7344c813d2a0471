/** The configuration of one isolate: the chosen profile with `CONFIG_OVERRIDES` on top, checked and prepared. */
import { checkConfig } from '../shared/config-check.ts';
import { type Config, prepareConfig } from '../shared/config-prepare.ts';
import type { ConfigTree } from '../shared/config.ts';
import { mergePatch } from '../shared/merge-patch.ts';
import { fail, ok, type Result } from '../shared/result.ts';

/**
 * @param profiles the compiled profiles (worker/generated/config.ts)
 * @param overrides a JSON merge patch, untrusted, or null
 * @param dialects the names that an upstream's dialect may have
 * @returns the configuration, or one sentence per mistake
 */
export function loadConfig(
  profiles: Readonly<Record<string, ConfigTree>>,
  profile: string,
  overrides: unknown,
  dialects: readonly string[],
): Result<Config, readonly string[]> {
  const base = Object.hasOwn(profiles, profile) ? profiles[profile] : undefined;
  if (base === undefined) {
    return fail([`CONFIG_PROFILE is "${profile}"; profiles are ${Object.keys(profiles).join(', ')}.`]);
  }
  if (overrides === null) return ok(prepareConfig(profile, base));
  const checked = checkConfig(mergePatch(base, overrides), dialects);
  if (checked.ok) return ok(prepareConfig(profile, checked.config));
  return fail(checked.mistakes.map(({ path, message }) => `CONFIG_OVERRIDES: ${path.join('.') || '(root)'}: ${message}`));
}
