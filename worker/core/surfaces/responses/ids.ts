/** Ids on this wire say where an answer is kept: an item's names its answer, so that a reference to one item is enough to find it. */

export function responseId(name: string): string {
  return `resp_${name}`;
}

const responsePattern = /^resp_([A-Za-z0-9_.-]{1,130})$/;

/** The name of the answer; null for what is no id of a response. */
export function nameInResponseId(id: string): string | null {
  return responsePattern.exec(id)?.[1] ?? null;
}

export type ItemKind = 'msg' | 'fc' | 'rs';

export function itemId(kind: ItemKind, index: number, name: string): string {
  return `${kind}_${index}_${name}`;
}

const itemPattern = /^(?:msg|fc|rs)_(\d{1,4})_([A-Za-z0-9_.-]{1,130})$/;

/** Which item of which answer; null for an item that no answer of this gateway has. */
export function placeOfItem(id: string): { readonly index: number; readonly name: string } | null {
  const [, index, name] = itemPattern.exec(id) ?? [];
  return index === undefined || name === undefined ? null : { index: Number(index), name };
}
