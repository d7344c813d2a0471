/** What a fault may do: the hooks of one request's life that it changes. A fault fills in the ones it needs. */
import type { ServerResponse } from 'node:http';
import type { Answer } from '../chat.ts';
import type { Frame } from '../completion.ts';
import type { FaultRequest } from '../fault-request.ts';
import type { WireStream } from '../sse-writer.ts';
import type { Steps } from '../steps.ts';
import type { ServerWords } from '../flavours/flavour.ts';
import type { Refusal } from '../refusal.ts';

export interface FaultContext {
  readonly fault: FaultRequest;
  readonly response: ServerResponse;
  /** Fires when the client has left. */
  readonly gone: AbortSignal;
  readonly servedName: string;
  readonly maxModelLen: number;
  readonly words: ServerWords;
  /** The request continues a final message. */
  readonly isContinuation: boolean;
  readonly promptTokens: number;
  /** Names of the tools the request offers. */
  readonly toolNames: readonly string[];
  /** Stops accepting connections for a while. */
  closeListener(ms: number): void;
  /** Hangs the engine for a while. */
  wedgeEngine(ms: number): void;
}

export interface FaultAction {
  /** Before anything else; the answer continues afterwards. */
  readonly delay?: (context: FaultContext) => Promise<void>;
  /** Takes over the connection; nothing else is sent. */
  readonly respond?: (context: FaultContext) => Promise<void> | void;
  /** An error answer instead of the completion. */
  readonly refuse?: (context: FaultContext) => Refusal | null;
  /** An error answer where no stream was asked: an engine that fails in mid-answer then has not sent a status yet. */
  readonly refusePlain?: (context: FaultContext) => Refusal;
  /** Headers on top of, or instead of, the usual ones; null takes one away. */
  readonly headers?: Readonly<Record<string, string | string[] | null>>;
  /** Answers with JSON where a stream was asked, or the reverse. */
  readonly form?: 'json' | 'stream';
  readonly answer?: (answer: Answer, context: FaultContext) => Answer;
  /** The server treats calls as text although it has a parser. */
  readonly hidesCalls?: true;
  /** Changes the tokens and how they end. */
  readonly steps?: (steps: Steps, context: FaultContext) => Steps;
  /** A continuation is answered as if it were a new request. */
  readonly startsOver?: true;
  readonly frames?: (frames: AsyncIterable<Frame>, context: FaultContext) => AsyncIterable<Frame>;
  readonly body?: (body: Record<string, unknown>, context: FaultContext) => unknown;
  /** The bytes, of a stream and of a JSON body alike. */
  readonly wire?: (wire: WireStream, context: FaultContext) => WireStream;
  /** Used for streams only; a JSON body is left alone. */
  readonly isStreamOnly?: true;
}
