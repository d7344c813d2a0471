/** `POST /v1/rerank` in the form of vLLM, Jina and Cohere: documents by their relevance to a query. */
import type { LimitsConfig } from '../../../../shared/config.ts';
import type { Failure } from '../../../../shared/errors.ts';
import { ok, type Result } from '../../../../shared/result.ts';
import { type AnswerFrame, frameEnd } from './pooling-request.ts';
import type { PoolingSurface, ReadPooling } from './pooling-surface.ts';
import { readBody, readDocuments, readFlag, readModel, readText, readTruncation, readWhole } from './read-fields.ts';

const fieldsRead = ['model', 'query', 'documents', 'top_n', 'return_documents', 'truncate_prompt_tokens'];

export const rerankSurface: PoolingSurface = { path: '/v1/rerank', scope: 'classify', read };

function read(text: string, limits: LimitsConfig): Result<ReadPooling, Failure> {
  const body = readBody(text, limits, fieldsRead);
  if (!body.ok) return body;
  const { fields, ignored } = body.value;
  const model = readModel(fields);
  if (!model.ok) return model;
  const query = readText(fields, 'query');
  if (!query.ok) return query;
  const documents = readDocuments(fields, limits);
  if (!documents.ok) return documents;
  const most = readWhole(fields, 'top_n', 1, 1_000_000);
  if (!most.ok) return most;
  const shows = readFlag(fields, 'return_documents', true);
  if (!shows.ok) return shows;
  const truncation = readTruncation(fields);
  if (!truncation.ok) return truncation;
  const inputs = documents.value;
  return ok({
    model: model.value,
    task: { kind: 'reranker', query: query.value, inputs, truncateTokens: truncation.value },
    ignored,
    labels: null,
    write: (values, frame) => write(values, frame, most.value ?? inputs.length, shows.value ? inputs : null),
  });
}

/** @param documents null where they are not to be repeated */
function write(values: readonly string[], frame: AnswerFrame, most: number, documents: readonly string[] | null): string {
  const ranked = values.map((raw, index) => ({ raw, index, score: Number(raw) })).toSorted((a, b) => b.score - a.score);
  const results = ranked.slice(0, most).map(({ raw, index }) => {
    const document = documents === null ? '' : `,"document":${JSON.stringify({ text: documents[index] })}`;
    return `{"index":${index},"relevance_score":${raw}${document}}`;
  });
  const id = JSON.stringify(`rerank-${frame.requestId}`);
  return `{"id":${id},"object":"list","created":${frame.created},"model":${JSON.stringify(frame.model)},"results":[${results.join(',')}],${frameEnd(frame)}}`;
}
