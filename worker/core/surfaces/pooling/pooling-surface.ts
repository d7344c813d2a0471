/** A public wire whose answers are vectors, labels or relevance: one body in, one body out. */
import type { LimitsConfig } from '../../../../shared/config.ts';
import type { Failure } from '../../../../shared/errors.ts';
import type { Scope } from '../../../../shared/key-bodies.ts';
import type { Result } from '../../../../shared/result.ts';
import type { PoolingTask } from '../../request/pooling-task.ts';
import type { AnswerFrame, PoolingRequest } from './pooling-request.ts';

export interface PoolingSurface {
  readonly path: string;
  /** What a key must be allowed to do. */
  readonly scope: Extract<Scope, 'embeddings' | 'classify'>;
  /** @param text the body, at most `limits.max_body_bytes` long */
  read(text: string, limits: LimitsConfig): Result<ReadPooling, Failure>;
}

export interface ReadPooling extends PoolingRequest<PoolingTask> {
  /** The body of the answer, one JSON text; null for values that make none. @param values as the model's server wrote them, one for each input */
  write(values: readonly string[], frame: AnswerFrame): string | null;
}
