/**
 * Reading JSON that should be calls, or the arguments of one: what the formats share. Closing markers are the formats' matter.
 */
import { type CallRules, type CallShape, createCallShape } from '../call-shape.ts';
import { type Cursor, offsetOf } from '../cursor.ts';
import { createJsonScan, indifferent, type JsonListener, type JsonScan, type JsonStatus } from '../../json/scan.ts';
import { closeMissing, scanJson } from '../../json/scanner.ts';
import { type Reading, sees } from '../reading.ts';
import type { Region, Verdict } from './tool-format.ts';

export interface JsonCalls {
  readonly scan: JsonScan;
  readonly shape: CallShape;
}

/** Markers promise a call. */
export function createMarkedCalls(region: Region, keepsIds = false): JsonCalls {
  return createCalls(region, { tools: region.tools, isStrict: false, begin: region.begin, keepsIds });
}

export function createUnmarkedCalls(region: Region): JsonCalls {
  return createCalls(region, { tools: region.tools, isStrict: true, begin: null, keepsIds: false });
}

/** The JSON is not a call. The format must not look into the rest of an unfinished value: it belongs to an answer. */
export function asAnswer(input: Cursor, { scan }: JsonCalls): Verdict {
  const goesOn = scan.status === 'refused' && scan.isObject.length > 0;
  return { kind: 'text', muteUntil: offsetOf(input), inside: goesOn ? scan : null };
}

function createCalls(region: Region, rules: CallRules): JsonCalls {
  const shape = createCallShape(rules);
  region.completed = shape.calls;
  return { scan: createJsonScan(), shape };
}

/** Reads as far as the JSON goes; `open` means that the text ended in it. */
export function* readCalls(input: Cursor, region: Region, { scan, shape }: JsonCalls): Reading<JsonStatus> {
  for (;;) {
    input.at = scanJson(scan, shape, input.text, input.at);
    if (!region.isNamed && shape.hasDeclaredName()) {
      region.isInsideCall = true;
      region.isNamed = true;
    }
    if (scan.status !== 'open' || input.ending !== null) return scan.status;
    yield;
  }
}

/** Adds the closers that are missing, if the JSON stopped at `marker`; does not take it. */
export function* isRepairedAt(input: Cursor, scan: JsonScan, listener: JsonListener, marker: string): Reading<boolean> {
  return scan.status === 'failed' && (yield* sees(input, marker)) && closeMissing(scan, listener);
}

/** One JSON object whose text is wanted whole. */
export interface JsonArguments extends JsonListener {
  readonly scan: JsonScan;
  text(): string;
}

/** `onPiece` gets the text as it comes, if it is not wanted at the end. */
export function createJsonArguments(onPiece: ((piece: string) => void) | null = null): JsonArguments {
  let text = '';
  return {
    scan: createJsonScan(),
    text: () => text,
    onValue: (kind) => (kind === 'object' ? 'take' : 'refuse'),
    onKey: () => true,
    onText: (piece) => {
      if (onPiece === null) text += piece;
      else onPiece(piece);
    },
    onEnd: () => true,
  };
}

/** Like `readCalls`, for JSON that is skipped. */
export function* skipJson(input: Cursor): Reading<JsonStatus> {
  const scan = createJsonScan();
  for (;;) {
    input.at = scanJson(scan, indifferent, input.text, input.at);
    if (scan.status !== 'open' || input.ending !== null) return scan.status;
    yield;
  }
}

/** Like `readCalls`, for arguments. */
export function* readArguments(input: Cursor, json: JsonArguments): Reading<JsonStatus> {
  for (;;) {
    input.at = scanJson(json.scan, json, input.text, input.at);
    if (json.scan.status !== 'open' || input.ending !== null) return json.scan.status;
    yield;
  }
}
