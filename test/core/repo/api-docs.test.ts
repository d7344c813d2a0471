/** docs/api.md against the table of paths, the list of headers and the table of errors: neither side has what the other lacks. */
import { describe, expect, it } from 'vitest';
import { ChatRequest } from '../../../shared/chat.ts';
import { errors } from '../../../shared/errors.ts';
import { headerNames } from '../../../shared/headers.ts';
import { CreateKeyBody } from '../../../shared/key-bodies.ts';
import { routesOf } from '../../../worker/app.ts';
import { surfaces } from '../../../worker/core/surfaces/registry.ts';
import { filesMatching, readRepoFile } from '../../../infra/graph/source-files.ts';

const page = readRepoFile('docs/api.md');
const sections = new Map(
  page
    .split(/^#+ /m)
    .map((section): [title: string, text: string] => [section.split('\n', 1)[0] ?? '', section])
    .filter(([title]) => /^`[A-Z]+ \//.test(title)),
);
/** The last is a file, served without the Worker. */
const routes = [...routesOf(surfaces), ['GET', '/openapi.json', 'open'] as const];
const rows = routes.map(([method, path, access]) => ({ title: `\`${method} ${path}\``, method, path, access }));

/** The request that a section shows, up to the answer behind it. */
function exampleOf(title: string): { readonly request: string; readonly answer: string } {
  const [, request = '', answer = ''] = /```sh\n(.*?)```\n\n```(?:json|text)\n(.*?)```/s.exec(sections.get(title) ?? '') ?? [];
  return { request, answer };
}

/** First cells of the tables in a text. */
function namesIn(text: string): string[] {
  const cells = [...text.matchAll(/^\| (`[^|]+`) \|/gm)].map(([, cell = '']) => cell);
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
}

describe('docs/api.md', () => {
  it('has one section for every path of the table, and no other', () => {
    expect([...sections.keys()].toSorted()).toEqual(rows.map(({ title }) => title).toSorted());
  });

  it.each(rows)('says who may use $title', ({ title, access }) => {
    expect(sections.get(title)).toContain(`\nAccess: \`${access}\`.`);
  });

  it.each(rows)('shows a request to $title, and its answer', ({ title, method, path }) => {
    const { request, answer } = exampleOf(title);
    expect(request).toMatch(new RegExp(`\\$URL${path.replace(/:id/, '[^/\\s]+').replace(/\*/, '\\S+')}(?:[?\\s]|$)`));
    const [, named] = /-X ([A-Z]+)/.exec(request) ?? [];
    expect(named ?? (request.includes(' -d ') ? 'POST' : 'GET')).toBe(method);
    expect(answer).not.toBe('');
  });

  it.each(rows)('says which errors $title gives', ({ title }) => {
    expect(sections.get(title)).toMatch(/\nErrors: .+\./);
  });

  it.each(Object.values(headerNames))('says what the header %s is for', (name) => {
    const [before = ''] = page.split('## Paths');
    expect(namesIn(before)).toContain(name);
  });

  it('says what every other header is for that the code reads or writes by its name', () => {
    const files = filesMatching(/^worker\/(?:middleware|routes|io|core\/(?:doors|auth|limits|upstreams))\/.*\.ts$/);
    const asked = files.flatMap(({ text }) => [...text.matchAll(/(?:headers|req)\.(?:header|get|set|has|append)\('([a-z-]+)'/g)]);
    const listed = filesMatching(/^worker\/(?:middleware|routes|core\/doors|io\/upstream-fetch).*\.ts$/).flatMap(({ text }) => [
      ...text.matchAll(/^\s+\[?'((?:x|content|cache|access|referrer|strict|user|accept)-[a-z-]+)'[,:]/gm),
    ]);
    const [before = ''] = page.split('## Errors of many paths');
    const used = new Set([...asked, ...listed].map(([, name = '']) => name));
    expect(used.size).toBeGreaterThan(15);
    expect([...used].filter((name) => !before.includes(`\`${name}\``))).toEqual([]);
  });

  it.each([
    ['`POST /v1/chat/completions`', ChatRequest.shape],
    ['`POST /admin/keys`', CreateKeyBody._zod.innerType.shape],
  ])('lists every field that %s takes', (title, fields) => {
    expect(namesIn(sections.get(title) ?? '')).toEqual(expect.arrayContaining(Object.keys(fields)));
  });

  it('names every error, and none that does not exist', () => {
    const lists = page.split('\n').filter((line) => line.startsWith('Errors: ') || line.startsWith('| errors of '));
    const named = lists.flatMap((line) => [...line.matchAll(/`([a-z]+(?:_[a-z]+)*)`/g)].map(([, code]) => code));
    expect([...new Set(named)].toSorted()).toEqual(Object.keys(errors).toSorted());
  });
});
