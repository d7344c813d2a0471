/** The shipped configuration for tests in Node, with a merge patch on top where a test depends on a value. */
import { fileURLToPath, URL } from 'node:url';
import { compileConfigs, defaultProfile } from '../../../infra/config/compile.ts';
import { checkConfig } from '../../../shared/config-check.ts';
import { type Config, prepareConfig, withoutUpstreams } from '../../../shared/config-prepare.ts';
import type { ConfigTree } from '../../../shared/config.ts';
import type { DialectRegistry } from '../../../worker/core/upstreams/dialect.ts';
import { dialects as shippedDialects } from '../../../worker/core/upstreams/registry.ts';
import { mergePatch } from '../../../shared/merge-patch.ts';

const configsFolder = fileURLToPath(new URL('../../../configs', import.meta.url));
let base: ConfigTree | null = null;

/** The default profile's tree; what it says of one thing may change, what tests need they set. */
export function shippedTree(): ConfigTree {
  if (base === null) {
    const { profiles, mistakes } = compileConfigs(configsFolder);
    const tree = profiles[defaultProfile];
    if (tree === undefined) throw new Error(`the shipped configuration is broken: ${mistakes.join('; ')}`);
    base = tree;
  }
  return base;
}

/**
 * The default profile with `patch` on top; throws with every mistake when the result is not valid.
 *
 * @param present the optional upstreams that are there; none unless a test says so
 */
export function configWith(
  patch: object = {},
  dialects: DialectRegistry = shippedDialects,
  present: readonly string[] = [],
): Config {
  const checked = checkConfig(mergePatch(shippedTree(), patch), Object.keys(dialects));
  if (!checked.ok) throw new Error(checked.mistakes.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
  const { config } = checked;
  const absent = Object.keys(config.upstreams).filter((id) => config.upstreams[id]?.optional === true && !present.includes(id));
  return prepareConfig('test', withoutUpstreams(config, new Set(absent)));
}
