/** Prepares the answer of a chat: the choices with their tokens, and a place in the engine for each. Sends nothing. */
import type { AcceptedChat } from './chat-request.ts';
import type { Answer, Conversation } from './chat.ts';
import { planAnswer } from './chat.ts';
import type { Choice, Reply } from './completion.ts';
import type { FaultAction, FaultContext } from './fault-actions/fault-action.ts';
import type { Flavour } from './flavours/flavour.ts';
import { flavours } from './flavours/registry.ts';
import { isRecord } from './json.ts';
import { tokenLogprobs } from './logprobs.ts';
import type { Lease } from './pacer.ts';
import { seededHex, seededRandom } from './random.ts';
import type { ModelServerState } from './server.ts';
import { toSteps } from './steps.ts';
import { counted } from './token-counts.ts';

/** A fault that this request meets. */
export interface AppliedFault {
  readonly action: FaultAction;
  readonly context: FaultContext;
}

/** One chat, read and checked. */
export interface ChatTask {
  readonly chat: AcceptedChat;
  readonly conversation: Conversation;
  readonly applied: readonly AppliedFault[];
  readonly requestId: string;
}

/** The decided answer and its places. */
export function prepareReply(state: ModelServerState, task: ChatTask): { reply: Reply; leases: readonly Lease[] } {
  const { options } = state;
  const { body, promptTokens } = task.chat;
  const choices = Array.from({ length: body.n ?? 1 }, (_, index) => makeChoice(state, task, index));
  const leases = takePlaces(state, task, choices);
  const reply: Reply = {
    flavour: flavours[options.flavour],
    id: `chatcmpl-${task.requestId}`,
    createdSeconds: Math.floor(Date.now() / 1000),
    model: options.servedName,
    promptTokens,
    cachedTokens: options.tellsCachedTokens ? Math.floor(promptTokens * options.cachedShare) : null,
    writtenTokens: Math.floor(promptTokens * options.writtenShare),
    choices,
    isForcedCall: body.tool_choice === 'required' || isRecord(body.tool_choice),
    begun: task.conversation.prefix ?? '',
    sendsUsage: body.stream_options?.include_usage === true,
    sendsRunningUsage: body.stream_options?.continuous_usage_stats === true,
    tokensPerChunk: options.tokensPerChunk,
  };
  return { reply, leases };
}

function makeChoice(state: ModelServerState, { chat, conversation, applied, requestId }: ChatTask, index: number): Choice {
  const { options } = state;
  const { body, maxTokens } = chat;
  let answer: Answer = planAnswer(options.seed, body, options.role, conversation, index);
  for (const { action, context } of applied) answer = action.answer?.(answer, context) ?? answer;
  const flavour: Flavour = flavours[options.flavour];
  const parsers = {
    toolParser: flavour.alwaysParsesCalls ? ('hermes' as const) : options.toolParser,
    namesWithBracket: flavour.namesWithBracket,
    hasReasoningParser: options.reasoningParser || flavour.alwaysParsesReasoning,
    reasoningField: options.reasoningField,
    reasoningStyle: options.reasoningStyle,
  };
  const hidesCalls = applied.some(({ action }) => action.hidesCalls);
  const startsOver = applied.some(({ action }) => action.startsOver);
  let made = toSteps(answer, parsers, {
    maxTokens,
    stop: [body.stop ?? []].flat(),
    prefix: startsOver ? null : conversation.prefix,
    parsesCalls: !hidesCalls && Boolean(body.tools) && body.tool_choice !== 'none',
    showsReasoning: body.include_reasoning !== false,
    callId: (call) => flavour.callId(seededHex(32, requestId, String(index), String(call))),
  });
  for (const { action, context } of applied) made = action.steps?.(made, context) ?? made;
  const random = seededRandom(options.seed, conversation.key, 'logprobs', String(index));
  const tokens = made.steps.map(({ token }) => token);
  return {
    ...made,
    logprobs: body.logprobs ? tokenLogprobs(random, tokens, body.top_logprobs ?? 0, answer.isUnsure) : null,
  };
}

/** One place per choice. */
function takePlaces({ engine, options, tokens }: ModelServerState, task: ChatTask, choices: readonly Choice[]): Lease[] {
  return choices.map(({ steps }, index) => {
    // Further choices share the first one's prompt.
    const promptTokens = index === 0 ? task.chat.promptTokens : 0;
    const place = engine.admit({
      promptTokens,
      outputTokens: Math.max(1, steps.length),
      variation: 0.8 + 0.4 * seededRandom(options.seed, task.conversation.key, 'pace')(),
      tokenMs: task.conversation.directives.paceMs,
    });
    return counted(place, promptTokens, tokens);
  });
}
