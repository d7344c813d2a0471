/** Blocks of a history in which the vendor ran a tool itself: no model here can read them. Left out with a note, or refused, as the tools are. */
import type { HostedToolPolicy } from '../../../../shared/config.ts';
import type { Failure } from '../../../../shared/errors.ts';
import { isObject } from '../../../../shared/is-object.ts';
import { fail, ok, type Result } from '../../../../shared/result.ts';

const hosted =
  /^(?:server_tool_use|mcp_tool_use|mcp_tool_result|container_upload|compaction|(?:web_search|web_fetch|code_execution|bash_code_execution|text_editor_code_execution|tool_search)_tool_result)$/;

/** Takes them out of `body.messages`, in place. */
export function takeHostedBlocks(body: Record<string, unknown>, policy: HostedToolPolicy): Result<readonly string[], Failure> {
  const { messages } = body;
  const dropped = new Map<string, string>();
  if (!Array.isArray(messages)) return ok([]);
  for (const [i, message] of messages.entries()) {
    const content = isObject(message) ? message['content'] : undefined;
    if (!isObject(message) || !Array.isArray(content)) continue;
    const types = content.map((block) => (isObject(block) && typeof block['type'] === 'string' ? block['type'] : ''));
    const at = types.findIndex((type) => hosted.test(type));
    if (at < 0) continue;
    const type = types[at] ?? '';
    if (policy === 'refuse') {
      const detail = `Blocks of type "${type}" come from tools that their vendor runs, which is not here.`;
      return fail({ code: 'unsupported_parameter', param: `messages.${i}.content.${at}`, detail });
    }
    if (!dropped.has(type)) dropped.set(type, `messages[${i}].content[${at}] (${type})`);
    message['content'] = content.filter((_, k) => !hosted.test(types[k] ?? ''));
  }
  return ok([...dropped.values()]);
}
