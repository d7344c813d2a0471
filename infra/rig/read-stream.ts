/** Reads a streamed answer as a client does, with a parser other than the gateway's own, and interprets it. */
import { createParser } from 'eventsource-parser';

export interface Chunk {
  readonly id?: string;
  readonly choices?: readonly {
    readonly index: number;
    readonly delta: { readonly role?: string; readonly content?: string | null; readonly tool_calls?: readonly CallDelta[] };
    readonly finish_reason: string | null;
    readonly logprobs?: unknown;
  }[];
  readonly usage?: Readonly<Record<string, unknown>> | null;
  readonly error?: Readonly<Record<string, unknown>>;
  readonly 'x-routing-metadata'?: Readonly<Record<string, unknown>>;
}

export interface CallDelta {
  readonly index: number;
  readonly id?: string;
  readonly function?: { readonly name?: string; readonly arguments?: string };
}

export interface StreamRead {
  readonly chunks: readonly Chunk[];
  /** Data other than [DONE] that is not JSON: always a mistake. */
  readonly unreadable: readonly string[];
  readonly comments: number;
  readonly isDone: boolean;
  /** Something came after [DONE]. */
  readonly goesOn: boolean;
  readonly text: string;
  readonly calls: readonly { readonly name: string; readonly arguments: string }[];
  readonly finishReasons: readonly string[];
  readonly errors: readonly Readonly<Record<string, unknown>>[];
  readonly usage: Readonly<Record<string, unknown>> | null;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly raw: string;
}

export function parseStream(raw: string): StreamRead {
  const chunks: Chunk[] = [];
  const unreadable: string[] = [];
  let [comments, isDone, goesOn] = [0, false, false];
  const parser = createParser({
    onComment: () => void (comments += 1),
    onEvent({ data }) {
      goesOn ||= isDone;
      if (data === '[DONE]') {
        isDone = true;
        return;
      }
      try {
        chunks.push(JSON.parse(data) as Chunk);
      } catch {
        unreadable.push(data);
      }
    },
  });
  parser.feed(raw);
  const choices = chunks.flatMap((chunk) => chunk.choices ?? []);
  return {
    chunks,
    unreadable,
    comments,
    isDone,
    goesOn,
    text: choices
      .filter(({ index }) => index === 0)
      .map(({ delta }) => delta.content ?? '')
      .join(''),
    calls: joinCalls(choices.flatMap(({ delta }) => delta.tool_calls ?? [])),
    finishReasons: choices.flatMap(({ finish_reason: reason }) => reason ?? []),
    errors: chunks.flatMap(({ error }) => (error === undefined ? [] : [error])),
    usage: chunks.findLast(({ usage }) => usage != null)?.usage ?? null,
    metadata: chunks.findLast((chunk) => chunk['x-routing-metadata'] !== undefined)?.['x-routing-metadata'] ?? null,
    raw,
  };
}

function joinCalls(deltas: readonly CallDelta[]): { name: string; arguments: string }[] {
  const calls = new Map<number, { name: string; arguments: string }>();
  for (const { index, function: part } of deltas) {
    const call = calls.get(index) ?? { name: '', arguments: '' };
    calls.set(index, { name: call.name + (part?.name ?? ''), arguments: call.arguments + (part?.arguments ?? '') });
  }
  return [...calls.values()];
}
