/** What a person is told who calls a command wrongly. */
import { describe, expect, it } from 'vitest';
import { filesMatching } from '../../../infra/graph/source-files.ts';
import {
  decimalNumber,
  portNumber,
  readCommandLine,
  serverOrigin,
  UsageError,
  wholeNumber,
} from '../../../infra/command-line.ts';

const command = { name: 'npm start', help: 'help', options: { port: { type: 'string' }, keep: { type: 'boolean' } } } as const;
const npm = { npm_lifecycle_event: 'start' };
const read = (args: readonly string[], env: Record<string, string> = {}) => readCommandLine(command, env, [...args]);

describe('readCommandLine', () => {
  it('reads options', () => {
    expect(read(['--port', '8080', '--keep'], npm).values).toMatchObject({ port: '8080', keep: true });
  });

  it.each([
    ['an unknown option', ['--prot', '1'], {}, /Unknown option '--prot'\. npm start -- --help/],
    ['an option without its value', ['--port'], {}, /--port/],
    ['a word too many', ['8080'], {}, /"8080" is not expected/],
    ['options that npm kept for itself', ['8080'], { ...npm, npm_config_port: 'true' }, /Type: npm start -- --port …/],
    ['an option that npm kept whole', [], { ...npm, npm_config_port: '8080' }, /Type: npm start -- --port 8080/],
    ['a value whose option npm dropped', ['8080'], npm, /npm keeps options for itself/],
  ])('refuses %s with one line', (_, args, env, message) => {
    expect(() => read(args, env)).toThrow(UsageError);
    expect(() => read(args, env)).toThrow(message);
    expect(() => read(args, env)).not.toThrow(/\n/);
  });
});

describe('values', () => {
  it.each(['0', '65536', 'abc', '80.5', '', '-1', '1e3', '0x50'])('a port is a whole number in range, not "%s"', (text) => {
    expect(() => portNumber('port', text)).toThrow(`--port ${text}: expected a whole number from 1 to 65535.`);
  });

  it.each(['NaN', '', '-0.5', 'Infinity', '1,5'])('a pace is a number, not "%s"', (text) => {
    expect(() => decimalNumber('time-scale', text)).toThrow(UsageError);
  });

  it('numbers in range pass', () => {
    expect([portNumber('port', '8787'), wholeNumber('limit', '0'), decimalNumber('time-scale', '.5')]).toEqual([8787, 0, 0.5]);
  });

  it.each([
    ['http://127.0.0.1:8001', 'http://127.0.0.1:8001'],
    ['localhost:8001', 'http://localhost:8001'],
    ['127.0.0.1:11434', 'http://127.0.0.1:11434'],
    ['https://models.example.com/v1/', 'https://models.example.com'],
    ['http://[::1]:8001/', 'http://[::1]:8001'],
  ])('an address is read as people write it: %s', (text, origin) => {
    expect(serverOrigin('small', text)).toBe(origin);
  });

  it.each(['', '8001', 'ftp://127.0.0.1', 'http://', 'http://a:b@c:1', 'http://host/api/chat', 'not an address'])(
    'what is no address is refused by name: "%s"',
    (text) => {
      expect(() => serverOrigin('small', text)).toThrow(/^--small/);
    },
  );

  it('no option has a name that npm itself sets for every command', () => {
    const set = /^ +'?(?:cache|prefix|userconfig|globalconfig|noproxy|user-agent|init-module)'?: \{ type: /m;
    expect("  cache: { type: 'string' },").toMatch(set);
    const commands = filesMatching(/^(?:infra|bench)\/.*\.ts$/).filter(({ text }) => text.includes('readCommandLine'));
    expect(commands.length).toBeGreaterThan(20);
    expect(commands.filter(({ text }) => set.test(text)).map(({ path }) => path)).toEqual([]);
  });
});
