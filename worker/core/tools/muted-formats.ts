/**
 * Where in a text a format need not look: up to where it has already read without a call, and inside a JSON answer that it has recognised.
 * Positions are offsets from the start of the text.
 */
import { indifferent, type JsonScan, resumeScan } from '../json/scan.ts';
import { scanJson } from '../json/scanner.ts';
import type { Cursor } from './cursor.ts';
import type { ToolFormat, Verdict } from './formats/tool-format.ts';

/** A JSON answer that a format must not look into, and how far it has been followed. */
interface Inside {
  readonly format: ToolFormat;
  readonly scan: JsonScan;
  offset: number;
}

export interface MutedFormats {
  readonly until: Map<ToolFormat, number>;
  insides: Inside[];
}

export function createMutedFormats(): MutedFormats {
  return { until: new Map(), insides: [] };
}

/** The format found no call, and says how far it need not look again. */
export function mute(muted: MutedFormats, format: ToolFormat, { muteUntil, inside }: Extract<Verdict, { kind: 'text' }>): void {
  if (inside != null) muted.insides.push({ format, scan: resumeScan(inside), offset: muteUntil });
  else muteTo(muted, format, muteUntil);
}

function muteTo({ until }: MutedFormats, format: ToolFormat, offset: number): void {
  until.set(format, Math.max(offset, until.get(format) ?? 0));
}

export function isMuted({ until, insides }: MutedFormats, format: ToolFormat, offset: number): boolean {
  return (until.get(format) ?? 0) > offset || insides.some((inside) => inside.format === format);
}

/** Follows the JSON answers up to the index `to` of the cursor's text; a format may look again where its one has ended. */
export function followAnswers(muted: MutedFormats, { text, base }: Cursor, to: number): void {
  const { insides } = muted;
  for (let i = insides.length - 1; i >= 0; i -= 1) {
    const inside = insides[i];
    if (inside === undefined || inside.offset >= base + to) continue;
    inside.offset += scanJson(inside.scan, indifferent, text.slice(inside.offset - base, to), 0);
    if (inside.scan.status === 'open') continue;
    muteTo(muted, inside.format, inside.offset);
    insides.splice(i, 1);
  }
}

/** A call ends the JSON answers around it. */
export function leaveAnswers(muted: MutedFormats): void {
  muted.insides = [];
}

/** The text from an offset on was taken back: what was learnt from it goes. */
export function forgetFrom(muted: MutedFormats, offset: number): void {
  const { until } = muted;
  for (const [format, known] of until) until.set(format, Math.min(known, offset));
  muted.insides = muted.insides.filter((inside) => inside.offset <= offset);
}
