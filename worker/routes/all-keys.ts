/** Every key of the deployment, page by page. */
import type { KeyRecord } from '../core/auth/key-record.ts';
import type { Deps } from '../deps.ts';

const pageSize = 500;
/** Enough for more keys than the statistics distinguish. */
const maxPages = 20;

export async function* allKeys({ keys }: Pick<Deps, 'keys'>): AsyncIterable<KeyRecord> {
  let after = '';
  for (let page = 0; page < maxPages; page += 1) {
    const records = await keys.list(after, pageSize);
    yield* records;
    after = records.at(-1)?.id ?? '';
    if (records.length < pageSize) break;
  }
}
