/** docs/request.md against the pipeline: every stage has its file, every file its row, and chat.ts goes through them in the page's order. */
import { describe, expect, it } from 'vitest';
import { filesMatching, importsOf, readRepoFile, withoutComments } from '../../../infra/graph/source-files.ts';

const page = readRepoFile('docs/request.md');
const sources = filesMatching(/^worker\/.*\.ts$/);
const paths = sources.map(({ path }) => path.slice('worker/'.length));

/** Rows of the table that begins with this cell, as cells. */
function rowsOf(firstCell: string): string[][] {
  const [, table = ''] = new RegExp(`^\\| ${firstCell} \\|[^\\n]*\\n\\|[-|]+\\|\\n((?:\\|[^\\n]*\\n)+)`, 'm').exec(page) ?? [];
  return table
    .trimEnd()
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, ...cells]) => cells);
}

function filesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path);
}

const stages = rowsOf('stage').map(([name = '', files = '']) => ({ name, files: filesIn(files) }));
const helpers = rowsOf('file').flatMap(([file = '']) => filesIn(file));

/** The function by which each stage of the pipeline is entered, and who enters it. */
const entries: Readonly<Record<string, readonly [caller: string, entry: string]>> = {
  retrieve: ['rag/answer-query', 'retrieve'],
  classify: ['decide', 'classify'],
  plan: ['decide', 'planRoute'],
  idempotency: ['chat', 'beginKept'],
  cache: ['chat', 'lookUp'],
  reserve: ['chat', 'reserve'],
  attempts: ['answer/first-answer', 'tryInTurn'],
  place: ['calls/chain', 'takePlace'],
  call: ['answer/first-answer', 'openCall'],
  judge: ['answer/begin', 'judged'],
  answer: ['chat', 'relay'],
  rescue: ['answer/relay', 'rescue'],
  'late whole': ['chat', 'sendLate'],
  settle: ['answer/finish', 'settle'],
  shadow: ['answer/finish', 'shadow'],
};

describe('docs/request.md', () => {
  it('has a row for every stage of the pipeline', () => {
    expect(stages.map(({ name }) => name)).toEqual(['request-id', 'auth', 'body', 'validate', ...Object.keys(entries)]);
  });

  it.each(stages)('names files and folders of $name that exist', ({ files }) => {
    expect(files.length).toBeGreaterThan(0);
    const missing = files.filter((file) => !paths.some((path) => (file.endsWith('/') ? path.startsWith(file) : path === file)));
    expect(missing).toEqual([]);
  });

  it.each(Object.entries(entries))('%s is entered by a function of one of its files', (name, [caller, entry]) => {
    const { files } = stages.find((stage) => stage.name === name) ?? { files: [] };
    const own = sources.filter(({ path }) => files.some((file) => path.startsWith(`worker/${file}`)));
    expect(own.filter(({ text }) => new RegExp(`^export (?:async )?function ${entry}\\b`, 'm').test(text))).toHaveLength(1);
    expect(withoutComments(readRepoFile(`worker/pipeline/${caller}.ts`))).toMatch(new RegExp(`(?<!function )\\b${entry}\\(`));
  });

  it('knows every file of the pipeline, once as a helper or as a part of stages', () => {
    const named = [...new Set(stages.flatMap(({ files }) => files)), ...helpers].filter((path) => path.startsWith('pipeline/'));
    expect(named.toSorted()).toEqual(paths.filter((path) => path.startsWith('pipeline/')).toSorted());
  });

  it.each([...new Set(Object.values(entries).map(([caller]) => caller))])('has its stages in the order of %s.ts', (caller) => {
    const code = withoutComments(readRepoFile(`worker/pipeline/${caller}.ts`));
    const inOrder = Object.values(entries).filter(([by]) => by === caller);
    const places = inOrder.map(([, entry]) => code.search(new RegExp(`(?<!function )\\b${entry}\\(`)));
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((one, other) => one - other));
  });
});

/** What each room of the pipeline may import, besides shared. `run/` imports no other room; `calls/` nothing of how an answer is read or shown. */
const rooms: readonly (readonly [room: string, knows: RegExp])[] = [
  ['run', /^worker\/(?:core|pipeline\/run)\//],
  ['calls', /^worker\/(?:core\/(?!answer|surfaces|sse|tools|structured)|pipeline\/(?:run|calls)\/)/],
  ['kept', /^worker\/(?:core|pipeline\/(?:run|kept))\//],
  ['answer', /^worker\/(?:core|pipeline\/(?:run|calls|kept|answer))\//],
];

describe('the rooms of the pipeline', () => {
  it.each(rooms)('%s imports only what it may know', (room, knows) => {
    const inside = sources.filter(({ path }) => path.startsWith(`worker/pipeline/${room}/`));
    const imports = inside.flatMap((file) => importsOf(file).map(({ target }) => `${file.path} → ${target}`));
    expect(imports.length).toBeGreaterThan(10);
    expect(imports.filter((line) => !knows.test(line.split(' → ')[1] ?? '') && !/ → shared\//.test(line))).toEqual([]);
  });
});
