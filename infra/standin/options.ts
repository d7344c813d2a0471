/** Start options of a model server, and their defaults. */
import type { ModelKind } from '../../shared/config.ts';
import type { ModelRole } from './chat.ts';
import type { FlavourName } from './flavours/registry.ts';
import type { Engine } from './pacer.ts';

export interface ModelServerOptions {
  /** The name that faults (`on=small`) and fleets use. */
  readonly id: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly servedName: string;
  /** Further names that the server knows its model by. */
  readonly aliases: readonly string[];
  /** Names in the model list instead of those it answers to: a file's path, another gateway's prefix. Null: its own. */
  readonly listedNames: readonly string[] | null;
  /** Whose wire it speaks. */
  readonly flavour: FlavourName;
  readonly role: ModelRole;
  /** What its model does: a pooling server answers no chats. */
  readonly kind: ModelKind;
  /** vLLM's --api-key; null leaves /v1 open. */
  readonly apiKey: string | null;
  /** Servers with the same seed answer the same conversation with the same words. */
  readonly seed: string;
  /** 1 is real time, 0 as fast as possible. Milliseconds given in faults and directives are not scaled. */
  readonly timeScale: number;
  readonly maxModelLen: number;
  readonly toolParser: 'none' | 'hermes';
  readonly reasoningParser: boolean;
  readonly reasoningField: 'reasoning' | 'reasoning_content';
  readonly reasoningStyle: 'think' | 'think_open';
  readonly tokensPerChunk: number;
  /** vLLM's --enable-prompt-tokens-details. */
  readonly tellsCachedTokens: boolean;
  /** What it says to have had in its cache of every prompt, and to have written into it: nothing is ever cached here. */
  readonly cachedShare: number;
  readonly writtenShare: number;
  /** Answers 400 to `continue_final_message`. */
  readonly rejectsPrefill: boolean;
  /** What gives the pace; null is a simple clock with as many places as asked for. */
  readonly engine: Engine | null;
  /** Opens the control surface on a separate port. */
  readonly control: boolean;
  readonly controlPort: number;
  /** Keeps request bodies in the log. */
  readonly logsBodies: boolean;
  readonly maxLogEntries: number;
}

export const modelServerDefaults: ModelServerOptions = {
  id: 'small',
  port: 0,
  servedName: 'Qwen/Qwen2.5-7B-Instruct',
  aliases: [],
  listedNames: null,
  flavour: 'vllm',
  role: 'small',
  kind: 'chat',
  apiKey: null,
  seed: 'stand-in',
  timeScale: 0,
  maxModelLen: 32_768,
  toolParser: 'none',
  reasoningParser: false,
  reasoningField: 'reasoning',
  reasoningStyle: 'think',
  tokensPerChunk: 1,
  tellsCachedTokens: false,
  cachedShare: 0,
  writtenShare: 0,
  rejectsPrefill: false,
  engine: null,
  control: false,
  controlPort: 0,
  logsBodies: false,
  maxLogEntries: 50_000,
};
