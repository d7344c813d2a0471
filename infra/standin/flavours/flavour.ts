/** What differs between kinds of model servers: the wire objects, the words of refusals, what is accepted and what is ignored. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Result } from '../../../shared/result.ts';
import type { ChatBody } from '../chat-request.ts';
import type { Frame } from '../completion.ts';
import type { LogprobEntry } from '../logprobs.ts';
import type { MetricsStyle } from '../metrics.ts';
import type { ModelServerOptions } from '../options.ts';
import type { Refusal } from '../refusal.ts';
import type { Delta, ToolDelta } from '../steps.ts';

export type Payload = Record<string, unknown>;

export interface Head {
  readonly id: string;
  readonly createdSeconds: number;
  readonly model: string;
}

export interface TokenCounts {
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Prompt tokens that were read before; null where the server does not tell. */
  readonly cachedTokens: number | null;
  /** Prompt tokens that were written into the cache. */
  readonly writtenTokens: number;
  /** Of the completion. */
  readonly reasoningTokens: number;
}

export interface Finish {
  readonly finishReason: string;
  readonly stopReason: string | null;
}

/** One event of a stream. */
export type ChunkPart =
  | { readonly kind: 'role'; readonly index: number }
  | {
      readonly kind: 'delta';
      readonly index: number;
      readonly delta: Delta;
      readonly logprobs: readonly LogprobEntry[] | null;
      /** Set on the last one of a choice. */
      readonly ending: Finish | null;
    }
  | { readonly kind: 'usage' };

export interface ChunkContext {
  readonly counts: TokenCounts;
  /** A usage chunk will follow. */
  readonly sendsUsage: boolean;
  /** Every chunk carries the counts so far. */
  readonly sendsRunningUsage: boolean;
}

/** A choice of an answer that was not streamed. */
export interface WholeChoice {
  readonly message: WholeMessage;
  readonly logprobs: readonly LogprobEntry[] | null;
  readonly ending: Finish;
}

export interface WholeMessage {
  readonly content: string;
  /** Under the field that the server uses; empty when there is none. */
  readonly reasoning: Readonly<Record<string, string>>;
  readonly calls: readonly Required<ToolDelta>[];
  /** A tool was demanded by `required` or by name. */
  readonly isForcedCall: boolean;
}

/** What does not validate, in the terms of a schema checker. */
export interface Finding {
  readonly type: string;
  readonly loc: string;
  readonly message: string;
  readonly input: unknown;
  readonly context?: string;
}

export interface ServerWords {
  readonly unauthorized: Refusal;
  readonly notFound: Refusal;
  readonly methodNotAllowed: Refusal;
  /** A model that chats is asked for vectors. */
  readonly noVectors: Refusal;
  readonly overloaded: Refusal;
  readonly engineDead: Refusal;
  invalid(findings: readonly Finding[]): Refusal;
  modelMissing(model: string, served: readonly string[]): Refusal;
  promptTooLong(maxModelLen: number, promptTokens: number): Refusal;
}

export interface Flavour {
  /** The `server` header. */
  readonly server: string;
  /** A 200 is sent when the first token is there, not when the request is accepted. */
  readonly sendsHeadersWithFirstToken: boolean;
  readonly namesAreIgnored: boolean;
  /** What `/tokenize` takes apart: a whole conversation, or one text. */
  readonly tokenizes: 'messages' | 'text';
  /**
   * Named choices count as `auto`, and so does `required` here. A real llama.cpp lets no answer end without the call that is required, so that a
   * model that makes none talks until the limit.
   */
  readonly forcedChoicesAreIgnored: boolean;
  /** The server finds calls itself, whatever its tool parser option says. */
  readonly alwaysParsesCalls: boolean;
  /** The same for reasoning. */
  readonly alwaysParsesReasoning: boolean;
  /** The entry with the name brings the first bracket of the arguments along. */
  readonly namesWithBracket: boolean;
  /** With several choices the last comes first. */
  readonly lastChoiceFirst: boolean;
  /** A continued answer that comes whole begins with the text that it continues. */
  readonly repeatsBegun: boolean;
  /** The finish reason has its own chunk, also when the last token brought text. */
  readonly finishesApart: boolean;
  /** Paths below /v1 are not the only ones that want the key. */
  readonly guardsMetrics: boolean;
  readonly metricsStyle: MetricsStyle;
  readonly words: ServerWords;
  /** Where it answers chats and lists its models. */
  readonly paths: { readonly chat: string; readonly models: string };
  /** The key that a request brings along; null for none. */
  keyIn(headers: IncomingHttpHeaders): string | null;
  /** A request of another wire in OpenAI's words, or its refusal. Left out where the wire is OpenAI's. */
  translate?(body: unknown): Result<unknown, Refusal>;
  /** The events of a stream as its wire has them, made of OpenAI's. */
  rewrite?(frames: AsyncIterable<Frame>, counts: TokenCounts): AsyncIterable<Frame>;
  callId(hex: string): string;
  chunk(head: Head, part: ChunkPart, context: ChunkContext): Payload;
  whole(head: Head, choices: readonly WholeChoice[], counts: TokenCounts): Payload;
  /** Combinations and values that it refuses, beyond what does not validate. */
  check(body: ChatBody, options: ModelServerOptions): Refusal | null;
  /** @param names those that the server lists */
  modelList(options: ModelServerOptions, names: readonly string[]): Payload;
  /** Bodies of GET /health. */
  readonly health: { readonly well: unknown; readonly sick: unknown };
}
