/** The part of the configuration that health decides by: thresholds, which model runs on which upstream behind which tunnel, and the chains. */
import type { ConfigTree, RoutingConfig } from '../../../shared/config.ts';

/** A model on one of its upstreams: the thing that is up or down. */
export interface Instance {
  readonly modelId: string;
  readonly upstreamId: string;
  readonly tunnelId: string;
  /** The name to look for in the server's `/v1/models`. */
  readonly servedName: string;
}

export type HealthRules = RoutingConfig['health'];

export interface HealthConfig {
  readonly rules: HealthRules;
  readonly instances: readonly Instance[];
  /** Fallback models by model; needed only to mark the last path of each chain. */
  readonly chains: Readonly<Record<string, readonly string[]>>;
}

/** Reads the health configuration out of a checked tree. */
export function healthConfig(tree: Pick<ConfigTree, 'models' | 'upstreams' | 'routing'>): HealthConfig {
  const instances = Object.entries(tree.models).flatMap(([modelId, model]) =>
    model.upstreams.map((upstreamId) => ({
      modelId,
      upstreamId,
      tunnelId: tree.upstreams[upstreamId]?.tunnel ?? 'main',
      servedName: model.served_name,
    })),
  );
  return { rules: tree.routing.health, instances, chains: tree.routing.chains };
}
