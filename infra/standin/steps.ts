/**
 * From an answer to the tokens a server emits, one by one: where reasoning and tool calls go on the wire, what a parser swallows, where
 * a limit or a stop sequence ends it.
 */
import type { Answer } from './chat.ts';
import type { PlannedCall } from './directives.ts';
import { pythonJson, tryParse } from './json.ts';
import { tokenize } from './tokens.ts';

export interface ToolDelta {
  readonly id?: string;
  readonly type?: 'function';
  readonly index: number;
  readonly function: { readonly name?: string; readonly arguments?: string };
}

export interface Delta {
  readonly content?: string | null;
  readonly reasoning?: string;
  readonly reasoning_content?: string;
  readonly tool_calls?: readonly ToolDelta[];
}

/** One generated token. `delta` is null when a parser swallows it: then no event tells of it, unless logprobs were asked. */
export interface Step {
  readonly token: string;
  readonly delta: Delta | null;
  /** Belongs to the reasoning, which is no part of the text that a tool parser reads. */
  readonly isThought?: true;
}

export interface ServerParsers {
  readonly toolParser: 'none' | 'hermes';
  /** The entry with a call's name brings the first bracket of the arguments along, as llama.cpp's does. */
  readonly namesWithBracket: boolean;
  readonly hasReasoningParser: boolean;
  /** `reasoning_content` before the end of 2025. */
  readonly reasoningField: 'reasoning' | 'reasoning_content';
  /** `think_open`: the chat template has opened the block already, the model only closes it. */
  readonly reasoningStyle: 'think' | 'think_open';
}

export interface StepLimits {
  readonly maxTokens: number;
  readonly stop: readonly string[];
  /** Text of the assistant message that is continued. */
  readonly prefix: string | null;
  /** Tools were offered and not switched off: only then does a server look for calls. */
  readonly parsesCalls: boolean;
  readonly showsReasoning: boolean;
  readonly callId: (index: number) => string;
}

export interface Steps {
  readonly steps: readonly Step[];
  /** `stop`, `length`, `tool_calls`; vLLM's `repetition`; with a fault, whatever another server says. */
  readonly finishReason: string;
  readonly stopReason: string | null;
  /** Ended by a limit or a stop sequence, so that the last step is the last token: a model that is done says so by a token without text. */
  readonly isCut: boolean;
  /** The steps hold calls in hermes' markup, which a server that does not stream reads as a whole. */
  readonly hasMarkup: boolean;
}

export function toSteps(answer: Answer, parsers: ServerParsers, limits: StepLimits): Steps {
  // Without a parser, a named choice was classically enforced by a grammar for the arguments alone.
  const isGuided = parsers.toolParser === 'none' && answer.isNamedCall;
  const isNative = limits.parsesCalls && (parsers.toolParser === 'hermes' || isGuided);
  const rawCalls = isNative ? '' : callsAsText(answer, limits.parsesCalls);
  const rawThoughts = parsers.hasReasoningParser ? '' : thoughtsAsText(answer.reasoning, parsers);
  const spoken = continueText(rawThoughts, answer.content + rawCalls, limits.prefix);
  const cut = cutAtStop(spoken, limits.stop);
  const thinks = parsers.hasReasoningParser && answer.reasoning !== '' && !limits.prefix;
  const calls = isNative && cut.stopReason === null ? answer.calls : [];
  const all: Step[] = [
    ...(thinks ? parsedThoughts(answer.reasoning, parsers, limits.showsReasoning) : []),
    ...tokenize(cut.text).map((token) => ({ token, delta: { content: token } })),
    ...calls.flatMap((call, index) =>
      isGuided ? namedCall(call, limits.callId(index)) : parsedCall(call, index, limits.callId(index), parsers.namesWithBracket),
    ),
  ];
  const isTooLong = all.length > limits.maxTokens;
  const steps = isTooLong ? all.slice(0, limits.maxTokens) : all;
  const whole = steps.some(({ delta }) => delta?.tool_calls) && !answer.isNamedCall ? 'tool_calls' : 'stop';
  return {
    steps,
    finishReason: isTooLong ? 'length' : whole,
    stopReason: isTooLong ? null : cut.stopReason,
    isCut: isTooLong || cut.stopReason !== null,
    hasMarkup: calls.length > 0 && !isGuided,
  };
}

