/** What a client is told about the way of a request for vectors, labels or relevance: the part of a chat's that means something here. */
import { modelOf } from '../../../shared/config-prepare.ts';
import type { PoolingMetadata } from '../../../shared/routing-metadata.ts';
import { reasonOf } from '../run/metadata.ts';
import { isAnsweredByFallback, type Run } from '../run/run.ts';

export function poolingMetadata(run: Run): PoolingMetadata {
  const { deps, asked, tried, client } = run;
  const { decision } = tried.route;
  const modelId = client.servedModelId ?? decision.modelId;
  const isFallback = isAnsweredByFallback(run);
  return {
    kind: asked.pooled?.kind ?? 'chat',
    model_id: modelId,
    model_name: modelId === null ? null : modelOf(deps.config, modelId).served_name,
    reason: reasonOf(run),
    fallback_used: isFallback,
    ...(isFallback && decision.primaryModelId !== null ? { primary_model: decision.primaryModelId } : {}),
    attempts: tried.calls,
    cache: client.cache.state,
    ...(client.cache.ageMs === null ? {} : { cache_age_seconds: Math.floor(client.cache.ageMs / 1000) }),
    ...(client.cache.level === null ? {} : { cache_level: client.cache.level }),
    ...(asked.ignored.length > 0 ? { ignored: asked.ignored } : {}),
  };
}
