/** Files in a history: a note where an answer follows, a refusal where it is shown now. */
import { describe, expect, it } from 'vitest';
import type { Failure } from '../../../shared/errors.ts';
import { chatSurface } from '../../../worker/core/surfaces/chat/chat-surface.ts';
import { messagesSurface } from '../../../worker/core/surfaces/messages/messages-surface.ts';
import { responsesSurface } from '../../../worker/core/surfaces/responses/responses-surface.ts';
import type { Surface } from '../../../worker/core/surfaces/surface.ts';
import { configWith } from '../../support/fakes/config.ts';
import { limits } from './chat-bodies.ts';

const settings = { ...configWith({}), limits };
const data = 'data:application/pdf;base64,JVBERi0=';
const pdf = { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' };
const ask = { type: 'text', text: 'Read it.' };

interface Wire {
  readonly surface: Surface;
  readonly list: 'messages' | 'input';
  readonly fields: object;
  readonly files: readonly (readonly [part: object, name: string, param: string])[];
}

const wires: Readonly<Record<string, Wire>> = {
  chat: {
    surface: chatSurface,
    list: 'messages',
    fields: {},
    files: [
      [{ type: 'file', file: { filename: 'a.pdf', file_data: data } }, '[file "a.pdf": it cannot be read here]', '.type'],
      [{ type: 'file', file: { file_id: 'file-1' } }, '[file: it cannot be read here]', '.type'],
      [{ type: 'input_audio', input_audio: { data: 'AA', format: 'wav' } }, '[file: it cannot be read here]', '.type'],
    ],
  },
  messages: {
    surface: messagesSurface,
    list: 'messages',
    fields: { max_tokens: 10 },
    files: [
      [{ type: 'document', title: 'a.pdf', source: pdf }, '[file "a.pdf": it cannot be read here]', '.source'],
      [{ type: 'document', source: { type: 'file', file_id: 'f' } }, '[file: it cannot be read here]', '.source'],
      [{ type: 'image', source: { type: 'file', file_id: 'f' } }, '[file: it cannot be read here]', '.source'],
    ],
  },
  responses: {
    surface: responsesSurface,
    list: 'input',
    fields: {},
    files: [
      [{ type: 'input_file', filename: 'a.pdf', file_data: data }, '[file "a.pdf": it cannot be read here]', '.type'],
      [{ type: 'input_audio', input_audio: {} }, '[file: it cannot be read here]', '.type'],
      [{ type: 'input_image', file_id: 'f' }, '[file: it cannot be read here]', '.file_id'],
    ],
  },
};

const rows = Object.entries(wires).flatMap(([name, { files, ...wire }]) =>
  files.map(([part, note, param]) => ({ name, type: String(Object(part).type), part, note, param, ...wire })),
);

describe.each(rows)('in $name, a part of type $type', ({ surface, list, fields, part, note, param }) => {
  const read = (...entries: readonly object[]) =>
    surface.read(JSON.stringify({ ...fields, [list]: structuredClone(entries) }), settings);
  const shown = { role: 'user', content: [ask, part] };
  const more = { role: 'user', content: 'And now?' };
  const answer = { role: 'assistant', content: 'I cannot.' };
  const refused = (failure: Partial<Failure>) =>
    expect.objectContaining({ ok: false, failure: expect.objectContaining(failure) });

  it('that was answered is a note to the model and to the client', () => {
    const taken = read(shown, answer, more);
    if (!taken.ok) throw new Error(JSON.stringify(taken.failure));
    const [first] = taken.value.request.messages;
    expect(first).toEqual({ role: 'user', content: [ask, { type: 'text', text: note }] });
    expect(taken.value.ignored).toEqual([`${list}[0].content[1] (${String(Object(part).type)})`]);
  });

  it('that is shown now is refused, and the field is named', () => {
    expect(read(shown)).toEqual(refused({ param: `${list}.0.content.1${param}` }));
    expect(read(more, answer, shown)).toEqual(refused({ param: `${list}.2.content.1${param}` }));
  });
});

describe('a file of a tool', () => {
  const call = { id: 'c', type: 'function', function: { name: 'read', arguments: '{}' } };
  it.each([
    [
      'chat',
      [
        { role: 'assistant', tool_calls: [call] },
        { role: 'tool', tool_call_id: 'c', content: [wires['chat']?.files[0]?.[0]] },
        { role: 'assistant', content: 'Done.' },
        { role: 'user', content: 'And now?' },
      ],
    ],
    [
      'messages',
      [
        { role: 'assistant', content: [{ type: 'tool_use', id: 'c', name: 'read', input: {} }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c', content: [wires['messages']?.files[0]?.[0]] }] },
        { role: 'assistant', content: 'Done.' },
        { role: 'user', content: 'And now?' },
      ],
    ],
    [
      'responses',
      [
        { type: 'function_call', call_id: 'c', name: 'read', arguments: '{}' },
        { type: 'function_call_output', call_id: 'c', output: [wires['responses']?.files[0]?.[0]] },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Done.' }] },
        { role: 'user', content: 'And now?' },
      ],
    ],
  ])('is a note as well: %s', (name, entries) => {
    const { surface, list, fields } = wires[name] ?? {};
    const taken = surface?.read(JSON.stringify({ ...fields, [list ?? '']: entries }), settings);
    expect(JSON.stringify(taken?.ok === true && taken.value.request.messages)).toContain(
      '[file \\"a.pdf\\": it cannot be read here]',
    );
  });
});
