/** An answer of a model server or of the gateway, streamed or whole, in the terms of the contract. */
import { type Chunk, parseStream } from '../../../infra/rig/read-stream.ts';

type Fields = Readonly<Record<string, unknown>>;

interface Entry {
  readonly token: string;
  readonly logprob: number;
  readonly top_logprobs: readonly unknown[];
}

interface Choice {
  readonly index: number;
  readonly message: Message;
  readonly finish_reason: string | null;
  readonly logprobs?: { readonly content?: readonly Entry[] | null } | null;
}

interface Message {
  readonly role?: string;
  readonly content?: string | null;
  readonly tool_calls?: readonly { readonly id?: string; readonly function: Call }[] | null;
}

interface Call {
  readonly name: string;
  readonly arguments: string;
}

export interface Seen {
  readonly status: number;
  readonly isStream: boolean;
  /** Of the first choice. */
  readonly text: string;
  /** Of every choice. */
  readonly texts: readonly string[];
  /** Of the first choice, arguments parsed where they are JSON. */
  readonly calls: readonly { readonly name: string; readonly arguments: unknown }[];
  readonly finish: readonly string[];
  readonly usage: Fields | null;
  readonly logprobs: readonly Entry[];
  readonly error: Fields | string | null;
  /** Whole answers: the body. */
  readonly body: unknown;
  /** How a stream is built; null for a whole answer. */
  readonly stream: StreamShape | null;
}

export interface StreamShape {
  /** The first delta. */
  readonly opening: Fields | null;
  /** Choices in the last event before `[DONE]`, and whether it has the usage. */
  readonly closing: { readonly choices: number | null; readonly hasUsage: boolean };
  /** Everything was JSON, `[DONE]` came last, and once. */
  readonly isWhole: boolean;
  readonly ids: number;
  readonly events: readonly unknown[];
}

export async function see(response: Response): Promise<Seen> {
  const text = await response.text();
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
  return isStream ? seeStream(response.status, text) : seeWhole(response.status, text);
}

function seeStream(status: number, raw: string): Seen {
  const { chunks, unreadable, isDone, goesOn, finishReasons, errors, usage } = parseStream(raw);
  const choices = chunks.flatMap((chunk) => chunk.choices ?? []);
  const indexes = [...new Set(choices.map(({ index }) => index))].toSorted((a, b) => a - b);
  const texts = indexes.map((wanted) =>
    choices.map(({ index, delta }) => (index === wanted ? (delta.content ?? '') : '')).join(''),
  );
  const calls = new Map<number, Call>();
  for (const { index, function: part } of choices.flatMap(({ index, delta }) => (index === 0 ? (delta.tool_calls ?? []) : []))) {
    const call = calls.get(index) ?? { name: '', arguments: '' };
    calls.set(index, { name: call.name + (part?.name ?? ''), arguments: call.arguments + (part?.arguments ?? '') });
  }
  return {
    status,
    isStream: true,
    text: texts[0] ?? '',
    texts,
    calls: [...calls.values()].map(readCall),
    finish: finishReasons,
    usage,
    logprobs: choices.flatMap(({ logprobs }) => (logprobs as Choice['logprobs'])?.content ?? []),
    error: errors[0] ?? null,
    body: null,
    stream: {
      opening: chunks[0]?.choices?.[0]?.delta ?? null,
      closing: closingOf(chunks),
      isWhole: unreadable.length === 0 && isDone && !goesOn,
      ids: new Set(chunks.map(({ id }) => id)).size,
      events: chunks,
    },
  };
}

function closingOf(chunks: readonly Chunk[]): StreamShape['closing'] {
  const last = chunks.at(-1);
  return { choices: last?.choices?.length ?? null, hasUsage: last?.usage != null };
}

function seeWhole(status: number, text: string): Seen {
  const body: { choices?: readonly Choice[]; usage?: Fields; error?: Fields | string } = parse(text) ?? {};
  const choices = body.choices ?? [];
  return {
    status,
    isStream: false,
    text: choices[0]?.message.content ?? '',
    texts: choices.map(({ message }) => message.content ?? ''),
    calls: (choices[0]?.message.tool_calls ?? []).map(({ function: call }) => readCall(call)),
    finish: choices.flatMap(({ finish_reason: reason }) => reason ?? []),
    usage: body.usage ?? null,
    logprobs: choices.flatMap(({ logprobs }) => logprobs?.content ?? []),
    error: body.error ?? null,
    body,
    stream: null,
  };
}

function readCall({ name, arguments: text }: Call): Seen['calls'][number] {
  return { name, arguments: parse(text) ?? text };
}

function parse(text: string): ReturnType<typeof JSON.parse> {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
