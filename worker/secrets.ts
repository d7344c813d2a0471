/** Which of a deployment's vars and bindings hold secrets: no log and no answer may show their values. */
import type { ConfigTree } from '../shared/config.ts';
import { type Env, headerPairs, readText } from './env.ts';

const secretName = /TOKEN|SECRET|PASSWORD|KEY|CLIENT_ID|OTLP_HEADERS|DATABASE_URL/;

/**
 * The values that no log and no answer may hold: of every variable that is named like a secret, or that a configuration names as one,
 * also where the set-up has mistakes.
 */
export function secretsIn(env: Env, profiles: Readonly<Record<string, ConfigTree>> = {}): string[] {
  const named = new Set([...Object.values(profiles), overridesIn(env)].flatMap(keyVariablesIn));
  const password = env.HYPERDRIVE?.password ?? null;
  const texts = Object.entries(env).flatMap(([name, value]) =>
    (secretName.test(name) || named.has(name)) && typeof value === 'string' ? [value.trim(), ...valuesIn(name, value)] : [],
  );
  return password === null ? texts : [...texts, password];
}

/** Each header, and the password of an address, may stand in a log by itself as well. */
function valuesIn(name: string, value: string): string[] {
  if (name === 'OTLP_HEADERS') return (headerPairs(value) ?? []).map(([, header]) => header);
  const { password = '' } = name === 'DATABASE_URL' ? (URL.parse(value) ?? {}) : {};
  return password === '' ? [] : [decodeURIComponent(password)];
}

/** Null where there are none that could be read. */
function overridesIn(env: Env): unknown {
  try {
    return JSON.parse(readText(env, 'CONFIG_OVERRIDES') ?? 'null');
  } catch {
    return null;
  }
}

/** The `key_var` of every upstream and pod, in a tree that nobody has checked. */
function keyVariablesIn(tree: unknown): unknown[] {
  const { upstreams, pods } = Object(tree);
  return [upstreams, pods].flatMap((entries) => Object.values(Object(entries)).map((one) => Object(one)['key_var']));
}
