/** The wire objects of a chat completion: chunks in the order and with the keys of vLLM, and the body of a plain JSON answer. */
import type { LogprobEntry } from './logprobs.ts';
import type { Lease } from './pacer.ts';
import type { Delta, Step, Steps, ToolDelta } from './steps.ts';

export interface Choice extends Steps {
  /** One entry per step, when they were asked for. */
  readonly logprobs: readonly LogprobEntry[] | null;
}

/** Everything about an answer that is decided before its first byte. */
export interface Reply {
  readonly id: string;
  readonly createdSeconds: number;
  readonly model: string;
  readonly promptTokens: number;
  /** Reported only by a server started with that flag. */
  readonly cachedTokens: number | null;
  readonly choices: readonly Choice[];
  readonly sendsUsage: boolean;
  readonly sendsRunningUsage: boolean;
  readonly tokensPerChunk: number;
  /** The finish reason travels with the last delta instead of in a chunk of its own. */
  readonly finishesWithLastDelta: boolean;
}

/** One event before it is written. */
export interface Frame {
  readonly kind: 'role' | 'delta' | 'finish' | 'usage' | 'done' | 'error';
  readonly payload: Record<string, unknown> | '[DONE]';
  /** Tokens that this event brings. */
  readonly tokens: number;
}

export const doneFrame: Frame = { kind: 'done', payload: '[DONE]', tokens: 0 };

/** The events of a streamed answer, each as soon as its tokens are there. Ends early, without a finish, when a lease ends. */
export async function* completionFrames(reply: Reply, leases: readonly Lease[]): AsyncGenerator<Frame, void> {
  let sent = 0;
  const chunk = (kind: Frame['kind'], choice: Record<string, unknown>, tokens: number): Frame => {
    sent += tokens;
    const extra = kind === 'role' ? { prompt_token_ids: null, prompt_text: null } : {};
    const usage = reply.sendsRunningUsage ? { usage: wireUsage(reply, sent) } : {};
    return { kind, payload: { ...envelope(reply, 'chat.completion.chunk'), choices: [choice], ...extra, ...usage }, tokens };
  };
  for (const lease of leases) if (!(await lease.ready())) return;
  for (const index of reply.choices.keys()) {
    const role = { index, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null };
    yield chunk('role', role, 0);
  }
  for await (const { index, choice, from, steps } of interleave(reply, leases)) {
    const deltas = steps.flatMap(({ delta }) => (delta ? [delta] : []));
    const isLast = from + steps.length >= choice.steps.length;
    const isFinish = isLast && reply.finishesWithLastDelta;
    if (deltas.length === 0 && !choice.logprobs && !isFinish) {
      sent += steps.length;
      continue;
    }
    const logprobs = choice.logprobs ? { content: choice.logprobs.slice(from, from + steps.length) } : null;
    const head = { index, delta: mergeDeltas(deltas), logprobs };
    if (isFinish) yield chunk('finish', { ...head, ...ending(choice) }, steps.length);
    else yield chunk('delta', { ...head, finish_reason: null, token_ids: null }, steps.length);
  }
  for (const [index, choice] of reply.choices.entries()) {
    if (reply.finishesWithLastDelta && choice.steps.length > 0) continue;
    const hasCalls = choice.steps.some((step) => step.delta?.tool_calls !== undefined);
    const logprobs = choice.logprobs ? { content: [] } : null;
    yield chunk('finish', { index, delta: hasCalls ? {} : { content: '' }, logprobs, ...ending(choice) }, 0);
  }
  if (reply.sendsUsage) {
    const payload = { ...envelope(reply, 'chat.completion.chunk'), choices: [], usage: wireUsage(reply, sent) };
    yield { kind: 'usage', payload, tokens: 0 };
  }
  yield doneFrame;
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
    for (const [index, choice] of reply.choices.entries()) {
      const steps = choice.steps.slice(from, from + reply.tokensPerChunk);
      for (let step = 0; step < steps.length; step += 1) if (!(await leases[index]?.next())) return;
      if (steps.length > 0) yield { index, choice, from, steps };
    }
  }
}

