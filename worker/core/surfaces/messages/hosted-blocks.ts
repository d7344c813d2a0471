/**
 * Blocks of a history in which the vendor ran a tool itself, or noted what it did: no model here can read them. Left out with a note, or
 * refused, as the tools are. The summary that stands in the place of a long conversation can be read, and is text.
 */
import type { HostedToolPolicy } from '../../../../shared/config.ts';
import type { Failure } from '../../../../shared/errors.ts';
import { isObject } from '../../../../shared/is-object.ts';
import { fail, ok, type Result } from '../../../../shared/result.ts';

const hosted =
  /^(?:server_tool_use|mcp_tool_use|mcp_tool_result|mcp_tool_listing|tool_addition|tool_removal|fallback|browser_state|container_upload|compaction|(?:advisor|web_search|web_fetch|code_execution|bash_code_execution|text_editor_code_execution|tool_search)_tool_result)$/;

/** Takes them out of `body.messages`, in place. */
export function takeHostedBlocks(body: Record<string, unknown>, policy: HostedToolPolicy): Result<readonly string[], Failure> {
  const { messages } = body;
  const dropped = new Map<string, string>();
  const take = (holder: unknown, param: string, name: string): Failure | null => {
    const content = isObject(holder) ? holder['content'] : undefined;
    if (!isObject(holder) || !Array.isArray(content)) return null;
    const blocks = content.map(readable);
    const types = blocks.map((block) => (isObject(block) && typeof block['type'] === 'string' ? block['type'] : ''));
    const at = types.findIndex((type) => hosted.test(type));
    const type = types[at] ?? '';
    if (at >= 0 && policy === 'refuse') {
      const detail = `Blocks of type "${type}" come from tools and services of their vendor, which is not here.`;
      return { code: 'unsupported_parameter', param: `${param}.content.${at}`, detail };
    }
    if (at >= 0 && !dropped.has(type)) dropped.set(type, `${name}.content[${at}] (${type})`);
    holder['content'] = at < 0 ? blocks : blocks.filter((_, k) => !hosted.test(types[k] ?? ''));
    for (const [k, block] of blocks.entries()) {
      if (types[k] !== 'tool_result') continue;
      const failure = take(block, `${param}.content.${k}`, `${name}.content[${k}]`);
      if (failure !== null) return failure;
    }
    return null;
  };
  for (const [i, message] of (Array.isArray(messages) ? messages : []).entries()) {
    const failure = take(message, `messages.${i}`, `messages[${i}]`);
    if (failure !== null) return fail(failure);
  }
  return ok([...dropped.values()]);
}

function readable(block: unknown): unknown {
  if (!isObject(block) || block['type'] !== 'compaction') return block;
  const { content } = block;
  return typeof content === 'string' && content !== '' ? { type: 'text', text: content } : block;
}
