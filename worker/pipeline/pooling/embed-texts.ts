/** Vectors for texts of the gateway's own use, on a caller's key: limits, budgets, cost and ledger as if the caller had asked for them. */
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import type { PoolingMetadata } from '../../../shared/routing-metadata.ts';
import { floatsOf, vectorLength } from '../../core/pooling/vectors.ts';
import type { Caller } from '../run/asked.ts';
import type { PipelineDeps } from '../run/deps.ts';
import { pool, type PoolingFailure } from './pool.ts';

export interface InternalOptions {
  /** A configured id, a served name or an alias; the deployment's first of the kind without one. */
  readonly model?: string;
  /** Ends all calls; the caller's own signal does so too. */
  readonly signal?: AbortSignal;
}

/** What went wrong, and which model it was asked of as far as that was known. */
export type RoutedFailure = Failure & { readonly routing?: PoolingMetadata | null };

export interface EmbeddedTexts {
  /** One for each text, in their order, all of one length. */
  readonly vectors: readonly Float32Array[];
  readonly modelId: string;
  readonly promptTokens: number;
  readonly costNanoUsd: number;
}

/**
 * Booked as a request of its own, under the caller's request id with an ending of this one. Any number of texts: they are split as a client's.
 * Texts longer than the model's context are cut.
 *
 * @param name what tells this request from others of the same caller, such as `query`
 */
export async function embedTexts(
  deps: PipelineDeps,
  caller: Caller,
  texts: readonly string[],
  { model, signal, name = 'embed' }: InternalOptions & { readonly name?: string } = {},
): Promise<Result<EmbeddedTexts, RoutedFailure>> {
  const task = { kind: 'embedding', inputs: texts, encoding: 'base64', dimensions: null, truncateTokens: -1 } as const;
  const ask = { model: model ?? null, task, ignored: [], labels: null, text: JSON.stringify(texts) };
  const pooled = await pool(deps, onBehalfOf(caller, name, signal), ask);
  if (!pooled.ok) return fail(routed(pooled.failure));
  const { values, modelId, promptTokens, costNanoUsd } = pooled.value;
  if (values.some((value) => vectorLength(value) === null)) return fail({ code: 'upstream_invalid_answer' });
  return ok({ vectors: values.map(floatsOf), modelId, promptTokens, costNanoUsd });
}

export function routed({ failure, metadata }: PoolingFailure): RoutedFailure {
  return { ...failure, routing: metadata };
}

/** The caller, asking for something else than its own request. */
export function onBehalfOf(caller: Caller, name: string, signal: AbortSignal | undefined): Caller {
  return {
    ...caller,
    requestId: `${caller.requestId}-${name}`,
    signal: signal === undefined ? caller.signal : AbortSignal.any([caller.signal, signal]),
    // The trace is the caller's request's, which goes on after this.
    trace: null,
    idempotency: null,
    isResumable: false,
  };
}
