/**
 * Reads nested literals of a language that is not quite JSON, and writes them as JSON text. Brackets, commas and colons are the same in all
 * of them; what stands between is read by the language (`LiteralSyntax`).
 */
import type { Cursor } from '../cursor.ts';
import { needInk, type Reading } from '../reading.ts';

export interface LiteralSyntax {
  /** Closing brackets by opening ones. */
  readonly closers: Readonly<Record<string, string>>;
  /** A string, number or word, whose first character is `next`, as JSON text; null if there is none. A key must come out as a string. */
  readAtom(input: Cursor, next: string, isKey: boolean): Reading<string | null>;
}

interface Frame {
  readonly closer: string;
  readonly isDict: boolean;
  json: string;
  count: number;
  hasComma: boolean;
}

const maxDepth = 200;

/** One literal as JSON text. Keeps its own stack, so that depth costs no generators. */
export function* readLiteral(input: Cursor, { closers, readAtom }: LiteralSyntax): Reading<string | null> {
  const frames: Frame[] = [];
  for (;;) {
    const next = yield* needInk(input);
    const frame = frames.at(-1);
    const closer = closers[next];
    if (closer !== undefined) {
      if (frames.length >= maxDepth) return null;
      input.at += 1;
      frames.push({ closer, isDict: next === '{', json: '', count: 0, hasComma: false });
      continue;
    }
    let value: string | null;
    if (next === frame?.closer && (frame.count === 0 || frame.hasComma)) {
      input.at += 1;
      frames.pop();
      value = closed(frame);
    } else value = yield* readAtom(input, next, frame !== undefined && frame.isDict && isKeyExpected(frame));
    const whole = yield* place(input, frames, value);
    if (whole !== undefined) return whole;
  }
}

/** Puts a value where it belongs and closes what ends behind it. Undefined while containers are open. */
function* place(input: Cursor, frames: Frame[], first: string | null): Reading<string | null | undefined> {
  let value = first;
  for (;;) {
    const frame = frames.at(-1);
    if (value === null || frame === undefined) return value;
    const next = yield* needInk(input);
    const isKey = frame.isDict && isKeyExpected(frame);
    if (isKey && (next !== ':' || !value.startsWith('"'))) return null;
    const isFollowed = isKey || next === ',';
    if (!isFollowed && next !== frame.closer) return null;
    input.at += 1;
    frame.json += (frame.count === 0 || (frame.isDict && !isKey) ? '' : ', ') + value + (isKey ? ': ' : '');
    frame.count += 1;
    frame.hasComma = next === ',';
    if (isFollowed) return undefined;
    frames.pop();
    value = closed(frame);
  }
}

/** In a dictionary keys and values take turns, and `count` counts both. */
function isKeyExpected(frame: Frame): boolean {
  return frame.count % 2 === 0;
}

/** Parentheses around one value without a comma are not a tuple, only that value. */
function closed(frame: Frame): string {
  if (frame.isDict) return `{${frame.json}}`;
  return frame.closer === ')' && frame.count === 1 && !frame.hasComma ? frame.json : `[${frame.json}]`;
}
