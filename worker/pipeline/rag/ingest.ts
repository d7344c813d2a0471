/**
 * Documents into a collection: what is there already costs nothing, what is new is embedded, and all of it is kept in one step or none. An index
 * elsewhere gets the vectors before, under names that nobody knows until then, and is told to forget the old ones after it.
 */
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import {
  addCounts,
  type CollectionPlace,
  type CollectionState,
  countsOf,
  type DocumentRecord,
  type NewDocument,
  type PutAnswer,
  refusal,
  type Refusal,
  type StoredChunk,
  vectorId,
} from '../../core/rag/collection.ts';
import { placeOf } from '../../core/rag/prompt.ts';
import { quantise } from '../../core/rag/quantise.ts';
import type { ReadDocument, ReadDocuments } from '../../core/rag/read-documents.ts';
import { embedTexts } from '../pooling/embed-texts.ts';
import type { Caller } from '../run/asked.ts';
import type { PipelineDeps } from '../run/deps.ts';
import { dropOld } from './drop-old.ts';
import { asOperator, embeddingModelOf, type RagWorld, refusalFailure, shapeOf } from './rag-world.ts';

export interface Ingested {
  readonly stored: Extract<PutAnswer, { kind: 'stored' }>;
  /** What embedding took; 0 where every text was there. */
  readonly promptTokens: number;
}

/** Who puts what where. */
interface Ingest {
  readonly deps: PipelineDeps;
  readonly world: RagWorld;
  readonly caller: Caller;
  readonly place: CollectionPlace;
  readonly modelId: string;
}

/** A document with its final id and the hash of what its vectors are made of. */
interface Named extends ReadDocument {
  readonly id: string;
  readonly hash: string;
}

/** As often another request may change a document between the look and the writing. */
const mostTries = 3;

export async function ingest(
  deps: PipelineDeps,
  world: RagWorld,
  caller: Caller,
  { collection, documents }: ReadDocuments,
): Promise<Result<Ingested, Failure>> {
  const model = embeddingModelOf(deps.config);
  if (!model.ok) return model;
  const named = await nameAll(deps, documents);
  if (!named.ok) return named;
  const place = { tenantId: caller.key.tenantId, collection };
  const task: Ingest = { deps, world, caller, place, modelId: model.value };
  for (let left = mostTries; left > 0; left -= 1) {
    const result = await ingestOnce(task, named.value);
    if (!result.ok) return result;
    if (result.value !== null) return ok(result.value);
  }
  return fail({ code: 'conflict', sentence: 'Other requests change the same documents at this moment.' });
}

async function nameAll(deps: PipelineDeps, documents: readonly ReadDocument[]): Promise<Result<Named[], Failure>> {
  const named: Named[] = [];
  for (const [at, document] of documents.entries()) {
    const hash = await deps.digest(document.identity);
    const id = document.body.id ?? `doc_${hash.slice(0, 24)}`;
    if (named.some((other) => other.id === id))
      return fail({
        code: 'invalid_value',
        param: `documents.${at}`,
        detail: `The document "${id}" stands twice in this request.`,
      });
    named.push({ ...document, id, hash });
  }
  return ok(named);
}

/** Null: a document became another one meanwhile. */
async function ingestOnce(task: Ingest, named: readonly Named[]): Promise<Result<Ingested | null, Failure>> {
  const { deps, world, place } = task;
  const ids = named.map(({ id }) => id);
  const { state, documents } = await world.collections.look(place, ids);
  const known = new Map(documents.map((record) => [record.id, record]));
  const fresh = named.filter(({ id, hash }) => known.get(id)?.hash !== hash);
  const refused = refusedEarly(task, state, known, fresh);
  if (refused !== null) return fail(refusalFailure(refused, place));
  const { collections: most } = deps.config.rag.limits;
  if (state.counts.documents === 0 && !(await world.collections.enlist(place, most)))
    return fail({
      code: 'collection_full',
      param: 'collection',
      detail: `There may be ${most} collections. Nothing was changed.`,
    });
  const embedded = await embedAll(task, fresh);
  if (!embedded.ok) return embedded;
  return keep(task, named, fresh, embedded.value, state);
}

/** Before anything is paid for. Decided again when it is written. */
function refusedEarly(
  { deps, world, modelId }: Ingest,
  state: CollectionState,
  known: ReadonlyMap<string, DocumentRecord>,
  fresh: readonly Named[],
): Refusal | null {
  let { counts } = state;
  for (const { id, chunks, bytes } of fresh) {
    const old = known.get(id);
    if (old !== undefined) counts = addCounts(counts, countsOf(old), -1);
    counts = addCounts(counts, countsOf({ chunks: chunks.length, bytes }));
  }
  const shape = shapeOf(deps.config, world, modelId, state.shape?.dimensions ?? 1);
  return refusal(state, counts, shape, deps.config.rag.limits);
}

