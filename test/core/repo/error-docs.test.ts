/** docs/errors.md and shared/errors.ts say the same about every code. */
import { describe, expect, it } from 'vitest';
import { type ErrorCode, errors } from '../../../shared/errors.ts';
import { readRepoFile } from '../../../infra/graph/source-files.ts';

const codes = Object.keys(errors) as ErrorCode[];
const rows = new Map(
  readRepoFile('docs/errors.md')
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter(([, first]) => first !== undefined && /^`[a-z_]+`$/.test(first))
    .map(([, code = '', ...cells]) => [code.replaceAll('`', ''), cells]),
);

describe('docs/errors.md', () => {
  it.each(codes)('tells status, type, retry and blame of %s as the table does', (code) => {
    const { status, type, retry, blames } = errors[code];
    expect(rows.get(code)?.slice(0, 4)).toEqual([String(status), type, retry, blames]);
  });

  it.each(codes)('says what to do about %s', (code) => {
    expect(rows.get(code)?.[4]?.length).toBeGreaterThan(10);
  });

  it('has no row for a code that does not exist', () => {
    expect([...rows.keys()].filter((code) => !Object.hasOwn(errors, code))).toEqual([]);
  });
});
