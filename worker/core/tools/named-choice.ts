/**
 * tool_choice with a name: guided decoding writes nothing but the tool's arguments. A message that is one JSON object is
 * therefore that tool's call, unless it is a call by itself; any other message is read as usual.
 */
import { type Cursor, offsetOf } from './cursor.ts';
import { createJsonScan } from '../json/scan.ts';
import { scanJson } from '../json/scanner.ts';
import { createJsonArguments, createUnmarkedCalls, readArguments } from './formats/json-calls.ts';
import { asCalls, asText, markOpen, type ReadCalls, type Region, type Verdict } from './formats/tool-format.ts';
import type { ParsedCall } from './call.ts';
import { peek, type Reading, runOut, skipWhitespace } from './reading.ts';

export function readNamedChoice(name: string): ReadCalls {
  return function* read(input: Cursor, region: Region): Reading<Verdict> {
    yield* skipWhitespace(input);
    if ((yield* peek(input)) !== '{') return asText(input);
    // The request itself names the tool.
    markOpen(region, name);
    const json = createJsonArguments();
    const status = yield* readArguments(input, json);
    if (status === 'open') return yield* runOut();
    if (status !== 'done') return asText(input);
    const calls = callsIn(json.text(), region);
    if (calls !== null) return asCalls(input, calls);
    yield* skipWhitespace(input);
    if ((yield* peek(input)) !== '') return { kind: 'text', muteUntil: offsetOf(input) };
    return asCalls(input, [{ id: null, name, arguments: json.text() }]);
  };
}

function callsIn(json: string, region: Region): readonly ParsedCall[] | null {
  const { shape } = createUnmarkedCalls(region);
  const scan = createJsonScan();
  scanJson(scan, shape, json, 0);
  return scan.status === 'done' && shape.isCall() ? shape.calls : null;
}
