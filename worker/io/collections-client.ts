/** Tenants' documents behind their port: an object for each collection, and one for each tenant's list of them. */
import type { DocumentPage, DocumentRecord, Dropped, FoundChunk, PutAnswer, SearchAnswer } from '../core/rag/collection.ts';
import type { CollectionPlace, CollectionState, StoredChunk } from '../core/rag/collection.ts';
import type { CollectionsPort } from '../core/rag/rag-ports.ts';
import type { CollectionObject } from '../objects/collection-object.ts';
import { callObject } from './object-call.ts';
import type { Namespace } from './object-calls.ts';

const options = { attempts: 3, pauseMs: 50 };
/** A cold object reads all its vectors first. */
const searchOptions = { attempts: 2, pauseMs: 50, deadlineMs: 10_000 };
/** A batch writes up to some thousand rows. */
const putOptions = { attempts: 2, pauseMs: 100, deadlineMs: 30_000 };

export function createCollectionsClient(namespace: Namespace<CollectionObject>): CollectionsPort {
  const of = (place: CollectionPlace) => () => namespace.getByName(collectionName(place));
  const listOf =
    ({ tenantId }: CollectionPlace) =>
    () =>
      namespace.getByName(`collections:${tenantId}`);
  return {
    look: (place, ids) =>
      callObject(
        of(place),
        async (object): Promise<{ state: CollectionState; documents: readonly DocumentRecord[] }> => object.look(ids),
        options,
      ),
    put: (place, batch) => callObject(of(place), async (object): Promise<PutAnswer> => object.put(batch), putOptions),
    list: (place, afterId, most) =>
      callObject(of(place), async (object): Promise<DocumentPage> => object.list(afterId, most), options),
    get: (place, id) =>
      callObject(
        of(place),
        async (object): Promise<{ record: DocumentRecord; chunks: readonly StoredChunk[] } | null> => object.get(id),
        options,
      ),
    // Not again after a loss on the way: the second call would say that there was nothing to remove.
    remove: (place, id, isElsewhere) =>
      callObject(
        of(place),
        async (object): Promise<{ dropped: Dropped; isEmpty: boolean } | null> => object.remove(id, isElsewhere),
        { attempts: 1, pauseMs: 0, deadlineMs: 10_000 },
      ),
    search: (place, question, shape, most) =>
      callObject(of(place), async (object): Promise<SearchAnswer> => object.search(question, shape, most), searchOptions),
    load: (place, found, words) =>
      callObject(of(place), async (object): Promise<readonly FoundChunk[]> => object.load(found, words), options),
    dropped: (place) => callObject(of(place), async (object): Promise<readonly Dropped[]> => object.dropped(), options),
    forgetDropped: (place, revisions) => callObject(of(place), async (object) => object.forgetDropped(revisions), options),
    enlist: (place, most) =>
      callObject(listOf(place), async (object): Promise<boolean> => object.enlist(place.collection, most), options),
    strike: (place) => callObject(listOf(place), async (object) => object.strike(place.collection), options),
  };
}

/** A collection's name has no colon, so that no two places have one object. */
function collectionName({ tenantId, collection }: CollectionPlace): string {
  return `collection:${tenantId}:${collection}`;
}
