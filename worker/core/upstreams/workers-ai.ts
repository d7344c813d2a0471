/**
 * Cloudflare's own models behind a binding, by their documented shapes: vectors and relevance in batches, labels one text at a time. A call's path is the
 * model's name, its body the model's input. Chats are not asked for here (`config-check.ts`).
 */
import { fail, ok, type Result } from '../../../shared/result.ts';
import type { Failure } from '../../../shared/errors.ts';
import { elementsAt, membersAt, type Span, startOf } from '../json/raw-values.ts';
import type { HideSecrets } from '../log/known-secrets.ts';
import { isValue } from '../pooling/values.ts';
import type { PoolingTask } from '../request/pooling-task.ts';
import type { Dialect, EncodedCall, PoolingAnswer } from './dialect.ts';
import { noAnswer } from './transport-failure.ts';
import { createVllm } from './vllm.ts';

export function createWorkersAi(hideSecrets: HideSecrets): Dialect {
  return {
    ...createVllm(hideSecrets),
    headers: () => ({}),
    // The platform lists no models to a binding: it is there or it is not.
    probe: { models: { path: '', read: () => null }, load: null },
    pooling: {
      encode,
      read(task, text) {
        const values = valuesOf(task, text);
        const isWhole = values !== null && values.length === task.inputs.length && values.every((raw) => isValue(task.kind, raw));
        return isWhole ? ok({ values, usage: null } satisfies PoolingAnswer) : fail(noAnswer);
      },
    },
  };
}

function encode(task: PoolingTask, servedName: string): Result<EncodedCall, Failure> {
  const texts = task.inputs.filter((input) => typeof input === 'string');
  if (texts.length < task.inputs.length) return unsupported('input', 'Workers AI takes texts, not tokens.');
  if (task.truncateTokens !== null && task.truncateTokens !== -1)
    return unsupported('truncate_prompt_tokens', 'Workers AI cuts texts at the length that its model has room for.');
  if (task.kind === 'reranker') {
    const contexts = texts.map((text) => ({ text }));
    return ok({ path: servedName, body: { query: task.query, contexts, top_k: contexts.length } });
  }
  if (task.kind === 'classifier') {
    const [text, ...more] = texts;
    if (more.length > 0) return unsupported('input', 'Workers AI classifies one text a call: batch.max_inputs has to be 1.');
    return ok({ path: servedName, body: { text } });
  }
  // BGE's own way. Vectors of the platform's default, `mean`, cannot be compared with it.
  return ok({ path: servedName, body: { text: texts, pooling: 'cls' } });
}

function unsupported(param: string, detail: string): Result<never, Failure> {
  return fail({ code: 'unsupported_parameter', param, detail });
}

/** By input; the list stands at the root of a binding's answer, and under `result` in one over HTTP. */
function valuesOf(task: PoolingTask, text: string): readonly string[] | null {
  const at = startOf(text);
  const root = membersAt(text, at);
  const result = root?.get('result');
  const members = result === undefined ? root : membersAt(text, result.from);
  const slice = ({ from, to }: Span): string => text.slice(from, to);
  if (task.kind === 'classifier') return labelled((elementsAt(text, result?.from ?? at) ?? []).map(slice));
  const list = members?.get(task.kind === 'embedding' ? 'data' : 'response');
  const elements = list === undefined ? null : elementsAt(text, list.from);
  if (elements === null) return null;
  return task.kind === 'embedding'
    ? elements.map(slice)
    : ranked(
        elements.map((span) => membersAt(text, span.from)),
        slice,
      );
}

function ranked(entries: readonly (ReadonlyMap<string, Span> | null)[], slice: (span: Span) => string): string[] | null {
  const values: string[] = [];
  for (const entry of entries) {
    const [id, score] = [entry?.get('id'), entry?.get('score')];
    if (id === undefined || score === undefined || !/^\d{1,9}$/.test(slice(id))) return null;
    values[Number(slice(id))] = slice(score);
  }
  return Object.keys(values).length === values.length ? values : null;
}

/** One text's labels, each with its score, in vLLM's form. */
function labelled(entries: readonly string[]): string[] | null {
  const scores = entries.map((raw): { label?: unknown; score?: unknown } => Object(parsed(raw)));
  const probs = scores.map(({ score }) => (typeof score === 'number' ? score : Number.NaN));
  const best = scores[probs.indexOf(Math.max(...probs))];
  if (best === undefined) return null;
  const labels = scores.map(({ label }) => label);
  return [JSON.stringify({ label: best.label, labels, probs, num_classes: probs.length })];
}

function parsed(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return null;
  }
}
