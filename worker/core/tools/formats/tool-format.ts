/**
 * What a text format is: where its calls may open, and how a call is read from there to a verdict. A format never sees chunks,
 * other formats or events; the finder runs it.
 */
import type { ToolFormatId } from '../../../../shared/config.ts';
import type { BeginCall, ParsedCall } from '../call.ts';
import { type Cursor, offsetOf } from '../cursor.ts';
import type { DeclaredTools } from '../declared-tool.ts';
import type { JsonScan } from '../../json/scan.ts';
import type { Reading } from '../reading.ts';

/** Offsets count from the start of the text. */
export type Verdict =
  /**
   * Not a call: all of it is text. The format need not look again before `muteUntil`, nor after it while the JSON value `inside` continues.
   */
  | { readonly kind: 'text'; readonly muteUntil: number; readonly inside?: JsonScan | null }
  /** Calls, or markers that belong to one and are dropped. */
  | {
      readonly kind: 'calls';
      readonly calls: readonly ParsedCall[];
      readonly resumeAt: number;
      /** Of a region that is no call after all a part is shown already, which cannot be taken back. */
      readonly isBroken?: boolean;
      /** The closing marker is missing: enough for a call, not for one in quoted code. */
      readonly isUnclosed?: boolean;
      /** Nothing but further calls follows. */
      readonly isLast?: boolean;
    };

/** What a reading shares with the finder. */
export interface Region {
  /** Set as soon as being cut by a limit means that a call was cut, not text. */
  isInsideCall: boolean;
  /** Set as soon as a declared name is readable: a model that ends its answer by itself inside such a region has broken a call. */
  isNamed: boolean;
  /** Calls that are complete, should the text break off now. */
  completed: readonly ParsedCall[];
  readonly tools: DeclaredTools;
  /** Opens a call whose arguments are shown as they come; null when calls are shown whole. */
  readonly begin: BeginCall | null;
}

/** Starts with the opener (or the start of the message, or the end of a call) still unread. */
export type ReadCalls = (input: Cursor, region: Region) => Reading<Verdict>;

export interface Opener {
  readonly marker: string;
  /**
   * What shows at once that it opens nothing, if it follows, as a regular expression; the reading would come to the same result.
   */
  readonly unless?: string;
  /** Never opens in quoted code. */
  readonly isOutsideCode: boolean;
  /** The call is a code block itself. */
  readonly isBlock?: boolean;
  readonly read: ReadCalls;
}

export interface ToolFormat {
  readonly id: ToolFormatId;
  readonly openers: readonly Opener[];
  /** Tried once, where the message starts; finds nothing where it does not start like `callStarts`. */
  readonly readStart?: ReadCalls;
  /** Tried directly behind a region of this format: the next call of a row, or a closing marker that is dropped. */
  readonly readNext?: ReadCalls;
}

/** How a message starts that is a call without any markup. */
export const callStarts = /^\s*[{[]/;

/** The region is open: a limit that ends the answer now has cut a call; of a declared tool, if its name is known to be one. */
export function markOpen(region: Region, name: string | null = null): void {
  region.isInsideCall = true;
  region.isNamed ||= name !== null && region.tools.has(name);
}

/** Not a call, as the next character shows. */
export function asText(input: Cursor): Verdict {
  return { kind: 'text', muteUntil: offsetOf(input) };
}

export function asCalls(input: Cursor, calls: readonly ParsedCall[]): Verdict {
  return { kind: 'calls', calls, resumeAt: offsetOf(input) };
}
