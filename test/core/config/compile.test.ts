/** The compiler of configs/: what a person who made a mistake is told, and how profiles change the tree. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compileConfigs, defaultProfile } from '../../../infra/config/compile.ts';

const shipped = new URL('../../../configs', import.meta.url).pathname;
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
    ['a number out of range', 'limits.yaml', 'max_stop: 4', 'max_stop: 0', 'limits.max_stop', 'expected number to be >=1'],
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
    expect(Object.keys(profiles['strict']?.routing.aliases ?? {})).toEqual(['gpt-4o-mini']);
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
