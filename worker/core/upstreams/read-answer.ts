/**
 * Reads the chunks and whole answers of servers with OpenAI's chat API, in all its variants. Payloads without content are skipped; one
 * whose content cannot be understood is a failure, because without it the client would get a different answer.
 */
import { fail, ok, type Result } from '../../../shared/result.ts';
import type { ChunkChoice, ReportedUsage, UpstreamChunk, UpstreamCompletion } from './dialect.ts';
import { asArray, asInteger, asObject, asString } from '../json/view.ts';
import { unreadable, type UpstreamFailure } from './transport-failure.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/** Choices beyond this index are a server's mistake: the gateway never requests that many. */
const maxChoiceIndex = 63;

/** An object without choices is another kind of event, or the usage; null, numbers and empty values carry nothing. */
export function readChunk(payload: unknown): Result<UpstreamChunk, UpstreamFailure> {
  const chunk = asObject(payload);
  if (chunk === null && isMeaningful(payload)) return fail(unreadable);
  const list = chunk?.['choices'] ?? [];
  if (!Array.isArray(list)) return fail(unreadable);
  let isPlainContent = list.length > 0 && chunk?.['usage'] == null;
  let hasRole = true;
  const choices: ChunkChoice[] = [];
  for (const item of list) {
    const choice = readChoice(item, 'delta');
    if (choice === 'unreadable') return fail(unreadable);
    isPlainContent &&= choice !== 'empty' && isPlain(item, choice);
    if (choice === 'empty') continue;
    hasRole &&= asObject(asObject(item)?.['delta'])?.['role'] === 'assistant';
    choices.push(choice);
  }
  return ok({ ...headOf(chunk), choices, usage: readUsage(chunk?.['usage']), isPlainContent, hasRole });
}

/** Null when the body is not an answer. */
export function readCompletion(body: unknown): UpstreamCompletion | null {
  const answer = asObject(body);
  const choices = asArray(answer?.['choices'])?.map((choice) => readChoice(choice, 'message')) ?? [];
  const read = choices.filter((choice) => typeof choice === 'object');
  if (choices.length === 0 || read.length < choices.length) return null;
  return { ...headOf(answer), choices: read, usage: readUsage(answer?.['usage']) };
}

/** Null when there is none. The values are taken unchecked from where OpenAI puts them, and DeepSeek and Moonshot theirs. */
export function readUsage(usage: unknown): ReportedUsage | null {
  if (usage == null) return null;
  const counts = asObject(usage);
  const details = asObject(counts?.['prompt_tokens_details']);
  const written = details?.['cache_write_tokens'];
  return {
    promptTokens: counts?.['prompt_tokens'],
    completionTokens: completionIn(counts),
    cachedTokens: details?.['cached_tokens'] ?? counts?.['prompt_cache_hit_tokens'] ?? counts?.['cached_tokens'],
    reasoningTokens: asObject(counts?.['completion_tokens_details'])?.['reasoning_tokens'],
    ...(written == null || written === 0 ? {} : { cacheWriteTokens: written }),
  };
}

/** Gemini and xAI leave reasoning out of the completion, and count it in the total: it is generated and paid for like the rest. */
function completionIn(counts: JsonObject | null): unknown {
  const completion = counts?.['completion_tokens'];
  const [made, prompt, total] = [
    asInteger(completion),
    asInteger(counts?.['prompt_tokens']),
    asInteger(counts?.['total_tokens']),
  ];
  if (made === null || prompt === null || total === null || made < 0 || prompt < 0) return completion;
  return Math.max(made, total - prompt);
}

/** Some servers write "" or 0 for what they do not know yet. */
function headOf(answer: JsonObject | null): Pick<UpstreamChunk, 'id' | 'created' | 'model'> {
  return {
    id: asString(answer?.['id']) || null,
    created: asInteger(answer?.['created']) || null,
    model: asString(answer?.['model']) || null,
  };
}

function isMeaningful(value: unknown): boolean {
  return typeof value === 'string' ? value.trim() !== '' : Array.isArray(value) && value.length > 0;
}

/**
 * Whether a client that gets these bytes unchanged sees only the content. Without an index it would not know which choice the text belongs
 * to, and some clients take an empty finish reason, which Ollama sends in every chunk, for the end.
 */
