/** Ordinary answers of models that have tools: no call is found in them, no character is lost, and JSON does not wait. */
import { describe, expect, it } from 'vitest';
import type { ToolFormatId } from '../../../shared/config.ts';
import { createAnswerMachine } from '../../../worker/core/answer/answer-machine.ts';
import { options } from './answer.ts';
import { corpus, ordinaryAnswers, run, textDeltas } from './corpus.ts';
import { randomPieces, seeded } from './cuts.ts';
import { formatSets } from './fragments.ts';

const tools = corpus.get('hermes')?.[0]?.tools ?? [];
const sets: readonly (readonly ToolFormatId[])[] = [...formatSets, ['llama3_json', 'json_fenced', 'json_bare']];
const rows = ordinaryAnswers.map(({ id, kind, text }) => [id, kind, text] as const);

describe('an ordinary answer', () => {
  it('is there two hundred times, each its own, of tools that the request declares', () => {
    expect(new Set(ordinaryAnswers.map(({ text }) => text)).size).toBeGreaterThanOrEqual(200);
    expect(tools.map(({ name }) => name)).toContain('get_weather');
  });

  it.each(rows)('%s (%s) arrives byte for byte, in every format and however it is cut', (_id, _kind, text) => {
    const random = seeded(text.length);
    for (const formats of sets) {
      for (const pieces of [[text], text.split(''), randomPieces(text, random), randomPieces(text, random, 40)]) {
        for (const finish of ['stop', 'length']) {
          const { content, calls, end } = run(options({ formats, tools }), textDeltas(pieces), finish);
          expect([content, calls, end.finishReason, end.isIncomplete], formats.join()).toEqual([text, [], finish, false]);
        }
      }
    }
  });
});

describe('a JSON answer', () => {
  const answers = rows.filter(([, kind]) => kind === 'json-answer');

  it.each(answers)('%s (%s) waits for at most 100 characters while it comes in', (_id, _kind, text) => {
    for (const formats of sets.filter((set) => !set.includes('hermes') || set.length === 3)) {
      const machine = createAnswerMachine(options({ formats, tools }));
      let shown = 0;
      for (let at = 0; at < text.length; at += 1) {
        for (const event of machine.feed({ content: text.charAt(at) })) if (event.kind === 'text') shown += event.text.length;
        expect(at + 1 - shown, `${formats.join()}: ${text.slice(0, at + 1)}`).toBeLessThanOrEqual(100);
      }
    }
  });

  it('of the length of a page streams with the chunk it comes in', () => {
    const items = Array.from({ length: 60 }, (_, id) => ({ id, title: `Item ${id}`, tags: ['a', 'b'], name: 'search' }));
    for (const value of [items, { items }, { name: 'search', results: items }, { type: 'list', arguments: items }]) {
      for (const text of [
        JSON.stringify(value),
        JSON.stringify(value, null, 2),
        `\`\`\`json\n${JSON.stringify(value)}\n\`\`\``,
      ]) {
        const machine = createAnswerMachine(options({ tools }));
        let shown = 0;
        for (let at = 0; at < text.length; at += 20) {
          for (const event of machine.feed({ content: text.slice(at, at + 20) }))
            if (event.kind === 'text') shown += event.text.length;
          expect(Math.min(at + 20, text.length) - shown).toBeLessThanOrEqual(60);
        }
      }
    }
  });
});
