/** `/v1/rag/documents`: puts a tenant's documents into a collection, lists them, shows and deletes one. The tenant is the key's, always. */
import type { Context } from 'hono';
import { GatewayError } from '../../shared/errors.ts';
import { CollectionName, defaultCollection, documentIdPattern } from '../../shared/rag-bodies.ts';
import type { CollectionPlace, DocumentRecord, StoredChunk } from '../core/rag/collection.ts';
import { chatSurface } from '../core/surfaces/chat/chat-surface.ts';
import { readDocuments } from '../core/rag/read-documents.ts';
import type { Deps } from '../deps.ts';
import { readJsonBody } from '../middleware/body.ts';
import type { AppEnv } from '../middleware/context.ts';
import { requestOf } from '../pipeline/pooling/pooled-run.ts';
import { dropOld } from '../pipeline/rag/drop-old.ts';
import { ingest } from '../pipeline/rag/ingest.ts';
import { requestTimers } from '../pipeline/run/request-timers.ts';
import { callerOf } from './caller.ts';

type Handler = (c: Context<AppEnv>) => Promise<Response>;

export function putDocuments(deps: Deps): Handler {
  return async (c) => {
    const { limits, rag } = deps.pipeline.config;
    const pipeline = { ...deps.pipeline, timers: requestTimers(deps.pipeline.timers, deps.pipeline.clock) };
    const { text, bytes } = await readJsonBody(c, limits, pipeline.timers);
    const valid = readDocuments(text, limits, rag);
    if (!valid.ok) throw new GatewayError(valid.failure);
    const caller = await callerOf(deps, c, chatSurface, requestOf('', ''), bytes);
    const ingested = await ingest(pipeline, deps.documents, caller, valid.value);
    if (!ingested.ok) throw new GatewayError(ingested.failure);
    const { stored, promptTokens } = ingested.value;
    const isWritten = ({ status }: { readonly status: string }): boolean => status === 'created' || status === 'replaced';
    const chunks = stored.documents.filter(isWritten).reduce((sum, { record }) => sum + record.chunks, 0);
    const counts = [...stored.documents.map(({ status }) => [status, 1] as const), ['chunks', chunks] as const];
    deps.pipeline.ledger.documents({ counts, steps: [] }, caller.background);
    return c.json({
      object: 'list',
      collection: valid.value.collection,
      data: stored.documents.map(({ record, status }) => ({ ...shown(record, valid.value.collection), status })),
      counts: stored.counts,
      usage: { prompt_tokens: promptTokens, total_tokens: promptTokens },
    });
  };
}

export function listDocuments(deps: Deps): Handler {
  return async (c) => {
    const place = placeOf(c);
    const limit = readLimit(c.req.query('limit'));
    const after = c.req.query('after') ?? '';
    if (after !== '' && !documentIdPattern.test(after)) throw invalid('after', 'The `last_id` of an earlier page.');
    const { documents, hasMore, state } = await deps.documents.collections.list(place, after, limit);
    return c.json({
      object: 'list',
      collection: place.collection,
      data: documents.map((record) => shown(record, place.collection)),
      has_more: hasMore,
      last_id: documents.at(-1)?.id ?? null,
      counts: state.counts,
      embedding: state.shape,
    });
  };
}

/** `?include=text` gives the text as it was put, and where its passages lie. */
export function getDocument(deps: Deps): Handler {
  return async (c) => {
    const include = c.req.query('include');
    if (include !== undefined && include !== 'text') throw invalid('include', 'Expected text.');
    const place = placeOf(c);
    const found = await deps.documents.collections.get(place, readId(c));
    if (found === null) throw missing();
    const { record, chunks } = found;
    const text = include === undefined ? {} : { text: textOf(chunks), passages: chunks.map(passage) };
    return c.json({ ...shown(record, place.collection), ...text });
  };
}

export function deleteDocument(deps: Deps): Handler {
  return async (c) => {
    const place = placeOf(c);
    const id = readId(c);
    const { collections, index } = deps.documents;
    const removed = await collections.remove(place, id, index !== null);
    if (removed === null) throw missing();
    const background = (work: Promise<unknown>): void => c.executionCtx.waitUntil(work);
    background(dropOld(deps.pipeline, deps.documents, place));
    if (removed.isEmpty) background(collections.strike(place).catch(() => undefined));
    deps.pipeline.ledger.documents({ counts: [['deleted', 1]], steps: [] }, background);
    return c.json({ id, object: 'rag.document.deleted', collection: place.collection, deleted: true });
  };
}

function shown(record: DocumentRecord, collection: string) {
  const { id, title, format, metadataJson, chunks, tokens, bytes, hash, createdAtMs, updatedAtMs } = record;
  const metadata: unknown = JSON.parse(metadataJson);
  return {
    id,
    object: 'rag.document',
    collection,
    title,
    format,
    chunks,
    tokens,
    bytes,
    hash,
    metadata,
    created_at: new Date(createdAtMs).toISOString(),
    updated_at: new Date(updatedAtMs).toISOString(),
  };
}

function passage({ start, end, tokens, headings }: StoredChunk, at: number) {
  return { chunk: at, start, end, tokens, headings };
}

/** Passages overlap, and leave nothing out. */
function textOf(chunks: readonly StoredChunk[]): string {
  let text = '';
  for (const { start, text: own } of chunks) text += own.slice(text.length - start);
  return text;
}

function placeOf(c: Context<AppEnv>): CollectionPlace {
  const named = CollectionName.safeParse(c.req.query('collection') ?? defaultCollection);
  if (!named.success) throw invalid('collection', `${named.error.issues[0]?.message ?? ''}.`);
  return { tenantId: c.get('key').tenantId, collection: named.data };
}

/** Ids may have slashes in them, written as they are or encoded. */
function readId(c: Context<AppEnv>): string {
  const raw = c.req.path.replace(/^.*?\/documents\//, '');
  let id = raw;
  try {
    id = decodeURIComponent(raw);
  } catch {
    // No document has such an id.
  }
  if (!documentIdPattern.test(id)) throw missing();
  return id;
}

/** The same for one that never was and one of somebody else. */
function missing(): GatewayError {
  return new GatewayError({ code: 'not_found', param: 'id', sentence: 'There is no such document in this collection.' });
}

const defaultPage = 20;
const maxPage = 100;

function readLimit(text: string | undefined): number {
  if (text === undefined) return defaultPage;
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > maxPage) throw invalid('limit', `A number from 1 to ${maxPage}.`);
  return limit;
}

function invalid(param: string, detail: string): GatewayError {
  return new GatewayError({ code: 'invalid_value', param, detail });
}
