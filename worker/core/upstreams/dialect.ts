/**
 * What the gateway needs to know of a family of model servers, and nothing else does: where a call goes and what it carries, how a request
 * is written, how an answer, a streamed chunk, its end, its usage and an error are read, how a probe looks at a server. Types only; the
 * families stand in the registry, and who reads answers gets one of them as an argument.
 */
import type { InnerRequest } from '../request/inner-request.ts';
import type { Result } from '../../../shared/result.ts';
import type { HideSecrets } from '../log/known-secrets.ts';
import type { UpstreamFailure } from './transport-failure.ts';

export interface EncodeOptions {
  readonly servedName: string;
  readonly isStream: boolean;
  readonly maxTokens: number;
  /** Keeps one tenant's prefix cache apart from another's. */
  readonly cacheSalt: string | null;
  readonly wantsLogprobs: boolean;
  /** The server keeps the model to a schema while it writes. */
  readonly hasGrammar: boolean;
  /** Continue this answer instead of beginning one: text the client has already. */
  readonly continueFrom: string | null;
}

/** A request as the server takes it. */
export interface EncodedCall {
  /** Behind the server's origin; there are servers that want the model in it, or another one for streams. */
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The parts of a `delta` (or of a whole `message`) that matter here; `reasoning` under whichever name the server has for it. */
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
  /** In the server's own words; the dialect's `readFinish` knows them. */
  readonly finishReason: string | null;
  readonly logprobs: unknown;
}

/** What a server says that an answer took. Unchecked: whoever books it asks whether it can be true. */
export interface ReportedUsage {
  readonly promptTokens: unknown;
  readonly completionTokens: unknown;
  /** Of the prompt, those that it had kept from before. */
  readonly cachedTokens: unknown;
  /** Of the completion, those of thinking. */
  readonly reasoningTokens: unknown;
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter';

/** What a server's finish reason says. */
export type FinishMeaning =
  | { readonly kind: 'end'; readonly reason: FinishReason; readonly isKnown: boolean }
  /** The answer is none, or only the beginning of one. */
  | { readonly kind: 'failure'; readonly problem: UpstreamFailure };

/** The head of an answer that is no 200. */
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
  /** Null when the server says nothing of it. */
  readonly usage: ReportedUsage | null;
}

export interface UpstreamChunk extends UpstreamCompletion {
  /** True when forwarding the very bytes shows a client nothing but plain content of the known choices. */
  readonly isPlainContent: boolean;
  /** Every choice in it says that it is the assistant's, which clients need once. */
  readonly hasRole: boolean;
}

/** A line of a server's list of models. */
export interface ListedModel {
  readonly name: string;
  /** Prompt and answer together, as this server runs it; `null` where it does not say. */
  readonly contextTokens: number | null;
}

/** How busy a server is; unknown is `null`. */
export interface ServerLoad {
  readonly running: number | null;
  readonly waiting: number | null;
  /** From 0 to 1. */
  readonly kvCacheUsage: number | null;
}

/** How a server is looked at, by requests that make no model work. */
export interface DialectProbe {
  /** A server that answers here is up. `read` gives null for what is no list of models. */
  readonly models: { readonly path: string; read(body: string): readonly ListedModel[] | null };
  /** Null for servers that publish nothing of the kind. */
  readonly load: { readonly path: string; read(body: string): ServerLoad } | null;
}

export interface Dialect {
  /** Headers that every call of a server carries, its key among them. @param key null: the server is asked without one */
  headers(key: string | null): Readonly<Record<string, string>>;
  readonly probe: DialectProbe;
  encode(request: InnerRequest, options: EncodeOptions): EncodedCall;
  /** @param body null when it could not be read */
  readError(head: ErrorHead, body: string | null, nowMs: number): UpstreamFailure;
  /** An error object with status 200 comes back as the failure that it is. */
  readCompletion(body: unknown): Result<UpstreamCompletion, UpstreamFailure>;
  /** An error inside a stream comes back as a failure, and so does what holds a part of the answer and cannot be read. */
  readChunk(payload: unknown): Result<UpstreamChunk, UpstreamFailure>;
  readFinish(reason: string): FinishMeaning;
  /** Whether the data of an event says that no more comes. Asked for every event: dear tests come last. */
  isEndMark(payload: string): boolean;
}

/** @param hideSecrets for the words of a server's errors, some of which a client is told */
export type DialectFactory = (hideSecrets: HideSecrets) => Dialect;

/** By the names that configurations use. */
export type DialectRegistry = Readonly<Record<string, DialectFactory>>;

/** The dialect of an upstream, by the upstream's id: one and the same for its headers, its calls and its probes. */
export type DialectOf = (upstreamId: string) => Dialect;
