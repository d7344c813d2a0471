/** Every dialect there is. A new family of model servers is one file beside this one, and one line here. */
import type { HideSecrets } from '../log/known-secrets.ts';
import type { Dialect, DialectOf, DialectRegistry } from './dialect.ts';
import { createVllm } from './vllm.ts';

export const dialects: DialectRegistry = { vllm: createVllm };

/** Made once for a configuration. What that cannot hold, an unknown dialect or upstream, is a mistake of ours and throws. */
export function dialectsOf(
  upstreams: Readonly<Record<string, { readonly dialect: string }>>,
  hideSecrets: HideSecrets,
  registry: DialectRegistry = dialects,
): DialectOf {
  const made = new Map<string, Dialect>();
  for (const [upstreamId, { dialect }] of Object.entries(upstreams)) {
    const create = Object.hasOwn(registry, dialect) ? registry[dialect] : undefined;
    if (create === undefined) throw new Error(`no dialect "${dialect}" for the upstream "${upstreamId}"`);
    made.set(upstreamId, create(hideSecrets));
  }
  return (upstreamId) => {
    const dialect = made.get(upstreamId);
    if (dialect === undefined) throw new Error(`no upstream "${upstreamId}" in the configuration`);
    return dialect;
  };
}
