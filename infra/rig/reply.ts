/** One answer of the gateway, streamed or whole, in one shape, so that tests can make the same claims about both. */
import { parseStream, type StreamRead } from './read-stream.ts';

export interface Reply extends Omit<StreamRead, 'chunks'> {
  readonly status: number;
  readonly headers: Headers;
  readonly isStream: boolean;
}

interface Completion {
  readonly choices?: readonly {
    readonly message: {
      readonly content: string | null;
      readonly tool_calls?: readonly { readonly function: { readonly name: string; readonly arguments: string } }[];
    };
    readonly finish_reason: string | null;
  }[];
  readonly usage?: Readonly<Record<string, unknown>>;
  readonly error?: Readonly<Record<string, unknown>>;
  readonly 'x-routing-metadata'?: Readonly<Record<string, unknown>>;
}

export async function readReply(response: Response): Promise<Reply> {
  const raw = await response.text();
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
  const head = { status: response.status, headers: response.headers, isStream };
  if (isStream) {
    const { chunks: _, ...stream } = parseStream(raw);
    return { ...head, ...stream };
  }
  const { choices = [], usage = null, error, 'x-routing-metadata': metadata = null } = parseCompletion(raw);
  const [first] = choices;
  return {
    ...head,
    unreadable: [],
    comments: 0,
    isDone: false,
    goesOn: false,
    text: first?.message.content ?? '',
    calls: (first?.message.tool_calls ?? []).map(({ function: call }) => call),
    finishReasons: choices.flatMap((choice) => choice.finish_reason ?? []),
    errors: error === undefined ? [] : [error],
    usage,
    metadata,
    raw,
  };
}

/** Every answer other than a stream must be JSON. */
function parseCompletion(raw: string): Completion {
  try {
    return JSON.parse(raw) as Completion;
  } catch {
    throw new Error(`Neither a stream nor JSON: ${raw.slice(0, 300)}`);
  }
}
