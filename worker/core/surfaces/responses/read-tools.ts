/** The tools of a request, and which of them may or must be called. */
import type { HostedToolPolicy } from '../../../../shared/config.ts';
import type { Failure } from '../../../../shared/errors.ts';
import { isObject } from '../../../../shared/is-object.ts';
import { fail, ok, type Result } from '../../../../shared/result.ts';
import type { Tool, ToolChoice as InnerChoice } from '../../request/inner-request.ts';
import { shapeFailure } from '../../validate/shape-failure.ts';
import { takeHostedTools } from '../hosted-tools.ts';
import { toolsItem } from './items.ts';
import { FunctionTool, type ToolChoice } from './body.ts';

export interface Tools {
  readonly tools: readonly FunctionTool[];
  /** Notes of what was left out. */
  readonly dropped: readonly string[];
}

const ownTypes: ReadonlySet<string> = new Set(['function']);

/** Newer versions of Codex send tools as an item of the input, beside those of the body or in their place. */
export function addTools(body: Record<string, unknown>): void {
  const { input, tools } = body;
  if (!Array.isArray(input) || (tools != null && !Array.isArray(tools))) return;
  const added = input.flatMap((item: unknown): unknown[] =>
    isObject(item) && item['type'] === toolsItem && Array.isArray(item['tools']) ? item['tools'] : [],
  );
  if (added.length > 0) body['tools'] = [...(tools ?? []), ...added];
}

/** Takes the vendor's tools out of the body, and a choice that names one of them. */
export function takeTools(body: Record<string, unknown>, policy: HostedToolPolicy): Result<Tools, Failure> {
  if (Array.isArray(body['tools']) && body['tools'].length === 0) {
    delete body['tools'];
    if (body['tool_choice'] === 'auto' || body['tool_choice'] === 'none') delete body['tool_choice'];
  }
  // Numbered as the client wrote them, whatever is left out.
  const places = placesOf(body['tools']);
  const dropped = takeHostedTools(body, ownTypes, policy);
  if (!dropped.ok) return dropped;
  const choice = takeHostedChoice(body, policy);
  if (!choice.ok) return choice;
  const tools: FunctionTool[] = [];
  const names = new Set<string>();
  const { tools: given } = body;
  for (const [k, item] of (Array.isArray(given) ? given : []).entries()) {
    const at = places[k] ?? k;
    const tool = FunctionTool.safeParse(item);
    if (!tool.success) return fail(shapeFailure(tool.error, { tools: { [at]: item } }, ['tools', at]));
    if (names.has(tool.data.name))
      return fail({ code: 'invalid_value', param: `tools.${at}.name`, detail: 'Two tools have the same name.' });
    names.add(tool.data.name);
    tools.push(tool.data);
  }
  return ok({ tools, dropped: [...dropped.value, ...choice.value] });
}

function placesOf(tools: unknown): readonly number[] {
  if (!Array.isArray(tools)) return [];
  return tools.flatMap((tool, at) => {
    const type: unknown = isObject(tool) ? tool['type'] : undefined;
    return typeof type !== 'string' || ownTypes.has(type) ? [at] : [];
  });
}

const ownChoices: ReadonlySet<unknown> = new Set(['function', 'allowed_tools']);

/** A choice of a tool that was left out asks for nothing that is here. */
function takeHostedChoice(body: Record<string, unknown>, policy: HostedToolPolicy): Result<readonly string[], Failure> {
  const { tool_choice: choice } = body;
  if (!isObject(choice) || typeof choice['type'] !== 'string' || ownChoices.has(choice['type'])) return ok([]);
  const shown = choice['type'].slice(0, 40);
  if (policy === 'refuse') {
    const detail = `Tools of type "${shown}" run at their vendor, which is not here.`;
    return fail({ code: 'unsupported_parameter', param: 'tool_choice.type', detail });
  }
  delete body['tool_choice'];
  return ok([`tool_choice (${shown})`]);
}

export interface ChosenTools {
  readonly tools: readonly Tool[] | undefined;
  readonly toolChoice: InnerChoice | undefined;
}

/** Models know no list of allowed tools: they are shown these and no others. */
export function choose(tools: readonly FunctionTool[], choice: ToolChoice | undefined): Result<ChosenTools, Failure> {
  const names = new Set(tools.map(({ name }) => name));
  const all = tools.length === 0 ? undefined : tools.map(innerTool);
  if (choice === undefined || choice === 'auto' || choice === 'none') return ok({ tools: all, toolChoice: choice });
  const isList = typeof choice === 'object' && choice.type === 'allowed_tools';
  if (tools.length === 0 && !isList) return fail({ code: 'invalid_value', param: 'tool_choice', detail: 'It needs tools.' });
  if (choice === 'required') return ok({ tools: all, toolChoice: choice });
  if (choice.type === 'function') {
    if (!names.has(choice.name)) return fail(notOffered('tool_choice.name'));
    return ok({ tools: all, toolChoice: { name: choice.name } });
  }
  // Tools of the vendor among them were left out of the list as well: where there are no others, none may be called.
  const allowed = new Set<string>();
  for (const [i, { type, name }] of choice.tools.entries()) {
    if (type !== 'function') continue;
    if (name === undefined || !names.has(name)) return fail(notOffered(`tool_choice.tools.${i}.name`));
    allowed.add(name);
  }
  if (allowed.size === 0) {
    if (choice.mode === 'auto') return ok({ tools: undefined, toolChoice: choice.mode });
    return fail({ code: 'invalid_value', param: 'tool_choice.tools', detail: 'None of these tools is offered.' });
  }
  return ok({ tools: tools.filter(({ name }) => allowed.has(name)).map(innerTool), toolChoice: choice.mode });
}

function notOffered(param: string): Failure {
  return { code: 'invalid_value', param, detail: 'No tool of that name is offered.' };
}

function innerTool({ name, description, parameters, strict }: FunctionTool): Tool {
  return { type: 'function', function: { name, description, parameters, strict } };
}
