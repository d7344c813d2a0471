/**
 * How models write reasoning into their text, by the name that the configuration gives it (`models.<id>.reasoning`). A style is either one
 * pair of tags at the start of the message, or framing around every part of it. A new one needs its row here, its name in
 * `shared/config-values.ts` and its corpus rows.
 */
import type { ReasoningId } from '../../../shared/config.ts';
import { createFrameSplitter } from './frame-splitter.ts';
import { type FrameStyle, harmonyFrames, xtmlFrames } from './frames.ts';
import type { ReasoningParts, ReasoningSplitter } from './splitter.ts';
import { createTagSplitter, type TagStyle } from './tag-splitter.ts';

export type ReasoningStyle =
  | { readonly kind: 'none' }
  | ({ readonly kind: 'tags' } & TagStyle)
  | ({ readonly kind: 'frames' } & FrameStyle);

const think = { kind: 'tags', open: '<think>', label: '', close: '</think>', startsInside: false } as const;

/**
 * Sources: `think` DeepSeek R1, Qwen 3, GLM 4.5 and Kimi K2 (chat templates); `mistral_think` vLLM, `reasoning/mistral_reasoning_parser.py`;
 * `gemma4` vLLM, `reasoning/gemma4_reasoning_parser.py`; the others in `frames.ts`.
 */
export const reasoningStyles: Readonly<Record<ReasoningId, ReasoningStyle>> = {
  none: { kind: 'none' },
  think,
  think_open: { ...think, startsInside: true },
  mistral_think: { ...think, open: '[THINK]', close: '[/THINK]' },
  gemma4: { ...think, open: '<|channel>', label: 'thought\n', close: '<channel|>' },
  kimi_k3: { kind: 'frames', ...xtmlFrames, start: 'answer' },
  kimi_k3_open: { kind: 'frames', ...xtmlFrames, start: 'reasoning' },
  harmony: { kind: 'frames', ...harmonyFrames, start: 'answer' },
};

/**
 * Whether such a model can go on with an answer that was begun: one whose output begins as thinking, or with a header, writes that first.
 */
export function continuesAnswers(id: ReasoningId): boolean {
  const style = reasoningStyles[id];
  return style.kind === 'none' || (style.kind === 'tags' && !style.startsInside);
}

/** Null where there is nothing to separate. */
export function createReasoningSplitter(id: ReasoningId, parts: ReasoningParts): ReasoningSplitter | null {
  const style = reasoningStyles[id];
  if (style.kind === 'none') return null;
  return style.kind === 'tags' ? createTagSplitter(style, parts) : createFrameSplitter(style, parts);
}
