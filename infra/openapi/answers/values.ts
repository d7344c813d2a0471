/** Values that several answers share. */
import * as z from 'zod';
import { intentIds, modelKindIds, strategyIds, tierIds } from '../../../shared/config-values.ts';
import { type ErrorCode, type ErrorEnvelope, errors } from '../../../shared/errors.ts';
import { cacheLevelIds, cacheStateIds } from '../../../shared/records.ts';
import type { PoolingMetadata, RoutingMetadata } from '../../../shared/routing-metadata.ts';
import { describes } from './same-type.ts';

export const time = z.iso.datetime();
export const count = z.int().nonnegative();
export const tier = z.enum(tierIds);
export const intent = z.enum(intentIds);
export const strategy = z.enum(strategyIds);
export const kind = z.enum(modelKindIds);
export const cacheState = z.enum(cacheStateIds);
export const errorCode = z.enum(Object.keys(errors) as [ErrorCode, ...ErrorCode[]]);
/** A part of the configuration, as docs/configuration.md describes it. */
export const settings = z.record(z.string(), z.unknown());

export const listOf = <Item extends z.ZodType>(item: Item) => z.object({ object: z.literal('list'), data: z.array(item) });

export const ErrorAnswer = describes<ErrorEnvelope>()(
  z.object({ error: z.object({ message: z.string(), type: z.string(), param: z.string().nullable(), code: errorCode }) }),
);

export const Routing = describes<RoutingMetadata>()(
  z.object({
    model_id: z.string().nullable(),
    model_name: z.string().nullable(),
    tier,
    intent,
    score: z.number(),
    confidence: z.number(),
    reason: z.string(),
    strategy,
    fallback_used: z.boolean(),
    primary_model: z.string().optional(),
    escalated: z.boolean(),
    experiment: z.string().optional(),
    attempts: count,
    cache: cacheState,
    cache_age_seconds: z.number().optional(),
    cache_level: z.enum(cacheLevelIds).optional(),
    ignored: z.array(z.string()).optional(),
    rescued: count.optional(),
    warnings: z.array(z.string()).optional(),
    total_time_seconds: z.number().optional(),
  }),
);

export const PoolingRouting = describes<PoolingMetadata>()(
  z.object({
    kind,
    model_id: z.string().nullable(),
    model_name: z.string().nullable(),
    reason: z.string(),
    fallback_used: z.boolean(),
    primary_model: z.string().optional(),
    attempts: count,
    cache: cacheState,
    cache_age_seconds: z.number().optional(),
    cache_level: z.enum(cacheLevelIds).optional(),
    ignored: z.array(z.string()).optional(),
  }),
);