function isPlain(item: unknown, { delta }: ChunkChoice): boolean {
  const raw = asObject(item);
  if (typeof raw?.['index'] !== 'number' || (raw['finish_reason'] ?? null) !== null) return false;
  if (delta.tool_calls !== null || delta.reasoning !== null || delta.refusal !== null) return false;
  const said = asObject(raw['delta']);
  return said !== null && (said['content'] == null || typeof said['content'] === 'string');
}

/** One choice of a chunk (`delta`) or of a whole answer (`message`). There are streams of messages, and of bare text. */
function readChoice(item: unknown, field: 'delta' | 'message'): ChunkChoice | 'empty' | 'unreadable' {
  const choice = asObject(item);
  const nothing = field === 'delta' ? 'empty' : 'unreadable';
  if (choice === null) return isMeaningful(item) ? 'unreadable' : nothing;
  const finishReason = readFinish(choice['finish_reason']);
  const said = choice[field] ?? (field === 'delta' ? (choice['message'] ?? textOf(choice)) : null);
  if (said === null && (field === 'message' || finishReason === null)) return nothing;
  const delta = asObject(said) ?? (isMeaningful(said) ? null : {});
  if (delta === null) return 'unreadable';
  const content = readContent(delta['content'] ?? null);
  const index = asInteger(Number(choice['index'] ?? 0));
  if (content === null || index === null) return 'unreadable';
  // Not one of the choices that were asked for.
  if (index < 0 || index > maxChoiceIndex) return nothing;
  return {
    index,
    delta: {
      content: content.text,
      // Different names for the same field; a server that sends two sends the same text twice.
      reasoning: textIn(delta, 'reasoning', 'reasoning_content', 'thinking') ?? content.thinking,
      tool_calls: readCalls(delta),
      refusal: textIn(delta, 'refusal') ?? content.refusal,
    },
    finishReason,
    ...(finishReason === null ? {} : stopIn(choice)),
    logprobs: choice['logprobs'] ?? null,
  };
}

/** vLLM names the stop sequence that it met; a number is a token of its own. */
function stopIn({ stop_reason: stop }: JsonObject): Pick<ChunkChoice, 'stopSequence'> {
  return typeof stop === 'string' && stop !== '' ? { stopSequence: stop } : {};
}

function textOf(choice: JsonObject): JsonObject | null {
  return choice['text'] == null ? null : { content: choice['text'] };
}

function textIn(object: JsonObject, ...names: readonly string[]): string | null {
  for (const name of names) {
    const text = object[name];
    if (typeof text === 'string' && text !== '') return text;
  }
  return null;
}

/** Some servers write "" or "null" where others write null, or an object that says more. */
function readFinish(reason: unknown): string | null {
  const word = asString(asObject(reason)?.['type']) ?? asString(reason) ?? (typeof reason === 'number' ? String(reason) : '');
  return word === '' || word === 'null' ? null : word;
}

/** `function_call` is the older field, from when an answer had one call at most. */
function readCalls(delta: JsonObject): readonly unknown[] | null {
  const calls = asArray(delta['tool_calls']) ?? [];
  if (calls.length > 0) return calls;
  const call = asObject(delta['function_call']);
  return call === null ? null : [{ index: 0, function: call }];
}

interface ReadContent {
  readonly text: string | null;
  readonly thinking: string | null;
  readonly refusal: string | null;
}

const noContent: ReadContent = { text: null, thinking: null, refusal: null };

/**
 * A text, or a list of parts: text, refusals, and thinking, which may be a list of parts itself. Other parts (references, images) have no
 * text and are skipped. Null for anything else.
 */
function readContent(content: unknown): ReadContent | null {
  if (content === null) return noContent;
  if (typeof content === 'string') return { ...noContent, text: content };
  let [text, thinking, refusal] = ['', '', ''];
  for (const item of asArray(content) ?? [content]) {
    const part = typeof item === 'string' ? { text: item } : asObject(item);
    if (part === null) return null;
    if (part['type'] === 'thinking' || part['type'] === 'reasoning') thinking += thoughtIn(part);
    else text += textIn(part, 'text') ?? textIn(asObject(part['text']) ?? {}, 'value') ?? '';
    refusal += textIn(part, 'refusal') ?? '';
  }
  return { text: text || null, thinking: thinking || null, refusal: refusal || null };
}

function thoughtIn(part: JsonObject): string {
  const thought = part['thinking'] ?? part['reasoning'] ?? part['text'] ?? null;
  return (typeof thought === 'object' ? readContent(thought)?.text : asString(thought)) ?? '';
}
