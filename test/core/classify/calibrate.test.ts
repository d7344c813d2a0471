/** `npm run calibrate` as its user sees it: what it prints, and what it says of a file or a target that will not do. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { run } from '../../../bench/routing/calibrate.ts';
import { UsageError } from '../../../infra/command-line.ts';
import { Classifier } from '../../../shared/config-routing.ts';
import { shipped } from './requests.ts';

const folder = mkdtempSync(join(tmpdir(), 'pointsman-calibrate-'));
afterAll(() => rmSync(folder, { recursive: true }));

const world = { dataDir: undefined, today: '2026-11-21' };
const body = (content: unknown) => ({ model: 'auto', messages: [{ role: 'user', content }] });
const picture = body([{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }]);
const easy = ['Hello!', 'Thanks', 'What is the capital of Peru?'].map((text) => body(text));
const hard = body('Prove that the square root of 2 is irrational.');

function file(name: string, lines: readonly unknown[]): string {
  const path = join(folder, name);
  writeFileSync(path, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'));
  return path;
}
const traffic = file('traffic.jsonl', [...easy, { id: 'a', body: hard }, '', picture]);

describe('calibrate', () => {
  it.each([
    ['share of large', ['--target-large', '0.25'], /^4 requests: 25\.0 % to large/],
    ['cost', ['--target-cost', '1'], /^4 requests: 100\.0 % to large, cost 100\.0 %/],
    ['quality', ['--target-quality', '0'], /^4 requests: 0\.0 % to large, cost 12\.5 %/],
  ])('prints a threshold for a target of %s; images do not count', (_, target, line) => {
    const out = run([traffic, ...target], world);
    expect(out).toMatch(line);
    const { threshold } = parse(out.slice(out.indexOf('routing:'))).routing.classifier;
    expect(threshold).toBeGreaterThan(0);
  });

  it('prints a reference that the configuration takes', () => {
    const out = run([traffic, '--target-large', '0.25', '--reference'], world);
    const printed = parse(out.slice(out.indexOf('routing:'))).routing.classifier;
    const { reference } = Classifier.parse({ ...shipped.classifier, ...printed });
    expect(reference).toMatchObject({ version: shipped.classifier.reference?.version, source: 'traffic.jsonl, 4 requests' });
    expect(reference?.counts.reduce((sum, count) => sum + count, 0)).toBe(4);
  });

  it.each([
    ['no target', [traffic], 2, /Give a target, or --reference/],
    ['two targets', [traffic, '--target-large', '0.1', '--target-cost', '0.1'], 2, /One target at a time/],
    ['a target that is no share', [traffic, '--target-large', '25'], 2, /share from 0 to 1/],
    ['an empty target', [traffic, '--target-cost', ''], 2, /share from 0 to 1/],
    ['an unknown option', [traffic, '--target-price', '1'], 2, /--target-price/],
    ['no file', ['--reference'], 2, /Give a file, or set POINTSMAN_DATA_DIR/],
    ['a file that is not there', [join(folder, 'nowhere.jsonl'), '--reference'], 1, /no such file/],
    ['a line that is no JSON', [file('a.jsonl', [hard, '{"model":']), '--reference'], 1, /a\.jsonl:2 is no JSON/],
    ['a line that is no request', [file('b.jsonl', [hard, '', { prompt: 'hi' }]), '--reference'], 1, /b\.jsonl:3 is no chat/],
    ['a body with a mistake', [file('c.jsonl', [{ body: { messages: [] } }]), '--reference'], 1, /c\.jsonl:1 .*messages: /],
    ['an empty file', [file('d.jsonl', ['', '']), '--reference'], 1, /has no requests/],
    ['a cost below all-small', [traffic, '--target-cost', '0.01'], 1, /nothing to large costs 12\.5 %/],
  ])('says what is wrong with %s', (_, args, code, line) => {
    expect(() => run(args, world)).toThrow(line);
    expect(() => run(args, world)).toThrow(code === 2 ? UsageError : Error);
  });
});
