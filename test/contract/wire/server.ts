/** A model server that the wire contract is asked of: a stand-in or a real one. Both are told the same, each in its own way. */
import type { OwnFlavourName } from '../../../infra/standin/flavours/registry.ts';
import { pythonJson } from '../../../infra/standin/json.ts';
import type { ModelServerOptions } from '../../../infra/standin/options.ts';

export interface WireServer {
  readonly flavour: OwnFlavourName;
  readonly isReal: boolean;
  /** The server's own origin. */
  readonly origin: string;
  readonly servedName: string;
  /** What the gateway knows its model by. */
  readonly model: 'small' | 'large';
  readonly contextTokens: number;
  /** Prompts that lead to a known answer. */
  readonly say: Speech;
}

export interface Speech {
  /** The answer is, or at least holds, this text. */
  text(text: string): string;
  call(name: string, args: object): string;
  /** The answer goes on for minutes, if nobody ends it. */
  endless(): string;
}

export const standInSpeech: Speech = {
  text: (text) => `[[say:${text}]]`,
  call: (name, args) => `[[say:]][[call:${name} ${JSON.stringify(args)}]]`,
  endless: () => 'Tell a story. [[tokens:3000]][[pace:40]]',
};

/** A model of 135 million parameters can be made to repeat. */
export const realSpeech: Speech = {
  text: (text) => `Repeat this text exactly: ${text}`,
  call: (name, args) =>
    `Repeat this text exactly, and nothing else:\n<tool_call>\n{"name": ${JSON.stringify(name)}, "arguments": ${pythonJson(args)}}\n</tool_call>`,
  endless: () => 'Tell a very long story about a ship and its crew.',
};

export const contexts: Readonly<Record<OwnFlavourName, number>> = { vllm: 4096, 'llama-cpp': 2048 };

/** A stand-in set up as the real server is. */
export function standInOptions(flavour: OwnFlavourName): Partial<ModelServerOptions> {
  return { flavour, toolParser: 'hermes', maxModelLen: contexts[flavour], tellsCachedTokens: true, timeScale: 0 };
}
