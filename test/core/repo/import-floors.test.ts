/** Who may import whom (the floors of the house), and what the pure core may not even mention. */
import { describe, expect, it } from 'vitest';
import { circlesIn, fileGraph, heightsIn, part, roomGraph, roomOf } from '../../../infra/graph/import-graph.ts';
import {
  filesMatching,
  type Import,
  importsOf,
  readRepoFile,
  type SourceFile,
  withoutComments,
} from '../../../infra/graph/source-files.ts';

interface Floor {
  readonly name: string;
  readonly files: RegExp;
  readonly mayImport: RegExp;
  /** Types cross floors where a port or a binding has to be named. */
  readonly mayImportTypes?: RegExp;
}

const floors: readonly Floor[] = [
  { name: 'shared knows zod and itself', files: /^shared\//, mayImport: /^(?:zod(?:\/.*)?|shared\/.*)$/ },
  { name: 'the core knows shared and itself', files: /^worker\/core\//, mayImport: /^(?:shared\/.*|worker\/core\/.*)$/ },
  {
    name: 'adapters know the core, shared and the platform',
    files: /^worker\/io\//,
    mayImport: /^(?:cloudflare:.*|jose|pg(?:\/lib\/.*)?|shared\/.*|worker\/(?:core|io)\/.*)$/,
    mayImportTypes: /^worker\/(?:objects\/.*|env\.ts)$/,
  },
  {
    name: 'objects know the core, shared and the platform',
    files: /^worker\/objects\//,
    mayImport: /^(?:cloudflare:.*|shared\/.*|worker\/(?:core|objects)\/.*)$/,
    mayImportTypes: /^worker\/env\.ts$/,
  },
  {
    name: 'the pipeline knows the core and its ports',
    files: /^worker\/pipeline\//,
    mayImport: /^(?:shared\/.*|worker\/(?:core|pipeline)\/.*)$/,
  },
  {
    name: 'routes and middleware know the pipeline, the core and Hono',
    files: /^worker\/(?:routes|middleware)\//,
    mayImport: /^(?:hono|hono\/.*|shared\/.*|worker\/(?:core|pipeline|routes|middleware)\/.*)$/,
    mayImportTypes: /^worker\/(?:deps|env)\.ts$/,
  },
  {
    name: 'the pages know shared, how events are framed, and what paints them',
    files: /^worker\/dashboard\//,
    mayImport: /^(?:preact|preact\/hooks|uplot|shared\/.*|worker\/dashboard\/.*|worker\/core\/sse\/.*)$/,
  },
  {
    name: 'settings know shared',
    files: /^worker\/(?:config|deployment|env|readiness|secrets)\.ts$/,
    mayImport: /^(?:shared\/|worker\/env\.ts)/,
    mayImportTypes: /^worker\/objects\//,
  },
  {
    name: 'the app knows routes and middleware',
    files: /^worker\/app\.ts$/,
    mayImport: /^(?:hono|hono\/.*|shared\/.*|worker\/(?:routes|middleware)\/.*)$/,
    mayImportTypes: /^worker\/(?:deps\.ts|core\/surfaces\/.*)$/,
  },
  {
    name: 'infra knows shared, the core, the rules of settings and node',
    files: /^infra\//,
    mayImport: /^(?!hono|jose|worker\/)|^worker\/(?:core\/|(?:env|readiness|secrets)\.ts)/,
  },
  {
    name: 'bench knows shared, the core, infra, node and what it compares with',
    files: /^bench\//,
    mayImport: /^(?!jose|worker\/)|^worker\/core\//,
  },
];

const sources = filesMatching(/\.(?:ts|mjs|js|tsx)$/);

describe('the floors of the house', () => {
  it.each(floors)('$name', ({ files, mayImport, mayImportTypes }) => {
    const inside = sources.filter(({ path }) => files.test(path));
    const isAllowed = ({ target, isTypeOnly }: Import): boolean =>
      mayImport.test(target) || (isTypeOnly && mayImportTypes?.test(target) === true);
    expect(inside.length).toBeGreaterThan(0);
    expect(breaches(inside, (one) => !isAllowed(one))).toEqual([]);
  });

  it('configs hold no code', () => {
    expect(sources.filter(({ path }) => path.startsWith('configs/'))).toEqual([]);
  });

  it('only deps.ts and set-up.ts know concrete adapters and the compiled configuration', () => {
    const outside = sources.filter(
      ({ path }) => path.startsWith('worker/') && !/^worker\/(?:(?:deps|set-up)\.ts|io\/)/.test(path),
    );
    expect(breaches(outside, ({ target }) => /^worker\/(?:io|generated)\//.test(target))).toEqual([]);
  });

  it('nothing but tests knows test code', () => {
    const outside = sources.filter(({ path }) => !path.startsWith('test/'));
    expect(breaches(outside, ({ target }) => /^test\/|^vitest|^fast-check/.test(target))).toEqual([]);
  });

  it('the parser of imports finds what it should', () => {
    const text = `
      import { a,
        b } from '../shared/a.ts';
      import type { C } from './c.ts';
      import * as ns from 'zod';
      import './side.ts';
      export { d } from '../../shared/d.ts';
      // import x from './comment.ts';
      const e = await import('./e.ts');`;
    expect(
      importsOf({ path: 'worker/x.ts', text }).map(({ target, isTypeOnly }) => `${target}${isTypeOnly ? ' (type)' : ''}`),
    ).toEqual(['shared/a.ts', 'worker/c.ts (type)', 'zod', 'worker/side.ts', '../shared/d.ts', 'worker/e.ts']);
  });
});

describe('the rooms of the house', () => {
  const files = fileGraph(sources.filter(({ path }) => /^(?:worker|shared)\//.test(path)));
  const rooms = roomGraph(files, roomOf);

  it('no folder of the core leads back to itself, not even by types', () => {
    expect(circlesIn(part(rooms, /^worker\/core\//))).toEqual([]);
  });

  it('no file of the Worker leads back to itself', () => {
    expect(circlesIn(files)).toEqual([]);
  });

  it.each(['worker/core/json', 'worker/core/text', 'worker/core/request'])('%s knows no other room', (room) => {
    const known = [...(rooms.get(room)?.keys() ?? ['no such room'])];
    expect(known.filter((other) => other !== 'shared')).toEqual([]);
  });

  it('every folder of the core has its row in docs/extending.md, and no row is left of one that is gone', () => {
    const [, table = ''] = /\n\| room \| holds \|\n(.*?)\n\n/s.exec(readRepoFile('docs/extending.md')) ?? [];
    const rows = [...table.matchAll(/^\| `([a-z-]+)\/` \|/gm)].map(([, room = '']) => `worker/core/${room}`);
    const folders = [...rooms.keys()].filter((room) => /^worker\/core\/[^.]+$/.test(room));
    expect(rows.toSorted()).toEqual(folders.toSorted());
  });

  it.each([
    ['an import of a type', "import type { B } from '../b/it.ts';"],
    ['a type beside a value', "import { type B, b } from '../b/it.ts';"],
    ['the type of a module', "export type B = typeof import('../b/it.ts');"],
    ['a module that is handed on', "export * from '../b/it.ts';"],
    ['an import over several lines', "import {\n  b,\n} from '../b/it.ts';"],
  ])('a way back is found in %s', (_, text) => {
    const back = { path: 'worker/core/b/it.ts', text: "import '../a/it.ts';" };
    expect(circlesIn(fileGraph([{ path: 'worker/core/a/it.ts', text }, back]))).toEqual([
      'worker/core/a/it.ts → worker/core/b/it.ts → worker/core/a/it.ts',
    ]);
  });

  it('a circle of types through a third folder is found, and named', () => {
    const room = (name: string, imports: string): SourceFile => ({ path: `worker/core/${name}/it.ts`, text: imports });
    const graph = roomGraph(
      fileGraph([
        room('a', "import { b } from '../b/it.ts';"),
        room('b', "import type { C } from '../c/deeper.ts';\nimport '../b/it.ts';"),
        { path: 'worker/core/c/deeper.ts', text: "import type { D } from '../d/it.ts';\nexport { A } from '../a/it.ts';" },
        room('d', "import { z } from '../../../shared/zod.ts';"),
      ]),
      roomOf,
    );
    expect(circlesIn(graph)).toEqual(['worker/core/a → worker/core/b → worker/core/c → worker/core/a']);
    expect(heightsIn(part(graph, /\/[cd]$/))).toEqual(
      new Map([
        ['worker/core/d', 0],
        ['worker/core/c', 1],
      ]),
    );
  });
});

describe('the pure core', () => {
  const core = sources.filter(({ path }) => path.startsWith('worker/core/') || path.startsWith('shared/'));

  it.each([
    ['the time', /\bDate\.now\b|\bnew Date\(\)|\bperformance\b/],
    ['chance', /\bMath\.random\b|\bcrypto\b/],
    ['the network', /\bfetch\(|\bnew (?:Request|Response|WebSocket)\b|\bcaches\.(?:default|open)\b/],
    ['timers', /\bset(?:Timeout|Interval)\b|\bqueueMicrotask\b|\bscheduler\b/],
    ['a console', /\bconsole\b/],
    ['a platform', /['"](?:node|cloudflare):|\bprocess\.|\bglobalThis\b|\bnavigator\b/],
    ['code from text', /\beval\(|\bnew Function\b/],
  ])('mentions %s nowhere', (_, pattern) => {
    const found = core.flatMap(({ path, text }) =>
      withoutComments(text)
        .split('\n')
        .filter((line) => pattern.test(line))
        .map((line) => `${path}: ${line.trim()}`),
    );
    expect(found).toEqual([]);
  });
});

describe('zod', () => {
  it('is imported by one file of what ships, which sets it up', () => {
    const shipped = sources.filter(({ path }) => /^(?:worker|shared)\//.test(path) && path !== 'shared/zod.ts');
    expect(breaches(shipped, ({ target }) => /^zod(?:\/|$)/.test(target))).toEqual([]);
  });

  it('is imported whole: the named import takes five times the room', () => {
    const named = sources.filter(({ text }) => /import\s*\{[^}]*\}\s*from\s*'zod'/.test(withoutComments(text)));
    expect(named.map(({ path }) => path)).toEqual([]);
  });
});

function breaches(files: readonly SourceFile[], isBreach: (one: Import) => boolean): string[] {
  return files.flatMap((file) =>
    importsOf(file)
      .filter(isBreach)
      .map(({ target }) => `${file.path} → ${target}`),
  );
}
