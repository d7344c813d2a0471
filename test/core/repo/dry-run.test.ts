/** What `npm run deploy:check` reads from wrangler's output and from the bundle. */
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bindingLabels, bundleSize, readBindings, readStartupMs } from '../../../infra/doctor/dry-run.ts';

const output = `
 ⛅️ wrangler 4.155.0
───────────────────
Total Upload: 452.28 KiB / gzip: 135.22 KiB
Your Worker has access to the following bindings:
Binding                                               Resource                  
env.HEALTH (HealthObject)                             Durable Object            
env.KEY_RATE (6000 requests/60s)                      Rate Limit                
env.SMALL_UPSTREAM_URL ("http://127.0.0.1:8001")      Environment Variable      
env.PLAIN                                             Images

--dry-run: exiting now.
`;

describe('readBindings', () => {
  it('reads the table', () => {
    expect(readBindings(output)).toEqual([
      { name: 'HEALTH', detail: 'HealthObject', resource: 'Durable Object' },
      { name: 'KEY_RATE', detail: '6000 requests/60s', resource: 'Rate Limit' },
      { name: 'SMALL_UPSTREAM_URL', detail: '"http://127.0.0.1:8001"', resource: 'Environment Variable' },
      { name: 'PLAIN', detail: '', resource: 'Images' },
    ]);
  });

  it('finds nothing where no table is', () => {
    expect(readBindings('Your Worker has no bindings: env.X (y) is none')).toEqual([]);
  });
});

describe('bindingLabels', () => {
  const labelsOf = (text: string): string[] => bindingLabels(readBindings(text));

  it.each([
    ['another address', '127.0.0.1:8001', 'models.example.com', 'the same'],
    ['another rate', '6000 requests', '10 requests', 'the same'],
    ['another class', 'HealthObject', 'LedgerObject', 'another'],
    ['another kind', 'Images', 'Queue', 'another'],
    ['another name', 'env.PLAIN', 'env.FANCY', 'another'],
  ])('%s: %s → %s is %s binding', (_, from, to, which) => {
    const other = labelsOf(output.replace(from, to));
    if (which === 'the same') expect(other).toEqual(labelsOf(output));
    else expect(other).not.toEqual(labelsOf(output));
  });
});

describe('readStartupMs', () => {
  it.each([
    ['│   Sampled time: 91.5 ms\n│   Active: 61.2 ms (including 9.0 ms garbage collection)\n│   Idle: 30.4 ms', 61.2],
    ['│   Active: 7 ms', 7],
    ['✘ [ERROR] no such file', null],
  ])('reads the busy part alone', (text, ms) => expect(readStartupMs(text)).toBe(ms));
});

describe('bundleSize', () => {
  const weights = `"${randomBytes(30_000).toString('base64')}"`;
  const [before, after] = ['var a="code";', 'var b="much more than that";'];
  const bundle = `${before}${weights};\n${after}`;
  // Columns 0 and 13 of the first line, column 0 of the second: sources 0, 1 and 2.
  const sourceMap = JSON.stringify({
    version: 3,
    sources: ['../worker/a.ts', '../worker/core/classify/weights/packed.ts', '../node_modules/zod/v4/core/schemas.js'],
    names: [],
    mappings: 'AAAA,aCAA;ACAA',
  });

  it('counts with and without weights', () => {
    const { kiB, gzipKiB, gzipKiBWithoutWeights } = bundleSize(bundle, sourceMap);
    expect(kiB).toBeGreaterThan(39);
    expect(gzipKiB).toBeGreaterThan(29);
    expect(gzipKiBWithoutWeights).toBe(gzipSync(`${before}\n${after}`).byteLength / 1024);
  });

  it('says what makes up the rest, the largest first', () => {
    const { parts } = bundleSize(bundle, sourceMap);
    expect(parts.map(({ name, kiB }) => [name, kiB * 1024])).toEqual([
      ['zod', after.length],
      ['worker', before.length],
    ]);
    expect(parts[0]?.gzipKiB).toBeGreaterThan(parts[1]?.gzipKiB ?? 0);
  });
});
