/** The compiler of configs/: what a person who made a mistake is told, and how profiles change the tree. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, URL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compileConfigs, defaultProfile } from '../../../infra/config/compile.ts';

const shipped = fileURLToPath(new URL('../../../configs', import.meta.url));
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pointsman-configs-'));
  for (const file of ['models.yaml', 'routing.yaml', 'limits.yaml']) cpSync(join(shipped, file), join(folder, file));
});

afterEach(() => rmSync(folder, { recursive: true }));

function write(file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
}

/** Replaces one text in a file and returns the line it stands on. */
function edit(file: string, from: string, to: string): number {
  const text = readFileSync(join(folder, file), 'utf8');
  expect(text).toContain(from);
  writeFileSync(
    join(folder, file),
    text.replace(from, () => to),
  );
  return text.slice(0, text.indexOf(from)).split('\n').length;
}

describe('compileConfigs', () => {
  it('compiles the shipped configuration without a mistake, every profile of it', () => {
    const { profiles, mistakes } = compileConfigs(shipped);
    expect(mistakes).toEqual([]);
    expect(Object.keys(profiles)).toContain(defaultProfile);
  });

  it.each([
    [
      'an unknown tier',
      'models.yaml',
      'tier: small',
      'tier: huge',
      'models.qwen2.5-7b.tier',
      'expected one of "small"|"large"|"vision"',
    ],
    ['a misspelt key', 'models.yaml', 'reasoning: none', 'raesoning: none', 'models.qwen2.5-7b.raesoning', 'no such key'],
    ['text where a number belongs', 'limits.yaml', 'max_depth: 64', 'max_depth: deep', 'limits.max_depth', 'expected number'],
    ['a number out of range', 'limits.yaml', 'max_stop: 64', 'max_stop: 0', 'limits.max_stop', 'expected number to be >=1'],
    [
      'an item of a list',
      'models.yaml',
      'tool_formats: [hermes,',
      'tool_formats: [herms,',
      'models.qwen2.5-7b.tool_formats.0',
      'expected one of "hermes"',
    ],
    [
      'a chain to nowhere',
      'routing.yaml',
      'qwen2.5-7b: [qwen2.5-32b]',
      'qwen2.5-7b: [qwen3]',
      'routing.chains.qwen2.5-7b.0',
      'there is no model "qwen3"; models are qwen2.5-7b, qwen2.5-32b',
    ],
    [
      'an alias for nothing',
      'routing.yaml',
      'gpt-4o-mini: auto',
      'gpt-4o-mini: automatic',
      'routing.aliases.gpt-4o-mini',
      'is neither a model nor one of auto',
    ],
  ])('names file, line, path and what was expected: %s', (_, file, from, to, path, expectation) => {
    const line = edit(file, from, to);
    const { mistakes } = compileConfigs(folder);
    const mistake = mistakes.find((text) => text.includes(` ${path}: `)) ?? mistakes.join('\n');
    expect(mistake).toContain(`${file}:${line}: ${path}: `);
    expect(mistake).toContain(expectation);
  });

  it.each([
    ['a key', 'models.yaml', 'reasoning: none', 'raesoning: none', 'did you mean reasoning?'],
    ['a key deep inside', 'routing.yaml', 'threshold: 0.6', 'treshold: 0.6', 'did you mean threshold?'],
    ['a model', 'routing.yaml', 'qwen2.5-7b: [qwen2.5-32b]', 'qwen2.5-7b: [qwen2.5-23b]', 'did you mean qwen2.5-32b?'],
    ['an upstream', 'models.yaml', 'upstreams: [small]', 'upstreams: [smal]', 'did you mean small?'],
  ])('suggests the nearest name for a misspelt one: %s', (_, file, from, to, expectation) => {
    edit(file, from, to);
    expect(compileConfigs(folder).mistakes.join('\n')).toContain(expectation);
  });

  it('suggests nothing where no name is near', () => {
    edit('models.yaml', 'reasoning: none', 'colour: none');
    expect(compileConfigs(folder).mistakes.join('\n')).not.toContain('did you mean');
  });

  it('tells a mistake of the shared files once, however many profiles stand on them', () => {
    write('profiles/one/limits.yaml', 'limits: { max_depth: 8 }\n');
    write('profiles/two/limits.yaml', 'limits: { max_depth: 9 }\n');
    edit('routing.yaml', 'threshold: 0.6', 'threshold: high');
    expect(compileConfigs(folder).mistakes).toHaveLength(1);
  });

  it.each([
    ['empty', '', 'limits.yaml: the file is empty'],
    ['only comments', '# nothing\n', 'limits.yaml: the file is empty'],
    ['a list', '- 1\n', 'limits.yaml: expected keys and values'],
  ])('names the file when it is %s, and nothing else', (_, text, expectation) => {
    write('limits.yaml', text);
    const { mistakes } = compileConfigs(folder);
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).toContain(expectation);
  });

  it('names a file that is missing', () => {
    rmSync(join(folder, 'routing.yaml'));
    expect(compileConfigs(folder).mistakes).toEqual([expect.stringContaining('routing.yaml: the file is missing')]);
  });

  it.each([
    ['a reserved name as an id', 'models.yaml', 'qwen2.5-7b:', 'auto:', 'models.auto', 'is a way of choosing'],
    [
      'a reserved name as a served name',
      'models.yaml',
      'served_name: Qwen/Qwen2.5-7B-Instruct',
      'served_name: small',
      'models.qwen2.5-7b.served_name',
      'is a way of choosing',
    ],
    [
      'one served name twice',
      'models.yaml',
      'served_name: Qwen/Qwen2.5-32B-Instruct-AWQ',
      'served_name: Qwen/Qwen2.5-7B-Instruct',
      'models.qwen2.5-32b.served_name',
      'is a name of qwen2.5-7b already',
    ],
    [
      'an alias that is a model',
      'routing.yaml',
      'gpt-4o-mini: auto',
      'qwen2.5-7b: auto',
      'routing.aliases.qwen2.5-7b',
      'is a name of',
    ],
    [
      'a default completion as large as the context',
      'limits.yaml',
      'default_completion_tokens: 4096',
      'default_completion_tokens: 32768\n  max_completion_tokens: 40000 #',
      'models.qwen2.5-7b.context_tokens',
      'leaves no room for a prompt',
    ],
    ['no large model', 'models.yaml', 'tier: large', 'tier: small', 'models', 'no model has tier large'],
  ])('refuses what would be ambiguous or useless: %s', (_, file, from, to, path, expectation) => {
    edit(file, from, to);
    if (from.startsWith('default_completion')) edit('limits.yaml', '\n  max_completion_tokens: 16384', '');
    const mistake = compileConfigs(folder).mistakes.find((text) => text.includes(` ${path}: `)) ?? '';
    expect(mistake).toContain(expectation);
  });

  it('names the line of what a missing key belongs to', () => {
    edit('models.yaml', '    served_name: Qwen/Qwen2.5-7B-Instruct\n', '');
    expect(compileConfigs(folder).mistakes.join('\n')).toMatch(
      /models\.yaml:\d+: models\.qwen2\.5-7b\.served_name: .*expected string/,
    );
  });

  it('names the line of YAML that cannot be read', () => {
    write('limits.yaml', 'limits:\n  max_depth: 64\n  max_depth: 65\n');
    expect(compileConfigs(folder).mistakes.join('\n')).toMatch(/limits\.yaml:3: .*unique/);
  });

  it('merges a profile over the base, file by file', () => {
    write('profiles/strict/limits.yaml', 'limits: { max_depth: 8 }\n');
    write('profiles/strict/routing.yaml', 'routing: { classifier: { threshold: 0.9 }, aliases: { gpt-4o: null } }\n');
    const { profiles, mistakes } = compileConfigs(folder);
    expect(mistakes).toEqual([]);
    expect(profiles['strict']?.limits.max_depth).toBe(8);
    expect(profiles['strict']?.routing.classifier.threshold).toBe(0.9);
    expect(Object.keys(profiles['strict']?.routing.aliases ?? {})).toEqual(['gpt-4o-mini', 'claude-*haiku*', 'claude-*']);
    expect(profiles['strict']?.models).toEqual(profiles[defaultProfile]?.models);
    expect(profiles[defaultProfile]?.limits.max_depth).toBe(64);
  });

  it('names the file of the profile that brought the mistake in, and keeps the others', () => {
    write('profiles/broken/limits.yaml', '# a comment\nlimits:\n  max_depth: 1\n');
    const { profiles, mistakes } = compileConfigs(folder);
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).toMatch(/profiles\/broken\/limits\.yaml:3: limits\.max_depth: .*>=4.* \[profile broken\]$/);
    expect(Object.keys(profiles)).toEqual([defaultProfile]);
  });

  it('names the base file when a profile takes away what it needs', () => {
    write('profiles/half/models.yaml', 'models: { qwen2.5-32b: null }\n');
    const text = compileConfigs(folder).mistakes.join('\n');
    expect(text).toMatch(/routing\.yaml:\d+: routing\.chains\.qwen2\.5-32b: there is no model "qwen2\.5-32b".*\[profile half\]/);
  });
});