/** The rest of a continued answer. A prefix that this model would not have written is followed from the same length on. */
function continueText(thoughts: string, content: string, prefix: string | null): string {
  const whole = thoughts + content;
  if (prefix === null || prefix === '') return whole;
  if (whole.startsWith(prefix)) return whole.slice(prefix.length);
  if (content.startsWith(prefix)) return content.slice(prefix.length);
  const nextWord = content.indexOf(' ', prefix.length);
  return nextWord === -1 ? '' : content.slice(nextWord);
}

function cutAtStop(text: string, stops: readonly string[]): { text: string; stopReason: string | null } {
  const hits = stops.filter((stop) => stop !== '').map((stop) => ({ stop, at: text.indexOf(stop) }));
  const first = hits.filter(({ at }) => at !== -1).toSorted((a, b) => a.at - b.at)[0];
  return first ? { text: text.slice(0, first.at), stopReason: first.stop } : { text, stopReason: null };
}

/** Calls as a model writes them and a server without a tool parser passes them on. */
function callsAsText(answer: Answer, areOffered: boolean): string {
  const { calls } = answer;
  if (calls.length === 0) return '';
  // Without a parser, `required` was classically enforced by a grammar for a JSON array of name and parameters.
  const isArray = areOffered && answer.content === '' && answer.isRequiredCall;
  if (isArray) return pythonJson(calls.map((call) => ({ name: call.name, parameters: tryParse(call.argumentsText) ?? {} })));
  return calls.map((call) => `<tool_call>\n${head(call)}${call.argumentsText}}\n</tool_call>`).join('\n');
}

function head(call: PlannedCall): string {
  return `{"name": ${JSON.stringify(call.name)}, "arguments": `;
}

function thoughtsAsText(reasoning: string, parsers: ServerParsers): string {
  if (reasoning === '') return '';
  return `${parsers.reasoningStyle === 'think' ? '<think>\n' : ''}${reasoning}\n</think>\n\n`;
}

function parsedThoughts(reasoning: string, parsers: ServerParsers, isShown: boolean): Step[] {
  const shown = tokenize(reasoning).map((token) => ({ token, delta: isShown ? { [parsers.reasoningField]: token } : null }));
  const opening = parsers.reasoningStyle === 'think' ? swallowed('<think>\n') : [];
  return [...opening, ...shown, ...swallowed('\n</think>\n\n')].map((step) => ({ ...step, isThought: true }));
}

function swallowed(text: string): Step[] {
  return tokenize(text).map((token) => ({ token, delta: null }));
}

/** As the hermes parser streams it: the name once its text is whole, then argument fragments. */
function parsedCall(call: PlannedCall, index: number, id: string, namesWithBracket: boolean): Step[] {
  const opening = swallowed(`${index > 0 ? '\n' : ''}<tool_call>\n${head(call)}`);
  const last = opening.pop();
  const isBracketEarly = namesWithBracket && call.argumentsText.startsWith('{');
  const named: Step = {
    token: `${last?.token ?? ' '}${isBracketEarly ? '{' : ''}`,
    delta: {
      content: null,
      tool_calls: [{ id, type: 'function', index, function: { name: call.name, ...(isBracketEarly ? { arguments: '{' } : {}) } }],
    },
  };
  const fragments = tokenize(call.argumentsText.slice(isBracketEarly ? 1 : 0)).map((token) => ({
    token,
    delta: { content: null, tool_calls: [{ index, function: { arguments: token } }] },
  }));
  return [...opening, named, ...fragments, ...swallowed('}\n</tool_call>')];
}

/** A guided named choice generates the arguments alone, and the first fragment comes along with id and name. */
function namedCall(call: PlannedCall, id: string): Step[] {
  return tokenize(call.argumentsText).map((token, position): Step => {
    const fragment = { arguments: token };
    const entry: ToolDelta =
      position === 0
        ? { id, type: 'function', index: 0, function: { name: call.name, ...fragment } }
        : { index: 0, function: fragment };
    return { token, delta: { content: null, tool_calls: [entry] } };
  });
}
