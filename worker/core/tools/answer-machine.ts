/** Placeholder until the machine is in. */
import type { ToolFormatId } from '../../../shared/config.ts';
export interface UpstreamDelta { readonly content?: string | null; readonly reasoning?: string | null; readonly tool_calls?: readonly unknown[] | null }
export type AnswerEvent =
  | { readonly kind: 'content'; readonly text: string }
  | { readonly kind: 'reasoning'; readonly text: string }
  | { readonly kind: 'tool_call'; readonly index: number; readonly id: string; readonly name: string; readonly arguments: string }
  | { readonly kind: 'tool_arguments'; readonly index: number; readonly arguments: string };
export interface SurfacedCall { readonly id: string; readonly name: string; readonly arguments: string }
export interface AnswerEnd { readonly events: readonly AnswerEvent[]; readonly finishReason: string | null; readonly isIncomplete: boolean; readonly calls: readonly SurfacedCall[] }
export interface AnswerMachine { readonly isTransparent: boolean; feed(delta: UpstreamDelta): readonly AnswerEvent[]; end(upstreamFinishReason: string | null): AnswerEnd }
export interface AnswerMachineOptions {
  readonly formats: readonly ToolFormatId[];
  readonly tools: readonly { readonly name: string }[];
  readonly toolChoice: 'auto' | 'none' | 'required' | { readonly name: string };
  readonly allowsParallelCalls: boolean;
  readonly reasoning: 'none' | 'think' | 'think_open';
  readonly emission: 'atomic' | 'early';
  readonly maxArgumentsBytes: number;
  newCallId(): string;
}
export function createAnswerMachine(_options: AnswerMachineOptions): AnswerMachine {
  return { isTransparent: true, feed: (d) => d.content ? [{ kind: 'content', text: d.content }] : [], end: (f) => ({ events: [], finishReason: f, isIncomplete: false, calls: [] }) };
}
