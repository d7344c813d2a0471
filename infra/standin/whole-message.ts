/** How a server turns the tokens of a whole answer into a message: it parses the text at once, by other rules than for a stream. */
import type { Choice } from './completion.ts';
import { mergeDeltas } from './deltas.ts';
import type { Finish, WholeMessage } from './flavours/flavour.ts';
import { isRecord, pythonJson, tryParse } from './json.ts';
import type { Delta, ToolDelta } from './steps.ts';

type WholeCall = WholeMessage['calls'][number];

interface Whole {
  readonly message: WholeMessage;
  readonly ending: Finish;
}

export function wholeMessage(choice: Choice, isForcedCall: boolean): Whole {
  const deltas = choice.steps.flatMap(({ delta }) => (delta ? [delta] : []));
  const { content, tool_calls: entries = [], ...reasoning } = mergeDeltas([{}, ...deltas]);
  const ending = { finishReason: choice.finishReason, stopReason: choice.stopReason };
  const ofDeltas = { message: { content: content ?? '', reasoning, calls: assemble(entries), isForcedCall }, ending };
  if (!choice.hasMarkup) return ofDeltas;

  const raw = choice.steps.map(({ token, isThought }) => (isThought ? '' : token)).join('');
  const calls = readMarkup(raw, idsOf(deltas));
  // One call that is no JSON, because it is cut or wrong, and the server shows the whole text as it is.
  if (calls === null) {
    const finishReason = choice.isCut || isForcedCall ? choice.finishReason : 'stop';
    return { message: { content: raw, reasoning, calls: [], isForcedCall }, ending: { ...ending, finishReason } };
  }
  // A limit reached after the last bracket is not reported.
  const finishReason = calls.length > 0 && !isForcedCall ? 'tool_calls' : choice.finishReason;
  return { message: { content: content ?? '', reasoning, calls, isForcedCall }, ending: { ...ending, finishReason } };
}

/** hermes: every region between the markers, the last one also without its end, must be JSON; null where one is not. */
function readMarkup(raw: string, ids: readonly string[]): WholeCall[] | null {
  const regions = [...raw.matchAll(/<tool_call>([^]*?)<\/tool_call>|<tool_call>([^]*)/g)].map(
    (match) => match[1] ?? match[2] ?? '',
  );
  const calls = regions.map((region, index): WholeCall | null => {
    const call = tryParse(region);
    if (!isRecord(call) || typeof call['name'] !== 'string' || !('arguments' in call)) return null;
    const id = ids[index] ?? '';
    return { id, type: 'function', index, function: { name: call['name'], arguments: pythonJson(call['arguments']) } };
  });
  const whole = calls.filter((call) => call !== null);
  return whole.length === calls.length ? whole : null;
}

function idsOf(deltas: readonly Delta[]): string[] {
  return deltas.flatMap((delta) => (delta.tool_calls ?? []).flatMap(({ id }) => id ?? []));
}

function assemble(entries: readonly ToolDelta[]): WholeCall[] {
  const indexes = [...new Set(entries.map(({ index }) => index))];
  return indexes.map((index) => {
    const own = entries.filter((entry) => entry.index === index);
    const text = own.map((entry) => entry.function.arguments ?? '').join('');
    const call = { name: own[0]?.function.name ?? '', arguments: text === '' ? '{}' : text };
    return { id: own[0]?.id ?? '', type: 'function', index, function: call };
  });
}
