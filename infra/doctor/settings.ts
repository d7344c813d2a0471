/** Whether an environment of wrangler.toml could serve requests if it were deployed now, by the Worker's own rules. */
import type { ConfigTree } from '../../shared/config.ts';
import { type Env, readPods, readSettings, readTargets } from '../../worker/env.ts';
import { deploymentMistakes } from '../../worker/readiness.ts';

/** @param values the environment's vars and its secrets, by name */
export function mistakesOf(values: Readonly<Record<string, string>>, profiles: Readonly<Record<string, ConfigTree>>): string[] {
  const env = values as unknown as Env;
  const settings = readSettings(env);
  if (!settings.ok) return [...settings.failure];
  const profile = settings.value.profile ?? '';
  const config = Object.hasOwn(profiles, profile) ? profiles[profile] : undefined;
  if (config === undefined) return [`CONFIG_PROFILE is "${profile}"; profiles are ${Object.keys(profiles).join(', ')}.`];
  const { targets, mistakes } = readTargets(env, config);
  return [...mistakes, ...readPods(env, config).mistakes, ...deploymentMistakes(settings.value, [...targets.values()])];
}

/** `NAME=value` lines or a JSON object, as `wrangler deploy --secrets-file` takes them. Throws a sentence for anything else. */
export function readSecretsFile(text: string): Record<string, string> {
  if (text.trimStart().startsWith('{')) {
    const parsed: unknown = JSON.parse(text);
    return Object.fromEntries(Object.entries(Object(parsed)).map(([name, value]) => [name, String(value)]));
  }
  const secrets: Record<string, string> = {};
  for (const [i, line] of text.split('\n').entries()) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const [, name, value = ''] = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/.exec(trimmed) ?? [];
    if (name === undefined) throw new Error(`line ${i + 1}: expected NAME=value`);
    secrets[name] = value.replace(/^(['"])(.*)\1$/, '$2');
  }
  return secrets;
}
