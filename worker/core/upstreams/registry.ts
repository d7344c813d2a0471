/** Every dialect. A new family of model servers is one file in this folder and one line here. */
import type { HideSecrets } from '../log/known-secrets.ts';
import { createAnthropic } from './anthropic.ts';
import type { Dialect, DialectOf, DialectRegistry, WireOptions } from './dialect.ts';
import { createOpenAi } from './openai.ts';
import { createVllm } from './vllm.ts';
import { createWorkersAi } from './workers-ai.ts';

export const dialects: DialectRegistry = {
  vllm: createVllm,
  openai: createOpenAi,
  anthropic: createAnthropic,
  workers_ai: createWorkersAi,
};

/** Built once per configuration. An unknown dialect or upstream cannot pass its check, so it is a bug and throws. */
export function dialectsOf(
  upstreams: Readonly<Record<string, { readonly dialect: string; readonly wire?: WireOptions | undefined }>>,
  hideSecrets: HideSecrets,
  registry: DialectRegistry = dialects,
): DialectOf {
  const made = new Map<string, Dialect>();
  for (const [upstreamId, { dialect, wire }] of Object.entries(upstreams)) {
    const create = Object.hasOwn(registry, dialect) ? registry[dialect] : undefined;
    if (create === undefined) throw new Error(`no dialect "${dialect}" for the upstream "${upstreamId}"`);
    made.set(upstreamId, create(hideSecrets, wire ?? {}));
  }
  return (upstreamId) => {
    const dialect = made.get(upstreamId);
    if (dialect === undefined) throw new Error(`no upstream "${upstreamId}" in the configuration`);
    return dialect;
  };
}
