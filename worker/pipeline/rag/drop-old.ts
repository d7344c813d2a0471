/** An index elsewhere forgets the vectors of documents that are gone. What it cannot be told now it is told with the next change. */
import { type CollectionPlace, vectorId } from '../../core/rag/collection.ts';
import type { PipelineDeps } from '../run/deps.ts';
import type { RagWorld } from './rag-world.ts';

/** @param unused vectors that were put and are part of no document. Never rejects: what is left there is never found. */
export async function dropOld(
  { log }: Pick<PipelineDeps, 'log'>,
  { collections, index }: RagWorld,
  place: CollectionPlace,
  unused: readonly string[] = [],
): Promise<void> {
  if (index === null) return;
  try {
    const dropped = await collections.dropped(place);
    const ids = dropped.flatMap(({ revision, chunks }) => Array.from({ length: chunks }, (_, at) => vectorId(revision, at)));
    if (ids.length + unused.length > 0) await index.remove(place, [...ids, ...unused]);
    if (dropped.length > 0)
      await collections.forgetDropped(
        place,
        dropped.map(({ revision }) => revision),
      );
  } catch (error) {
    log.write('warn', 'vectors_not_dropped', { error });
  }
}
