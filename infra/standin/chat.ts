/**
 * The stand-in's model: from a request to the whole answer it would give, before any limit, stop sequence or wire format. A pure
 * function of the seed and the conversation, so that a continued answer is the rest of the same text.
 */
import type { ChatBody, ChatMessage } from './chat-request.ts';
import type { Directives, PlannedCall } from './directives.ts';
import { parseDirectives, steeringText, withoutDirectives, withoutFaults } from './directives.ts';
import { contentText, isRecord, pythonJson, tryParse } from './json.ts';
import { answerFromPassages, ownWords, readPassages } from './passages.ts';
import { code, greeting, list, paragraphs, sentence, workings } from './prose.ts';
import type { Random } from './random.ts';
import { pick, seededHex, seededRandom } from './random.ts';
import type { RequestKind } from './request-kind.ts';
import { requestKind, targetTokens } from './request-kind.ts';
import { anyObject, schemaInstanceText } from './schema-instance.ts';
import { chooseCalls, isConstrained, namedTool } from './tool-choice.ts';
import { topicsOf } from './vocabulary.ts';

/** What a model is for. `small` and `large` say the same; `coder` leans to code, `reasoner` thinks before it answers. */
export const modelRoles = ['small', 'large', 'coder', 'reasoner', 'vision'] as const;
export type ModelRole = (typeof modelRoles)[number];

export interface Answer {
  readonly kind: RequestKind;
  /** '' when the model does not think. */
  readonly reasoning: string;
  readonly content: string;
  readonly calls: readonly PlannedCall[];
  /** A named tool was demanded: its arguments alone are generated. */
  readonly isNamedCall: boolean;
  /** Some tool was demanded. */
  readonly isRequiredCall: boolean;
  /** A grammar covers the arguments, so that they cannot be wrong. */
  readonly hasConstrainedArguments: boolean;
  /** Token probabilities are low. */
  readonly isUnsure: boolean;
}

export interface Conversation {
  readonly messages: readonly ChatMessage[];
  /** The text of the assistant message to be continued; null for a fresh answer. */
  readonly prefix: string | null;
  readonly directives: Directives;
  /** Identifies what was asked: equal for a request, its retries and its continuations, with or without a fault directive. */
  readonly key: string;
}

export function readConversation(body: ChatBody): Conversation {
  const isContinued = body.continue_final_message === true;
  const messages = isContinued ? body.messages.slice(0, -1) : body.messages;
  return {
    messages,
    prefix: isContinued ? contentText(body.messages.at(-1)?.content) : null,
    directives: parseDirectives(steeringText(messages)),
    key: conversationKey(messages, body),
  };
}

function conversationKey(messages: readonly ChatMessage[], body: ChatBody): string {
  const heard = messages.map(({ role, content, tool_calls, tool_call_id }) => [
    role,
    withoutFaults(contentText(content)),
    tool_calls ?? null,
    tool_call_id ?? null,
  ]);
  const rules = [body.tools, body.tool_choice, body.response_format, body.structured_outputs, body.seed].map(
    (rule) => rule ?? null,
  );
  return seededHex(32, JSON.stringify([heard, rules]));
}

/** The answer of choice number `choice` (0 for n = 1). */
export function planAnswer(seed: string, body: ChatBody, role: ModelRole, conversation: Conversation, choice: number): Answer {
  const { directives, messages } = conversation;
  const random = seededRandom(seed, conversation.key, String(choice));
  const lastUser = messages.findLast((message) => message.role === 'user');
  const userText = withoutDirectives(ownWords(lastUser?.content));
  const grounded = readPassages(contentText(lastUser?.content));
  const topics = topicsOf(userText);
  const kind = requestKind(userText, messages.at(-1)?.role ?? 'user', role);
  const length = directives.tokens ?? targetTokens(random, kind);
  const thinks = directives.think === null && role === 'reasoner' ? workings(random, topics, length) : '';
  const calls = chooseCalls({ ...body, messages: [...messages] }, userText, directives.calls, random);
  const isNamedCall = namedTool(body) !== null;
  const opening = () => (isNamedCall || body.tool_choice === 'required' || random() < 0.7 ? '' : `${sentence(random, topics)}\n`);
  const invented = () =>
    calls.length > 0
      ? opening()
      : (structured(body, random, topics) ??
        (grounded === null ? prose(random, kind, topics, length) : answerFromPassages(grounded)));
  return {
    kind,
    reasoning: directives.think ?? thinks,
    content: directives.say ?? invented(),
    calls,
    isNamedCall,
    isRequiredCall: body.tool_choice === 'required',
    hasConstrainedArguments: body.tools?.some((tool) => isConstrained(body, tool)) === true,
    isUnsure: false,
  };
}

function prose(random: Random, kind: RequestKind, topics: readonly string[], length: number): string {
  switch (kind) {
    case 'greeting':
      return greeting(random);
    case 'code':
      return code(random, topics, length);
    case 'reasoning':
      return workings(random, topics, length);
    case 'list':
      return list(random, topics, length);
    default:
      return paragraphs(random, topics, length);
  }
}

/** The text that a structured-output constraint forces, or null without one (a regex or grammar is ignored). */
function structured(body: ChatBody, random: Random, topics: readonly string[]): string | null {
  const format = body.response_format;
  if (format?.type === 'json_schema') return schemaInstanceText(format.json_schema?.schema, random, topics);
  if (format?.type === 'json_object') return pythonJson(anyObject(random, topics));
  const outputs = body.structured_outputs;
  if (!outputs) return null;
  const schema = typeof outputs['json'] === 'string' ? tryParse(outputs['json']) : outputs['json'];
  if (isRecord(schema)) return schemaInstanceText(schema, random, topics);
  if (outputs['json_object'] === true) return pythonJson(anyObject(random, topics));
  const [first, ...rest] = Array.isArray(outputs['choice']) ? outputs['choice'].map(String) : [];
  return first === undefined ? null : pick(random, [first, ...rest]);
}
