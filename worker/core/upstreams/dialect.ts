/**
 * Everything that differs between families of model servers, and that only a dialect knows: where a call goes and which headers it carries,
 * how a request is written, how answers, streamed chunks, end marks, usage and errors are read, and how a probe checks a server. Types only:
 * the registry holds the implementations, and code that reads answers receives one.
 */
import type { InnerRequest } from '../request/inner-request.ts';
import type { PoolingTask } from '../request/pooling-task.ts';
import type { Failure } from '../../../shared/errors.ts';
import type { Result } from '../../../shared/result.ts';
import type { UpstreamConfig } from '../../../shared/config.ts';
import type { HideSecrets } from '../log/known-secrets.ts';
import type { UpstreamFailure } from './transport-failure.ts';

export interface EncodeOptions {
  readonly servedName: string;
  readonly isStream: boolean;
  readonly maxTokens: number;
  /** Keeps one tenant's prefix cache apart from another's. */
  readonly cacheSalt: string | null;
  readonly wantsLogprobs: boolean;
  /** The server constrains the model to a schema while it decodes. */
  readonly hasGrammar: boolean;
  /** Text of an answer that the client already has; the model continues it instead of starting a new one. */
  readonly continueFrom: string | null;
}

/** A request as the server takes it. */
export interface EncodedCall {
  /** Appended to the server's origin. Some servers want the model in it, or have another path for streams. */
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** What was asked for and could not be written, as a sentence for the client. */
  readonly warning?: string | null;
}

/** The parts of a `delta` (or of a whole `message`) that matter here; `reasoning` under whatever name the server uses. */
export interface ChunkDelta {
  readonly content?: string | null;
  readonly reasoning?: string | null;
  readonly tool_calls?: readonly unknown[] | null;
  /** The model's own words for why it does not answer. */
  readonly refusal?: string | null;
}

/** One choice of a streamed chunk, as far as the gateway understands it. */
export interface ChunkChoice {
  readonly index: number;
  readonly delta: ChunkDelta;
  /** The server's own word; the dialect's `readFinish` translates it. */
  readonly finishReason: string | null;
  /** The stop sequence that ended it, where the server says which. */
  readonly stopSequence?: string;
  readonly logprobs: unknown;
}

