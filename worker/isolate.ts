/** The app of one isolate: wired once, and made again over the same connections and memory when operators change the configuration. */
import type { HonoBase } from 'hono/hono-base';
import { createApp } from './app.ts';
import { loadWeights } from './core/classify/weights/load.ts';
import type { Background } from './core/ports.ts';
import { createDeps, type Deps } from './deps.ts';
import type { Env } from './env.ts';
import type { AppEnv } from './middleware/context.ts';

type App = HonoBase<AppEnv>;

let isolateDeps: Promise<Deps> | null = null;
let serving: { readonly version: number; readonly app: App } | null = null;

/** The app for a request. Throws what `createDeps` throws. */
export async function appFor(env: Env, background: Background): Promise<App> {
  const deps = await (isolateDeps ??= createDeps(env));
  const newest = deps.configs.current(background);
  const current = newest instanceof Promise ? await newest : newest;
  if (serving?.version !== current.version) serving = { version: current.version, app: createApp(withOverrides(deps, current)) };
  return serving.app;
}

/** The same isolate with another configuration. One that no longer fits what is deployed is left out, and said. */
function withOverrides(deps: Deps, { version, atMs, actor, overrides }: Awaited<ReturnType<Deps['configs']['current']>>): Deps {
  if (version === 0) return deps;
  const loaded = deps.loadWith(overrides);
  const overridden = { version, atMs, actor, mistakes: loaded.ok ? [] : loaded.failure };
  if (!loaded.ok) {
    deps.pipeline.log.write('error', 'config_overrides_refused', { version, mistakes: loaded.failure });
    return { ...deps, overridden };
  }
  const weights = loaded.value.routing.classifier.mode === 'heuristic' ? null : loadWeights();
  return { ...deps, overridden, pipeline: { ...deps.pipeline, config: loaded.value, weights } };
}