function ending(choice: Choice): Record<string, unknown> {
  return { finish_reason: choice.finishReason, stop_reason: choice.stopReason, token_ids: null };
}

function envelope(reply: Reply, object: string): Record<string, unknown> {
  return { id: reply.id, object, created: reply.createdSeconds, model: reply.model };
}

export function wireUsage(reply: Reply, completionTokens: number): Record<string, unknown> {
  const { promptTokens, cachedTokens } = reply;
  const counts = {
    prompt_tokens: promptTokens,
    total_tokens: promptTokens + completionTokens,
    completion_tokens: completionTokens,
  };
  return cachedTokens === null ? counts : { ...counts, prompt_tokens_details: { cached_tokens: cachedTokens } };
}

function mergeDeltas(deltas: readonly Delta[]): Delta {
  const [only] = deltas;
  if (deltas.length === 1 && only) return only;
  const joined = (key: 'content' | 'reasoning' | 'reasoning_content') => {
    const parts = deltas.flatMap((delta) => (typeof delta[key] === 'string' ? [delta[key]] : []));
    return parts.length > 0 ? { [key]: parts.join('') } : {};
  };
  const calls = joinFragments(deltas.flatMap((delta) => delta.tool_calls ?? []));
  const texts = { ...joined('reasoning'), ...joined('reasoning_content'), ...joined('content') };
  return calls.length > 0 ? { ...texts, tool_calls: calls } : texts;
}

/** One entry per run of argument fragments of a call; the entry with its name stays apart. */
function joinFragments(entries: readonly ToolDelta[]): ToolDelta[] {
  const joined: ToolDelta[] = [];
  for (const entry of entries) {
    const last = joined.at(-1);
    const isFragment = entry.id === undefined && last?.id === undefined && last?.index === entry.index;
    if (!isFragment || !last) joined.push(entry);
    else
      joined.splice(-1, 1, {
        index: entry.index,
        function: { arguments: (last.function.arguments ?? '') + (entry.function.arguments ?? '') },
      });
  }
  return joined;
}

/** The body of an answer that was not streamed. */
export function completionBody(reply: Reply): Record<string, unknown> {
  const tokens = reply.choices.reduce((sum, { steps }) => sum + steps.length, 0);
  return {
    ...envelope(reply, 'chat.completion'),
    choices: reply.choices.map((choice, index) => ({
      index,
      message: message(choice),
      logprobs: choice.logprobs ? { content: choice.logprobs.slice(0, choice.steps.length) } : null,
      ...ending(choice),
    })),
    service_tier: null,
    system_fingerprint: null,
    usage: { prompt_tokens_details: null, ...wireUsage(reply, tokens) },
    prompt_logprobs: null,
    prompt_token_ids: null,
    kv_transfer_params: null,
  };
}

function message(choice: Choice): Record<string, unknown> {
  const {
    content,
    tool_calls: deltas,
    ...thoughts
  } = mergeDeltas([{}, ...choice.steps.flatMap(({ delta }) => (delta ? [delta] : []))]);
  const calls = assembleCalls(deltas ?? []);
  return {
    role: 'assistant',
    content: content ?? (calls.length > 0 ? null : ''),
    refusal: null,
    annotations: null,
    audio: null,
    function_call: null,
    tool_calls: calls,
    reasoning: null,
    ...thoughts,
  };
}

function assembleCalls(deltas: readonly ToolDelta[]): Record<string, unknown>[] {
  const indexes = [...new Set(deltas.map(({ index }) => index))];
  return indexes.map((index) => {
    const own = deltas.filter((delta) => delta.index === index);
    const text = own.map((delta) => delta.function.arguments ?? '').join('');
    const first = own[0];
    // Without streaming the parser has the whole text, so a call without arguments does show its {}.
    return { id: first?.id, type: 'function', function: { name: first?.function.name, arguments: text === '' ? '{}' : text } };
  });
}
