/** The items that a stored response was asked with, as a list in pages. */
import type { Failure } from '../../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../../shared/result.ts';
import type { Item, Message, Part } from './items.ts';

export interface ListQuery {
  readonly limit: number;
  readonly isAscending: boolean;
  /** The id of the item that the page before ended with; null for the first page. */
  readonly after: string | null;
}

export function readListQuery(query: Readonly<Record<string, string>>): Result<ListQuery, Failure> {
  const { limit = '20', order = 'desc', after = null } = query;
  const count = Number(limit);
  if (!/^\d{1,3}$/.test(limit) || count < 1 || count > 100)
    return fail({ code: 'invalid_value', param: 'limit', detail: 'Expected 1 to 100.' });
  if (order !== 'asc' && order !== 'desc')
    return fail({ code: 'invalid_value', param: 'order', detail: 'Expected asc or desc.' });
  return ok({ limit: count, isAscending: order === 'asc', after });
}

export function inputItemList(
  items: readonly Item[],
  name: string,
  { limit, isAscending, after }: ListQuery,
): Result<Readonly<Record<string, unknown>>, Failure> {
  const all = items.map((item, at) => shownItem(item, `in_${at}_${name}`));
  if (!isAscending) all.reverse();
  const from = after === null ? 0 : all.findIndex(({ id }) => id === after) + 1;
  if (after !== null && from === 0)
    return fail({ code: 'invalid_value', param: 'after', detail: 'There is no such item in the list.' });
  const data = all.slice(from, from + limit);
  return ok({
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: from + limit < all.length,
  });
}

/** Every item has an id in the list, its own where the client gave it one. */
function shownItem(item: Item, id: string): Readonly<Record<string, unknown>> & { readonly id: string } {
  const own = item.id ?? id;
  if (item.type !== 'message') return { ...item, id: own };
  return { ...item, id: own, status: item.status ?? 'completed', content: partsOf(item) };
}

function partsOf({ role, content }: Message): readonly Part[] {
  if (typeof content !== 'string') return content;
  return [{ type: role === 'assistant' ? 'output_text' : 'input_text', text: content }];
}