interface Embedded {
  /** Of all chunks of all documents, one after the other. */
  readonly vectors: readonly Float32Array[];
  readonly promptTokens: number;
}

async function embedAll({ deps, caller, modelId }: Ingest, fresh: readonly Named[]): Promise<Result<Embedded, Failure>> {
  const texts = fresh.flatMap((document) => document.chunks.map((chunk) => embeddedText(deps, document, chunk)));
  if (texts.length === 0) return ok({ vectors: [], promptTokens: 0 });
  const embedded = await embedTexts(deps, asOperator(caller), texts, { model: modelId, name: 'embed' });
  if (!embedded.ok) return embedded;
  const { vectors, promptTokens, modelId: usedId } = embedded.value;
  // Another model of the chain stepped in: its vectors are of another space.
  if (usedId !== modelId || vectors.length !== texts.length) return fail({ code: 'no_upstream' });
  return ok({ vectors, promptTokens });
}

/** A passage with its title and headings, without which many a paragraph does not say what it is about. */
function embeddedText(
  { config }: Pick<PipelineDeps, 'config'>,
  { body }: ReadDocument,
  { headings, start, end }: Pick<StoredChunk, 'headings' | 'start' | 'end'>,
): string {
  const where = placeOf({ title: body.title, headings });
  return `${config.rag.document_prefix}${where === '' ? '' : `${where}\n\n`}${body.text.slice(start, end)}`;
}

async function keep(
  { deps, world, caller, place, modelId }: Ingest,
  named: readonly Named[],
  fresh: readonly Named[],
  { vectors, promptTokens }: Embedded,
  state: CollectionState,
): Promise<Result<Ingested | null, Failure>> {
  const { config, clock, newId } = deps;
  const nowMs = clock.now();
  let from = 0;
  const made = fresh.map((document) => {
    const own = vectors.slice(from, from + document.chunks.length);
    from += document.chunks.length;
    return { document: newDocument(document, world.index === null ? own : [], newId(), nowMs), vectors: own };
  });
  const shape = shapeOf(config, world, modelId, vectors[0]?.length ?? state.shape?.dimensions ?? 1);
  const named_ = named.filter((document) => !fresh.includes(document));
  const unchanged = named_.map(({ id, hash, body }) => ({
    id,
    hash,
    metadataJson: JSON.stringify(body.metadata),
    updatedAtMs: nowMs,
  }));
  const elsewhere = made.flatMap(({ document, vectors: own }) =>
    own.map((values, at) => ({ id: vectorId(document.revision, at), values })),
  );
  const vectorIds = elsewhere.map(({ id }) => id);
  if (elsewhere.length > 0) {
    try {
      await world.index?.put(place, elsewhere);
    } catch (error) {
      // Some of them may be there: nobody knows them, and they would take the places of those that are found.
      caller.background(dropOld(deps, world, place, vectorIds));
      throw error;
    }
  }
  const documents = made.map(({ document }) => document);
  const answer = await world.collections.put(place, { shape, limits: config.rag.limits, documents, unchanged });
  if (world.index !== null) {
    const unused = answer.kind === 'stored' ? [] : vectorIds;
    caller.background(dropOld(deps, world, place, unused));
  }
  if (answer.kind === 'changed') return ok(null);
  return answer.kind === 'stored' ? ok({ stored: answer, promptTokens }) : fail(refusalFailure(answer, place));
}

function newDocument(
  { id, hash, body, chunks, bytes }: Named,
  vectors: readonly Float32Array[],
  revision: string,
  nowMs: number,
): NewDocument {
  const dimensions = vectors[0]?.length ?? 0;
  const values = new Int8Array(vectors.length * dimensions);
  const scales = new Float32Array(vectors.length);
  for (const [at, vector] of vectors.entries()) {
    const quantised = quantise(vector);
    values.set(quantised.values, at * dimensions);
    scales[at] = quantised.scale;
  }
  return {
    record: {
      id,
      title: body.title,
      format: body.format,
      metadataJson: JSON.stringify(body.metadata),
      chunks: chunks.length,
      tokens: chunks.reduce((sum, { tokens }) => sum + tokens, 0),
      bytes,
      hash,
      createdAtMs: nowMs,
      updatedAtMs: nowMs,
    },
    revision,
    chunks: chunks.map((chunk) => ({ ...chunk, text: body.text.slice(chunk.start, chunk.end) })),
    values,
    scales,
  };
}
