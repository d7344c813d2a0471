/** A choice among the tools of a chat: models know no such list, so they are shown these tools and no others. */
import { describe, expect, it } from 'vitest';
import { innerRequest } from '../../../worker/core/surfaces/chat/inner-request.ts';
import { parseChatRequest } from '../../../worker/core/surfaces/chat/chat-request.ts';
import { bodyWith, limits, toolNamed } from './chat-bodies.ts';

const tools = ['find', 'book', 'pay'].map(toolNamed);

function read(allowed: object | undefined, offered: readonly object[] = tools) {
  const body = bodyWith({ tools: offered, tool_choice: { type: 'allowed_tools', allowed_tools: allowed } });
  const valid = parseChatRequest(JSON.stringify(body), limits, 'drop');
  if (!valid.ok) return { param: valid.failure.param };
  const inner = innerRequest(valid.value.request);
  return { names: inner.tools?.map((tool) => tool.function.name) ?? null, choice: inner.toolChoice };
}

describe('allowed tools', () => {
  it('are the only ones shown, in the order of the list of tools', () => {
    expect(read({ mode: 'auto', tools: [toolNamed('pay'), toolNamed('find')] })).toEqual({
      names: ['find', 'pay'],
      choice: 'auto',
    });
  });
  it('may be required', () => {
    expect(read({ mode: 'required', tools: [toolNamed('book')] })).toEqual({ names: ['book'], choice: 'required' });
  });
  it('of a vendor count for nothing beside others', () => {
    expect(
      read({ mode: 'auto', tools: [{ type: 'web_search' }, { ...toolNamed('pay'), type: 'custom' }, toolNamed('book')] }),
    ).toEqual({
      names: ['book'],
      choice: 'auto',
    });
  });
  it('of a vendor alone leave none to call, whether there are others or not', () => {
    const search = { type: 'web_search' };
    for (const offered of [[search, ...tools], [search], []])
      expect(read({ mode: 'auto', tools: [search] }, offered).names).toBeNull();
  });

  const list = 'tool_choice.allowed_tools.tools';
  it.each([
    ['that are not offered', { mode: 'auto', tools: [toolNamed('pay'), toolNamed('sell')] }, `${list}.1.function.name`],
    ['that have no name', { mode: 'auto', tools: [{ type: 'function' }] }, `${list}.0.function.name`],
    ['that only a vendor runs and one must call', { mode: 'required', tools: [{ type: 'custom' }] }, list],
    ['that are none', { mode: 'auto', tools: [] }, list],
    ['without a list', undefined, 'tool_choice.allowed_tools'],
    ['of an unknown mode', { mode: 'maybe', tools: [toolNamed('pay')] }, 'tool_choice.allowed_tools.mode'],
  ])('%s are refused by name', (_, allowed, param) => expect(read(allowed)).toEqual({ param }));
});
