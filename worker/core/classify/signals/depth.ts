/** Depth signal: user turns so far. Nearly flat: in the labelled development set deep chats end in easy turns as often as in hard ones. */
import type { RequestView } from '../view.ts';
import { interpolate, type Signal, type SignalValue } from './signal.ts';

/** User turns → value. */
const curve = [
  [0, 0],
  [1, 0.4],
  [4, 0.45],
  [20, 0.6],
] as const;

function calibrated(view: RequestView): SignalValue {
  return { value: interpolate(curve, view.userTurns), applies: view.hasUserTurn, facts: { userTurns: view.userTurns } };
}

function seed(view: RequestView): SignalValue {
  return { value: Math.min(view.userTurns * 0.15, 0.6), applies: true, facts: { userTurns: view.userTurns } };
}

export const depth: Signal = { phrase: 'turns so far', calibrated, seed };
