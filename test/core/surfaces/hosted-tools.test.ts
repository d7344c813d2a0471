/** Tools that only their vendor can run: left out with a note, or refused by name. */
import { describe, expect, it } from 'vitest';
import { takeHostedTools } from '../../../worker/core/surfaces/hosted-tools.ts';
import { parseChatRequest } from '../../../worker/core/surfaces/chat/chat-request.ts';
import { limits } from './chat-bodies.ts';

const own = new Set(['function']);
const search = { type: 'web_search' };
const look = { type: 'function', function: { name: 'look' } };
const untyped = { function: { name: 'untyped' } };

describe('tools of a vendor', () => {
  it('are left out, and named by their place and type; a tool without a type stays', () => {
    const body = { tools: [look, search, untyped, { type: 'mcp', server_label: 'x' }], tool_choice: 'required' };
    const taken = takeHostedTools(body, own, 'drop');
    expect(taken).toEqual({ ok: true, value: ['tools[1] (web_search)', 'tools[3] (mcp)'] });
    expect(body).toEqual({ tools: [look, untyped], tool_choice: 'required' });
  });

  it('are refused by place and type', () => {
    const taken = takeHostedTools({ tools: [look, search] }, own, 'refuse');
    expect(taken).toMatchObject({ ok: false, failure: { code: 'unsupported_parameter', param: 'tools.1.type' } });
    expect(JSON.stringify(taken)).toContain('web_search');
  });

  it('that take free text are not said to run at their vendor', () => {
    const taken = takeHostedTools({ tools: [{ type: 'custom', custom: { name: 'f' } }] }, own, 'refuse');
    expect(JSON.stringify(taken)).toContain('use a function');
  });

  it('change nothing where there are none', () => {
    for (const body of [{}, { tools: [look] }, { tools: 'no list' }, { tools: [7, null] }]) {
      const before = structuredClone(body);
      expect([takeHostedTools(body, own, 'refuse'), body]).toEqual([{ ok: true, value: [] }, before]);
    }
  });

  it.each([
    ['auto', undefined],
    ['none', undefined],
    [{ type: 'auto' }, undefined],
    ['required', 'required'],
    [{ type: 'any' }, { type: 'any' }],
  ])('where none is left, the choice %j becomes %j', (choice, left) => {
    const body: Record<string, unknown> = { tools: [search], tool_choice: choice };
    takeHostedTools(body, own, 'drop');
    expect([body['tools'], body['tool_choice']]).toEqual([undefined, left]);
  });

  it('are named at most twenty times, and long types are cut', () => {
    const tools = Array.from({ length: 50 }, () => ({ type: 'x'.repeat(1000) }));
    const taken = takeHostedTools({ tools }, own, 'drop');
    expect(taken.ok && taken.value.length).toBe(20);
    expect(taken.ok && Math.max(...taken.value.map((name) => name.length))).toBeLessThanOrEqual(64);
  });
});

describe('in chat completions', () => {
  const body = JSON.stringify({ messages: [{ role: 'user', content: 'hi' }], tools: [search, look] });

  it('they are refused by name, as long as nothing else is configured', () => {
    const read = parseChatRequest(body, limits);
    expect(read).toMatchObject({ ok: false, failure: { code: 'unsupported_parameter', param: 'tools.0.type' } });
  });

  it('they are left out where that is configured', () => {
    const read = parseChatRequest(body, limits, 'drop');
    expect(read.ok && [read.value.request.tools, read.value.ignored]).toEqual([[look], ['tools[0] (web_search)']]);
  });
});
