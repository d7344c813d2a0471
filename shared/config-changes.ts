/**
 * What differs between two configurations, and which differences a running gateway cannot take: what Durable Objects and an isolate's
 * lasting connections were set up with changes with a deployment only.
 */
import type { Config } from './config-prepare.ts';
import type { ConfigTree } from './config.ts';
import { isObject } from './is-object.ts';

export interface ConfigChange {
  /** Keys from the root of the tree. */
  readonly path: readonly string[];
  /** Undefined where the key is not there. Lists are compared whole. */
  readonly from: unknown;
  readonly to: unknown;
}

/** Every value that differs, in the order of the keys. */
export function configChanges(from: unknown, to: unknown, path: readonly string[] = []): ConfigChange[] {
  if (isObject(from) && isObject(to)) {
    const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])];
    return keys.flatMap((key) => configChanges(from[key], to[key], [...path, key]));
  }
  return JSON.stringify(from) === JSON.stringify(to) ? [] : [{ path, from, to }];
}

/** The tree of a prepared configuration, without what was worked out from it. */
export function treeOf(config: Config): ConfigTree {
  const {
    profile: _,
    chatModels: _chat,
    modelIdsByKind: _ids,
    modelIdByName: _names,
    aliasTargets: _aliases,
    podIdsByModel: _pods,
    ...tree
  } = config;
  return tree;
}

/** `*` is any one key. Why each is fixed is what the operator reads. */
const fixedKeys: readonly (readonly [path: readonly string[], why: string])[] = [
  [['upstreams'], 'addresses, keys and probes of model servers are set up when an isolate starts'],
  [['models', '*', 'upstreams'], 'the health object probes by it'],
  [['models', '*', 'kind'], 'the health object probes by it'],
  [['models', '*', 'served_name'], 'the health object probes by it'],
  [['models', '*', 'max_in_flight'], 'the admission object counts by it'],
  [['models', '*', 'prefill'], 'the admission object counts by it'],
  [['routing', 'health'], 'the health object was set up with it'],
  [['routing', 'admission'], 'the admission objects were set up with it'],
  [['routing', 'sessions'], 'the session objects were set up with it'],
  [['routing', 'learning', 'enabled'], 'an isolate is connected to what is learned when it starts'],
  [['routing', 'learning', 'daily_budget_usd'], 'the learning object counts by it'],
  [['routing', 'learning', 'train_every_ms'], 'the learning object trains by it'],
  [['routing', 'classifier', 'reference'], 'the ledger object watches drift against it'],
  [['limits', 'ledger_shards'], 'it decides which object holds what'],
  [['limits', 'unknown_keys_per_second'], 'an isolate counts by it from its start'],
  [['pods'], 'the health object starts and stops them by it'],
  [['pod_groups'], 'the health object starts and stops them by it'],
  [['rag'], 'collections of documents were set up with it'],
  [['request_log'], 'the objects and the queue of its rows were set up with it'],
  [['cache', 'database'], 'the connection to the database was set up with it'],
];

/** One sentence per change that needs a deployment; none when all may be made at run time. */
export function fixedMistakes(changes: readonly ConfigChange[]): string[] {
  return changes.flatMap(({ path, from, to }) => {
    const name = path.join('.');
    if (path[0] === 'models' && path.length === 2)
      return [
        `${name}: a model cannot be ${from === undefined ? 'added' : to === undefined ? 'removed' : 'replaced'} at run time; change configs/ and deploy.`,
      ];
    const fixed = fixedKeys.find(([known]) => known.every((step, depth) => step === '*' || step === path[depth]));
    return fixed === undefined ? [] : [`${name}: cannot change at run time: ${fixed[1]}; change configs/ and deploy.`];
  });
}
