/** What a pooling server answers, in vLLM's shapes and with numbers written as Python writes them. */
import { badValue, vllmError, vllmWords } from '../flavours/vllm-words.ts';
import { isRecord } from '../json.ts';
import type { ModelServerOptions } from '../options.ts';
import type { Refusal } from '../refusal.ts';
import { countTokens as countTextTokens } from '../tokens.ts';
import { type Result, fail, ok } from '../../../shared/result.ts';
import { classify } from './classify.ts';
import { cosine, embed, nativeDimensions, wordsOf } from './embed.ts';

type Input = string | readonly number[];

export interface PoolingBody {
  /** Null for vectors and labels. */
  readonly query: string | null;
  readonly inputs: readonly Input[];
  readonly encoding: 'float' | 'base64';
  readonly dimensions: number | null;
  readonly truncateTokens: number | null;
  readonly topN: number | null;
}

export interface Head {
  readonly id: string;
  readonly servedName: string;
  readonly promptTokens: number;
}

export function readPooling(
  path: string,
  body: Record<string, unknown>,
  options: ModelServerOptions,
): Result<PoolingBody, Refusal> {
  const encoding = body['encoding_format'] ?? 'float';
  if (encoding !== 'float' && encoding !== 'base64')
    return fail(
      vllmWords.invalid([
        { type: 'literal_error', loc: 'body.encoding_format', message: "Input should be 'float', 'base64'", input: encoding },
      ]),
    );
  const query = queryOf(path, body);
  const inputs = inputsOf(path, body);
  if (inputs === null)
    return fail(
      vllmError(
        400,
        'Bad Request',
        "1 validation error:\n  {'type': 'missing', 'loc': 'body.input', 'msg': 'Field required'}",
        'body.input',
      ),
    );
  if (inputs.some((input) => typeof input === 'string' && input === '') && options.kind === 'classifier')
    return fail(badValue('Input cannot be empty for classification', null));
  const [dimensions, truncateTokens, topN] = ['dimensions', 'truncate_prompt_tokens', 'top_n'].map((name) => wholeOf(body[name]));
  if (dimensions != null && dimensions !== nativeDimensions && !options.aliases.includes('matryoshka'))
    return fail(
      badValue(
        `Model "${options.servedName}" does not support matryoshka representation, changing output dimensions will lead to poor results.`,
        'dimensions',
      ),
    );
  return ok({
    query,
    inputs,
    encoding,
    dimensions: dimensions ?? null,
    truncateTokens: truncateTokens ?? null,
    topN: topN ?? null,
  });
}

function wholeOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) ? value : null;
}

function isScore(path: string): boolean {
  return path.endsWith('/score');
}

function queryOf(path: string, body: Record<string, unknown>): string | null {
  const query = isScore(path) ? (body['text_1'] ?? body['queries']) : body['query'];
  return typeof query === 'string' ? query : null;
}

function inputsOf(path: string, body: Record<string, unknown>): readonly Input[] | null {
  const field = isScore(path)
    ? (body['text_2'] ?? body['documents'])
    : path.endsWith('/rerank')
      ? body['documents']
      : body['input'];
  if (typeof field === 'string') return [field];
  if (!Array.isArray(field)) return null;
  if (field.length > 0 && field.every((one) => typeof one === 'number')) return [field];
  const inputs = field.flatMap((one: unknown): Input[] => {
    if (typeof one === 'string') return [one];
    if (Array.isArray(one) && one.every((token) => typeof token === 'number')) return [one];
    return isRecord(one) && typeof one['text'] === 'string' ? [one['text']] : [];
  });
  return inputs.length === field.length ? inputs : null;
}

/** What a template puts round one text, and round two. */
const SINGLE = 2;
const PAIR = 3;

export function countTokens({ query, inputs }: PoolingBody): number[] {
  const own = (input: Input): number => (typeof input === 'string' ? countTextTokens(input) + SINGLE : input.length);
  return inputs.map((input) => (query === null ? own(input) : countTextTokens(query) + own(input) + PAIR - SINGLE));
}

/** Tokens have no text here: the same ids have the same vector. */
function textOf(input: Input): string {
  return typeof input === 'string' ? input : input.map((token) => `token${token}`).join(' ');
}

export function answerPooling(path: string, body: PoolingBody, head: Head): string {
  const { id, servedName, promptTokens } = head;
  const usage = `{"prompt_tokens": ${promptTokens}, "total_tokens": ${promptTokens}, "completion_tokens": 0, "prompt_tokens_details": null}`;
  const frame = (prefix: string, data: readonly string[]): string =>
    `{"id": "${prefix}-${id}", "object": "list", "created": ${Math.floor(Date.now() / 1000)}, "model": ${JSON.stringify(servedName)}, "data": [${data.join(', ')}], "usage": ${usage}}`;
  if (path === '/v1/embeddings') {
    const vectors = body.inputs.map((input) => embed(textOf(input), body.dimensions ?? nativeDimensions));
    const data = vectors.map((vector, index) => {
      const written = body.encoding === 'float' ? `[${vector.map(pythonFloat).join(', ')}]` : `"${base64Of(vector)}"`;
      return `{"index": ${index}, "object": "embedding", "embedding": ${written}}`;
    });
    return frame('embd', data);
  }
  if (path === '/classify') {
    const data = body.inputs.map((input, index) => {
      const { label, probs } = classify(textOf(input), servedName);
      return `{"index": ${index}, "label": ${JSON.stringify(label)}, "probs": [${probs.map(pythonFloat).join(', ')}], "num_classes": ${probs.length}}`;
    });
    return frame('classify', data);
  }
  const scores = body.inputs.map((input) => relevance(body.query ?? '', textOf(input)));
  if (isScore(path))
    return frame(
      'score',
      scores.map((score, index) => `{"index": ${index}, "object": "score", "score": ${pythonFloat(score)}}`),
    );
  const results = scores
    .map((score, index) => ({ score, index }))
    .toSorted((a, b) => b.score - a.score)
    .slice(0, body.topN ?? scores.length)
    .map(({ score, index }) => {
      const text = JSON.stringify(textOf(body.inputs[index] ?? ''));
      return `{"index": ${index}, "document": {"text": ${text}, "multi_modal": null}, "relevance_score": ${pythonFloat(score)}}`;
    });
  return `{"id": "rerank-${id}", "model": ${JSON.stringify(servedName)}, "usage": {"total_tokens": ${promptTokens}}, "results": [${results.join(', ')}]}`;
}

/** Between 0 and 1, as a cross-encoder's sigmoid has it: likeness of meaning, and how much of the query is there. */
export function relevance(query: string, document: string): number {
  const words = new Set(wordsOf(document));
  const asked = wordsOf(query);
  const share = asked.length === 0 ? 0 : asked.filter((word) => words.has(word)).length / asked.length;
  return Math.fround(1 / (1 + Math.exp(4 - 12 * cosine(embed(query), embed(document)) - 2 * share)));
}

/** `repr` of a float: exponents below 0.0001 and with two digits, and always a point. */
export function pythonFloat(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  if (Math.abs(value) < 1e-4) return value.toExponential().replace(/e-(\d)$/, 'e-0$1');
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

function base64Of(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  vector.forEach((value, i) => bytes.writeFloatLE(value, i * 4));
  return bytes.toString('base64');
}
