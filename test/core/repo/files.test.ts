/** Size, names and contents of the repository's own files. */
import { describe, expect, it } from 'vitest';
import { filesMatching, withoutComments } from '../../../infra/graph/source-files.ts';

const maxLines = 350;

/** Longer files and the reason. The list may only shrink. */
const mayBeLonger: Readonly<Record<string, string>> = {
  'test/core/standin/faults.test.ts': 'one row per fault',
};

const code = filesMatching(/\.(?:ts|tsx|mjs|js)$/);
const texts = filesMatching(/\.(?:ts|tsx|mjs|js|md|yaml|yml|toml|json|css|html|sh|sql|example)$|^\.[a-z]+(?:rc|ignore)$/).filter(
  ({ path }) => !path.startsWith('test/fixtures/') && path !== 'package-lock.json',
);
const self = 'test/core/repo/files.test.ts';

describe('every file', () => {
  it(`of code has at most ${maxLines} lines`, () => {
    const long = code.filter(({ path, text }) => linesIn(text) > maxLines && mayBeLonger[path] === undefined);
    expect(long.map(({ path, text }) => `${path}: ${linesIn(text)}`)).toEqual([]);
  });

  it('that may be longer still is', () => {
    const short = code.filter(({ path, text }) => mayBeLonger[path] !== undefined && linesIn(text) <= maxLines);
    expect(short.map(({ path }) => path)).toEqual([]);
  });

  it('is finished: no notes about what is left to do', () => {
    expect(linesWith(/\b(?:TODO|FIXME|XXX|HACK)\b/)).toEqual([]);
  });

  it('names no path of one machine', () => {
    // Every RunPod pod mounts its volume at /workspace.
    expect(linesWith(/(?:^|[\s"'`(=])\/(?:work|home|Users|mnt|workspace(?!\/pointsman))\/[A-Za-z0-9]/)).toEqual([]);
  });

  it('turns its own address into a path in a way that survives spaces and other scripts', () => {
    expect(linesWith(/import\.meta\.url\)\s*\.pathname/)).toEqual([]);
  });

  it('names no secret', () => {
    expect(
      linesWith(/\b(?:sk-(?:proj-)?[A-Za-z0-9]{20,}|AKIA[A-Z0-9]{16}|ghp_[A-Za-z0-9]{30,}|-----BEGIN [A-Z ]*PRIVATE KEY-----)/),
    ).toEqual([]);
  });

  it('is named for what is in it', () => {
    const vague = code.filter(({ path }) => /(?:^|\/)(?:utils?|helpers?|common|misc|types)(?:\/|\.)/.test(path));
    expect(vague.map(({ path }) => path)).toEqual([]);
  });

  it('of code is named in kebab-case', () => {
    const odd = code.filter(({ path }) => !/^[a-z0-9.-]+$/.test(path.split('/').at(-1) ?? ''));
    expect(odd.map(({ path }) => path)).toEqual([]);
  });

  it('of code that ships says at its top what it does', () => {
    const silent = code.filter(
      ({ path, text }) => /^(?:worker|shared|infra|bench)\//.test(path) && !/^(?:#!.*\n)?(?:\/\*\*|\/\/)/.test(text),
    );
    expect(silent.map(({ path }) => path)).toEqual([]);
  });
});

describe('code that ships', () => {
  const shipped = code.filter(({ path }) => /^(?:worker|shared)\//.test(path));

  it('has one default export, the entry', () => {
    const found = shipped.filter(({ text }) => /^export default\b/m.test(withoutComments(text)));
    expect(found.map(({ path }) => path)).toEqual(['worker/index.ts']);
  });

  it('casts nothing, and asserts nothing away', () => {
    const found = shipped.flatMap(({ path, text }) =>
      withoutComments(text)
        .replace(/^(?:import|export)[^;]*? from '[^']+';/gm, '')
        .split('\n')
        .filter((line) => /[\w)\]}] as (?:any|unknown|never|[A-Z]\w*)\b/.test(line.replace(/'[^']*'|`[^`]*`/g, '')))
        .map((line) => `${path}: ${line.trim()}`),
    );
    expect(found).toEqual([]);
  });
});

function linesIn(text: string): number {
  return text.split('\n').length - 1;
}

function linesWith(pattern: RegExp): string[] {
  return texts
    .filter(({ path }) => path !== self)
    .flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}: ${line.trim().slice(0, 100)}`] : [])),
    );
}
