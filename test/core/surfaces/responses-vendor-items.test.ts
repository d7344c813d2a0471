/** Items of the Responses API that only their vendor can read. */
import { describe, expect, it } from 'vitest';
import { responsesSurface } from '../../../worker/core/surfaces/responses/responses-surface.ts';
import { configWith } from '../../support/fakes/config.ts';
import { limits } from './chat-bodies.ts';

const settings = { ...configWith({}), limits };
const refusing = {
  ...settings,
  surfaces: { ...settings.surfaces, hosted_tools: { ...settings.surfaces.hosted_tools, responses: 'refuse' as const } },
};

function read(body: unknown, by = settings) {
  return responsesSurface.read(JSON.stringify(body), by);
}

/** The inner request of a body that is taken. */
function inner(fields: object) {
  const result = read(fields);
  if (!result.ok) throw new Error(JSON.stringify(result.failure));
  return result.value;
}

describe('a list of allowed tools', () => {
  it('of a vendor alone leaves none to call, whether there are others or not', () => {
    const search = { type: 'web_search' };
    const look = { type: 'function', name: 'look' };
    for (const tools of [[search], [search, look], undefined]) {
      const taken = inner({ input: 'hi', tools, tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [search] } });
      expect(taken.request).toMatchObject({ tools: undefined, toolChoice: 'auto' });
      expect(taken.ignored).toEqual(tools === undefined ? [] : ['tools[0] (web_search)']);
    }
  });
});

describe('an item of the input', () => {
  it('of tools that only the vendor has is left out and named, or refused', () => {
    const input = [
      { role: 'user', content: 'hi' },
      { type: 'web_search_call', id: 'ws_1', status: 'completed', action: {} },
    ];
    const taken = inner({ input });
    expect([taken.request.messages, taken.ignored]).toEqual([[{ role: 'user', content: 'hi' }], ['input[1] (web_search_call)']]);
    expect(read({ input }, refusing)).toMatchObject({ failure: { code: 'unsupported_parameter', param: 'input.1.type' } });
  });

  it.each([
    'compaction',
    'compaction_summary',
    'context_compaction',
    'configuration_update',
    'program',
    'program_output',
    'tool_search_output',
    'mcp_list_tools',
  ])('%s, which only the vendor can read, does not keep a conversation from going on here', (type) => {
    const input = [
      { type, id: 'x_1', encrypted_content: 'gAAAAAB' },
      { role: 'user', content: 'hi' },
    ];
    const taken = inner({ input });
    expect([taken.request.messages, taken.ignored]).toEqual([[{ role: 'user', content: 'hi' }], [`input[0] (${type})`]]);
    expect(read({ input }, refusing)).toMatchObject({ failure: { code: 'unsupported_parameter', param: 'input.0.type' } });
  });

  it('of another agent is what a user says; what is sealed of it is left out and named, or refused', () => {
    const sealed = { type: 'encrypted_content', encrypted_content: 'gAAAAAB' };
    const said = { type: 'input_text', text: 'Tests pass.' };
    const from = { type: 'agent_message', author: '/root/a', recipient: '/root' };
    const input = [
      { ...from, content: [said] },
      { ...from, content: [sealed] },
      { type: 'function_call_output', call_id: 'c', output: [said, sealed] },
    ];
    const taken = inner({ input });
    expect([taken.request.messages, taken.ignored]).toEqual([
      [
        { role: 'user', content: 'Tests pass.' },
        { role: 'tool', tool_call_id: 'c', content: 'Tests pass.' },
      ],
      ['input[1] (encrypted_content)', 'input[2] (encrypted_content)'],
    ]);
    expect(read({ input }, refusing)).toMatchObject({
      failure: { code: 'unsupported_parameter', param: 'input.1.content.0.type' },
    });
  });
});
