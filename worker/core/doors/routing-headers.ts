/** What the headers of every routed answer say of its way, errors included. */
import { headerNames } from '../../../shared/headers.ts';
import { encodeMetadataHeader, type ShownRouting } from '../../../shared/routing-metadata.ts';

export function routingHeaders(metadata: ShownRouting): readonly (readonly [name: string, value: string])[] {
  const { cache, cache_age_seconds: ageSeconds } = metadata;
  return [
    [headerNames.routingMetadata, encodeMetadataHeader(metadata)],
    [headerNames.cache, cache],
    ...(ageSeconds === undefined ? [] : [[headerNames.age, String(ageSeconds)] as const]),
  ];
}
