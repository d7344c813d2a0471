/** From a question to the passages that are shown to a model: embedded, searched, reranked where it is asked for, and cut to what fits. */
import { type Failure, GatewayError } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import type { CollectionPlace, FoundChunk, Question, VectorShape } from '../../core/rag/collection.ts';
import { fitting, type Passage, placeOf } from '../../core/rag/prompt.ts';
import type { RagQuery, Retrieved } from '../../core/rag/retrieved.ts';
import { textTokens } from '../../core/rag/text-tokens.ts';
import { embedTexts, type RoutedFailure } from '../pooling/embed-texts.ts';
import { rerankTexts } from '../pooling/rerank-texts.ts';
import type { Caller } from '../run/asked.ts';
import type { PipelineDeps } from '../run/deps.ts';
import { dropOld } from './drop-old.ts';
import { asOperator, embeddingModelOf, type RagWorld, refusalFailure, rerankModelOf, shapeOf, storeOf } from './rag-world.ts';

/** An index elsewhere is behind: some of what it finds is of documents that are gone. */
const spareFound = 10;
/** Words put these in another order. */
const leastFound = 50;

export async function retrieve(
  deps: PipelineDeps,
  world: RagWorld,
  caller: Caller,
  query: RagQuery,
): Promise<Result<Retrieved, RoutedFailure>> {
  const { config, clock } = deps;
  const { rag } = config;
  const model = embeddingModelOf(config);
  if (!model.ok) return model;
  const rerankModel = query.isReranked ? rerankModelOf(config) : null;
  if (query.isReranked && rerankModel === null)
    return fail({ code: 'invalid_value', param: 'rerank', detail: 'No reranker is set up here.' });
  const startedAtMs = clock.now();
  const embedded = await embedTexts(deps, asOperator(caller), [rag.query_prefix + query.question], {
    model: model.value,
    name: 'query',
  });
  if (!embedded.ok) return embedded;
  const [question] = embedded.value.vectors;
  if (question === undefined || embedded.value.modelId !== model.value) return fail({ code: 'no_upstream' });
  const embeddedAtMs = clock.now();
  const place = { tenantId: caller.key.tenantId, collection: query.collection };
  const most = rerankModel === null ? query.topK : query.topK * rag.rerank_factor;
  const asked = { vector: question, words: rag.words ? query.question : null };
  const found = await search(world, place, asked, shapeOf(config, world, model.value, question.length), most);
  if (!found.ok) return found;
  // What the index was not told when the documents went takes places of what is there.
  if (found.value.hasGone) caller.background(dropOld(deps, world, place));
  const near = found.value.chunks.filter(({ score }) => score >= query.minScore);
  const searchedAtMs = clock.now();
  const ranked = rerankModel === null ? ok(near) : await rerank(deps, caller, query, near, rerankModel);
  if (!ranked.ok) return ranked;
  const passages = fitting(ranked.value.slice(0, query.topK).map(passageOf), rag.prompt_tokens);
  return ok({
    passages,
    retrieval: {
      collection: query.collection,
      embedding_model: model.value,
      rerank_model: rerankModel,
      store: storeOf(world),
      compared: found.value.compared,
      top_k: query.topK,
      min_score: query.minScore,
      passage_tokens: Math.ceil(passages.reduce((sum, { text }) => sum + textTokens(text), 0)),
      embed_ms: embeddedAtMs - startedAtMs,
      search_ms: searchedAtMs - embeddedAtMs,
      rerank_ms: rerankModel === null ? null : clock.now() - searchedAtMs,
    },
  });
}

interface Found {
  readonly chunks: readonly FoundChunk[];
  /** Null where the store does not say. */
  readonly compared: number | null;
  /** An index elsewhere found what is part of no document. */
  readonly hasGone: boolean;
}

async function search(
  world: RagWorld,
  place: CollectionPlace,
  question: Question,
  shape: VectorShape,
  most: number,
): Promise<Result<Found, Failure>> {
  const { collections, index } = world;
  if (index === null) {
    const answer = await collections.search(place, question, shape, most);
    return answer.kind === 'found' ? ok({ ...answer, hasGone: false }) : fail(refusalFailure(answer, place));
  }
  const { state } = await collections.look(place, []);
  if (state.counts.documents === 0 || state.shape === null) return ok({ chunks: [], compared: null, hasGone: false });
  if (state.shape.model !== shape.model || state.shape.dimensions !== shape.dimensions || state.shape.store !== shape.store)
    return fail(refusalFailure({ kind: 'other_model', shape: state.shape }, place));
  try {
    const near = await index.nearest(place, question.vector, Math.max(leastFound, most + spareFound));
    const chunks = await collections.load(place, near, question.words);
    return ok({ chunks: chunks.slice(0, most), compared: null, hasGone: chunks.length < near.length });
  } catch (cause) {
    throw cause instanceof GatewayError ? cause : new GatewayError({ code: 'state_unavailable' }, { cause });
  }
}

/** The reranker's order, with its own scores left aside: they are not of one scale with the search's. */
async function rerank(
  deps: PipelineDeps,
  caller: Caller,
  { question }: RagQuery,
  near: readonly FoundChunk[],
  model: string,
): Promise<Result<readonly FoundChunk[], RoutedFailure>> {
  if (near.length === 0) return ok(near);
  const ranked = await rerankTexts(
    deps,
    asOperator(caller),
    question,
    near.map((chunk) => `${placeOf(chunk)}\n\n${chunk.text}`),
    { model, name: 'rerank' },
  );
  if (!ranked.ok) return ranked;
  const { scores } = ranked.value;
  return ok(
    near
      .map((chunk, at) => ({ chunk, score: scores[at] ?? Number.NEGATIVE_INFINITY }))
      .toSorted((a, b) => b.score - a.score)
      .map(({ chunk }) => chunk),
  );
}

function passageOf({ documentId, title, headings, chunk, start, end, text, score }: FoundChunk): Passage {
  return { documentId, title, headings, chunk, start, end, text, score };
}
