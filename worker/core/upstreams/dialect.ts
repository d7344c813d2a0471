/**
 * What the gateway needs to know of a family of model servers, and nothing else does: how a request is written, how an answer, a
 * streamed chunk and an error are read. A new family is one file here and one line in the registry.
 */
import type { ChatRequest } from '../../../shared/chat.ts';
import type { Result } from '../../../shared/result.ts';
import { asItIs, type HideSecrets } from '../log/known-secrets.ts';
import type { FinishMeaning } from './finish-reasons.ts';
import type { ErrorHead } from './read-error.ts';
import type { UpstreamFailure } from './transport-failure.ts';
import { createVllm } from './vllm.ts';

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

export interface UpstreamChunk {
  readonly id: string | null;
  readonly created: number | null;
  readonly model: string | null;
  readonly choices: readonly ChunkChoice[];
  /** The server's own usage object, unchecked; null when the chunk has none. */
  readonly usage: unknown;
  /** True when forwarding the very bytes shows a client nothing but plain content of the known choices. */
  readonly isPlainContent: boolean;
  /** Every choice in it says that it is the assistant's, which clients need once. */
  readonly hasRole: boolean;
}

/** A whole answer, not streamed. */
export interface UpstreamCompletion {
  readonly id: string | null;
  readonly created: number | null;
  readonly model: string | null;
  readonly choices: readonly ChunkChoice[];
  readonly usage: unknown;
}

export interface Dialect {
  readonly chatPath: string;
  encode(request: ChatRequest, options: EncodeOptions): Record<string, unknown>;
  /** @param body null when it could not be read */
  readError(head: ErrorHead, body: string | null, nowMs: number): UpstreamFailure;
  /** An error object with status 200 comes back as the failure that it is. */
  readCompletion(body: unknown): Result<UpstreamCompletion, UpstreamFailure>;
  /** An error inside a stream comes back as a failure, and so does what holds a part of the answer and cannot be read. */
  readChunk(payload: unknown): Result<UpstreamChunk, UpstreamFailure>;
  readFinish(reason: string): FinishMeaning;
}

const dialects = { vllm: createVllm } as const satisfies Record<string, (hideSecrets: HideSecrets) => Dialect>;

/** @param hideSecrets for the words of a server's errors, some of which a client is told */
export function dialectOf(id: keyof typeof dialects, hideSecrets: HideSecrets = asItIs): Dialect {
  return dialects[id](hideSecrets);
}
