/** No command of the documentation is outside of the table that says where it is tried, and each names scripts and options that there are. */
import { describe, expect, it } from 'vitest';
import { filesMatching, readRepoFile } from '../../../infra/graph/source-files.ts';
import { commandsIn, docCommands, isKnownProgram, wayOf, ways } from './doc-commands.ts';

const commands = docCommands();
const { scripts }: { scripts: Record<string, string> } = JSON.parse(readRepoFile('package.json'));
const pages = filesMatching(/^(?:README|CONTRIBUTING|SECURITY|CHANGELOG|docs\/.*|(?:infra|bench)\/.*README)\.md$/);

describe('commands in blocks', () => {
  it('are found', () => {
    expect(commands.length).toBeGreaterThan(120);
    expect(
      commandsIn(
        'a.md',
        '```sh\nnpm start -- --port 1 &   # why\ncurl \\\n  -d \'{\n "a": 1 }\'\n```\n\n```\nwords\n$ npm test\n```\n',
      ),
    ).toEqual([
      { page: 'a.md', line: 2, text: 'npm start -- --port 1 &' },
      { page: 'a.md', line: 3, text: 'curl -d \'{ "a": 1 }\'' },
      { page: 'a.md', line: 10, text: 'npm test' },
    ]);
  });

  it('each have a row in test/core/repo/doc-commands.ts that says where they are tried', () => {
    const without = commands.filter((command) => wayOf(command) === undefined || !isKnownProgram(command));
    expect(without.map(({ page, line, text }) => `${page}:${line}: ${text} – add a row to ways, and try it there`)).toEqual([]);
  });

  it.each(ways.map(([pattern, way, where]) => ({ pattern: String(pattern), way, where })))(
    '$pattern fits some',
    ({ pattern }) => {
      expect(commands.filter((command) => String(wayOf(command)?.[0]) === pattern)).not.toEqual([]);
    },
  );

  it.each(ways.filter(([, way]) => way === 'run'))('%s is %s in a file that there is', (_, __, where) => {
    for (const [file] of where.matchAll(/test\/\S+\.ts/g)) expect(readRepoFile(file)).not.toBe('');
  });
});

/** In blocks, in tables and in sentences. */
const named = pages.flatMap(({ path, text }) => [
  ...[...text.matchAll(/\bnpm run ([\w:-]+)((?: [^\s`|]+)*)/g)].map(([, script = '', args = '']) => ({
    page: path,
    script,
    args,
  })),
  ...[...text.matchAll(/\bnpm (start|test)((?: [^\s`|]+)*)/g)].map(([, script = '', args = '']) => ({
    page: path,
    script,
    args,
  })),
]);

/** The script's own file and those that it takes its options from. */
function sourceOf(script: string): string {
  const file = scripts[script]?.split(' ').at(-1) ?? '';
  return file.endsWith('.ts') ? readRepoFile(file) : '';
}

describe('commands anywhere', () => {
  it('name scripts of package.json', () => {
    expect(named.length).toBeGreaterThan(80);
    const missing = named.filter(({ script }) => scripts[script.replace(/[:-]$/, '')] === undefined);
    expect(missing.map(({ page, script }) => `${page}: npm run ${script} – there is no such script in package.json`)).toEqual([]);
  });

  it('name options that their command has', () => {
    const missing = named.flatMap(({ page, script, args }) => {
      const source = sourceOf(script);
      const [, own = ''] = args.split(' -- ');
      const options = [...own.matchAll(/(?<=^|\s)--([a-z][\w-]*)/g)].map(([, option = '']) => option);
      const isThere = (option: string): boolean =>
        // `npm run dev` hands all of them to wrangler, `npm test` to vitest.
        script === 'dev' || script === 'test' || source === '' || source.includes(`--${option}`);
      return options.filter((option) => !isThere(option)).map((option) => `${page}: npm run ${script} has no --${option}`);
    });
    expect(missing).toEqual([]);
  });

  it('are every script that is for people', () => {
    // The second name of the doctor, for CI.
    const people = Object.keys(scripts).filter((script) => script !== 'deploy:check');
    const isNamed = (script: string): boolean =>
      named.some((one) => one.script === script) || pages.some(({ text }) => text.includes(`\`${script}\``));
    const unnamed = people.filter((script) => !isNamed(script));
    expect(unnamed).toEqual([]);
  });
});
