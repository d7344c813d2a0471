/** The events of a streamed answer and the body of one that is not, in the wire objects of a flavour. */
import { mergeDeltas } from './deltas.ts';
import type { Finish, Flavour, Head, Payload, TokenCounts } from './flavours/flavour.ts';
import type { LogprobEntry } from './logprobs.ts';
import type { Lease } from './pacer.ts';
import type { Step, Steps } from './steps.ts';
import { wholeMessage } from './whole-message.ts';

export interface Choice extends Steps {
  /** One entry per step, when they were asked for, and one for the token that ends the answer. */
  readonly logprobs: readonly LogprobEntry[] | null;
}

/** Everything about an answer that is decided before its first byte. */
export interface Reply extends Head {
  readonly flavour: Flavour;
  readonly promptTokens: number;
  readonly cachedTokens: number | null;
  readonly writtenTokens: number;
  readonly choices: readonly Choice[];
  /** `required` or a named tool was asked for. */
  readonly isForcedCall: boolean;
  /** The text that the answer continues; '' for a fresh one. */
  readonly begun: string;
  readonly sendsUsage: boolean;
  readonly sendsRunningUsage: boolean;
  readonly tokensPerChunk: number;
}

/** One event before it is written. */
export interface Frame {
  readonly kind: 'role' | 'delta' | 'finish' | 'usage' | 'done' | 'error';
  readonly payload: Payload | '[DONE]';
  /** Its name, where the wire gives events one. */
  readonly event?: string;
  /** Tokens that this event brings. */
  readonly tokens: number;
}

export const doneFrame: Frame = { kind: 'done', payload: '[DONE]', tokens: 0 };

/** The events of a streamed answer, each as soon as its tokens are there. Ends early, without a finish, when a lease ends. */
export async function* completionFrames(reply: Reply, leases: readonly Lease[]): AsyncGenerator<Frame, void> {
  const { flavour, sendsUsage, sendsRunningUsage } = reply;
  let sent = 0;
  const frame = (kind: Frame['kind'], part: Parameters<Flavour['chunk']>[1], tokens: number): Frame => {
    sent += tokens;
    const context = { counts: countsOf(reply, sent), sendsUsage, sendsRunningUsage };
    return { kind, payload: flavour.chunk(reply, part, context), tokens };
  };
  for (const lease of leases) if (!(await lease.ready())) return;
  for (const index of indexes(reply)) yield frame('role', { kind: 'role', index }, 0);
  for await (const { index, choice, from, steps } of interleave(reply, leases)) {
    const deltas = steps.flatMap(({ delta }) => (delta ? [delta] : []));
    const isLast = from + steps.length >= choice.steps.length && choice.isCut && !flavour.finishesApart;
    if (deltas.length === 0 && !choice.logprobs && !isLast) {
      sent += steps.length;
      continue;
    }
    const logprobs = choice.logprobs?.slice(from, from + steps.length) ?? null;
    const ending = isLast ? endingOf(choice) : null;
    yield frame(
      isLast ? 'finish' : 'delta',
      { kind: 'delta', index, delta: mergeDeltas(deltas), logprobs, ending },
      steps.length,
    );
  }
  for (const index of indexes(reply)) {
    const choice = reply.choices[index];
    if (!choice || (choice.isCut && !flavour.finishesApart && choice.steps.length > 0)) continue;
    const logprobs = choice.logprobs?.slice(choice.steps.length) ?? null;
    yield frame('finish', { kind: 'delta', index, delta: {}, logprobs, ending: endingOf(choice) }, 0);
  }
  if (sendsUsage) yield frame('usage', { kind: 'usage' }, 0);
  yield doneFrame;
}

function indexes({ choices, flavour }: Reply): readonly number[] {
  const ascending = [...choices.keys()];
  return flavour.lastChoiceFirst ? ascending.toReversed() : ascending;
}

interface Portion {
  readonly index: number;
  readonly choice: Choice;
  readonly from: number;
  readonly steps: readonly Step[];
}

/** Chunks of the choices in turn, each after its tokens are generated. */
async function* interleave(reply: Reply, leases: readonly Lease[]): AsyncGenerator<Portion, void> {
  const longest = Math.max(0, ...reply.choices.map(({ steps }) => steps.length));
  for (let from = 0; from < longest; from += reply.tokensPerChunk) {
    for (const index of indexes(reply)) {
      const choice = reply.choices[index];
      if (!choice) continue;
      const steps = choice.steps.slice(from, from + reply.tokensPerChunk);
      for (let step = 0; step < steps.length; step += 1) if (!(await leases[index]?.next())) return;
      if (steps.length > 0) yield { index, choice, from, steps };
    }
  }
}

function endingOf({ finishReason, stopReason }: Choice): Finish {
  return { finishReason, stopReason };
}

/** @param completionTokens made so far; all of them where it is left out */
export function countsOf(reply: Reply, completionTokens?: number): TokenCounts {
  const { promptTokens, cachedTokens, writtenTokens, choices } = reply;
  const all = choices.flatMap(({ steps }) => steps);
  const reasoningTokens = all.filter(({ isThought }) => isThought === true).length;
  return { promptTokens, completionTokens: completionTokens ?? all.length, cachedTokens, writtenTokens, reasoningTokens };
}

/** The body of an answer that was not streamed. */
export function completionBody(reply: Reply): Payload {
  const tokens = reply.choices.reduce((sum, { steps }) => sum + steps.length, 0);
  const begun = reply.flavour.repeatsBegun ? reply.begun : '';
  const choices = reply.choices.map((choice) => {
    const { message, ending } = wholeMessage(choice, reply.isForcedCall);
    return { message: { ...message, content: begun + message.content }, ending, logprobs: choice.logprobs };
  });
  return reply.flavour.whole(reply, choices, countsOf(reply, tokens));
}
