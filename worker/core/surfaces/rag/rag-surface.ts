/**
 * The wire of an answer from documents: a chat completion with `sources` beside what official clients read. Of a stream the first chunk names
 * the sources, and the one that ends the answer names them again, with what the answer cites and the words that support it.
 */
import { citedSources, sourcesOf } from '../../rag/sources.ts';
import type { Retrieved } from '../../rag/retrieved.ts';
import type { StreamRequest } from '../../request/inner-request.ts';
import { chatSurface } from '../chat/chat-surface.ts';
import { createChatStream } from '../chat/chat-stream.ts';
import { renderCompletion } from '../chat/render.ts';
import type { StreamWriter, Surface } from '../surface.ts';

/** One for each request. */
export function ragSurface(retrieved: Retrieved): Surface {
  return {
    ...chatSurface,
    writeWhole(answer, usage, routing) {
      const text = answer.choices.map(({ content }) => content).join('\n');
      return JSON.stringify({ ...renderCompletion(answer, usage, routing), ...foundFor(retrieved, text) });
    },
    openStream: (request) => ragStream(request, retrieved),
  };
}

/** What stands beside a whole answer. */
function foundFor({ passages, retrieval }: Retrieved, text: string): Readonly<Record<string, unknown>> {
  const { sources, unknown } = citedSources(passages, text);
  return { sources, 'x-rag-metadata': { ...retrieval, ...(unknown.length === 0 ? {} : { unknown_citations: unknown }) } };
}

function ragStream(request: StreamRequest, retrieved: Retrieved): StreamWriter {
  let isFirst = true;
  let text = '';
  return createChatStream(request, ({ delta, finishReason }) => {
    const { content } = delta;
    if (typeof content === 'string') text += content;
    const begins = isFirst;
    isFirst = false;
    if (finishReason !== null) return foundFor(retrieved, text);
    return begins ? { sources: sourcesOf(retrieved.passages) } : null;
  });
}
