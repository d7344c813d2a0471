/** The metadata as a header: valid JSON in ASCII, and never too long for what carries it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeMetadataHeader, type RoutingMetadata } from '../../../shared/routing-metadata.ts';

const metadata: RoutingMetadata = {
  model_id: 'qwen2.5-7b',
  model_name: 'Qwen/Qwen2.5-7B-Instruct',
  tier: 'small',
  intent: 'general',
  score: 0.1235,
  confidence: 0.9,
  reason: 'complexity 0.12 is below 0.60',
  strategy: 'cost',
  fallback_used: false,
  escalated: false,
  attempts: 1,
  cache: 'bypass',
};

describe('encodeMetadataHeader', () => {
  it('says everything where there is room', () => {
    const full = { ...metadata, reason: 'größer: 図', ignored: ['a'], warnings: ['b'] };
    expect(JSON.parse(encodeMetadataHeader(full))).toEqual(full);
    expect(encodeMetadataHeader(full)).toMatch(/^[\x20-\x7e]*$/);
  });

  it('shortens the reason and the lists first, and says which model answered whatever they are', () => {
    const text = encodeMetadataHeader({
      ...metadata,
      reason: '図'.repeat(2000),
      ignored: Array.from({ length: 20 }, (_, i) => `${i}${'鍵'.repeat(62)}`),
      warnings: Array.from({ length: 30 }, () => 'w'.repeat(500)),
    });
    expect(text.length).toBeLessThanOrEqual(2048);
    const read = JSON.parse(text) as RoutingMetadata;
    expect(read).toMatchObject({ model_id: 'qwen2.5-7b', attempts: 1 });
    expect(read.reason).toMatch(/^図+\.\.\.$/);
  });

  it('keeps the first names of a long list', () => {
    const ignored = Array.from({ length: 20 }, (_, i) => `field ${i} `.padEnd(64, 'x'));
    const read = JSON.parse(encodeMetadataHeader({ ...metadata, reason: 'r'.repeat(1500), ignored })) as RoutingMetadata;
    expect(read.ignored?.[0]).toBe(ignored[0]);
  });

  it('is JSON in ASCII of at most 2,048 characters, whatever it has to say', () => {
    const words = fc.string({ unit: 'binary', maxLength: 3000 });
    const name = fc.string({ unit: 'binary', maxLength: 64 });
    fc.assert(
      fc.property(words, fc.array(name, { maxLength: 20 }), fc.array(words, { maxLength: 5 }), (reason, ignored, warnings) => {
        const text = encodeMetadataHeader({ ...metadata, reason, ignored, warnings });
        expect(text.length).toBeLessThanOrEqual(2048);
        expect(text).toMatch(/^[\x20-\x7e]*$/);
        expect(JSON.parse(text)).toMatchObject({ model_id: 'qwen2.5-7b' });
      }),
      { numRuns: 300 },
    );
  });
});
