/** A checked configuration tree with what is looked up per request worked out once: names, and nothing that could change. */
import type { ConfigTree, ModelConfig, UpstreamConfig } from './config.ts';

export interface Config extends ConfigTree {
  readonly profile: string;
  /** The models of kind chat: what routing chooses from. */
  readonly chatModels: Readonly<Record<string, ModelConfig>>;
  /** Every name a client may use for one certain model, of whatever kind: ids and served names. */
  readonly modelIdByName: ReadonlyMap<string, string>;
  /** Aliases of aliases do not exist: a target is a model id or a reserved name. */
  readonly aliasTargets: ReadonlyMap<string, string>;
}

export function prepareConfig(profile: string, tree: ConfigTree): Config {
  const modelIdByName = new Map<string, string>();
  for (const [id, model] of Object.entries(tree.models)) modelIdByName.set(model.served_name, id);
  for (const id of Object.keys(tree.models)) modelIdByName.set(id, id);
  const chatModels = Object.fromEntries(Object.entries(tree.models).filter(([, { kind }]) => kind === 'chat'));
  const aliasTargets = new Map(Object.entries(tree.routing.aliases));
  return Object.freeze({ ...tree, profile, chatModels, modelIdByName, aliasTargets });
}

/** The model's entry. Ids come from the checked tree, so a miss is a mistake of ours and throws. */
export function modelOf(config: ConfigTree, modelId: string): ModelConfig {
  const model = config.models[modelId];
  if (model === undefined) throw new Error(`no model "${modelId}" in the configuration`);
  return model;
}

/** The upstream's entry; a miss throws, as in `modelOf`. */
export function upstreamOf(config: ConfigTree, upstreamId: string): UpstreamConfig {
  const upstream = config.upstreams[upstreamId];
  if (upstream === undefined) throw new Error(`no upstream "${upstreamId}" in the configuration`);
  return upstream;
}
