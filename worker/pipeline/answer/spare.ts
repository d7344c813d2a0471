/** Answers that were not good enough, kept in case no better one comes. */
import type { Opened } from '../run/opened.ts';
import type { Parts } from '../run/run.ts';

export function keepDoubted({ tried, spent }: Parts<'tried' | 'spent'>, opened: Opened): void {
  const answer = opened.kind === 'stream' ? opened.stream.answer : opened.answer;
  const begun = spent.answers.find((known) => known.answer === answer);
  if (begun === undefined) return;
  tried.spare = { begun, opened, place: opened.kind === 'stream' ? tried.place : null };
  // The server keeps writing, so its place stays taken.
  if (opened.kind === 'stream') tried.place = null;
}

/** An empty answer is better than none, if no model gives another. */
export function keepEmpty({ tried, spent }: Parts<'tried' | 'spent'>): void {
  const begun = spent.answers.at(-1);
  if (begun !== undefined) tried.spare ??= { begun, opened: { kind: 'whole', answer: begun.answer }, place: null };
}

/** The one that was kept: shown whole, or from where it was held back. */
export function takeSpare({ tried, spent, client }: Parts<'tried' | 'spent' | 'client'>): Opened | null {
  const { spare } = tried;
  if (spare === null) return null;
  tried.spare = null;
  client.servedModelId = spare.begun.modelId;
  // It counts as the last call's answer: what came after it gave none.
  spent.answers.push(...spent.answers.splice(spent.answers.indexOf(spare.begun), 1));
  if (spare.opened.kind === 'stream') {
    tried.current = spare.opened.stream;
    tried.place = spare.place;
  }
  return spare.opened;
}
