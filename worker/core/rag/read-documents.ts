/** From the untrusted body of `POST /v1/rag/documents` to documents in chunks, or to the one failure that names the field. */
import type { LimitsConfig } from '../../../shared/config.ts';
import type { RagConfig } from '../../../shared/config-rag.ts';
import type { Failure } from '../../../shared/errors.ts';
import { CollectionName, defaultCollection, DocumentBody } from '../../../shared/rag-bodies.ts';
import { isObject } from '../../../shared/is-object.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import { parseJsonObject } from '../validate/json-object.ts';
import { shapeFailure } from '../validate/shape-failure.ts';
import { type Chunk, chunksOf } from './chunks.ts';

export interface ReadDocument {
  readonly body: DocumentBody;
  readonly chunks: readonly Chunk[];
  /** Of the chunks' texts, in UTF-8. */
  readonly bytes: number;
  /** The text whose hash says whether anything has to be embedded anew. */
  readonly identity: string;
}

export interface ReadDocuments {
  readonly collection: string;
  readonly documents: readonly ReadDocument[];
}

/** Another way of cutting makes other vectors: this number changes with it. */
const chunkerVersion = 1;
const maxMetadataChars = 4096;

/** `{ documents: [...] }`, or one document by itself; `collection` stands beside either. */
export function readDocuments(text: string, limits: LimitsConfig, rag: RagConfig): Result<ReadDocuments, Failure> {
  const json = parseJsonObject(text, limits);
  if (!json.ok) return json;
  const { collection: named = defaultCollection, documents: many, ...one } = withoutNulls(json.value);
  const collection = CollectionName.safeParse(named);
  if (!collection.success) return fail(shapeFailure(collection.error, { collection: named }, ['collection']));
  const [extra] = Object.keys(one);
  if (many !== undefined && extra !== undefined)
    return fail({
      code: 'invalid_value',
      param: extra,
      detail: `${extra} stands beside documents; it belongs into one of them.`,
    });
  if (many !== undefined && !Array.isArray(many))
    return fail({ code: 'invalid_value', param: 'documents', detail: 'documents: expected a list.' });
  const given: readonly unknown[] = many ?? [one];
  const most = rag.limits.batch_documents;
  if (given.length === 0 || given.length > most)
    return fail({
      code: 'invalid_value',
      param: 'documents',
      detail: `1 to ${most} documents at once; these are ${given.length}.`,
    });
  const read: ReadDocument[] = [];
  const ids = new Set<string>();
  for (const [at, document] of given.entries()) {
    const path = many === undefined ? [] : ['documents', at];
    const checked = readDocument(document, path, json.value, rag);
    if (!checked.ok) return checked;
    const { id } = checked.value.body;
    if (id !== undefined && ids.has(id))
      return fail({ code: 'invalid_value', param: [...path, 'id'].join('.'), detail: `"${id}" stands twice in this request.` });
    if (id !== undefined) ids.add(id);
    read.push(checked.value);
  }
  return ok({ collection: collection.data, documents: read });
}

function readDocument(
  given: unknown,
  path: readonly (string | number)[],
  whole: unknown,
  rag: RagConfig,
): Result<ReadDocument, Failure> {
  const parsed = DocumentBody.safeParse(isObject(given) ? withoutNulls(given) : given);
  if (!parsed.success) return fail(shapeFailure(parsed.error, whole, path));
  const { data: body } = parsed;
  const at = (field: string, detail: string): Result<never, Failure> =>
    fail({ code: 'invalid_value', param: [...path, field].join('.'), detail });
  if (body.text.trim() === '') return at('text', 'There is nothing but white space in it.');
  if (!body.text.isWellFormed()) return at('text', 'It has half of a character (a lone surrogate), which UTF-8 cannot express.');
  if (JSON.stringify(body.metadata).length > maxMetadataChars)
    return at('metadata', `As JSON at most ${maxMetadataChars} characters.`);
  const bytes = utf8Bytes(body.text);
  const { document_bytes: mostBytes, document_chunks: mostChunks } = rag.limits;
  if (bytes > mostBytes) return at('text', `${bytes} bytes; a document may have ${mostBytes}.`);
  const { chunk_tokens: maxTokens, overlap_tokens: overlapTokens } = rag;
  const chunks = chunksOf(body.text, { format: body.format, maxTokens, overlapTokens });
  if (chunks.length > mostChunks) return at('text', `It comes to ${chunks.length} passages; a document may have ${mostChunks}.`);
  const identity = JSON.stringify([
    chunkerVersion,
    maxTokens,
    overlapTokens,
    rag.document_prefix,
    body.format,
    body.title,
    body.text,
  ]);
  const chunkBytes = chunks.reduce((sum, { start, end }) => sum + utf8Bytes(body.text.slice(start, end)), 0);
  return ok({ body, chunks, bytes: chunkBytes, identity });
}

/** Clients write null for what they do not set. Inside `metadata` it is a value. */
function withoutNulls(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
}

/** Of well-formed text. */
function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    // Half of a pair: four bytes for both.
    if (unit >= 0x80) bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}
