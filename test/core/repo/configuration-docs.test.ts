/** docs/configuration.md against the schemas: every key with its type and default, and nothing else. */
import { describe, expect, it } from 'vitest';
import { configKeys, shippedValue } from './config-keys.ts';
import { shippedTree } from '../../support/fakes/config.ts';
import { readRepoFile } from '../../../infra/graph/source-files.ts';

const rows = new Map(
  [...readRepoFile('docs/configuration.md').matchAll(/^\| `([^`]+)` \| ([^|]*) \| ([^|]*) \| (.*) \|$/gm)].map(
    ([, path = '', type = '', byDefault = '', meaning = '']) => [path, { type, byDefault, meaning }],
  ),
);
const keys = configKeys();

describe('docs/configuration.md', () => {
  it('lists every key of the schemas once, and no other', () => {
    expect([...rows.keys()].toSorted()).toEqual(keys.map(({ path }) => path).toSorted());
  });

  it.each(keys)('describes $path', ({ path, type, byDefault }) => {
    const row = rows.get(path);
    const shipped = shippedValue(shippedTree(), path);
    const text = byDefault ?? (shipped === undefined ? 'required' : JSON.stringify(shipped));
    expect(row).toMatchObject({ type, byDefault: text.length > 60 ? 'see the file' : text });
    expect(row?.meaning).toMatch(/\S.*\.$/);
  });
});
