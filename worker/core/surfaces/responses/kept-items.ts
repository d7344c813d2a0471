/** What is kept of a stored response: the items that it was asked with, and those that it answered with. */
import type { KeptEnding, KeptPage } from '../../kept/kept-answer.ts';
import { createPieceReader } from '../../kept/pieces.ts';
import type { Echo } from './echo.ts';
import { type Item, itemSchemas } from './items.ts';
import { createOutput, type ResponseOutput } from './output.ts';
import type { ItemReference } from './read-items.ts';

export const responsesPath = '/v1/responses';

/** Null for an answer that is kept for another reason, or of another wire. */
export function storedInput({ opening }: KeptPage): readonly Item[] | null {
  if (opening.stored === undefined || opening.surface !== responsesPath) return null;
  // Written by this surface.
  const items: Item[] = JSON.parse(opening.stored);
  return items;
}

/** The response as it stands, with how it ended. */
export function keptResponse(page: KeptPage, name: string): Readonly<Record<string, unknown>> {
  const output = outputOf(page, name);
  const { ending } = page;
  if (ending === null) return output.object();
  if (ending.kind === 'complete') {
    output.end();
    return output.object();
  }
  return output.object(ending.kind === 'cancelled' ? 'cancelled' : failureOf(ending, output));
}

function failureOf(ending: Extract<KeptEnding, { kind: 'failed' }>, output: ResponseOutput) {
  output.fail(ending.failure);
  return ending.failure;
}

/** Everything that a request sees which goes on from it. Null where that is not kept, or not known yet. */
export function keptConversation(page: KeptPage | undefined, name: string): readonly Item[] | null {
  const input = page === undefined ? null : storedInput(page);
  if (page === undefined || input === null || page.ending === null || page.isTooLong) return null;
  return [...input, ...outputItems(page, name)];
}

export function keptItem(page: KeptPage | undefined, { name, index }: ItemReference): Item | null {
  if (page === undefined || storedInput(page) === null || page.isTooLong) return null;
  return outputItems(page, name)[index] ?? null;
}

/** As clients send them back. */
function outputItems(page: KeptPage, name: string): readonly Item[] {
  const { output } = keptResponse(page, name);
  return (Array.isArray(output) ? output : []).flatMap((item) => {
    const read = itemSchemas.get(item.type)?.safeParse(item);
    return read?.success === true ? [read.data] : [];
  });
}

function outputOf({ opening, pieces }: KeptPage, name: string): ResponseOutput {
  const echo: Echo = opening.request.echo ?? {};
  const output = createOutput(echo, name);
  const read = createPieceReader();
  for (const text of pieces) {
    const { head, events, routing } = read(text);
    output.write(head, events, () => routing ?? unknown());
  }
  return output;
}

function unknown(): never {
  throw new Error('a piece that ends a choice has its routing');
}
