/** Merges deltas of several tokens into one, as a server sends the output of one scheduler step. */
import type { Delta, ToolDelta } from './steps.ts';

export function mergeDeltas(deltas: readonly Delta[]): Delta {
  const [only] = deltas;
  if (deltas.length === 1 && only) return only;
  const joined = (key: 'content' | 'reasoning' | 'reasoning_content') => {
    const parts = deltas.flatMap((delta) => (typeof delta[key] === 'string' ? [delta[key]] : []));
    return parts.length > 0 ? { [key]: parts.join('') } : {};
  };
  const calls = joinFragments(deltas.flatMap((delta) => delta.tool_calls ?? []));
  const texts = { ...joined('reasoning'), ...joined('reasoning_content'), ...joined('content') };
  return calls.length > 0 ? { ...texts, tool_calls: calls } : texts;
}

/** One entry per run of argument fragments of a call; the entry with its name stays apart. */
function joinFragments(entries: readonly ToolDelta[]): ToolDelta[] {
  const joined: ToolDelta[] = [];
  for (const entry of entries) {
    const last = joined.at(-1);
    const isFragment = entry.id === undefined && last?.id === undefined && last?.index === entry.index;
    if (!isFragment || !last) joined.push(entry);
    else
      joined.splice(-1, 1, {
        index: entry.index,
        function: { arguments: (last.function.arguments ?? '') + (entry.function.arguments ?? '') },
      });
  }
  return joined;
}
