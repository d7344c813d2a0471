/** Fields of the bodies of `/v1/embeddings`, `/v1/classify` and `/v1/rerank`. Every failure names the field that is wrong. */
import type { LimitsConfig } from '../../../../shared/config.ts';
import type { Failure } from '../../../../shared/errors.ts';
import { isObject } from '../../../../shared/is-object.ts';
import { fail, ok, type Result } from '../../../../shared/result.ts';
import type { PoolingInput } from '../../request/pooling-task.ts';
import { parseJsonObject } from '../../validate/json-object.ts';

export type Body = Readonly<Record<string, unknown>>;
type Read<Value> = Result<Value, Failure>;

/** Fields of clients that change nothing here; a value of theirs is not looked at. */
const harmless: ReadonlySet<string> = new Set(['user', 'metadata']);

/** Fields of other servers that would make other values, each with the value that asks for what is made anyway. */
const refused: Readonly<Record<string, string>> = {
  messages: '',
  output_dimension: '',
  output_dtype: 'float',
  embedding_types: 'float',
  normalize: 'true',
  late_chunking: 'false',
  multi_label: 'false',
  use_activation: 'true',
  raw_scores: 'false',
  rank_fields: 'text',
  top_k: '',
};

export interface ReadBody {
  readonly fields: Body;
  /** At most 20, names cut to 64 characters. */
  readonly ignored: readonly string[];
}

/** A body whose fields with `null` count as not set. @param known fields that its wire reads */
export function readBody(text: string, limits: LimitsConfig, known: readonly string[]): Read<ReadBody> {
  const json = parseJsonObject(text, limits);
  if (!json.ok) return json;
  const fields = Object.fromEntries(Object.entries(json.value).filter(([, value]) => value !== null));
  const ignored = Object.keys(fields).filter((name) => !known.includes(name) && !harmless.has(name));
  for (const name of ignored) {
    // A list of one value asks for no more than that value. The other fields have no value that asks for nothing.
    if (Object.hasOwn(refused, name) && String(fields[name]) !== refused[name])
      return fail({ code: 'unsupported_parameter', param: name, detail: 'It would make other values than are given here.' });
  }
  return ok({ fields, ignored: ignored.slice(0, 20).map((name) => name.slice(0, 64)) });
}

export function invalid(param: string, detail: string): Result<never, Failure> {
  return fail({ code: 'invalid_value', param, detail });
}

function missing(param: string): Result<never, Failure> {
  return fail({ code: 'missing_field', param, detail: `${param} is required.` });
}

/** The name of a model; null when the client leaves the choice. */
export function readModel({ model }: Body): Read<string | null> {
  if (model === undefined) return ok(null);
  return typeof model === 'string' && model !== '' ? ok(model) : invalid('model', 'Expected the name of a model.');
}

export function readText(fields: Body, name: string): Read<string> {
  const value = fields[name];
  if (value === undefined) return missing(name);
  return typeof value === 'string' && value !== '' ? ok(value) : invalid(name, 'Expected a text that is not empty.');
}

/** A whole number in these bounds; null when it is not set. */
export function readWhole(fields: Body, name: string, least: number, most: number): Read<number | null> {
  const value = fields[name];
  if (value === undefined) return ok(null);
  return isWhole(value) && value >= least && value <= most
    ? ok(value)
    : invalid(name, `Expected a whole number from ${least} to ${most}.`);
}

export function readFlag(fields: Body, name: string, otherwise: boolean): Read<boolean> {
  const value = fields[name];
  if (value === undefined) return ok(otherwise);
  return typeof value === 'boolean' ? ok(value) : invalid(name, 'Expected true or false.');
}

/** `truncate_prompt_tokens`: -1 for as many as the model takes; null when it is not set. */
export function readTruncation(fields: Body): Read<number | null> {
  return readWhole(fields, 'truncate_prompt_tokens', -1, 10_000_000);
}

export interface ReadInputs {
  readonly inputs: readonly PoolingInput[];
  /** The client sent one, not a list. */
  readonly isSingle: boolean;
}

/** A text, a list of texts, a list of tokens, or a list of such lists. */
export function readInputs(fields: Body, name: string, { max_inputs: most }: LimitsConfig): Read<ReadInputs> {
  const value = fields[name];
  if (value === undefined) return missing(name);
  if (typeof value === 'string') return value === '' ? invalid(name, emptyText) : ok({ inputs: [value], isSingle: true });
  if (!Array.isArray(value)) return invalid(name, expectedInputs);
  if (value.length === 0) return invalid(name, 'The list is empty.');
  if (typeof value[0] === 'number') {
    const tokens = readTokens(value, name);
    return tokens.ok ? ok({ inputs: [tokens.value], isSingle: true }) : tokens;
  }
  if (value.length > most) return tooMany(name, value.length, most);
  return readList(value, name);
}

const emptyText = 'A text must not be empty.';
const expectedInputs = 'Expected a text, a list of texts, a list of tokens, or a list of such lists.';

export function tooMany(name: string, count: number, most: number): Result<never, Failure> {
  return invalid(name, `${count} are too many; at most ${most} in one request.`);
}

function readList(values: readonly unknown[], name: string): Read<ReadInputs> {
  const isOfText = typeof values[0] === 'string';
  const inputs: PoolingInput[] = [];
  for (const [i, value] of values.entries()) {
    const at = `${name}.${i}`;
    if (isOfText) {
      if (typeof value !== 'string') return invalid(at, 'Expected a text, as the first of the list is.');
      if (value === '') return invalid(at, emptyText);
      inputs.push(value);
      continue;
    }
    if (!Array.isArray(value)) return invalid(at, i === 0 ? expectedInputs : 'Expected a list of tokens, as the first is.');
    const tokens = readTokens(value, at);
    if (!tokens.ok) return tokens;
    inputs.push(tokens.value);
  }
  return ok({ inputs, isSingle: false });
}

/** Ids are indexes into a vocabulary: no tokenizer has more than this. */
const mostTokenId = 2 ** 31 - 1;

function readTokens(values: readonly unknown[], name: string): Read<readonly number[]> {
  if (values.length === 0) return invalid(name, 'A list of tokens must not be empty.');
  const wrong = values.findIndex((value) => !isWhole(value) || value < 0 || value > mostTokenId);
  if (wrong !== -1) return invalid(`${name}.${wrong}`, 'Expected the id of a token: a whole number from 0 on.');
  return ok(values.filter(isWhole));
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

/** Texts, or objects with a `text`. */
export function readDocuments(fields: Body, { max_inputs: most }: LimitsConfig): Read<readonly string[]> {
  const { documents } = fields;
  if (documents === undefined) return missing('documents');
  if (!Array.isArray(documents)) return invalid('documents', 'Expected a list of texts, or of objects with a text.');
  if (documents.length === 0) return invalid('documents', 'The list is empty.');
  if (documents.length > most) return tooMany('documents', documents.length, most);
  const texts: string[] = [];
  for (const [i, document] of documents.entries()) {
    const text: unknown = isObject(document) ? document['text'] : document;
    if (typeof text !== 'string') return invalid(`documents.${i}`, 'Expected a text, or an object with a text.');
    if (text === '') return invalid(`documents.${i}`, emptyText);
    texts.push(text);
  }
  return ok(texts);
}
