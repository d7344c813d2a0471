/** A checked configuration tree with the look-up tables that requests need, built once. */
import type { ConfigTree, ModelConfig, ModelKind, UpstreamConfig } from './config.ts';

export interface Config extends ConfigTree {
  readonly profile: string;
  /** The models of kind chat: what routing chooses from. */
  readonly chatModels: Readonly<Record<string, ModelConfig>>;
  /** In the order of the configuration: without a name in a request the first of its kind is asked. */
  readonly modelIdsByKind: Readonly<Record<ModelKind, readonly string[]>>;
  /** Every name a client may use for one model, of any kind: ids and served names. */
  readonly modelIdByName: ReadonlyMap<string, string>;
  /** Aliases of aliases do not exist: a target is a model id or a reserved name. */
  readonly aliasTargets: ReadonlyMap<string, string>;
  /** The rented pods that a model runs on, of those that have any. */
  readonly podIdsByModel: ReadonlyMap<string, readonly string[]>;
}

export function prepareConfig(profile: string, tree: ConfigTree): Config {
  const modelIdByName = new Map<string, string>();
  for (const [id, model] of Object.entries(tree.models)) modelIdByName.set(model.served_name, id);
  for (const id of Object.keys(tree.models)) modelIdByName.set(id, id);
  const chatModels = Object.fromEntries(Object.entries(tree.models).filter(([, { kind }]) => kind === 'chat'));
  const aliasTargets = new Map(Object.entries(tree.routing.aliases));
  const podIdsByModel = podsByModel(tree);
  return Object.freeze({
    ...tree,
    profile,
    chatModels,
    modelIdsByKind: idsByKind(tree),
    modelIdByName,
    aliasTargets,
    podIdsByModel,
  });
}

function podsByModel({ models, pods }: ConfigTree): Config['podIdsByModel'] {
  const all = Object.entries(models).map(([modelId, { upstreams }]) => {
    const ids = Object.entries(pods).filter(([, pod]) => pod.upstreams.some((upstreamId) => upstreams.includes(upstreamId)));
    return [modelId, ids.map(([id]) => id)] as const;
  });
  return new Map(all.filter(([, ids]) => ids.length > 0));
}

/** The tree without these pods, as if nobody had configured them: their servers are taken as they are. */
export function withoutPods<Tree extends ConfigTree>(tree: Tree, absent: ReadonlySet<string>): Tree {
  if (absent.size === 0) return tree;
  const isLeft = (id: string): boolean => !absent.has(id);
  const groups = mapEntries(
    tree.pod_groups,
    () => true,
    (group) => ({ ...group, pods: group.pods.filter(isLeft) }),
  );
  return {
    ...tree,
    pods: mapEntries(tree.pods, isLeft, (pod) => pod),
    pod_groups: Object.fromEntries(Object.entries(groups).filter(([, { pods }]) => pods.length > 0)),
  };
}

function idsByKind({ models }: ConfigTree): Config['modelIdsByKind'] {
  const ids: Record<ModelKind, string[]> = { chat: [], embedding: [], classifier: [], reranker: [] };
  for (const [id, { kind }] of Object.entries(models)) ids[kind].push(id);
  return ids;
}

/**
 * The tree without these upstreams, and without the models that run nowhere else: they are in no list, chain or alias, as if nobody had
 * configured them. Chat models always keep one (`config-check.ts`).
 */
export function withoutUpstreams<Tree extends ConfigTree>(tree: Tree, absent: ReadonlySet<string>): Tree {
  if (absent.size === 0) return tree;
  const isLeft = (upstreamId: string): boolean => !absent.has(upstreamId);
  const left = Object.entries(tree.models)
    .map(([id, model]) => [id, { ...model, upstreams: model.upstreams.filter(isLeft) }] as const)
    .filter(([, { upstreams }]) => upstreams.length > 0);
  const models = Object.fromEntries(left);
  const isThere = (name: string): boolean => !Object.hasOwn(tree.models, name) || Object.hasOwn(models, name);
  const { chains, aliases, agents } = tree.routing;
  return {
    ...tree,
    upstreams: Object.fromEntries(Object.entries(tree.upstreams).filter(([id]) => isLeft(id))),
    models,
    pods: mapEntries(
      tree.pods,
      () => true,
      (pod) => ({ ...pod, upstreams: pod.upstreams.filter(isLeft) }),
    ),
    routing: {
      ...tree.routing,
      chains: mapEntries(chains, isThere, (chain) => chain.filter(isThere)),
      aliases: Object.fromEntries(Object.entries(aliases).filter(([, target]) => isThere(target))),
      agents: mapEntries(
        agents,
        () => true,
        (agent) => {
          const { allowed_models: allowed } = agent;
          return allowed === undefined ? agent : { ...agent, allowed_models: allowed.filter(isThere) };
        },
      ),
    },
  };
}

function mapEntries<One>(
  entries: Readonly<Record<string, One>>,
  isKept: (key: string) => boolean,
  change: (one: One) => One,
): Record<string, One> {
  const kept = Object.entries(entries).filter(([key]) => isKept(key));
  return Object.fromEntries(kept.map(([key, one]) => [key, change(one)]));
}

/** The model's entry. Ids come from the checked tree, so a miss is a bug and throws. */
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
