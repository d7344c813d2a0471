/**
 * The rules of a kept answer's log: who may write it, what a repeated batch adds, and when it is over. Pure; the object stores what comes
 * of it.
 */
import type { KeptBatch, KeptEnding, KeptOpening, KeptRecord } from './kept-answer.ts';

/** How often a writer is heard of at least. */
export const beatMs = 3000;
/** A writer that was not heard of for so long is given up. After a restart of its object, which forgets when that was, it has as long again. */
export const silentMs = 15_000;
/** A writer that has heard nothing for so long stops by itself: it may be given up soon, and then another may run. */
export const leaseMs = 12_000;

/** A writer that was heard of within this time is taken to be alive. */
export const heardForMs = 4500;

/** The most of an answer that is kept, in bytes of its log. */
export const maxAnswerBytes = 1_000_000;

/** Read by whoever follows an answer whose writer is gone. */
export const abandoned: KeptEnding = {
  kind: 'failed',
  failure: { code: 'upstream_truncated', sentence: 'The answer broke off: the run that wrote it is gone.' },
  metadata: null,
  isFinal: false,
};

export function openRecord(opening: KeptOpening): KeptRecord {
  return { opening, ending: null, pieces: 0, bytes: bytesOf(opening), isTooLong: false, isCancelAsked: false, untilMs: null };
}

/** What an answer takes before its first piece. */
export function bytesOf({ stored }: KeptOpening): number {
  return stored === undefined ? 0 : utf8Bytes(stored);
}

/**
 * Whether an answer is written or read:
 *
 * | stored                                    | same fingerprint                         | another    |
 * | ----------------------------------------- | ---------------------------------------- | ---------- |
 * | nothing, forgotten, broken off, cancelled | lead                                     | lead       |
 * | under way, its writer silent              | lead                                     | lead       |
 * | under way                                 | follow; lead if it is the writer's own   | mismatch   |
 * | complete, or refused for good             | follow; lead if it is to be replaced     | mismatch   |
 *
 * @param stored given up already where its writer is silent
 */
export function decideOpen(stored: KeptRecord | null, opening: KeptOpening, nowMs: number): 'lead' | 'follow' | 'mismatch' {
  if (stored === null || isForgotten(stored, nowMs) || isFree(stored)) return 'lead';
  if (stored.opening.fingerprint !== opening.fingerprint) return 'mismatch';
  if (stored.ending !== null && opening.replaces === true) return 'lead';
  return stored.ending === null && stored.opening.writerId === opening.writerId ? 'lead' : 'follow';
}

/** It has ended, and another run may have its id. */
function isFree({ ending, isTooLong }: KeptRecord): boolean {
  if (ending === null) return false;
  return isTooLong || ending.kind === 'cancelled' || (ending.kind === 'failed' && !ending.isFinal);
}

export function isForgotten({ untilMs }: Pick<KeptRecord, 'untilMs'>, nowMs: number): boolean {
  return untilMs !== null && nowMs >= untilMs;
}

/** A batch that was taken: the record after it, and the pieces that the log did not have. */
export interface Taken {
  readonly record: KeptRecord;
  readonly fresh: readonly string[];
}

/** Null for a writer that is none any more. A batch may come twice, and a part of it again with more behind. */
export function takeBatch(record: KeptRecord, batch: KeptBatch, nowMs: number): Taken | null {
  if (batch.writerId !== record.opening.writerId || batch.from > record.pieces) return null;
  const fresh = batch.pieces.slice(record.pieces - batch.from);
  if (record.ending !== null) {
    const isRepeat = fresh.length === 0 && batch.ending !== null && record.ending.kind === batch.ending.kind;
    return isRepeat ? { record, fresh: [] } : null;
  }
  const bytes = record.bytes + fresh.reduce((sum, piece) => sum + utf8Bytes(piece), 0);
  const isTooLong = record.isTooLong || bytes > maxAnswerBytes;
  const grown = { ...record, pieces: record.pieces + fresh.length, bytes: isTooLong ? 0 : bytes, isTooLong };
  return { record: batch.ending === null ? grown : endRecord(grown, batch.ending, nowMs), fresh: isTooLong ? [] : fresh };
}

export function endRecord(record: KeptRecord, ending: KeptEnding, nowMs: number): KeptRecord {
  return { ...record, ending, untilMs: nowMs + lifetimeOf(record.opening, ending) };
}

function lifetimeOf({ lifetimeMs, brokenLifetimeMs }: KeptOpening, ending: KeptEnding): number {
  const isWhole = ending.kind === 'complete' ? ending.isPassing !== true : ending.kind === 'failed' && ending.isFinal;
  return isWhole ? lifetimeMs : brokenLifetimeMs;
}

/** How long an answer has been over; 0 for one under way. */
export function endedForMs({ opening, ending, untilMs }: KeptRecord, nowMs: number): number {
  return ending === null || untilMs === null ? 0 : Math.max(0, nowMs - (untilMs - lifetimeOf(opening, ending)));
}

export function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    // A surrogate is half of four bytes.
    if (code > 0x7f) bytes += code > 0x7ff && (code < 0xd800 || code > 0xdfff) ? 2 : 1;
  }
  return bytes;
}
