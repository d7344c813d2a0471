/**
 * Vectors, labels and relevance by the wire of vLLM's pooling servers. `/v1/embeddings` is OpenAI's, so any compatible server serves it. Values
 * are passed on as the characters they came in.
 */
import { fail, ok } from '../../../shared/result.ts';
import { elementsAt, membersAt, type Span, startOf } from '../json/raw-values.ts';
import { asObject } from '../json/view.ts';
import { isValue } from '../pooling/values.ts';
import type { PoolingTask } from '../request/pooling-task.ts';
import type { EncodedCall, PoolingAnswer, PoolingDialect, ReportedUsage } from './dialect.ts';
import { noAnswer, type UpstreamFailure } from './transport-failure.ts';

/** The members of one entry that are its value; the number of its input stands beside them as `index`. */
const wires = {
  embedding: { path: '/v1/embeddings', list: 'data', value: ['embedding'] },
  classifier: { path: '/classify', list: 'data', value: ['label', 'probs', 'num_classes'] },
  reranker: { path: '/v1/rerank', list: 'results', value: ['relevance_score'] },
} as const;

/** @param readError the error in a body that is no answer; null without one */
export function createPooling(readError: (body: unknown) => UpstreamFailure | null): PoolingDialect {
  return {
    encode: (task, servedName) => ok(encode(task, servedName)),
    read(task, text) {
      const answer = readAnswer(task, text);
      return answer === null ? fail(readFailure(text, readError)) : ok(answer);
    },
  };
}

function encode(task: PoolingTask, servedName: string): EncodedCall {
  const truncated = task.truncateTokens === null ? {} : { truncate_prompt_tokens: task.truncateTokens };
  const { path } = wires[task.kind];
  if (task.kind === 'reranker')
    return { path, body: { model: servedName, query: task.query, documents: task.inputs, ...truncated } };
  const body = { model: servedName, input: task.inputs, ...truncated };
  if (task.kind === 'classifier') return { path, body };
  const shortened = task.dimensions === null ? {} : { dimensions: task.dimensions };
  return { path, body: { ...body, encoding_format: task.encoding, ...shortened } };
}

/** Null unless every input has its value. */
function readAnswer(task: PoolingTask, text: string): PoolingAnswer | null {
  const wire = wires[task.kind];
  const root = membersAt(text, startOf(text));
  const list = root?.get(wire.list);
  if (root === null || list === undefined) return null;
  const values: string[] = [];
  for (const [position, { from }] of (elementsAt(text, list.from) ?? []).entries()) {
    const entry = membersAt(text, from);
    const at = entry === null ? null : (numberAt(text, entry.get('index')) ?? position);
    const value = entry === null ? null : valueOf(text, entry, wire.value);
    if (at === null || value === null || !(at in task.inputs) || values[at] !== undefined) return null;
    if (!isValue(task.kind, value)) return null;
    values[at] = value;
  }
  return Object.keys(values).length === task.inputs.length ? { values, usage: usageOf(text, root.get('usage')) } : null;
}

/** The member itself where there is one, else an object of them. */
function valueOf(text: string, entry: ReadonlyMap<string, Span>, names: readonly string[]): string | null {
  const raws = names.map((name) => rawOf(text, entry.get(name)));
  if (raws.length === 1) return raws[0] ?? null;
  return raws.includes(null) ? null : `{${names.map((name, i) => `"${name}":${raws[i]}`).join(',')}}`;
}

function rawOf(text: string, span: Span | undefined): string | null {
  return span === undefined ? null : text.slice(span.from, span.to);
}

function numberAt(text: string, span: Span | undefined): number | null {
  const raw = rawOf(text, span);
  return raw !== null && /^\d{1,9}$/.test(raw) ? Number(raw) : null;
}

function usageOf(text: string, span: Span | undefined): ReportedUsage | null {
  const usage = asObject(parsed(rawOf(text, span)));
  if (usage === null) return null;
  return {
    promptTokens: usage['prompt_tokens'] ?? usage['total_tokens'],
    completionTokens: 0,
    cachedTokens: null,
    reasoningTokens: null,
  };
}

const maxErrorChars = 65_536;

function readFailure(text: string, readError: (body: unknown) => UpstreamFailure | null): UpstreamFailure {
  return (text.length > maxErrorChars ? null : readError(parsed(text))) ?? noAnswer;
}

function parsed(text: string | null): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return null;
  }
}
