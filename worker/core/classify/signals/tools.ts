/** Tool signal: how many tools are offered and whether a tool loop is running. Offering one tool says little about the task. */
import type { RequestView } from '../view.ts';
import { interpolate, type Signal, type SignalValue } from './signal.ts';

/** Tools offered → value. */
const curve = [
  [0, 0],
  [1, 0.45],
  [4, 0.55],
  [12, 0.8],
  [40, 1],
] as const;
/** Tool results so far → added: a long job is a hard one. */
const progress = [
  [1, 0],
  [6, 0.3],
] as const;

function calibrated(view: RequestView): SignalValue {
  const value = Math.min(1, interpolate(curve, view.tools) + (view.tools > 0 ? interpolate(progress, view.toolResults) : 0));
  return { value, applies: view.tools > 0, facts: { tools: view.tools, toolResults: view.toolResults } };
}

function seed(view: RequestView): SignalValue {
  return { value: view.tools > 0 ? 0.8 : 0, applies: view.tools > 0, facts: { tools: view.tools } };
}

export const tools: Signal = { phrase: 'tools', calibrated, seed };
