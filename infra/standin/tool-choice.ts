/** Whether the stand-in calls a tool, which one, and with which arguments. */
import { Validator } from '@cfworker/json-schema';
import type { ChatBody, ChatTool } from './chat-request.ts';
import type { PlannedCall } from './directives.ts';
import { isRecord, tryParse } from './json.ts';
import type { Random } from './random.ts';
import { pick } from './random.ts';
import { schemaInstanceText } from './schema-instance.ts';

const WANTS_A_TOOL =
  /\b(weather|search|look up|find|call|use|run|fetch|get|book|send|check|read|open|list|create|update|delete|schedule|convert|query)\b/i;

/**
 * The calls this request leads to; empty means a text answer. `planned` are calls that a directive asks for. A `required` or named choice
 * constrains the name and not the arguments, unless the tool is strict: then what its grammar would not let through is replaced.
 */
export function chooseCalls(body: ChatBody, userText: string, planned: readonly PlannedCall[], random: Random): PlannedCall[] {
  return wantedCalls(body, userText, planned, random).map((call) => {
    const tool = body.tools?.find(({ function: { name } }) => name === call.name);
    return tool && isConstrained(body, tool) && !fits(tool, call) ? makeCall(tool, random, userText) : call;
  });
}

/** Whether the grammar of a forced choice covers the arguments of a tool. */
export function isConstrained({ tool_choice: choice }: ChatBody, tool: ChatTool): boolean {
  return tool.function.strict === true && (choice === 'required' || isRecord(choice));
}

function fits({ function: { parameters } }: ChatTool, call: PlannedCall): boolean {
  const value = tryParse(call.argumentsText);
  return isRecord(value) && (!isRecord(parameters) || new Validator(parameters, '2020-12').validate(value).valid);
}

function wantedCalls(body: ChatBody, userText: string, planned: readonly PlannedCall[], random: Random): PlannedCall[] {
  const tools = body.tools ?? [];
  const named = namedTool(body);
  if (named) {
    const forced = planned.find((call) => call.name === named.function.name);
    return [forced ?? makeCall(named, random, userText)];
  }
  const hasResult =
    body.messages.findLastIndex(({ role }) => role === 'tool') > body.messages.findLastIndex(({ role }) => role === 'user');
  if (planned.length > 0 && !hasResult) return limitParallel(body, planned);
  const [first, ...rest] = rankTools(tools, userText);
  if (!first || body.tool_choice === 'none') return [];
  if (body.tool_choice === 'required') return [makeCall(best(first, rest, random), random, userText)];
  if (hasResult || (first.overlap === 0 && !WANTS_A_TOOL.test(userText))) return [];
  const second = rest.find((candidate) => candidate.overlap > 0 && candidate.overlap === first.overlap);
  const chosen = second && / and |,/.test(userText) ? [first.tool, second.tool] : [best(first, rest, random)];
  return limitParallel(
    body,
    chosen.map((tool) => makeCall(tool, random, userText)),
  );
}

/** The tool that a named `tool_choice` demands. */
export function namedTool(body: ChatBody): ChatTool | null {
  const choice = body.tool_choice;
  return isRecord(choice) ? (body.tools?.find((tool) => tool.function.name === choice.function.name) ?? null) : null;
}

interface Ranked {
  readonly tool: ChatTool;
  /** Words of the tool's name that the user text holds. */
  readonly overlap: number;
}

function rankTools(tools: readonly ChatTool[], userText: string): Ranked[] {
  const text = userText.slice(0, 8000).toLowerCase();
  const overlap = (tool: ChatTool) => {
    const words = tool.function.name
      .replace(/([a-z])([A-Z])/g, '$1 $2')
      .toLowerCase()
      .split(/[^a-z]+/);
    return words.filter((word) => word.length > 3 && text.includes(word)).length;
  };
  return tools.map((tool) => ({ tool, overlap: overlap(tool) })).toSorted((a, b) => b.overlap - a.overlap);
}

function best(first: Ranked, rest: readonly Ranked[], random: Random): ChatTool {
  return first.overlap > 0 ? first.tool : pick(random, [first, ...rest]).tool;
}

function makeCall(tool: ChatTool, random: Random, userText: string): PlannedCall {
  const topics = (userText.slice(0, 2000).match(/\p{L}{4,16}/gu) ?? []).slice(-6);
  const schema = isRecord(tool.function.parameters) ? tool.function.parameters : { type: 'object', properties: {} };
  return { name: tool.function.name, argumentsText: schemaInstanceText(schema, random, topics) };
}

function limitParallel(body: ChatBody, calls: readonly PlannedCall[]): PlannedCall[] {
  return body.parallel_tool_calls === false ? calls.slice(0, 1) : [...calls];
}
