/** `POST /v1/embeddings` in OpenAI's form: what is asked, and the answer, in which every vector is what its server wrote. */
import type { LimitsConfig } from '../../../../shared/config.ts';
import type { Failure } from '../../../../shared/errors.ts';
import { ok, type Result } from '../../../../shared/result.ts';
import type { EmbeddingTask, VectorEncoding } from '../../request/pooling-task.ts';
import { type AnswerFrame, frameEnd, frameStart } from './pooling-request.ts';
import type { PoolingSurface, ReadPooling } from './pooling-surface.ts';
import { type Body, invalid, readBody, readInputs, readModel, readTruncation, readWhole } from './read-fields.ts';
import { encodedAs, vectorLength } from '../../pooling/vectors.ts';

const fieldsRead = ['model', 'input', 'encoding_format', 'dimensions', 'truncate_prompt_tokens'];

export const embeddingsSurface: PoolingSurface = { path: '/v1/embeddings', scope: 'embeddings', read };

function read(text: string, limits: LimitsConfig): Result<ReadPooling, Failure> {
  const body = readBody(text, limits, fieldsRead);
  if (!body.ok) return body;
  const { fields, ignored } = body.value;
  const model = readModel(fields);
  if (!model.ok) return model;
  const inputs = readInputs(fields, 'input', limits);
  if (!inputs.ok) return inputs;
  const encoding = readEncoding(fields);
  if (!encoding.ok) return encoding;
  const dimensions = readWhole(fields, 'dimensions', 1, 65_536);
  if (!dimensions.ok) return dimensions;
  const truncation = readTruncation(fields);
  if (!truncation.ok) return truncation;
  const task: EmbeddingTask = {
    kind: 'embedding',
    inputs: inputs.value.inputs,
    encoding: encoding.value,
    dimensions: dimensions.value,
    truncateTokens: truncation.value,
  };
  return ok({ model: model.value, task, ignored, labels: null, write: (values, frame) => write(encoding.value, values, frame) });
}

function readEncoding({ encoding_format: format }: Body): Result<VectorEncoding, Failure> {
  if (format === undefined || format === 'float') return ok('float');
  return format === 'base64' ? ok('base64') : invalid('encoding_format', 'Expected "float" or "base64".');
}

/** Null for vectors that are none, or not all of one length. */
function write(encoding: VectorEncoding, values: readonly string[], frame: AnswerFrame): string | null {
  const lengths = new Set(values.map(vectorLength));
  if (lengths.has(null) || lengths.size > 1) return null;
  const data = values.map((raw, i) => `{"object":"embedding","index":${i},"embedding":${encodedAs(raw, encoding)}}`);
  return `{${frameStart(frame, 'embd')},"data":[${data.join(',')}],${frameEnd(frame)}}`;
}
