import { describe, expect, test } from 'vitest';
import { bytesToAwait, endsSurely } from '../../../worker/core/sse/gather.ts';

describe('how much of a stream is waited for at once', () => {
  test.each([
    ['before anything has come: whatever comes', { bytes: 0, ms: 0 }, 10, 20_000, 1],
    ['at fifty events a second: what comes in a tenth of a second', { bytes: 11_000, ms: 1000 }, 10, 20_000, 1100],
    ['at two events a second: whatever comes', { bytes: 22, ms: 10_000 }, 10, 20_000, 1],
    ['from a server that writes all at once: no more than 4 KB', { bytes: 50_000, ms: 0 }, 10, 20_000, 4096],
    [
      'of a model that may be slow: what it writes in a quarter of the silence that is allowed',
      { bytes: 50_000, ms: 0 },
      1,
      8000,
      300,
    ],
    ['of one that may take longer than that for an event: whatever comes', { bytes: 50_000, ms: 0 }, 0.1, 100, 1],
  ])('%s', (_, flow, slowTokensPerSecond, idleMs, bytes) => {
    expect(bytesToAwait(flow, slowTokensPerSecond, idleMs)).toBe(bytes);
  });
});

describe('a server', () => {
  test.each([
    ['that was never asked, or kept its last answer open', 0, false],
    ['of which two answers ended', 2, false],
    ['of which three in a row ended', 3, true],
    ['of which many ended', 1000, true],
  ])('%s: known to end what it says, or not', (_, endedInARow, isSure) => {
    expect(endsSurely(endedInARow)).toBe(isSure);
  });
});
