/** Accessors stand in classes only: one in an object that is made anew each time costs a full collection (docs/decisions/0019-accessors.md). */
import { expect, it } from 'vitest';
import { filesMatching } from '../../../infra/graph/source-files.ts';

const accessor = /^(\s*)(?:get|set) \w+\(/;

/** Accessors whose surrounding block is no class, as file:line. */
function outsideClasses(path: string, text: string): string[] {
  const lines = text.split('\n');
  return lines.flatMap((line, at) => {
    const indent = accessor.exec(line)?.[1]?.length;
    if (indent === undefined) return [];
    const opening = lines.slice(0, at).findLast((before) => before.trim() !== '' && before.search(/\S/) < indent);
    return /\bclass\b/.test(opening ?? '') ? [] : [`${path}:${at + 1}`];
  });
}

it('the Worker has accessors in classes only', () => {
  const files = filesMatching(/^worker\/(?!dashboard\/).*\.ts$/);
  expect(files.flatMap(({ path, text }) => outsideClasses(path, text))).toEqual([]);
});

it('an accessor of an object is found', () => {
  expect(outsideClasses('a.ts', 'return {\n  get x() {\n    return 1;\n  },\n};')).toEqual(['a.ts:2']);
  expect(outsideClasses('a.ts', 'class A {\n  get x() {\n    return 1;\n  }\n}')).toEqual([]);
});
