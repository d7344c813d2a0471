/**
 * Tools that only their vendor can run, such as a web search or a container: no model here can do anything with them. Agents send them with
 * every request, beside tools of their own, so whether they are left out or refused is configuration.
 */
import type { HostedToolPolicy } from '../../../shared/config.ts';
import type { Failure } from '../../../shared/errors.ts';
import { isObject } from '../../../shared/is-object.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';

const maxNames = 20;
const maxTypeChars = 40;

/**
 * Removes from `body.tools`, in place, every tool whose type is not one of `ownTypes`; a tool without a type is a client's own. Returns the
 * names of what was left out, such as `tools[3] (web_search)`, or the refusal of the first. Where none is left, the list and `tool_choice: auto`
 * or `none` go with it; a choice that demands a call stays, so that it is answered with an error and not with a text.
 */
export function takeHostedTools(
  body: Record<string, unknown>,
  ownTypes: ReadonlySet<string>,
  policy: HostedToolPolicy,
): Result<readonly string[], Failure> {
  const { tools } = body;
  if (!Array.isArray(tools)) return ok([]);
  const kept: unknown[] = [];
  const dropped: string[] = [];
  for (const [i, tool] of tools.entries()) {
    const type = isObject(tool) ? tool['type'] : undefined;
    if (typeof type !== 'string' || ownTypes.has(type)) {
      kept.push(tool);
      continue;
    }
    const shown = type.slice(0, maxTypeChars);
    if (policy === 'refuse') return fail({ code: 'unsupported_parameter', param: `tools.${i}.type`, detail: refusal(shown) });
    if (dropped.length < maxNames) dropped.push(`tools[${i}] (${shown})`);
  }
  if (kept.length === tools.length) return ok([]);
  body['tools'] = kept;
  if (kept.length === 0) dropWithTools(body);
  return ok(dropped);
}

function refusal(type: string): string {
  if (type === 'custom') return 'Tools of type "custom", which take free text, cannot be called here; use a function.';
  return `Tools of type "${type}" run at their vendor, which is not here; only tools that the client runs itself can be called.`;
}

function dropWithTools(body: Record<string, unknown>): void {
  delete body['tools'];
  const { tool_choice: choice } = body;
  const word = isObject(choice) ? choice['type'] : choice;
  if (word === 'auto' || word === 'none') delete body['tool_choice'];
}