/** Token counts as the server reports them. Unchecked: whether they can be true is decided when they are booked. */
export interface ReportedUsage {
  readonly promptTokens: unknown;
  readonly completionTokens: unknown;
  /** Prompt tokens that came from the server's prefix cache. */
  readonly cachedTokens: unknown;
  /** Completion tokens spent on reasoning. */
  readonly reasoningTokens: unknown;
  /** Prompt tokens that were written into the server's cache, where that has its own price. */
  readonly cacheWriteTokens?: unknown;
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter';

/** What a server's finish reason says. */
export type FinishMeaning =
  | { readonly kind: 'end'; readonly reason: FinishReason; readonly isKnown: boolean }
  /** There is no usable answer, or only the beginning of one. */
  | { readonly kind: 'failure'; readonly problem: UpstreamFailure };

/** Status and headers of an answer whose status is not 200. */
export interface ErrorHead {
  readonly status: number;
  readonly mediaType: string;
  /** `Retry-After`, and `retry-after-ms`. */
  readonly retryAfter: string | null;
  readonly retryAfterExact: string | null;
}

/** A whole answer, not streamed. */
export interface UpstreamCompletion {
  readonly id: string | null;
  readonly created: number | null;
  readonly model: string | null;
  readonly choices: readonly ChunkChoice[];
  /** Null when the server reports none. */
  readonly usage: ReportedUsage | null;
}

export interface UpstreamChunk extends UpstreamCompletion {
  /** True when a client that gets these bytes unchanged sees only plain content of the requested choices. */
  readonly isPlainContent: boolean;
  /** Every choice has `role: assistant`, which clients need once. */
  readonly hasRole: boolean;
}

/** A line of a server's list of models. */
export interface ListedModel {
  readonly name: string;
  /** Prompt and answer together, as this server runs it; `null` where it does not say. */
  readonly contextTokens: number | null;
}

/** One engine behind a server's address, at one moment. */
export interface EngineSample {
  /** Its name among the server's engines. */
  readonly engine: string;
  /** Requests that it works on. */
  readonly running: number;
  /** Everything that it counts and that moves while it works: equal in two samples means that it did nothing between them. */
  readonly mark: string;
}

/** How busy a server is; unknown is `null`. */
export interface ServerLoad {
  readonly running: number | null;
  readonly waiting: number | null;
  /** From 0 to 1. */
  readonly kvCacheUsage: number | null;
  /** Empty where the server says nothing that would show whether they work. */
  readonly engines: readonly EngineSample[];
}

/** How a server is checked without making a model work. */
export interface DialectProbe {
  /**
   * A server that answers here is up. `read` returns null for a body that is not a list of models. Null for servers that have none: they are
   * taken to be up, and only their calls tell.
   */
  readonly models: { readonly path: string; read(body: string): readonly ListedModel[] | null } | null;
  /** Null for servers that publish nothing of the kind. */
  readonly load: { readonly path: string; read(body: string): ServerLoad } | null;
}

export interface CountedPrompt {
  readonly tokens: number;
  /** Prompt and answer together; null where the server does not say. */
  readonly contextTokens: number | null;
}

/** How a server counts a prompt without running a model. */
export interface PromptCounting {
  encode(request: InnerRequest, servedName: string): EncodedCall;
  /** Null for what is no count. */
  read(text: string): CountedPrompt | null;
}

/** What a pooling server said of every input, in their order. */
export interface PoolingAnswer {
  /** Each as the server wrote it: a vector, an object with label and probabilities, or a number. JSON in outline, unchecked inside. */
  readonly values: readonly string[];
  readonly usage: ReportedUsage | null;
}

/** How models are asked that read and do not write. */
export interface PoolingDialect {
  /** Fails for what servers of this family cannot do. */
  encode(task: PoolingTask, servedName: string): Result<EncodedCall, Failure>;
  read(task: PoolingTask, text: string): Result<PoolingAnswer, UpstreamFailure>;
}

export interface Dialect {
  /** Headers that every call of a server carries, its key among them. @param key null: the server is asked without one */
  headers(key: string | null): Readonly<Record<string, string>>;
  readonly probe: DialectProbe;
  encode(request: InnerRequest, options: EncodeOptions): EncodedCall;
  /** @param body null when it could not be read */
  readError(head: ErrorHead, body: string | null, nowMs: number): UpstreamFailure;
  /** An error object with status 200 is returned as a failure. */
  readCompletion(body: unknown): Result<UpstreamCompletion, UpstreamFailure>;
  /** An error event is returned as a failure, and so is a payload that carries part of the answer and cannot be read. */
  readChunk(payload: unknown): Result<UpstreamChunk, UpstreamFailure>;
  /** Present where what a payload means depends on those before it: a reading of one stream, in place of `readChunk`. */
  readStream?(): Dialect['readChunk'];
  readFinish(reason: string): FinishMeaning;
  /** Absent where the family cannot. */
  readonly counting?: PromptCounting;
  /** Absent where the family serves chats only. */
  readonly pooling?: PoolingDialect;
  /** Whether an event's data means that nothing more follows. Called for every event, so the cheapest comparison comes first. */
  isEndMark(payload: string): boolean;
}

/** What a configuration may say about one server's wire. */
export type WireOptions = NonNullable<UpstreamConfig['wire']>;

/** @param hideSecrets for the words of a server's errors, some of which a client is told */
export type DialectFactory = (hideSecrets: HideSecrets, wire: WireOptions) => Dialect;

/** By the names that configurations use. */
export type DialectRegistry = Readonly<Record<string, DialectFactory>>;

/** The dialect of an upstream, by the upstream's id: one and the same for its headers, its calls and its probes. */
export type DialectOf = (upstreamId: string) => Dialect;
